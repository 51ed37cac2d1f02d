"""Which values are worth a look before any rule is asked: as few as can rule out each rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

from zdsync.rules.compiled import CompiledCondition, CompiledRule
from zdsync.rules.fields import COMPARISONS
from zdsync.rules.model import Condition, Operator
from zdsync.rules.sources import Read, Record, Source


class Doubt(IntEnum):
    """How often a condition may be expected to hold, and so to rule out nothing."""

    SELDOM = 0
    SOMETIMES = 1
    MOSTLY = 2


class Guard(NamedTuple):
    """Values that together can tell that a rule does not match."""

    reads: frozenset[Read]
    doubt: Doubt


def guarding(rules: Iterable[CompiledRule]) -> frozenset[Read]:
    """What to read for every rule to have a guard, where it can have one; those that rules can share come first."""
    choices = [found for rule in rules if (found := tuple(_guards(rule.all, rule.any)))]
    chosen: frozenset[Read] = frozenset()
    for guards in sorted(choices, key=len):
        known = chosen

        def price(guard: Guard, known: frozenset[Read] = known) -> tuple[bool, int, Doubt]:
            return guard.doubt is Doubt.MOSTLY, len(guard.reads - known), guard.doubt

        chosen |= min(guards, key=price).reads
    return chosen


def _guards(everything: Sequence[CompiledCondition], either: Sequence[CompiledCondition]) -> Iterator[Guard]:
    """Any one of the first fails all of them; the others fail when every one does."""
    for one in everything:
        yield from _guards_of(one)
    firsts = [next(_guards_of(one), None) for one in either]
    if firsts and None not in firsts:
        parts = [guard for guard in firsts if guard is not None]
        yield Guard(frozenset().union(*(guard.reads for guard in parts)), max(guard.doubt for guard in parts))


def _guards_of(one: CompiledCondition) -> Iterator[Guard]:
    if one.clue is not None:
        yield Guard(frozenset({one.clue.read}), _doubt(one))
    yield from _guards(one.all, one.any)


def _doubt(one: CompiledCondition) -> Doubt:
    assert isinstance(one.condition, Condition), "only a condition on a field has a clue"
    assert one.clue is not None
    if one.condition.operator not in _TELLING or one.clue.read == _STATUS:
        return Doubt.MOSTLY
    return Doubt.SOMETIMES if one.condition.operator in COMPARISONS else Doubt.SELDOM


_TELLING = COMPARISONS | {
    Operator.IS,
    Operator.INCLUDES,
    Operator.INCLUDES_ALL,
    Operator.CONTAINS,
    Operator.CONTAINS_PHRASE,
    Operator.DETECTS,
}
_STATUS = Source(Record.TICKET, "status")
"""Only unsolved tickets are decided."""
