"""What the rule language has but this version does not yet do: told, never ignored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from zdsync.errors import Problem
from zdsync.rules.findings import Check, problem
from zdsync.rules.tree import Path, Tree, Value

BLOCKS = frozenset("require escalate deescalate calendars manual_override move_limit clocks".split())
TIER_KEYS = frozenset({"targets", "calendar"})
RULE_KEYS = frozenset({"from", "to", "after", "warn_at", "even_if_held", "unless"})
ACTION_KEYS = frozenset({"keep_assignee_as", "notify"})
FIELDS = frozenset(
    {
        "tier",
        "previous_tier",
        "moves",
        "sla.breached",
        "in_business_hours",
        "requester.external_id",
    }
)
OPERATORS = frozenset({"within"})


def strip_unsupported(tree: Tree, problems: list[Problem]) -> None:
    """Take keys of later versions out of the tree, a problem for each, so that they are not called unknown."""
    _strip(tree, tree.root, (), BLOCKS, problems)
    tiers = tree.root.get("tiers")
    for key, tier in tiers.items() if isinstance(tiers, dict) else ():
        _strip(tree, tier, ("tiers", key), TIER_KEYS, problems)
    for block in ("ignore", "assign", "annotate"):
        rules = tree.root.get(block)
        for index, rule in enumerate(rules) if isinstance(rules, list) else ():
            _strip(tree, rule, (block, index), RULE_KEYS, problems)
            if isinstance(rule, Mapping):
                _strip(tree, rule.get("then"), (block, index, "then"), ACTION_KEYS, problems)


def _strip(tree: Tree, block: Value, path: Path, keys: Iterable[str], problems: list[Problem]) -> None:
    if not isinstance(block, dict):
        return
    for key in [key for key in block if key in keys]:
        del block[key]
        at = tree.where_key((*path, key))
        problems.append(problem(Check.UNSUPPORTED, at, f"`{key}:` is not supported yet by this version"))
