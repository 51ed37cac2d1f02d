"""What follows from conditions alone: whether some can never hold together, whether they make another one certain.

Every answer of "yes" is certain; where deciding would need more than sets and intervals the answer is "no".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any

from zdsync.rules.fields import (
    COMPARISONS,
    NONE,
    NOTHING,
    WORD_SEARCHES,
    Field,
    Kind,
    fold_name,
    to_number,
    to_span,
)
from zdsync.rules.model import (
    NEGATIVE,
    AnyCondition,
    Condition,
    MoveRule,
    NamedCondition,
    Operator,
    Rule,
)
from zdsync.rules.own_fields import COUNTS, satisfaction_names
from zdsync.rules.predicates import value_test
from zdsync.rules.vocabulary import built_in, plain
from zdsync.text import fold

TIER = "tier"
Branch = tuple[Condition, ...]
"""Conditions that hold together; a rule matches when one of its branches does."""

_MOST_BRANCHES = 64
_SEVERAL_NAMES = frozenset(
    "organization.domain organization requester assignee language requester.locale requester.language".split()
)
"""Fields whose one value answers to several names, so that two names are no contradiction."""
_BY_ID = frozenset({"group", "brand", "form", "custom_status"})
_COUNTS = frozenset({*COUNTS, "attachments"})
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_ANY_OF = frozenset(
    {Operator.CONTAINS, Operator.CONTAINS_PHRASE, Operator.INCLUDES, Operator.DETECTS, Operator.IS}
)
_NONE_OF = frozenset({Operator.EXCLUDES, Operator.EXCLUDES_WORDS, Operator.IS_NOT})


def branches(rule: Rule) -> tuple[Branch, ...] | None:
    """The rule written out as alternatives; None when there are too many to look at.

    A move also asks that the ticket is in one of the tiers that the rule leads out of.
    """
    if isinstance(rule, MoveRule):
        tier = Condition(TIER, Operator.IS, rule.origins, rule.marks.get("from", rule.at))
        return _written_out((tier, *rule.all), rule.any)
    return _written_out(rule.all, rule.any)


def is_impossible(branch: Branch) -> bool:
    """Whether no ticket can satisfy all of these."""
    return clash(branch) is not None


def clash(branch: Branch) -> str | None:
    """The field of which these conditions ask what cannot be; None when none does."""
    by_field: dict[str, list[Condition]] = {}
    for condition in branch:
        by_field.setdefault(key_of(condition), []).append(condition)
    return next((group[0].field for group in by_field.values() if _contradicts(group)), None)


def implies(branch: Branch, condition: Condition) -> bool:
    """Whether every ticket that satisfies `branch` satisfies `condition` too."""
    about = [one for one in branch if key_of(one) == key_of(condition)]
    if any(_same(one, condition) for one in about):
        return True
    if not about:
        return False
    field = one_valued((*about, condition))
    if field is None:
        return _implies_by_words(about, condition)
    worlds = worlds_of(field, (*about, condition))
    tests = [value_test(field, one) for one in about]
    wanted = value_test(field, condition)
    return all(wanted(world) for world in worlds if all(test(world) for test in tests))


def covers(earlier: Sequence[Branch], later: Branch) -> bool:
    """Whether one of the `earlier` branches holds whenever `later` does."""
    known = {key_of(condition) for condition in later}
    return any(
        known.issuperset(map(key_of, branch)) and all(implies(later, condition) for condition in branch)
        for branch in earlier
    )


def _written_out(
    everything: Sequence[AnyCondition], either: Sequence[AnyCondition]
) -> tuple[Branch, ...] | None:
    parts: list[tuple[Branch, ...]] = []
    for condition in everything:
        alternatives = _alternatives(condition)
        if alternatives is None:
            return None
        parts.append(alternatives)
    if either:
        options = [_alternatives(condition) for condition in either]
        if any(option is None for option in options):
            return None
        parts.append(tuple(branch for option in options if option for branch in option))
    size = 1
    for part in parts:
        size *= len(part)
    if size > _MOST_BRANCHES:
        return None
    return tuple(tuple(condition for branch in chosen for condition in branch) for chosen in product(*parts))


def _alternatives(condition: AnyCondition) -> tuple[Branch, ...] | None:
    if isinstance(condition, NamedCondition):
        return _written_out(condition.all, condition.any)
    return ((condition,),)


def key_of(condition: Condition) -> str:
    """Findings are a matter apart from the words of a text, opening hours from the dates between which a moment lies."""
    if condition.operator is Operator.DETECTS:
        return "\0findings"
    name = plain(condition.field)
    return f"\0hours of {name}" if condition.operator is Operator.WITHIN else name


def _same(one: Condition, other: Condition) -> bool:
    if one.operator is Operator.MATCHES:
        return other.operator is Operator.MATCHES and one.values == other.values
    return one.operator is other.operator and _names(one) == _names(other)


def _names(condition: Condition) -> frozenset[str]:
    return frozenset(fold_name(value) for value in condition.values)


# Fields with one value: try the condition on one value from each region that it can tell apart.


def one_valued(conditions: Sequence[Condition]) -> Field | None:
    """The field, if it holds one value at a time; a guess from the operators where only the account knows it."""
    name = plain(conditions[0].field)
    known = built_in(name)
    if name in _SEVERAL_NAMES or conditions[0].operator in {Operator.DETECTS, Operator.WITHIN}:
        return None
    if known is not None:
        has_ids = name in _BY_ID and any(value.isdigit() for one in conditions for value in _names(one))
        return None if known.kind in (Kind.TEXT, Kind.TAGS) or has_ids else known
    operators = {condition.operator for condition in conditions}
    if operators & COMPARISONS:
        values = [value for condition in conditions for value in condition.values]
        if all(to_number(value) is not None for value in values):
            return _guess(name, Kind.NUMBER)
        return _guess(name, Kind.DATE) if all(to_span(value) for value in values) else None
    is_plain = operators <= {Operator.IS, Operator.IS_NOT, Operator.PRESENT, Operator.NOT_PRESENT}
    return _guess(name, Kind.NAME) if is_plain else None


def _guess(name: str, kind: Kind) -> Field:
    return Field(name, kind, lambda _: None, lambda _: None)


def worlds_of(field: Field, conditions: Iterable[Condition]) -> tuple[Any, ...]:
    values = [value for condition in conditions for value in condition.values]
    match field.kind:
        case Kind.RANK:
            return tuple(sorted(field.ranks.values()))
        case Kind.NUMBER:
            numbers = sorted({number for value in values if (number := to_number(value)) is not None})
            if field.name in _COUNTS:
                near = {int(number) + step for number in numbers for step in (-1, 0, 1)} | {0}
                return tuple(count for count in near if count >= 0)
            middles = [(low + high) / 2 for low, high in pairwise(numbers)]
            ends = [numbers[0] - 1, numbers[-1] + 1] if numbers else [0]
            return (None, *numbers, *middles, *ends)
        case Kind.DATE:
            edges = {edge for span in map(to_span, values) if span for edge in (span.start, span.end)}
            step = timedelta(microseconds=1)
            moments = {moment for edge in edges for moment in (edge - step, edge, edge + step)}
            return (None, _SOME_DAY, *moments)
    if field.name == "satisfaction":
        return (NOTHING, *map(satisfaction_names, field.known or ()))
    if field.known:
        return (*(frozenset({name}) for name in field.known), *(() if field.nothing == NONE else (NOTHING,)))
    mentioned = {fold_name(value) for value in values}
    return (field.nothing or NOTHING, frozenset({"\0another"}), *(frozenset({name}) for name in mentioned))


# Fields with many values, and texts: sets of words.


def words_of(condition: Condition) -> frozenset[str]:
    is_text = condition.operator in WORD_SEARCHES and _is_text(condition)
    return frozenset(fold(str(value)) if is_text else fold_name(value) for value in condition.values)


def _is_text(condition: Condition) -> bool:
    field = built_in(condition.field)
    if field is not None:
        return field.kind is Kind.TEXT
    return condition.operator not in (Operator.INCLUDES, Operator.EXCLUDES)


def _contradicts(conditions: Sequence[Condition]) -> bool:
    field = one_valued(conditions)
    if field is not None:
        tests = [value_test(field, condition) for condition in conditions]
        return not any(all(test(world) for test in tests) for world in worlds_of(field, conditions))
    return any(_excludes(one, other) for one in conditions for other in conditions if one is not other)


def _excludes(one: Condition, other: Condition) -> bool:
    """Whether `other` forbids what `one` asks for."""
    if one.operator in NEGATIVE or "none" in _names(one):
        return False
    if other.operator is Operator.NOT_PRESENT:
        return True
    if other.operator not in _NONE_OF or (one.operator is Operator.IS) != (other.operator is Operator.IS_NOT):
        return False
    forbidden = words_of(other)
    if one.operator is Operator.INCLUDES_ALL:
        return not forbidden.isdisjoint(words_of(one))
    return one.operator in _ANY_OF and all(_stands_in(word, forbidden) for word in words_of(one))


def _stands_in(word: str, among: Iterable[str]) -> bool:
    """Whether a text with `word` surely has one of `among`: itself, or a phrase inside it."""
    return any(other == word or (other.startswith(" ") and other in word) for other in among)


def _implies_by_words(about: Sequence[Condition], wanted: Condition) -> bool:
    words = words_of(wanted)
    match wanted.operator:
        case Operator.PRESENT:
            return any(one.operator not in NEGATIVE and "none" not in _names(one) for one in about)
        case Operator.INCLUDES_ALL:
            return words <= _forced(about)
        case Operator.IS | Operator.IS_NOT:
            same = [one for one in about if one.operator is wanted.operator]
            return any(
                words_of(one) <= words if wanted.operator is Operator.IS else words <= words_of(one)
                for one in same
            )
        case operator if operator in _NONE_OF:
            forbidden = {
                w for one in about if one.operator in _NONE_OF - {Operator.IS_NOT} for w in words_of(one)
            }
            is_empty = any(one.operator is Operator.NOT_PRESENT for one in about)
            return is_empty or all(_stands_in(word, forbidden) for word in words)
        case operator if operator in _ANY_OF:
            asked = [one for one in about if one.operator in _ANY_OF - {Operator.IS}]
            sure = any(all(_stands_in(word, words) for word in words_of(one)) for one in asked)
            return sure or not words.isdisjoint(_forced(about))
    return False


def _forced(about: Sequence[Condition]) -> frozenset[str]:
    """Values that must all be there."""
    found: set[str] = set()
    for one in about:
        words = words_of(one)
        if one.operator is Operator.INCLUDES_ALL or (one.operator is Operator.INCLUDES and len(words) == 1):
            found |= words
    return frozenset(found)
