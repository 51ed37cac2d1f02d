"""What every table of the mirror has in common: where it is registered, and the columns that return."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, MetaData, Table, TextClause
from sqlalchemy import text as sql

from zdsync.mirror.columns import flag, json, moment, number, text

METADATA = MetaData()

OWN_COLUMNS = frozenset({"synced_at", "deleted_at", "version"})
"""Columns that the mirror fills itself; all others come in a page's rows."""

MIRRORED: dict[str, Table] = {}
"""Tables that hold Zendesk's objects, one row per id."""

UNSOLVED_ALIVE = sql("status IN ('new', 'open', 'pending', 'hold') AND deleted_at IS NULL")
"""Unsolved tickets, word for word as the partial index has it, so that both databases use the index."""

PRUNABLE = sql("status IN ('closed', 'deleted') AND raw IS NOT NULL")
PRUNED = sql("raw IS NULL")
"""Tickets of which something may be pruned, and those that were, likewise."""


def mirrored(name: str, comment: str, *columns: Column[Any], indexes: dict[str, str] | None = None) -> Table:
    """A table of Zendesk's objects: `columns`, the JSON as received, and when the mirror wrote or lost the row.

    `indexes` maps an index's ending to its columns; tombstones have a small index of their own.
    """
    table = Table(
        name,
        METADATA,
        *columns,
        json("raw", "The object as the API sent it, after masking (JSON); null once pruned"),
        moment("synced_at", "When the mirror last wrote this row", required=True),
        moment("deleted_at", "When the object was deleted in Zendesk or first missed; null while it lives"),
        number("version", "Age of the row, epoch seconds; an older one never replaces it", required=True),
        comment=comment,
    )
    partial_index(f"{name}_deleted", table.c.deleted_at, where=sql("deleted_at IS NOT NULL"))
    for ending, names in (indexes or {}).items():
        Index(f"{name}_{ending}", *(table.c[column] for column in names.split()))
    MIRRORED[name] = table
    return table


def partial_index(name: str, column: Column[Any] | str, *, where: TextClause) -> Index:
    """An index of those rows alone for which `where` holds, as the revisions make it on both databases.

    The condition is kept as a note: as PostgreSQL's own option it would load the whole dialect, with everything that
    talks to such a server, into every command on SQLite.
    """
    return Index(name, column, info={"where": where})


def key_of(table: Table) -> Column[Any]:
    """The column that tells a mirrored object from others: its id, a tag's name."""
    (key,) = table.primary_key.columns
    return key


def created() -> Column[Any]:
    return moment("created_at", "When it was created")


def updated() -> Column[Any]:
    return moment("updated_at", "When it was last changed")


def url() -> Column[Any]:
    return text("url", "The object's API address")


def active() -> Column[Any]:
    return flag("active", "Whether it is in use")


def position() -> Column[Any]:
    return number("position", "Place in the account's order")


def title() -> Column[Any]:
    return text("title", "Title as shown")


def columns_without(table: Table, *names: str) -> list[Column[Any]]:
    """The table's columns but these, `raw` and the mirror's own: what a reader has no use for is not worth decoding."""
    unwanted = {*names, "raw", *(OWN_COLUMNS if table.name in MIRRORED else ())}
    return [column for column in table.columns if column.name not in unwanted]


def unsolved_index(*, is_sqlite: bool) -> str:
    """What makes SQLite use it, which left to itself takes the index on the status and reads every ticket's row."""
    return "INDEXED BY tickets_unsolved" if is_sqlite else ""
