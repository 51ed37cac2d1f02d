"""What the rule language has but this version does not yet do: told, never ignored."""

from __future__ import annotations

from zdsync.errors import Problem
from zdsync.rules.findings import Check, problem
from zdsync.rules.tree import Tree

BLOCKS = frozenset({"external"})


def strip_unsupported(tree: Tree, problems: list[Problem]) -> None:
    """Take blocks of later versions out of the tree, a problem for each, so that they are not called unknown."""
    for key in [key for key in tree.root if key in BLOCKS]:
        del tree.root[key]
        at = tree.where_key((key,))
        problems.append(problem(Check.UNSUPPORTED, at, f"`{key}:` is not supported yet by this version"))
