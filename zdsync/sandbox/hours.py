"""Business time by the account's first schedule, for conditions and service levels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

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


def _spans(world: World, schedule: Json, start: int) -> Iterator[tuple[int, int]]:
    """Working spans in seconds since 1970, from the day of `start` on, holidays left out."""
    zone = _zone(schedule["time_zone"])
    free = [
        (date.fromisoformat(row["start_date"]), date.fromisoformat(row["end_date"]))
        for row in world.holidays.get(schedule["id"], ())
    ]
    day = datetime.fromtimestamp(start, UTC).astimezone(zone).date()
    for _ in range(_LONGEST_DAYS):
        first_minute = (day.isoweekday() % 7) * 1440
        for one in sorted(schedule["intervals"], key=lambda row: int(row["start_time"])):
            begin, end = one["start_time"] - first_minute, one["end_time"] - first_minute
            if 0 <= begin < 1440 and not any(first <= day <= last for first, last in free):
                yield _instant(day, begin, zone), _instant(day, end, zone)
        day += timedelta(days=1)


def _instant(day: date, minutes: int, zone: ZoneInfo) -> int:
    """A wall-clock minute of a day; 1440 is the next day's midnight."""
    extra, minute = divmod(minutes, 1440)
    moment = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
    return int((moment + timedelta(days=extra)).timestamp())


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
