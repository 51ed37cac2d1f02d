"""The shape of `calendars:`: a zone, the hours of a week, holidays written out, and when the hours changed."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from zdsync.rules.calendars import days_of, hours_of
from zdsync.rules.findings import nearest
from zdsync.rules.shapes.values import Date, Shape, Text, as_list
from zdsync.zones import ZENDESK_ZONES, iana_zones


def _zone(value: str) -> str:
    if value not in iana_zones():
        hint = f"; Zendesk's '{value}' is {ZENDESK_ZONES[value]}" if value in ZENDESK_ZONES else ""
        message = f"must be an IANA time zone such as Europe/London{hint or nearest(value, iana_zones())}"
        raise ValueError(message)
    return value


def _days(value: str) -> str:
    days_of(value)
    return value


def _hours(value: str) -> str:
    hours_of(value)
    return value


Zone = Annotated[Text, AfterValidator(_zone)]
Days = Annotated[str, AfterValidator(_days)]
Hours = Annotated[Text, AfterValidator(_hours)]
Open = Annotated[
    dict[Days, Annotated[list[Hours], BeforeValidator(as_list), Field(min_length=1)]], Field(min_length=1)
]


class VersionShape(Shape):
    """Hours that hold from a date on, under `versions:` of a calendar."""

    valid_from: Date
    timezone: Zone | None = None
    open: Open


class CalendarShape(Shape):
    """A calendar."""

    timezone: Zone
    open: Open
    holidays: Annotated[list[Date], BeforeValidator(as_list)] = []
    versions: list[VersionShape] = []
