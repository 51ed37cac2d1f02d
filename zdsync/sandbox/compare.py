"""How a condition's operator compares what is with what is wanted: as text, in order, or in time."""

from __future__ import annotations

from typing import Any

from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.records import PRIORITIES, STATUSES

_DAY_S = 86_400

#: Values that stand in an order of their own; lowest first.
ORDERS: dict[str, tuple[str | None, ...]] = {
    "status": STATUSES,
    "priority": PRIORITIES,
    "satisfaction_score": ("true", "false", "bad", "bad_with_comment", "good", "good_with_comment"),
}
_ORDERED = ("less_than", "greater_than", "less_than_equal", "greater_than_equal")


def text_of(value: Any) -> str:
    """A value as conditions spell it: nothing is "", truth is lower case."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def compare(name: str, operator: str, value: Any, wanted: Any) -> bool:
    """Judge one operator but those of days; `is_not` is true of what is empty, an order is not."""
    if operator in ("present", "not_present"):
        return (value not in (None, "", (), False)) == (operator == "present")
    if operator in _ORDERED:
        return _in_order(name, operator, value, wanted)
    if operator in ("includes_string", "not_includes_string"):
        return (text_of(wanted).lower() in text_of(value).lower()) == (operator == "includes_string")
    if operator in ("includes", "not_includes"):
        options = wanted if isinstance(wanted, list) else text_of(wanted).split()
        have = {text_of(one) for one in value} if isinstance(value, tuple) else {text_of(value)}
        return bool(have & {text_of(one) for one in options}) == (operator == "includes")
    if isinstance(value, tuple):
        return (text_of(wanted) in value) == (operator == "is")
    return _same(value, wanted) == (operator == "is")


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool) or wanted in ("true", "false"):
        return (text_of(value) or "false") == text_of(wanted)
    return text_of(value) == text_of(wanted)


def _in_order(name: str, operator: str, value: Any, wanted: Any) -> bool:
    if name in ORDERS:
        order = [text_of(step) for step in ORDERS[name]]
        have, bound = text_of(value), text_of(wanted)
        if have not in order or bound not in order:
            return False
        return _judge(operator, order.index(have), order.index(bound))
    if value in (None, "") or wanted in (None, ""):
        return False
    try:
        return _judge(operator, float(value), float(wanted))
    except ValueError:
        return _judge(operator, str(value), str(wanted))


def _judge(operator: str, left: Any, right: Any) -> bool:
    return bool(
        {
            "less_than": left < right,
            "greater_than": left > right,
            "less_than_equal": left <= right,
            "greater_than_equal": left >= right,
        }[operator]
    )


def within_days(operator: str, value: Any, wanted: Any, now: int) -> bool:
    """A date field within so many days before or after today."""
    if value in (None, ""):
        return False
    distance = parse_stamp(f"{value}T00:00:00") // _DAY_S - now // _DAY_S
    days = int(wanted)
    return 0 <= distance <= days if operator == "within_next_n_days" else -days <= distance <= 0
