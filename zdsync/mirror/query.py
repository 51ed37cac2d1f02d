"""Questions in SQL that cannot change anything: one statement, read only by what the database itself allows."""

from __future__ import annotations

import re
import sqlite3
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import Connection
from sqlalchemy import text as sql

from zdsync.mirror.columns import moment_as_text
from zdsync.mirror.engine import Database
from zdsync.mirror.faults import database_errors

_READING = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_STEPS_BETWEEN_LOOKS = 100_000
_LARGEST_VALUE_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns with distinct names, and rows of texts, numbers, booleans and None; times are UTC text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool
    """Whether there were more rows than asked for."""


class QueryRefused(Exception):
    """The statement is no question, or the database does not understand it; the message says which."""


def run_query(database: Database, statement: str, *, limit: int, timeout_s: float = 60.0) -> Answer:
    """The first `limit` rows of one SELECT; `database` must have been opened read-only.

    Raises QueryRefused for anything else: writes, several statements, ATTACH, PRAGMA, temporary tables, and for a
    question that takes longer than `timeout_s`.
    """
    with closing(stream_query(database, statement, timeout_s=timeout_s, batch=limit + 1)) as stream:
        names = next(stream)
        rows = tuple(tuple(row) for row in islice(stream, limit + 1))
    return Answer(_distinct(names), rows[:limit], is_cut=len(rows) > limit)


def stream_query(
    database: Database, statement: str, *, timeout_s: float = 60.0, batch: int = 5_000
) -> Generator[Sequence[Any]]:
    """The names of the columns, then every row, fetched in batches; refuses what `run_query` refuses."""
    assert database.read_only, "queries run on a database opened read-only"
    text = statement.strip().rstrip(";").strip()
    if not text:
        raise QueryRefused("there is no statement")
    ask = _ask_sqlite if database.is_sqlite else _ask_postgres
    with database.reading() as connection, closing(ask(connection, text, batch, timeout_s)) as found:
        yield next(found)
        for row in found:
            yield tuple(map(_plain, row))


Found = Generator[Sequence[Any]]


def _ask_sqlite(connection: Connection, text: str, batch: int, timeout_s: float) -> Found:
    driver: Any = connection.connection.driver_connection
    with _only_reading(driver, timeout_s):
        try:
            cursor = driver.execute(text)
            yield [column[0] for column in cursor.description or ()]
            while rows := cursor.fetchmany(batch):
                yield from rows
        except (sqlite3.Error, sqlite3.Warning) as err:
            raise QueryRefused(_SQLITE_WORDS.get(str(err), str(err))) from err


_SQLITE_WORDS = {
    "not authorized": "only SELECT is allowed here: nothing that writes, attaches or changes settings",
    "interrupted": "the question took too long",
}


@contextmanager
def _only_reading(driver: sqlite3.Connection, timeout_s: float) -> Iterator[None]:
    """SQLite asks before every act of a statement whether it may: reading is all it may."""
    deadline = time.monotonic() + timeout_s
    length = driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE_BYTES)
    driver.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
    driver.set_authorizer(lambda act, *_: sqlite3.SQLITE_OK if act in _READING else sqlite3.SQLITE_DENY)
    try:
        yield
    finally:
        driver.set_authorizer(None)
        driver.set_progress_handler(None, 0)
        driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, length)


def _ask_postgres(connection: Connection, text: str, batch: int, timeout_s: float) -> Found:
    """As a cursor, which PostgreSQL declares for one SELECT only, in a transaction that it keeps from writing.

    Prepared, because only then the server refuses several statements in one text.
    Source: postgresql.org, "DECLARE", "SET TRANSACTION" and "Extended Query" (read 2026-11).
    """
    _refuse_deeds(connection, text)
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(timeout_s * 1000)}")
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor:
            cursor.execute(f"DECLARE zdsync_query NO SCROLL CURSOR FOR {text}", prepare=True)
            cursor.execute(f"FETCH FORWARD {batch} FROM zdsync_query")
            yield [column.name for column in cursor.description]
            while rows := cursor.fetchall():
                yield from rows
                cursor.execute(f"FETCH FORWARD {batch} FROM zdsync_query")
    except database_errors() as err:
        raise QueryRefused(str(err).splitlines()[0]) from err


_WORD = re.compile(r"[^\W\d][\w$]*")
_SPELT_OUT = re.compile(r"\bu&\"", re.IGNORECASE)
_HARMLESS = frozenset(
    "random random_normal setseed clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 current_query system bernoulli "
    "pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size".split()
)
_VOLATILE = sql(
    "SELECT proname FROM pg_proc WHERE provolatile = 'v' AND lower(proname) = ANY(:words) LIMIT 1"
)


def _refuse_deeds(connection: Connection, text: str) -> None:
    """Refuse a question that names a function which may do something: end sessions, take locks, read the server's files.

    A read-only transaction lets these through. Whatever calls one has to name it, so every word counts, wherever it stands.
    Source: postgresql.org, "Function Volatility Categories" (read 2026-11): what has side effects must be volatile.
    """
    if _SPELT_OUT.search(text):
        raise QueryRefused("names must be written as they are, not as U&")
    words = sorted({word.lower() for word in _WORD.findall(text)} - _HARMLESS)
    name = connection.scalar(_VOLATILE, {"words": words})
    if name is not None:
        raise QueryRefused(
            f"only SELECT is allowed here, and {name} is a function that may do more than read"
        )


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names, with a number behind those that come again."""
    seen: Counter[str] = Counter()
    chosen: list[str] = []
    for name in names:
        seen[name] += 1
        chosen.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(chosen)


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime() if value.tzinfo is not None:
            return moment_as_text(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case bytes():
            return value.hex()
        case _:
            return str(value)
