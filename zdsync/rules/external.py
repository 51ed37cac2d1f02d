"""Tables from beside Zendesk: how `external:` names them, how their rows are read, and which row is a ticket's."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from zdsync.errors import Problem
from zdsync.model import Case, ExternalRow, FieldValue, JoinKeys
from zdsync.rules.fields import fold_name, to_number, to_span
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.model import External, Position, RuleSet, Table
from zdsync.rules.tree import Tree
from zdsync.rules.vocabulary import plain

MOST_ROWS = 1_000_000
LONGEST_LINE = 1_000_000
_MOST_PROBLEMS = 20
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

Rows = Iterable[tuple[int, Sequence[Any]]]
"""Rows with the line on which each begins."""


class UnreadableError(Exception):
    """The table cannot be read any further; its problem is recorded."""


def externals(tree: Tree, document: Mapping[str, Any]) -> tuple[External, ...]:
    """The tables that `external:` names, none of them read yet."""
    return tuple(
        External(
            name=name,
            key=shape["key"],
            column=shape["column"] or shape["key"].rpartition(".")[2],
            file=shape["file"] or "",
            query=shape["query"] or "",
            database=shape["database"] or "",
            types={plain(column): type for column, type in shape["columns"].items()},
            marks={
                "": tree.where_key(("external", name)),
                **{key: tree.where_key(("external", name, key)) for key in shape},
            },
        )
        for name, shape in document.items()
    )


def asked_columns(rules: RuleSet, external: External) -> tuple[str, ...]:
    """The columns that conditions and gates read, by plain name."""
    names = (plain(name).partition(".") for name in rules.asked_fields())
    return tuple(dict.fromkeys(column for table, _, column in names if table == external.name))


# Reading


def csv_rows(name: str, lines: Iterable[bytes], problems: list[Problem]) -> Rows:
    """The cells of a CSV file, header first; a file with `;` or tabs between its cells is read by these.

    Raises UnreadableError for what is no UTF-8 or no CSV, on the very line.
    """
    line = 0

    def texts() -> Iterator[str]:
        nonlocal line
        for line, raw in enumerate(lines, 1):
            if len(raw) > LONGEST_LINE:
                raise UnicodeError(f"a line is longer than {LONGEST_LINE:,} bytes")
            yield raw.decode("utf-8-sig" if line == 1 else "utf-8")

    decoded = texts()
    begins = 1
    try:
        first = next(decoded, "")
        between = max(",;\t", key=first.count)
        for cells in csv.reader(chain((first,), decoded), delimiter=between, strict=True):
            if cells:
                yield begins, cells
            begins = line + 1
    except UnicodeDecodeError:
        _stop(name, line, "this is not UTF-8 text; save the file as UTF-8", problems)
    except (csv.Error, UnicodeError) as err:
        _stop(name, max(begins, 1), f"this is no CSV: {err}", problems)


def _stop(name: str, line: int, message: str, problems: list[Problem]) -> None:
    problems.append(problem(Check.UNREADABLE, Position(name, line, 1), message))
    raise UnreadableError


def read_table(
    external: External,
    asked: Sequence[str],
    rows: Rows,
    where: Callable[[int], Position],
    problems: list[Problem],
) -> Table | None:
    """The table of these rows, header first; None with the problems recorded.

    Only the asked columns are kept, equal texts once. A row with an empty key belongs to no ticket and is left out.
    `where` gives the position of a line. Rows may raise UnreadableError.
    """
    reading = _Reading(external, asked, where, problems)
    try:
        for line, cells in rows:
            reading.take(line, cells)
    except UnreadableError:
        return None
    return reading.table()


class _Reading:
    """One table under way."""

    def __init__(
        self,
        external: External,
        asked: Sequence[str],
        where: Callable[[int], Position],
        problems: list[Problem],
    ) -> None:
        self._external = external
        self._asked = asked
        self._where = where
        self._problems = problems
        self._before = len(problems)
        self._columns: dict[str, str] = {}
        self._width = 0
        self._key = 0
        self._kept: tuple[tuple[int, str, Callable[[Any], FieldValue]], ...] = ()
        self._rows: dict[str, tuple[FieldValue, ...]] = {}
        self._lines: dict[str, int] = {}
        self._known: dict[Any, FieldValue] = {}

    def take(self, line: int, cells: Sequence[Any]) -> None:
        if not self._width:
            self._header(cells)
            return
        if len(cells) != self._width:
            message = f"the row has {len(cells)} cells, the header {self._width}"
            self._add(Check.WRONG_VALUE, self._where(line), message)
            return
        key = fold_name("" if cells[self._key] is None else cells[self._key])
        if not key:
            return
        if key in self._rows:
            first = self._where(self._lines[key])
            message = (
                f"the key '{key[:80]}' of '{self._external.name}' is already at {first.file}:{first.line}"
            )
            self._add(Check.DUPLICATE_KEY, self._where(line), message)
        if len(self._rows) >= MOST_ROWS:
            self._add(Check.UNREADABLE, self._where(line), f"the table has more than {MOST_ROWS:,} rows")
            raise UnreadableError
        self._lines[key] = line
        try:
            self._rows[key] = tuple([self._same(read(cells[at])) for at, _, read in self._kept])
        except ValueError:
            self._tell_unfit(line, cells)

    def _same(self, value: FieldValue) -> FieldValue:
        """Equal texts are one object."""
        return self._known.setdefault(value, value) if type(value) is str else value

    def _tell_unfit(self, line: int, cells: Sequence[Any]) -> None:
        for at, name, read in self._kept:
            try:
                read(cells[at])
            except ValueError as err:
                message = f"'{self._external.name}.{name}' is {err}; '{str(cells[at])[:80]}' is not"
                self._add(Check.WRONG_VALUE, self._where(line), message)

    def _header(self, cells: Sequence[Any]) -> None:
        external = self._external
        names = [str(cell).strip() for cell in cells]
        self._width = len(names)
        self._columns = {plain(name): name for name in reversed(names)}
        places = {plain(name): at for at, name in reversed([*enumerate(names)])}
        hint = "write `column: …` with the one that holds the key"
        missing = [("column", external.column, hint), *(("columns", one, "") for one in external.types)]
        for mark, column, remedy in missing:
            if plain(column) not in places:
                near = nearest(column, names) or f"; columns: {quoted(names[:12])}"
                message = f"'{external.name}' has no column '{column[:80]}'{near}"
                at = external.marks.get(mark) or external.marks[""]
                self._add(Check.UNKNOWN_NAME, at, f"{message}; {remedy}" if remedy else message)
        if len(self._problems) > self._before:
            raise UnreadableError
        self._key = places[plain(external.column)]
        types = external.types
        self._kept = tuple(
            (places[one], one, cell_reader(types.get(one, "text"))) for one in self._asked if one in places
        )

    def table(self) -> Table | None:
        if not self._rows and len(self._problems) == self._before:
            message = (
                f"'{self._external.name}' has no rows; a table that is suddenly empty would misplace tickets"
            )
            self._add(Check.UNREADABLE, self._external.marks[""], message)
        if len(self._problems) > self._before:
            return None
        return Table(self._columns, tuple(name for _, name, _ in self._kept), self._rows)

    def _add(self, check: Check, at: Position, message: str) -> None:
        self._problems.append(problem(check, at, message))
        if len(self._problems) - self._before >= _MOST_PROBLEMS:
            raise UnreadableError


def cell_reader(type: str) -> Callable[[Any], FieldValue]:
    """What a cell holds in a column of that type, None when it is empty; raises ValueError telling what the column is."""
    return _READERS[type]


def _text(cell: Any) -> str | None:
    return (cell if type(cell) is str else "" if cell is None else str(cell)).strip() or None


def _number(cell: Any) -> FieldValue:
    if cell is None or cell == "":
        return None
    number = to_number(cell)
    if number is None and _text(cell) is not None:
        raise ValueError("a number")
    return number


def _date(cell: Any) -> FieldValue:
    text = _text(cell)
    if text is not None and to_span(text) is None:
        raise ValueError("a date such as 2026-12-31")
    return text


def _checkbox(cell: Any) -> FieldValue:
    text = _text(cell)
    if text is None:
        return None
    if text.casefold() not in _WORDS:
        raise ValueError("a checkbox: true or false, yes or no, 1 or 0")
    return _WORDS[text.casefold()]


def _tags(cell: Any) -> FieldValue:
    words = (_text(cell) or "").replace(",", " ").replace(";", " ").casefold().split()
    return tuple(dict.fromkeys(words)) or None


_READERS: Mapping[str, Callable[[Any], FieldValue]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "checkbox": _checkbox,
    "tags": _tags,
}


# Joining


def join(case: Case, externals: Iterable[External]) -> Case:
    """The case with the rows that the tables have for it; one that has rows already keeps them."""
    if case.external:
        return case
    found = rows_of(keys_of(case), externals)
    return replace(case, external=found) if found else case


def keys_of(case: Case) -> JoinKeys:
    """What the case's rows are found by."""
    company, requester = case.organization, case.requester
    email = requester.email if requester else None
    if company is None:
        return JoinKeys(email)
    return JoinKeys(email, company.name, company.external_id, company.domains)


def rows_of(keys: JoinKeys, externals: Iterable[External]) -> dict[str, ExternalRow]:
    """The rows that the tables have for a ticket with these keys, by the table's name."""
    return {each.name: row for each in externals if (row := _row(each, keys)) is not None}


def rows_digest(rows: Mapping[str, ExternalRow]) -> str:
    """Another one when a row comes, goes or changes in a column that rules read; empty for no rows."""
    told = sorted((name, row.digest) for name, row in rows.items())
    return _digest(told) if told else ""


def _row(external: External, keys: JoinKeys) -> ExternalRow | None:
    table = external.table
    if table is None:
        return None
    words = _words_of(external.key, keys)
    values = next((row for word in words if (row := table.rows.get(fold_name(word)))), None)
    return external_row(dict(zip(table.kept, values, strict=True))) if values is not None else None


def external_row(values: Mapping[str, FieldValue]) -> ExternalRow:
    """A row with its digest."""
    return ExternalRow(values, _digest(sorted(values.items())))


def _digest(told: object) -> str:
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _words_of(key: str, keys: JoinKeys) -> tuple[str, ...]:
    """What the ticket has to be found by; of several domains the first that has a row counts."""
    match key:
        case "organization.domain":
            return keys.domains
        case "organization.name":
            word = keys.name
        case "organization.external_id":
            word = keys.external_id
        case _:
            word = keys.email
    return (word,) if word else ()
