"""The open hours of calendars as rows, so that SQL counts the same minutes as the clocks do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from zdsync.calendars import Calendar
from zdsync.mirror.engine import Database
from zdsync.mirror.tables_own import calendar_open, zdsync_calendars
from zdsync.mirror.tables_tickets import tickets

AHEAD = timedelta(days=400)
LEAST_AHEAD = timedelta(days=370)
"""When less than this lies ahead, hours are written anew: once a month, and a year ahead is always there."""


def record_calendars(database: Database, calendars: Mapping[str, Calendar], at: datetime) -> None:
    """Make the rows those of `calendars`, from the oldest ticket to a year ahead; costs two queries when they are."""
    with database.reading() as connection:
        oldest = connection.scalar(select(func.min(tickets.c.created_at))) or at
        kept = {row.calendar: row for row in connection.execute(select(zdsync_calendars))}
    stale = {
        name: calendar
        for name, calendar in calendars.items()
        if name not in kept
        or kept[name].hours != _hours(calendar)
        or kept[name].covered_from > oldest
        or kept[name].covered_until < at + LEAST_AHEAD
    }
    gone = kept.keys() - calendars.keys()
    if not stale and not gone:
        return
    since = oldest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with database.writing() as connection:
        for name in sorted({*stale, *gone}):
            connection.execute(delete(calendar_open).where(calendar_open.c.calendar == name))
            connection.execute(delete(zdsync_calendars).where(zdsync_calendars.c.calendar == name))
        for name, calendar in stale.items():
            _write(connection, name, calendar, since, at + AHEAD)


def _write(connection: Connection, name: str, calendar: Calendar, since: datetime, until: datetime) -> None:
    covered = {"covered_from": since, "covered_until": until}
    connection.execute(insert(zdsync_calendars).values(calendar=name, hours=_hours(calendar), **covered))
    spans = [
        {"calendar": name, "opens_at": opens, "closes_at": closes}
        for opens, closes in calendar.open_spans(since, until)
    ]
    if spans:
        connection.execute(insert(calendar_open), spans)


def _hours(calendar: Calendar) -> list[dict[str, Any]]:
    """A calendar's definition, equal for equal ones."""
    return [
        {
            "timezone": week.timezone,
            "open": [list(span) for span in week.spans],
            "holidays": sorted(day.isoformat() for day in week.holidays),
            "valid_from": week.valid_from and week.valid_from.isoformat(),
        }
        for week in calendar.weeks
    ]
