"""Business time by the account's first schedule, for conditions and service levels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import orjson

from zdsync.sandbox.answers import Json
from zdsync.sandbox.world import World

#: IANA names of the time zones whose name is Zendesk's own; others are tried as they stand.
_ZONES = {
    "London": "Europe/London",
    "Berlin": "Europe/Berlin",
    "Paris": "Europe/Paris",
    "Madrid": "Europe/Madrid",
    "Tokyo": "Asia/Tokyo",
    "Brasilia": "America/Sao_Paulo",
    "Eastern Time (US & Canada)": "America/New_York",
    "Central Time (US & Canada)": "America/Chicago",
    "Mountain Time (US & Canada)": "America/Denver",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
}
_LONGEST_DAYS = 3 * 366


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(_ZONES.get(name, name))


def schedule_of(world: World) -> Json | None:
    """The account's first schedule, which is the default one."""
    return next(iter(world.tables["business_hours/schedules"].values()), None)


def _instant(day: date, minutes: int, zone: ZoneInfo) -> int:
    """A wall-clock minute of a day; 1440 is the next day's midnight."""
    extra, minute = divmod(minutes, 1440)
    moment = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
    return int((moment + timedelta(days=extra)).timestamp())


class _Calendar:
    """The working days of one schedule as it stands, each reckoned once."""

    __slots__ = ("_days", "_free", "_intervals", "zone")

    def __init__(self, zone: str, intervals: bytes, holidays: bytes) -> None:
        self.zone = _zone(zone)
        self._intervals = sorted(
            (int(row["start_time"]), int(row["end_time"])) for row in orjson.loads(intervals)
        )
        self._free = [
            (date.fromisoformat(row["start_date"]), date.fromisoformat(row["end_date"]))
            for row in orjson.loads(holidays)
        ]
        self._days: dict[int, tuple[tuple[int, int], ...]] = {}

    def day(self, ordinal: int) -> tuple[tuple[int, int], ...]:
        """The working spans of a day in seconds since 1970; none on a holiday."""
        found = self._days.get(ordinal)
        if found is None:
            found = self._days[ordinal] = tuple(self._reckon(date.fromordinal(ordinal)))
        return found

    def _reckon(self, day: date) -> Iterator[tuple[int, int]]:
        if any(first <= day <= last for first, last in self._free):
            return
        first_minute = (day.isoweekday() % 7) * 1440
        for start, stop in self._intervals:
            begin = start - first_minute
            if 0 <= begin < 1440:
                yield _instant(day, begin, self.zone), _instant(day, stop - first_minute, self.zone)


_calendar = lru_cache(maxsize=16)(_Calendar)


def _spans(world: World, schedule: Json, start: int) -> Iterator[tuple[int, int]]:
    """Working spans in seconds since 1970, from the day of `start` on, holidays left out."""
    calendar = _calendar(
        schedule["time_zone"],
        orjson.dumps(schedule["intervals"]),
        orjson.dumps(world.holidays.get(schedule["id"], [])),
    )
    first = datetime.fromtimestamp(start, calendar.zone).toordinal()
    for ordinal in range(first, first + _LONGEST_DAYS):
        yield from calendar.day(ordinal)


def business_seconds(world: World, start: int, end: int) -> int:
    """Working time between two instants; calendar time without a schedule."""
    schedule = schedule_of(world)
    if schedule is None or not schedule["intervals"]:
        return end - start
    total = 0
    for begin, stop in _spans(world, schedule, start):
        if begin >= end:
            break
        total += max(0, min(stop, end) - max(begin, start))
    return total


def moment_after(world: World, start: int, seconds: int) -> int:
    """The instant at which so much working time has gone by since `start`."""
    schedule = schedule_of(world)
    if schedule is None or not schedule["intervals"]:
        return start + seconds
    left = seconds
    for begin, stop in _spans(world, schedule, start):
        length = stop - max(begin, start)
        if length <= 0:
            continue
        if length >= left:
            return max(begin, start) + left
        left -= length
    return start + seconds


def is_open(world: World, at: int, schedule_id: int | None = None) -> bool:
    """Whether an instant lies in working time of a schedule, the first one by default."""
    schedules = world.tables["business_hours/schedules"]
    schedule = schedule_of(world) if schedule_id is None else schedules.get(schedule_id)
    if schedule is None:
        return False
    for begin, stop in _spans(world, schedule, at):
        if begin > at:
            return False
        if at < stop:
            return True
    return False
