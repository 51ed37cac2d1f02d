"""Erasure: what Zendesk has erased is erased here too, old text and raw included."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Update, bindparam, delete, func, update

from zdsync.mirror.batches import as_rows
from zdsync.mirror.tables_account import users
from zdsync.mirror.tables_tickets import satisfaction_ratings, text_findings, ticket_comments, ticket_events
from zdsync.model import Record

SCRUBBED = "SCRUBBED"
"""The subject of a ticket whose content was deleted for good. Source: a recorded row of the export (2023)."""

_OF = "of_ticket"


def erase_scrubbed(connection: Connection, rows: Sequence[Record]) -> None:
    """Empty whatever was said on tickets that come back scrubbed; that there was something, and when, stays."""
    scrubbed = [row for row in rows if row["status"] == "deleted" and row["subject"] == SCRUBBED]
    if not scrubbed:
        return
    these = [{_OF: row["id"], "at": row["synced_at"]} for row in scrubbed]
    for statement in (_EMPTY_COMMENTS, _EMPTY_EVENTS, _EMPTY_RATINGS):
        connection.execute(statement, these)
    found = delete(text_findings).where(text_findings.c.ticket_id == bindparam(_OF))
    connection.execute(found, as_rows([row["id"] for row in scrubbed], _OF))


def _gone(table: Any, **values: Any) -> Update:
    deleted_at = func.coalesce(table.c.deleted_at, bindparam("at", type_=table.c.deleted_at.type))
    emptied = {"raw": {}, "deleted_at": deleted_at, **values}
    return update(table).where(table.c.ticket_id == bindparam(_OF)).values(emptied)


_EMPTY_COMMENTS = _gone(ticket_comments, body=None, html_body=None, plain_body=None, attachments=[])
_EMPTY_EVENTS = _gone(ticket_events, changes=[])
_EMPTY_RATINGS = _gone(satisfaction_ratings, comment=None)

_NOBODY: Record = {
    "name": "",
    "raw": {},
    "tags": [],
    "user_fields": {},
    **dict.fromkeys("email phone external_id alias details notes last_login_at".split()),
}


def erase_people(connection: Connection, ids: Collection[int]) -> None:
    """Empty the rows of people whom the account does not have any more."""
    if ids:
        this = update(users).where(users.c.id == bindparam("erased")).values(_NOBODY)
        connection.execute(this, as_rows(ids, "erased"))
