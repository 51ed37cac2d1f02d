"""The configuration tables as their endpoints list, show and count them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from zdsync.sandbox.answers import ApiError, Json, Reply, bad_paging
from zdsync.sandbox.call import Call
from zdsync.sandbox.lists import Down, is_by_cursor, paginate
from zdsync.sandbox.render import iso


@dataclass(frozen=True, slots=True)
class Kind:
    """One table: the envelopes of a row and of a list, the list's own order, and who may read it.

    `plural` empty stands for the path. `is_whole` lists come in one piece when no page is asked for.
    `scope` names the OAuth resource where it is not the path's first word.
    """

    singular: str
    plural: str = ""
    order: tuple[str, ...] = ("id",)
    is_whole: bool = False
    admin: bool = False
    scope: str = ""


#: By path. Orders as recorded cursors name them where one was recorded.
KINDS = {
    "groups": Kind("group", order=("name", "id")),
    "group_memberships": Kind("group_membership"),
    "ticket_fields": Kind("ticket_field", order=("position", "id"), is_whole=True),
    "user_fields": Kind("user_field", order=("position", "id")),
    "organization_fields": Kind("organization_field", order=("position", "id")),
    "ticket_forms": Kind("ticket_form", order=("position", "id")),
    "brands": Kind("brand"),
    "custom_statuses": Kind("custom_status", order=("position", "id"), is_whole=True),
    "views": Kind("view", order=("created_at", "id"), scope="ticket_views"),
    "triggers": Kind("trigger", order=("position", "title", "id")),
    "trigger_categories": Kind("trigger_category", order=("position", "id"), scope="triggers"),
    "automations": Kind("automation", order=("position", "id")),
    "macros": Kind("macro", order=("title", "id")),
    "slas/policies": Kind("sla_policy", "sla_policies", ("position", "id"), is_whole=True, admin=True),
    "business_hours/schedules": Kind("schedule", "schedules", is_whole=True),
    "satisfaction_ratings": Kind("satisfaction_rating", admin=True),
    "satisfaction_reasons": Kind("reason", "reasons"),
    "custom_roles": Kind("custom_role"),
    "suspended_tickets": Kind("suspended_ticket", admin=True),
    "audit_logs": Kind("audit_log", order=("created_at", "id"), admin=True, scope="auditlogs"),
    "recipient_addresses": Kind("recipient_address"),
    "targets": Kind("target"),
    "sharing_agreements": Kind("sharing_agreement"),
    "dynamic_content/items": Kind("item", "items", scope="dynamic_content"),
    "skips": Kind("skip"),
    "workspaces": Kind("workspace", order=("position", "id")),
    "resource_collections": Kind("resource_collection", admin=True),
    "deletion_schedules": Kind("deletion_schedule", admin=True),
    "organization_subscriptions": Kind("organization_subscription"),
    "brand_agents": Kind("brand_agent"),
    "bookmarks": Kind("bookmark"),
    "locales": Kind("locale"),
    "custom_objects": Kind("custom_object", is_whole=True),
}

#: What the lists can be sorted by on request.
_SORTABLE = ("id", "name", "title", "position", "created_at", "updated_at")
_SORT_ALIASES = {"alphabetical": "title"}


def rows_of(call: Call, table: str) -> list[Json]:
    """A table's rows as this endpoint shows them, by id."""
    rows = sorted(call.world.tables[table].values(), key=lambda row: row["id"])
    if table == "groups" and call.arg("exclude_deleted", "true") == "true":
        rows = [row for row in rows if not row["deleted"]]
    if table in ("views", "triggers", "automations", "macros", "ticket_forms") and call.arg("active"):
        rows = [row for row in rows if row["active"] == (call.arg("active") == "true")]
    if table == "triggers" and call.arg("category_id"):
        rows = [row for row in rows if row["category_id"] == call.arg("category_id")]
    return rows


def list_table(
    call: Call, table: str, suffix: str = "", choose: Callable[[Json], bool] = lambda _row: True
) -> Reply:
    """The list of any configuration table; `suffix` "active" or "assignable" narrows it, so does `choose`."""
    rows = [row for row in rows_of(call, table) if choose(row)]
    if suffix == "active":
        rows = [row for row in rows if row["active"]]
    elif suffix == "assignable" and table == "group_memberships":
        users = call.world.users
        rows = [row for row in rows if _assignable(users.get(row["user_id"]))]
    return answer_rows(call, table, rows)


def answer_rows(call: Call, table: str, rows: list[Json], *, offset_only: bool = False) -> Reply:
    """Rows of one table in its envelope: whole, by cursor, or by offset."""
    kind = KINDS[table]
    name = kind.plural or table
    rows, key = in_order(call, rows, kind.order)
    if kind.is_whole and not is_by_cursor(call) and not {"per_page", "page"} & call.args.keys():
        shown = [call.shown(table, row) for row in rows]
        extra = {"count": len(shown), "next_page": None, "previous_page": None}
        return Reply({name: shown} | ({} if table == "custom_statuses" else extra))
    body, page = paginate(
        call, name, rows, lambda row: call.shown(table, row), key=key, offset_only=offset_only
    )
    sideload_table(call, table, body, list(page))
    return Reply(body)


def in_order(
    call: Call, rows: list[Json], order: tuple[str, ...]
) -> tuple[list[Json], Callable[[Json], Any]]:
    """Rows as asked for, and the key they are in order of.

    `sort` is for cursor pages, `sort_by` for offset pages; each is ignored in the other
    (developer.zendesk.com, "Pagination").
    """
    turned = False
    if is_by_cursor(call):
        asked = call.arg("sort")
        if asked:
            turned, asked = asked.startswith("-"), asked.removeprefix("-")
            if asked not in _SORTABLE:
                raise bad_paging("InvalidPaginationParameter", f"sort is not valid: {asked}")
    else:
        asked = call.arg("sort_by")
        asked = _SORT_ALIASES.get(asked or "", asked)
        turned = call.arg("sort_order") == "desc"
    if asked in _SORTABLE and all(asked in row for row in rows):
        order = (asked, "id") if asked != "id" else ("id",)
    key = _key(order, turned=turned and bool(asked))
    return sorted(rows, key=key), key


def _key(order: tuple[str, ...], *, turned: bool) -> Callable[[Json], Any]:
    def key(row: Json) -> Any:
        values = tuple(row.get(name) or (0 if name in ("position", "id") else "") for name in order)
        return Down(values) if turned else values

    return key


def _assignable(user: Any) -> bool:
    return user is not None and user.is_agent and user.is_active and not user.is_light


def sideload_table(call: Call, table: str, body: Json, rows: Sequence[Json]) -> None:
    """Add what the rows of a list refer to, if asked for."""
    if table == "group_memberships":
        if "users" in call.includes:
            body["users"] = call.user_rows(row["user_id"] for row in rows)
        if "groups" in call.includes:
            body["groups"] = call.group_rows(row["group_id"] for row in rows)
    elif table == "groups" and "users" in call.includes:
        members = {ident for row in rows for ident in call.world.members.get(row["id"], ())}
        body["users"] = call.user_rows(members)


def show_row(call: Call, table: str, ident: int) -> Reply:
    return Reply({KINDS[table].singular: call.shown(table, call.row(table, ident))})


def show_many(call: Call, table: str) -> Reply:
    """`/{table}/show_many?ids=` or `?keys=`: unknown ones are left out."""
    keys = set(filter(None, (call.arg("keys") or "").split(",")))
    wanted = set(call.ids())
    rows = [row for row in rows_of(call, table) if row["id"] in wanted or row.get("key") in keys]
    return whole(KINDS[table].plural or table, [call.shown(table, row) for row in rows])


def search_rows(call: Call, table: str) -> Reply:
    """`/{table}/search?query=`: words in the title, offset pages only."""
    words = (call.arg("query") or "").lower().split()
    rows = [row for row in rows_of(call, table) if all(word in row["title"].lower() for word in words)]
    return answer_rows(call, table, rows, offset_only=True)


def whole(name: str, rows: list[Json]) -> Reply:
    """A list that fits one answer, in the offset envelope."""
    return Reply({name: rows, "count": len(rows), "next_page": None, "previous_page": None})


def counted(call: Call, value: int) -> Reply:
    """A `count` object; above 100,000 it is a day old, and nobody says when it was taken."""
    now = iso(call.world.clock.now()) if value <= 100_000 else None
    return Reply({"count": {"value": value, "refreshed_at": now}})


def count_table(call: Call, table: str) -> Reply:
    return counted(call, len(rows_of(call, table)))


def delete_row(call: Call, table: str, ident: int) -> Reply:
    remove(call, table, ident)
    return Reply(None, 204)


def remove(call: Call, table: str, ident: int) -> None:
    """Take a row away; raises 404, and 422 for a custom status that tickets have."""
    row = call.row(table, ident)
    if table == "groups":
        row |= {"deleted": True, "updated_at": iso(call.world.clock.now())}
    elif table == "custom_statuses" and _in_use(call, ident):
        raise ApiError(422, {"error": "RecordInvalid", "description": "Status is in use"})
    else:
        del call.world.tables[table][ident]
    call.log("destroy", table, row)
    call.world.forget_caches()


def _in_use(call: Call, ident: int) -> bool:
    return any(t.custom_status_id == ident and t.status != "closed" for t in call.world.living_tickets())


def destroy_many(call: Call, table: str) -> Reply:
    """`DELETE /{table}/destroy_many?ids=`."""
    for ident in call.ids():
        if ident in call.world.tables[table]:
            remove(call, table, ident)
    return Reply(None, 204)
