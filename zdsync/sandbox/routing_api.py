"""Handlers for routing: omnichannel queues, and skills of tickets and agents.

Source: developer.zendesk.com, "Omnichannel Routing Queues" and "Skill Based Routing".
"""

from __future__ import annotations

from zdsync.sandbox.answers import Json, Reply, bad_request, invalid, not_found, record_invalid
from zdsync.sandbox.call import Call
from zdsync.sandbox.idents import ulid, uuid_of
from zdsync.sandbox.render import iso
from zdsync.sandbox.tables import whole

_EXPORT_PAGE = 1000


def _named(call: Call, table: str, ident: str) -> Json:
    row = call.world.named[table].get(ident)
    if row is None:
        raise not_found()
    return row


def _queue_row(call: Call, row: Json) -> Json:
    groups = call.world.tables["groups"]

    def shown(idents: list[int]) -> Json:
        found = [{"id": ident, "name": groups[ident]["name"]} for ident in idents if ident in groups]
        return {"count": len(found), "groups": found}

    kept = {key: value for key, value in row.items() if not key.endswith("groups_id")}
    kept["primary_groups"] = shown(row["primary_groups_id"])
    kept["secondary_groups"] = shown(row["secondary_groups_id"])
    return {"url": f"{call.base}/api/v2/queues/{row['id']}", **kept}


def list_queues(call: Call) -> Reply:
    rows = sorted(call.world.named["queues"].values(), key=lambda row: row["order"])
    return Reply({"queues": [_queue_row(call, row) for row in rows]})


def show_queue(call: Call, ident: str) -> Reply:
    return Reply({"queue": _queue_row(call, _named(call, "queues", ident))})


_QUEUE_KEYS = ("name", "description", "priority", "definition", "primary_groups_id", "secondary_groups_id")


def save_queue(call: Call, ident: str | None = None) -> Reply:
    """Create or change a queue; raises 422 without a name, a definition or a primary group."""
    given, now = call.body_of("queue"), iso(call.world.clock.now())
    call.warn(f"queue.{key}" for key in given if key not in _QUEUE_KEYS)
    if ident is None:
        row: Json = {
            "id": ulid(call.world.new_id(), call.world.clock.now()),
            "description": "",
            "priority": 1,
        }
        row |= {"order": len(call.world.named["queues"]) + 1, "secondary_groups_id": [], "created_at": now}
    else:
        row = dict(_named(call, "queues", ident))
    row |= {key: given[key] for key in _QUEUE_KEYS if key in given} | {"updated_at": now}
    for name in ("name", "definition", "primary_groups_id"):
        if not row.get(name):
            raise record_invalid({name: [{"description": f"{name}: cannot be blank", "error": "BlankValue"}]})
    call.world.named["queues"][row["id"]] = row
    return Reply({"queue": _queue_row(call, row)}, 201 if ident is None else 200)


def delete_queue(call: Call, ident: str) -> Reply:
    del call.world.named["queues"][_named(call, "queues", ident)["id"]]
    return Reply(None, 204)


def order_queues(call: Call) -> Reply:
    """`PATCH /queues/order`: every id, or 400."""
    idents, queues = call.json().get("queue_ids") or [], call.world.named["queues"]
    if set(idents) != queues.keys() or len(idents) != len(queues):
        raise bad_request("queue_ids must name every queue once")
    for position, ident in enumerate(idents, 1):
        queues[ident]["order"] = position
    return Reply(None, 204)


def _skill_row(call: Call, table: str, row: Json) -> Json:
    if table == "routing/attributes":
        address = f"routing/attributes/{row['id']}"
    else:
        address = f"routing/attributes/{row['attribute_id']}/values/{row['id']}"
    return {"url": f"{call.base}/api/v2/{address}.json", **row}


def _note(call: Call, table: str, kind: str, row: Json) -> None:
    """A line of the incremental skill exports."""
    call.world.note_skill(table, call.world.clock.now(), row | {"type": kind})


def list_attributes(call: Call) -> Reply:
    rows = [
        _skill_row(call, "routing/attributes", row) for row in call.world.named["routing/attributes"].values()
    ]
    return whole("attributes", rows)


def show_attribute(call: Call, ident: str) -> Reply:
    return Reply(
        {"attribute": _skill_row(call, "routing/attributes", _named(call, "routing/attributes", ident))}
    )


def save_attribute(call: Call, ident: str | None = None) -> Reply:
    name = str(call.body_of("attribute").get("name") or "")
    if not name:
        raise invalid("name", "Name: cannot be blank", "BlankValue")
    now = iso(call.world.clock.now())
    if ident is None:
        row: Json = {"id": uuid_of(call.world.new_id()), "created_at": now}
    else:
        row = _named(call, "routing/attributes", ident)
    row |= {"name": name, "updated_at": now}
    call.world.named["routing/attributes"][row["id"]] = row
    _note(call, "attributes", "create" if ident is None else "update", {"id": row["id"], "name": name})
    shown = _skill_row(call, "routing/attributes", row)
    return Reply({"attribute": shown}, 201 if ident is None else 200)


def delete_attribute(call: Call, ident: str) -> Reply:
    row = call.world.named["routing/attributes"].pop(_named(call, "routing/attributes", ident)["id"])
    for value in [one for one in call.world.named["routing/values"].values() if one["attribute_id"] == ident]:
        _drop_value(call, value)
    _note(call, "attributes", "delete", {"id": row["id"], "name": row["name"]})
    return Reply(None, 204)


def list_values(call: Call, ident: str) -> Reply:
    _named(call, "routing/attributes", ident)
    rows = [row for row in call.world.named["routing/values"].values() if row["attribute_id"] == ident]
    return whole("attribute_values", [_skill_row(call, "routing/values", row) for row in rows])


def _value(call: Call, ident: str, value: str) -> Json:
    row = _named(call, "routing/values", value)
    if row["attribute_id"] != ident:
        raise not_found()
    return row


def show_value(call: Call, ident: str, value: str) -> Reply:
    return Reply({"attribute_value": _skill_row(call, "routing/values", _value(call, ident, value))})


def save_value(call: Call, ident: str, value: str | None = None) -> Reply:
    """Create a skill, or PATCH its name and conditions."""
    given, now = call.body_of("attribute_value"), iso(call.world.clock.now())
    _named(call, "routing/attributes", ident)
    if value is None:
        row: Json = {"id": uuid_of(call.world.new_id()), "attribute_id": ident, "created_at": now}
    else:
        row = _value(call, ident, value)
    row |= {key: given[key] for key in ("name", "conditions") if key in given} | {"updated_at": now}
    if not row.get("name"):
        raise invalid("name", "Name: cannot be blank", "BlankValue")
    call.world.named["routing/values"][row["id"]] = row
    noted = {"id": row["id"], "attribute_id": ident, "name": row["name"]}
    _note(call, "attribute_values", "create" if value is None else "update", noted)
    shown = _skill_row(call, "routing/values", row)
    return Reply({"attribute_value": shown}, 201 if value is None else 200)


def _drop_value(call: Call, row: Json) -> None:
    del call.world.named["routing/values"][row["id"]]
    noted = {"id": row["id"], "attribute_id": row["attribute_id"], "name": row["name"]}
    _note(call, "attribute_values", "delete", noted)
    for owner, values in call.world.skills.items():
        call.world.skills[owner] = [ident for ident in values if ident != row["id"]]


def delete_value(call: Call, ident: str, value: str) -> Reply:
    _drop_value(call, _value(call, ident, value))
    return Reply(None, 204)


def _owner(call: Call, kind: str, ident: int) -> tuple[str, int]:
    if kind == "ticket":
        call.ticket(ident)
    elif ident not in call.world.users or not call.world.users[ident].is_agent:
        raise not_found()
    return kind, ident


def instance_values(call: Call, ident: int, kind: str) -> Reply:
    """The skills of a ticket or an agent; POST replaces them all."""
    owner, values = _owner(call, kind, ident), call.world.named["routing/values"]
    if call.request.method == "POST":
        given = call.json().get("attribute_value_ids") or []
        if any(value not in values for value in given):
            raise invalid("attribute_value_ids", "Attribute value ids: are invalid")
        before = call.world.skills.get(owner, [])
        for kind_of_step, moved in (("unassociate", before), ("associate", given)):
            for value in set(moved) ^ (set(before) & set(given)):
                noted = {"id": uuid_of(call.world.new_id()), "attribute_value_id": value}
                _note(call, "instance_values", f"{kind_of_step}_{kind}", noted | {"instance_id": str(ident)})
        call.world.skills[owner] = list(dict.fromkeys(given))
    rows = [values[value] for value in call.world.skills.get(owner, ())]
    return Reply({"attribute_values": [_skill_row(call, "routing/values", row) for row in rows]})


def definitions(call: Call) -> Reply:  # noqa: ARG001 - every handler takes the call
    rows = [{"subject": "brand_id", "title": "Brand"}, {"subject": "group_id", "title": "Group"}]
    return Reply({"definitions": {"conditions_all": rows, "conditions_any": rows}})


def export(call: Call, table: str) -> Reply:
    """`/incremental/routing/{table}`: its own cursor; the end is a page with count 0."""
    log = call.world.skill_log
    cursor = call.arg("cursor")
    after = -1
    if cursor:
        after = next((i for i in range(-1, len(log)) if uuid_of(i) == cursor), -2)
        if after == -2:
            raise bad_request("The cursor is not valid")
    found = [i for i in range(after + 1, len(log)) if log[i]["table"] == table][:_EXPORT_PAGE]
    last = found[-1] if found else after
    end = log[last]["at"] if last >= 0 else call.world.clock.now()
    address = call.url(f"{call.path}.json", cursor=uuid_of(last))
    rows = [log[i]["row"] | {"time": iso(log[i]["at"])} for i in found]
    return Reply({table: rows, "count": len(rows), "end_time": end, "next_page": address})
