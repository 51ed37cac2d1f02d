"""The fastest safe way to write many rows on each database: by key, newest wins, equal rows left alone.

Measured on 100,000 wide rows: SQLite's driver-level executemany and PostgreSQL's COPY are two to ten times faster than
SQLAlchemy's own statements, and their guards cost nothing. What PostgreSQL has no row of is copied straight into the
table, all else into a temporary one first; in binary, which costs both sides half of what text does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, Integer, Table
from sqlalchemy.types import TypeEngine

from zdsync.errors import MirrorError
from zdsync.mirror.columns import Json, Moment, json_as_text, moment_as_text
from zdsync.mirror.faults import database_errors
from zdsync.mirror.schema import MIRRORED
from zdsync.streams import Record

_UNCOMPARED = frozenset({"synced_at", "version"})
"""Columns of a mirrored table that alone make no row different."""


def upsert(
    connection: Connection, table: Table, records: Collection[Record], *, keeps_tombstones: bool = False
) -> int:
    """Write records whose keys are distinct; the number of rows that were new or became different.

    A mirrored row changes only when the record's `version` is not older. `keeps_tombstones` leaves a deleted row
    deleted, whatever the record says. Raises MirrorError for a value that no database could keep.
    """
    if not records:
        return 0
    try:
        return _upsert(connection, table, records, keeps_tombstones=keeps_tombstones)
    except (OverflowError, ValueError) as err:
        raise _unkeepable(table) from err
    except database_errors() as err:
        if "out of range" in str(err):
            raise _unkeepable(table) from err
        raise


def _unkeepable(table: Table) -> MirrorError:
    return MirrorError(
        f"a row of {table.name} holds what no database can keep: a number beyond 64 bits or broken text",
        hint="the page was left out whole; report it with the output of `zdsync doctor`",
    )


def _upsert(
    connection: Connection, table: Table, records: Collection[Record], *, keeps_tombstones: bool
) -> int:
    is_sqlite = connection.dialect.name == "sqlite"
    statement = _statement(table, is_sqlite=is_sqlite, keeps_tombstones=keeps_tombstones)
    if is_sqlite:
        # Its rows lie in the order of their keys: in that order a page's rows touch each of its pages once.
        ordered = sorted(records, key=itemgetter(*(column.name for column in table.primary_key.columns)))
        return connection.exec_driver_sql(statement, list(_encoded(table, ordered, is_sqlite=True))).rowcount
    new, known = _parted(connection, table, records)
    if new:
        _copy(connection, table, _name(table), new)
    if not known:
        return len(new)
    _make_stage(connection, table)
    _copy(connection, table, _stage(table), known)
    return len(new) + connection.exec_driver_sql(statement).rowcount


def _parted(
    connection: Connection, table: Table, records: Collection[Record]
) -> tuple[Collection[Record], Collection[Record]]:
    """The records that PostgreSQL surely has no row of, and the others.

    The former need no stage, and nobody can come before us: writers take turns. Only the first column of the key is
    asked for, so that one list of values will do.
    """
    key = next(iter(table.primary_key.columns))
    values = {record[key.name] for record in records}
    kind = _type_name(key.type)
    there = f"SELECT asked FROM unnest(%s::{kind}[]) AS asked WHERE EXISTS (SELECT FROM {_name(table)} WHERE {_quoted([key.name])} = asked)"  # noqa: S608 - names from our own schema; so below
    driver: Any = connection.connection.driver_connection
    # Planned for these values each time: a plan kept from when the table was small would read all of it.
    known = {found for (found,) in driver.execute(there, (list(values),), prepare=False)}
    if not known:
        return records, ()
    if len(known) == len(values):
        return (), records
    new = [record for record in records if record[key.name] not in known]
    return new, [record for record in records if record[key.name] in known]


def _encoded(table: Table, records: Collection[Record], *, is_sqlite: bool) -> Iterator[tuple[Any, ...]]:
    names = [column.name for column in table.columns]
    encoders = [_encoder(column.type, is_sqlite=is_sqlite) for column in table.columns]
    encoded = [(place, encode) for place, encode in enumerate(encoders) if encode is not None]
    for record in records:
        row = list(map(record.get, names))
        for place, encode in encoded:
            if row[place] is not None:
                row[place] = encode(row[place])
        yield tuple(row)


def _encoder(kind: TypeEngine[Any], *, is_sqlite: bool) -> Callable[[Any], object] | None:
    """What a driver is given for a value of this type; None for the value as it is."""
    if isinstance(kind, Json):
        return json_as_text
    if isinstance(kind, Moment):
        return moment_as_text if is_sqlite else _aware
    return None


def _aware(value: datetime) -> datetime:
    assert value.tzinfo is not None, "times are aware"
    return value


@cache
def _statement(table: Table, *, is_sqlite: bool, keeps_tombstones: bool) -> str:
    names = [column.name for column in table.columns]
    columns = _quoted(names)
    source = (
        f"VALUES ({', '.join('?' * len(names))})" if is_sqlite else f"SELECT {columns} FROM {_stage(table)}"  # noqa: S608 - names from our own schema; so below
    )
    return (
        f"INSERT INTO {_name(table)} ({columns}) {source} {_on_conflict(table, is_sqlite, keeps_tombstones)}"
    )


def _on_conflict(table: Table, is_sqlite: bool, keeps_tombstones: bool) -> str:
    keys = [column.name for column in table.primary_key.columns]
    values = [column.name for column in table.columns if column.name not in keys]
    if not values:
        return f"ON CONFLICT ({_quoted(keys)}) DO NOTHING"
    incoming = {name: f'excluded."{name}"' for name in values}
    if keeps_tombstones:
        incoming["deleted_at"] = f'COALESCE(excluded.deleted_at, {_name(table)}."deleted_at")'
    is_mirrored = table.name in MIRRORED
    compared = [name for name in values if not (is_mirrored and name in _UNCOMPARED)]
    stored = ", ".join(f'{_name(table)}."{name}"' for name in compared)
    differs = "IS NOT" if is_sqlite else "IS DISTINCT FROM"
    row = "" if is_sqlite else "ROW"
    changed = f"{row}({stored}) {differs} {row}({', '.join(incoming[name] for name in compared)})"
    not_older = f"{_name(table)}.version <= excluded.version AND " if is_mirrored else ""
    settings = ", ".join(f'"{name}" = {value}' for name, value in incoming.items())
    return f"ON CONFLICT ({_quoted(keys)}) DO UPDATE SET {settings} WHERE {not_older}{changed}"


def _make_stage(connection: Connection, table: Table) -> None:
    """An empty one, in one trip. It is emptied by each commit; to truncate what is empty would make its files anew."""
    stage = _stage(table)
    make = f"CREATE TEMP TABLE IF NOT EXISTS {stage} (LIKE {_name(table)}) ON COMMIT DELETE ROWS"
    connection.exec_driver_sql(f"{make}; DELETE FROM {stage}")  # noqa: S608 - names from our own schema


def _copy(connection: Connection, table: Table, place: str, records: Collection[Record]) -> None:
    columns = _quoted([column.name for column in table.columns])
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {place} ({columns}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types([_type_name(column.type) for column in table.columns])
        for row in _encoded(table, records, is_sqlite=False):
            copy.write_row(row)


def _type_name(kind: TypeEngine[Any]) -> str:
    """PostgreSQL's name of a column's type: binary data must be of exactly this one."""
    match kind:
        case Moment():
            return "timestamptz"
        case Boolean():
            return "bool"
        case BigInteger():
            return "int8"
        case Integer():
            return "int4"
        case _:
            return "text"


def _name(table: Table) -> str:
    return f'"{table.name}"'


def _stage(table: Table) -> str:
    return f'"zdsync_stage_{table.name}"'


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
