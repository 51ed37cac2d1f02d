"""Reading what the check of rules looks at: the latest tickets, the account's own triggers and automations, and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from zdsync.account import NativeNames, NativeRule
from zdsync.mirror.tables_rules import automations, macros, triggers
from zdsync.mirror.tables_tickets import tickets
from zdsync.model import TicketId


def read_latest_ids(connection: Connection, since: datetime, most: int) -> tuple[TicketId, ...]:
    query = (
        select(tickets.c.id)
        .where(tickets.c.updated_at >= since, tickets.c.deleted_at.is_(None))
        .order_by(tickets.c.updated_at.desc(), tickets.c.id.desc())
        .limit(most)
    )
    return tuple(sorted(connection.scalars(query)))


def read_native_rules(connection: Connection) -> tuple[NativeRule, ...]:
    return tuple(_native_rules(connection))


def read_native_names(connection: Connection) -> NativeNames:
    return NativeNames(macros=_titles(connection, macros), triggers=_titles(connection, triggers))


def _titles(connection: Connection, table: Table) -> tuple[str, ...]:
    columns = table.c
    query = (
        select(columns.title)
        .where(columns.deleted_at.is_(None), columns.active.is_(True), columns.title.is_not(None))
        .order_by(columns.position, columns.id)
    )
    return tuple(connection.scalars(query))


def _native_rules(connection: Connection) -> Iterator[NativeRule]:
    for kind, table in (("trigger", triggers), ("automation", automations)):
        columns = table.c
        query = (
            select(columns.id, columns.title, columns.conditions, columns.actions)
            .where(columns.deleted_at.is_(None), columns.active.is_(True))
            .order_by(columns.position, columns.id)
        )
        for id, title, conditions, actions in connection.execute(query):
            asked = conditions or {}
            yield NativeRule(
                kind,
                id,
                title or "",
                tuple(_triples(asked.get("all") or ())),
                tuple(_changes(actions or ())),
                tuple(_triples(asked.get("any") or ())),
                notifies=any(str(row.get("field")).startswith("notification_") for row in actions or ()),
            )


def _triples(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for row in rows:
        yield str(row.get("field")), str(row.get("operator")), _text(row.get("value"))


def _text(value: Any) -> str:
    """A condition's value as rules that were typed have it: nothing is empty, several words are separated by spaces."""
    if isinstance(value, list):
        return " ".join(map(_text, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _changes(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for row in rows:
        if isinstance(row.get("value"), str | int | bool):
            yield str(row.get("field")), str(row["value"])
