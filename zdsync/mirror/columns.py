"""Portable column types, the same values on SQLite and PostgreSQL, and short makers of documented columns."""

# ruff: noqa: ARG002 - the signatures are SQLAlchemy's
from __future__ import annotations

import json as json_module
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

BigId = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
"""64 bits on both; on SQLite a single INTEGER key is the row's own address, so it needs no second index."""


@lru_cache(16_384)
def moment_as_text(value: datetime) -> str:
    """An aware datetime as SQLite keeps it, `2026-11-22 09:30:00` in UTC: sorts as text, known to its date functions.

    Kept for a while, as is what reads them: an object's times are mostly the same few, a page's objects share many.
    """
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ")[: -len("+00:00")]


def moment_from_text(value: str) -> datetime:
    """The inverse of `moment_as_text`."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


class SqliteMoment(UserDefinedType[datetime]):
    """How SQLite keeps a moment: a column declared DATETIME that holds the text of `moment_as_text`."""

    cache_ok = True

    def get_col_spec(self, **_kw: object) -> str:
        return "DATETIME"

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | None]:
        return lambda value: None if value is None else moment_as_text(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], datetime | None]:
        return lambda value: None if value is None else moment_from_text(value)


class Moment(TypeDecorator[datetime]):
    """A moment that goes in aware and comes out aware, in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(SqliteMoment())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None or value.tzinfo is UTC else value.astimezone(UTC)


def json_as_text(value: object) -> str:
    """A JSON value as both databases keep it, a number beyond 64 bits with all its digits."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return json_module.dumps(value, ensure_ascii=False, allow_nan=False)


class Json(TypeDecorator[Any]):
    """A JSON value kept as text, readable by either database's JSON functions; None is SQL's null."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        return None if value is None else json_as_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


def key(name: str, comment: str) -> Column[Any]:
    """A column of the natural key, an id."""
    return Column(name, BigId, primary_key=True, autoincrement=False, comment=comment)


def number(name: str, comment: str, *, required: bool = False) -> Column[Any]:
    return Column(name, BigId, nullable=not required, comment=comment)


def text(name: str, comment: str, *, required: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=not required, comment=comment)


def moment(name: str, comment: str, *, required: bool = False) -> Column[Any]:
    return Column(name, Moment, nullable=not required, comment=comment)


def flag(name: str, comment: str, *, required: bool = False) -> Column[Any]:
    return Column(name, Boolean, nullable=not required, comment=comment)


def json(name: str, comment: str, *, required: bool = False) -> Column[Any]:
    return Column(name, Json, nullable=not required, comment=comment)
