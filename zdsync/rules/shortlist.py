"""What a ticket's values leave of the rules: most are ruled out by a few values, seen before, without being asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from zdsync.facts import Facts
from zdsync.rules.clues import Clue
from zdsync.rules.compiled import CompiledCondition, CompiledRule, Shortlist, all_and_any
from zdsync.rules.predicates import Remembered

_Read = Callable[[Facts], Any]
_Bits = Mapping[int, int]
"""The lower bit of each condition with a clue, by the condition's identity."""
_HOLDS, _MAY_HOLD = 0b11, 0b10


def shortlister(rules: Shortlist) -> Callable[[Facts], Shortlist]:
    """A function that leaves out the rules that no ticket with these values matches.

    What it leaves in asks only for what the values do not tell. Each condition with a clue has two bits: that it holds,
    and that it may. What bits a value sets is found once and remembered, and so is what a set of bits leaves of the
    rules.
    """
    bits: dict[int, int] = {}
    columns: dict[tuple[_Read, bool], list[tuple[Clue, int]]] = {}
    for condition in _conditions(rules):
        clue = condition.clue
        if clue is not None and id(condition) not in bits:
            bit = bits[id(condition)] = 1 << 2 * len(bits)
            columns.setdefault((clue.read, clue.among is not None), []).append((clue, bit))
    asked = tuple((_value_of(clues), Remembered(_bits_of(clues))) for clues in columns.values())
    lists = Remembered(_lists_of(rules, bits))

    def shortlist(facts: Facts) -> Shortlist:
        told = 0
        for value_of, bits_of in asked:
            told |= bits_of[value_of(facts)]
        return lists[told]

    return shortlist


def _value_of(clues: Sequence[tuple[Clue, int]]) -> _Read:
    """What is read of a ticket for these clues, which all read the same."""
    read = clues[0][0].read
    words = [clue.among for clue, _ in clues if clue.among is not None]
    if not words:
        return read
    among = frozenset().union(*words)
    return lambda facts: among.intersection(read(facts))


def _bits_of(clues: Sequence[tuple[Clue, int]]) -> Callable[[Any], int]:
    def bits_of(value: Any) -> int:
        told = 0
        for clue, bit in clues:
            found = clue.test(value)
            told |= bit * (_HOLDS if found else _MAY_HOLD if found is None else 0)
        return told

    return bits_of


def _conditions(rules: Shortlist) -> Iterator[CompiledCondition]:
    for block in rules:
        for rule in block:
            yield from _parts((*rule.all, *rule.any))


def _parts(conditions: Iterable[CompiledCondition]) -> Iterator[CompiledCondition]:
    for one in conditions:
        yield one
        yield from _parts((*one.all, *one.any))


def _lists_of(rules: Shortlist, bits: _Bits) -> Callable[[int], Shortlist]:
    """A function from the bits that are set to what they leave of each block; one rule after the other is remembered."""
    blocks = [
        [(_own_bits(rule, bits), Remembered(_rest_of(rule, bits))) for rule in block] for block in rules
    ]

    def lists(told: int) -> Shortlist:
        return Shortlist(
            *(
                tuple(rule for own, rests in block if (rule := rests[told & own]) is not None)
                for block in blocks
            )
        )

    return lists


def _own_bits(rule: CompiledRule, bits: _Bits) -> int:
    own = 0
    for condition in _parts((*rule.all, *rule.any)):
        own |= bits.get(id(condition), 0) * _HOLDS
    return own


def _rest_of(rule: CompiledRule, bits: _Bits) -> Callable[[int], CompiledRule | None]:
    """A function from the bits that are set to the rule that asks for the rest; None when it cannot match any more."""

    def holds(one: CompiledCondition, told: int) -> bool | None:
        """Whether it holds, as far as the bits tell."""
        bit = bits.get(id(one))
        if bit is not None:
            return None if told & bit == 0 and told & bit * _MAY_HOLD else bool(told & bit)
        if not one.all and not one.any:
            return None
        found = rest(one.all, one.any, told)
        return False if found is None else True if found == ((), ()) else None

    def rest(
        everything: Sequence[CompiledCondition], either: Sequence[CompiledCondition], told: int
    ) -> tuple[Sequence[CompiledCondition], Sequence[CompiledCondition]] | None:
        """The conditions that are left to be asked, None when they cannot hold together."""
        all_hold = [holds(one, told) for one in everything]
        any_holds = [holds(one, told) for one in either]
        if False in all_hold or (either and not (True in any_holds or None in any_holds)):
            return None
        left = tuple(one for one, known in zip(everything, all_hold, strict=True) if known is None)
        if True in any_holds:
            return left, ()
        return left, tuple(one for one, known in zip(either, any_holds, strict=True) if known is None)

    def reduced(told: int) -> CompiledRule | None:
        left = rest(rule.all, rule.any, told)
        return None if left is None else replace(rule, matches=all_and_any(*left))

    return reduced
