"""Create and update for the tables whose rows are plain: known keys in, the same keys out."""

from __future__ import annotations

from dataclasses import dataclass, field

from zdsync.sandbox.answers import Json, Reply, invalid, record_invalid
from zdsync.sandbox.call import Call
from zdsync.sandbox.render import iso
from zdsync.sandbox.tables import KINDS


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of a row that can be written, with the values a new row has without them."""

    defaults: Json
    required: tuple[str, ...] = ()
    fixed: Json = field(default_factory=dict)


SHAPES = {
    "targets": Shape(
        {"title": None, "type": None, "active": True, "target_url": None, "email": None, "subject": None},
        ("title", "type"),
    ),
    "recipient_addresses": Shape(
        {"name": None, "email": None, "default": False, "brand_id": None},
        ("email",),
        {
            "forwarding_status": "unknown",
            "spf_status": "unknown",
            "cname_status": "unknown",
            "domain_verification_status": "unknown",
            "domain_verification_code": None,
        },
    ),
    "sharing_agreements": Shape(
        {"name": None, "type": "outbound", "partner_name": None, "remote_subdomain": None},
        (),
        {"status": "pending"},
    ),
    "dynamic_content/items": Shape(
        {"name": None, "default_locale_id": 1, "variants": []},
        ("name",),
        {"placeholder": "", "outdated": False},
    ),
    "workspaces": Shape(
        {
            "title": None,
            "description": "",
            "activated": True,
            "position": 1,
            "conditions": {"all": [], "any": []},
            "macro_ids": [],
            "ticket_form_id": None,
            "apps": [],
            "layout_uuid": None,
        },
        ("title",),
    ),
    "deletion_schedules": Shape(
        {
            "title": None,
            "description": "",
            "object": "ticket",
            "active": False,
            "conditions": {"all": [], "any": []},
        },
        ("title", "conditions"),
        {"default": False},
    ),
    "organization_subscriptions": Shape(
        {"organization_id": None, "user_id": None}, ("organization_id", "user_id")
    ),
    "trigger_categories": Shape({"name": None, "position": 0}, ("name",)),
    "custom_roles": Shape(
        {"name": None, "description": "", "configuration": {}}, ("name",), {"role_type": 0}
    ),
    "brands": Shape(
        {
            "name": None,
            "subdomain": None,
            "active": True,
            "default": False,
            "host_mapping": None,
            "logo": None,
            "ticket_form_ids": [],
            "signature_template": "{{agent.signature}}",
        },
        ("name", "subdomain"),
        {"has_help_center": False, "help_center_state": "disabled", "is_deleted": False, "brand_url": ""},
    ),
    "ticket_forms": Shape(
        {
            "name": None,
            "display_name": None,
            "end_user_visible": True,
            "position": 0,
            "active": True,
            "default": False,
            "in_all_brands": True,
            "restricted_brand_ids": [],
            "ticket_field_ids": [],
            "agent_conditions": [],
            "end_user_conditions": [],
        },
        ("name",),
        {"form_type": "standard", "deleted_at": None},
    ),
    "slas/policies": Shape(
        {
            "title": None,
            "description": "",
            "position": 1,
            "filter": {"all": [], "any": []},
            "policy_metrics": [],
            "metric_settings": None,
        },
        ("title", "filter"),
    ),
}


def create(call: Call, table: str) -> Reply:
    """A new row; raises 422 when a required key is empty, and names keys it does not know."""
    given, shape = _given(call, table), SHAPES[table]
    for name in shape.required:
        if given.get(name) in (None, "", {}, []):
            raise record_invalid({name: [{"description": f"{name}: cannot be blank", "error": "BlankValue"}]})
    now = iso(call.world.clock.now())
    row: Json = {"id": call.world.new_id()} | shape.fixed | shape.defaults | given
    row |= {"created_at": now, "updated_at": now}
    _settle(table, row)
    call.world.add_row(table, row)
    call.log("create", table, row)
    return Reply({KINDS[table].singular: call.shown(table, row)}, 201)


def update(call: Call, table: str, ident: int) -> Reply:
    row, given = call.row(table, ident), _given(call, table)
    row |= given | {"updated_at": iso(call.world.clock.now())}
    _settle(table, row)
    call.world.forget_caches()
    call.log("update", table, row)
    return Reply({KINDS[table].singular: call.shown(table, row)})


def _given(call: Call, table: str) -> Json:
    singular = KINDS[table].singular
    body = call.body_of(singular)
    known = SHAPES[table].defaults
    call.warn(f"{singular}.{key}" for key in body if key not in known)
    return {key: value for key, value in body.items() if key in known}


def _settle(table: str, row: Json) -> None:
    """The keys that follow from others."""
    if table == "ticket_forms":
        row["display_name"] = row["display_name"] or row["name"]
        row |= {"raw_name": row["name"], "raw_display_name": row["display_name"]}
    elif table == "brands":
        row["brand_url"] = f"https://{row['subdomain']}.zendesk.com"
    elif table == "dynamic_content/items":
        row["placeholder"] = "{{dc." + str(row["name"]).lower().replace(" ", "_") + "}}"


def reorder(call: Call, table: str, name: str) -> Reply:
    """Give rows the order of a list of all their ids; raises 422 when one is missing."""
    given = [int(ident) for ident in call.json().get(name) or ()]
    rows = call.world.tables[table]
    if set(given) != rows.keys() or len(given) != len(rows):
        raise invalid(name, f"{name}: must name every row once")
    for position, ident in enumerate(given, 1):
        rows[ident]["position"] = position
    return Reply(None, 200)
