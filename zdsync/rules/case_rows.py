"""Rows of external tables as test cases give them, checked against what the rules know of the tables."""

from __future__ import annotations

from collections.abc import Mapping

from zdsync.errors import Problem
from zdsync.model import ExternalRow, FieldValue
from zdsync.rules.cases import Given, RuleCase
from zdsync.rules.external import asked_columns, cell_reader, external_row
from zdsync.rules.findings import Check, nearest, problem
from zdsync.rules.model import External, RuleSet
from zdsync.rules.tree import Value
from zdsync.rules.vocabulary import plain


class RowMaker:
    """Makes the rows that cases give; of the tables only what the rule files say is known, since none is read."""

    def __init__(self, rules: RuleSet | None) -> None:
        tables = rules.external if rules else ()
        self._tables = {each.name: each for each in tables}
        self._columns = {each.name: asked_columns(rules, each) for each in tables} if rules else {}

    def make(self, case: RuleCase, problems: list[Problem]) -> dict[str, ExternalRow]:
        """The rows by table; what is faulty is recorded and left out."""
        made: dict[str, ExternalRow] = {}
        for name, given in case.external.items():
            table = self._tables.get(name)
            if table is None:
                hint = nearest(name, self._tables)
                message = f"no table '{name[:80]}' under `external:` of the rules{hint}"
                problems.append(problem(Check.UNKNOWN_NAME, case.where("external", name), message))
            else:
                made[name] = external_row(self._values(case, table, given, problems))
        return made

    def _values(
        self, case: RuleCase, table: External, given: Given, problems: list[Problem]
    ) -> Mapping[str, FieldValue]:
        asked = self._columns[table.name]
        values: dict[str, FieldValue] = dict.fromkeys(asked)
        for column, value in given.items():
            name = plain(column)
            at = case.where("external", table.name, column)
            if name not in asked and name not in table.types:
                message = f"no rule asks for '{table.name}.{column[:80]}'{nearest(column, asked)}"
                problems.append(problem(Check.UNKNOWN_FIELD, at, message))
                continue
            try:
                values[name] = cell_reader(table.types.get(name, "text"))(_cell(value))
            except ValueError as err:
                message = f"'{table.name}.{column}' is {err}; '{str(value)[:80]}' is not"
                problems.append(problem(Check.WRONG_VALUE, at, message))
        return values


def _cell(value: Value) -> object:
    """The value as a table would hold it."""
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(map(str, value)) if isinstance(value, list) else value
