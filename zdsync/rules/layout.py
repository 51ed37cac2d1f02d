"""Rule files in their ordinary spelling: pasted conditions shortened, needless quotes gone, keys in order; comments stay."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from zdsync.rules.model import Operator, RuleSet
from zdsync.rules.reader import Kind
from zdsync.rules.tree import Value, scalar
from zdsync.rules.triples import SEARCHED_TOO, from_triple
from zdsync.rules.yaml_text import Node, read_nodes

Edit = tuple[int, int, str]
"""From where to where, and what stands there instead."""

_BLOCKS = frozenset({"ignore", "assign", "require", "escalate", "deescalate", "annotate"})
_RULE_KEYS = (
    "id why owner mode enabled until before_tier from to even_if_held all any after warn_at remind_after "
    "fields attachment detects unless missing asks_by then keep_assignee_as"
).split()
_THEN_KEYS = (
    "tier group private_only priority type status add_tags remove_tags set_fields note keep_assignee_as notify"
).split()
_TIER_KEYS = "name group groups view scope calendar targets".split()
_CALENDAR_KEYS = "timezone open holidays versions".split()
_VERSION_KEYS = "valid_from timezone open".split()
_NAMED_KEYS = ("all", "any")
_CONDITION_KEYS = (*_NAMED_KEYS, "unless")
_PRESENT = ("present", "not_present")
_PLAIN = re.compile(r"[\w$](?:[\w .'()/@+%&!?$-]*[\w.'()/@+%&!?$-])?")
"""What needs no quotes wherever it stands."""


def lay_out(text: str) -> str:
    """The text in its ordinary spelling; the same when it is that already. It must be part of a sound rule set."""
    for step in _STEPS:
        root = read_nodes(text)
        if root is None:
            return text
        for start, end, new in sorted(step(text, root), reverse=True):
            text = text[:start] + new + text[end:]
    return text if text.endswith("\n") else f"{text}\n"


def means_the_same(one: RuleSet, other: RuleSet) -> bool:
    """Whether two rule sets differ in nothing but their spelling and places."""
    return _bare(one) == _bare(other)


def _bare(rules: RuleSet) -> tuple[RuleSet, frozenset[str], frozenset[str]]:
    bare = replace(rules, digest="", sources=(), unused_lists={}, unused_conditions={})
    return bare, frozenset(rules.unused_lists), frozenset(rules.unused_conditions)


# Conditions


def _short_conditions(text: str, root: Node) -> Iterator[Edit]:
    for condition in conditions_of(root):
        if not _has_comment(text, condition):
            yield from _shortened(text, condition)


def conditions_of(root: Node) -> Iterator[Node]:
    """Every condition that is a mapping, in rules and under `conditions:`."""
    for holder in (*rules_of(root), *(value for _, value in under(root, "conditions"))):
        is_list = holder.kind is Kind.SEQUENCE
        blocks = (
            [holder] if is_list else [value for key, value in holder.pairs if key.text in _CONDITION_KEYS]
        )
        for block in blocks:
            yield from (item for item in block.inner if item.kind is Kind.MAPPING)


def _shortened(text: str, condition: Node) -> Iterator[Edit]:
    given = {key.text: value for key, value in condition.pairs}
    if "field" in given and ("operator" in given or "value" in given):
        words = {name: _value(node) for name, node in given.items()}
        if words["field"] in SEARCHED_TOO:
            return
        triple = from_triple(str(words["field"]), str(words.get("operator", "is")), words.get("value"))
        yield condition.start, condition.end, _spelled(*triple, is_flow=condition.is_flow)
        return
    ((key, spec),) = condition.pairs
    for word, value in spec.pairs if spec.kind is Kind.MAPPING else ():
        is_one_piece = value.is_flow or (value.kind is Kind.SCALAR and value.style not in {"|", ">"})
        if word.text in _PRESENT:
            is_asked = (word.text == _PRESENT[0]) is (_value(value) is not False)
            yield key.end, spec.end, f": {_PRESENT[not is_asked]}"
        elif word.text == "is" and is_one_piece and value.text not in _PRESENT:
            yield key.end, spec.end, f": {text[value.start : value.end]}"


def _spelled(name: str, operator: Operator, value: Value, *, is_flow: bool) -> str:
    """A condition in its short spelling."""
    field = name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    if operator.value in _PRESENT:
        short = f"{field}: {operator.value}"
    else:
        items = [spelled_word(item) for item in value] if isinstance(value, list) else []
        words = f"[{', '.join(items)}]" if isinstance(value, list) else spelled_word(value)
        is_short = operator is Operator.IS and words not in _PRESENT
        short = f"{field}: {words}" if is_short else f"{field}: {{{operator.value}: {words}}}"
    return f"{{{short}}}" if is_flow else short


def spelled_word(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
    return str(value)


def _value(node: Node) -> Value:
    """What the reader makes of the node; only scalars and lists of them stand in a condition."""
    if node.kind is Kind.SEQUENCE:
        return [_value(item) for item in node.inner]
    return scalar(node.text) if not node.style else node.text


def _has_comment(text: str, node: Node) -> bool:
    leaves = list(leaves_of(node))
    gaps = (text[one.end : other.start] for one, other in pairwise(leaves))
    return any("#" in gap for gap in gaps)


# Quotes


def _plain_scalars(_: str, root: Node) -> Iterator[Edit]:
    for leaf in leaves_of(root):
        if leaf.style in {"'", '"'} and _is_plain(leaf.text):
            yield leaf.start, leaf.end, leaf.text


def _is_plain(text: str) -> bool:
    """Whether the text reads back as this very text without quotes."""
    return bool(_PLAIN.fullmatch(text)) and scalar(text) == text


# Order of keys


def _inner_keys(text: str, root: Node) -> Iterator[Edit]:
    for rule in rules_of(root):
        for key, value in rule.pairs:
            if key.text == "then":
                yield from _in_order(text, value, _THEN_KEYS)
    for parent, order in (("tiers", _TIER_KEYS), ("conditions", _NAMED_KEYS)):
        for _, block in under(root, parent):
            yield from _in_order(text, block, order)
    for _, calendar in under(root, "calendars"):
        for version in (one for key, many in calendar.pairs if key.text == "versions" for one in many.inner):
            yield from _in_order(text, version, _VERSION_KEYS)


def _outer_keys(text: str, root: Node) -> Iterator[Edit]:
    for _, calendar in under(root, "calendars"):
        yield from _in_order(text, calendar, _CALENDAR_KEYS)
    for rule in rules_of(root):
        yield from _in_order(text, rule, _RULE_KEYS)


def _in_order(text: str, block: Node, order: Sequence[str]) -> Iterator[Edit]:
    """The block's keys in that order, unknown ones last; nothing where a comment would lose its place."""
    ranks = {key: rank for rank, key in enumerate(order)}
    pairs = block.pairs if block.kind is Kind.MAPPING else ()
    wanted = sorted(pairs, key=lambda pair: ranks.get(pair[0].text, len(order)))
    if tuple(wanted) == pairs:
        return
    if not block.is_flow:
        yield from _moved_lines(text, block, wanted)
    elif not _has_comment(text, block):
        for (key, value), (new_key, new_value) in zip(pairs, wanted, strict=True):
            yield key.start, value.end, text[new_key.start : new_value.end]


def _moved_lines(text: str, block: Node, wanted: Sequence[tuple[Node, Node]]) -> Iterator[Edit]:
    """Entries with all their lines, the comments right above a key among them."""
    first, column = block.pairs[0][0], block.pairs[0][0].column
    has_own_line = not text[first.start - column : first.start].strip(" ")
    starts = [_first_line(text, key) for key, _ in block.pairs]
    starts[0] = starts[0] if has_own_line else first.start
    last = block.end - 1 if text[block.end - 1 : block.end] == "\n" else block.end
    end = text.find("\n", last)
    ends = [*(start - 1 for start in starts[1:]), end if end >= 0 else len(text)]
    entries = {
        key.start: text[start:stop] for (key, _), start, stop in zip(block.pairs, starts, ends, strict=True)
    }
    if has_own_line:
        yield starts[0], ends[-1], "\n".join(entries[key.start] for key, _ in wanted)
        return
    entries[first.start] = " " * column + entries[first.start]
    moved = "\n".join(entries[key.start] for key, _ in wanted)
    if not moved.lstrip(" ").startswith("#"):
        yield starts[0], ends[-1], moved.removeprefix(" " * column)


def _first_line(text: str, key: Node) -> int:
    """Where the line of the key begins, or the first comment right above it."""
    start = text.rfind("\n", 0, key.start) + 1
    while start:
        above = text.rfind("\n", 0, start - 1) + 1
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start


# Where things are


def under(root: Node, name: str) -> tuple[tuple[Node, Node], ...]:
    """The keys and values of the block of that name."""
    found = (value for key, value in root.pairs if key.text == name and value.kind is Kind.MAPPING)
    return next((value.pairs for value in found), ())


def rules_of(root: Node) -> Iterator[Node]:
    for key, block in root.pairs:
        if key.text in _BLOCKS:
            yield from (rule for rule in block.inner if rule.kind is Kind.MAPPING)


def leaves_of(node: Node) -> Iterator[Node]:
    """The scalars in it, in the order in which they stand, keys among them."""
    if node.kind is Kind.SCALAR:
        yield node
    for inner in node.inner:
        yield from leaves_of(inner)


_STEPS: tuple[Callable[[str, Node], Iterator[Edit]], ...] = (
    _short_conditions,
    _plain_scalars,
    _inner_keys,
    _outer_keys,
)
