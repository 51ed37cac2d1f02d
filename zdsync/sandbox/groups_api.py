"""Handlers for groups and who is in them."""

from __future__ import annotations

from functools import partial

from zdsync.sandbox.answers import Json, Reply, invalid, not_found, record_invalid
from zdsync.sandbox.call import Call
from zdsync.sandbox.records import SYSTEM_USER_ID, Change
from zdsync.sandbox.render import iso
from zdsync.sandbox.tables import list_table, whole
from zdsync.sandbox.world import World


def memberships_of(call: Call, table: str, key: str, ident: int, suffix: str = "") -> Reply:
    """The memberships of one group or user; `suffix` as in `list_table`."""
    return list_table(call, table, suffix, lambda row: bool(row[key] == ident))


def create_group(call: Call) -> Reply:
    given = call.body_of("group")
    call.warn(f"group.{key}" for key in given if key not in ("name", "description", "is_public", "default"))
    name = str(given.get("name") or "").strip()
    if not name:
        raise record_invalid({"name": [{"description": "Name: cannot be blank", "error": "BlankValue"}]})
    if any(row["name"].lower() == name.lower() and not row["deleted"] for row in _all(call, "groups")):
        raise invalid("name", f"Name: {name} has already been taken", "DuplicateValue")
    row = new_group(call.world, name, str(given.get("description") or ""), given.get("is_public", True))
    call.log("create", "groups", row)
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
    call.log("update", "groups", row)
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


def make_default(call: Call, ident: int, membership: int) -> Reply:
    """`PUT …/make_default`: assigning the agent alone brings this group along from now on."""
    chosen, table = call.row("group_memberships", membership), call.world.tables["group_memberships"]
    if chosen["user_id"] != ident:
        raise not_found()
    for row in table.values():
        if row["user_id"] == ident:
            row["default"] = row is chosen
    call.world.users[ident].default_group_id = chosen["group_id"]
    rows = [call.shown("group_memberships", row) for row in table.values() if row["user_id"] == ident]
    return whole("group_memberships", rows)


def delete_membership(call: Call, ident: int) -> Reply:
    """End a membership; a job then unassigns the agent's working tickets in the group."""
    row = call.row("group_memberships", ident)
    del call.world.tables["group_memberships"][ident]
    call.world.forget_caches()
    call.log("destroy", "group_memberships", row)
    call.jobs.add("Unassign Tickets", [partial(_unassign, call.world, row["user_id"], row["group_id"])])
    return Reply(None, 204)


def _unassign(world: World, user_id: int, group_id: int) -> Json:
    now = world.clock.now()
    for ticket in world.living_tickets():
        works = ticket.status not in ("solved", "closed")
        if works and (ticket.assignee_id, ticket.group_id) == (user_id, group_id):
            ticket.assignee_id = None
            events = (Change("assignee_id", user_id, None),)
            world.record(ticket, now, SYSTEM_USER_ID, "rule", events)
    return {"success": True}
