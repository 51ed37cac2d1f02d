"""The seeded account's configuration: groups, agents, fields, forms, brands, rules, schedules."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from zdsync.sandbox import account_api, auth, fields_api, groups_api, rules_api, views_api
from zdsync.sandbox.answers import Json
from zdsync.sandbox.records import User
from zdsync.sandbox.render import iso
from zdsync.sandbox.seed.texts import texts
from zdsync.sandbox.world import World

GROUPS = {
    "Frontline": ("First answers, most tickets", 18),
    "Help bot": ("Answers a bot or an article can give", 0),
    "Specialists": ("Billing, contracts, hard questions", 12),
    "Engineering": ("Bugs and outages", 9),
    "Marketing": ("Press, events and newsletters", 4),
}


@dataclass(slots=True)
class Account:
    """Ids that the history needs."""

    groups: dict[str, int] = field(default_factory=dict)
    agents: dict[str, list[User]] = field(default_factory=dict)
    fields: dict[str, int] = field(default_factory=dict)
    forms: dict[str, int] = field(default_factory=dict)
    brands: list[int] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    bot: int = 0
    admin: int = 0


def seed_account(world: World, random: Random, started: int) -> Account:
    """Fill a world's configuration as it stood at `started`."""
    account = Account()
    _statuses(world, account)
    _fields(world, account)
    _forms_and_brands(world, account)
    _groups(world, account)
    _agents(world, account, random, started)
    _rules(world, account)
    _schedules(world)
    for table in world.tables.values():
        for row in table.values():
            row["created_at"] = row["updated_at"] = iso(started)
    world.forget_caches()
    return account


def _statuses(world: World, account: Account) -> None:
    for category, label, end_user in (
        ("new", "New", "Open"),
        ("open", "Open", "Open"),
        ("pending", "Pending", "Awaiting your reply"),
        ("hold", "On-hold", "Open"),
        ("solved", "Solved", "Solved"),
    ):
        row = account_api.new_status(world, category, label, end_user, default=True)
        account.statuses[category] = row["id"]
    extra = account_api.new_status(world, "hold", "Waiting for vendor", "In progress", default=False)
    account.statuses["vendor"] = extra["id"]


def _options(*names: str) -> list[Json]:
    return [{"name": name, "value": name.lower().replace(" ", "_")} for name in names]


def _fields(world: World, account: Account) -> None:
    system = (
        ("Subject", "subject"),
        ("Description", "description"),
        ("Ticket status", "status"),
        ("Type", "tickettype"),
        ("Priority", "priority"),
        ("Group", "group"),
        ("Assignee", "assignee"),
        ("Ticket status", "custom_status"),
    )
    for position, (title, kind) in enumerate(system):
        given: Json = {"title": title, "type": kind, "position": position, "removable": False}
        if kind == "status":
            given["sub_type_id"] = 1
        fields_api.new_field(world, "ticket_fields", given)
    areas = _options("Billing", "Technical", "Shipping", "Account access", "Product", "Legal")
    versions = r"\d+\.\d+(\.\d+)?"
    custom: tuple[Json, ...] = (
        {"key": "area", "title": "Area", "type": "tagger", "custom_field_options": areas},
        {"key": "steps_to_reproduce", "title": "Steps to reproduce", "type": "textarea"},
        {"key": "error_message", "title": "Error message", "type": "text"},
        {"key": "app_version", "title": "App version", "type": "regexp", "regexp_for_validation": versions},
        {"key": "order_id", "title": "Order ID", "type": "text"},
        {"key": "callback", "title": "Callback wanted", "type": "checkbox", "tag": "callback_wanted"},
        {
            "key": "platforms",
            "title": "Platforms",
            "type": "multiselect",
            "custom_field_options": _options("Windows", "macOS", "Android", "iOS", "Web browser"),
        },
        {"key": "needed_by", "title": "Needed by", "type": "date"},
        {"key": "seats", "title": "Seats affected", "type": "integer"},
        {"key": "amount", "title": "Amount in dispute", "type": "decimal"},
        {"key": "delivery_state", "title": "Status", "type": "text"},
        {"key": "reference", "title": "Reference", "type": "text"},
        {"key": "reference_2", "title": "Reference", "type": "text"},
    )
    for position, given in enumerate(custom, len(system)):
        row = fields_api.new_field(world, "ticket_fields", given | {"position": position})
        account.fields[given["key"]] = row["id"]
    plans = _options("Free", "Starter", "Pro", "Enterprise")
    for given in (
        {"key": "plan", "title": "Plan", "type": "dropdown", "custom_field_options": plans},
        {"key": "mrr", "title": "Monthly revenue", "type": "integer"},
        {"key": "renewal", "title": "Renewal date", "type": "date"},
    ):
        fields_api.new_field(world, "organization_fields", given)
    for given in (
        {"key": "job_title", "title": "Job title", "type": "text"},
        {"key": "opted_out", "title": "Opted out of surveys", "type": "checkbox"},
    ):
        fields_api.new_field(world, "user_fields", given)


def _forms_and_brands(world: World, account: Account) -> None:
    everything = list(world.tables["ticket_fields"])
    for position, name in enumerate(("Default Ticket Form", "Bug report")):
        row = world.add_row(
            "ticket_forms",
            {
                "id": world.new_id(),
                "name": name,
                "raw_name": name,
                "display_name": name,
                "raw_display_name": name,
                "form_type": "standard",
                "end_user_visible": True,
                "position": position,
                "active": True,
                "default": position == 0,
                "in_all_brands": True,
                "restricted_brand_ids": [],
                "ticket_field_ids": everything,
                "agent_conditions": [],
                "end_user_conditions": [],
                "deleted_at": None,
                "created_at": None,
                "updated_at": None,
            },
        )
        account.forms[name] = row["id"]
    for position, (name, subdomain) in enumerate((("Acme", "example"), ("Acme Garden", "example-garden"))):
        row = world.add_row(
            "brands",
            {
                "id": world.new_id(),
                "name": name,
                "brand_url": f"https://{subdomain}.zendesk.com",
                "subdomain": subdomain,
                "host_mapping": None,
                "has_help_center": True,
                "help_center_state": "enabled",
                "active": True,
                "default": position == 0,
                "is_deleted": False,
                "logo": None,
                "ticket_form_ids": list(account.forms.values()),
                "signature_template": "{{agent.signature}}",
                "created_at": None,
                "updated_at": None,
            },
        )
        account.brands.append(row["id"])


def _groups(world: World, account: Account) -> None:
    for name, (description, _) in GROUPS.items():
        row = groups_api.new_group(world, name, description)
        row["default"] = name == "Frontline"
        account.groups[name] = row["id"]
        account.agents[name] = []


def _agent(world: World, name: str, email: str, started: int, role: str = "agent") -> User:
    return world.add_user(User(world.new_id(), name, email, role, started, started, last_login=started))


def _join(world: World, account: Account, user: User, group: str, *, default: bool) -> None:
    groups_api.add_membership(world, user.id, account.groups[group], default=default)
    account.agents[group].append(user)


def _agents(world: World, account: Account, random: Random, started: int) -> None:
    admin = _agent(world, "Robin Admin", auth.ADMIN_EMAIL, started, "admin")
    account.admin = admin.id
    groups_api.add_membership(world, admin.id, account.groups["Frontline"], default=True)
    plain = _agent(world, "Sam Agent", auth.AGENT_EMAIL, started)
    _join(world, account, plain, "Frontline", default=True)
    light = _agent(world, "Lou Light", auth.LIGHT_AGENT_EMAIL, started)
    light.is_light = True
    groups_api.add_membership(world, light.id, account.groups["Frontline"], default=True)
    bot = _agent(world, "Help bot", "bot@example.com", started)
    bot.tags = ("bot",)
    account.bot = bot.id
    _join(world, account, bot, "Help bot", default=True)
    names = texts()
    for group, (_, count) in GROUPS.items():
        for number in range(count):
            name = f"{random.choice(names['first_names'])} {random.choice(names['last_names'])}"
            email = f"{group.lower().replace(' ', '')}{number + 1}@example.com"
            _join(world, account, _agent(world, name, email, started), group, default=True)
    for user in account.agents["Specialists"][:3]:
        _join(world, account, user, "Frontline", default=False)
    for user in account.agents["Engineering"][:2]:
        _join(world, account, user, "Specialists", default=False)
    gone = account.agents["Specialists"][-1]
    account.agents["Specialists"].remove(gone)
    gone.is_suspended = True


def _rules(world: World, account: Account) -> None:
    category = world.add_row(
        "trigger_categories", {"id": world.new_id(), "name": "Initial category", "position": 0}
    )
    area, frontline = account.fields["area"], str(account.groups["Frontline"])
    created: Json = {"field": "update_type", "operator": "is", "value": "Create"}
    notify = ["requester_and_ccs", "[Received] {{ticket.title}}", "Your request has been received."]
    triggers: tuple[Json, ...] = (
        {
            "title": "Notify requester of received request",
            "conditions": {"all": [created, {"field": "role", "operator": "is", "value": "end_user"}]},
            "actions": [{"field": "notification_user", "value": notify}],
        },
        {
            "title": "Phone calls to Frontline",
            "conditions": {"all": [created, {"field": "via_id", "operator": "is", "value": "34"}]},
            "actions": [{"field": "group_id", "value": frontline}],
        },
        {
            "title": "Web form to Frontline",
            "conditions": {"all": [created, {"field": "via_id", "operator": "is", "value": "0"}]},
            "actions": [{"field": "group_id", "value": frontline}],
        },
        {
            "title": "Shipping questions are low priority",
            "conditions": {
                "all": [created, {"field": f"custom_fields_{area}", "operator": "is", "value": "shipping"}]
            },
            "actions": [{"field": "priority", "value": "low"}],
        },
    )
    for position, given in enumerate(triggers):
        row = rules_api.new_rule(
            world, "triggers", given | {"position": position, "category_id": str(category["id"])}
        )
        account.rules[given["title"]] = row["id"]
    solved = [
        {"field": "status", "operator": "is", "value": "solved"},
        {"field": "SOLVED", "operator": "greater_than", "value": "672"},
    ]
    closing = rules_api.new_rule(
        world,
        "automations",
        {
            "title": "Close ticket 28 days after status is set to solved",
            "conditions": {"all": solved, "any": []},
            "actions": [{"field": "status", "value": "closed"}],
        },
    )
    account.rules["close"] = closing["id"]
    for title, text in (
        ("Ask for bug details", "Please send the steps, the exact message and the version."),
        ("Customer not responding", "We have not heard back from you and will close this request."),
    ):
        actions = [{"field": "status", "value": "pending"}, {"field": "comment_value", "value": text}]
        rules_api.new_rule(world, "macros", {"title": title, "actions": actions})
    unsolved = {"field": "status", "operator": "less_than", "value": "solved"}
    for title, extra in (
        ("Your unsolved tickets", [{"field": "assignee_id", "operator": "is", "value": "current_user"}]),
        ("Unassigned tickets", [{"field": "assignee_id", "operator": "is", "value": ""}]),
        ("All unsolved tickets", []),
    ):
        views_api.new_view(world, {"title": title, "all": [unsolved, *extra]})
    _targets(world)


def _targets(world: World) -> None:
    metrics = [
        {
            "priority": priority,
            "metric": metric,
            "target": minutes,
            "target_in_seconds": minutes * 60,
            "business_hours": True,
        }
        for priority, first, wait in (
            ("urgent", 60, 60),
            ("high", 120, 510),
            ("normal", 480, 1530),
            ("low", 960, 2550),
        )
        for metric, minutes in (("first_reply_time", first), ("requester_wait_time", wait))
    ]
    world.add_row(
        "slas/policies",
        {
            "id": world.new_id(),
            "title": "Standard",
            "description": "Targets for everyone",
            "position": 1,
            "filter": {"all": [{"field": "via_id", "operator": "is_not", "value": 29}], "any": []},
            "policy_metrics": metrics,
            "metric_settings": None,
            "created_at": None,
            "updated_at": None,
        },
    )
    for reason in ("No reason provided", "The issue took too long to resolve", "The issue was not resolved"):
        world.add_row(
            "satisfaction_reasons",
            {"id": world.new_id(), "value": reason, "raw_value": reason, "reason_code": 0},
        )


def _schedules(world: World) -> None:
    def add(name: str, zone: str, start: int, end: int, days: range) -> Json:
        intervals = [{"start_time": day * 1440 + start, "end_time": day * 1440 + end} for day in days]
        return world.add_row(
            "business_hours/schedules",
            {"id": world.new_id(), "name": name, "time_zone": zone, "intervals": intervals}
            | {"created_at": None, "updated_at": None},
        )

    uk = add("UK office", "London", 540, 1050, range(1, 6))
    add("US weekdays", "Eastern Time (US & Canada)", 540, 1020, range(1, 6))
    world.holidays[uk["id"]] = [
        {"id": world.new_id(), "name": name, "start_date": day, "end_date": day}
        for name, day in (
            ("Christmas Day", "2026-12-25"),
            ("Boxing Day (substitute)", "2026-12-28"),
            ("New Year's Day", "2027-01-01"),
        )
    ]
