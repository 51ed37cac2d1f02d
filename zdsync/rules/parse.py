"""Rule files as text become a RuleSet, or every fault in them with its line."""

from __future__ import annotations

from collections.abc import Sequence

from zdsync.errors import Problem
from zdsync.rules.assemble import assemble
from zdsync.rules.findings import Check
from zdsync.rules.model import Position, RuleSet
from zdsync.rules.reader import decode
from zdsync.rules.shapes.check import FROM_FILES, check_shape
from zdsync.rules.shapes.rules import RulesShape, keys_at
from zdsync.rules.tree import Tree
from zdsync.rules.yaml_text import read_into


def parse_files(files: Sequence[tuple[str, str | bytes]]) -> tuple[RuleSet | None, tuple[Problem, ...]]:
    """The rule set that these files (name, content) make together, or None and every problem found.

    Files are read in the order given; a top-level key may be in one file only. Time and memory are bounded by
    the size of the input, which may not pass 1 MB a file.
    """
    problems: list[Problem] = []
    tree = Tree()
    sources = []
    for name, content in files:
        text = decode(name, content, problems)
        if text is not None:
            sources.append((name, text))
            read_into(tree, name, text, problems)
    tree.values[()] = Position(files[0][0] if files else "", 1, 1)
    is_whole = not problems
    document = check_shape(tree, RulesShape, keys_at, problems)
    rules = assemble(tree, document, tuple(sources), problems)
    told = problems if is_whole else [fault for fault in problems if not _may_be_elsewhere(fault)]
    return rules, tuple(sorted(set(told)))


def _may_be_elsewhere(fault: Problem) -> bool:
    """Whether what is missed may stand in a part that could not be read."""
    return fault.id == Check.UNKNOWN_NAME or fault.message.endswith(FROM_FILES)
