"""A tree whose shape is right becomes the RuleSet; conditions are read on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from zdsync.errors import Problem
from zdsync.rules.assemble_rules import as_length, read_gates, read_moves, read_rules
from zdsync.rules.calendars import read_weeks
from zdsync.rules.conditions import ConditionReader
from zdsync.rules.external import externals
from zdsync.rules.findings import Check, problem
from zdsync.rules.lengths import Length
from zdsync.rules.model import (
    DEFAULT_RESPECT,
    ELSE,
    CracksView,
    MoveLimit,
    Promise,
    RuleSet,
    TargetKind,
    Tier,
    Vendor,
)
from zdsync.rules.tree import Path, Tree

_BLOCKS = ("ignore", "assign", "require", "escalate", "deescalate", "annotate")


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
    calendars = read_weeks(tree, document, problems) if document else {}
    if document is None or any(not fault.is_warning for fault in problems):
        return None
    return RuleSet(
        tiers=tuple(_tier(tree, key, shape) for key, shape in document["tiers"].items()),
        ignore=read_rules(tree, document, "ignore", found),
        assign=read_rules(tree, document, "assign", found),
        annotate=read_rules(tree, document, "annotate", found),
        require=read_gates(tree, document, found),
        escalate=read_moves(tree, document, "escalate", found),
        deescalate=read_moves(tree, document, "deescalate", found),
        manual_override=_respect(document["manual_override"]),
        move_limit=_limit(tree, document["move_limit"]),
        vendor=Vendor(**document["vendor"]),
        own_tags=tuple(document["own_tags"]),
        sensitive_groups=tuple(document["sensitive_groups"]),
        tier_field=document["tier_field"],
        calendars=calendars,
        cracks_view=CracksView(**cracks) if (cracks := document["cracks_view"]) is not None else None,
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


def _condition_lists(tree: Tree) -> list[tuple[Path, Any]]:
    """Every `all`, `any` and `unless` of every rule, whatever else is wrong with the rule."""
    found: list[tuple[Path, Any]] = []
    for block in _BLOCKS:
        rules = tree.root.get(block)
        for index, rule in enumerate(rules) if isinstance(rules, list) else ():
            if isinstance(rule, dict):
                lists = ("all", "any", "unless") if block == "require" else ("all", "any")
                found.extend(((block, index, key), rule[key]) for key in lists if key in rule)
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
        calendar=shape["calendar"],
        targets=tuple(_promises(shape["targets"])),
        at=tree.where_key(("tiers", key)),
    )


def _promises(targets: Mapping[str, Mapping[str, str] | None]) -> Iterator[Promise]:
    for kind, lengths in targets.items():
        for priority, text in (lengths or {}).items():
            yield Promise(TargetKind(kind), as_length(text), None if priority == ELSE else priority)


def _respect(shape: Mapping[str, str] | None) -> Length:
    return as_length(shape["respect_for"]) if shape else DEFAULT_RESPECT


def _limit(tree: Tree, shape: Mapping[str, Any] | None) -> MoveLimit | None:
    if shape is None:
        return None
    return MoveLimit(
        at_most=shape["at_most"],
        per=as_length(shape["per"]),
        add_tags=tuple(dict.fromkeys(shape["then"]["add_tags"])),
        notify=shape["then"]["notify"],
        at=tree.where_key(("move_limit",)),
    )
