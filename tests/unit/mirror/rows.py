"""Rows and pages for tests of the mirror: whole records with believable values, any of which can be set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, select

from zdsync.mirror.base import OWN_COLUMNS
from zdsync.mirror.schema import MIRRORED
from zdsync.mirror.store import MirrorStore
from zdsync.streams import Checkpoint, Page, Record, Stream

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes after the beginning of the tests' world."""
    return START + timedelta(minutes=minutes)


def record(table: str, **values: Any) -> Record:
    """A row with every column that a page brings; those not given are None."""
    empty: Record = {each.name: None for each in MIRRORED[table].columns if each.name not in OWN_COLUMNS}
    assert values.keys() <= empty.keys()
    return {**empty, "raw": {"id": values.get("id")}, **values}


def ticket(id: int, minutes: float = 0, **values: Any) -> Record:
    defaults: Record = {
        "id": id,
        "created_at": START,
        "updated_at": at(minutes),
        "generated_timestamp": int(at(minutes).timestamp()),
        "subject": f"Ticket {id}",
        "status": "open",
        "tags": [],
        "custom_fields": [],
        "via_channel": "email",
        "requester_id": 900,
        "submitter_id": 900,
        "is_public": True,
        "has_incidents": False,
    }
    return record("tickets", **{**defaults, **values})


def user(id: int, minutes: float = 0, **values: Any) -> Record:
    defaults = {
        "id": id,
        "name": f"User {id}",
        "role": "end-user",
        "active": True,
        "tags": [],
        "user_fields": {},
    }
    return record("users", **{**defaults, "created_at": START, "updated_at": at(minutes), **values})


def organization(id: int, minutes: float = 0, **values: Any) -> Record:
    defaults = {"id": id, "name": f"Organization {id}", "domain_names": [], "tags": []}
    defaults |= {"organization_fields": {}}
    return record("organizations", **{**defaults, "created_at": START, "updated_at": at(minutes), **values})


def group(id: int, minutes: float = 0, **values: Any) -> Record:
    defaults = {"id": id, "name": f"Group {id}", "is_public": True, "deleted": False, "default": False}
    return record("groups", **{**defaults, "created_at": START, "updated_at": at(minutes), **values})


def event(id: int, ticket_id: int, minutes: float = 0, **values: Any) -> Record:
    defaults = {"id": id, "ticket_id": ticket_id, "created_at": at(minutes), "updater_id": 900, "changes": []}
    return record(
        "ticket_events",
        **{**defaults, "timestamp": int(at(minutes).timestamp()), "is_create": False, **values},
    )


def comment(id: int, ticket_id: int, audit_id: int, minutes: float = 0, **values: Any) -> Record:
    defaults = {
        "id": id,
        "ticket_id": ticket_id,
        "audit_id": audit_id,
        "created_at": at(minutes),
        "author_id": 900,
    }
    return record(
        "ticket_comments",
        **{**defaults, "public": True, "body": f"Comment {id}", "attachments": [], **values},
    )


def finding(ticket_id: int, comment_id: int, detector: str, **values: Any) -> Record:
    defaults = {"version": 1, "is_public": True, "count": 1}
    return {"ticket_id": ticket_id, "comment_id": comment_id, "detector": detector, **defaults, **values}


def page(
    stream: Stream,
    served: float = 0,
    *,
    whole: bool = False,
    cursor: str | None = None,
    **rows: Any,
) -> Page:
    return Page(
        stream=stream,
        rows={name: list(records) for name, records in rows.items()},
        served_at=at(served),
        cursor=cursor,
        is_whole=whole,
    )


def tickets_page(*records: Record, served: float = 0, **more: Any) -> Page:
    return page(Stream.TICKETS, served, tickets=records, **more)


def record_page(mirror: MirrorStore, page: Page, until: float | None = None) -> int:
    """Record a page with a checkpoint of its cursor."""
    complete_until = None if until is None else at(until)
    return mirror.record_page(page, Checkpoint(page.stream, page.cursor, complete_until), page.served_at)


def content(
    mirror: MirrorStore, table: Table, *, without: Sequence[str] = ("synced_at",)
) -> list[dict[str, Any]]:
    """A table's rows in key order, but for when they were written."""
    query = select(*(column for column in table.columns if column.name not in without))
    with mirror.database.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(query.order_by(*table.primary_key.columns))]
