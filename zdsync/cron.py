"""Five-field cron as people write it: Sunday is 0 or 7, names are English, impossible dates are refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART = re.compile(r"(?P<from>\*|\w+)(?:-(?P<to>\w+))?(?:/(?P<step>[0-9]+))?")


@dataclass(frozen=True, slots=True)
class _Field:
    """What one of the five places may hold; `*` runs from `least` to `end`, `names` stand for numbers from `least`."""

    title: str
    least: int
    most: int
    end: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59, 59),
    _Field("hour", 0, 23, 23),
    _Field("day of month", 1, 31, 31),
    _Field("month", 1, 12, 12, _MONTHS),
    _Field("day of week", 0, 7, 6, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class CronTimes:
    """The moments a cron text names; weekdays count from Sunday = 0.

    When both days of the month and days of the week are given, cron means either (`is_either_day`).
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either_day: bool


def parse_cron(text: str) -> CronTimes:
    """The moments that `text` names; raises ValueError with a sentence naming the field that is wrong."""
    parts = text.lower().split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            f"cron has five fields (minute, hour, day of month, month, day of week), here are {len(parts)}"
        )
    minutes, hours, days, months, weekdays = (
        _parse_field(part, field) for part, field in zip(parts, _FIELDS, strict=True)
    )
    is_any_day, is_any_weekday = parts[2].startswith("*"), parts[4].startswith("*")
    if is_any_weekday and not any(_LONGEST_MONTH[month - 1] >= min(days) for month in months):
        raise ValueError("no such date comes in any year: that month has fewer days")
    return CronTimes(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        is_either_day=not is_any_day and not is_any_weekday,
    )


def _parse_field(text: str, field: _Field) -> frozenset[int]:
    return frozenset(value for part in text.split(",") for value in _parse_part(part, field))


def _parse_part(text: str, field: _Field) -> range:
    found = _PART.fullmatch(text)
    if found is None or (found["from"] == "*" and found["to"]):
        raise ValueError(f"{text!r} is not a cron value for the {field.title}")
    step = int(found["step"] or 1)
    if step == 0:
        raise ValueError(f"the step of {text!r} in the {field.title} must be 1 or more")
    if found["from"] == "*":
        return range(field.least, field.end + 1, step)
    first = _parse_value(found["from"], field)
    last = _parse_value(found["to"], field) if found["to"] else (field.end if found["step"] else first)
    if last == 0 < first and field.names == _WEEKDAYS:
        last = 7  # a range may end on Sunday: fri-sun
    if last < first:
        raise ValueError(f"the range {text!r} of the {field.title} runs backwards")
    return range(first, last + 1, step)


def _parse_value(text: str, field: _Field) -> int:
    if text in field.names:
        return field.least + field.names.index(text)
    value = int(text) if text.isascii() and text.isdigit() else -1
    if not field.least <= value <= field.most:
        raise ValueError(f"the {field.title} {text!r} is not between {field.least} and {field.most}")
    return value
