"""Conditions and outcomes in words, for people who will never open a rule file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from zdsync.calendars import DAY, Week
from zdsync.rules.calendars import DAYS
from zdsync.rules.lengths import Clock
from zdsync.rules.model import (
    Action,
    After,
    AnyCondition,
    Condition,
    Mode,
    NamedCondition,
    Operator,
    Rule,
    Scalar,
    TargetKind,
    Tier,
)

_MOST_WORDS = 12
_SAYS = {
    Operator.IS: "{field} is {any}",
    Operator.IS_NOT: "{field} is not {any}",
    Operator.LESS_THAN: "{field} is less than {any}",
    Operator.AT_MOST: "{field} is {any} or less",
    Operator.GREATER_THAN: "{field} is more than {any}",
    Operator.AT_LEAST: "{field} is {any} or more",
    Operator.INCLUDES: "{field} include {any}",
    Operator.EXCLUDES: "{field} include none of {any}",
    Operator.INCLUDES_ALL: "{field} include {all}",
    Operator.CONTAINS: "{field} has the words {any}",
    Operator.CONTAINS_PHRASE: "{field} has the phrase {any}",
    Operator.EXCLUDES_WORDS: "{field} has none of the words {any}",
    Operator.STARTS_WITH: "{field} starts with {any}",
    Operator.MATCHES: "{field} matches the pattern {any}",
    Operator.DETECTS: "the text holds a {any}",
    Operator.PRESENT: "{field} is filled in",
    Operator.NOT_PRESENT: "{field} is empty",
    Operator.WITHIN: "{field} lies in the open hours of {any}",
}
_QUOTED = frozenset(
    {
        Operator.CONTAINS,
        Operator.CONTAINS_PHRASE,
        Operator.EXCLUDES_WORDS,
        Operator.STARTS_WITH,
        Operator.MATCHES,
    }
)


_CLOCKS = {
    Clock.UNANSWERED: "nobody has answered for {}",
    Clock.UNASSIGNED: "without an assignee for {}",
    Clock.IN_TIER: "in the tier for {}",
    Clock.IN_STATUS: "in the same status for {}",
    Clock.OPEN_FOR: "open for {}",
    Clock.SINCE_CREATED: "opened {} ago",
    Clock.SINCE_UPDATED: "untouched for {}",
}
_PROMISES = {
    TargetKind.FIRST_REPLY: "a first answer",
    TargetKind.IN_TIER: "on to another tier, or solved,",
    TargetKind.SOLVE: "solved",
}


@dataclass(frozen=True, slots=True)
class Outline:
    """A sentence with what belongs under it."""

    text: str
    under: tuple[Outline, ...] = ()


def conditions_outline(rule: Rule | NamedCondition) -> tuple[Outline, ...]:
    """When the rule matches: every line, and of a line that says so one of those under it."""
    lines = [_outline(one) for one in rule.all]
    either = tuple(_outline(one) for one in rule.any)
    if len(either) == 1:
        lines += either
    elif either:
        lines.append(Outline("one of these:", either))
    return tuple(lines) or (Outline("every ticket"),)


def alternatives_outline(conditions: Sequence[AnyCondition]) -> tuple[Outline, ...]:
    """Conditions of which one is enough."""
    return tuple(map(_outline, conditions))


def _outline(condition: AnyCondition) -> Outline:
    if isinstance(condition, NamedCondition):
        return Outline(f"{condition.name.replace('_', ' ')}:", conditions_outline(condition))
    return Outline(in_words(condition))


def in_words(condition: Condition) -> str:
    """One condition, as a person would say it."""
    words = [_word(value, condition.operator) for value in condition.values[:_MOST_WORDS]]
    rest = len(condition.values) - _MOST_WORDS
    if rest > 0:
        words.append(f"{rest} more")
    field = condition.field.replace("_", " ").replace(".", "'s ")
    pattern = _SAYS.get(condition.operator, "{field} {any}")
    return pattern.format(field=field, any=_joined(words, "or"), all=_joined(words, "and"))


def outcome_lines(then: Action) -> Iterator[str]:
    """What a rule does beside choosing the tier."""
    if then.group:
        yield f"goes to the group {then.group}"
    if then.private_only:
        yield "may only be held by groups for private data; people's choices and holds do not stop this"
    for name in ("priority", "type", "status"):
        if value := getattr(then, name):
            yield f"gets the {name} {value}"
    if then.add_tags:
        yield f"gets the tags {_joined(then.add_tags, 'and')}"
    if then.remove_tags:
        yield f"loses the tags {_joined(then.remove_tags, 'and')}"
    for name, wanted in then.set_fields.items():
        values = wanted if isinstance(wanted, tuple) else (wanted,)
        yield f"gets {_joined([_word(value, Operator.IS) for value in values], 'and')} as {name}"
    if then.keep_assignee_as:
        yield "is followed by its assignee from now on, if they are not in the new group"
    if then.notify:
        yield f"is told to {then.notify}"
    if then.note:
        yield f"is handed over with the words: {' '.join(then.note.split())}"


def hours_in_words(week: Week) -> str:
    """The open hours of a week and its holidays, as the rule files spell them."""
    hours = [
        ", ".join(_clock(opens % DAY, closes - opens) for opens, closes in week.spans if opens // DAY == day)
        for day in range(len(DAYS))
    ]
    told = []
    for text, run in groupby(range(len(DAYS)), key=hours.__getitem__):
        days = [DAYS[day] for day in run]
        if text:
            told.append(f"{days[0]}-{days[-1]} {text}" if len(days) > 1 else f"{days[0]} {text}")
    closed = [day.isoformat() for day in sorted(week.holidays)]
    return "; ".join([*told, *([f"closed on {_joined(closed, 'and')}"] if closed else [])])


def _clock(opens: int, length: int) -> str:
    closes = opens + length
    closes -= DAY if closes > DAY else 0
    return f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"


def clock_in_words(after: After) -> str:
    """A move's clock, as a person would say it."""
    return _CLOCKS[after.clock].format(after.length)


def promises_in_words(tier: Tier) -> Iterator[str]:
    """What a tier promises, a line for each kind."""
    for kind, what in _PROMISES.items():
        promises = [promise for promise in tier.targets if promise.kind is kind]
        rest = " (others)" if len(promises) > 1 else ""
        told = [f"{one.length}{f' ({one.priority})' if one.priority else rest}" for one in promises]
        if told:
            yield f"{what} within {_joined(told, 'or')}"


def standing(rule: Rule) -> str:
    """How far the rule is in force; empty for a rule that is on for every ticket."""
    parts = []
    if not rule.enabled:
        parts.append("switched off")
    if rule.mode is Mode.SHADOW:
        parts.append("only watched so far, changes nothing")
    if rule.share != 1:
        parts.append(f"tried on {float(rule.share * 100):g}% of tickets")
    if rule.until is not None:
        parts.append(f"until {rule.until.isoformat()}")
    return ", ".join(parts)


def _word(value: Scalar, operator: Operator) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(str(value).split())
    if operator in _QUOTED:
        return f"“{text}”"
    return text.replace("_", " ") if operator is Operator.DETECTS else text


def _joined(words: Sequence[str], last: str) -> str:
    """`a, b or c`."""
    return f" {last} ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
