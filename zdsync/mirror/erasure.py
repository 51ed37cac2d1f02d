"""Erasure: what Zendesk has erased is erased here too, old text and raw included."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, Update, bindparam, delete, func, select, update

from zdsync.mirror.batches import Among, as_rows, select_ids
from zdsync.mirror.tables_account import users
from zdsync.mirror.tables_tickets import (
    satisfaction_ratings,
    text_findings,
    ticket_comments,
    ticket_events,
    tickets,
)
from zdsync.streams import SCRUBBED, Page, Record

_OF = "of_ticket"
_SCRUBBED = select(tickets.c.id).where(
    Among(tickets.c.id), tickets.c.status == "deleted", tickets.c.subject == SCRUBBED
)


def erase_scrubbed(connection: Connection, page: Page, at: datetime) -> None:
    """Empty whatever was said on the page's tickets that are scrubbed; that there was something, and when, stays.

    Whichever of their rows the page brings: a rating may be asked for after its ticket was scrubbed, a page of events come late.
    """
    ids = {row["id"] for row in page.rows.get(tickets.name, ()) if row["subject"] == SCRUBBED}
    for name in (ticket_events.name, ticket_comments.name, satisfaction_ratings.name):
        ids |= {row["ticket_id"] for row in page.rows.get(name, ())}
    scrubbed = select_ids(connection, _SCRUBBED, ids)
    erase_updates(connection, scrubbed, at)
    if scrubbed:
        connection.execute(_EMPTY_RATINGS, [{_OF: id, "at": at} for id in sorted(scrubbed)])
        found = delete(text_findings).where(text_findings.c.ticket_id == bindparam(_OF))
        connection.execute(found, as_rows(scrubbed, _OF))


def erase_updates(connection: Connection, ids: Collection[int], at: datetime) -> None:
    """Turn the comments and updates of these tickets into empty tombstones, which their history read anew replaces."""
    these = [{_OF: id, "at": at} for id in sorted(ids)]
    for statement in (_EMPTY_COMMENTS, _EMPTY_EVENTS) if these else ():
        connection.execute(statement, these)


def _gone(table: Table, **values: Any) -> Update:
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
