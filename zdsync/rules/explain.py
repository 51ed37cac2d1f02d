"""A trace in sentences that a support agent understands: what was looked at, what it is, what the rule wants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from zdsync.rules.evaluate import ConditionTrace, Trace
from zdsync.rules.fields import WORD_SEARCHES
from zdsync.rules.model import Condition, NamedCondition, Operator, Scalar

_MOST_WORDS = 8
_LONGEST = 60
_WANTS = {
    Operator.IS: "{}",
    Operator.IS_NOT: "anything but {}",
    Operator.LESS_THAN: "less than {}",
    Operator.AT_MOST: "{} or less",
    Operator.GREATER_THAN: "more than {}",
    Operator.AT_LEAST: "{} or more",
    Operator.INCLUDES: "{} among them",
    Operator.EXCLUDES: "none of {}",
    Operator.INCLUDES_ALL: "all of {}",
    Operator.STARTS_WITH: "a text that starts with {}",
    Operator.PRESENT: "it filled in",
    Operator.NOT_PRESENT: "it empty",
    Operator.WITHIN: "a time in the open hours of {}",
}
_TIMES = {
    Operator.IS: "on {}",
    Operator.IS_NOT: "any day but {}",
    Operator.LESS_THAN: "before {}",
    Operator.AT_MOST: "{} or before",
    Operator.GREATER_THAN: "after {}",
    Operator.AT_LEAST: "{} or later",
}


def explain_trace(trace: Trace) -> tuple[str, ...]:
    """Why the rule matched, or why not, a sentence each; the first sentence is the answer."""
    rule = trace.rule
    if trace.matches:
        reasons = [*_holding(trace.all), *_holding(_first(trace.any, holds=True))]
        return (
            (f"{rule.id} matches: {rule.why}", *reasons) if reasons else (f"{rule.id} takes every ticket.",)
        )
    return (f"{rule.id} does not match.", *first_failure(trace))


def first_failure(trace: Trace) -> tuple[str, ...]:
    """What stopped the rule: the first condition of `all` that failed, or else every one of `any`; empty if it matched."""
    if trace.matches:
        return ()
    failed = _first(trace.all, holds=False)
    if failed:
        return tuple(_failing(failed[0]))
    return ("None of these holds:", *(sentence(one) for one in trace.any))


def sentence(one: ConditionTrace) -> str:
    """One condition, what it found and what it wants, in one sentence."""
    condition = one.condition
    if isinstance(condition, NamedCondition):
        return f"The condition '{condition.name}' {'holds' if one.holds else 'does not hold'}."
    if condition.operator is Operator.DETECTS:
        return _detected(condition, one.found)
    if condition.operator is Operator.MATCHES:
        return _matched(condition, one.found)
    if condition.operator in WORD_SEARCHES and not _is_listing(one.actual):
        return _searched(condition, one.found)
    join = ", as the rule wants" if one.holds else f", the rule wants {_wanted(condition, one.actual)}"
    return f"Looked at {_called(condition.field)}: {_is(one.actual)}{join}."


def _holding(traces: Sequence[ConditionTrace]) -> Iterator[str]:
    for one in traces:
        yield sentence(one)
        if isinstance(one.condition, NamedCondition):
            yield from _holding((*one.all, *_first(one.any, holds=True)))


def _failing(one: ConditionTrace) -> Iterator[str]:
    yield sentence(one)
    failed = _first(one.all, holds=False)
    if failed:
        yield from _failing(failed[0])
    elif isinstance(one.condition, NamedCondition):
        yield from (sentence(part) for part in one.any)


def _first(traces: Sequence[ConditionTrace], *, holds: bool) -> tuple[ConditionTrace, ...]:
    return tuple(one for one in traces if one.holds is holds)[:1]


def _is_listing(actual: object) -> bool:
    """Whether the value is a set of tags or one option, which is shown; a text is not."""
    return isinstance(actual, tuple)


def _called(field: str) -> str:
    return field.replace("_", " ").replace(".", "'s ")


def _is(actual: object) -> str:
    if actual in (None, (), []):
        return "it is empty"
    if actual == "":
        return "it has text"
    return f"it is {_words(actual) if isinstance(actual, tuple | list) else _word(actual)}"


def _wanted(condition: Condition, actual: object) -> str:
    patterns = _TIMES if isinstance(actual, datetime) else {}
    pattern = patterns.get(condition.operator) or _WANTS.get(condition.operator, "{}")
    return pattern.format(_choice(condition.values))


def _searched(condition: Condition, found: tuple[str, ...]) -> str:
    field = _called(condition.field)
    if found:
        stand = "stand" if len(found) > 1 else "stands"
        return f"Looked for words in {field}: {_words([f'“{word}”' for word in found])} {stand} there."
    return f"Looked for words in {field}: none of {_choice(condition.values)} stands there."


def _matched(condition: Condition, found: tuple[str, ...]) -> str:
    field = _called(condition.field)
    if found:
        return f"Looked for a pattern in {field}: “{_word(found[0])}” is there."
    return f"Looked for a pattern in {field}: none of {_choice(condition.values)} is there."


def _detected(condition: Condition, found: tuple[str, ...]) -> str:
    kinds = [word.replace("_", " ") for word in found]
    if kinds:
        return f"Looked for sensitive data in the text: a {_words(kinds)} was found."
    wanted = [str(value).replace("_", " ") for value in condition.values]
    return f"Looked for sensitive data in the text: no {_choice(wanted)} was found."


def _choice(values: Sequence[Scalar]) -> str:
    words = [_word(value) for value in values[:_MOST_WORDS]]
    if len(values) > _MOST_WORDS:
        return f"{', '.join(words)} or {len(values) - _MOST_WORDS} more"
    return " or ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def _words(values: Sequence[object]) -> str:
    words = [_word(value) for value in values[:_MOST_WORDS]]
    rest = len(values) - _MOST_WORDS
    return ", ".join(words) + (f" and {rest} more" if rest > 0 else "")


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
