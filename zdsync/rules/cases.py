"""Test cases as an admin writes them: a ticket, its history, a moment, and what is expected then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from zdsync.errors import Problem
from zdsync.rules.findings import Check, problem
from zdsync.rules.model import Position
from zdsync.rules.reader import decode
from zdsync.rules.shapes.cases import CasesShape, keys_at
from zdsync.rules.shapes.check import check_shape
from zdsync.rules.tree import Tree, Value
from zdsync.rules.yaml_text import read_into

Given = Mapping[str, Value]
"""Values by the names that conditions use."""


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One entry of a case's history; `after` counts from the entry before it."""

    who: str
    at: datetime | None = None
    after: timedelta | None = None
    reply: str | None = None
    note: str | None = None
    attachments: int = 0
    changes: Given = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaseHold:
    """A lead's hold on the ticket; without `until` it has no end."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must be so after the decision; None is not looked at. `note` and `held` need only be part of what is said."""

    verdict: str | None = None
    tier: str | None = None
    rule: str | None = None
    group: str | None = None
    priority: str | None = None
    type: str | None = None
    status: str | None = None
    tags: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None
    note: str | None = None
    held: str | None = None
    no_change: bool | None = None


@dataclass(frozen=True, slots=True)
class RuleCase:
    """One case; `ticket` is the ticket as it was opened, and `history` what happened to it since."""

    name: str
    expect: Expectation
    at: datetime | None = None
    opened_by: str = "customer"
    ticket: Given = field(default_factory=dict)
    requester: Given = field(default_factory=dict)
    organization: Given = field(default_factory=dict)
    external: Mapping[str, Given] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    history: tuple[CaseEvent, ...] = ()
    whole_history: bool = True
    hold: CaseHold | None = None
    index: int = 0
    tree: Tree = field(default_factory=Tree, compare=False, repr=False)

    def where(self, *path: str | int) -> Position:
        """Where that part of the case is written."""
        return self.tree.where_key(("cases", self.index, *path))


def parse_cases(files: Sequence[tuple[str, str | bytes]]) -> tuple[tuple[RuleCase, ...], tuple[Problem, ...]]:
    """The cases of these files (name, content) in order, and every problem found in the files."""
    problems: list[Problem] = []
    cases: list[RuleCase] = []
    for name, content in files:
        text = decode(name, content, problems)
        if text is not None:
            cases += _parse(name, text, problems)
    _check_names(cases, problems)
    return tuple(cases), tuple(sorted(set(problems)))


def _parse(name: str, text: str, problems: list[Problem]) -> list[RuleCase]:
    tree, before = Tree(), len(problems)
    tree.values[()] = Position(name, 1, 1)
    read_into(tree, name, text, problems)
    document = check_shape(tree, CasesShape, keys_at, problems) if len(problems) == before else None
    return [_case(tree, index, given) for index, given in enumerate(document["cases"])] if document else []


def _case(tree: Tree, index: int, given: dict[str, Any]) -> RuleCase:
    expect: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in given["expect"].items()
    }
    made: dict[str, Any] = {
        **given,
        "expect": Expectation(**expect),
        "findings": tuple(given["findings"]),
        "history": tuple(CaseEvent(**event) for event in given["history"]),
        "hold": CaseHold(**given["hold"]) if given["hold"] is not None else None,
    }
    return RuleCase(**made, index=index, tree=tree)


def _check_names(cases: Sequence[RuleCase], problems: list[Problem]) -> None:
    first: dict[str, RuleCase] = {}
    for case in cases:
        if case.expect == Expectation():
            message = f"'{case.name}' expects nothing; say what must be so"
            problems.append(problem(Check.MISSING_KEY, case.where("expect"), message))
        earlier = first.setdefault(case.name, case)
        if earlier is not case:
            at = earlier.where("name")
            message = f"the name '{case.name}' is already at {at.file}:{at.line}"
            problems.append(problem(Check.DUPLICATE_ID, case.where("name"), message))
