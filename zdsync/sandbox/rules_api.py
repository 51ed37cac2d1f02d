"""Handlers for triggers, automations and macros."""

from __future__ import annotations

from zdsync.sandbox.answers import Json, Reply, record_invalid
from zdsync.sandbox.call import Call
from zdsync.sandbox.render import iso
from zdsync.sandbox.tables import SINGULAR
from zdsync.sandbox.world import World


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
