"""Undo: the journal of runs becomes the plan that takes them back, carried out like any other; what it restores is held."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from zdsync.errors import Rejected, RuleError
from zdsync.model import Hold, HoldReason, RunId, TicketId
from zdsync.plan.model import Plan
from zdsync.ports.journal import OPEN_OUTCOMES, JournalEntry, Outcome
from zdsync.ports.runs import Run
from zdsync.runs.cycle import IN_PART, Record, Workplace, keep_rules, run_apply
from zdsync.runs.freshness import mirror_until
from zdsync.runs.outcomes import Applied
from zdsync.runs.plan import Judge, make_judge
from zdsync.runs.pull import fill_in_users, pull
from zdsync.runs.second_look import PAUSE_S, Again
from zdsync.runs.taken_back import Gathered, Told
from zdsync.streams import Stream

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Undo:
    """What taking runs back would do, `runs` oldest first.

    `left` are the tickets and views that are left alone; `stays` is what Zendesk cannot restore of the others, and
    the groups; `as_before` are the tickets that already are as they were before the runs; `begun` says which of the
    runs was the first to change a ticket.
    """

    runs: tuple[Run, ...]
    plan: Plan
    left: tuple[Told, ...] = ()
    stays: tuple[Told, ...] = ()
    as_before: tuple[TicketId, ...] = ()
    begun: Mapping[TicketId, RunId] = field(default_factory=dict)


def make_undo(place: Workplace, run_id: RunId, ticket_id: TicketId | None = None) -> Undo:
    """The plan that takes a run back, or one ticket of it, from the tickets' state at this moment; writes nothing.

    To be called after a pull: what the export withholds of its last minutes is fetched here, ticket by ticket.
    Raises Rejected for an unknown run, and for a ticket that the run did not change.
    """
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
    return _make(place, (run,), entries)


def make_undo_of_span(
    place: Workplace, since: datetime, until: datetime, ticket_id: TicketId | None = None
) -> Undo:
    """The same for all runs begun from `since` until `until`, undos included: each ticket as before the first of them.

    One update per ticket, however many runs changed it. Raises Rejected when none of them wrote anything.
    """
    runs = place.mirror.read_runs_that_wrote(since, until)
    entries = _read_entries(place, runs, ticket_id)
    if not entries:
        what = "wrote anything" if ticket_id is None else f"changed ticket {ticket_id}"
        raise Rejected(
            f"no run begun from {since:%Y-%m-%d %H:%M:%S} to {until:%Y-%m-%d %H:%M:%S} UTC {what}",
            status=404,
            hint="`zdsync runs` lists the latest ones, with their times",
        )
    return _make(place, runs, entries)


def _make(place: Workplace, runs: tuple[Run, ...], entries: Sequence[JournalEntry]) -> Undo:
    tickets = [entry for entry in entries if _is_ticket_done(entry)]
    objects = [entry for entry in entries if entry.object != "ticket" and entry.outcome is Outcome.APPLIED]
    if objects:
        streams = (Stream.GROUPS, Stream.VIEWS)
        pull(place.source, place.mirror, place.clock, start=place.start, streams=streams)
    judge = _judge(place)
    made = _take_tickets(place, tickets, judge)
    made.take_objects(objects)
    plan = Plan(
        account=place.account,
        made_at=place.clock.now(),
        mirror_until=mirror_until(place.mirror),
        rules_digest=judge.rules.rules.digest if judge else runs[-1].rules_digest or "",
        unsolved=place.mirror.count_unsolved(),
        account_changes=tuple(made.switches),
        ticket_changes=tuple(sorted(made.changes, key=lambda change: change.ticket_id)),
    )
    begun = {TicketId(entry.object_id or 0): entry.run_id for entry in reversed(tickets)}
    return Undo(runs, plan, tuple(made.left), tuple(made.stays), tuple(made.as_before), begun)


def apply_undo(place: Workplace, record: Record, undo: Undo) -> Applied:
    """Carry the undo out, and hold what it restores until the rules change or a release.

    Where the first of the runs was itself an undo that held the ticket, taking it back gives the ticket to the rules
    again: its holds end, and none is set.
    """
    record.rules_digest = undo.plan.rules_digest
    record.figures["changes"] = len(undo.plan.ticket_changes) + len(undo.plan.account_changes)
    ids = [change.ticket_id for change in undo.plan.ticket_changes]
    given_back = _held_before(place, undo)
    place.mirror.record_holds([_hold(place, record, undo, id) for id in ids if id not in given_back])
    applied = run_apply(place, record, undo.plan, second_look=_SecondLook(place, undo.runs))
    written = place.journal.read_entries(run_id=record.run.id)
    done = [entry for entry in written if entry.object == "ticket" and entry.outcome is Outcome.APPLIED]
    restored = {TicketId(entry.object_id or 0) for entry in done}
    free = given_back & {*restored, *undo.as_before}
    for run in undo.runs:
        place.mirror.end_holds(free, place.clock.now(), run_id=run.id)
    if undo.left:
        record.exit_code = IN_PART
    return applied


def _held_before(place: Workplace, undo: Undo) -> frozenset[TicketId]:
    """The tickets that the first of the runs to change them had held."""
    of_run: defaultdict[RunId, list[TicketId]] = defaultdict(list)
    for ticket_id, run_id in undo.begun.items():
        of_run[run_id].append(ticket_id)
    held = (place.mirror.read_held_by(run_id, ids) for run_id, ids in of_run.items())
    return frozenset().union(*held)


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
    runs: tuple[Run, ...]

    def decide(self, ids: Sequence[TicketId]) -> Iterator[Again]:
        self.place.clock.sleep(PAUSE_S)
        entries = _read_entries(self.place, self.runs)
        tickets = [entry for entry in entries if entry.object_id in ids and _is_ticket_done(entry)]
        made = _take_tickets(self.place, tickets, _judge(self.place))
        for change in made.changes:
            yield Again(change.ticket_id, change, change.reason)
        for told in made.left:
            if told.ticket_id is not None:
                yield Again(told.ticket_id, None, told.reason, Outcome.CONFLICT)
        for id in made.as_before:
            yield Again(id, None, "it is as before the run")


def _judge(place: Workplace) -> Judge | None:
    """The present rules; None while they cannot be used, which is no reason not to take a run back."""
    now = place.clock.now()
    try:
        rules = place.rules()
        judge = make_judge(place.mirror, rules, now, tag_prefix=place.tag_prefix)
    except RuleError:
        log.warning("undo.rules_unusable")
        return None
    keep_rules(place.mirror, rules, now)
    return judge


def _read_entries(
    place: Workplace, runs: Iterable[Run], ticket_id: TicketId | None = None
) -> tuple[JournalEntry, ...]:
    """What the runs wrote, oldest first."""
    of_runs = (place.journal.read_entries(run_id=run.id, ticket_id=ticket_id) for run in runs)
    return tuple(chain.from_iterable(of_runs))


def _is_ticket_done(entry: JournalEntry) -> bool:
    """Whether this is a ticket's change that happened, or may have."""
    return entry.object == "ticket" and entry.outcome in {Outcome.APPLIED, *OPEN_OUTCOMES}


def _take_tickets(place: Workplace, entries: Sequence[JournalEntry], judge: Judge | None) -> Gathered:
    """What becomes of these entries by the state of their tickets at this moment."""
    alive = _refresh(place, sorted({TicketId(entry.object_id or 0) for entry in entries}))
    made = Gathered(place.mirror.read_account(), place.tag_prefix, judge)
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
