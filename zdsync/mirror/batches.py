"""Long lists in pieces that either database takes as the parameters of one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Select

Item = TypeVar("Item")

PARAMETERS = 1000
"""Far below SQLite's 32,766 and PostgreSQL's 65,535."""


def in_batches(items: Collection[Item], size: int = PARAMETERS) -> Iterator[list[Item]]:
    """The items in their order, at most `size` at a time."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def select_ids(connection: Connection, query: Select[Any], ids: Collection[int]) -> set[int]:
    """The ids that `query`, with its parameter `ids` given in pieces, finds among `ids`."""
    return {found for batch in in_batches(ids) for found in connection.scalars(query, {"ids": batch})}


def as_rows(values: Collection[int | str], name: str) -> Sequence[dict[str, int | str]]:
    """The parameters of a statement that runs once per value."""
    return [{name: value} for value in values]
