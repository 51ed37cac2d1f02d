"""Handlers for ticket, user and organization fields and their options."""

from __future__ import annotations

from zdsync.sandbox.answers import Json, Reply, invalid, not_found, record_invalid
from zdsync.sandbox.call import Call
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.render import iso
from zdsync.sandbox.tables import KINDS
from zdsync.sandbox.world import World

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
            "raw_agent_description": given.get("agent_description"),
            "agent_can_edit": True,
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
    given = call.body_of(KINDS[table].singular)
    call.warn(f"{KINDS[table].singular}.{key}" for key in given if key not in FIELD_KEYS)
    if not given.get("title") or not given.get("type"):
        raise record_invalid({"title": [{"description": "Title: cannot be blank", "error": "BlankValue"}]})
    row = new_field(call.world, table, given)
    call.log("create", table, row)
    return Reply({KINDS[table].singular: call.shown(table, row)}, 201)


def update_field(call: Call, table: str, ident: int) -> Reply:
    """Options left out of the list are deleted together with their values on tickets."""
    row, given = call.row(table, ident), call.body_of(KINDS[table].singular)
    if len(given.get("custom_field_options") or ()) > MAX_OPTIONS:
        raise invalid("custom_field_options", "Custom field options: at most 2000", "TooLong")
    ignored = [key for key in given if key not in FIELD_KEYS or key == "type"]
    call.warn(f"{KINDS[table].singular}.{key}" for key in ignored)
    change_field(call.world, row, {key: value for key, value in given.items() if key not in ignored})
    call.log("update", table, row)
    return Reply({KINDS[table].singular: call.shown(table, row)})


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


#: A field has at most so many options.
MAX_OPTIONS = 2000


def list_options(call: Call, table: str, ident: int) -> Reply:
    rows = call.row(table, ident).get("custom_field_options") or []
    return Reply(paginate(call, "custom_field_options", sorted(rows, key=_option_id), lambda row: row)[0])


def _option_id(option: Json) -> int:
    return int(option["id"])


def _option(call: Call, table: str, ident: int, option: int) -> Json:
    for row in call.row(table, ident).get("custom_field_options") or ():
        if row["id"] == option:
            found: Json = row
            return found
    raise not_found()


def show_option(call: Call, table: str, ident: int, option: int) -> Reply:
    return Reply({"custom_field_option": _option(call, table, ident, option)})


def delete_option(call: Call, table: str, ident: int, option: int) -> Reply:
    """Take an option away, together with its value on tickets."""
    gone, row = _option(call, table, ident, option), call.row(table, ident)
    kept = [one for one in row["custom_field_options"] if one is not gone]
    change_field(call.world, row, {"custom_field_options": kept})
    return Reply(None, 204)


def save_option(call: Call, table: str, ident: int) -> Reply:
    """Add an option, or change the one with the given id: 201 or 200."""
    row, given = call.row(table, ident), call.body_of("custom_field_option")
    if not given.get("name") or not given.get("value"):
        raise invalid("name", "Name: cannot be blank", "BlankValue")
    if len(row.get("custom_field_options") or ()) >= MAX_OPTIONS:
        raise invalid("custom_field_options", "Custom field options: at most 2000", "TooLong")
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
