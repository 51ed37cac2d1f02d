"""Zendesk's conditions, judged for triggers, automations, views and SLA policies on the sandbox's own tickets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from zdsync.sandbox import hours
from zdsync.sandbox.answers import Json
from zdsync.sandbox.compare import ORDERS, compare, text_of, within_days
from zdsync.sandbox.metrics import tally
from zdsync.sandbox.records import VIA_IDS, Change, Comment, Ticket
from zdsync.sandbox.render import LOCALE_IDS, iso
from zdsync.sandbox.world import World, incidents_of

_TYPE_IDS = {"question": "1", "incident": "2", "problem": "3", "task": "4"}
_NAMES = (
    "subject",
    "status",
    "priority",
    "type",
    "group_id",
    "assignee_id",
    "requester_id",
    "organization_id",
    "brand_id",
    "ticket_form_id",
    "custom_status_id",
    "due_at",
    "recipient",
)
_values = attrgetter(*_NAMES)


def _no_age(name: str, in_business: bool) -> int | None:  # noqa: ARG001 - the signature of Asked.age
    return None


@dataclass(slots=True)
class Asked:
    """What conditions are judged on.

    `steps` to `channel` are only known while an update is made. `actor_id` is who looks at a view,
    or who makes the update. `age` gives the whole hours that automations count; without it no
    condition of hours is met.
    """

    world: World
    ticket: Ticket
    values: dict[str, Any]
    tags: tuple[str, ...]
    fields: dict[int, Any]
    steps: tuple[Change, ...] = ()
    comment: Comment | None = None
    is_create: bool = False
    actor_id: int | None = None
    channel: str | None = None
    age: Callable[[str, bool], int | None] = _no_age

    @classmethod
    def now(cls, world: World, ticket: Ticket, actor_id: int | None = None) -> Asked:
        values = dict(zip(_NAMES, _values(ticket), strict=True))
        return cls(world, ticket, values, ticket.tags, ticket.fields, actor_id=actor_id)


def holds(asked: Asked, conditions: Json) -> bool:
    """Whether every `all` and, if there are any, one `any` condition is met."""
    every = conditions.get("all") or ()
    some = conditions.get("any") or ()
    return all(_holds(asked, row) for row in every) and (not some or any(_holds(asked, row) for row in some))


def _holds(asked: Asked, row: Json) -> bool:
    name, operator, wanted = row["field"], row.get("operator") or "is", row.get("value")
    special = _SPECIAL.get(name)
    if special is not None:
        return special(asked, operator, wanted)
    if name in HOURS:
        return _hours(asked, name, operator, wanted)
    wanted = _meant(asked, name, wanted)
    if operator in STEP_OPERATORS:
        return _step(asked, _attribute(name), operator, wanted)
    if operator.startswith("within_"):
        return within_days(operator, _value(asked, name), wanted, asked.world.clock.now())
    return compare(name, operator, _value(asked, name), wanted)


#: Conditions on time gone by: whole hours, for automations only.
HOURS = frozenset(
    "NEW OPEN PENDING HOLD SOLVED CLOSED assigned_at updated_at requester_updated_at assignee_updated_at "
    "due_at due_date until_due_date sla_next_breach_at until_sla_next_breach_at".split()
)


def _hours(asked: Asked, name: str, operator: str, wanted: Any) -> bool:
    bare = operator.removesuffix("_business_hours")
    have = asked.age(name, bare != operator)
    if have is None:
        return False
    return {"less_than": have < int(wanted), "greater_than": have > int(wanted)}.get(
        bare, have == int(wanted)
    )


STEP_OPERATORS = frozenset(
    {"changed", "not_changed", "value", "value_previous", "not_value", "not_value_previous"}
)


def _attribute(name: str) -> str:
    for prefix in ("custom_fields_", "ticket_fields_"):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return {"current_tags": "tags"}.get(name, name)


def _step(asked: Asked, name: str, operator: str, wanted: Any) -> bool:
    own = [step for step in asked.steps if step.field == name]
    if operator == "changed":
        return bool(own)
    if operator == "not_changed":
        return not own
    is_before = operator.endswith("previous")
    hit = any(text_of(step.old if is_before else step.new) == text_of(wanted) for step in own)
    return hit if not operator.startswith("not_") else not hit


def _meant(asked: Asked, name: str, wanted: Any) -> Any:
    """A condition's value with its words for people replaced, and option ids by their tags."""
    if name.endswith("_id") and wanted in ("current_user", "requester_id", "assignee_id"):
        return asked.actor_id if wanted == "current_user" else asked.values[wanted]
    if name.startswith("ticket_fields_"):
        field = asked.world.tables["ticket_fields"].get(int(_attribute(name)))
        for option in (field or {}).get("custom_field_options") or ():
            if str(option["id"]) == str(wanted):
                return option["value"]
    return wanted


def _value(asked: Asked, name: str) -> Any:
    attribute = _attribute(name)
    if attribute.isdigit():
        return asked.fields.get(int(attribute))
    reader = _READERS.get(name)
    if reader is not None:
        return reader(asked)
    owner, found, key = name.partition(".custom_fields.")
    if found:
        return _field_of(asked, owner, key)
    return asked.values.get(name)


def _field_of(asked: Asked, owner: str, key: str) -> Any:
    """A custom field of the requester or the organization."""
    if owner == "organization":
        organization = asked.world.organizations.get(asked.values["organization_id"] or 0)
        return organization and organization.fields.get(key)
    requester = asked.world.users.get(asked.values["requester_id"])
    return requester and requester.fields.get(key)


def _score(asked: Asked) -> str:
    score = asked.ticket.score
    if score in ("good", "bad") and asked.ticket.rating_id is not None:
        rating = asked.world.tables["satisfaction_ratings"][asked.ticket.rating_id]
        return f"{score}_with_comment" if rating["comment"] else score
    return {"offered": "false", "unoffered": "true"}.get(score, score)


def _requester_role(asked: Asked) -> str:
    requester = asked.world.users.get(asked.values["requester_id"])
    return "" if requester is None else requester.role.replace("-", "_")


def _requester(asked: Asked, name: str) -> Any:
    requester = asked.world.users.get(asked.values["requester_id"])
    return requester and getattr(requester, name)


def _due(asked: Asked) -> str | None:
    due = asked.values["due_at"]
    return None if due is None else iso(due)


_READERS: dict[str, Callable[[Asked], Any]] = {
    "via_id": lambda asked: VIA_IDS.get(asked.ticket.channel),
    "current_via_id": lambda asked: VIA_IDS.get(asked.channel or asked.ticket.channel),
    "ticket_type_id": lambda asked: _TYPE_IDS.get(asked.values["type"]),
    "ticket_is_public": lambda asked: "public" if asked.ticket.is_public else "private",
    "satisfaction_score": _score,
    "ticket_due_date": _due,
    "exact_created_at": lambda asked: iso(asked.ticket.created),
    "requester_role": _requester_role,
    "requester_time_zone": lambda asked: _requester(asked, "time_zone"),
    "locale_id": lambda asked: LOCALE_IDS.get(_requester(asked, "locale"), 1),
    "reopens": lambda asked: tally(asked.world, asked.ticket).reopens,
    "replies": lambda asked: tally(asked.world, asked.ticket).replies,
    "agent_stations": lambda asked: tally(asked.world, asked.ticket).assignee_stations,
    "group_stations": lambda asked: tally(asked.world, asked.ticket).group_stations,
    "number_of_incidents": lambda asked: len(incidents_of(asked.world, asked.ticket)),
}


def _tags(asked: Asked, operator: str, wanted: Any) -> bool:
    if operator in STEP_OPERATORS:
        return _step(asked, "tags", operator, wanted)
    words = wanted if isinstance(wanted, list) else str(wanted or "").split()
    hit = bool(set(words) & set(asked.tags))
    return hit if operator in ("includes", "is") else not hit


def _update_type(asked: Asked, operator: str, wanted: Any) -> bool:  # noqa: ARG001 - is, or left out
    return (text_of(wanted).lower() == "create") == asked.is_create


def _comment_is_public(asked: Asked, operator: str, wanted: Any) -> bool:  # noqa: ARG001
    if asked.comment is None:
        return False
    if text_of(wanted) == "not_relevant":
        return True
    if text_of(wanted) == "requester_can_see_comment":
        return asked.comment.is_public
    return asked.comment.is_public == (text_of(wanted) == "true")


def _role(asked: Asked, operator: str, wanted: Any) -> bool:
    user = asked.world.users.get(asked.actor_id or 0)
    role = "" if user is None else "end_user" if user.role == "end-user" else "agent"
    return (text_of(wanted) in (role, str(asked.actor_id))) == (operator == "is")


def _attachment(asked: Asked, operator: str, wanted: Any) -> bool:
    there = asked.comment is not None and bool(asked.comment.attachments)
    return there == ("present" in (operator, text_of(wanted)))


def _cc(asked: Asked, operator: str, wanted: Any) -> bool:
    return bool(asked.ticket.email_cc_ids) == ("present" in (operator, text_of(wanted)))


def _in_hours(asked: Asked, operator: str, wanted: Any) -> bool:  # noqa: ARG001 - is, or left out
    return hours.is_open(asked.world, asked.world.clock.now()) == (text_of(wanted) == "true")


def _within(asked: Asked, operator: str, wanted: Any) -> bool:
    return hours.is_open(asked.world, asked.world.clock.now(), int(wanted)) == (operator == "is")


def _recipient(asked: Asked, operator: str, wanted: Any) -> bool:
    """Triggers name the full address, views and automations the part before the @."""
    address = (asked.values["recipient"] or "").lower()
    return (text_of(wanted).lower() in (address, address.partition("@")[0])) == (operator == "is")


def _group(asked: Asked, operator: str, wanted: Any) -> bool:
    if operator in STEP_OPERATORS:
        return _step(asked, "group_id", operator, wanted)
    group_id = asked.values["group_id"]
    if wanted == "current_groups":
        own = asked.actor_id in asked.world.members.get(group_id or 0, ())
        return own == (operator == "is")
    return compare("group_id", operator, group_id, wanted)


def _words(name: str) -> Callable[[Asked, str, Any], bool]:
    def judge(asked: Asked, operator: str, wanted: Any) -> bool:
        text = asked.values["subject"] or ""
        if name == "comment_includes_word" and asked.comment is not None:
            text += " " + asked.comment.body
        elif name == "description_includes_word":
            text += " " + asked.ticket.description
        text, sought = text.lower(), text_of(wanted).lower()
        if operator in ("is", "is_not"):
            return (sought in text) == (operator == "is")
        found = any(re.search(rf"\b{re.escape(word)}\b", text) for word in sought.split())
        return found == (operator == "includes")

    return judge


_SPECIAL: dict[str, Callable[[Asked, str, Any], bool]] = {
    "current_tags": _tags,
    "update_type": _update_type,
    "comment_is_public": _comment_is_public,
    "role": _role,
    "attachment": _attachment,
    "cc": _cc,
    "in_business_hours": _in_hours,
    "within_schedule": _within,
    "recipient": _recipient,
    "group_id": _group,
    "subject_includes_word": _words("subject_includes_word"),
    "comment_includes_word": _words("comment_includes_word"),
    "description_includes_word": _words("description_includes_word"),
}

#: Conditions this account knows by name, beside those on custom fields.
KNOWN = frozenset(
    {*_SPECIAL, *_READERS, *HOURS, *_NAMES, *ORDERS, "via_subtype_id", "satisfaction_reason_code"}
)


def is_known(world: World, name: str) -> bool:
    """Whether a condition's field exists here."""
    attribute = _attribute(name)
    if attribute.isdigit():
        return int(attribute) in world.tables["ticket_fields"]
    return name in KNOWN or ".custom_fields." in name
