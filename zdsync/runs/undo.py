"""Undo: a run's journal becomes the plan that takes it back, carried out like any other plan; what it restores is held."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zdsync.errors import Rejected, RuleError
from zdsync.model import Account, Case, Hold, HoldReason, RunId, Stream, TicketId
from zdsync.plan.invert import AsBefore, LeftAlone, TakenBack, Written, invert
from zdsync.plan.model import Plan, TicketChange, ViewSwitch, ViewUpdate
from zdsync.plan.views import invert_view
from zdsync.ports import OPEN_OUTCOMES, JournalEntry, Outcome, Run
from zdsync.runs.cycle import IN_PART, Record, Workplace, keep_rules, run_apply
from zdsync.runs.outcomes import Applied
from zdsync.runs.plan import Judge, make_judge, mirror_until
from zdsync.runs.pull import fill_in_users, pull
from zdsync.runs.second_look import PAUSE_S, Again

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """Something that an undo does not restore: a ticket or account object, and why."""

    name: str
    reason: str
    ticket_id: TicketId | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """What taking a run back would do.

    `left` are the tickets and views that are left alone; `stays` is what Zendesk cannot restore of the others, and
    the groups; `as_before` are the tickets that already are as they were before the run.
    """

    run: Run
    plan: Plan
    left: tuple[Told, ...] = ()
    stays: tuple[Told, ...] = ()
    as_before: tuple[TicketId, ...] = ()


def make_undo(place: Workplace, run_id: RunId, ticket_id: TicketId | None = None) -> Undo:
    """The plan that takes a run back, or one ticket of it, from the tickets' state at this moment; writes nothing.

    To be called after a pull: what the export withholds of its last minutes is fetched here, ticket by ticket.
    Raises Rejected for an unknown run, and for a ticket that the run did not change.
    """
    run, entries = _read_run(place, run_id, ticket_id)
    tickets = [entry for entry in entries if _is_ticket_done(entry)]
    objects = [entry for entry in entries if entry.object != "ticket" and entry.outcome is Outcome.APPLIED]
    if objects:
        streams = (Stream.GROUPS, Stream.VIEWS)
        pull(place.source, place.mirror, place.clock, start=place.start, streams=streams)
    judge = _judge(place, run)
    made = _take_tickets(place, tickets, judge)
    made.take_objects(objects, run_id)
    plan = Plan(
        account=place.account,
        made_at=place.clock.now(),
        mirror_until=mirror_until(place.mirror),
        rules_digest=judge.rules.rules.digest if judge else run.rules_digest or "",
        unsolved=place.mirror.count_unsolved(),
        account_changes=tuple(made.switches),
        ticket_changes=tuple(sorted(made.changes, key=lambda change: change.ticket_id)),
    )
    return Undo(run, plan, tuple(made.left), tuple(made.stays), tuple(made.as_before))


def apply_undo(place: Workplace, record: Record, undo: Undo) -> Applied:
    """Carry the undo out, and hold what it restores until the rules change or a release.

    What the undone run itself held, it holds no longer: taking an undo back gives its tickets to the rules again.
    """
    record.rules_digest = undo.plan.rules_digest
    record.figures["changes"] = len(undo.plan.ticket_changes) + len(undo.plan.account_changes)
    ids = [change.ticket_id for change in undo.plan.ticket_changes]
    held_before = place.mirror.read_held_by(undo.run.id, ids)
    place.mirror.record_holds([_hold(place, record, undo, id) for id in ids if id not in held_before])
    applied = run_apply(place, record, undo.plan, second_look=_SecondLook(place, undo.run))
    written = place.journal.read_entries(run_id=record.run.id)
    done = [entry for entry in written if entry.object == "ticket" and entry.outcome is Outcome.APPLIED]
    restored = [TicketId(entry.object_id or 0) for entry in done]
    place.mirror.end_holds((*restored, *undo.as_before), place.clock.now(), run_id=undo.run.id)
    if undo.left:
        record.exit_code = IN_PART
    return applied


def _hold(place: Workplace, record: Record, undo: Undo, ticket_id: TicketId) -> Hold:
    return Hold(
        ticket_id,
        HoldReason.UNDO,
        place.clock.now(),
        rules_digest=undo.plan.rules_digest,
        run_id=record.run.id,
    )


@dataclass(frozen=True, slots=True)
class _SecondLook:
    """Inverts once more what could not be written: tickets that changed meanwhile, or whose tags the account ignored."""

    place: Workplace
    run: Run

    def decide(self, ids: Sequence[TicketId]) -> Iterator[Again]:
        self.place.clock.sleep(PAUSE_S)
        entries = self.place.journal.read_entries(run_id=self.run.id)
        tickets = [entry for entry in entries if entry.object_id in ids and _is_ticket_done(entry)]
        made = _take_tickets(self.place, tickets, _judge(self.place, self.run))
        for change in made.changes:
            yield Again(change.ticket_id, change, change.reason)
        for told in made.left:
            if told.ticket_id is not None:
                yield Again(told.ticket_id, None, told.reason, Outcome.CONFLICT)
        for id in made.as_before:
            yield Again(id, None, "it is as before the run")


def _judge(place: Workplace, run: Run) -> Judge | None:
    """The present rules; None while they cannot be used, which is no reason not to take a run back."""
    now = place.clock.now()
    try:
        rules = place.rules()
        judge = make_judge(place.mirror, rules, now, tag_prefix=place.tag_prefix)
    except RuleError:
        log.warning("undo.rules_unusable", extra={"run_id": run.id})
        return None
    keep_rules(place.mirror, rules, now)
    return judge


def _read_run(
    place: Workplace, run_id: RunId, ticket_id: TicketId | None
) -> tuple[Run, tuple[JournalEntry, ...]]:
    run = place.mirror.read_run(run_id)
    if run is None:
        raise Rejected(f"there is no run {run_id}", status=404, hint="`zdsync runs` lists the latest ones")
    entries = place.journal.read_entries(run_id=run_id, ticket_id=ticket_id)
    if ticket_id is not None and not entries:
        raise Rejected(
            f"run {run_id} did not change ticket {ticket_id}",
            status=404,
            hint=f"`zdsync runs {run_id}` lists what it changed",
        )
    return run, entries


def _is_ticket_done(entry: JournalEntry) -> bool:
    """Whether this is a ticket's change that happened, or may have."""
    return entry.object == "ticket" and entry.outcome in {Outcome.APPLIED, *OPEN_OUTCOMES}


def _take_tickets(place: Workplace, entries: Sequence[JournalEntry], judge: Judge | None) -> _Gathered:
    """What becomes of these entries by the state of their tickets at this moment."""
    alive = _refresh(place, sorted({TicketId(entry.object_id or 0) for entry in entries}))
    made = _Gathered(place.mirror.read_account(), place.tag_prefix, judge)
    made.take_tickets(entries, place.mirror.read_cases(alive))
    return made


def _refresh(place: Workplace, ids: Sequence[TicketId]) -> frozenset[TicketId]:
    """Mirror the tickets as they are in Zendesk now, each with every event; those of them that still exist.

    Costs a request for each ticket that changed after the events mirrored.
    """
    if not ids:
        return frozenset()
    page = place.source.fetch_tickets(ids)
    place.mirror.record_page(page, None, place.clock.now())
    alive = frozenset(TicketId(row["id"]) for row in page.rows.get(Stream.TICKETS.value, ()))
    for case in place.mirror.read_cases(alive):
        if case.events_until is None or case.ticket.updated_at >= case.events_until:
            place.mirror.record_page(place.source.fetch_history(case.ticket.id), None, place.clock.now())
    fill_in_users(place.source, place.mirror, place.clock)
    return alive


class _Gathered:
    """What becomes of each journal entry, entry by entry."""

    def __init__(self, account: Account, tag_prefix: str, judge: Judge | None) -> None:
        self.changes: list[TicketChange] = []
        self.switches: list[ViewSwitch | ViewUpdate] = []
        self.left: list[Told] = []
        self.stays: list[Told] = []
        self.as_before: list[TicketId] = []
        self._account, self._tag_prefix, self._judge = account, tag_prefix, judge

    def take_objects(self, entries: Iterable[JournalEntry], run_id: RunId) -> None:
        for entry in entries:
            name = f"{entry.object} {entry.name!r}"
            if entry.object != "view" or entry.object_id is None:
                self.stays.append(Told(name, "zdsync deletes nothing in Zendesk"))
                continue
            reason = f"takes back run {run_id}"
            found = invert_view(entry.object_id, entry.before, entry.after, self._account, reason=reason)
            if isinstance(found, ViewSwitch | ViewUpdate):
                self.switches.append(found)
            elif found is not None:
                self.left.append(Told(name, found))

    def take_tickets(self, entries: Iterable[JournalEntry], cases: Iterable[Case]) -> None:
        of_ticket: defaultdict[int | None, list[JournalEntry]] = defaultdict(list)
        for entry in entries:
            of_ticket[entry.object_id].append(entry)
        for case in cases:
            done = of_ticket.pop(case.ticket.id)
            if all(entry.outcome is Outcome.APPLIED for entry in done):
                self._take(done, case)
            else:
                self._leave(done, "whether it was changed is not known yet; try again later")
        for done in of_ticket.values():
            self._leave(done, "the ticket is gone")

    def _leave(self, done: Sequence[JournalEntry], reason: str) -> None:
        self.left.append(Told(done[0].name, reason, TicketId(done[0].object_id or 0)))

    def _take(self, done: Sequence[JournalEntry], case: Case) -> None:
        match invert(_written(done, case), case, self._account, tag_prefix=self._tag_prefix):
            case TakenBack(change, stays):
                private = self._private_rule(case)
                if private is not None:
                    self._leave(done, f"rule {private} keeps private data where it is; mend the rule first")
                    return
                self.changes.append(change)
                self.stays.extend(Told(done[0].name, sentence) for sentence in stays)
            case LeftAlone(reason):
                self._leave(done, reason)
            case AsBefore():
                self.as_before.append(case.ticket.id)

    def _private_rule(self, case: Case) -> str | None:
        """The rule that would move the ticket again at once, since no hold keeps private data in an open queue."""
        if self._judge is None:
            return None
        rule = self._judge.judge(case, even_if_settling=True).decision.rule
        return rule.id if rule is not None and rule.then.private_only else None


def _written(done: Sequence[JournalEntry], case: Case) -> Written:
    """What a run wrote to one ticket, in one update or, after a second look, in two (oldest first)."""
    first, last = done[0], done[-1]
    return Written(
        ticket_id=case.ticket.id,
        run_id=first.run_id,
        key=first.key,
        rule=last.rule,
        before=_merged([entry.before for entry in reversed(done)]),
        after=_merged([entry.after for entry in done]),
        stamp=first.updated_stamp or first.intended_at,
        has_note=any(entry.note_digest is not None for entry in done),
    )


def _merged(sides: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One side of several updates; of what more than one names, the last holds."""
    merged: dict[str, Any] = {}
    for side in sides:
        custom = {**merged.get("custom_fields", {}), **side.get("custom_fields", {})}
        merged |= {**side, "custom_fields": custom}
    return merged
