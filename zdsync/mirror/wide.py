"""Wide views: tickets, users and organizations with a column per custom field, named once and for all.

A column keeps the name and the type that its field had when it was first seen, in `zdsync_wide_columns`: a field that is
renamed, or whose values change their kind, moves no column and breaks no query. Titles never become SQL.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import Connection, Row, Table, insert, select
from sqlalchemy import text as sql

from zdsync.account import CUSTOM_FIELD_TYPES
from zdsync.errors import MirrorError
from zdsync.mirror.base import columns_without
from zdsync.mirror.columns import flag, number, text
from zdsync.mirror.described import Described, View, describe
from zdsync.mirror.engine import Database
from zdsync.mirror.tables_account import organization_fields, organizations, ticket_fields, user_fields, users
from zdsync.mirror.tables_own import zdsync_wide_columns as known
from zdsync.mirror.tables_tickets import tickets
from zdsync.mirror.views import create_view
from zdsync.mirror.wide_sql import speaker_for
from zdsync.streams import Page

log = logging.getLogger(__name__)

LONGEST_NAME = 50
"""PostgreSQL cuts names at 63 bytes; the rest is for a number and `_label`."""
_LOCK_PATIENCE_MS = 2000
_NAMED_CHOICES = frozenset({"tagger", "multiselect", "dropdown"})


@dataclass(frozen=True, slots=True)
class _Subject:
    """A table whose objects carry custom fields: where the values stand, and which table defines the fields."""

    table: Table
    values: str
    fields: Table
    what: str


_SUBJECTS: Mapping[str, _Subject] = {
    "tickets_wide": _Subject(tickets, "custom_fields", ticket_fields, "ticket"),
    "users_wide": _Subject(users, "user_fields", user_fields, "customer, agent or admin"),
    "organizations_wide": _Subject(organizations, "organization_fields", organization_fields, "organization"),
}
NAMES = tuple(_SUBJECTS)


def column_name(title: str, field: str, taken: Collection[str]) -> str:
    """A plain lower-case name for a field of this title, distinct from all that are taken, its label's too."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain)[:LONGEST_NAME].strip("_")
    if not name or name[0].isdigit():
        name = f"field_{name or re.sub(r'[^a-z0-9]+', '_', field.lower())}"[:LONGEST_NAME].strip("_")
    free = (f"{name}_{again}" if again > 1 else name for again in count(1))
    return next(each for each in free if each not in taken and f"{each}_label" not in taken)


def renew_after(database: Database, page: Page) -> None:
    """Name the fields that a page brought for the first time, and let the views show them.

    A reader who holds a view in PostgreSQL is not waited for: the next list of fields tries again.
    """
    if not any(page.rows.get(subject.fields.name) for subject in _SUBJECTS.values()):
        return
    with database.reading() as connection:
        if _is_current(connection):
            return
    try:
        with database.writing() as connection:
            if not database.is_sqlite:
                connection.execute(sql(f"SET LOCAL lock_timeout = {_LOCK_PATIENCE_MS}"))
            make_wide_views(connection)
    except MirrorError as err:
        log.warning("mirror.wide_views_wait", extra={"detail": err.message})


def _is_current(connection: Connection) -> bool:
    return all(
        not list(_unnamed(connection, name))
        and _shown(connection, name) == [column.name for column in wide_view(connection, name).columns]
        for name in _SUBJECTS
    )


def _shown(connection: Connection, name: str) -> list[str]:
    return list(connection.execute(sql(f"SELECT * FROM {name} LIMIT 0")).keys())  # noqa: S608 - our own names; so below


def make_wide_views(connection: Connection) -> None:
    """Name what has no name yet and make the three views from what is named."""
    for name in _SUBJECTS:
        _name_fields(connection, name)
        create_view(connection, wide_view(connection, name))


def _unnamed(connection: Connection, view: str) -> Iterator[Row[Any]]:
    fields = _SUBJECTS[view].fields
    named = {row.field for row in _read_named(connection, view)}
    for row in connection.execute(select(fields).order_by(fields.c.id)):
        is_custom = fields is not ticket_fields or row.type in CUSTOM_FIELD_TYPES
        if is_custom and _field_of(row, fields) not in {*named, ""}:
            yield row


def _field_of(row: Row[Any], fields: Table) -> str:
    return str(row.id) if fields is ticket_fields else row.key or ""


def _read_named(connection: Connection, view: str) -> Sequence[Row[Any]]:
    return connection.execute(select(known).where(known.c.view_name == view).order_by(known.c.position)).all()


def _name_fields(connection: Connection, view: str) -> None:
    subject = _SUBJECTS[view]
    named = _read_named(connection, view)
    taken = {column.name for column in subject.table.columns}
    for row in named:
        taken |= {row.column_name, f"{row.column_name}_label"}
    for position, row in enumerate(list(_unnamed(connection, view)), len(named)):
        field = _field_of(row, subject.fields)
        name = column_name(row.title or "", field, taken)
        taken |= {name, f"{name}_label"}
        values = {"column_name": name, "title": row.title or "", "type": row.type or ""}
        connection.execute(insert(known).values(view_name=view, field=field, position=position, **values))


def wide_view(connection: Connection, name: str) -> View:
    """The view as the fields named so far make it."""
    subject = _SUBJECTS[name]
    named = _read_named(connection, name)
    taken = {row.column_name for row in named}
    base = [column for column in columns_without(subject.table, subject.values) if column.name not in taken]
    base.append(subject.table.c.synced_at)
    columns = (*describe(*base), *(column for row in named for column in _columns(row)))
    speaker = speaker_for(connection, subject.table.name, subject.values, subject.fields.name)
    parts = [f't."{column.name}"' for column in base]
    for row in named:
        parts.append(f'{speaker.value(row.field, row.type)} AS "{row.column_name}"')
        if row.type in _NAMED_CHOICES:
            parts.append(f'{speaker.label(row.field, row.type)} AS "{row.column_name}_label"')
    query = f"SELECT {', '.join(parts)} FROM {speaker.source} WHERE t.deleted_at IS NULL"  # noqa: S608
    comment = f"One row per living {subject.what}, with a column per custom field and labels beside choices"
    return View(name, comment, columns, sqlite=query, postgres=query)


def _columns(row: Row[Any]) -> Iterator[Described]:
    """The columns of one custom field: its value, typed, and its label where it is a choice."""
    what = f"Custom field {row.title!r} ({row.type}, {row.field})"
    match row.type:
        case "checkbox":
            yield from describe(flag(row.column_name, what))
        case "integer":
            yield from describe(number(row.column_name, f"{what}; null for what is no whole number"))
        case "decimal":
            yield Described(row.column_name, "double", f"{what}; null for what is no number")
        case "multiselect":
            yield from describe(text(row.column_name, f"{what}: tags of the choices (JSON list)"))
        case _:
            yield from describe(text(row.column_name, what))
    if row.type in _NAMED_CHOICES:
        yield from describe(text(f"{row.column_name}_label", f"{what}: what the choice is called now"))
