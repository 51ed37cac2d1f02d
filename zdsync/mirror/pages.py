"""Writing one page: which of its rows win, what they imply for derived tables, and what a whole list lacks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, delete, select, update

from zdsync.mirror.base import key_of
from zdsync.mirror.batches import Among, as_rows, in_batches
from zdsync.mirror.erasure import erase_scrubbed
from zdsync.mirror.histories import note_histories
from zdsync.mirror.missing import note_missing
from zdsync.mirror.pruning import without_pruned
from zdsync.mirror.schema import LISTED, MIRRORED
from zdsync.mirror.tables_rules import schedule_holidays
from zdsync.mirror.tables_tickets import text_findings, ticket_comments, ticket_tags, tickets
from zdsync.mirror.upsert import upsert
from zdsync.mirror.versions import keep_versions
from zdsync.mirror.way import changed_people, touch_page
from zdsync.streams import AMENDED_COMMENTS, CROWDED_SECONDS, Page, Record, Stream

log = logging.getLogger(__name__)


_NO_ROWS = frozenset({text_findings.name, AMENDED_COMMENTS, CROWDED_SECONDS})
"""What a page holds beside rows of mirrored tables."""


def record_rows(connection: Connection, page: Page, at: datetime) -> int:
    """Write all rows of a page and what follows from them; the number that were new, newer or newly missed."""
    page = without_pruned(connection, page)
    people = changed_people(connection, page)
    written = 0
    for name, records in page.rows.items():
        if name in _NO_ROWS or not records:
            continue
        table = MIRRORED[name]
        known = frozenset(table.columns.keys())
        assert all(known.issuperset(record) for record in records), f"unknown columns for {name}"
        rows = [_completed(name, record, page.served_at, at) for record in records]
        written += _write(connection, table, _latest(rows, key_of(table).name), page)
    written += _tombstone_missed(connection, page, at)
    keep_versions(connection, page)
    note_missing(connection, page)
    note_histories(connection, page, at)
    erase_scrubbed(connection, page, at)
    touch_page(connection, page, people)
    return written


def _write(connection: Connection, table: Table, rows: Sequence[Record], page: Page) -> int:
    if table is tickets:
        return _write_tickets(connection, rows, page)
    if table is ticket_comments:
        return _write_comments(connection, rows, page)
    return upsert(connection, table, rows, keeps_tombstones=table in LISTED and not page.is_whole)


def _completed(name: str, record: Record, served_at: datetime, at: datetime) -> Record:
    """The record with the mirror's own columns."""
    return {
        **record,
        "synced_at": at,
        "deleted_at": _deleted_at(name, record),
        "version": _version(name, record, served_at),
    }


def _version(name: str, record: Record, served_at: datetime) -> int:
    """A row's age in epoch seconds; where the object tells none, the moment it was served.

    System changes move only a ticket's generated_timestamp. Source: developer.zendesk.com, "Incremental Exports",
    "Excluding system updates" (read 2026-11).
    """
    if name == tickets.name and record.get("generated_timestamp"):
        return int(record["generated_timestamp"])
    moment: datetime = record.get("updated_at") or served_at
    return int(moment.timestamp())


def _deleted_at(name: str, record: Record) -> datetime | None:
    """When the object itself says it was deleted; None while it says nothing of the kind."""
    match name:
        case "tickets":
            is_deleted = record.get("status") == "deleted"
        case "users":
            is_deleted = record.get("active") is False
        case "groups":
            is_deleted = record.get("deleted") is True
        case "brands":
            is_deleted = record.get("is_deleted") is True
        case "organizations" | "ticket_forms":
            # Source: developer.zendesk.com, "Organizations" (read 2026-11): set once deleted, in exports only.
            is_deleted = bool(record["raw"].get("deleted_at"))
        case _:
            return None
    if not is_deleted:
        return None
    if record.get("generated_timestamp"):
        # Deleting and scrubbing are system changes: a ticket's updated_at tells of the last update before.
        return datetime.fromtimestamp(record["generated_timestamp"], UTC)
    return record.get("updated_at") or datetime.fromtimestamp(0, UTC)


def _latest(rows: Iterable[Record], key: str) -> list[Record]:
    """One row per key: the newest version, of equal ones the last."""
    latest: dict[int | str, Record] = {}
    for row in rows:
        known = latest.get(row[key])
        if known is None or row["version"] >= known["version"]:
            latest[row[key]] = row
    return list(latest.values())


_STORED_TICKETS = select(tickets.c.id, tickets.c.version, tickets.c.tags, tickets.c.deleted_at).where(
    Among(tickets.c.id)
)
_STORED_COMMENTS = select(ticket_comments.c.id, ticket_comments.c.version).where(Among(ticket_comments.c.id))


def _stored(connection: Connection, query: Any, rows: Sequence[Record]) -> dict[int, Row[Any]]:
    ids = [row["id"] for row in rows]
    return {row.id: row for batch in in_batches(ids) for row in connection.execute(query, {"ids": batch})}


def _accepted(rows: Sequence[Record], stored: Mapping[int, Row[Any]]) -> list[Record]:
    """The rows that are not older than what is stored."""
    return [row for row in rows if row["id"] not in stored or row["version"] >= stored[row["id"]].version]


def _write_tickets(connection: Connection, rows: Sequence[Record], page: Page) -> int:
    stored = _stored(connection, _STORED_TICKETS, rows)
    accepted = _accepted(rows, stored)
    written = upsert(connection, tickets, accepted)
    _write_tags(connection, accepted, stored)
    _write_findings(connection, {(row["id"], 0): row["id"] in stored for row in accepted}, page)
    return written


def _write_comments(connection: Connection, rows: Sequence[Record], page: Page) -> int:
    stored = _stored(connection, _STORED_COMMENTS, rows)
    accepted = _accepted(rows, stored)
    written = upsert(connection, ticket_comments, accepted)
    places = {(row["ticket_id"], row["id"]): row["id"] in stored for row in accepted}
    _write_findings(connection, places, page)
    return written


def _write_tags(connection: Connection, accepted: Sequence[Record], stored: Mapping[int, Row[Any]]) -> None:
    gone: list[Record] = []
    come: list[Record] = []
    for row in accepted:
        known = stored.get(row["id"])
        before = set(known.tags or ()) if known is not None and known.deleted_at is None else set()
        after = set(row.get("tags") or ()) if row["deleted_at"] is None else set()
        gone += ({"gone_from": row["id"], "gone_tag": tag} for tag in before - after)
        come += ({"ticket_id": row["id"], "tag": tag} for tag in after - before)
    if gone:
        owner, tag = (
            ticket_tags.c.ticket_id == bindparam("gone_from"),
            ticket_tags.c.tag == bindparam("gone_tag"),
        )
        connection.execute(delete(ticket_tags).where(owner, tag), gone)
    upsert(connection, ticket_tags, come)


def _write_findings(connection: Connection, places: Mapping[tuple[int, int], bool], page: Page) -> None:
    """Replace the findings at these places, (ticket, comment or 0) to whether the mirror knew it before."""
    known = [
        {"in_ticket": ticket, "in_comment": comment}
        for (ticket, comment), was_known in places.items()
        if was_known
    ]
    if known:
        connection.execute(
            delete(text_findings).where(
                text_findings.c.ticket_id == bindparam("in_ticket"),
                text_findings.c.comment_id == bindparam("in_comment"),
            ),
            known,
        )
    found = {
        (record["ticket_id"], record["comment_id"], record["detector"]): record
        for record in page.rows.get(text_findings.name, ())
        if (record["ticket_id"], record["comment_id"]) in places
    }
    upsert(connection, text_findings, found.values())


def _tombstone_missed(connection: Connection, page: Page, at: datetime) -> int:
    """Mark as deleted what a whole list no longer has, and what its objects no longer consist of."""
    missed = 0
    if page.is_whole:
        missed += _tombstone(connection, MIRRORED[page.stream.value], page, at)
    if page.is_whole and page.stream is Stream.SCHEDULES:
        missed += _tombstone(connection, schedule_holidays, page, at)
    if "ticket_fields" in page.rows:
        fields = None if page.is_whole else {row["id"] for row in page.rows["ticket_fields"]}
        missed += _tombstone(connection, MIRRORED["ticket_field_options"], page, at, fields)
    return missed


def _tombstone(
    connection: Connection, table: Table, page: Page, at: datetime, fields: set[int] | None = None
) -> int:
    """Mark the living rows of `table` that the page lacks; of options, only those of `fields` unless None."""
    key = key_of(table)
    alive = select(key).where(table.c.deleted_at.is_(None))
    if fields is not None:
        alive = alive.where(table.c.ticket_field_id.in_(fields))
    missed = set(connection.scalars(alive)) - {row[key.name] for row in page.rows.get(table.name, ())}
    if missed:
        mark = update(table).where(key == bindparam("missed")).values(deleted_at=at, synced_at=at)
        connection.execute(mark, as_rows(missed, "missed"))
        log.info("mirror.missed", extra={"table": table.name, "count": len(missed)})
    return len(missed)
