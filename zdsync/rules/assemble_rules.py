"""One rule of a document whose shape is right becomes a Rule."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from zdsync.rules.model import Action, AnyCondition, Mode, Rule
from zdsync.rules.spellings import read_mode
from zdsync.rules.tree import Path, Tree

Found = Mapping[Path, tuple[AnyCondition, ...]]
"""Conditions by where their list stands."""


def read_rules(tree: Tree, document: Mapping[str, Any], block: str, found: Found) -> tuple[Rule, ...]:
    """The rules of one block; `found` has their conditions."""
    return tuple(_rule(tree, (block, index), shape, found) for index, shape in enumerate(document[block]))


def _rule(tree: Tree, path: Path, shape: Mapping[str, Any], found: Found) -> Rule:
    mode, share = read_mode(shape["mode"]) or (Mode.LIVE, Fraction(1))
    return Rule(
        id=shape["id"],
        why=shape["why"],
        all=found.get((*path, "all"), ()),
        any=found.get((*path, "any"), ()),
        then=_action(tree, (*path, "then"), shape.get("then")),
        owner=shape["owner"] or document_owner(tree),
        mode=mode,
        share=share,
        enabled=shape["enabled"],
        until=shape["until"],
        at=tree.where(path),
    )


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
