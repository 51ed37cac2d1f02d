"""Tables and views as values with their descriptions: what PostgreSQL is told and what `zdsync schema` shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, literal
from sqlalchemy.types import TypeEngine

from zdsync.mirror.columns import Json, Moment


@dataclass(frozen=True, slots=True)
class Described:
    """One column; `type` is bigint, integer, double, boolean, text, timestamp (UTC) or json (as text)."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class View:
    """A view: its documented columns in order, and the query of either database that gives them."""

    name: str
    comment: str
    columns: tuple[Described, ...]
    sqlite: str
    postgres: str


def describe(*columns: Column[Any]) -> tuple[Described, ...]:
    return tuple(Described(column.name, _type_word(column.type), column.comment or "") for column in columns)


def _type_word(kind: TypeEngine[Any]) -> str:
    if isinstance(kind, Moment):
        return "timestamp"
    if isinstance(kind, Json):
        return "json"
    if isinstance(kind, Boolean):
        return "boolean"
    if isinstance(kind, Integer):
        return "bigint" if isinstance(kind, BigInteger) else "integer"
    return "text"


def quoting(connection: Connection) -> Callable[[str], str]:
    """What makes a text a literal of this database's SQL, whatever it holds."""
    return lambda value: str(
        literal(value).compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    )
