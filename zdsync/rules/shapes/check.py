"""Checking a tree against its shape: the document with defaults, or a located problem for every fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from zdsync.errors import Problem
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.reader import MOST_PROBLEMS
from zdsync.rules.shapes.values import Shape
from zdsync.rules.tree import Path, Tree

FROM_FILES = " from the rule files"
KeysAt = Callable[[Path], tuple[str, ...]]
"""The keys that the block at a path knows."""


def check_shape(
    tree: Tree, shape: type[Shape], keys_at: KeysAt, problems: list[Problem]
) -> dict[str, Any] | None:
    """The document with defaults filled in, or None when its shape is wrong; of one file a hundred faults are told."""
    try:
        return shape.model_validate(tree.root).model_dump()
    except ValidationError as err:
        told: Counter[str] = Counter()
        for fault in err.errors(include_url=False, include_input=False):
            file = tree.where(_path(dict(fault))).file
            told[file] += 1
            if told[file] <= MOST_PROBLEMS:
                problems.append(_told(tree, dict(fault), keys_at))
        return None


def _path(fault: dict[str, Any]) -> Path:
    return tuple(part for part in fault["loc"] if part != "[key]")


def _told(tree: Tree, fault: dict[str, Any], keys_at: KeysAt) -> Problem:
    path = _path(fault)
    key = str(path[-1]) if path else ""
    match fault["type"]:
        case "extra_forbidden":
            known = keys_at(path[:-1])
            hint = nearest(key, known) or f"; known here: {quoted(known)}"
            return problem(Check.UNKNOWN_KEY, tree.where_key(path), f"unknown key '{key[:80]}'{hint}")
        case "missing":
            place = "" if path[:-1] else FROM_FILES
            return problem(Check.MISSING_KEY, tree.where(path[:-1]), f"`{key}:` is missing{place}")
        case _:
            field = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
            return problem(Check.WRONG_VALUE, tree.where(path), f"'{field[:80]}' {_rule_for(fault)}")


_MUST = {
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long",
    "too_long": "is too long",
    "list_type": "must be a list",
    "too_short": "must not be empty",
    "dict_type": "must be a block of keys",
    "model_type": "must be a block of keys",
    "model_attributes_type": "must be a block of keys",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
}


def _rule_for(fault: dict[str, Any]) -> str:
    match fault["type"]:
        case "literal_error":
            return f"must be one of {fault['ctx']['expected'].replace(chr(39), '')}"
        case "value_error":
            return str(fault["ctx"]["error"])
        case "string_pattern_mismatch" if "csv" in fault["ctx"]["pattern"]:
            return "must name a file that ends in .csv or .tsv"
        case "string_pattern_mismatch" if "DATABASE_URL" in fault["ctx"]["pattern"]:
            return "must name a setting such as CRM_DATABASE_URL, which holds the address"
        case "string_pattern_mismatch":
            return "may hold letters, digits, `-`, `_` and `.` only (a tier's key: a-z, 0-9 and `_`)"
        case "greater_than_equal":
            return f"must be a whole number from {fault['ctx']['ge']}"
        case "less_than_equal":
            return f"must be a whole number up to {fault['ctx']['le']}"
        case kind:
            return _MUST.get(kind, "has a value of the wrong kind")
