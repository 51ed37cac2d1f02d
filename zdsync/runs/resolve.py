"""Resolve: at every start, find out what became of changes whose outcome the journal does not know."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from zdsync.errors import Rejected
from zdsync.model import Record, Stream, TicketId
from zdsync.ports import (
    AccountWriter,
    Clock,
    ItemOutcome,
    Journal,
    JournalEntry,
    Mirror,
    Outcome,
    TicketSource,
    TicketUpdate,
)
from zdsync.runs.apply import wait_for_job
from zdsync.runs.pull import pull

log = logging.getLogger(__name__)

_JOB_PATIENCE_S = 60.0
_KNOWN = {
    ItemOutcome.APPLIED: Outcome.APPLIED,
    ItemOutcome.CONFLICT: Outcome.CONFLICT,
    ItemOutcome.REJECTED: Outcome.REJECTED,
}

Settled = tuple[str, Outcome, str]


def resolve(
    source: TicketSource, writer: AccountWriter, mirror: Mirror, journal: Journal, clock: Clock
) -> int:
    """Give every open journal entry its outcome by asking Zendesk; the number of entries settled.

    A job that still runs keeps its entries open, and its tickets out of the next plan. A change that left no mark
    in its ticket's audits did not happen; should a forgotten job still carry it out, the stamp it was made with
    keeps it from happening on top of anything newer, and its mark is noticed when the events are mirrored.
    """
    entries = journal.read_open()
    settled: list[Settled] = []
    tickets = [entry for entry in entries if entry.object == "ticket"]
    doubtful = list(_from_jobs(writer, clock, tickets, settled))
    settled.extend(_from_tickets(source, mirror, clock, doubtful))
    objects = [entry for entry in entries if entry.object != "ticket"]
    object_ids: dict[str, int] = {}
    settled.extend(_from_account(source, mirror, clock, objects, object_ids))
    if settled:
        journal.record_outcomes(settled, clock.now(), object_ids)
        log.info("resolve.done", extra={"count": len(settled)})
    return len(settled)


def _from_jobs(
    writer: AccountWriter, clock: Clock, entries: Sequence[JournalEntry], settled: list[Settled]
) -> Iterator[JournalEntry]:
    """Settle what finished jobs tell; yield the entries that no job answers for."""
    by_job: dict[str | None, list[JournalEntry]] = defaultdict(list)
    for entry in entries:
        by_job[entry.job_id if entry.outcome is Outcome.SENT else None].append(entry)
    yield from by_job.pop(None, [])
    for job_id, members in by_job.items():
        assert job_id is not None, "entries without a job were taken out above"
        updates = [_as_update(entry) for entry in members]
        try:
            results = wait_for_job(writer, clock, job_id, updates, patience_s=_JOB_PATIENCE_S)
        except Rejected:  # Zendesk forgets jobs after about a day
            yield from members
            continue
        if results is None:
            continue
        for entry, result in zip(members, results, strict=True):
            if result.outcome is ItemOutcome.UNKNOWN:
                yield entry
            else:
                settled.append((entry.key, _KNOWN[result.outcome], result.detail))


def _as_update(entry: JournalEntry) -> TicketUpdate:
    assert entry.object_id is not None, "tickets have one"
    assert entry.updated_stamp is not None, "tickets have one"
    return TicketUpdate(TicketId(entry.object_id), entry.updated_stamp, entry.key, {})


def _from_tickets(
    source: TicketSource, mirror: Mirror, clock: Clock, entries: Sequence[JournalEntry]
) -> Iterator[Settled]:
    """Ask the tickets themselves: one that has not moved since our stamp was not written, else its audits tell."""
    if not entries:
        return
    page = source.fetch_tickets([_as_update(entry).ticket_id for entry in entries])
    mirror.record_page(page, None, clock.now())
    rows: dict[int, Record] = {row["id"]: row for row in page.rows.get("tickets", ())}
    for entry in entries:
        yield _outcome_of(source, entry, rows.get(entry.object_id or 0))


def _outcome_of(source: TicketSource, entry: JournalEntry, row: Record | None) -> Settled:
    update = _as_update(entry)
    if row is None:
        return entry.key, Outcome.NOT_APPLIED, "the ticket is gone"
    if _same_second(row["updated_at"], update.updated_stamp):
        return entry.key, Outcome.NOT_APPLIED, "the ticket has not changed since"
    events = source.fetch_events(update.ticket_id)
    if any(event.key == entry.key for event in events):
        return entry.key, Outcome.APPLIED, "found in the ticket's audits"
    return entry.key, Outcome.NOT_APPLIED, "not in the ticket's audits"


def _same_second(one: datetime, other: datetime) -> bool:
    return int(one.astimezone(UTC).timestamp()) == int(other.astimezone(UTC).timestamp())


def _from_account(
    source: TicketSource,
    mirror: Mirror,
    clock: Clock,
    entries: Sequence[JournalEntry],
    object_ids: dict[str, int],
) -> Iterator[Settled]:
    """A group or view that should have been created either stands in the account's list by now or was not made."""
    if not entries:
        return
    pull(source, mirror, clock, start=clock.now(), streams=(Stream.GROUPS, Stream.VIEWS))
    account = mirror.read_account()
    found: dict[tuple[str, str], int] = {("view", view.title.casefold()): view.id for view in account.views}
    found |= {("group", group.name.casefold()): group.id for group in account.groups if not group.is_deleted}
    for entry in entries:
        id = found.get((entry.object, entry.name.casefold()))
        if id is None:
            yield entry.key, Outcome.NOT_APPLIED, "not in the account"
        else:
            object_ids[entry.key] = id
            yield entry.key, Outcome.APPLIED, "found in the account"
