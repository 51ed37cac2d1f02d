"""What a ticket's values leave of the rules: most are ruled out by a few values, seen before, without being asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from zdsync.facts import Facts
from zdsync.rules.compiled import CompiledCondition, CompiledRule, Shortlist, all_and_any
from zdsync.rules.predicates import Remembered, Test

_Bits = Mapping[int, int]
"""The bit of each condition that a value answers, by the condition's identity."""


def shortlister(rules: Shortlist) -> Callable[[Facts], Shortlist]:
    """A function that leaves out the rules that no ticket with these values matches.

    What it leaves in asks only for what the values do not tell: mostly the text. Each condition that a value answers
    has a bit. What bits a value sets is found once and remembered, and so is what a set of bits leaves of the rules.
    """
    bits: dict[int, int] = {}
    tests: dict[Callable[[Facts], Any], list[tuple[Test, int]]] = {}
    for condition in _conditions(rules):
        if condition.by_value is not None and id(condition) not in bits:
            bit = bits[id(condition)] = 1 << len(bits)
            tests.setdefault(condition.by_value.read, []).append((condition.by_value.test, bit))
    columns = tuple((read, Remembered(_bits_of(asked))) for read, asked in tests.items())
    lists = Remembered(_lists_of(rules, bits))

    def shortlist(facts: Facts) -> Shortlist:
        holding = 0
        for read, bits_of in columns:
            holding |= bits_of[read(facts)]
        return lists[holding]

    return shortlist


def _conditions(rules: Shortlist) -> Iterator[CompiledCondition]:
    for block in rules:
        for rule in block:
            yield from _parts((*rule.all, *rule.any))


def _parts(conditions: Iterable[CompiledCondition]) -> Iterator[CompiledCondition]:
    for one in conditions:
        yield one
        yield from _parts((*one.all, *one.any))


def _bits_of(tests: Sequence[tuple[Test, int]]) -> Callable[[Any], int]:
    return lambda value: sum(bit for test, bit in tests if test(value))


def _lists_of(rules: Shortlist, bits: _Bits) -> Callable[[int], Shortlist]:
    """A function from the bits that are set to what they leave of each block; one rule after the other is remembered."""
    blocks = [
        [(_own_bits(rule, bits), Remembered(_rest_of(rule, bits))) for rule in block] for block in rules
    ]

    def lists(holding: int) -> Shortlist:
        return Shortlist(
            *(
                tuple(rule for own, rests in block if (rule := rests[holding & own]) is not None)
                for block in blocks
            )
        )

    return lists


def _own_bits(rule: CompiledRule, bits: _Bits) -> int:
    own = 0
    for condition in _parts((*rule.all, *rule.any)):
        own |= bits.get(id(condition), 0)
    return own


def _rest_of(rule: CompiledRule, bits: _Bits) -> Callable[[int], CompiledRule | None]:
    """A function from the bits that are set to the rule that asks for the rest; None when it cannot match any more."""

    def holds(one: CompiledCondition, holding: int) -> bool | None:
        """Whether it holds, as far as the bits tell."""
        bit = bits.get(id(one))
        if bit is not None:
            return bool(holding & bit)
        if not one.all and not one.any:
            return None
        found = rest(one.all, one.any, holding)
        return False if found is None else True if found == ((), ()) else None

    def rest(
        everything: Sequence[CompiledCondition], either: Sequence[CompiledCondition], holding: int
    ) -> tuple[Sequence[CompiledCondition], Sequence[CompiledCondition]] | None:
        """The conditions that are left to be asked, None when they cannot hold together."""
        all_hold = [holds(one, holding) for one in everything]
        any_holds = [holds(one, holding) for one in either]
        if False in all_hold or (either and not (True in any_holds or None in any_holds)):
            return None
        left = tuple(one for one, known in zip(everything, all_hold, strict=True) if known is None)
        if True in any_holds:
            return left, ()
        return left, tuple(one for one, known in zip(either, any_holds, strict=True) if known is None)

    def reduced(holding: int) -> CompiledRule | None:
        left = rest(rule.all, rule.any, holding)
        return None if left is None else replace(rule, matches=all_and_any(*left))

    return reduced
