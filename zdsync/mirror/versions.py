"""Kept versions: every state that an SLA policy, a schedule or a holiday was seen in, since Zendesk keeps only the last.

Source: developer.zendesk.com, "SLA Policies" and "Schedules" (read 2026-11): neither shows what it was before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from zdsync.mirror.tables_rules import kept_versions as kept
from zdsync.streams import Page, Record, Stream

_KEPT = {
    Stream.SLA_POLICIES: ("sla_policies",),
    Stream.SCHEDULES: ("schedules", "schedule_holidays"),
}
"""Tables whose states are kept, by the list that brings them whole."""


def keep_versions(connection: Connection, page: Page) -> None:
    """Keep the states in a whole list that differ from the last ones, and end those that the list lacks."""
    for name in _KEPT.get(page.stream, ()):
        last = _read_last(connection, name)
        rows = page.rows.get(name, ())
        for row in rows:
            _keep(connection, name, row, last.get(row["id"]), page.served_at)
        _end_missed(connection, name, rows, last, page.served_at)


def _read_last(connection: Connection, name: str) -> dict[int, Row[Any]]:
    states = select(kept).where(kept.c.table_name == name).order_by(kept.c.valid_from)
    return {row.id: row for row in connection.execute(states)}


def _keep(connection: Connection, name: str, row: Record, last: Row[Any] | None, served_at: datetime) -> None:
    if last is not None and last.valid_until is None and last.raw == row["raw"]:
        return
    began = row.get("updated_at") or served_at
    if last is not None:
        if began <= (last.valid_until or last.valid_from):
            began = served_at
        _end(connection, name, last, began)
    state = {"table_name": name, "id": row["id"], "valid_from": began, "raw": row["raw"]}
    connection.execute(insert(kept).values(state))


def _end_missed(
    connection: Connection,
    name: str,
    rows: Sequence[Record],
    last: dict[int, Row[Any]],
    served_at: datetime,
) -> None:
    for id in last.keys() - {row["id"] for row in rows}:
        _end(connection, name, last[id], served_at)


def _end(connection: Connection, name: str, state: Row[Any], at: datetime) -> None:
    this = kept.c.table_name == name, kept.c.id == state.id, kept.c.valid_from == state.valid_from
    if state.valid_until is None:
        connection.execute(update(kept).where(*this).values(valid_until=at))
