"""Resolve: at every start, find out what became of changes whose outcome the journal does not know."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from zdsync.account import Account, View
from zdsync.model import TicketId
from zdsync.plan.tier_field import tier_field
from zdsync.plan.views import MARK, form_of, is_form, is_same, read_form
from zdsync.ports.account import AccountWriter, ItemOutcome, TicketSource, TicketUpdate
from zdsync.ports.clock import Clock
from zdsync.ports.journal import Journal, JournalEntry, Outcome
from zdsync.ports.mirror import Mirror
from zdsync.runs.flights import Flights
from zdsync.runs.outcomes import Ended
from zdsync.runs.pull import pull
from zdsync.streams import Record, Stream

log = logging.getLogger(__name__)

_OBJECTS = (Stream.GROUPS, Stream.TICKET_FIELDS, Stream.VIEWS)
_JOB_PATIENCE_S = 60.0
_LATE = timedelta(minutes=2)
"""How long a batch whose reply was lost may lie in Zendesk's queue before its absence counts as an outcome."""
_SENDING = timedelta(seconds=10)
"""How long a batch that was being sent when the process died is given to be carried out before it is looked for."""
_MEMORY = timedelta(days=7)
"""How far back events are compared with the journal; far longer than Zendesk keeps a job."""
_KNOWN = {
    ItemOutcome.APPLIED: Outcome.APPLIED,
    ItemOutcome.CONFLICT: Outcome.CONFLICT,
    ItemOutcome.REJECTED: Outcome.REJECTED,
}


def resolve(
    source: TicketSource, writer: AccountWriter, mirror: Mirror, journal: Journal, clock: Clock
) -> tuple[Ended, ...]:
    """Give open journal entries their outcome by asking Zendesk; the entries settled.

    A job that still runs keeps its entries open, and its tickets out of the next plan; so does a batch sent moments
    ago whose job we never heard of. A change that left no mark in its ticket's audits did not happen; should a
    forgotten job still carry it out, the stamp it was made with keeps it from happening on top of anything newer,
    and its mark is noticed when the events are mirrored.
    """
    entries = journal.read_open()
    settled: list[Ended] = []
    tickets = [entry for entry in entries if entry.object == "ticket"]
    doubtful = list(_from_jobs(writer, clock, tickets, settled))
    _let_arrive(clock, doubtful)
    rows = _read_back(source, mirror, clock, tickets)
    settled.extend(_from_tickets(source, clock, doubtful, rows))
    objects = [entry for entry in entries if entry.object != "ticket"]
    object_ids: dict[str, int] = {}
    settled.extend(_from_account(source, mirror, clock, objects, object_ids))
    if settled:
        ends = [(end.key, end.outcome, end.detail) for end in settled]
        journal.record_outcomes(ends, clock.now(), object_ids)
        log.info("resolve.done", extra={"count": len(settled)})
    return tuple(settled)


def settle_belied(journal: Journal, clock: Clock) -> int:
    """Mark as applied what the journal took for undone and the events just mirrored show as done; how many."""
    entries = journal.read_contradicted(clock.now() - _MEMORY)
    if entries:
        detail = "done late: found in the ticket's events"
        journal.record_outcomes([(entry.key, Outcome.APPLIED, detail) for entry in entries], clock.now())
        log.warning("resolve.late", extra={"count": len(entries)})
    return len(entries)


def _from_jobs(
    writer: AccountWriter, clock: Clock, entries: Sequence[JournalEntry], settled: list[Ended]
) -> Iterator[JournalEntry]:
    """Settle what finished jobs tell; yield the entries that no job answers for."""
    by_job: dict[str | None, list[JournalEntry]] = defaultdict(list)
    for entry in entries:
        by_job[entry.job_id if entry.outcome is Outcome.SENT else None].append(entry)
    yield from by_job.pop(None, [])
    flights = Flights(writer, clock, patience_s=_JOB_PATIENCE_S)
    for job_id, members in by_job.items():
        assert job_id is not None, "entries without a job were taken out above"
        flights.add(job_id, [_as_update(entry) for entry in members])
    while flights:
        for job_id, results in flights.wait().items():
            for entry, result in zip(by_job[job_id], results or (), strict=results is not None):
                if result.outcome is ItemOutcome.UNKNOWN:
                    yield entry
                else:
                    settled.append(Ended(entry.key, entry.name, _KNOWN[result.outcome], result.detail))


def _as_update(entry: JournalEntry) -> TicketUpdate:
    assert entry.object_id is not None, "tickets have one"
    assert entry.updated_stamp is not None, "tickets have one"
    return TicketUpdate(TicketId(entry.object_id), entry.updated_stamp, entry.key, {})


def _let_arrive(clock: Clock, entries: Sequence[JournalEntry]) -> None:
    """Wait until a batch that a killed process was just sending has most likely been carried out, or never was sent."""
    sending = [entry.intended_at for entry in entries if entry.outcome is Outcome.INTENDED]
    if sending:
        left = max(sending) + _SENDING - clock.now()
        clock.sleep(max(0.0, min(left, _SENDING).total_seconds()))


def _read_back(
    source: TicketSource, mirror: Mirror, clock: Clock, entries: Sequence[JournalEntry]
) -> Mapping[int, Record]:
    """The tickets as they are now, mirrored, whatever became of their changes.

    The export withholds the last minute, and a plan made on what was before would write them again.
    """
    if not entries:
        return {}
    page = source.fetch_tickets([_as_update(entry).ticket_id for entry in entries])
    mirror.record_page(page, None, clock.now())
    return {row["id"]: row for row in page.rows.get("tickets", ())}


def _from_tickets(
    source: TicketSource, clock: Clock, entries: Sequence[JournalEntry], rows: Mapping[int, Record]
) -> Iterator[Ended]:
    """Ask the tickets themselves; a lost reply leaves its batch open for a while, since it may lie in a queue."""
    for entry in entries:
        outcome, detail = from_ticket(source, _as_update(entry), rows.get(entry.object_id or 0))
        may_come = entry.outcome is Outcome.UNKNOWN and clock.now() - entry.intended_at < _LATE
        if outcome is Outcome.APPLIED or not may_come:
            yield Ended(entry.key, entry.name, outcome, detail)


def from_ticket(source: TicketSource, update: TicketUpdate, row: Record | None) -> tuple[Outcome, str]:
    """Whether a ticket shows an update of ours; `row` is the ticket as it is now, None when it is gone.

    One that has not moved since our stamp was not written; else its audits tell.
    """
    if row is None:
        return Outcome.NOT_APPLIED, "the ticket is gone"
    if _same_second(row["updated_at"], update.updated_stamp):
        return Outcome.NOT_APPLIED, "the ticket has not changed since"
    if any(event.key == update.key for event in source.fetch_events(update.ticket_id)):
        return Outcome.APPLIED, "found in the ticket's audits"
    return Outcome.NOT_APPLIED, "not in the ticket's audits"


def _same_second(one: datetime, other: datetime) -> bool:
    return int(one.astimezone(UTC).timestamp()) == int(other.astimezone(UTC).timestamp())


def _from_account(
    source: TicketSource,
    mirror: Mirror,
    clock: Clock,
    entries: Sequence[JournalEntry],
    object_ids: dict[str, int],
) -> Iterator[Ended]:
    """A group or view that should have been made or changed is as it should be by now, or nothing was done."""
    if not entries:
        return
    pull(source, mirror, clock, start=clock.now(), streams=_OBJECTS)
    account = mirror.read_account()
    for entry in entries:
        id = _find_object(entry, account)
        if id is None:
            yield Ended(entry.key, entry.name, Outcome.NOT_APPLIED, "not in the account")
        else:
            object_ids[entry.key] = id
            yield Ended(entry.key, entry.name, Outcome.APPLIED, "found in the account")


def _find_object(entry: JournalEntry, account: Account) -> int | None:
    """The id of what the entry is about, if it is as the entry says; a view that we did not make is not meant."""
    if entry.object == "group":
        group = account.group_named(entry.name)
        return group.id if group else None
    if entry.object == "field":
        field = tier_field(account, entry.name)
        has = {option.value for option in field.options} if field else set()
        return field.id if field and has.issuperset(entry.after["options"]) else None
    views = (view for view in account.views if _is_as_intended(entry, view))
    return next((view.id for view in views), None)


def _is_as_intended(entry: JournalEntry, view: View) -> bool:
    if entry.object_id is None:
        return view.title.casefold() == entry.name.casefold() and view.description.startswith(MARK)
    if view.id != entry.object_id:
        return False
    if is_form(entry.after):
        return is_same(form_of(view), read_form(entry.after))
    return view.is_active is entry.after["active"]
