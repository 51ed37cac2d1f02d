"""Small tables as values: what a person reads in a terminal and a script reads as JSON come from the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Cell = str | int | float | datetime | None


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; an empty one shows `empty` instead."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "nothing"


def from_records(title: str, records: Sequence[Mapping[str, Any]], *, empty: str = "nothing") -> Table:
    """A table of dictionaries that share their keys, in the order of the first."""
    columns = tuple(records[0]) if records else ()
    return Table(title, columns, tuple(tuple(record[name] for name in columns) for record in records), empty)


def cell_text(cell: Cell) -> str:
    """A cell for people: `–` for nothing, times to the second in UTC, numbers without noise."""
    match cell:
        case None | "":
            return "–"
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M:%S}"
        case float():
            return f"{cell:.1f}"
        case _:
            return str(cell)


def as_records(table: Table) -> list[dict[str, Any]]:
    """The same rows for scripts: times in ISO 8601."""
    return [dict(zip(table.columns, map(_plain, row), strict=True)) for row in table.rows]


def _plain(cell: Cell) -> Any:
    return cell.isoformat() if isinstance(cell, datetime) else cell


def counted(counts: Mapping[str, int]) -> str:
    """`3 assigned, 2 kept`; in the order given, zeros left out."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "none"


def age_text(span: timedelta) -> str:
    """A span in the largest unit that keeps it readable: `45 s`, `12 min`, `3 h`, `5 d`."""
    seconds = int(span.total_seconds())
    for unit, size in (("d", 172_800), ("h", 7200), ("min", 120)):
        if seconds >= size:
            return f"{seconds // (size // 2 if unit != 'min' else 60)} {unit}"
    return f"{seconds} s"


def joined(words: Iterable[str]) -> str:
    return ", ".join(words)
