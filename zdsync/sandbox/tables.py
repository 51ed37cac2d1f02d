"""The configuration tables as their endpoints list, show and count them."""

from __future__ import annotations

from typing import Any

from zdsync.sandbox.answers import ApiError, Json, Reply
from zdsync.sandbox.call import Call
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.render import iso

#: Envelope of one row, by table.
SINGULAR = {
    "groups": "group",
    "group_memberships": "group_membership",
    "organization_memberships": "organization_membership",
    "ticket_fields": "ticket_field",
    "user_fields": "user_field",
    "organization_fields": "organization_field",
    "ticket_forms": "ticket_form",
    "brands": "brand",
    "custom_statuses": "custom_status",
    "views": "view",
    "triggers": "trigger",
    "trigger_categories": "trigger_category",
    "automations": "automation",
    "macros": "macro",
    "slas/policies": "sla_policy",
    "business_hours/schedules": "schedule",
    "satisfaction_ratings": "satisfaction_rating",
    "custom_roles": "custom_role",
    "suspended_tickets": "suspended_ticket",
    "satisfaction_reasons": "reason",
}

PLURAL = {
    "slas/policies": "sla_policies",
    "business_hours/schedules": "schedules",
    "satisfaction_reasons": "reasons",
}

#: Tables answered whole when no page is asked for.
_UNPAGED = frozenset({"custom_statuses", "ticket_fields", "business_hours/schedules", "slas/policies"})


def rows_of(call: Call, table: str) -> list[Json]:
    """A table's rows as this endpoint shows them, by id."""
    rows = sorted(call.world.tables[table].values(), key=lambda row: row["id"])
    if table == "groups" and call.arg("exclude_deleted", "true") == "true":
        rows = [row for row in rows if not row["deleted"]]
    if table in ("views", "triggers", "automations", "macros") and call.arg("active") is not None:
        rows = [row for row in rows if row["active"] == (call.arg("active") == "true")]
    return rows


def list_table(call: Call, table: str, suffix: str = "") -> Reply:
    """The list of any configuration table; `suffix` "active" or "assignable" narrows it."""
    rows = rows_of(call, table)
    if suffix == "active":
        rows = [row for row in rows if row["active"]]
    elif suffix == "assignable" and table == "group_memberships":
        users = call.world.users
        rows = [row for row in rows if _assignable(users.get(row["user_id"]))]
    name = PLURAL.get(table, table)
    asked = call.args
    if table in _UNPAGED and "page[size]" not in asked and "per_page" not in asked and "page" not in asked:
        ordered = sorted(rows, key=lambda row: (row.get("position", 0), row["id"]))
        shown = [call.shown(table, row) for row in ordered]
        extra = {"count": len(shown), "next_page": None, "previous_page": None}
        return Reply({name: shown} | ({} if table == "custom_statuses" else extra))
    body, page = paginate(call, name, rows, lambda row: call.shown(table, row))
    sideload_table(call, table, body, list(page))
    return Reply(body)


def _assignable(user: Any) -> bool:
    return user is not None and user.is_agent and user.is_active and not user.is_light


def sideload_table(call: Call, table: str, body: Json, rows: list[Json]) -> None:
    if table == "group_memberships":
        if "users" in call.includes:
            body["users"] = call.user_rows(row["user_id"] for row in rows)
        if "groups" in call.includes:
            body["groups"] = call.group_rows(row["group_id"] for row in rows)
    elif table == "groups" and "users" in call.includes:
        members = {ident for row in rows for ident in call.world.members.get(row["id"], ())}
        body["users"] = call.user_rows(members)


def show_row(call: Call, table: str, ident: int) -> Reply:
    return Reply({SINGULAR[table]: call.shown(table, call.row(table, ident))})


def count_table(call: Call, table: str) -> Reply:
    now = iso(call.world.clock.now())
    return Reply({"count": {"value": len(rows_of(call, table)), "refreshed_at": now}})


def delete_row(call: Call, table: str, ident: int) -> Reply:
    row = call.row(table, ident)
    if table == "groups":
        row |= {"deleted": True, "updated_at": iso(call.world.clock.now())}
        return Reply(None, 204)
    if table == "custom_statuses":
        used = any(t.custom_status_id == ident and t.status != "closed" for t in call.world.living_tickets())
        if used:
            raise ApiError(422, {"error": "RecordInvalid", "description": "Status is in use"})
    del call.world.tables[table][ident]
    call.world.forget_caches()
    return Reply(None, 204)
