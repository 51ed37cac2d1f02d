"""Zendesk's conditions, judged for triggers, views and search on the sandbox's own tickets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zdsync.sandbox.answers import Json
from zdsync.sandbox.records import PRIORITIES, STATUSES, VIA_IDS, Change, Comment, Ticket
from zdsync.sandbox.world import World

_TYPE_IDS = {"1": "question", "2": "incident", "3": "problem", "4": "task"}


@dataclass(slots=True)
class Asked:
    """What conditions are judged on; the last four are only known while an update is made."""

    world: World
    ticket: Ticket
    values: dict[str, Any]
    tags: tuple[str, ...]
    fields: dict[int, Any]
    steps: tuple[Change, ...] = ()
    comment: Comment | None = None
    is_create: bool = False
    actor_id: int | None = None

    @classmethod
    def now(cls, world: World, ticket: Ticket) -> Asked:
        names = ("subject", "status", "priority", "type", "group_id", "assignee_id", "requester_id")
        more = ("organization_id", "brand_id", "ticket_form_id", "custom_status_id")
        values = {name: getattr(ticket, name) for name in names + more}
        return cls(world, ticket, values, ticket.tags, ticket.fields)


def holds(asked: Asked, conditions: Json) -> bool:
    """Whether every `all` and, if there are any, one `any` condition is met."""
    every = conditions.get("all") or ()
    some = conditions.get("any") or ()
    return all(_holds(asked, row) for row in every) and (not some or any(_holds(asked, row) for row in some))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _holds(asked: Asked, row: Json) -> bool:
    name, operator, wanted = row["field"], row.get("operator") or "is", row.get("value")
    if name == "current_tags":
        words = wanted if isinstance(wanted, list) else str(wanted or "").split()
        hit = bool(set(words) & set(asked.tags))
        return hit if operator == "includes" else not hit
    if name in ("subject_includes_word", "comment_includes_word", "description_includes_word"):
        return _words(asked, name, operator, _text(wanted))
    if name == "update_type":
        return (_text(wanted) == "Create") == asked.is_create
    if name == "comment_is_public":
        if _text(wanted) == "not_relevant":
            return asked.comment is not None
        return asked.comment is not None and asked.comment.is_public == (_text(wanted) == "true")
    if name == "role":
        return (_role(asked) == _text(wanted)) == (operator == "is")
    if operator in _STEP_OPERATORS:
        return _step(asked, _attribute(name), operator, wanted)
    return _compare(name, operator, _value(asked, name), wanted)


def _role(asked: Asked) -> str:
    user = asked.world.users.get(asked.actor_id or 0)
    return "" if user is None else "end_user" if user.role == "end-user" else "agent"


_STEP_OPERATORS = frozenset(
    {"changed", "not_changed", "value", "value_previous", "not_value", "not_value_previous"}
)


def _attribute(name: str) -> str:
    for prefix in ("custom_fields_", "ticket_fields_"):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def _step(asked: Asked, name: str, operator: str, wanted: Any) -> bool:
    own = [step for step in asked.steps if step.field == name]
    if operator == "changed":
        return bool(own)
    if operator == "not_changed":
        return not own
    side: Callable[[Change], Any] = lambda step: step.old if operator.endswith("previous") else step.new  # noqa: E731
    hit = any(_text(side(step)) == _text(wanted) for step in own)
    return hit if not operator.startswith("not_") else not hit


def _value(asked: Asked, name: str) -> Any:
    attribute = _attribute(name)
    if attribute.isdigit():
        return asked.fields.get(int(attribute))
    if name == "via_id":
        return VIA_IDS.get(asked.ticket.channel)
    if name == "current_via_id":
        return VIA_IDS.get(asked.ticket.channel)
    if name == "ticket_type_id":
        return next((key for key, kind in _TYPE_IDS.items() if kind == asked.values["type"]), None)
    if name == "ticket_is_public":
        return "public" if asked.ticket.is_public else "private"
    if name == "satisfaction_score":
        return asked.ticket.score
    return asked.values.get(name)


_ORDERS: dict[str, tuple[str | None, ...]] = {"status": STATUSES, "priority": PRIORITIES}


def _compare(name: str, operator: str, value: Any, wanted: Any) -> bool:
    if operator in ("present", "not_present"):
        return (value not in (None, "", ())) == (operator == "present")
    if operator in ("less_than", "greater_than") and name in _ORDERS:
        order = [_text(step) for step in _ORDERS[name]]
        left, right = order.index(_text(value)), order.index(_text(wanted))
        return left < right if operator == "less_than" else left > right
    if operator in ("includes", "not_includes"):
        options = [_text(one) for one in wanted] if isinstance(wanted, list) else _text(wanted).split()
        return (_text(value) in options) == (operator == "includes")
    return (_text(value) == _text(wanted)) == (operator == "is")


def _words(asked: Asked, name: str, operator: str, wanted: str) -> bool:
    text = asked.values["subject"] or ""
    if name == "comment_includes_word" and asked.comment is not None:
        text += " " + asked.comment.body
    elif name == "description_includes_word":
        text += " " + asked.ticket.description
    text = text.lower()
    if operator in ("is", "is_not"):
        return (wanted.lower() in text) == (operator == "is")
    found = any(re.search(rf"\b{re.escape(word)}\b", text) for word in wanted.lower().split())
    return found == (operator == "includes")
