"""Kinds of values that tell of time: lengths, clocks, and what a tier promises."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from zdsync.rules.findings import quoted
from zdsync.rules.lengths import Clock, Unit
from zdsync.rules.model import ELSE
from zdsync.rules.shapes.values import Shape
from zdsync.rules.spellings import read_length, read_share


def _length(value: object) -> object:
    if read_length(str(value)) is None:
        message = (
            f"must be a whole number above 0 and a unit, such as 4 business_hours; units: {quoted(Unit)}"
        )
        raise ValueError(message)
    return str(value)


def _part(value: object) -> object:
    share = read_share(str(value))
    if share is None or share == 1:
        message = "must be a share of the clock below 100%, such as 75%"
        raise ValueError(message)
    return str(value)


def _one_clock(value: object) -> object:
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= set(Clock):
        message = f"must be one clock and its length, such as {{unanswered: 4 business_hours}}; clocks: {quoted(Clock)}"
        raise ValueError(message)
    return value


def _by_priority(value: object) -> object:
    return value if isinstance(value, dict) else {ELSE: value}


Length = Annotated[str, BeforeValidator(_length)]
Part = Annotated[str, BeforeValidator(_part)]
After = Annotated[dict[str, Length], BeforeValidator(_one_clock)]
Priority = Literal["none", "low", "normal", "high", "urgent", "else"]
Promise = Annotated[dict[Priority, Length], BeforeValidator(_by_priority), Field(min_length=1)]


class TargetsShape(Shape):
    """`targets:` of a tier; each is one length, or lengths by priority."""

    first_reply: Promise | None = None
    in_tier: Promise | None = None
    solve: Promise | None = None


class OverrideShape(Shape):
    """`manual_override:`."""

    respect_for: Length
