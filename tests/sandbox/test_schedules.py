"""Working weeks, holidays, and the business time that follows from them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.sandbox.conftest import Api
from zdsync.sandbox.hours import business_seconds, is_open, moment_after

HOUR = 3600


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_a_schedule_is_made_and_changed(api: Api) -> None:
    """A new one has the usual week; intervals are minutes since Sunday and stay within a day."""
    made = api.post("business_hours/schedules", {"schedule": {"name": "Night", "time_zone": "Tokyo"}})
    row = made.json()["schedule"]
    assert made.status_code == 201
    assert row["intervals"][0] == {"start_time": 1980, "end_time": 2460}
    path = f"business_hours/schedules/{row['id']}"
    week = {"workweek": {"intervals": [{"start_time": 0, "end_time": 1440}]}}
    assert api.put(f"{path}/workweek", week).json() == week
    refused: tuple[Any, ...] = (
        [{"start_time": 0, "end_time": 1441}],
        [{"start_time": 5, "end_time": 5}],
        [{}],
        None,
    )
    for wrong in refused:
        assert api.put(f"{path}/workweek", {"workweek": {"intervals": wrong}}).status_code == 422
    renamed = api.put(path, {"schedule": {"name": "Day"}}).json()["schedule"]
    assert (renamed["name"], renamed["intervals"]) == ("Day", week["workweek"]["intervals"])
    assert api.post("business_hours/schedules", {"schedule": {"name": "X"}}).status_code == 422
    assert api.call("DELETE", path).status_code == 204
    assert api.call("GET", path).status_code == 404


def test_holidays(api: Api) -> None:
    """Both days count; the first is not after the last."""
    schedule = api.get("business_hours/schedules")["schedules"][0]
    path = f"business_hours/schedules/{schedule['id']}/holidays"
    day = {"name": "Fair", "start_date": "2026-12-01", "end_date": "2026-12-02"}
    made = api.post(path, {"holiday": day}).json()["holiday"]
    one = f"{path}/{made['id']}"
    assert api.get(one)["holiday"] == made
    assert api.put(one, {"holiday": {"end_date": "2026-11-01"}}).status_code == 422
    assert api.post(path, {"holiday": {"name": "X"}}).status_code == 422
    assert api.call("DELETE", one).status_code == 204
    assert api.call("GET", one).status_code == 404
    assert api.call("GET", "business_hours/schedules/5/holidays").status_code == 404


def test_business_time(api: Api) -> None:
    """Nine to half past five in London, weekdays, without Christmas; in summer an hour earlier in UTC."""
    world = api.sandbox.world
    friday, monday = at("2026-11-20T16:30:00"), at("2026-11-23T10:00:00")
    assert business_seconds(world, friday, monday) == 2 * HOUR
    assert moment_after(world, friday, 2 * HOUR) == monday
    assert business_seconds(world, at("2026-12-24T17:30:00"), at("2026-12-29T09:00:00")) == 0
    assert is_open(world, at("2026-07-01T08:00:00"))
    assert not is_open(world, at("2026-11-20T08:59:59"))
    assert not is_open(world, at("2026-12-25T12:00:00"))
    new_york = list(world.tables["business_hours/schedules"])[1]
    assert is_open(world, at("2026-11-20T20:00:00"), new_york)
    assert not is_open(world, at("2026-11-20T20:00:00"), 5)
    world.tables["business_hours/schedules"].clear()
    assert business_seconds(world, friday, monday) == monday - friday
    assert moment_after(world, friday, HOUR) == friday + HOUR
    assert not is_open(world, friday)
