"""The seeded account's lesser configuration: what most clients only list.

Made last and with ids of its own, so that it moves no id and no number of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from zdsync.sandbox.answers import Json
from zdsync.sandbox.idents import ulid, uuid_of
from zdsync.sandbox.records import Ticket
from zdsync.sandbox.render import iso
from zdsync.sandbox.seed.account import Account
from zdsync.sandbox.webhooks import CONDITIONAL
from zdsync.sandbox.world import World

_FIRST_ID = 5_130_830_344_474
_LOCALES = (
    (1, "en-US", "English"),
    (1176, "en-GB", "English (UK)"),
    (8, "de", "Deutsch"),
    (16, "fr", "Français"),
)


def seed_extras(world: World, account: Account, tickets: list[Ticket], started: int) -> None:
    """Fill the tables that the account's history does not need."""
    ids, at = count(_FIRST_ID, 128), iso(started)
    for ident, code, name in _LOCALES:
        world.add_row(
            "locales", {"id": ident, "locale": code, "name": name, "created_at": at, "updated_at": at}
        )
    for table, given in _rows(world, account):
        world.add_row(table, {"id": next(ids)} | given | {"created_at": at, "updated_at": at})
    _suspended(world, account, ids, at)
    _routing(world, account, tickets, ids, started)
    _webhook(world, account, next(ids), started)
    _logged(world, account, ids, at)


def _rows(world: World, account: Account) -> Iterator[tuple[str, Json]]:
    admin = account.admin
    for name, description, kind in (
        ("Admin", "Can manage all settings, except billing", 4),
        ("Staff", "Can edit tickets within their groups", 2),
        ("Light agent", "Can add private comments only", 1),
    ):
        rights = {"light_agent": kind == 1, "ticket_access": "all", "ticket_deletion": kind == 4}
        yield (
            "custom_roles",
            {
                "name": name,
                "description": description,
                "role_type": kind,
                "team_member_count": 0,
                "configuration": rights,
            },
        )
    for number, brand in enumerate(account.brands):
        states = dict.fromkeys(
            ("forwarding_status", "spf_status", "cname_status", "domain_verification_status"), "verified"
        )
        address = f"support@example{'-garden' * number}.zendesk.com"
        yield (
            "recipient_addresses",
            {"name": "Support", "email": address, "brand_id": brand, "default": number == 0}
            | states
            | {"domain_verification_code": None},
        )
    yield (
        "targets",
        {
            "title": "On-call mailbox",
            "type": "email_target",
            "active": True,
            "email": "oncall@example.com",
            "subject": "{{ticket.title}}",
            "target_url": None,
        },
    )
    yield (
        "sharing_agreements",
        {"name": "Partner", "type": "outbound", "partner_name": None, "status": "accepted"},
    )
    for name in ("Greeting", "Closing words"):
        placeholder = "{{dc." + name.lower().replace(" ", "_") + "}}"
        yield (
            "dynamic_content/items",
            {
                "name": name,
                "placeholder": placeholder,
                "default_locale_id": 1,
                "outdated": False,
                "variants": [],
            },
        )
    yield (
        "workspaces",
        {
            "title": "Bugs",
            "description": "What a bug needs",
            "activated": True,
            "position": 1,
            "conditions": {"all": [{"field": "type", "operator": "is", "value": "problem"}], "any": []},
            "macro_ids": [],
            "ticket_form_id": account.forms["Bug report"],
            "apps": [],
            "layout_uuid": None,
        },
    )
    yield (
        "deletion_schedules",
        {
            "title": "Ten years",
            "description": "",
            "object": "ticket",
            "active": False,
            "default": False,
            "conditions": {
                "all": [{"field": "duration_since_last_update", "operator": "greater_than", "value": "P10Y"}],
                "any": [],
            },
        },
    )
    for brand in account.brands:
        yield "brand_agents", {"brand_id": brand, "user_id": admin}
    organization = next(iter(world.organizations), None)
    if organization is not None:
        yield "organization_subscriptions", {"organization_id": organization, "user_id": admin}
    agent = account.agents["Frontline"][0].id
    for ticket in list(world.living_tickets())[:3]:
        yield "skips", {"ticket_id": ticket.id, "user_id": agent, "reason": "Another team's work"}


def _suspended(world: World, account: Account, ids: Iterator[int], at: str) -> None:
    """Mail that was not let in."""
    for number, cause in enumerate(("Detected as spam", "Automated response mail")):
        address = f"robot{number}@bulk.example"
        sender = {"address": address, "name": "Robot"}
        source = {"from": sender, "to": {"address": "support@example.zendesk.com", "name": "Support"}}
        world.add_row(
            "suspended_tickets",
            {
                "id": next(ids),
                "author": {"id": None, "name": "Robot", "email": address},
                "subject": "Out of office",
                "content": "I am away.",
                "cause": cause,
                "cause_id": number,
                "message_id": f"<{number}@bulk.example>",
                "ticket_id": None,
                "recipient": "support@example.zendesk.com",
                "brand_id": account.brands[0],
                "attachments": [],
                "error_messages": None,
                "via": {"channel": "email", "source": {**source, "rel": None}},
                "created_at": at,
                "updated_at": at,
            },
        )


def _routing(world: World, account: Account, tickets: list[Ticket], ids: Iterator[int], started: int) -> None:
    """Two queues, and a skill that some agents have and some tickets ask for."""
    at = iso(started)
    for order, (name, group) in enumerate((("Urgent", "Specialists"), ("Everything else", "Frontline")), 1):
        wanted = [{"field": "priority", "operator": "is", "value": "urgent"}] if order == 1 else []
        ident = ulid(next(ids), started)
        world.named["queues"][ident] = {
            "id": ident,
            "name": name,
            "description": "",
            "definition": {"all": wanted, "any": []},
            "priority": order,
            "order": order,
            "primary_groups_id": [account.groups[group]],
            "secondary_groups_id": [],
            "created_at": at,
            "updated_at": at,
        }
    language = uuid_of(next(ids))
    stamps = {"created_at": at, "updated_at": at}
    world.named["routing/attributes"][language] = {"id": language, "name": "Language", **stamps}
    world.note_skill("attributes", started, {"id": language, "name": "Language", "type": "create"})
    for name in ("German", "French"):
        value = uuid_of(next(ids))
        row = {"id": value, "attribute_id": language, "name": name}
        world.named["routing/values"][value] = row | stamps
        world.note_skill("attribute_values", started, row | {"type": "create"})
        speakers = account.agents["Frontline"][:: 2 if name == "German" else 3]
        owners = [("agent", agent.id) for agent in speakers]
        owners += [("ticket", ticket.id) for ticket in tickets[-4:]] if name == "French" else []
        for kind, ident_of in owners:
            world.skills.setdefault((kind, ident_of), []).append(value)
            step = {"id": uuid_of(next(ids)), "attribute_value_id": value, "instance_id": str(ident_of)}
            world.note_skill("instance_values", started, step | {"type": f"associate_{kind}"})


def _webhook(world: World, account: Account, number: int, started: int) -> None:
    ident = ulid(number, started)
    world.named["webhooks"][ident] = {
        "id": ident,
        "name": "Chat room",
        "description": "Told of urgent tickets",
        "status": "inactive",
        "endpoint": "https://hooks.example.com/room",
        "http_method": "POST",
        "request_format": "json",
        "subscriptions": [CONDITIONAL],
        "created_at": iso(started),
        "created_by": str(account.admin),
        "_resets": 0,
    }


def _logged(world: World, account: Account, ids: Iterator[int], at: str) -> None:
    """How the schedules came to be, for those who read the past from the audit log."""
    for schedule in world.tables["business_hours/schedules"].values():
        world.add_row(
            "audit_logs",
            {
                "id": next(ids),
                "action": "create",
                "actor_id": account.admin,
                "actor_name": world.users[account.admin].name,
                "source_id": schedule["id"],
                "source_type": "schedule",
                "source_label": schedule["name"],
                "change_description": "",
                "ip_address": "203.0.113.10",
                "created_at": at,
            },
        )
