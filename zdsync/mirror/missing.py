"""What mirrored rows name and the mirror lacks: the list of it, and stub rows for what the account no longer has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from zdsync.mirror import histories
from zdsync.mirror.batches import Among, delete_ids, select_ids
from zdsync.mirror.schema import MIRRORED
from zdsync.mirror.tables_own import zdsync_missing as missing
from zdsync.mirror.upsert import upsert
from zdsync.mirror.way import touch_of_people
from zdsync.streams import Page, Record, Stream

_NAMED_BY: Mapping[str, Mapping[str, Sequence[str]]] = {
    "users": {
        "tickets": ("requester_id", "submitter_id", "assignee_id"),
        "ticket_comments": ("author_id",),
        "ticket_events": ("updater_id",),
    },
    "organizations": {"tickets": ("organization_id",)},
    "groups": {"tickets": ("group_id",)},
}
"""By table, the columns that name its objects: without their rows a join would lose the ticket, or a person pass for a
machine. The system, author -1, is named like a user."""


def note_missing(connection: Connection, page: Page) -> None:
    """Keep the list of what is to be asked for, so that reading it costs what is missing and not what exists."""
    for name, columns in _NAMED_BY.items():
        brought = {row["id"] for row in page.rows.get(name, ())}
        named = {
            record[column]
            for source, names in columns.items()
            for record in page.rows.get(source, ())
            for column in names
            if record.get(column)
        }
        table = MIRRORED[name]
        known = select_ids(connection, select(table.c.id).where(Among(table.c.id)), named - brought)
        unknown = named - brought - known
        upsert(connection, missing, [{"table_name": name, "id": id} for id in unknown])
        _take_off(connection, name, brought)


def _take_off(connection: Connection, name: str, found: Collection[int]) -> None:
    delete_ids(connection, delete(missing).where(missing.c.table_name == name, Among(missing.c.id)), found)


def read_missing(connection: Connection, stream: Stream) -> tuple[int, ...]:
    """Ids that rows name and the stream's table lacks, in order; of events the tickets whose history is lacking."""
    if stream is Stream.EVENTS:
        return histories.read_wanted(connection)
    ids = select(missing.c.id).where(missing.c.table_name == stream.value).order_by(missing.c.id)
    return tuple(connection.scalars(ids))


def record_absent(connection: Connection, stream: Stream, ids: Collection[int], at: datetime) -> None:
    """Give each of these a stub row, which any row of the account's own replaces, and ask for them no more.

    Of events, only ask no more for these tickets' history.
    """
    if stream is Stream.EVENTS:
        histories.forget(connection, ids)
        return
    stub: Record = {"name": "", "raw": {}, "synced_at": at, "deleted_at": at, "version": 0}
    upsert(connection, MIRRORED[stream.value], [{**stub, "id": id} for id in ids])
    touch_of_people(connection, {stream.value: ids})
    _take_off(connection, stream.value, ids)
