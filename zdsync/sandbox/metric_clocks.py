"""The clocks of a ticket's metrics: which instance of each runs, waits or has ended, update by update.

Sources: developer.zendesk.com, "Ticket Metric Events" and "Ticket metric event types reference"; what
starts, pauses and ends each: the glossary of Zendesk's own app github.com/zendesk/sla_event_tracking_app.
The first instance of `reply_time` is the first reply, every later one a next reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from zdsync.sandbox.records import Step, Target, Ticket
from zdsync.sandbox.unverified import METRICS_FROM_THE_START

#: The metrics but replies, and the statuses in which they wait.
_WAITING = {
    "agent_work_time": frozenset({"pending", "hold"}),
    "requester_wait_time": frozenset({"pending"}),
    "resolution_time": frozenset[str](),
    "periodic_update_time": frozenset[str](),
    "pausable_update_time": frozenset({"pending"}),
}
#: Those of the whole ticket have one instance, which goes on when the ticket is reopened.
_WHOLE = ("agent_work_time", "requester_wait_time", "resolution_time")
#: These begin anew with every public comment of an agent.
_UPDATES = ("periodic_update_time", "pausable_update_time")
METRICS = (*_WHOLE, "reply_time", *_UPDATES)
_ENDED = frozenset({"solved", "closed"})

_step = lru_cache(maxsize=4096)(Step)
_AT_FIRST = tuple(_step(metric, "measure", 0) for metric in METRICS) + tuple(
    _step(metric, "activate", 1) for metric in METRICS_FROM_THE_START
)


@dataclass(slots=True)
class Clock:
    """The present instance of one metric; `ran` are the spans it ran before it last began, at `since`."""

    instance: int = 0
    stage: str = ""
    since: int = 0
    ran: tuple[tuple[int, int], ...] = ()
    target: Target | None = None
    is_breached: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the instance has begun and not ended."""
        return self.stage in ("active", "paused")


#: Clocks that have not begun: nothing is ever done to them, a first instance takes their place.
_NOT_BEGUN = {metric: Clock() for metric in METRICS}


class Clocks:
    """All clocks of one ticket; `steps` gathers what is done to them."""

    __slots__ = ("by_metric", "has_targets", "steps")

    def __init__(self) -> None:
        self.by_metric = _NOT_BEGUN.copy()
        self.has_targets = False
        self.steps: list[Step] = []

    @property
    def is_over(self) -> bool:
        """Whether the ticket is solved, which ends all clocks."""
        return self.by_metric["resolution_time"].stage == "achieved"

    def do(self, step: Step, at: int) -> None:
        """One step of one clock."""
        metric, kind, instance, target = step
        clock = self.by_metric[metric]
        if kind == "activate":
            if instance == clock.instance:
                clock.stage, clock.since = "active", at
            else:
                self.by_metric[metric] = Clock(instance, "active", at)
        elif kind in ("pause", "fulfill"):
            if clock.stage == "active":
                clock.ran = (*clock.ran, (clock.since, at))
            clock.stage = "paused" if kind == "pause" else "achieved"
        elif kind == "apply_sla":
            clock.target = target
            self.has_targets = True
        elif kind == "breach":
            clock.is_breached = False
        self.steps.append(step)

    def move(self, at: int, status: str, voices: list[str]) -> None:
        """Let an update start, pause and end clocks.

        `status` is what it left the ticket in, `voices` who made its public comments: "agent" or "customer".
        """
        is_ended, was_over = status in _ENDED, self.is_over
        if not self.by_metric["resolution_time"].instance:
            self.steps += _AT_FIRST
            self.by_metric.update((metric, Clock(1, "active", at)) for metric in METRICS_FROM_THE_START)
        for voice in voices:
            self._speak(voice, at, is_ended=is_ended)
        if is_ended:
            if not was_over:
                self._end(at)
            return
        for metric, waiting in _WAITING.items():
            clock = self.by_metric[metric]
            stage = "paused" if status in waiting else "active"
            if clock.stage != stage and (clock.is_open or (was_over and metric in _WHOLE)):
                kind = "pause" if stage == "paused" else "activate"
                self.do(_step(metric, kind, clock.instance), at)

    def _speak(self, voice: str, at: int, *, is_ended: bool) -> None:
        if voice == "agent":
            for metric in ("reply_time", *_UPDATES):
                self._fulfill(metric, at)
            if not is_ended:
                for metric in _UPDATES:
                    self._start(metric, at)
        elif not is_ended and not self.by_metric["reply_time"].is_open:
            self._start("reply_time", at)

    def _start(self, metric: str, at: int) -> None:
        """Begin the next instance."""
        self.do(_step(metric, "activate", self.by_metric[metric].instance + 1), at)

    def _fulfill(self, metric: str, at: int) -> None:
        clock = self.by_metric[metric]
        if clock.is_open:
            self.do(_step(metric, "fulfill", clock.instance), at)

    def _end(self, at: int) -> None:
        """A solved ticket ends all clocks, those of replies that never came too."""
        for metric in METRICS:
            self._fulfill(metric, at)
            if metric == "resolution_time":
                self.do(_step(metric, "update_status", 1), at)


def clocks_of(ticket: Ticket) -> Clocks:
    """The clocks as all updates of a ticket and its breaches have left them."""
    clocks, missed, place = Clocks(), ticket.breaches, 0
    for audit in ticket.audits:
        for step in audit.steps:
            clocks.do(step, audit.at)
        while place < len(missed) and missed[place].after is audit:
            clocks.by_metric[missed[place].metric].is_breached = True
            place += 1
    clocks.steps.clear()
    return clocks
