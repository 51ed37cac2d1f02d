"""Handlers for triggers, automations and macros."""

from __future__ import annotations

from typing import Any

import orjson

from zdsync.sandbox import actions, conditions
from zdsync.sandbox.answers import ApiError, Json, Reply, forbidden, invalid, record_invalid, too_many_values
from zdsync.sandbox.call import Call
from zdsync.sandbox.compare import compare
from zdsync.sandbox.conditions import HOURS
from zdsync.sandbox.render import iso
from zdsync.sandbox.tables import KINDS
from zdsync.sandbox.tags import normalise
from zdsync.sandbox.world import World

#: Business rules must stay below this size.
MAX_BYTES = 65_000
MAX_ACTIVE_AUTOMATIONS = 500
#: One of these must stand among the `all` of an automation, beside a time (developer.zendesk.com).
REQUIRED = frozenset({"status", "type", "group_id", "assignee_id", "requester_id"})
_KEYS = ("title", "description", "active", "position", "actions", "conditions", "category_id")


def write_rule(call: Call, table: str, ident: int | None = None) -> Reply:
    """Create or update a trigger, automation or macro.

    A rule's conditions may stand under `conditions` or directly under the rule. An update that names
    conditions or actions replaces both arrays.
    """
    singular = KINDS[table].singular
    given = call.body_of(singular)
    call.warn(f"{singular}.{key}" for key in given if key not in (*_KEYS, "restriction", "all", "any"))
    kept = {key: given[key] for key in _KEYS if key in given}
    if "all" in given or "any" in given:
        kept["conditions"] = {"all": given.get("all") or [], "any": given.get("any") or []}
    row = None if ident is None else call.row(table, ident)
    if row is not None and ("conditions" in kept or "actions" in kept):
        kept.setdefault("actions", [])
        if table != "macros":
            kept.setdefault("conditions", {})
    wanted = (row or {}) | kept
    check_rule(call.world, table, wanted, ident)
    if row is None:
        row = new_rule(call.world, table, kept)
        call.log("create", table, row)
        return Reply({singular: call.shown(table, row)}, 201)
    row |= kept | {"updated_at": iso(call.world.clock.now())}
    if "conditions" in kept:
        row["conditions"] = _both(kept["conditions"])
    row["raw_title"] = row["title"]
    call.log("update", table, row)
    return Reply({singular: call.shown(table, row)})


def _both(given: Json) -> Json:
    return {"all": given.get("all") or [], "any": given.get("any") or []}


def _refuse(text: str, code: str = "InvalidValue") -> ApiError:
    return record_invalid({"base": [{"description": text, "error": code}]})


def check_size(row: Json) -> None:
    """Raise 422 for a business rule that is too large."""
    if len(orjson.dumps(row)) >= MAX_BYTES:
        raise _refuse("The business rule is larger than 65 KB", "TooLong")


def check_rule(world: World, table: str, row: Json, ident: int | None) -> None:
    """Raise the 422 of a rule that cannot be stored."""
    if not str(row.get("title") or "").strip() or not row.get("actions"):
        raise _refuse("A title and actions are required", "BlankValue")
    check_size(row)
    for action in row["actions"]:
        name = str(action.get("field") if isinstance(action, dict) else "")
        if name not in actions.KNOWN and not name.startswith(("custom_fields_", "ticket_fields_")):
            raise _refuse(f"Action: {name} is not recognized")
    if table == "macros":
        return
    both = _both(row.get("conditions") or {})
    for one in (*both["all"], *both["any"]):
        name = str(one.get("field") if isinstance(one, dict) else "")
        if not conditions.is_known(world, name):
            raise _refuse(f"Condition: {name} is not recognized")
        if table == "triggers" and name in HOURS:
            raise _refuse(f"Condition: {name} is for automations")
    if table == "triggers":
        category = row.get("category_id")
        if category and not str(category).isdigit():
            raise invalid("category_id", "Category: is invalid")
        if category and int(category) not in world.tables["trigger_categories"]:
            raise invalid("category_id", "Category: is invalid")
        return
    _check_automation(world, row, both, ident)


def _check_automation(world: World, row: Json, both: Json, ident: int | None) -> None:
    every = both["all"]
    if not any(one["field"] in HOURS for one in every):
        raise _refuse("An automation needs a condition on time among all")
    if not any(one["field"] in REQUIRED for one in every):
        raise _refuse("An automation needs status, type, group, assignee or requester among all")
    if not _ends_itself(every, row["actions"]):
        raise _refuse("An automation needs an action that nullifies a condition, or a condition true once")
    others = [other for other in world.tables["automations"].values() if other["id"] != ident]
    if any(other["conditions"] == both and other["actions"] == row["actions"] for other in others):
        raise _refuse("An automation with these conditions and actions exists", "DuplicateValue")
    active = sum(other["active"] for other in others)
    if row.get("active", True) and active >= MAX_ACTIVE_AUTOMATIONS:
        raise _refuse("There are 500 active automations already")


def _ends_itself(every: list[Json], done: list[Json]) -> bool:
    """Whether an hour is met once only, or an action makes a condition untrue."""
    if any(one["field"] in HOURS and str(one["operator"]).startswith("is") for one in every):
        return True
    return any(_nullifies(action, one) for action in done for one in every)


def _nullifies(action: Json, condition: Json) -> bool:
    field, operator, wanted = condition["field"], condition.get("operator", "is"), condition.get("value")
    name, value = action["field"], action.get("value")
    if field == "current_tags":
        named = frozenset(wanted if isinstance(wanted, list) else str(wanted or "").split())
        moved = frozenset(normalise(value)) if name in ("current_tags", "set_tags", "remove_tags") else None
        if moved is None:
            return False
        if operator == "not_includes":
            return name != "remove_tags" and bool(moved & named)
        return (name == "remove_tags" and named <= moved) or (name == "set_tags" and not named & moved)
    return name == field and not compare(field, operator, _plain(value), wanted)


def _plain(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


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
        row["conditions"] = _both(given.get("conditions") or {})
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


_MANY_KEYS = ("position", "active", "category_id")


def update_many(call: Call, table: str) -> Reply:
    """`PUT /{table}/update_many`: position, active and category of up to 100 rules."""
    given = call.json().get(table) or []
    if len(given) > 100:
        raise too_many_values()
    rows = [call.row(table, int(item["id"])) for item in given]
    for row, item in zip(rows, given, strict=True):
        call.warn(f"{table}.{key}" for key in item if key not in (*_MANY_KEYS, "id"))
        row |= {key: item[key] for key in _MANY_KEYS if key in item}
        row["updated_at"] = iso(call.world.clock.now())
    return Reply({table: [call.shown(table, row) for row in rows]})


def reorder_triggers(call: Call) -> Reply:
    """`PUT /triggers/reorder`: every id once; refused where there is more than one category."""
    idents = [int(ident) for ident in call.json().get("trigger_ids") or ()]
    triggers = call.world.tables["triggers"]
    if len({row["category_id"] for row in triggers.values()}) > 1:
        text = "Triggers of more than one category cannot be reordered at once"
        raise ApiError(400, {"error": "LimitOneCategory", "description": text})
    if set(idents) != triggers.keys() or len(idents) != len(triggers):
        raise invalid("trigger_ids", "Trigger ids: must name every trigger once")
    for position, ident in enumerate(idents, 1):
        triggers[ident]["position"] = position
    return Reply({"triggers": [call.shown("triggers", triggers[ident]) for ident in idents]})


def list_group_slas(call: Call) -> Reply:  # noqa: ARG001 - every handler takes the call
    """Group SLAs are not part of this account's plan."""
    raise forbidden("Your plan does not include group SLAs.")


def delete_category(call: Call, ident: int) -> Reply:
    """A trigger category goes only when no trigger is in it."""
    call.row("trigger_categories", ident)
    if any(row["category_id"] == str(ident) for row in call.world.tables["triggers"].values()):
        raise _refuse("Category: has triggers")
    del call.world.tables["trigger_categories"][ident]
    return Reply(None, 204)
