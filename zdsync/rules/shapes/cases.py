"""The shape of test files: cases with a ticket, its history, and what is expected of it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from zdsync.rules.fields import to_span
from zdsync.rules.shapes.values import Shape, Text, Texts, as_text, scalars
from zdsync.rules.tree import Path

_SPAN = re.compile(r"([0-9]{1,5}) ?(minute|hour|day)s?")


def _moment(value: object) -> object:
    span = to_span(value)
    if span is None:
        message = "must be a time such as 2026-01-05T09:30:00Z"
        raise ValueError(message)
    return span.start


def _span(value: object) -> object:
    found = _SPAN.fullmatch(str(value))
    if found is None:
        message = "must be a span such as 5 minutes, 2 hours or 1 day"
        raise ValueError(message)
    return timedelta(**{f"{found[2]}s": int(found[1])})


def _values(value: dict[str, Any]) -> dict[str, Any]:
    for item in value.values():
        if item not in (None, []):
            scalars(item)
    return value


Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Span = Annotated[timedelta | None, BeforeValidator(_span)]
Values = Annotated[dict[str, Any], AfterValidator(_values)]
Words = Annotated[str, BeforeValidator(as_text), Field(min_length=1)]
Count = Annotated[int, Field(ge=0, le=1000)]


class EventShape(Shape):
    """One entry of `history:`."""

    who: Literal["customer", "agent", "bot", "trigger", "us"]
    at: Moment = None
    after: Span = None
    reply: Words | None = None
    note: Words | None = None
    attachments: Count = 0
    changes: Values = {}


class HoldShape(Shape):
    """`hold:` of a case."""

    until: Moment = None


class ExpectShape(Shape):
    """`expect:` of a case."""

    verdict: Text | None = None
    tier: Text | None = None
    rule: Text | None = None
    group: Text | None = None
    priority: Text | None = None
    type: Text | None = None
    status: Text | None = None
    tags: Texts | None = None
    labels: Texts | None = None
    note: Text | None = None
    held: Text | None = None
    no_change: bool | None = None


class CaseShape(Shape):
    """One case."""

    name: Text
    at: Moment = None
    opened_by: Literal["customer", "agent", "bot", "trigger"] = "customer"
    ticket: Values = {}
    requester: Values = {}
    organization: Values = {}
    external: dict[str, Values] = {}
    findings: Texts = []
    history: list[EventShape] = []
    whole_history: bool = True
    hold: HoldShape | None = None
    expect: ExpectShape


class CasesShape(Shape):
    """One test file."""

    cases: Annotated[list[CaseShape], Field(min_length=1)]


def keys_at(path: Path) -> tuple[str, ...]:
    """The keys that the block at `path` knows."""
    match path:
        case ():
            shape: type[Shape] = CasesShape
        case (*_, "expect"):
            shape = ExpectShape
        case (*_, "hold"):
            shape = HoldShape
        case (*_, "history", _):
            shape = EventShape
        case _:
            shape = CaseShape
    return tuple(shape.model_fields)
