"""One rule of a document whose shape is right becomes a Rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from zdsync.rules.lengths import Clock, Length
from zdsync.rules.model import Action, After, AnyCondition, GateRule, Mode, MoveRule, Rule
from zdsync.rules.spellings import read_length, read_mode, read_share
from zdsync.rules.tree import Path, Tree

Found = Mapping[Path, tuple[AnyCondition, ...]]
"""Conditions by where their list stands."""


def read_rules(tree: Tree, document: Mapping[str, Any], block: str, found: Found) -> tuple[Rule, ...]:
    """The rules of `ignore`, `assign` or `annotate`; `found` has their conditions."""
    return tuple(Rule(**_plain(tree, path, shape, found)) for path, shape in _shapes(document, block))


def read_moves(tree: Tree, document: Mapping[str, Any], block: str, found: Found) -> tuple[MoveRule, ...]:
    """The rules of `escalate` or `deescalate`."""
    return tuple(_move(tree, path, shape, found) for path, shape in _shapes(document, block))


def read_gates(tree: Tree, document: Mapping[str, Any], found: Found) -> tuple[GateRule, ...]:
    """The rules of `require`."""
    return tuple(_gate(tree, path, shape, found) for path, shape in _shapes(document, "require"))


def _gate(tree: Tree, path: Path, shape: Mapping[str, Any], found: Found) -> GateRule:
    missing = shape["missing"]
    marks = {"note": tree.where_key((*path, "missing", "note"))}
    given = {**_plain(tree, path, shape, found), "then": Action(note=missing["note"], marks=marks)}
    return GateRule(
        **given,
        before_tier=shape["before_tier"],
        fields=tuple(dict.fromkeys(shape["fields"])),
        needs_attachment=shape["attachment"],
        detects=tuple(dict.fromkeys(shape["detects"])),
        unless=found.get((*path, "unless"), ()),
        missing_tags=tuple(dict.fromkeys(missing["add_tags"])),
        macro=missing["macro"],
        asks_by=shape["asks_by"],
    )


def _shapes(document: Mapping[str, Any], block: str) -> list[tuple[Path, Mapping[str, Any]]]:
    return [((block, index), shape) for index, shape in enumerate(document[block])]


def _plain(tree: Tree, path: Path, shape: Mapping[str, Any], found: Found) -> dict[str, Any]:
    """What every rule has."""
    mode, share = read_mode(shape["mode"]) or (Mode.LIVE, Fraction(1))
    return {
        "id": shape["id"],
        "why": shape["why"],
        "all": found.get((*path, "all"), ()),
        "any": found.get((*path, "any"), ()),
        "then": _action(tree, (*path, "then"), shape.get("then")),
        "owner": shape["owner"] or document_owner(tree),
        "mode": mode,
        "share": share,
        "enabled": shape["enabled"],
        "until": shape["until"],
        "at": tree.where(path),
        "marks": {key: tree.where_key((*path, key)) for key in (*shape, "from")},
    }


def _move(tree: Tree, path: Path, shape: Mapping[str, Any], found: Found) -> MoveRule:
    given = _plain(tree, path, shape, found)
    if shape["keep_assignee_as"]:
        then: Action = given["then"]
        marks = {**then.marks, "keep_assignee_as": tree.where_key((*path, "keep_assignee_as"))}
        given["then"] = replace(then, keep_assignee_as=shape["keep_assignee_as"], marks=marks)
    return MoveRule(
        **given,
        origins=tuple(dict.fromkeys(shape["origins"])),
        to=shape["to"],
        after=_after(tree, (*path, "after"), shape["after"]),
        warn_at=read_share(shape["warn_at"]) if shape["warn_at"] else None,
        even_if_held=shape["even_if_held"],
        remind_after=read_length(shape["remind_after"]) if shape["remind_after"] else None,
    )


def _after(tree: Tree, path: Path, shape: Mapping[str, str] | None) -> After | None:
    for clock, text in (shape or {}).items():
        return After(Clock(clock), as_length(text), tree.where_key((*path, clock)))
    return None


def as_length(text: str) -> Length:
    """The length that a text says, whose shape was found right."""
    length = read_length(text)
    assert length is not None, text
    return length


def document_owner(tree: Tree) -> str:
    """The owner of the whole set, who owns each rule that names nobody."""
    owner = tree.root.get("owner")
    return "" if owner is None else str(owner)


def _action(tree: Tree, path: Path, shape: Mapping[str, Any] | None) -> Action:
    if shape is None:
        return Action()
    fields = {name: tuple(v) if isinstance(v, list) else v for name, v in shape["set_fields"].items()}
    asked: dict[str, Any] = {
        **shape,
        "add_tags": tuple(dict.fromkeys(shape["add_tags"])),
        "remove_tags": tuple(dict.fromkeys(shape["remove_tags"])),
        "set_fields": fields,
    }
    return Action(**asked, marks={key: tree.where_key((*path, key)) for key in shape})
