"""Pruning: what happened on tickets closed long ago goes, and so does their JSON as received; their columns stay.

A pruned ticket is one whose `raw` is null, until the account sends it again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, TextualSelect, bindparam, delete, exists, select, update
from sqlalchemy import text as sql

from zdsync.mirror.base import PRUNABLE, PRUNED
from zdsync.mirror.batches import Among, select_ids
from zdsync.mirror.columns import Moment
from zdsync.mirror.tables_tickets import (
    satisfaction_ratings,
    ticket_comments,
    ticket_events,
    ticket_metric_events,
    ticket_metrics,
    tickets,
)
from zdsync.streams import Page

REMOVED = (ticket_events, ticket_comments, ticket_metric_events)
"""Tables that lose a pruned ticket's rows."""
STRIPPED = (ticket_metrics, satisfaction_ratings)
"""Tables whose rows of it lose their JSON as received, as the ticket itself does."""

_ANY = select(exists().where(PRUNED).select_from(tickets))
_AMONG = select(tickets.c.id).where(PRUNED, Among(tickets.c.id))


def prune(connection: Connection, before: datetime, most: int) -> int:
    """Prune the tickets longest closed that nobody has changed since `before`, so many at most; how many there were."""
    due = due_query(is_sqlite=connection.dialect.name == "sqlite")
    ids = list(connection.scalars(due, {"before": before, "most": most}))
    if ids:
        for table in REMOVED:
            connection.execute(delete(table).where(table.c.ticket_id.in_(ids)))
        for table in STRIPPED:
            connection.execute(update(table).where(table.c.ticket_id.in_(ids)).values(raw=None))
        connection.execute(update(tickets).where(tickets.c.id.in_(ids)).values(raw=None))
    return len(ids)


def due_query(*, is_sqlite: bool) -> TextualSelect:
    """Tickets to be pruned, the longest closed first. Left to itself SQLite takes the index on the status and sorts."""
    index = "INDEXED BY tickets_prunable" if is_sqlite else ""
    query = sql(
        f"SELECT id FROM tickets {index} WHERE {PRUNABLE} AND updated_at < :before ORDER BY updated_at LIMIT :most"  # noqa: S608 - our own constants
    )
    return query.bindparams(bindparam("before", type_=Moment())).columns(tickets.c.id)


def without_pruned(connection: Connection, page: Page) -> Page:
    """The page without what would bring back what was pruned."""
    names = [table.name for table in REMOVED if page.rows.get(table.name)]
    if not names or not connection.scalar(_ANY):
        return page
    ids = {row["ticket_id"] for name in names for row in page.rows[name]}
    pruned = select_ids(connection, _AMONG, ids)
    kept = {name: [row for row in page.rows[name] if row["ticket_id"] not in pruned] for name in names}
    return replace(page, rows={**page.rows, **kept})
