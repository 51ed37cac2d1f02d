"""Streams: their checkpoints, how far each has come, and which account they belong to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, func, insert, select, update

from zdsync.errors import MirrorError
from zdsync.mirror.schema import MIRRORED
from zdsync.mirror.tables_own import zdsync_account, zdsync_missing
from zdsync.mirror.tables_own import zdsync_checkpoints as checkpoints
from zdsync.ports.runs import StreamStatus
from zdsync.streams import Checkpoint, Page, Stream


def bind(connection: Connection, account: str, at: datetime, place: str) -> None:
    """Tie the database to `account`; raises MirrorError when it belongs to another one."""
    bound = read_account_name(connection)
    if bound is None:
        connection.execute(insert(zdsync_account).values(account=account, bound_at=at))
    elif bound != account:
        raise MirrorError(
            f"{place} mirrors {bound}, not {account}",
            hint="use one database per account: let ZDSYNC_DATABASE_URL name another one, or mend ZENDESK_SUBDOMAIN",
        )


def read_account_name(connection: Connection) -> str | None:
    """The account that the database is tied to."""
    return connection.scalar(select(zdsync_account.c.account))


def read_checkpoint(connection: Connection, stream: Stream) -> Checkpoint | None:
    """Where the stream goes on; None when no page of it was ever recorded."""
    row = connection.execute(select(checkpoints).where(checkpoints.c.stream == stream.value)).one_or_none()
    if row is None or row.pulled_at is None:
        return None
    return Checkpoint(stream, row.cursor, row.complete_until)


def record_checkpoint(connection: Connection, page: Page, checkpoint: Checkpoint, at: datetime) -> None:
    """Store where the stream goes on after `page`; part of the page's transaction."""
    values: dict[str, object] = {
        "cursor": checkpoint.cursor,
        "complete_until": checkpoint.complete_until,
        "pulled_at": at,
        "skipped": "",
        "skipped_at": None,
    }
    if page.is_whole:
        values["listed_at"] = page.served_at
    _record(connection, checkpoint.stream, values)


def record_skipped(connection: Connection, stream: Stream, reason: str, at: datetime) -> None:
    _record(connection, stream, {"skipped": reason, "skipped_at": at})


def _record(connection: Connection, stream: Stream, values: dict[str, object]) -> None:
    this = checkpoints.c.stream == stream.value
    if connection.execute(update(checkpoints).where(this).values(values)).rowcount == 0:
        connection.execute(insert(checkpoints).values({"skipped": "", **values, "stream": stream.value}))


def is_outdated(connection: Connection, page: Page) -> bool:
    """Whether a newer whole list of this stream is already recorded, so that this one would take it back."""
    if not page.is_whole:
        return False
    listed_at = connection.scalar(
        select(checkpoints.c.listed_at).where(checkpoints.c.stream == page.stream.value)
    )
    return listed_at is not None and page.served_at < listed_at


def read_streams(connection: Connection) -> tuple[StreamStatus, ...]:
    """Every stream, in the order of `Stream`."""
    known = {row.stream: row for row in connection.execute(select(checkpoints))}
    missing = _count_missing(connection)
    histories = missing.get("ticket_events", 0) + missing.get("ticket_comments", 0)
    statuses = []
    for stream in Stream:
        row = known.get(stream.value)
        statuses.append(
            StreamStatus(
                stream=stream,
                rows=_count_alive(connection, MIRRORED[stream.value]),
                complete_until=row.complete_until if row else None,
                pulled_at=row.pulled_at if row else None,
                skipped=row.skipped if row else "",
                skipped_at=row.skipped_at if row else None,
                missing=histories if stream is Stream.EVENTS else missing.get(stream.value, 0),
            )
        )
    return tuple(statuses)


def _count_missing(connection: Connection) -> dict[str, int]:
    name = zdsync_missing.c.table_name
    return {row[0]: row[1] for row in connection.execute(select(name, func.count()).group_by(name))}


def _count_alive(connection: Connection, table: Table) -> int:
    """Living rows, from two small indexes instead of the wide table."""
    everything = connection.scalar(select(func.count()).select_from(table)) or 0
    gone = (
        connection.scalar(select(func.count()).select_from(table).where(table.c.deleted_at.is_not(None))) or 0
    )
    return everything - gone
