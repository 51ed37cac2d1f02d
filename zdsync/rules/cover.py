"""Whether several rules together take every ticket of another one: by trying values, with bounded work.

A field that holds one value is tried with one value of each kind that the conditions can tell apart. Everything else,
texts and sets, is taken apart into propositions ("the tag x is there") that are tried true and false; some of these
worlds no ticket is in, which only makes a "yes" rarer. So every "yes" is certain, and "no" may mean: too much to try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from zdsync.rules.fields import WORD_SEARCHES, Kind, fold_name
from zdsync.rules.logic import Branch, key_of, one_valued, words_of, worlds_of
from zdsync.rules.model import NEGATIVE, Condition, Operator
from zdsync.rules.predicates import value_test
from zdsync.rules.vocabulary import built_in

_MOST_PROPOSITIONS = 8
_Answers = tuple[bool, ...]


def cover_together(earlier: Iterable[Branch], later: Sequence[Branch], most: int = 100_000) -> bool:
    """Whether each ticket that satisfies a branch of `later` surely satisfies one of the `earlier` branches.

    The branches of `later` are possible ones. It gives up, with False, after asking about `most` conditions.
    """
    left = tuple(map(_by_field, earlier))
    budget = [most]
    try:
        return all(_Search(branch, budget).is_covered(left, frozenset()) for branch in later)
    except _TooMuchError:
        return False


class _TooMuchError(Exception):
    """More to try than is worth it."""


_Split = dict[str, Branch]
"""The conditions of a branch by the field that they are about."""


def _by_field(branch: Branch) -> _Split:
    found: dict[str, list[Condition]] = {}
    for condition in branch:
        found.setdefault(key_of(condition), []).append(condition)
    return {key: tuple(conditions) for key, conditions in found.items()}


class _Search:
    """Fixes one field after another, and keeps the branches that may still hold."""

    def __init__(self, later: Branch, budget: list[int]) -> None:
        self._later = _by_field(later)
        self._budget = budget

    def is_covered(self, left: Sequence[_Split], done: frozenset[str]) -> bool:
        """Whether one of the branches `left` holds, whatever the values of the fields that are not `done`."""
        if any(done.issuperset(branch) for branch in left):
            return True
        key = self._next(left, done)
        if key is None:
            return False
        wide = [branch for branch in left if key in branch]
        others = [branch for branch in left if key not in branch]
        self._spend(2 * len(wide))
        worlds = _worlds(self._later.get(key, ()), [branch[key] for branch in wide])
        if worlds is None:
            return self.is_covered(others, done)
        seen: set[_Answers] = set()
        for answers in worlds:
            self._spend(len(wide))
            if answers in seen:
                continue
            seen.add(answers)
            alive = [branch for branch, holds in zip(wide, answers, strict=True) if holds]
            if not self.is_covered([*alive, *others], done | {key}):
                return False
        return True

    def _next(self, left: Sequence[_Split], done: frozenset[str]) -> str | None:
        """The field about which the fewest values are asked."""
        sizes: dict[str, int] = {}
        for branch in left:
            for key, conditions in branch.items():
                if key not in done:
                    asked = sum(max(1, len(condition.values)) for condition in conditions)
                    sizes[key] = sizes.get(key, 0) + asked
        return min(sizes, key=lambda key: (sizes[key], key)) if sizes else None

    def _spend(self, work: int) -> None:
        self._budget[0] -= work + 1
        if self._budget[0] < 0:
            raise _TooMuchError


def _worlds(given: Branch, asked: Sequence[Branch]) -> Iterator[_Answers] | None:
    """For each value that satisfies `given`, which of the `asked` hold; None when there are too many to try."""
    conditions = (*given, *(condition for branch in asked for condition in branch))
    field = one_valued(conditions)
    if field is not None and (field.kind is not Kind.NAME or built_in(field.name) is not None):
        tests = {condition: value_test(field, condition) for condition in conditions}
        return _tried(given, asked, tests, worlds_of(field, conditions))
    found = dict.fromkeys(name for condition in conditions for name in _propositions(condition))
    if len(found) > _MOST_PROPOSITIONS:
        return None
    tests = {condition: _proposition_test(condition) for condition in conditions}
    return _tried(given, asked, tests, _assignments(tuple(found)))


def _tried(
    given: Branch,
    asked: Sequence[Branch],
    tests: dict[Condition, Callable[[Any], bool]],
    worlds: Iterable[Any],
) -> Iterator[_Answers]:
    for world in worlds:
        if all(tests[condition](world) for condition in given):
            yield tuple(all(tests[condition](world) for condition in branch) for branch in asked)


# Propositions

_PRESENT = ("there", "")
_Proposition = tuple[str, str]
"""What is said of the value, and of which word."""


def _propositions(condition: Condition) -> tuple[_Proposition, ...]:
    operator = condition.operator
    if operator in (Operator.PRESENT, Operator.NOT_PRESENT):
        return (_PRESENT,)
    if operator in (Operator.MATCHES, Operator.STARTS_WITH):
        return tuple((operator.value, str(value)) for value in condition.values)
    if operator is Operator.DETECTS:
        return tuple(("has", str(value)) for value in condition.values)
    is_search = operator in WORD_SEARCHES or operator is Operator.INCLUDES_ALL
    if not is_search and operator not in (Operator.IS, Operator.IS_NOT):
        return tuple((f"{operator.value} compares", fold_name(value)) for value in condition.values)
    field = built_in(condition.field)
    # What is equal to a name has it, unless it is a text, which may have a word among others.
    is_text = field is None or field.kind is Kind.TEXT
    word = "has" if is_search or not is_text else "is"
    return tuple((word, one) for one in sorted(words_of(condition)))


def _proposition_test(condition: Condition) -> Callable[[frozenset[_Proposition]], bool]:
    wanted = frozenset(_propositions(condition))
    if condition.operator is Operator.INCLUDES_ALL:
        return wanted.issubset
    if condition.operator in NEGATIVE:
        return wanted.isdisjoint
    return lambda world: not wanted.isdisjoint(world)


def _assignments(propositions: tuple[_Proposition, ...]) -> Iterator[frozenset[_Proposition]]:
    """Every set of propositions that may be true together."""
    for chosen in product((False, True), repeat=len(propositions)):
        world = frozenset(name for name, is_true in zip(propositions, chosen, strict=True) if is_true)
        if _is_thinkable(world, propositions):
            yield world


def _is_thinkable(world: frozenset[_Proposition], propositions: Iterable[_Proposition]) -> bool:
    """Nothing is said of a value that is not there, and a text that has a phrase has the phrases inside it."""
    if _PRESENT in propositions and _PRESENT not in world and world and not _is_empty_word(world):
        return False
    return all(
        (says, word) in world
        or not word.startswith(" ")
        or not any(told == "has" and word in other for told, other in world)
        for says, word in propositions
        if says == "has"
    )


def _is_empty_word(world: frozenset[_Proposition]) -> bool:
    """Some fields answer to `none` when they are empty."""
    return any(word == "none" for _, word in world)
