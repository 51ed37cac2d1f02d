"""A naive interpreter of rules, written from the language's description alone: slow, plain, the oracle of the compiler."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.unit.rules.build import ACCOUNT, AREA, BUILD_DAY, COLOURS, CONSENT, VERSION, WEIGHT
from zdsync.facts import Facts
from zdsync.rules.model import AnyCondition, Condition, NamedCondition, Operator, Rule

STATUSES = ["new", "open", "pending", "hold", "solved", "closed"]
PRIORITIES = ["none", "low", "normal", "high", "urgent"]
TEXTS = {"subject", "description", "comment", "text", "App version", "organization.name"}
SETS = {"tags", "organization.tags", "Colours"}
NUMBERS = {"replies", "reopens", "Weight", "organization.mrr"}
DATES = {"created_at", "due_at", "Build day"}
NEGATIVE = {"is_not", "excludes", "excludes_words", "not_present"}


def rule_matches(rule: Rule, facts: Facts) -> bool:
    """Every condition of `all`, and one of `any` if there are any."""
    return _both(rule.all, rule.any, facts)


def _both(everything: tuple[AnyCondition, ...], either: tuple[AnyCondition, ...], facts: Facts) -> bool:
    if not all(holds(one, facts) for one in everything):
        return False
    return not either or any(holds(one, facts) for one in either)


def holds(condition: AnyCondition, facts: Facts) -> bool:
    if isinstance(condition, NamedCondition):
        return _both(condition.all, condition.any, facts)
    operator = condition.operator.value
    if operator == "detects":
        return any(value in facts.detected for value in condition.values)
    actual = value_of(condition.field, facts)
    if operator in ("present", "not_present"):
        return is_present(condition.field, actual) is (operator == "present")
    if actual is None or actual == []:
        return operator in NEGATIVE
    found = any(_one(condition, actual, value) for value in condition.values)
    return not found if operator in NEGATIVE else found


def _one(condition: Condition, actual: Any, value: Any) -> bool:
    """Whether the positive sense of the operator holds for one value."""
    field, operator = condition.field, condition.operator
    if field in TEXTS:
        return _text(operator, actual, str(value))
    if field in SETS:
        if operator is Operator.INCLUDES_ALL:
            return all(any(_same(one, wanted) for one in actual) for wanted in condition.values)
        return any(_same(one, value) for one in actual)
    if field in DATES:
        return _date(operator, actual, value)
    if field == "status":
        return _ordered(operator, STATUSES.index(actual), STATUSES.index(value))
    if field == "priority":
        return _ordered(operator, PRIORITIES.index(actual), PRIORITIES.index(value))
    if field in NUMBERS:
        return _ordered(operator, float(actual), float(value))
    return any(_same(one, value) for one in actual)


def _same(one: Any, other: Any) -> bool:
    return str(one).casefold() == str(other).casefold()


def _ordered(operator: Operator, actual: float, value: float) -> bool:
    match operator:
        case Operator.LESS_THAN:
            return actual < value
        case Operator.AT_MOST:
            return actual <= value
        case Operator.GREATER_THAN:
            return actual > value
        case Operator.AT_LEAST:
            return actual >= value
        case _:
            return actual == value


def _date(operator: Operator, actual: datetime, value: str) -> bool:
    begins = datetime.combine(date.fromisoformat(value), time(), UTC)
    ends = begins + timedelta(days=1)
    match operator:
        case Operator.LESS_THAN:
            return actual < begins
        case Operator.AT_MOST:
            return actual < ends
        case Operator.GREATER_THAN:
            return actual >= ends
        case Operator.AT_LEAST:
            return actual >= begins
        case _:
            return begins <= actual < ends


def _text(operator: Operator, actual: str, value: str) -> bool:
    if operator is Operator.MATCHES:
        return bool(actual.strip()) and bool(re.search(value, actual, re.IGNORECASE))
    text = unicodedata.normalize("NFC", actual).casefold()
    wanted = unicodedata.normalize("NFC", value).casefold()
    if operator in (Operator.IS, Operator.IS_NOT):
        return text.strip() == wanted.strip()
    if operator is Operator.STARTS_WITH:
        return text.lstrip().startswith(wanted.strip())
    words, phrase = _words(text), _words(wanted)
    return any(words[start : start + len(phrase)] == phrase for start in range(len(words) - len(phrase) + 1))


def _words(text: str) -> list[str]:
    """Words of letters, digits and `_`; each Chinese or Japanese sign and each picture alone."""
    return re.findall(
        r"[\u3040-\u30ff\u3400-\u9fff\u2600-\u27bf\U0001f300-\U0001faff]|[a-z0-9_à-öø-ÿıßſ\u0307]+", text
    )


def is_present(field: str, actual: Any) -> bool:
    if field in TEXTS:
        return bool((actual or "").strip())
    if field == "priority":
        return bool(actual != "none")
    if field in ("type", "group"):
        return bool(actual != ["none"])
    return actual is not None and actual != []


def _replies(facts: Facts) -> tuple[str, ...]:
    """The public comments but for the first one, where that is the description once more."""
    is_twice = facts.public_comments[:1] == (facts.ticket.description,)
    return facts.public_comments[1:] if is_twice else facts.public_comments


def value_of(field: str, facts: Facts) -> Any:
    """The value as the language describes it; lists are all the names it answers to; None and [] are missing."""
    if field in _TICKET:
        return _TICKET[field](facts)
    record, _, key = field.partition(".")
    if record == "organization":
        return _organization(key, facts)
    return _custom(field, facts)


def _group(facts: Facts) -> list[str]:
    names = {group.id: group.name for group in ACCOUNT.groups}
    id = facts.ticket.group_id
    return [names[id]] if id else ["none"]


def _locale(facts: Facts) -> list[str]:
    locale = facts.requester.locale if facts.requester else None
    return [locale, locale.partition("-")[0]] if locale else []


_TICKET: dict[str, Callable[[Facts], Any]] = {
    "status": lambda f: f.ticket.status,
    "priority": lambda f: f.ticket.priority or "none",
    "type": lambda f: [f.ticket.type or "none"],
    "channel": lambda f: [f.ticket.channel] if f.ticket.channel else [],
    "group": _group,
    "satisfaction": lambda f: [s, s.removesuffix("_with_comment")] if (s := f.ticket.satisfaction) else [],
    "language": _locale,
    "tags": lambda f: sorted(f.ticket.tags),
    "subject": lambda f: f.ticket.subject,
    "description": lambda f: f.ticket.description,
    "comment": lambda f: f.comment,
    "text": lambda f: "\n".join([f.ticket.subject, f.ticket.description, *_replies(f)]),
    "created_at": lambda f: f.ticket.created_at,
    "due_at": lambda f: f.ticket.due_at,
    "replies": lambda f: f.replies,
    "reopens": lambda f: f.reopens,
}


def _organization(key: str, facts: Facts) -> Any:
    organization = facts.organization
    if organization is None:
        return None
    match key:
        case "name":
            return organization.name
        case "tags":
            return sorted(organization.tags)
        case "mrr":
            return _number(organization.fields.get("mrr"))
    plan = organization.fields.get("plan")
    return [plan] if plan else []


def _custom(field: str, facts: Facts) -> Any:
    values = facts.ticket.custom_fields
    match field:
        case "Area":
            return _option(values.get(AREA))
        case "Colours":
            chosen = values.get(COLOURS)
            return [name for tag in (chosen if isinstance(chosen, tuple) else ()) for name in _option(tag)]
        case "App version":
            return values.get(VERSION)
        case "Weight":
            return _number(values.get(WEIGHT))
        case "Consent":
            consent = values.get(CONSENT)
            return [] if consent is None else [str(consent)]
        case "Build day":
            day = values.get(BUILD_DAY)
            return datetime.combine(date.fromisoformat(str(day)), time(), UTC) if day else None
    raise AssertionError(field)


def _option(tag: Any) -> list[str]:
    return [tag, tag.replace("_", " ")] if tag else []


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except ValueError:
        return None
