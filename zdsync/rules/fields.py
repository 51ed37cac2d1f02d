"""Kinds of fields: which operators each takes, what a value must look like, and how values are made comparable."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any

from zdsync.facts import Facts
from zdsync.model import DETECTED
from zdsync.rules.findings import Check, nearest, quoted
from zdsync.rules.model import Condition, Operator, Scalar
from zdsync.rules.patterns import MissingRE2Error, PatternError, compile_pattern
from zdsync.text import fold


class Kind(Enum):
    """How a field's value is compared."""

    NAME = "one of several names"
    TAGS = "a set"
    RANK = "a word with an order"
    NUMBER = "a number"
    DATE = "a date"
    TEXT = "text"
    UNKNOWN = "of a kind that only the account knows"


COMPARISONS = frozenset({Operator.LESS_THAN, Operator.AT_MOST, Operator.GREATER_THAN, Operator.AT_LEAST})
WORD_SEARCHES = frozenset(
    {
        Operator.CONTAINS,
        Operator.CONTAINS_PHRASE,
        Operator.EXCLUDES_WORDS,
        Operator.INCLUDES,
        Operator.EXCLUDES,
    }
)
_EQUALITY = frozenset({Operator.IS, Operator.IS_NOT})
_PRESENCE = frozenset({Operator.PRESENT, Operator.NOT_PRESENT})
_MEMBERSHIP = frozenset({Operator.INCLUDES, Operator.EXCLUDES})
_ORDERED = _EQUALITY | _PRESENCE | COMPARISONS
OPERATORS: Mapping[Kind, frozenset[Operator]] = {
    Kind.NAME: _EQUALITY | _PRESENCE | _MEMBERSHIP,
    Kind.TAGS: _PRESENCE | _MEMBERSHIP | {Operator.INCLUDES_ALL},
    Kind.RANK: _ORDERED,
    Kind.NUMBER: _ORDERED,
    Kind.DATE: _ORDERED | {Operator.WITHIN},
    Kind.TEXT: _EQUALITY
    | _PRESENCE
    | WORD_SEARCHES
    | {Operator.STARTS_WITH, Operator.DETECTS, Operator.MATCHES},
    Kind.UNKNOWN: frozenset(Operator),
}
NOTHING: frozenset[str] = frozenset()
NONE = frozenset({"none"})
"""How a field that has a word for being empty (`group: none`) reads when it is."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field that conditions may ask about.

    `read` gives what is compared: folded names (NAME, TAGS; a value may be known by several), a rank, a number, an
    aware datetime, or text; None or an empty set when missing. `is_day` tells a date without a time. `show` gives what a
    person would call it. Where few values occur `read` gives the value as the ticket has it, and `of` makes of it what is
    compared, the same of equal values: an answer can then be remembered by the value, unless it is an `ambiguous` one.
    `words` gives the folded text for word search, `listed` its words one by one where they are kept. `known` holds the names that may be asked for, folded to as
    written; None means any. `nothing` is what `read` gives for a value that stands for being empty.
    """

    name: str
    kind: Kind
    read: Callable[[Facts], Any]
    show: Callable[[Facts], object]
    words: Callable[[Facts], str] | None = None
    listed: Callable[[Facts], Sequence[str]] | None = None
    known: Mapping[str, str] | None = None
    ranks: Mapping[str, int] = field(default_factory=dict)
    nothing: object = None
    is_account_name: bool = False
    is_private: bool = False
    is_day: bool = False
    of: Callable[[Any], Any] | None = None
    ambiguous: frozenset[object] = frozenset()


_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_DECIMAL = re.compile(r"[+-]?[0-9]{0,30}\.[0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class Span:
    """A day or an instant: from `start` up to but not including `end`."""

    start: datetime
    end: datetime


def fold_name(value: object) -> str:
    """A name without case and outer spaces; true and false as words."""
    return unicodedata.normalize("NFC", str(value)).casefold().strip()


def to_number(value: object) -> int | float | None:
    """A number, also from the text that Zendesk sends for decimals; None when it is none."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else None


def to_span(value: object) -> Span | None:
    """The day of `2026-12-31`, or the instant of an ISO 8601 time (UTC unless it names a zone); None when neither."""
    text = str(value)
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            start = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return Span(start, start + timedelta(days=1))
        start = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    return Span(start, start + timedelta(microseconds=1))


def to_moment(value: object) -> datetime | None:
    """A field's date or time as an aware datetime; None when it is none."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    span = to_span(value) if isinstance(value, str) else None
    return span.start if span else None


def misfits(field: Field, condition: Condition) -> tuple[tuple[Check, str], ...]:
    """What is wrong with asking `field` this; empty when it is sound."""
    operator = condition.operator
    if operator not in OPERATORS[field.kind]:
        return ((Check.OPERATOR_MISFIT, _other_operator(field, operator)),)
    if operator is Operator.MATCHES:
        return _unusable_patterns(condition)
    if operator in _PRESENCE or field.kind is Kind.UNKNOWN:
        return ()
    if operator in COMPARISONS and len(condition.values) != 1:
        return ((Check.WRONG_VALUE, f"'{operator}' takes one value, not a list"),)
    if operator is Operator.DETECTS:
        return _undetectable(field, condition)
    if operator is Operator.WITHIN:
        message = f"'{field.name}' is a day without a time; 'within' asks for a time such as created_at"
        return ((Check.OPERATOR_MISFIT, message),) if field.is_day else ()
    faults = (_misfit(field, operator, value) for value in condition.values)
    return tuple(fault for fault in faults if fault is not None)


def _other_operator(field: Field, operator: Operator) -> str:
    taken = quoted(op.value for op in Operator if op in OPERATORS[field.kind] and op is not Operator.DETECTS)
    told = f"'{field.name}' is {field.kind.value} and cannot be asked with '{operator}'; it takes {taken}"
    return f"{told} (write `{field.name}: {{includes: …}}`)" if operator is Operator.IS else told


def _unusable_patterns(condition: Condition) -> tuple[tuple[Check, str], ...]:
    faults: list[tuple[Check, str]] = []
    for value in condition.values:
        try:
            compile_pattern(str(value))
        except MissingRE2Error as err:
            return ((Check.UNSUPPORTED, str(err)),)
        except PatternError as err:
            faults.append((Check.WRONG_VALUE, str(err)))
    return tuple(faults)


def _undetectable(field: Field, condition: Condition) -> tuple[tuple[Check, str], ...]:
    if field.name != "text":
        message = f"'detects' looks at the whole ticket; write `text: {{detects: {list(condition.values)}}}`"
        return ((Check.OPERATOR_MISFIT, message),)
    unknown = [str(value) for value in condition.values if value not in DETECTED]
    return tuple(
        (
            Check.UNKNOWN_NAME,
            f"no detector '{name[:80]}'{nearest(name, DETECTED)}; there are {quoted(DETECTED)}",
        )
        for name in unknown
    )


def _misfit(field: Field, operator: Operator, value: Scalar) -> tuple[Check, str] | None:
    told = f"'{str(value)[:80]}'"
    match field.kind:
        case Kind.RANK if fold_name(value) not in field.ranks:
            hint = nearest(str(value), field.ranks) or f"; one of {quoted(field.ranks)}"
            return Check.WRONG_VALUE, f"{told} is no {field.name}{hint}"
        case Kind.NUMBER if to_number(value) is None:
            return Check.WRONG_VALUE, f"'{field.name}' is a number; {told} is not"
        case Kind.DATE if to_span(value) is None:
            return Check.WRONG_VALUE, f"'{field.name}' is a date such as 2026-12-31; {told} is not"
        case Kind.TEXT if operator in WORD_SEARCHES and not fold(str(value)).strip():
            return Check.WRONG_VALUE, f"{told} has no letter or digit to look for"
        case Kind.TAGS if re.search(r"\s", str(value)) and not field.known:
            return Check.WRONG_VALUE, f"a tag has no spaces; write {told} as a list"
        case Kind.NAME | Kind.TAGS if field.known is not None and fold_name(value) not in field.known:
            check = Check.UNKNOWN_NAME if field.is_account_name else Check.WRONG_VALUE
            place = " in the account" if field.is_account_name else ""
            return check, f"{told} is no {field.name}{place}{_alike(field, value)}"
    return None


def _alike(field: Field, value: Scalar) -> str:
    """A hint of what is known; none where the known names are people's."""
    if field.is_private or not field.known:
        return ""
    names = tuple(dict.fromkeys(field.known.values()))
    return nearest(str(value), names) or f"; known: {quoted(names[:12])}"
