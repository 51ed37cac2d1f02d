"""The account's schedules as rules see them: every state of their hours, and every date that was a holiday."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from tests.unit.mirror import rows
from tests.unit.mirror.rows import at, page, record_page
from zdsync.account import Schedule, ScheduleVersion
from zdsync.mirror.store import MirrorStore
from zdsync.streams import Stream

NINE_TO_FIVE, NINE_TO_SIX = ((1980, 2460),), ((1980, 2520),)
DAY = 24 * 60
Interval = tuple[int, int]


def schedule(
    changed: float, intervals: Sequence[Interval], name: str = "UK office", zone: str = "London", id: int = 3
) -> dict[str, Any]:
    """A row of a schedule last changed so many minutes after the beginning."""
    raw = {
        "id": id,
        "name": name,
        "time_zone": zone,
        "intervals": [{"start_time": start, "end_time": end} for start, end in intervals],
    }
    return rows.record("schedules", id=id, name=name, time_zone=zone, updated_at=at(changed), raw=raw)


def holiday(first: str, last: str | None = None, id: int = 7, schedule_id: int = 3) -> dict[str, Any]:
    raw = {"id": id, "name": "Closed", "start_date": first, "end_date": last or first}
    return rows.record("schedule_holidays", id=id, schedule_id=schedule_id, raw=raw)


def listed(
    mirror: MirrorStore, served: float, schedules: list[dict[str, Any]], *holidays: dict[str, Any]
) -> tuple[Schedule, ...]:
    """What the mirror knows after a whole list."""
    whole = page(Stream.SCHEDULES, served, whole=True, schedules=schedules, schedule_holidays=list(holidays))
    record_page(mirror, whole)
    return mirror.read_account().schedules


def test_hours_first_seen_hold_since_ever(mirror: MirrorStore) -> None:
    """However late the first pull came; holidays are inclusive ranges, those of another schedule are its own."""
    (uk, us) = listed(
        mirror,
        10,
        [schedule(0, NINE_TO_FIVE), schedule(0, NINE_TO_SIX, "US", "Arizona", id=4)],
        holiday("2026-12-25", "2026-12-27"),
        holiday("2026-07-03", id=8, schedule_id=4),
        holiday("soon", id=9),
    )
    closed = frozenset(date(2026, 12, day) for day in (25, 26, 27))
    assert uk == Schedule(3, "UK office", (ScheduleVersion("London", NINE_TO_FIVE),), closed)
    assert us == Schedule(4, "US", (ScheduleVersion("Arizona", NINE_TO_SIX),), frozenset({date(2026, 7, 3)}))


def test_changed_hours_hold_from_the_local_day_of_the_change(mirror: MirrorStore) -> None:
    """The old ones hold until that day, which is the schedule's own; a new name alone changes no hours."""
    listed(mirror, 10, [schedule(0, NINE_TO_FIVE, zone="Auckland")])
    listed(mirror, 20, [schedule(15, NINE_TO_FIVE, "Renamed", zone="Auckland")])
    assert at(60 * 4) == datetime.fromisoformat("2026-11-01T12:00+00:00")
    (found,) = listed(mirror, 300, [schedule(60 * 4, NINE_TO_SIX, "Renamed", zone="Auckland")])
    assert found.name == "Renamed"
    assert found.versions == (
        ScheduleVersion("Auckland", NINE_TO_FIVE),
        ScheduleVersion("Auckland", NINE_TO_SIX, date(2026, 11, 2)),
    )


def test_a_holiday_taken_back_stays_one_for_the_days_before(mirror: MirrorStore) -> None:
    """What was closed was closed; of a range that is cut short on its second day, the first stays."""
    uk = schedule(0, NINE_TO_FIVE)
    listed(mirror, 10, [uk], holiday("2026-10-30", id=7), holiday("2026-11-01", "2026-11-05", id=8))
    (found,) = listed(mirror, DAY, [uk], holiday("2026-12-24", id=9))
    assert found.holidays == {date(2026, 10, 30), date(2026, 11, 1), date(2026, 12, 24)}


def test_a_deleted_schedule_is_none(mirror: MirrorStore) -> None:
    listed(mirror, 10, [schedule(0, NINE_TO_FIVE)])
    assert listed(mirror, 20, []) == ()


def test_a_zone_that_nobody_knows_is_kept_as_it_is(mirror: MirrorStore) -> None:
    """Whoever uses the schedule is told; what is no interval is passed over."""
    strange = schedule(0, NINE_TO_FIVE, zone="Atlantis")
    strange["raw"]["intervals"].append({"start_time": None, "end_time": 5})
    listed(mirror, 10, [strange])
    (found,) = listed(mirror, 20, [schedule(15, NINE_TO_SIX, zone="Atlantis")])
    assert found.versions[0] == ScheduleVersion("Atlantis", NINE_TO_FIVE)
    assert found.versions[1].valid_from == date(2026, 11, 1)
