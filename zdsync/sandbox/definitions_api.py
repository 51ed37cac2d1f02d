"""The account's own vocabulary of conditions and actions, which clients ask for before they write rules."""

from __future__ import annotations

from collections.abc import Iterable

from zdsync.sandbox.answers import Json, Reply
from zdsync.sandbox.call import Call
from zdsync.sandbox.records import STATUSES, VIA_IDS
from zdsync.sandbox.views_api import COLUMNS

_TITLES = {
    "is": "Is",
    "is_not": "Is not",
    "less_than": "Less than",
    "greater_than": "Greater than",
    "includes": "Contains at least one of",
    "not_includes": "Contains none of",
    "changed": "Changed",
    "value": "Changed to",
    "value_previous": "Changed from",
    "not_changed": "Not changed",
    "not_value": "Not changed to",
    "not_value_previous": "Not changed from",
    "present": "Present",
    "not_present": "Not present",
}
#: Operators that take no value.
_TERMINAL = frozenset({"changed", "not_changed", "present", "not_present"})
_EQUAL = ("is", "is_not")
_ORDERED = (*_EQUAL, "less_than", "greater_than")
_STEPS = ("changed", "value", "value_previous", "not_changed", "not_value", "not_value_previous")
_HOURS = ("NEW", "OPEN", "PENDING", "HOLD", "SOLVED", "CLOSED", "assigned_at", "updated_at")

_Pairs = Iterable[tuple[str, str]]


def _operators(values: Iterable[str]) -> list[Json]:
    return [{"value": one, "title": _TITLES[one], "terminal": one in _TERMINAL} for one in values]


def _subject(subject: str, title: str, operators: Iterable[str], values: _Pairs | None) -> Json:
    row: Json = {
        "group": "ticket",
        "nullable": values is not None,
        "operators": _operators(operators),
        "repeatable": subject == "current_tags",
        "subject": subject,
        "title": title,
        "type": "text" if values is None else "list",
    }
    if values is not None:
        row["values"] = [{"enabled": True, "title": name, "value": value} for value, name in values]
    return row


def _words(*names: str) -> list[tuple[str, str]]:
    return [(name, name.title()) for name in names]


def _rows(call: Call, table: str, title: str) -> list[tuple[str, str]]:
    return [(str(row["id"]), row[title]) for row in call.world.tables[table].values()]


def _conditions(call: Call, steps: tuple[str, ...] = ()) -> list[Json]:
    """What every rule knows; `steps` are the operators on changes, which triggers have."""
    equal, ordered = _EQUAL + steps, _ORDERED + steps
    agents = [u for u in call.world.users.values() if u.is_agent and u.is_active]
    found = [
        _subject("status", "Status", ordered, _words(*STATUSES)),
        _subject("custom_status_id", "Ticket status", equal, _rows(call, "custom_statuses", "agent_label")),
        _subject("type", "Type", equal, _words("question", "incident", "problem", "task")),
        _subject("priority", "Priority", ordered, _words("low", "normal", "high", "urgent")),
        _subject("group_id", "Group", equal, _rows(call, "groups", "name")),
        _subject("assignee_id", "Assignee", equal, [(str(u.id), u.name) for u in agents]),
        _subject("requester_id", "Requester", equal, []),
        _subject("organization_id", "Organization", equal, []),
        _subject("brand_id", "Brand", equal, _rows(call, "brands", "name")),
        _subject("ticket_form_id", "Form", equal, _rows(call, "ticket_forms", "name")),
        _subject("via_id", "Channel", _EQUAL, [(str(ident), name) for name, ident in VIA_IDS.items()]),
        _subject("current_tags", "Tags", ("includes", "not_includes"), None),
    ]
    for field in call.world.custom_fields():
        subject = f"custom_fields_{field['id']}"
        if field["type"] == "tagger":
            options = [(one["value"], one["name"]) for one in field["custom_field_options"]]
            found.append(_subject(subject, field["title"], (*equal, "present", "not_present"), options))
        elif field["type"] == "checkbox":
            found.append(_subject(subject, field["title"], equal, _words("true", "false")))
        else:
            found.append(_subject(subject, field["title"], (*_EQUAL, "present", "not_present"), None))
    return found


def of_views(call: Call) -> Reply:
    """`GET /views/definitions` (developer.zendesk.com, Views)."""
    found = _conditions(call)
    columns = [{"group": "ticket", "title": t, "type": "text", "value": c} for c, (t, _) in COLUMNS.items()]
    sortable = [row for row in columns if COLUMNS[row["value"]][1]]
    shown = {"conditions_all": found, "conditions_any": found, "output": columns}
    return Reply({"definitions": shown | {"groupables": sortable, "sortables": sortable}})


def _actions(call: Call) -> list[Json]:
    named = {row["subject"]: row for row in _conditions(call)}
    found = [
        {key: row[key] for key in ("group", "nullable", "repeatable", "subject", "title", "type", "values")}
        for subject in ("status", "type", "priority", "group_id", "assignee_id", "brand_id", "ticket_form_id")
        if (row := named[subject])
    ]
    plain = {"group": "ticket", "nullable": False, "repeatable": True, "type": "text"}
    for subject, title in (
        ("set_tags", "Set tags"),
        ("current_tags", "Add tags"),
        ("remove_tags", "Remove tags"),
        ("notification_user", "User email"),
        ("notification_group", "Group email"),
        ("notification_webhook", "Notify active webhook"),
    ):
        found.append(plain | {"subject": subject, "title": title})
    return found


def of_triggers(call: Call) -> Reply:
    """`GET /triggers/definitions`."""
    found = _conditions(call, _STEPS)
    found += [
        _subject("update_type", "Ticket", _EQUAL[:1], [("Create", "Created"), ("Change", "Updated")]),
        _subject("comment_is_public", "Comment", _EQUAL[:1], [("true", "Public"), ("false", "Private")]),
        _subject("role", "Current user", _EQUAL, [("agent", "(agent)"), ("end_user", "(end-user)")]),
        _subject("comment_includes_word", "Comment text", ("includes", "not_includes"), None),
        _subject(
            "in_business_hours", "Within business hours?", _EQUAL[:1], [("true", "Yes"), ("false", "No")]
        ),
    ]
    actions = _actions(call)
    return Reply({"definitions": {"actions": actions, "conditions_all": found, "conditions_any": found}})


def of_automations(call: Call) -> Reply:
    """`GET /automations/definitions`."""
    times = [
        _subject(name, f"Hours since {name.lower()}", ("is", "less_than", "greater_than"), None)
        for name in _HOURS
    ]
    found, actions = _conditions(call) + times, _actions(call)
    shown = {"actions": actions, "conditions_all": found, "conditions_any": _conditions(call)}
    return Reply({"definitions": shown})


def of_macros(call: Call) -> Reply:
    """`GET /macros/definitions`."""
    return Reply({"definitions": {"actions": _actions(call)}})


def macro_actions(call: Call) -> Reply:
    """`GET /macros/actions`: the older shape of the same."""
    rows = [
        {
            "value": row["subject"],
            "title": row["title"],
            "title_for_field": row["title"],
            "type": row["type"],
            "output_key": None,
            "target": None,
            "group": row["group"],
            "operators": [{"value": "is", "title": "Is"}],
            "values": {"type": row["type"], "list": row.get("values", [])},
        }
        for row in _actions(call)
    ]
    return Reply({"actions": rows})


def of_slas(call: Call) -> Reply:
    """`GET /slas/policies/definitions`: other keys for the same things."""
    rows = [
        {
            "value": row["subject"],
            "title": row["title"],
            "group": row["group"],
            "target": None,
            "operators": [{"value": one["value"], "title": one["title"]} for one in row["operators"]],
            "values": {"type": row["type"], "list": row.get("values", [])},
        }
        for row in _conditions(call)
    ]
    return Reply({"definitions": {"all": rows, "any": rows}})


def of_queues(call: Call) -> Reply:
    """`GET /queues/definitions`."""
    found = _conditions(call)
    return Reply({"definitions": {"conditions_all": found, "conditions_any": found}})
