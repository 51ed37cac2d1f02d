"""Clues: what of a condition can be told from a value of which few occur, so that the answer can be remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from zdsync.facts import Facts
from zdsync.rules.fields import WORD_SEARCHES, Field, Kind, fold_name
from zdsync.rules.model import NEGATIVE, Condition, Operator
from zdsync.rules.predicates import value_test
from zdsync.rules.sources import Record, Source
from zdsync.text import fold_words

_OF_TAGS = frozenset({Operator.INCLUDES, Operator.INCLUDES_ALL, Operator.EXCLUDES})
_detected = Source(Record.FACTS, "detected")


@dataclass(frozen=True, slots=True)
class Clue:
    """What `test` tells of a condition by the value that `read` gives; None where the condition itself is to be asked.

    Where `among` is there, `read` gives words, and the value is the set of those among these. What is told of an
    `ambiguous` value is not to be remembered.
    """

    read: Callable[[Facts], Any]
    test: Callable[[Any], bool | None]
    among: frozenset[str] | None = None
    ambiguous: frozenset[object] = frozenset()


def clue(field: Field, condition: Condition) -> Clue | None:
    """The clue to a condition that is free of misfits; None where too many values occur."""
    operator = condition.operator
    if operator is Operator.DETECTS:
        wanted = frozenset(map(str, condition.values))
        return Clue(_detected, lambda detected: not wanted.isdisjoint(detected))
    if field.listed is not None and operator in WORD_SEARCHES:
        return _word_clue(field.listed, map(str, condition.values), is_negative=operator in NEGATIVE)
    if field.kind is Kind.TAGS and field.of is None and operator in _OF_TAGS:
        return Clue(field.read, value_test(field, condition), frozenset(map(fold_name, condition.values)))
    of = field.of
    if of is None:
        return None
    test = value_test(field, condition)
    return Clue(field.read, lambda value: test(of(value)), ambiguous=field.ambiguous)


def _word_clue(listed: Callable[[Facts], Any], phrases: Iterable[str], *, is_negative: bool) -> Clue:
    """A single word answers by being there; a phrase stands in the text at most where its first word does."""
    folded = [fold_words(phrase) for phrase in phrases]
    single = frozenset(words[0] for words in folded if len(words) == 1)
    first = frozenset(words[0] for words in folded if len(words) > 1)

    def test(found: frozenset[str]) -> bool | None:
        if not single.isdisjoint(found):
            return not is_negative
        return is_negative if first.isdisjoint(found) else None

    return Clue(listed, test, single | first)
