"""Handlers for the account's configuration: groups, fields, forms, statuses, rules, schedules."""

from __future__ import annotations

from typing import Any

from zdsync.sandbox.answers import ApiError, Json, Reply, invalid, not_found, record_invalid
from zdsync.sandbox.call import Call
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.render import iso
from zdsync.sandbox.world import World

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
    _sideload(call, table, body, list(page))
    return Reply(body)


def _assignable(user: Any) -> bool:
    return user is not None and user.is_agent and user.is_active and not user.is_light


def _sideload(call: Call, table: str, body: Json, rows: list[Json]) -> None:
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


def memberships_of(call: Call, table: str, key: str, ident: int) -> Reply:
    rows = [row for row in rows_of(call, table) if row[key] == ident]
    body, page = paginate(call, table, rows, lambda row: call.shown(table, row))
    _sideload(call, table, body, list(page))
    return Reply(body)


def create_group(call: Call) -> Reply:
    given = call.body_of("group")
    call.warn(f"group.{key}" for key in given if key not in ("name", "description", "is_public", "default"))
    name = str(given.get("name") or "").strip()
    if not name:
        raise record_invalid({"name": [{"description": "Name: cannot be blank", "error": "BlankValue"}]})
    if any(row["name"].lower() == name.lower() and not row["deleted"] for row in _all(call, "groups")):
        raise invalid("name", f"Name: {name} has already been taken", "DuplicateValue")
    row = new_group(call.world, name, str(given.get("description") or ""), given.get("is_public", True))
    return Reply({"group": call.shown("groups", row)}, 201)


def _all(call: Call, table: str) -> list[Json]:
    return list(call.world.tables[table].values())


def new_group(world: World, name: str, description: str = "", is_public: bool = True) -> Json:
    now = iso(world.clock.now())
    return world.add_row(
        "groups",
        {
            "id": world.new_id(),
            "is_public": is_public,
            "name": name,
            "description": description,
            "default": False,
            "deleted": False,
            "created_at": now,
            "updated_at": now,
        },
    )


def update_group(call: Call, ident: int) -> Reply:
    row, given = call.row("groups", ident), call.body_of("group")
    if given.get("is_public") and not row["is_public"]:
        raise invalid("is_public", "Is public: private groups cannot become public")
    row |= {key: given[key] for key in ("name", "description", "is_public") if key in given}
    row["updated_at"] = iso(call.world.clock.now())
    return Reply({"group": call.shown("groups", row)})


def create_membership(call: Call) -> Reply:
    given = call.body_of("group_membership")
    user_id, group_id = int(given.get("user_id") or 0), int(given.get("group_id") or 0)
    user = call.world.users.get(user_id)
    if user is None or not user.is_agent or group_id not in call.world.tables["groups"]:
        raise invalid("user_id", "User: is invalid")
    if user_id in call.world.members.get(group_id, ()):
        raise invalid("user_id", "User: has already been taken", "DuplicateValue")
    row = add_membership(call.world, user_id, group_id, default=user.default_group_id is None)
    return Reply({"group_membership": call.shown("group_memberships", row)}, 201)


def add_membership(world: World, user_id: int, group_id: int, *, default: bool) -> Json:
    now = iso(world.clock.now())
    if default:
        world.users[user_id].default_group_id = group_id
    return world.add_row(
        "group_memberships",
        {
            "id": world.new_id(),
            "user_id": user_id,
            "group_id": group_id,
            "default": default,
            "created_at": now,
            "updated_at": now,
        },
    )


def delete_membership(call: Call, ident: int) -> Reply:
    call.row("group_memberships", ident)
    del call.world.tables["group_memberships"][ident]
    call.world.forget_caches()
    return Reply(None, 204)


FIELD_KEYS = frozenset(
    {
        "active",
        "agent_description",
        "collapsed_for_agents",
        "custom_field_options",
        "description",
        "editable_in_portal",
        "key",
        "position",
        "raw_title",
        "regexp_for_validation",
        "required",
        "required_in_portal",
        "tag",
        "title",
        "title_in_portal",
        "type",
        "visible_in_portal",
        "relationship_target_type",
    }
)


def new_field(world: World, table: str, given: Json) -> Json:
    """A ticket, user or organization field with every key the API shows."""
    now = iso(world.clock.now())
    title = str(given["title"])
    row: Json = {
        "id": world.new_id(),
        "type": given["type"],
        "key": given.get("key"),
        "title": title,
        "raw_title": title,
        "description": given.get("description", title),
        "raw_description": given.get("description", title),
        "position": given.get("position", 9999),
        "active": given.get("active", True),
        "regexp_for_validation": given.get("regexp_for_validation"),
        "tag": given.get("tag"),
        "created_at": now,
        "updated_at": now,
    }
    if table == "ticket_fields":
        row |= {
            "required": given.get("required", False),
            "collapsed_for_agents": False,
            "title_in_portal": given.get("title_in_portal", title),
            "raw_title_in_portal": given.get("title_in_portal", title),
            "visible_in_portal": given.get("visible_in_portal", False),
            "editable_in_portal": given.get("editable_in_portal", False),
            "required_in_portal": given.get("required_in_portal", False),
            "removable": given.get("removable", True),
            "agent_description": given.get("agent_description"),
        }
        row |= {key: given[key] for key in ("system_field_options", "sub_type_id") if key in given}
    else:
        row |= {"system": False}
    if given["type"] in ("tagger", "multiselect", "dropdown"):
        row["custom_field_options"] = [
            new_option(world, option) for option in given.get("custom_field_options") or ()
        ]
    return world.add_row(table, row)


def new_option(world: World, given: Json) -> Json:
    name, value = str(given["name"]), str(given["value"])
    ident = given.get("id") or world.new_id()
    return {"id": ident, "name": name, "raw_name": name, "value": value, "default": False}


def create_field(call: Call, table: str) -> Reply:
    given = call.body_of(SINGULAR[table])
    call.warn(f"{SINGULAR[table]}.{key}" for key in given if key not in FIELD_KEYS)
    if not given.get("title") or not given.get("type"):
        raise record_invalid({"title": [{"description": "Title: cannot be blank", "error": "BlankValue"}]})
    row = new_field(call.world, table, given)
    return Reply({SINGULAR[table]: call.shown(table, row)}, 201)


def update_field(call: Call, table: str, ident: int) -> Reply:
    """Options left out of the list are deleted together with their values on tickets."""
    row, given = call.row(table, ident), call.body_of(SINGULAR[table])
    ignored = [key for key in given if key not in FIELD_KEYS or key == "type"]
    call.warn(f"{SINGULAR[table]}.{key}" for key in ignored)
    change_field(call.world, row, {key: value for key, value in given.items() if key not in ignored})
    return Reply({SINGULAR[table]: call.shown(table, row)})


def change_field(world: World, row: Json, given: Json) -> None:
    """Apply an update to a field row; values of vanished options leave the tickets."""
    given = dict(given)
    options = given.pop("custom_field_options", None)
    row |= given
    if "title" in given:
        row["raw_title"] = given["title"]
    if options is not None:
        before = {option["value"] for option in row.get("custom_field_options") or ()}
        known = {option["id"]: option for option in row.get("custom_field_options") or ()}
        row["custom_field_options"] = [
            {**known.get(option.get("id"), {}), **new_option(world, option)} for option in options
        ]
        _drop_values(world, row["id"], before - {option["value"] for option in row["custom_field_options"]})
    row["updated_at"] = iso(world.clock.now())
    world.forget_caches()


def _drop_values(world: World, ident: int, gone: set[str]) -> None:
    """Empty a field where its option vanished: a system change, without audit."""
    now = world.clock.now()
    for ticket in world.tickets.values() if gone else ():
        value = ticket.fields.get(ident)
        lost = gone & (set(value) if isinstance(value, tuple) else {value})
        if not lost:
            continue
        ticket.fields = {key: kept for key, kept in ticket.fields.items() if key != ident}
        if isinstance(value, tuple) and set(value) - lost:
            ticket.fields[ident] = tuple(sorted(set(value) - lost))
        world.system_touch(ticket, now)


def list_options(call: Call, ident: int) -> Reply:
    rows = call.row("ticket_fields", ident).get("custom_field_options") or []
    return Reply({"custom_field_options": rows, "count": len(rows), "next_page": None, "previous_page": None})


def save_option(call: Call, ident: int) -> Reply:
    """Add an option, or change the one with the given id: 201 or 200."""
    row, given = call.row("ticket_fields", ident), call.body_of("custom_field_option")
    for option in row.get("custom_field_options") or ():
        if option["id"] == given.get("id"):
            option |= {"name": given["name"], "raw_name": given["name"], "value": given["value"]}
            call.world.forget_caches()
            return Reply({"custom_field_option": option})
    option = new_option(call.world, given)
    row.setdefault("custom_field_options", []).append(option)
    row["updated_at"] = iso(call.world.clock.now())
    call.world.forget_caches()
    return Reply({"custom_field_option": option}, 201)


def list_ratings(call: Call) -> Reply:
    """`GET /satisfaction_ratings`, by score and time (developer.zendesk.com, Satisfaction Ratings)."""
    rows = rows_of(call, "satisfaction_ratings")
    start, end, score = call.arg("start_time"), call.arg("end_time"), call.arg("score")
    if start:
        rows = [row for row in rows if parse_stamp(row["updated_at"]) >= int(start)]
    if end:
        rows = [row for row in rows if parse_stamp(row["updated_at"]) <= int(end)]
    if score:
        rows = [row for row in rows if _score_matches(row, score)]
    return Reply(
        paginate(call, "satisfaction_ratings", rows, lambda row: call.shown("satisfaction_ratings", row))[0]
    )


def _score_matches(row: Json, wanted: str) -> bool:
    score, comment = row["score"], row["comment"]
    if wanted == "received":
        return score in ("good", "bad")
    if wanted.endswith("_with_comment"):
        return bool(comment) and wanted.startswith(score)
    if wanted.endswith("_without_comment"):
        return not comment and wanted.startswith(score)
    return bool(score == wanted)


def holidays(call: Call, ident: int) -> Reply:
    if ident not in call.world.tables["business_hours/schedules"]:
        raise not_found()
    rows = call.world.holidays.get(ident, [])
    return Reply({"holidays": rows, "count": len(rows), "next_page": None, "previous_page": None})


def create_status(call: Call) -> Reply:
    given = call.body_of("custom_status")
    category = given.get("status_category")
    if category not in ("open", "pending", "hold", "solved"):
        raise invalid("status_category", "Status category: is invalid")
    label = str(given.get("agent_label") or "")
    if not 1 <= len(label) <= 48:
        raise invalid("agent_label", "Agent label: is invalid")
    row = new_status(call.world, category, label, given.get("end_user_label"), default=False)
    return Reply({"custom_status": call.shown("custom_statuses", row)}, 201)


def new_status(world: World, category: str, label: str, end_user: str | None, *, default: bool) -> Json:
    now = iso(world.clock.now())
    return world.add_row(
        "custom_statuses",
        {
            "id": world.new_id(),
            "status_category": category,
            "agent_label": label,
            "raw_agent_label": label,
            "end_user_label": end_user or label,
            "raw_end_user_label": end_user or label,
            "description": None,
            "raw_description": None,
            "end_user_description": None,
            "raw_end_user_description": None,
            "active": True,
            "default": default,
            "created_at": now,
            "updated_at": now,
        },
    )


def list_tags(call: Call) -> Reply:
    """`GET /tags`: the most used tags of the last sixty days."""
    since = call.world.clock.now() - 60 * 86_400
    counts: dict[str, int] = {}
    for ticket in call.world.living_tickets():
        if ticket.updated >= since:
            for tag in ticket.tags:
                counts[tag] = counts.get(tag, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20_000]
    return Reply(
        paginate(
            call,
            "tags",
            ordered,
            lambda item: {"name": item[0], "count": item[1]},
            key=lambda item: (-item[1], item[0]),
        )[0]
    )


def write_rule(call: Call, table: str, ident: int | None = None) -> Reply:
    """Create or update a trigger, automation or macro; new conditions or actions replace the old."""
    given = call.body_of(SINGULAR[table])
    keys = ("title", "description", "active", "position", "actions", "conditions", "category_id")
    call.warn(f"{SINGULAR[table]}.{key}" for key in given if key not in (*keys, "restriction"))
    kept = {key: given[key] for key in keys if key in given}
    if ident is None:
        if not kept.get("title") or not kept.get("actions"):
            raise record_invalid(
                {"base": [{"description": "A title and actions are required", "error": "BlankValue"}]}
            )
        return Reply({SINGULAR[table]: call.shown(table, new_rule(call.world, table, kept))}, 201)
    row = call.row(table, ident)
    row |= kept | {"updated_at": iso(call.world.clock.now())}
    row["raw_title"] = row["title"]
    return Reply({SINGULAR[table]: call.shown(table, row)})


def new_rule(world: World, table: str, given: Json) -> Json:
    """A trigger, automation or macro row with every key the API shows."""
    now = iso(world.clock.now())
    row: Json = {
        "id": world.new_id(),
        "title": given["title"],
        "active": given.get("active", True),
        "updated_at": now,
        "created_at": now,
        "default": False,
        "actions": given["actions"],
    }
    if table != "macros":
        conditions = given.get("conditions") or {}
        row["conditions"] = {"all": conditions.get("all") or [], "any": conditions.get("any") or []}
    else:
        row["restriction"] = None
    row |= {
        "description": given.get("description"),
        "position": given.get("position", len(world.tables[table])),
        "raw_title": given["title"],
    }
    if table == "triggers":
        first = next(iter(world.tables["trigger_categories"].values()), None)
        row["category_id"] = given.get("category_id") or (str(first["id"]) if first else None)
    return world.add_row(table, row)


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
