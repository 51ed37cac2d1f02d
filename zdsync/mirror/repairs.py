"""Repairs: finding rows that are not as the account has them, and making them so."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, bindparam, delete, func, select, update

from zdsync.mirror.batches import as_rows, in_batches
from zdsync.mirror.engine import Database
from zdsync.mirror.erasure import erase_people
from zdsync.mirror.pages import record_rows
from zdsync.mirror.schema import MIRRORED
from zdsync.mirror.tables_account import organizations, users
from zdsync.mirror.tables_tickets import (
    satisfaction_ratings,
    ticket_comments,
    ticket_events,
    ticket_tags,
    tickets,
)
from zdsync.mirror.way import forget_epoch
from zdsync.streams import Page, Record, Stream

log = logging.getLogger(__name__)

_PLACE: Mapping[Stream, Mapping[Table, Column[Any]]] = {
    Stream.TICKETS: {tickets: tickets.c.version},
    Stream.USERS: {users: users.c.version},
    Stream.ORGANIZATIONS: {organizations: organizations.c.version},
    Stream.EVENTS: {ticket_events: ticket_events.c.created_at, ticket_comments: ticket_comments.c.created_at},
    Stream.RATINGS: {satisfaction_ratings: satisfaction_ratings.c.updated_at},
}
"""Tables that an export fills, and the column that places a row in it."""

_NOT_COMPARED = frozenset({"raw", "generated_timestamp", "last_login_at"})
"""What only the export adds, and what changes without a new version."""


class RowRepairs:
    """The port `Repairs` on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bury_unseen(
        self, stream: Stream, seen: Mapping[str, Collection[int]], since: datetime, until: datetime
    ) -> int:
        buried = 0
        for table, place in _PLACE.get(stream, {}).items():
            with self._database.writing() as connection:
                lost = list(_unseen(connection, table, place, sorted(seen.get(table.name, ())), since, until))
                _bury(connection, table, lost, until)
                if table is users:
                    erase_people(connection, lost)
                if lost:
                    forget_epoch(connection)
            buried += len(lost)
        if buried:
            log.warning("mirror.buried", extra={"stream": stream.value, "count": buried})
        return buried

    def read_sample(self, stream: Stream, size: int) -> tuple[int, ...]:
        table = tickets if stream is Stream.EVENTS else MIRRORED[stream.value]
        chosen = select(table.c.id).where(table.c.deleted_at.is_(None), table.c.id > 0)
        if stream is Stream.EVENTS:
            chosen = chosen.where(table.c.raw.is_not(None))
        with self._database.reading() as connection:
            return tuple(connection.scalars(chosen.order_by(func.random()).limit(size)))

    def mend(self, page: Page, asked: Collection[int], until: datetime, at: datetime) -> int:
        table = MIRRORED[page.stream.value]
        with self._database.writing() as connection:
            if page.stream is Stream.EVENTS:
                return _add_lacking(connection, table, page, at)
            stored = _stored(connection, table, asked)
            wrong = list(_differing(page.rows.get(table.name, ()), stored, until))
            found = {row["id"] for row in page.rows.get(table.name, ())}
            absent = [id for id, row in stored.items() if id not in found and row.deleted_at is None]
            record_rows(connection, _with(page, table, wrong), at)
            _bury(connection, table, absent, at)
            if table is users:
                erase_people(connection, absent)
            if absent:
                forget_epoch(connection)
        return len(wrong) + len(absent)

    def count_created(self, since: datetime, until: datetime) -> int:
        created = tickets.c.created_at >= since, tickets.c.created_at < until
        count = select(func.count()).select_from(tickets).where(*created, tickets.c.deleted_at.is_(None))
        with self._database.reading() as connection:
            return connection.scalar(count) or 0


def _unseen(
    connection: Connection,
    table: Table,
    place: Column[Any],
    seen: Iterable[int],
    since: datetime,
    until: datetime,
) -> Iterator[int]:
    """Living rows that the export should have brought, both walked through by rising id so that neither is held whole."""
    is_epoch = place.name == "version"
    first, last = (int(since.timestamp()), int(until.timestamp())) if is_epoch else (since, until)
    due = select(table.c.id).where(table.c.deleted_at.is_(None), place >= first, place <= last)
    ahead = iter(seen)
    next_seen = next(ahead, None)
    for id in connection.scalars(due.order_by(table.c.id)):
        while next_seen is not None and next_seen < id:
            next_seen = next(ahead, None)
        if next_seen != id:
            yield id


def _bury(connection: Connection, table: Table, ids: Collection[int], at: datetime) -> None:
    if ids:
        lost = update(table).where(table.c.id == bindparam("lost")).values(deleted_at=at, synced_at=at)
        connection.execute(lost, as_rows(ids, "lost"))
    if table is tickets and ids:
        none_left = delete(ticket_tags).where(ticket_tags.c.ticket_id == bindparam("lost"))
        connection.execute(none_left, as_rows(ids, "lost"))


def _stored(connection: Connection, table: Table, ids: Collection[int]) -> dict[int, Row[Any]]:
    these = select(table).where(table.c.id.in_(bindparam("ids", expanding=True)))
    return {row.id: row for batch in in_batches(ids) for row in connection.execute(these, {"ids": batch})}


def _differing(rows: Iterable[Record], stored: Mapping[int, Row[Any]], until: datetime) -> Iterator[Record]:
    """The rows that differ from what is stored, aged so that they win over it."""
    for row in rows:
        known = stored.get(row["id"])
        if row["updated_at"] > until:
            continue
        if known is None:
            yield row
        elif known.deleted_at is not None or any(
            getattr(known, name) != value for name, value in row.items() if name not in _NOT_COMPARED
        ):
            log.warning("mirror.mended", extra={"object_id": row["id"]})
            yield (
                {**row, "generated_timestamp": known.generated_timestamp}
                if "generated_timestamp" in row
                else row
            )


def _add_lacking(connection: Connection, table: Table, page: Page, at: datetime) -> int:
    rows = page.rows.get(table.name, ())
    known = _stored(connection, table, [row["id"] for row in rows])
    lacking = [row for row in rows if row["id"] not in known]
    record_rows(connection, _with(page, table, lacking), at)
    return len(lacking)


def _with(page: Page, table: Table, rows: list[Record]) -> Page:
    """The page with these rows only, and what belongs to them."""
    ids = {row["id"] for row in rows}
    comments = [row for row in page.rows.get("ticket_comments", ()) if row["audit_id"] in ids]
    findings = [row for row in page.rows.get("text_findings", ()) if row["ticket_id"] in ids or comments]
    kept = {table.name: rows, "ticket_comments": comments, "text_findings": findings}
    return Page(page.stream, kept, page.served_at)
