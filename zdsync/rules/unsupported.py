"""What the rule language has but this version does not yet do: told, never ignored."""

from __future__ import annotations

from collections.abc import Iterable

from zdsync.errors import Problem
from zdsync.rules.findings import Check, problem
from zdsync.rules.tree import Path, Tree, Value

BLOCKS = frozenset({"calendars", "external"})
TIER_KEYS = frozenset({"calendar"})
OPERATORS = frozenset({"within"})


def strip_unsupported(tree: Tree, problems: list[Problem]) -> None:
    """Take keys of later versions out of the tree, a problem for each, so that they are not called unknown."""
    _strip(tree, tree.root, (), BLOCKS, problems)
    tiers = tree.root.get("tiers")
    for key, tier in tiers.items() if isinstance(tiers, dict) else ():
        _strip(tree, tier, ("tiers", key), TIER_KEYS, problems)


def _strip(tree: Tree, block: Value, path: Path, keys: Iterable[str], problems: list[Problem]) -> None:
    if not isinstance(block, dict):
        return
    for key in [key for key in block if key in keys]:
        del block[key]
        at = tree.where_key((*path, key))
        problems.append(problem(Check.UNSUPPORTED, at, f"`{key}:` is not supported yet by this version"))
