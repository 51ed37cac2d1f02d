"""Conditions as an admin may write them, read into the one form that the rest of zdsync knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from zdsync.errors import Problem
from zdsync.rules.fields import misfits
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.model import (
    NEGATIVE,
    AnyCondition,
    Condition,
    NamedCondition,
    Operator,
    Position,
    Scalar,
)
from zdsync.rules.tree import Path, Tree, Value
from zdsync.rules.triples import SEARCHED_TOO, NoEqualError, from_triple
from zdsync.rules.vocabulary import built_in, unknown_field

_REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_-]*)")
_BARE = frozenset({Operator.PRESENT, Operator.NOT_PRESENT})
_MAX_SIZE = 2_000
_MAX_DEPTH = 10
_MOST_PROBLEMS = 500
"""After so many faults of all files no further condition is read: each costs a search for the nearest word."""


class ConditionReader:
    """Reads the conditions of one tree; faults go to `problems`, and what is faulty is left out.

    `used_lists` and `used_names` tell afterwards what was referred to.
    """

    def __init__(self, tree: Tree, problems: list[Problem]) -> None:
        self._tree = tree
        self._problems = problems
        lists, named = tree.root.get("lists"), tree.root.get("conditions")
        self._lists: Mapping[str, Value] = lists if isinstance(lists, dict) else {}
        self._blocks: Mapping[str, Value] = named if isinstance(named, dict) else {}
        self._named: dict[str, NamedCondition | None] = {}
        self._sizes: dict[str, int] = {}
        self._open: list[str] = []
        self.used_lists: set[str] = set()
        self.used_names: set[str] = set()

    def read_all(self, path: Path, block: Value) -> tuple[AnyCondition, ...]:
        """The conditions of the list at `path` (an `all:` or `any:`)."""
        read: list[AnyCondition] = []
        for index, item in enumerate(block if isinstance(block, list) else ()):
            if len(self._problems) >= _MOST_PROBLEMS:
                break
            condition = self._read((*path, index), item)
            if condition is not None:
                read.append(condition)
        return tuple(read)

    def read_named(self) -> dict[str, NamedCondition]:
        """Every condition under `conditions:` by its name."""
        read = {str(name): self._named_condition(str(name)) for name in self._blocks}
        return {name: condition for name, condition in read.items() if condition is not None}

    def _read(self, path: Path, item: Value) -> AnyCondition | None:
        if isinstance(item, str):
            return self._use(path, item)
        if not isinstance(item, dict) or not item:
            self._add(Check.WRONG_VALUE, path, "a condition is `field: value` or `field: {operator: value}`")
            return None
        if "field" in item and ("operator" in item or "value" in item):
            return self._triple(path, {"operator": "is", **item})
        if len(item) == 1:
            return self._single(path, *next(iter(item.items())))
        each = quoted(f"- {key[:80]}" for key in item)
        self._add(
            Check.WRONG_VALUE, path, f"one field to a condition; write each on a line of its own: {each}"
        )
        return None

    def _single(self, path: Path, name: str, spec: Value) -> Condition | None:
        inner = (*path, name)
        at = self._tree.where_key(inner)
        if name in ("all", "any"):
            self._add(
                Check.WRONG_VALUE, path, f"`{name}` cannot stand inside a list; name it under `conditions:`"
            )
            return None
        if isinstance(spec, dict):
            if len(spec) != 1:
                self._add(Check.WRONG_VALUE, inner, "one operator to a condition; write two conditions")
                return None
            word, value = next(iter(spec.items()))
            operator, place = self._operator((*inner, word), word), (*inner, word)
        elif isinstance(spec, str) and spec in _BARE:
            operator, value, place = Operator(spec), None, inner
        else:
            operator, value, place = Operator.IS, spec, inner
        if operator is None:
            return None
        return self._condition(name, operator, value, at, place)

    def _operator(self, path: Path, word: str) -> Operator | None:
        if word not in set(Operator):
            hint = nearest(word, Operator) or f"; operators: {quoted(sorted(Operator))}"
            at = self._tree.where_key(path)
            self._problems.append(
                problem(Check.UNKNOWN_OPERATOR, at, f"unknown operator '{word[:80]}'{hint}")
            )
            return None
        return Operator(word)

    def _triple(self, path: Path, item: Mapping[str, Value]) -> AnyCondition | None:
        extra = set(item) - {"field", "operator", "value"}
        if extra:
            hint = "a Zendesk condition has field, operator and value only"
            self._add(Check.UNKNOWN_KEY, path, f"unknown key '{min(extra)[:80]}'; {hint}")
            return None
        try:
            name, operator, value = from_triple(str(item["field"]), str(item["operator"]), item.get("value"))
        except NoEqualError as err:
            self._add(Check.NO_EQUAL, path, str(err))
            return None
        at, place = self._tree.where(path), (*path, "value")
        found = self._condition(name, operator, value, at, place)
        too = SEARCHED_TOO.get(str(item["field"]))
        return found if found is None or too is None else _in_either(found, too)

    def _condition(
        self, name: str, operator: Operator, value: Value, at: Position, place: Path
    ) -> Condition | None:
        if operator in _BARE:
            return self._presence(name, operator, value, at, place)
        values = self._values(place, value)
        if values is None:
            return None
        condition = Condition(name, operator, values, at)
        faults = misfits(built_in(name) or unknown_field(name), condition)
        for check, message in faults:
            self._problems.append(problem(check, at, message))
        return None if faults else condition

    def _presence(
        self, name: str, operator: Operator, value: Value, at: Position, place: Path
    ) -> Condition | None:
        if value is False:
            operator = next(iter(_BARE - {operator}))
        elif value is not None and value is not True:
            self._add(Check.WRONG_VALUE, place, f"'{operator}' takes true, false, or nothing")
            return None
        return Condition(name, operator, (), at)

    def _values(self, place: Path, value: Value) -> tuple[Scalar, ...] | None:
        items = value if isinstance(value, list) else [value]
        if not items:
            self._add(Check.WRONG_VALUE, place, "the list is empty, so the condition could never hold")
            return None
        values: list[Scalar] = []
        for index, item in enumerate(items):
            spot = (*place, index) if isinstance(value, list) else place
            if item is None or item == "":
                self._add(Check.WRONG_VALUE, spot, "no value; to ask for an empty field write `not_present`")
                return None
            if not isinstance(item, str | int | float | bool):
                self._add(Check.WRONG_VALUE, spot, "a value must be a word, a number, or a list of them")
                return None
            named = _REFERENCE.fullmatch(item) if isinstance(item, str) else None
            found = self._list(spot, named[1]) if named else (item,)
            if found is None:
                return None
            values.extend(found)
        return tuple(dict.fromkeys(values)) if len(set(map(type, values))) == 1 else tuple(values)

    def _list(self, place: Path, name: str) -> tuple[Scalar, ...] | None:
        block = self._lists.get(name)
        if block is None:
            self._add(
                Check.UNKNOWN_NAME, place, f"no list '{name}' under `lists:`{nearest(name, self._lists)}"
            )
            return None
        self.used_lists.add(name)
        items = block if isinstance(block, list) else [block]
        return tuple(item for item in items if isinstance(item, str | int | float | bool))

    def _use(self, path: Path, name: str) -> NamedCondition | None:
        if name not in self._blocks:
            hint = nearest(name, self._blocks)
            self._add(Check.UNKNOWN_NAME, path, f"no condition '{name[:80]}' under `conditions:`{hint}")
            return None
        self.used_names.add(name)
        if name in self._open:
            circle = " → ".join([*self._open[self._open.index(name) :], name])
            self._add(Check.WRONG_VALUE, path, f"the conditions go round in a circle: {circle}")
            return None
        return self._named_condition(name)

    def _named_condition(self, name: str) -> NamedCondition | None:
        if name in self._named:
            return self._named[name]
        path: Path = ("conditions", name)
        if len(self._open) >= _MAX_DEPTH:
            self._add(
                Check.WRONG_VALUE, path, f"conditions are named inside each other more than {_MAX_DEPTH} deep"
            )
            return None
        self._open.append(name)
        block = self._blocks[name]
        block = {"all": block} if isinstance(block, list) else block
        parts = block if isinstance(block, dict) else {}
        base = path if isinstance(self._blocks[name], list) else None
        everything = self.read_all(base or (*path, "all"), parts.get("all"))
        either = self.read_all((*path, "any"), parts.get("any"))
        self._open.pop()
        found: NamedCondition | None = None
        if self._is_bounded(name, (*everything, *either)) and (everything or either):
            found = NamedCondition(name, everything, either, self._tree.where_key(path))
        elif not parts.get("all") and not parts.get("any"):
            self._add(Check.WRONG_VALUE, path, f"the condition '{name}' needs `all:` or `any:`")
        self._named[name] = found
        return found

    def _is_bounded(self, name: str, parts: tuple[AnyCondition, ...]) -> bool:
        """Whether the condition, written out, stays small; a problem otherwise."""
        size = sum(self._sizes.get(p.name, 0) if isinstance(p, NamedCondition) else 1 for p in parts)
        self._sizes[name] = size
        if size > _MAX_SIZE:
            self._add(
                Check.WRONG_VALUE,
                ("conditions", name),
                f"written out, '{name}' has over {_MAX_SIZE} conditions",
            )
        return size <= _MAX_SIZE

    def _add(self, check: Check, path: Path, message: str) -> None:
        self._problems.append(problem(check, self._tree.where(path), message))


def _in_either(condition: Condition, too: str) -> NamedCondition:
    """The condition on its own field or on the other one; what must not be there, must be in neither."""
    both = (replace(condition, field=too), condition)
    words = ", ".join(map(str, condition.values))
    name = f"{too} or {condition.field} {condition.operator} {words}"
    if condition.operator in NEGATIVE:
        return NamedCondition(name, all=both, at=condition.at)
    return NamedCondition(name, any=both, at=condition.at)
