"""A tree whose shape is right becomes the RuleSet; conditions are read on the way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import PurePath
from typing import Any

from zdsync.errors import Problem
from zdsync.rules.conditions import ConditionReader
from zdsync.rules.external import externals
from zdsync.rules.findings import Check, problem
from zdsync.rules.model import Action, AnyCondition, Mode, Rule, RuleSet, Tier
from zdsync.rules.tree import Path, Tree

_BLOCKS = ("ignore", "assign", "annotate")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%")
_Found = Mapping[Path, tuple[AnyCondition, ...]]


def assemble(
    tree: Tree,
    document: Mapping[str, Any] | None,
    sources: tuple[tuple[str, str], ...],
    problems: list[Problem],
) -> RuleSet | None:
    """The rule set of `document` (the tree with defaults), or None when there are problems, which are all recorded."""
    reader = ConditionReader(tree, problems)
    named = reader.read_named()
    found = {path: reader.read_all(path, block) for path, block in _condition_lists(tree)}
    _check_ids(tree, problems)
    if document is None or any(not fault.is_warning for fault in problems):
        return None
    return RuleSet(
        tiers=tuple(_tier(tree, key, shape) for key, shape in document["tiers"].items()),
        ignore=_rules(tree, document, "ignore", found),
        assign=_rules(tree, document, "assign", found),
        annotate=_rules(tree, document, "annotate", found),
        own_tags=tuple(document["own_tags"]),
        sensitive_groups=tuple(document["sensitive_groups"]),
        tier_field=document["tier_field"],
        lists={name: tuple(values) for name, values in document["lists"].items()},
        conditions=named,
        unused_lists={
            n: tree.where_key(("lists", n)) for n in document["lists"] if n not in reader.used_lists
        },
        unused_conditions={n: named[n].at for n in named if n not in reader.used_names},
        external=externals(tree, document["external"]),
        owner=document["owner"],
        digest=digest_of(sources),
        sources=sources,
    )


def digest_of(sources: Sequence[tuple[str, str]]) -> str:
    """SHA-256 of the files' names (without folder) and texts: the same rules have the same digest anywhere."""
    seen = hashlib.sha256()
    for name, text in sources:
        for part in (PurePath(name).name, text):
            data = part.encode()
            seen.update(b"%d:" % len(data) + data)
    return seen.hexdigest()


def read_mode(text: str) -> tuple[Mode, Fraction] | None:
    """`live`, `shadow` or a share such as `10%` (live for that part of tickets); None when it is none of them."""
    if text in set(Mode):
        return Mode(text), Fraction(1)
    number = _SHARE.fullmatch(text)
    share = Fraction(number[1]) / 100 if number else Fraction(0)
    return (Mode.LIVE, share) if 0 < share <= 1 else None


def _condition_lists(tree: Tree) -> list[tuple[Path, Any]]:
    """Every `all` and `any` of every rule, whatever else is wrong with the rule."""
    found: list[tuple[Path, Any]] = []
    for block in _BLOCKS:
        rules = tree.root.get(block)
        for index, rule in enumerate(rules) if isinstance(rules, list) else ():
            if isinstance(rule, dict):
                found.extend(((block, index, key), rule[key]) for key in ("all", "any") if key in rule)
    return found


def _check_ids(tree: Tree, problems: list[Problem]) -> None:
    first: dict[str, Path] = {}
    for block in _BLOCKS:
        rules = tree.root.get(block)
        for index, rule in enumerate(rules) if isinstance(rules, list) else ():
            path: Path = (block, index, "id")
            if not isinstance(rule, dict) or "id" not in rule:
                continue
            earlier = first.setdefault(str(rule["id"]), path)
            if earlier is not path:
                at = tree.where(earlier)
                message = f"the id '{rule['id']}' is already at {at.file}:{at.line}"
                problems.append(problem(Check.DUPLICATE_ID, tree.where(path), message))


def _tier(tree: Tree, key: str, shape: Mapping[str, Any]) -> Tier:
    groups = dict.fromkeys([shape["group"], *shape["groups"]])
    return Tier(
        key=key,
        name=shape["name"],
        group=shape["group"],
        groups=tuple(groups),
        view=shape["view"],
        scope=shape["scope"],
        at=tree.where_key(("tiers", key)),
    )


def _rules(tree: Tree, document: Mapping[str, Any], block: str, found: _Found) -> tuple[Rule, ...]:
    return tuple(_rule(tree, (block, index), shape, found) for index, shape in enumerate(document[block]))


def _rule(tree: Tree, path: Path, shape: Mapping[str, Any], found: _Found) -> Rule:
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
