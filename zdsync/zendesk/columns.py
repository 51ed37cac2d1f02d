"""Which fields of each API object become columns of the mirror, and of what type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from zdsync.errors import Unavailable
from zdsync.streams import Record

_LARGEST = 2**63 - 1
_INTEGER = re.compile(r"-?[0-9]{1,19}")


def as_int(value: Any) -> int | None:
    """A 64-bit integer, also from its digits; None for everything else, larger numbers included."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    return value if type(value) is int and -_LARGEST <= value <= _LARGEST else None


def as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def as_flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def as_time(value: Any) -> datetime | None:
    """An aware UTC time from ISO 8601; None for what is no time."""
    return _time_of(value) if isinstance(value, str) else None


@lru_cache(16_384)
def _time_of(value: str) -> datetime | None:
    """Kept for a while: a ticket's many times are mostly the same few, and people come again on every page."""
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is UTC:
            return found
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_is(value: Any) -> Any:
    return value


_NONE = type(None)

Column = tuple[str, tuple[type, ...], Callable[[Any], Any]]
"""A field, the types whose values pass as they are, and what makes something of all others."""


def _columns(
    *, ints: str = "", texts: str = "", flags: str = "", times: str = "", lists: str = "", values: str = ""
) -> tuple[Column, ...]:
    kinds: tuple[Column, ...] = (
        (ints, (_NONE,), as_int),
        (texts, (str, _NONE), as_text),
        (flags, (bool, _NONE), as_flag),
        (times, (_NONE,), as_time),
        (lists, (list,), as_list),
        (values, (_NONE,), as_is),
    )
    return tuple((name, plain, cast) for names, plain, cast in kinds for name in names.split())


_STAMPS = "created_at updated_at"

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "tickets": _columns(
        ints="id generated_timestamp requester_id submitter_id assignee_id organization_id group_id brand_id "
        "ticket_form_id custom_status_id problem_id",
        texts="url external_id type subject raw_subject description priority status recipient",
        flags="has_incidents is_public from_messaging_channel",
        times="created_at updated_at due_at",
        lists="tags custom_fields",
    ),
    "ticket_metrics": _columns(
        ints="id ticket_id group_stations assignee_stations reopens replies",
        times="created_at updated_at assignee_updated_at requester_updated_at status_updated_at "
        "initially_assigned_at assigned_at solved_at latest_comment_added_at custom_status_updated_at",
    ),
    "users": _columns(
        ints="id role_type custom_role_id organization_id default_group_id locale_id",
        texts="url name email role time_zone iana_time_zone locale phone external_id alias details notes "
        "ticket_restriction",
        flags="active suspended verified shared",
        times="created_at updated_at last_login_at",
        lists="tags",
        values="user_fields",
    ),
    "organizations": _columns(
        ints="id group_id",
        texts="url name external_id details notes",
        flags="shared_tickets shared_comments",
        times=_STAMPS,
        lists="domain_names tags",
        values="organization_fields",
    ),
    "groups": _columns(
        ints="id", texts="url name description", flags="default is_public deleted", times=_STAMPS
    ),
    "group_memberships": _columns(ints="id user_id group_id", texts="url", flags="default", times=_STAMPS),
    "ticket_fields": _columns(
        ints="id position sub_type_id",
        texts="url title raw_title type key description tag regexp_for_validation",
        flags="active required removable",
        times=_STAMPS,
    ),
    "ticket_field_options": _columns(ints="id position", texts="name raw_name value", flags="default"),
    "user_fields": _columns(
        ints="id position",
        texts="url key title type",
        flags="active",
        times=_STAMPS,
        lists="custom_field_options",
    ),
    "organization_fields": _columns(
        ints="id position",
        texts="url key title type",
        flags="active",
        times=_STAMPS,
        lists="custom_field_options",
    ),
    "ticket_forms": _columns(
        ints="id position",
        texts="url name display_name",
        flags="active default end_user_visible",
        times=_STAMPS,
        lists="ticket_field_ids",
    ),
    "brands": _columns(
        ints="id", texts="url name subdomain brand_url", flags="active default is_deleted", times=_STAMPS
    ),
    "custom_statuses": _columns(
        ints="id",
        texts="url status_category agent_label end_user_label description",
        flags="active default",
        times=_STAMPS,
    ),
    "views": _columns(
        ints="id position",
        texts="url title description",
        flags="active default",
        times=_STAMPS,
        values="conditions execution restriction",
    ),
    "triggers": _columns(
        ints="id position category_id",
        texts="url title description",
        flags="active default",
        times=_STAMPS,
        lists="actions",
        values="conditions",
    ),
    "automations": _columns(
        ints="id position",
        texts="url title",
        flags="active default",
        times=_STAMPS,
        lists="actions",
        values="conditions",
    ),
    "macros": _columns(
        ints="id position",
        texts="url title description",
        flags="active default",
        times=_STAMPS,
        lists="actions",
        values="restriction",
    ),
    "sla_policies": _columns(
        ints="id position",
        texts="url title description",
        times=_STAMPS,
        lists="policy_metrics",
        values="filter metric_settings",
    ),
    "schedules": _columns(ints="id", texts="url name time_zone", times=_STAMPS, lists="intervals"),
    "schedule_holidays": _columns(ints="id schedule_id", texts="name start_date end_date"),
    "tags": _columns(ints="count", texts="name"),
    "satisfaction_ratings": _columns(
        ints="id ticket_id requester_id assignee_id group_id reason_id reason_code",
        texts="url score comment reason",
        times=_STAMPS,
    ),
    "ticket_metric_events": _columns(
        ints="id ticket_id instance_id",
        texts="metric type",
        flags="deleted",
        times="time",
        values="sla group_sla",
    ),
}

MINUTES = tuple(
    f"{name}_in_minutes"
    for name in (
        "reply_time",
        "first_resolution_time",
        "full_resolution_time",
        "agent_wait_time",
        "requester_wait_time",
        "on_hold_time",
    )
)
"""Durations of `ticket_metrics`; each has a calendar and a business figure."""

_NEEDS_VERSION = frozenset({"tickets", "users", "organizations"})
"""Tables whose rows are ordered by `updated_at`: a row without it could not be told from an older one."""


def key_of(table: str) -> str:
    """The field that tells a table's objects apart: tags have no id."""
    return "name" if table == "tags" else "id"


def base_row(table: str, payload: dict[str, Any]) -> Record:
    """The typed columns of an API object, and the object itself under `raw`. Unknown fields are only in `raw`.

    Raises Unavailable when the id, or the version of what has versions, is missing.
    """
    get = payload.get
    row: Record = {
        name: value if type(value := get(name)) in plain else cast(value)
        for name, plain, cast in COLUMNS[table]
    }
    row["raw"] = payload
    if row[key_of(table)] is None:
        raise malformed(table, key_of(table))
    if table in _NEEDS_VERSION and row["updated_at"] is None:
        raise malformed(f"{table} {row['id']}", "updated_at")
    return row


def malformed(what: str, field: str) -> Unavailable:
    """The error for an API object that lacks what cannot be missing."""
    return Unavailable(
        f"Zendesk sent a row of {what} without a usable {field}",
        status=200,
        hint="nothing of that page was recorded; the next run asks again",
    )
