"""Handlers for views: their two shapes, their conditions, their tickets and counts."""

from __future__ import annotations

from zdsync.sandbox.answers import Json, Reply, invalid, record_invalid, too_many_values
from zdsync.sandbox.call import Call
from zdsync.sandbox.conditions import Asked, holds
from zdsync.sandbox.records import Ticket
from zdsync.sandbox.render import iso
from zdsync.sandbox.rules_api import check_size
from zdsync.sandbox.scope import in_scope, is_archived
from zdsync.sandbox.tables import whole
from zdsync.sandbox.tickets_api import ticket_page
from zdsync.sandbox.world import World

#: One of these must stand among `all` (developer.zendesk.com, Views).
REQUIRED = frozenset({"status", "type", "group_id", "assignee_id", "requester_id"})

#: Column names and titles; True where grouping and sorting are allowed.
COLUMNS: dict[str, tuple[str, bool]] = {
    "assigned": ("Assigned", True),
    "assignee": ("Assignee", True),
    "brand": ("Brand", True),
    "created": ("Requested", True),
    "custom_status_id": ("Ticket status", False),
    "description": ("Subject", False),
    "due_date": ("Due date", True),
    "group": ("Group", True),
    "locale_id": ("Requester language", True),
    "nice_id": ("ID", True),
    "organization": ("Organization", True),
    "priority": ("Priority", True),
    "requester": ("Requester", True),
    "satisfaction_score": ("Satisfaction", True),
    "solved": ("Solved", True),
    "status": ("Status category", True),
    "subject": ("Subject", False),
    "submitter": ("Submitter", False),
    "ticket_form": ("Form", True),
    "type": ("Type", True),
    "updated": ("Updated", True),
    "updated_assignee": ("Assignee updated", True),
    "updated_by_type": ("Updated by", True),
    "updated_requester": ("Requester updated", True),
}
_DEFAULT_COLUMNS = ("subject", "requester", "created", "updated")
WRITABLE = frozenset(
    {"title", "raw_title", "description", "active", "position", "all", "any", "output", "restriction"}
)


def _column(world: World, name: object) -> Json:
    text = str(name)
    if text.isdigit():
        field = world.tables["ticket_fields"].get(int(text))
        if field is None:
            raise invalid("output", f"Column {text} is invalid")
        return {"id": int(text), "title": field["title"], "filterable": True, "sortable": True}
    if text not in COLUMNS:
        raise invalid("output", f"Column {text} is invalid")
    title, sortable = COLUMNS[text]
    ident = "subject" if text == "description" else text
    return {"id": ident, "title": title, "filterable": sortable, "sortable": sortable}


def _execution(world: World, output: Json) -> Json:
    names = output.get("columns") or _DEFAULT_COLUMNS
    if len(names) > 10:
        raise invalid("output", "Output: at most 10 columns")
    columns = [_column(world, name) for name in names]
    custom = [column for column in columns if isinstance(column["id"], int)]
    group_by, sort_by = output.get("group_by"), output.get("sort_by")
    group_order, sort_order = output.get("group_order") or "desc", output.get("sort_order") or "desc"
    for name in (group_by, sort_by):
        if name and not _column(world, name)["sortable"]:
            raise invalid("output", f"Output: {name} cannot group or sort")
    return {
        "group_by": group_by,
        "group_order": group_order,
        "sort_by": sort_by,
        "sort_order": sort_order,
        "group": {**_column(world, group_by), "order": group_order} if group_by else None,
        "sort": {**_column(world, sort_by), "order": sort_order} if sort_by else None,
        "columns": columns,
        "fields": columns,
        "custom_fields": custom,
    }


def _check(every: list[Json]) -> None:
    if not any(row.get("field") in REQUIRED for row in every):
        text = (
            "Conditions: at least one of status, type, group_id, assignee_id, requester_id must be among all"
        )
        raise record_invalid({"base": [{"description": text, "error": "InvalidValue"}]})


def _clean(rows: list[Json]) -> list[Json]:
    for row in rows:
        if not isinstance(row, dict) or "field" not in row:
            raise invalid("conditions", "Conditions: are invalid")
    return [
        {"field": row["field"], "operator": row.get("operator", "is"), "value": row.get("value")}
        for row in rows
    ]


def view_row(world: World, given: Json) -> Json:
    """A view row from a write body, not stored; raises 422 without a required condition."""
    title = str(given.get("title") or given.get("raw_title") or "")
    if not title:
        raise record_invalid({"title": [{"description": "Title: cannot be blank", "error": "BlankValue"}]})
    every, some = _clean(given.get("all") or []), _clean(given.get("any") or [])
    _check(every)
    now = iso(world.clock.now())
    row: Json = {
        "id": world.new_id(),
        "title": title,
        "active": given.get("active", True),
        "updated_at": now,
        "created_at": now,
        "default": False,
        "position": given.get("position", 10_000),
        "description": given.get("description"),
        "execution": _execution(world, given.get("output") or {}),
        "conditions": {"all": every, "any": some},
        "restriction": given.get("restriction"),
        "raw_title": title,
    }
    check_size(row)
    return row


def new_view(world: World, given: Json) -> Json:
    return world.add_row("views", view_row(world, given))


def create_view(call: Call) -> Reply:
    given = call.body_of("view")
    call.warn(f"view.{key}" for key in given if key not in WRITABLE)
    row = new_view(call.world, given)
    call.log("create", "views", row)
    return Reply({"view": call.shown("views", row)}, 201)


def update_view(call: Call, ident: int) -> Reply:
    """Conditions and columns that are sent replace the whole array."""
    given = call.body_of("view")
    call.warn(f"view.{key}" for key in given if key not in WRITABLE)
    row = call.row("views", ident)
    conditions = dict(row["conditions"])
    if "all" in given or "any" in given:
        conditions = {
            "all": _clean(given.get("all", conditions["all"]) or []),
            "any": _clean(given.get("any", conditions["any"]) or []),
        }
        _check(conditions["all"])
        check_size(conditions)
    execution = row["execution"]
    if given.get("output"):
        execution = _execution(call.world, _output_of(execution) | given["output"])
    keys = ("title", "description", "active", "position", "restriction")
    row |= {key: given[key] for key in keys if key in given}
    row |= {"conditions": conditions, "execution": execution, "raw_title": row["title"]}
    row["updated_at"] = iso(call.world.clock.now())
    return Reply({"view": call.shown("views", row)})


def _output_of(execution: Json) -> Json:
    kept = {key: execution[key] for key in ("group_by", "group_order", "sort_by", "sort_order")}
    return kept | {"columns": [column["id"] for column in execution["columns"]]}


def update_many(call: Call) -> Reply:
    """`PUT /views/update_many`: position and active of up to 100 views."""
    given = call.json().get("views") or []
    if len(given) > 100:
        raise too_many_values()
    rows = [call.row("views", int(item["id"])) for item in given]
    for row, item in zip(rows, given, strict=True):
        row |= {key: item[key] for key in ("position", "active") if key in item}
        row["updated_at"] = iso(call.world.clock.now())
    return Reply({"views": [call.shown("views", row) for row in rows]})


def _matching(call: Call, conditions: Json) -> list[Ticket]:
    return [
        ticket
        for ticket in call.world.living_tickets()
        if not is_archived(call, ticket)
        and in_scope(call, ticket)
        and holds(Asked.now(call.world, ticket, call.user.id), conditions)
    ]


def tickets(call: Call, ident: int) -> Reply:
    """`/views/{id}/tickets`, in the view's own order of ids."""
    return ticket_page(call, _matching(call, call.row("views", ident)["conditions"]))


def _executed(call: Call, row: Json) -> Json:
    """Rows with the view's columns, the first hundred."""
    found = _matching(call, row["conditions"])
    rows = [
        {
            "ticket_id": t.id,
            "ticket": {"id": t.id, "subject": t.subject, "status": t.status, "priority": t.priority},
            "subject": t.subject,
            "requester_id": t.requester_id,
            "created": iso(t.created),
            "updated": iso(t.updated),
            "group_id": t.group_id,
            "assignee_id": t.assignee_id,
            "priority": t.priority,
            "status": t.status,
        }
        for t in found[:100]
    ]
    return {
        "rows": rows,
        "columns": row["execution"]["columns"],
        "users": call.user_rows(t.requester_id for t in found[:100]),
        "groups": call.group_rows(t.group_id for t in found[:100]),
        "organizations": call.organization_rows(t.organization_id for t in found[:100]),
        "count": len(rows),
        "next_page": None,
        "previous_page": None,
    }


def execute(call: Call, ident: int) -> Reply:
    row = call.row("views", ident)
    return Reply(_executed(call, row) | {"view": call.shown("views", row)})


def preview(call: Call) -> Reply:
    """`POST /views/preview`: what a view would show; nothing is stored."""
    row = view_row(call.world, {"title": "preview"} | call.body_of("view"))
    shown = {key: row[key] for key in ("execution", "conditions")}
    return Reply(_executed(call, row) | {"view": {"id": None, **shown}})


def preview_count(call: Call) -> Reply:
    row = view_row(call.world, {"title": "preview"} | call.body_of("view"))
    value = len(_matching(call, row["conditions"]))
    return Reply({"view_count": {"view_id": None, "url": None, **_counted(value)}})


def _counted(value: int) -> Json:
    return {"value": value, "pretty": f"{value:,}", "fresh": True}


def _count_row(call: Call, ident: int) -> Json:
    row = call.row("views", ident)
    value = len(_matching(call, row["conditions"]))
    address = f"{call.base}/api/v2/views/{ident}/count.json"
    return {"url": address, "view_id": ident, **_counted(value), "active": row["active"]}


def count(call: Call, ident: int) -> Reply:
    return Reply({"view_count": _count_row(call, ident)})


def count_many(call: Call) -> Reply:
    """Up to twenty; views that are not there are left out."""
    views = call.world.tables["views"]
    return Reply({"view_counts": [_count_row(call, ident) for ident in call.ids(20) if ident in views]})


def compact(call: Call) -> Reply:
    """The active views, up to 32, in one piece."""
    rows = [row for row in call.world.tables["views"].values() if row["active"]][:32]
    return whole("views", [call.shown("views", row) for row in rows])
