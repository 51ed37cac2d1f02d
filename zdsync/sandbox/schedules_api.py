"""Handlers for business hours: schedules, their working week, their holidays."""

from __future__ import annotations

from datetime import date
from typing import Any

from zdsync.sandbox.answers import Json, Reply, invalid, not_found, record_invalid
from zdsync.sandbox.call import Call
from zdsync.sandbox.render import iso
from zdsync.sandbox.tables import whole

TABLE = "business_hours/schedules"
_DAY_MINUTES = 1440
_WEEK_MINUTES = 7 * _DAY_MINUTES
_WORKDAYS = [
    {"start_time": day * _DAY_MINUTES + 540, "end_time": day * _DAY_MINUTES + 1020} for day in range(1, 6)
]


def create(call: Call) -> Reply:
    """A schedule with the usual week: Monday to Friday, nine to five."""
    given = call.body_of("schedule")
    if not given.get("name") or not given.get("time_zone"):
        raise record_invalid({"name": [{"description": "Name: cannot be blank", "error": "BlankValue"}]})
    now = iso(call.world.clock.now())
    row: Json = {"id": call.world.new_id(), "name": given["name"], "time_zone": given["time_zone"]}
    row |= {"intervals": [dict(one) for one in _WORKDAYS], "created_at": now, "updated_at": now}
    call.world.add_row(TABLE, row)
    call.log("create", TABLE, row)
    return Reply({"schedule": call.shown(TABLE, row)}, 201)


def update(call: Call, ident: int) -> Reply:
    row, given = call.row(TABLE, ident), call.body_of("schedule")
    row |= {key: given[key] for key in ("name", "time_zone") if key in given}
    row["updated_at"] = iso(call.world.clock.now())
    call.log("update", TABLE, row)
    return Reply({"schedule": call.shown(TABLE, row)})


def update_workweek(call: Call, ident: int) -> Reply:
    """`PUT …/workweek`: intervals in minutes since Sunday 00:00 local time; none spans two days."""
    row = call.row(TABLE, ident)
    intervals = call.body_of("workweek").get("intervals")
    if not isinstance(intervals, list) or not all(map(_is_interval, intervals)):
        raise invalid("intervals", "Intervals: are invalid")
    row["intervals"] = [{key: int(one[key]) for key in ("start_time", "end_time")} for one in intervals]
    row["updated_at"] = iso(call.world.clock.now())
    call.log("update", TABLE, row)
    return Reply({"workweek": {"intervals": row["intervals"]}})


def _is_interval(given: Any) -> bool:
    try:
        start, end = int(given["start_time"]), int(given["end_time"])
    except (KeyError, TypeError, ValueError):
        return False
    return 0 <= start < end <= _WEEK_MINUTES and (end - 1) // _DAY_MINUTES == start // _DAY_MINUTES


def _holidays(call: Call, ident: int) -> list[Json]:
    call.row(TABLE, ident)
    return call.world.holidays.setdefault(ident, [])


def list_holidays(call: Call, ident: int) -> Reply:
    return whole("holidays", _holidays(call, ident))


def _holiday(call: Call, ident: int, holiday: int) -> Json:
    for row in _holidays(call, ident):
        if row["id"] == holiday:
            return row
    raise not_found()


def show_holiday(call: Call, ident: int, holiday: int) -> Reply:
    return Reply({"holiday": _holiday(call, ident, holiday)})


def save_holiday(call: Call, ident: int, holiday: int | None = None) -> Reply:
    """Create or change a holiday; both dates are inclusive."""
    given = call.body_of("holiday")
    row: Json = {"id": call.world.new_id()} if holiday is None else _holiday(call, ident, holiday)
    row |= {key: given[key] for key in ("name", "start_date", "end_date") if key in given}
    try:
        is_valid = date.fromisoformat(row["start_date"]) <= date.fromisoformat(row["end_date"])
    except (KeyError, ValueError):
        is_valid = False
    if not is_valid or not row.get("name"):
        raise invalid("start_date", "Start date: is invalid")
    if holiday is None:
        _holidays(call, ident).append(row)
    return Reply({"holiday": row}, 201 if holiday is None else 200)


def delete_holiday(call: Call, ident: int, holiday: int) -> Reply:
    _holidays(call, ident).remove(_holiday(call, ident, holiday))
    return Reply(None, 204)
