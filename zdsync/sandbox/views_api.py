"""Handlers for views: their two shapes, their conditions, their tickets and counts."""

from __future__ import annotations

from zdsync.sandbox.answers import Json, Reply, invalid, record_invalid, too_many_values
from zdsync.sandbox.call import Call
from zdsync.sandbox.conditions import Asked, holds
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.records import STATUSES, Ticket
from zdsync.sandbox.render import FieldReader, iso, ticket_row
from zdsync.sandbox.scope import in_scope, is_archived
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


def new_view(world: World, given: Json) -> Json:
    """A view row from a write body; raises 422 without a required condition."""
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
    return world.add_row("views", row)


def create_view(call: Call) -> Reply:
    given = call.body_of("view")
    call.warn(f"view.{key}" for key in given if key not in WRITABLE)
    return Reply({"view": call.shown("views", new_view(call.world, given))}, 201)


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


def _matching(call: Call, row: Json) -> list[Ticket]:
    conditions = _for_caller(row["conditions"], call.user.id)
    return [
        ticket
        for ticket in call.world.living_tickets()
        if not is_archived(call, ticket)
        and in_scope(call, ticket)
        and holds(Asked.now(call.world, ticket), conditions)
    ]


def _for_caller(conditions: Json, user_id: int) -> Json:
    def own(row: Json) -> Json:
        return {**row, "value": user_id} if row["value"] == "current_user" else row

    return {side: [own(row) for row in rows] for side, rows in conditions.items()}


def tickets(call: Call, ident: int) -> Reply:
    found = _matching(call, call.row("views", ident))
    reader = FieldReader(call.world)
    body, _ = paginate(
        call,
        "tickets",
        found,
        lambda ticket: ticket_row(call.world, ticket, call.base, reader),
        key=lambda ticket: ticket.id,
    )
    return Reply(body)


def execute(call: Call, ident: int) -> Reply:
    row = call.row("views", ident)
    found = _matching(call, row)[:100]
    rows = [
        {
            "ticket_id": t.id,
            "subject": t.subject,
            "requester_id": t.requester_id,
            "created": iso(t.created),
            "updated": iso(t.updated),
            "group_id": t.group_id,
            "assignee_id": t.assignee_id,
            "priority": t.priority,
            "status": t.status,
        }
        for t in found
    ]
    return Reply(
        {
            "rows": rows,
            "columns": row["execution"]["columns"],
            "view": call.shown("views", row),
            "users": call.user_rows(t.requester_id for t in found),
            "groups": call.group_rows(t.group_id for t in found),
            "organizations": call.organization_rows(t.organization_id for t in found),
            "count": len(rows),
            "next_page": None,
            "previous_page": None,
        }
    )


def _count_row(call: Call, ident: int) -> Json:
    value = len(_matching(call, call.row("views", ident)))
    return {
        "url": f"{call.base}/api/v2/views/{ident}/count.json",
        "view_id": ident,
        "value": value,
        "pretty": str(value),
        "fresh": True,
        "active": True,
    }


def count(call: Call, ident: int) -> Reply:
    return Reply({"view_count": _count_row(call, ident)})


def count_many(call: Call) -> Reply:
    return Reply({"view_counts": [_count_row(call, ident) for ident in call.ids(20)]})


def compact(call: Call) -> Reply:
    rows = [row for row in call.world.tables["views"].values() if row["active"]][:32]
    return Reply({"views": [call.shown("views", row) for row in rows], "count": len(rows)})


def _operators(*values: str) -> list[Json]:
    titles = {"is": "Is", "is_not": "Is not", "less_than": "Less than", "greater_than": "Greater than"}
    titles |= {"includes": "Contains at least one of", "not_includes": "Contains none of"}
    return [{"value": value, "title": titles[value], "terminal": False} for value in values]


def _subject(subject: str, title: str, operators: list[Json], values: list[tuple[str, str]] | None) -> Json:
    row: Json = {
        "group": "ticket",
        "nullable": values is not None,
        "operators": operators,
        "repeatable": subject == "current_tags",
        "subject": subject,
        "title": title,
        "type": "text" if values is None else "list",
    }
    if values is not None:
        row["values"] = [{"enabled": True, "title": name, "value": value} for value, name in values]
    return row


def definitions(call: Call) -> Reply:
    """The account's own condition vocabulary (developer.zendesk.com, Views, "List Views Definitions")."""
    tables, equal = call.world.tables, _operators("is", "is_not")
    ordered = _operators("is", "is_not", "less_than", "greater_than")
    agents = [u for u in call.world.users.values() if u.is_agent and u.is_active]
    found = [
        _subject("status", "Status", ordered, [(s, s.title()) for s in STATUSES]),
        _subject(
            "type", "Type", equal, [(t, t.title()) for t in ("question", "incident", "problem", "task")]
        ),
        _subject(
            "priority", "Priority", ordered, [(p, p.title()) for p in ("low", "normal", "high", "urgent")]
        ),
        _subject("group_id", "Group", equal, [(str(g["id"]), g["name"]) for g in tables["groups"].values()]),
        _subject("assignee_id", "Assignee", equal, [(str(u.id), u.name) for u in agents]),
        _subject("requester_id", "Requester", equal, []),
        _subject("organization_id", "Organization", equal, []),
        _subject("brand_id", "Brand", equal, [(str(b["id"]), b["name"]) for b in tables["brands"].values()]),
        _subject("current_tags", "Tags", _operators("includes", "not_includes"), None),
    ]
    for field in call.world.custom_fields():
        if field["type"] == "tagger":
            options = [(o["value"], o["name"]) for o in field["custom_field_options"]]
            found.append(_subject(f"custom_fields_{field['id']}", field["title"], equal, options))
    columns = [{"group": "ticket", "title": t, "type": "text", "value": c} for c, (t, _) in COLUMNS.items()]
    sortable = [row for row in columns if COLUMNS[row["value"]][1]]
    return Reply(
        {
            "definitions": {
                "conditions_all": found,
                "conditions_any": found,
                "output": columns,
                "groupables": sortable,
                "sortables": sortable,
            }
        }
    )
