"""Reading the account's schedules with every state they were seen in, so that time past counts by the hours it had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from zdsync.account import Schedule, ScheduleVersion
from zdsync.mirror.tables_rules import kept_versions as kept
from zdsync.mirror.tables_rules import schedule_holidays, schedules
from zdsync.zones import iana_name


def read_schedules(connection: Connection) -> tuple[Schedule, ...]:
    """Living schedules by id. Hours seen first hold for all the time before, new ones from the local day of the change.

    A holiday holds for every date it was ever on, but for those that were still to come when it was taken back.
    """
    hours, holidays = _read_states(connection, "schedules"), _read_states(connection, "schedule_holidays")
    schedule_of = {row.id: row.schedule_id for row in connection.execute(select(schedule_holidays))}
    of_schedule: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for id, states in holidays.items():
        of_schedule[schedule_of[id]].extend(states)
    alive = (
        select(schedules.c.id, schedules.c.name)
        .where(schedules.c.deleted_at.is_(None))
        .order_by(schedules.c.id)
    )
    return tuple(
        _schedule(id, name or "", hours[id], of_schedule[id]) for id, name in connection.execute(alive)
    )


def _read_states(connection: Connection, table: str) -> Mapping[int, list[Row[Any]]]:
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(select(kept).where(kept.c.table_name == table).order_by(kept.c.valid_from)):
        found[row.id].append(row)
    return found


def _schedule(id: int, name: str, states: Sequence[Row[Any]], holidays: Sequence[Row[Any]]) -> Schedule:
    versions: list[ScheduleVersion] = []
    for state in states:
        zone, intervals = str(state.raw.get("time_zone") or ""), _intervals(state.raw)
        if not versions:
            versions.append(ScheduleVersion(zone, intervals))
        elif (zone, intervals) != (versions[-1].time_zone, versions[-1].intervals):
            versions.append(ScheduleVersion(zone, intervals, _local_date(state.valid_from, zone)))
    zone = versions[-1].time_zone if versions else ""
    closed = frozenset(day for state in holidays for day in _dates(state, zone))
    return Schedule(id, name, tuple(versions), closed)


def _intervals(raw: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    pairs = ((each.get("start_time"), each.get("end_time")) for each in raw.get("intervals") or ())
    return tuple((start, end) for start, end in pairs if isinstance(start, int) and isinstance(end, int))


def _dates(holiday: Row[Any], zone: str) -> Iterator[date]:
    """The dates of a holiday's state, the last one included, up to the day on which that state ended."""
    try:
        day, last = (date.fromisoformat(holiday.raw[key]) for key in ("start_date", "end_date"))
    except (KeyError, TypeError, ValueError):
        return
    ended = None if holiday.valid_until is None else _local_date(holiday.valid_until, zone)
    while day <= last and (ended is None or day < ended):
        yield day
        day += timedelta(days=1)


def _local_date(at: datetime, zone: str) -> date:
    """The date in that zone; in UTC where nobody knows the zone."""
    known = iana_name(zone)
    return at.astimezone(ZoneInfo(known) if known else UTC).date()
