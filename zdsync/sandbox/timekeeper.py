"""Measures tickets: what each update does to their metrics, which targets then apply, and which are missed when.

All is recorded when it happens, so that neither a policy or schedule edited later nor a comment made
private changes what metric events have told. A breach has a moment of its own and no update to go with:
it is recorded before anything is done or asked after that moment, and never earlier than what had been
settled before, so that no export can have passed it.

Sources: developer.zendesk.com, "Ticket metric event types reference" (`apply_sla` when a policy or target
is applied or changed, `breach`) and "Ticket Metric Events" (`sla`: "if any"; `deleted`: to be ignored);
github.com/zendesk/sla_event_tracking_app (what is fulfilled already gets no target).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from zdsync.sandbox import unverified
from zdsync.sandbox.metric_clocks import Clock, Clocks, clocks_of
from zdsync.sandbox.records import Audit, Breach, Comment, Step, Target, Ticket
from zdsync.sandbox.slas import breaches_at, target_for, targets_of
from zdsync.sandbox.world import World


class Timekeeper:
    """The watch over one account: a heap of the moments at which a ticket's next target is due."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._settled = 0
        self._heap: list[tuple[int, int]] = []
        self._due: dict[int, int] = {}
        self._shared: dict[tuple[Step, ...], tuple[Step, ...]] = {}

    def settle(self) -> None:
        """Record the targets that have been missed by now."""
        now = self.world.clock.now()
        while self._heap and self._heap[0][0] <= now:
            due, ident = heappop(self._heap)
            if self._due.get(ident) != due:
                continue
            del self._due[ident]
            ticket = self.world.tickets[ident]
            if not ticket.is_deleted:
                self._catch_up(ticket, clocks_of(ticket), now)
        self._settled = now

    def note(self, ticket: Ticket, audit: Audit) -> None:
        """Take up an update that has just been recorded."""
        clocks = clocks_of(ticket)
        self._take(ticket, clocks, audit)
        self._catch_up(ticket, clocks, audit.at)

    def resume(self, ticket: Ticket) -> None:
        """Watch over a ticket again that was away."""
        self._look_out(ticket, clocks_of(ticket))

    def follow(self, ticket: Ticket, clocks: Clocks, audit: Audit) -> None:
        """Play the next update of a ticket whose past is being made."""
        self.miss(ticket, clocks, audit.at)
        self._take(ticket, clocks, audit)

    def open(self, tickets: Iterable[Ticket]) -> None:
        """Begin to watch over tickets whose past has been made, once their audits have ids."""
        for ticket in tickets:
            self.world.breaches += ticket.breaches
            if ticket.status not in ("solved", "closed"):
                self.resume(ticket)
        self.world.breaches.sort(key=_place)

    def miss(self, ticket: Ticket, clocks: Clocks, until: int) -> tuple[Breach, ...]:
        """Let running clocks miss their targets up to a moment; what was missed, in order."""
        if not clocks.has_targets:
            return ()
        found = []
        for metric, clock, due in _running(self.world, clocks, until):
            clock.is_breached = True
            found.append((max(due, self._settled, ticket.audits[-1].at), metric, clock.instance))
        if not found:
            return ()
        after = ticket.audits[-1]
        number = sum(breach.after is after for breach in ticket.breaches)
        missed = tuple(
            Breach(at, after, number + place, metric, instance)
            for place, (at, metric, instance) in enumerate(sorted(found))
        )
        ticket.breaches += missed
        return missed

    def _take(self, ticket: Ticket, clocks: Clocks, audit: Audit) -> None:
        voices = []
        for event in audit.events:
            if type(event) is Comment and event.is_public:
                author = self.world.users.get(event.author_id)
                is_agent = author is not None and author.is_agent and author.id != ticket.requester_id
                voices.append("agent" if is_agent else "customer")
        clocks.move(audit.at, ticket.status, voices)
        if not clocks.is_over:
            self._apply(ticket, clocks, audit.at)
        if clocks.steps:
            steps = tuple(clocks.steps)
            audit.steps = self._shared.setdefault(steps, steps)
            clocks.steps.clear()

    def _apply(self, ticket: Ticket, clocks: Clocks, at: int) -> None:
        """Give the open clocks the targets that the ticket has now."""
        targets = targets_of(self.world, ticket)
        if not targets and not clocks.has_targets:
            return
        for metric, clock in clocks.by_metric.items():
            if not clock.is_open:
                continue
            target = target_for(targets, metric, clock)
            if target is clock.target or (target is not None and target.is_like(clock.target)):
                continue
            clocks.do(Step(metric, "apply_sla", clock.instance, target), at)
            if clock.is_breached and not self._is_missed(clock, at):
                clocks.do(Step(metric, "breach", clock.instance), at)

    def _is_missed(self, clock: Clock, at: int) -> bool:
        if clock.target is None:
            return not unverified.losing_a_target_takes_its_breach_back()
        due = breaches_at(self.world, clock, clock.target)
        return due is not None and due <= at

    def _catch_up(self, ticket: Ticket, clocks: Clocks, now: int) -> None:
        for breach in self.miss(ticket, clocks, now):
            insort(self.world.breaches, breach, key=_place)
        self._look_out(ticket, clocks)

    def _look_out(self, ticket: Ticket, clocks: Clocks) -> None:
        due = min((due for _, _, due in _running(self.world, clocks)), default=None)
        if due is None:
            self._due.pop(ticket.id, None)
        elif self._due.get(ticket.id) != due:
            self._due[ticket.id] = due
            heappush(self._heap, (due, ticket.id))


def _place(breach: Breach) -> tuple[int, int]:
    return breach.at, breach.id


def _running(world: World, clocks: Clocks, until: int | None = None) -> Iterator[tuple[str, Clock, int]]:
    """The running clocks whose target is not missed yet, and when it will be, if not later than `until`."""
    for metric, clock in clocks.by_metric.items():
        target = clock.target
        if target is None or clock.is_breached or clock.stage != "active":
            continue
        if until is not None and _earliest(clock, target) > until:
            continue
        due = breaches_at(world, clock, target)
        if due is not None and (until is None or due <= until):
            yield metric, clock, due


def _earliest(clock: Clock, target: Target) -> int:
    """When a target would be missed if it were always working time: quickly reckoned, never too late."""
    return clock.since + target.seconds - sum(end - start for start, end in clock.ran)
