"""What a ticket's values leave of the rules: most are ruled out by a few values, seen before, without being asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import getitem
from typing import Any, NamedTuple

from zdsync.facts import Facts
from zdsync.rules.clues import Clue
from zdsync.rules.compiled import CompiledCondition, CompiledRule, Shortlist, all_and_any
from zdsync.rules.fields import NOTHING
from zdsync.rules.guards import guarding
from zdsync.rules.predicates import Remembered
from zdsync.rules.sources import Read, Words, direct, read_many

_Bits = Mapping[int, int]
"""The lower bit of each condition with a clue, by the condition's identity."""
_HOLDS, _MAY_HOLD = 0b11, 0b10
_TEXT = Words("text")


def shortlister(rules: Shortlist) -> Callable[[Facts], Shortlist]:
    """A function that leaves out the rules that no ticket with these values matches.

    What it leaves in asks only for what the values do not tell. Each condition with a clue has two bits: that it holds,
    and that it may. What bits a value sets is found once and remembered, and so is what a set of bits leaves of the
    rules.
    """
    looked_at = guarding(rule for block in rules for rule in block)
    bits: dict[int, int] = {}
    columns: dict[Read, list[tuple[Clue, int]]] = {}
    words: dict[Read, list[tuple[Clue, int]]] = {}
    for condition in _conditions(rules):
        clue = condition.clue
        if clue is not None and clue.read in looked_at and id(condition) not in bits:
            bit = bits[id(condition)] = 1 << 2 * len(bits)
            kind = columns if clue.among is None else words
            kind.setdefault(clue.read, []).append((clue, bit))
    values, reads = read_many(columns)
    tables = tuple(Remembered(_bits_of(columns[read]), columns[read][0][0].ambiguous) for read in reads)
    sets = tuple(_sets(words))
    lists = Remembered(_lists_of(rules, bits))

    def shortlist(facts: Facts) -> Shortlist:
        told = sum(map(getitem, tables, values(facts)))  # no two set the same bits
        for read, among, bits_of, parts in sets:
            found = among.intersection(read(facts))
            told += bits_of[found]
            for part in parts:
                is_nothing = part.among.isdisjoint(found)
                told += part.bits_of[NOTHING if is_nothing else part.among.intersection(part.read(facts))]
        return lists[told]

    return shortlist


class _Set(NamedTuple):
    """Words that are looked for where `read` reads, and what bits those that are there set.

    Its parts have no word that the whole does not have.
    """

    read: Read
    among: frozenset[str]
    bits_of: Mapping[frozenset[str], int]
    parts: tuple[_Set, ...] = ()


def _sets(words: Mapping[Read, Sequence[tuple[Clue, int]]]) -> Iterator[_Set]:
    sets = {
        read: _Set(direct(read), _among(clues), Remembered(_bits_of(clues))) for read, clues in words.items()
    }
    whole = sets.pop(_TEXT, None)
    if whole is not None:
        parts = tuple(sets.pop(read) for read in words if isinstance(read, Words) and read.is_within_text)
        among = whole.among.union(*(part.among for part in parts))
        yield whole._replace(among=among, parts=parts)
    yield from sets.values()


def _among(clues: Sequence[tuple[Clue, int]]) -> frozenset[str]:
    """All the words that these clues are about."""
    return frozenset().union(*(clue.among for clue, _ in clues if clue.among is not None))


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
