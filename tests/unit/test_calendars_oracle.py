"""Business time equals an independent library's on ten thousand random spans.

The library is right for hours within a day, over changes of the clock, with pauses and holidays. It loses what is left
of a night when a span begins past midnight, so nights are left to the count of minutes in test_calendars.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from random import Random

import businesstimedelta as oracle
import pytest
import pytz

from zdsync.calendars import DAY, Calendar, Week

WEEKDAYS = range(5)
HOLIDAYS = frozenset(
    date(year, month, day) for year in range(2024, 2029) for month, day in ((1, 1), (5, 1), (12, 25))
)
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"])
@pytest.mark.parametrize(
    ("count", "hours", "days", "holidays"),
    [
        (1250, [(540, 1050)], WEEKDAYS, frozenset[date]()),
        (850, [(30, 1410)], range(7), frozenset[date]()),
        (250, [(540, 1050)], WEEKDAYS, HOLIDAYS),
        (150, [(540, 720), (780, 1050)], WEEKDAYS, frozenset[date]()),
    ],
    ids=["office", "seven days", "holidays", "pause"],
)
def test_random_spans_count_the_same(
    zone: str, count: int, hours: list[tuple[int, int]], days: range, holidays: frozenset[date]
) -> None:
    """To the second, on `count` spans of up to five days between 2024 and 2026."""
    tz = pytz.timezone(zone)
    first, last = hours[0][0], hours[-1][1]
    rules = [oracle.WorkDayRule(clock(first), clock(last), days, tz=tz)]
    rules += [
        oracle.LunchTimeRule(clock(before[1]), clock(after[0]), days, tz=tz)
        for before, after in pairwise(hours)
    ]
    rules += [oracle.HolidayRule(holidays, tz=tz)] if holidays else []
    other = oracle.Rules(rules)
    spans = tuple((day * DAY + opens, day * DAY + closes) for day in days for opens, closes in hours)
    calendar = Calendar("any", [Week(zone, spans, holidays)])
    random = Random(zone)
    for _ in range(count):
        start = BEGIN + timedelta(seconds=random.randrange(3 * 365 * 24 * 3600))
        end = start + timedelta(seconds=random.randrange(5 * 24 * 3600))
        assert calendar.elapsed(start, end) == other.difference(start, end).timedelta.total_seconds(), (
            start,
            end,
        )


def clock(minute: int) -> time:
    return time(*divmod(minute, 60))
