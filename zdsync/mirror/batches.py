"""Long lists in pieces that either database takes as the parameters of one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ARRAY, BigInteger, Boolean, Connection, Delete, Select, any_, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Item = TypeVar("Item")

PARAMETERS = 1000
"""Far below SQLite's 32,766 and PostgreSQL's 65,535."""


class Among(FunctionElement[bool]):
    """`Among(column)`: whether the column's value is in the list given as the parameter `ids`.

    PostgreSQL takes the list as one array: a thousand parameters of a statement cost its driver more than the query.
    """

    type = Boolean()
    inherit_cache = True


@compiles(Among)
def _among_values(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    (column,) = element.clauses
    return compiler.process(column.in_(bindparam("ids", expanding=True)), **kw)


@compiles(Among, "postgresql")
def _among_array(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    (column,) = element.clauses
    return compiler.process(column == any_(bindparam("ids", type_=ARRAY(BigInteger))), **kw)


def in_batches(items: Collection[Item], size: int = PARAMETERS) -> Iterator[list[Item]]:
    """The items in their order, at most `size` at a time."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def select_ids(connection: Connection, query: Select[Any], ids: Collection[int]) -> set[int]:
    """The ids that `query`, with its parameter `ids` given in pieces, finds among `ids`."""
    return {found for batch in in_batches(ids) for found in connection.scalars(query, {"ids": batch})}


def delete_ids(connection: Connection, statement: Delete, ids: Collection[int]) -> None:
    """Run `statement`, with its parameter `ids` given in pieces, for `ids`."""
    for batch in in_batches(ids):
        connection.execute(statement, {"ids": batch})


def as_rows(values: Collection[int | str], name: str) -> Sequence[dict[str, int | str]]:
    """The parameters of a statement that runs once per value."""
    return [{name: value} for value in values]
