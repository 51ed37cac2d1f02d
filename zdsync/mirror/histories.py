"""Histories to be read ticket by ticket: unsolved tickets from before the events mirrored, and comments changed since."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, delete, exists, or_, select

from zdsync.mirror.batches import Among, delete_ids, in_batches, select_ids
from zdsync.mirror.erasure import erase_updates
from zdsync.mirror.tables_own import zdsync_checkpoints
from zdsync.mirror.tables_own import zdsync_missing as missing
from zdsync.mirror.tables_tickets import ticket_comments, ticket_events, tickets
from zdsync.mirror.upsert import upsert
from zdsync.model import UNSOLVED
from zdsync.streams import AMENDED_COMMENTS, CROWDED_SECONDS, Page, Stream

_BEGINNING = ticket_events.name
_AMENDED = ticket_comments.name
"""Names under which the list holds tickets: those whose first event is missing, those whose comments are out of date.

Among the latter are those of which an update is missing, because too much happened in its second.
"""

_CREATED = select(ticket_events.c.ticket_id).where(
    Among(ticket_events.c.ticket_id), ticket_events.c.is_create
)
_UNREADABLE = (
    select(missing.c.id)
    .join(tickets, tickets.c.id == missing.c.id)
    .where(missing.c.table_name == _AMENDED, Among(missing.c.id), tickets.c.deleted_at.is_not(None))
)
_COMMENTS = select(ticket_comments.c.ticket_id, ticket_comments.c.id, ticket_comments.c.version).where(
    Among(ticket_comments.c.ticket_id)
)


def note_histories(connection: Connection, page: Page, at: datetime) -> None:
    """Put the page's unsolved tickets on the list whose creation is not mirrored, and take off those that it brings.

    The texts of a deleted ticket whose comments are out of date cannot be read anew until it is restored: they go.
    """
    unsolved = {row["id"] for row in page.rows.get(tickets.name, ()) if row["status"] in UNSOLVED}
    begun = select_ids(connection, _CREATED, unsolved)
    _put(connection, _BEGINNING, unsolved - begun)
    deleted = [row["id"] for row in page.rows.get(tickets.name, ()) if row["status"] == "deleted"]
    created = [row["ticket_id"] for row in page.rows.get(ticket_events.name, ()) if row["is_create"]]
    _take_off(connection, [*deleted, *created])
    _note_amended(connection, page)
    _note_crowded(connection, page)
    told = (AMENDED_COMMENTS, ticket_events.name, ticket_comments.name)
    named = {row["ticket_id"] for name in told for row in page.rows.get(name, ())}
    erase_updates(connection, select_ids(connection, _UNREADABLE, named.union(deleted)), at)


def _note_amended(connection: Connection, page: Page) -> None:
    """A comment that was mirrored before it was changed is out of date."""
    amended = {
        (row["ticket_id"], row["comment_id"]): int(row["amended_at"].timestamp())
        for row in page.rows.get(AMENDED_COMMENTS, ())
    }
    ids = {ticket_id for ticket_id, _ in amended}
    late = set()
    for batch in in_batches(ids):
        for row in connection.execute(_COMMENTS, {"ids": batch}):
            moments = (amended.get((row.ticket_id, row.id)), amended.get((row.ticket_id, None)))
            if row.version <= max(filter(None, moments), default=-1):
                late.add(row.ticket_id)
    _put(connection, _AMENDED, late)


def _note_crowded(connection: Connection, page: Page) -> None:
    """Tickets that an update of theirs in a crowded second may be missing of: changed then or within the hour after."""
    for crowded in page.rows.get(CROWDED_SECONDS, ()) if page.stream is Stream.EVENTS else ():
        second = crowded["second"]
        told = exists().where(ticket_events.c.ticket_id == tickets.c.id, ticket_events.c.created_at == second)
        until = second + timedelta(hours=1)
        changed = select(tickets.c.id).where(
            tickets.c.updated_at >= second, tickets.c.updated_at < until, ~told
        )
        _put(connection, _AMENDED, list(connection.scalars(changed)))


def _put(connection: Connection, name: str, ids: Collection[int]) -> None:
    upsert(connection, missing, [{"table_name": name, "id": id} for id in ids])


def _take_off(connection: Connection, ids: Collection[int]) -> None:
    these = missing.c.table_name == _BEGINNING, Among(missing.c.id)
    delete_ids(connection, delete(missing).where(*these), ids)


def read_wanted(connection: Connection) -> tuple[int, ...]:
    """Tickets on the list, changed comments first, then the newest; those that the export of events brings are left out."""
    until = connection.scalar(
        select(zdsync_checkpoints.c.complete_until).where(zdsync_checkpoints.c.stream == Stream.EVENTS.value)
    )
    if until is None:
        return ()
    is_amended = missing.c.table_name == _AMENDED
    is_old = (missing.c.table_name == _BEGINNING) & (tickets.c.created_at <= until)
    wanted = (
        select(missing.c.id)
        .join(tickets, tickets.c.id == missing.c.id)
        .where(or_(is_amended, is_old), tickets.c.deleted_at.is_(None))
        .order_by(case((is_amended, 0), else_=1), missing.c.id.desc())
    )
    return tuple(dict.fromkeys(connection.scalars(wanted)))


def forget(connection: Connection, ids: Collection[int]) -> None:
    """Take tickets off the list: their history was read, or cannot be."""
    these = missing.c.table_name.in_((_BEGINNING, _AMENDED)), Among(missing.c.id)
    delete_ids(connection, delete(missing).where(*these), ids)
