"""The tables that rules join to tickets, read before any ticket is decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from zdsync.errors import Problem, RuleError
from zdsync.ports.mirror import Queries, QueryFault
from zdsync.rules.external import asked_columns, read_table
from zdsync.rules.findings import Check, problem
from zdsync.rules.load import read_csv
from zdsync.rules.model import External, RuleSet, Table


def with_tables(rules: RuleSet, queries: Queries | None) -> RuleSet:
    """The rules with each external table that rules ask about; raises RuleError with every problem.

    Without `queries`, tables that come from a database stay unread: their columns are taken on trust. Raises MirrorError
    for a database that does not answer, since deciding without it would misplace tickets.
    """
    problems: list[Problem] = []
    read = tuple(_read(each, asked_columns(rules, each), queries, problems) for each in rules.external)
    if problems:
        hint = "mend the table or the entry of `external:`; nothing is decided without it"
        raise RuleError(tuple(sorted(set(problems))), hint=hint)
    return replace(rules, external=read)


def _read(
    external: External, asked: Sequence[str], queries: Queries | None, problems: list[Problem]
) -> External:
    table: Table | None = None
    if asked and external.file:
        table = read_csv(external, asked, problems)
    elif asked and queries is not None:
        table = _ask(external, asked, queries, problems)
    return replace(external, table=table)


def _ask(external: External, asked: Sequence[str], queries: Queries, problems: list[Problem]) -> Table | None:
    at = external.marks["query"]

    def rows() -> Iterator[tuple[int, Sequence[Any]]]:
        yield from enumerate(queries.read(external.query, external.database))

    try:
        return read_table(external, asked, rows(), lambda _: at, problems)
    except QueryFault as err:
        problems.append(problem(Check.UNREADABLE, at, f"'{external.name}' cannot be read: {err}"))
        return None


def try_tables(rules: RuleSet) -> RuleSet:
    """The rules with the tables that can be read without a database; as they are when one cannot."""
    with suppress(RuleError):
        return with_tables(rules, None)
    return rules
