"""Reading cases: tickets with all that is known of each, a few hundred at a time and with a handful of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Executable,
    Row,
    Select,
    TextualSelect,
    bindparam,
    exists,
    select,
)
from sqlalchemy import text as sql

from zdsync.mirror import holds, records
from zdsync.mirror.account import read_staff
from zdsync.mirror.base import UNSOLVED_ALIVE, columns_without, unsolved_index
from zdsync.mirror.engine import Database
from zdsync.mirror.tables_account import organizations, users
from zdsync.mirror.tables_own import zdsync_changes, zdsync_checkpoints
from zdsync.mirror.tables_tickets import (
    text_findings,
    ticket_comments,
    ticket_events,
    ticket_metric_events,
    tickets,
)
from zdsync.model import (
    Case,
    Comment,
    Event,
    Finding,
    Organization,
    OwnChange,
    Ticket,
    TicketId,
    User,
    UserId,
)
from zdsync.ports.journal import Outcome
from zdsync.streams import Stream

CHUNK = 500
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_COLUMNS = columns_without(tickets, "url", "raw_subject")


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all cases of one reading have in common."""

    staff: Mapping[UserId, User]
    events_until: datetime | None
    knows_breaches: bool


def read_cases(database: Database, ids: Collection[TicketId] | None) -> Iterator[Case]:
    """Unsolved tickets, or those of `ids` that are mirrored, by ascending id; memory does not grow with their number.

    Each chunk is one consistent state; between chunks the database is free, also for the reader's own writes.
    """
    if ids is not None and not ids:
        return
    with database.reading() as connection:
        shared = _Shared(
            staff=read_staff(connection),
            events_until=_read_until(connection, Stream.EVENTS),
            knows_breaches=_read_until(connection, Stream.METRIC_EVENTS) is not None,
        )
    for query, values in _chunks(ids, is_sqlite=database.is_sqlite):
        last = -1
        while True:
            with database.reading() as connection:
                rows = connection.execute(query, {**values, "last": last}).all()
                cases = _read_chunk(connection, [records.ticket(row) for row in rows], shared)
            yield from cases
            if len(rows) < CHUNK:
                break
            last = rows[-1].id


def _chunks(
    ids: Collection[TicketId] | None, *, is_sqlite: bool
) -> Iterator[tuple[Executable, dict[str, Any]]]:
    """The queries to be asked from the lowest id upwards, each at most CHUNK rows at a time."""
    if ids is None:
        yield unsolved_query(is_sqlite=is_sqlite), {}
        return
    base = (
        select(*_COLUMNS)
        .where(tickets.c.id > bindparam("last"), tickets.c.id.in_(_IDS))
        .order_by(tickets.c.id)
    )
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), CHUNK - 1):
        yield base, {"ids": wanted[start : start + CHUNK - 1]}


def unsolved_query(*, is_sqlite: bool) -> TextualSelect:
    """The next CHUNK unsolved tickets after the id `last`.

    Left to itself SQLite takes the index on the status and sorts all unsolved tickets anew for each chunk.
    """
    names = ", ".join(f'"{column.name}"' for column in _COLUMNS)
    index = unsolved_index(is_sqlite=is_sqlite)
    query = sql(
        f"SELECT {names} FROM tickets {index} WHERE id > :last AND {UNSOLVED_ALIVE} ORDER BY id LIMIT {CHUNK}"  # noqa: S608 - names from our own schema
    )
    return query.columns(*_COLUMNS)


def _read_until(connection: Connection, stream: Stream) -> datetime | None:
    until = zdsync_checkpoints.c.complete_until
    return connection.scalar(select(until).where(zdsync_checkpoints.c.stream == stream.value))


def _read_chunk(connection: Connection, chunk: list[Ticket], shared: _Shared) -> list[Case]:
    ids = [ticket.id for ticket in chunk]
    if not ids:
        return []
    requesters = _read_users(connection, {ticket.requester_id for ticket in chunk if ticket.requester_id})
    companies = _read_organizations(connection, {t.organization_id for t in chunk if t.organization_id})
    events = _read_events(connection, ids)
    findings = _read_findings(connection, ids)
    made = _read_own_changes(connection, ids)
    breached = {row.ticket_id for row in _read(connection, _BREACHED, ids)} if shared.knows_breaches else None
    held = holds.read_standing(connection, ids)
    return [
        Case(
            ticket=ticket,
            requester=requesters.get(ticket.requester_id or 0),
            organization=companies.get(ticket.organization_id or 0),
            events=(history := events.get(ticket.id, ())),
            findings=findings.get(ticket.id, ()),
            staff=shared.staff,
            events_until=shared.events_until,
            has_whole_history=any(event.is_create for event in history),
            notes_written=frozenset(row.note_digest for row in made.get(ticket.id, ()) if row.note_digest),
            holds=held.get(ticket.id, ()),
            own_changes={
                row.key: OwnChange(row.kind, row.rule, row.reason) for row in made.get(ticket.id, ())
            },
            sla_breached=None if breached is None else ticket.id in breached,
        )
        for ticket in chunk
    ]


_USERS = select(*columns_without(users, "url", "details", "notes")).where(users.c.id.in_(_IDS))
_ORGANIZATIONS = select(*columns_without(organizations, "url", "details", "notes")).where(
    organizations.c.id.in_(_IDS)
)
_EVENTS = (
    select(*columns_without(ticket_events, "timestamp"))
    .where(ticket_events.c.ticket_id.in_(_IDS))
    .order_by(ticket_events.c.created_at, ticket_events.c.id)
)
_COMMENTS = (
    select(*columns_without(ticket_comments, "html_body", "via_channel"))
    .where(ticket_comments.c.ticket_id.in_(_IDS))
    .order_by(ticket_comments.c.created_at, ticket_comments.c.id)
)
_FINDINGS = select(*columns_without(text_findings, "count"), text_findings.c["count"].label("hits")).where(
    text_findings.c.ticket_id.in_(_IDS)
)
_OWN_CHANGES = select(
    zdsync_changes.c.object_id,
    zdsync_changes.c.key,
    zdsync_changes.c.kind,
    zdsync_changes.c.rule,
    zdsync_changes.c.reason,
    zdsync_changes.c.note_digest,
).where(
    zdsync_changes.c.object == "ticket",
    zdsync_changes.c.object_id.in_(_IDS),
    zdsync_changes.c.outcome == Outcome.APPLIED.value,
)
_TAKEN_BACK = ticket_metric_events.alias()
_BREACHED = (
    select(ticket_metric_events.c.ticket_id)
    .where(
        ticket_metric_events.c.ticket_id.in_(_IDS),
        ticket_metric_events.c.type == "breach",
        ticket_metric_events.c.deleted.is_not(True),
        ~exists().where(
            _TAKEN_BACK.c.ticket_id == ticket_metric_events.c.ticket_id,
            _TAKEN_BACK.c.metric == ticket_metric_events.c.metric,
            _TAKEN_BACK.c.instance_id == ticket_metric_events.c.instance_id,
            _TAKEN_BACK.c.type == "breach",
            _TAKEN_BACK.c.deleted.is_(True),
            _TAKEN_BACK.c.id > ticket_metric_events.c.id,
        ),
    )
    .distinct()
)
"""Tickets with a breach that Zendesk has not taken back, in its own row or by a later one of the same instance.

Source: developer.zendesk.com, "Ticket Metric Events"; which of the two happens has not been seen.
"""


def _read_users(connection: Connection, ids: Collection[int]) -> dict[int, User]:
    return {row.id: records.user(row) for row in _read(connection, _USERS, ids)}


def _read_organizations(connection: Connection, ids: Collection[int]) -> dict[int, Organization]:
    return {row.id: records.organization(row) for row in _read(connection, _ORGANIZATIONS, ids)}


def _read_events(connection: Connection, ids: Collection[int]) -> dict[int, tuple[Event, ...]]:
    comments: defaultdict[int | None, list[Comment]] = defaultdict(list)
    for row in _read(connection, _COMMENTS, ids):
        comments[row.audit_id].append(records.comment(row))
    events: defaultdict[int, list[Event]] = defaultdict(list)
    for row in _read(connection, _EVENTS, ids):
        events[row.ticket_id].append(records.event(row, comments.get(row.id, ())))
    return {ticket_id: tuple(history) for ticket_id, history in events.items()}


def _read_findings(connection: Connection, ids: Collection[int]) -> dict[int, tuple[Finding, ...]]:
    findings: defaultdict[int, list[Finding]] = defaultdict(list)
    for row in _read(connection, _FINDINGS, ids):
        place = row.comment_id or None
        findings[row.ticket_id].append(
            Finding(row.ticket_id, place, row.detector, row.version, is_public=row.is_public, count=row.hits)
        )
    return {
        ticket_id: tuple(sorted(found, key=lambda each: (each.comment_id or 0, each.detector)))
        for ticket_id, found in findings.items()
    }


def _read_own_changes(connection: Connection, ids: Collection[int]) -> dict[int, tuple[Row[Any], ...]]:
    made: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in _read(connection, _OWN_CHANGES, ids):
        made[row.object_id].append(row)
    return {ticket_id: tuple(rows) for ticket_id, rows in made.items()}


def _read(connection: Connection, query: Select[Any], ids: Collection[int]) -> Iterable[Row[Any]]:
    return connection.execute(query, {"ids": list(ids)}) if ids else ()
