"""A condition on a field as a closure over Facts; two-valued: a missing value fails what is positive, holds what is negative."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from zdsync.calendars import Calendar
from zdsync.facts import Facts
from zdsync.rules.fields import WORD_SEARCHES, Field, Kind, Span, fold_name, to_number, to_span
from zdsync.rules.model import NEGATIVE, Condition, Operator, Scalar
from zdsync.rules.patterns import compile_pattern
from zdsync.rules.sources import direct
from zdsync.text import fold

Predicate = Callable[[Facts], bool]
_MOST_ANSWERS = 10_000
_ONE_OF = frozenset({Operator.IS, Operator.INCLUDES})
Test = Callable[[Any], bool]
Answer = TypeVar("Answer")


class Remembered(dict[Any, Answer]):
    """Answers by value, each but for an ambiguous value asked for once; forgets all when there are too many."""

    def __init__(self, answer: Callable[[Any], Answer], ambiguous: frozenset[object] = frozenset()) -> None:
        self._answer = answer
        self._ambiguous = ambiguous

    def __missing__(self, value: Any) -> Answer:
        if value in self._ambiguous:
            return self._answer(value)
        if len(self) >= _MOST_ANSWERS:
            self.clear()
        answer = self[value] = self._answer(value)
        return answer


def predicate(field: Field, condition: Condition) -> Predicate:
    """The closure that answers `condition`; the condition must be free of misfits."""
    if field.kind is Kind.TEXT:
        return _text(field, condition.operator, condition.values)
    read, of = direct(field.read), field.of
    if of is not None:
        test = value_test(field, condition)
        answers = Remembered(lambda value: test(of(value)), field.ambiguous)
        return lambda facts: answers[read(facts)]
    if field.kind in (Kind.NAME, Kind.TAGS) and condition.operator in _ONE_OF:
        wanted = frozenset(
            fold_name(value) for value in condition.values
        )  # one call less on the busiest path
        return lambda facts: not wanted.isdisjoint(read(facts))
    test = value_test(field, condition)
    return lambda facts: test(read(facts))


def within(field: Field, calendars: Sequence[Calendar]) -> Predicate:
    """Whether the field's moment lies in the open time of one of them."""
    read = direct(field.read)

    def holds(facts: Facts) -> bool:
        at = read(facts)
        return at is not None and any(calendar.is_open(at) for calendar in calendars)

    return holds


def value_test(field: Field, condition: Condition) -> Test:
    """What `condition` asks of the value that is compared; for any kind of field but text.

    Not for `within`, whose calendars only a rule set knows.
    """
    operator, values = condition.operator, condition.values
    match operator:
        case Operator.PRESENT:
            return _presence(field)
        case Operator.NOT_PRESENT:
            present = _presence(field)
            return lambda actual: not present(actual)
    match field.kind:
        case Kind.NAME | Kind.TAGS:
            return _membership(operator, values)
        case Kind.RANK:
            return _order(operator, [field.ranks[fold_name(value)] for value in values])
        case Kind.NUMBER:
            return _order(operator, [to_number(value) for value in values])
        case Kind.DATE:
            return _period(operator, [span for span in map(to_span, values) if span])
    answer = operator in NEGATIVE
    return lambda _: answer


def found_words(field: Field, condition: Condition, facts: Facts) -> tuple[str, ...]:
    """Which of the condition's words stand in the text, or which of its detectors found something."""
    if condition.operator is Operator.DETECTS:
        return tuple(str(value) for value in condition.values if value in facts.detected)
    if condition.operator is Operator.MATCHES:
        text = field.read(facts) or ""
        return tuple(str(value) for value in condition.values if compile_pattern(str(value))(text))
    if field.words is None or condition.operator not in WORD_SEARCHES:
        return ()
    text = field.words(facts)
    return tuple(str(value) for value in condition.values if fold(str(value)) in text)


def conjunction(predicates: Sequence[Predicate]) -> Predicate:
    """True when all hold; of none, always true."""
    match len(predicates):
        case 0:
            return lambda _: True
        case 1:
            return predicates[0]
        case 2:
            first, second = predicates
            return lambda facts: first(facts) and second(facts)
    every = tuple(predicates)

    def holds(facts: Facts) -> bool:
        for one in every:  # noqa: SIM110 - a generator costs twice the time
            if not one(facts):
                return False
        return True

    return holds


def disjunction(predicates: Sequence[Predicate]) -> Predicate:
    """True when one holds; of none, never true."""
    match len(predicates):
        case 1:
            return predicates[0]
        case 2:
            first, second = predicates
            return lambda facts: first(facts) or second(facts)
    some = tuple(predicates)

    def holds(facts: Facts) -> bool:
        for one in some:  # noqa: SIM110
            if one(facts):
                return True
        return False

    return holds


def _negated(one: Predicate) -> Predicate:
    return lambda facts: not one(facts)


def _presence(field: Field) -> Test:
    nothing = field.nothing
    if field.kind in (Kind.NAME, Kind.TAGS):
        return lambda actual: bool(actual) and actual != nothing
    return lambda actual: actual is not None and actual != nothing


def _membership(operator: Operator, values: Sequence[Scalar]) -> Test:
    wanted = frozenset(fold_name(value) for value in values)
    match operator:
        case Operator.IS | Operator.INCLUDES:
            return lambda actual: not wanted.isdisjoint(actual)
        case Operator.INCLUDES_ALL:
            return wanted.issubset
        case _:
            return wanted.isdisjoint


def _order(operator: Operator, values: Sequence[Any]) -> Test:
    wanted = frozenset(values)
    limit = values[0]
    match operator:
        case Operator.IS:
            return lambda actual: actual is not None and actual in wanted
        case Operator.IS_NOT:
            return lambda actual: actual is None or actual not in wanted
        case Operator.LESS_THAN:
            return lambda actual: actual is not None and actual < limit
        case Operator.AT_MOST:
            return lambda actual: actual is not None and actual <= limit
        case Operator.GREATER_THAN:
            return lambda actual: actual is not None and actual > limit
        case _:
            return lambda actual: actual is not None and actual >= limit


def _period(operator: Operator, spans: Sequence[Span]) -> Test:
    """Dates against days or instants: before a day means before it begins, `at_most` up to its end."""
    start, end = spans[0].start, spans[0].end

    def inside(actual: datetime) -> bool:
        return any(span.start <= actual < span.end for span in spans)

    match operator:
        case Operator.IS:
            return lambda actual: actual is not None and inside(actual)
        case Operator.IS_NOT:
            return lambda actual: actual is None or not inside(actual)
        case Operator.LESS_THAN:
            return lambda actual: actual is not None and actual < start
        case Operator.AT_MOST:
            return lambda actual: actual is not None and actual < end
        case Operator.GREATER_THAN:
            return lambda actual: actual is not None and actual >= end
        case _:
            return lambda actual: actual is not None and actual >= start


def _text(field: Field, operator: Operator, values: Sequence[Scalar]) -> Predicate:
    read = field.read
    match operator:
        case Operator.PRESENT:
            return lambda facts: bool((read(facts) or "").strip())
        case Operator.NOT_PRESENT:
            return lambda facts: not (read(facts) or "").strip()
        case Operator.DETECTS:
            detectors = frozenset(str(value) for value in values)
            return lambda facts: not detectors.isdisjoint(facts.detected)
        case Operator.IS:
            return _equal(field, values)
        case Operator.IS_NOT:
            return _negated(_equal(field, values))
        case Operator.STARTS_WITH:
            return _start(field, values)
        case Operator.MATCHES:
            return _patterns(field, values)
        case Operator.EXCLUDES_WORDS | Operator.EXCLUDES:
            return _negated(_words(field, values))
        case _:
            return _words(field, values)


def _words(field: Field, values: Sequence[Scalar]) -> Predicate:
    phrases = tuple(dict.fromkeys(fold(str(value)) for value in values))
    assert field.words is not None, "every field of kind TEXT has them"
    words = field.words

    def holds(facts: Facts) -> bool:
        text = words(facts)
        for phrase in phrases:  # noqa: SIM110
            if phrase in text:
                return True
        return False

    return holds


def _patterns(field: Field, values: Sequence[Scalar]) -> Predicate:
    patterns = tuple(compile_pattern(str(value)) for value in values)
    read = field.read

    def holds(facts: Facts) -> bool:
        text = read(facts)
        return bool(text and text.strip()) and any(is_found(text) for is_found in patterns)

    return holds


def _equal(field: Field, values: Sequence[Scalar]) -> Predicate:
    wanted = frozenset(fold_name(value) for value in values)
    read = field.read
    return lambda facts: (actual := read(facts)) is not None and fold_name(actual) in wanted


def _start(field: Field, values: Sequence[Scalar]) -> Predicate:
    """Case and leading spaces do not count. The slice is long enough: composing a letter takes at most a few marks."""
    starts = tuple(fold_name(value) for value in values)
    length = 4 * max(map(len, starts)) + 8
    read = field.read

    def holds(facts: Facts) -> bool:
        actual = read(facts)
        if not actual:
            return False
        head = actual.lstrip()[:length]
        composed = head if head.isascii() else unicodedata.normalize("NFC", head)
        return composed.casefold().startswith(starts)

    return holds
