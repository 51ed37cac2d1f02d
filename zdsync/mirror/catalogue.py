"""The catalogue: every table and view of the mirror with its columns, each in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from zdsync.mirror.described import Described, describe
from zdsync.mirror.engine import Database
from zdsync.mirror.schema import METADATA
from zdsync.mirror.views import VIEWS
from zdsync.mirror.wide import NAMES, wide_view


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a view and what a row of it is."""

    name: str
    is_view: bool
    comment: str
    columns: tuple[Described, ...]


def read_catalogue(database: Database) -> tuple[Relation, ...]:
    """Views first, then tables, by name; the wide views as this account's custom fields make them."""
    with database.reading() as connection:
        views = (*VIEWS, *(wide_view(connection, name) for name in NAMES))
    found = [Relation(view.name, is_view=True, comment=view.comment, columns=view.columns) for view in views]
    found += [
        Relation(table.name, is_view=False, comment=table.comment or "", columns=describe(*table.columns))
        for table in METADATA.tables.values()
    ]
    return tuple(sorted(found, key=lambda relation: (not relation.is_view, relation.name)))
