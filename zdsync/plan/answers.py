"""What the account's own triggers and automations will make of a plan, as an estimate.

They are judged in Zendesk, in an order and on facts that are not all mirrored. Each condition is therefore true, false or
not known here, and one rule's answer to another's is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from zdsync.account import NativeRule
from zdsync.model import PRIORITY_ORDER, STATUS_ORDER, FieldValue, Ticket
from zdsync.plan.model import NativeAnswer, TicketChange

_Condition = tuple[str, str, str]
_Values = Mapping[str, str]

_PLAIN = (
    "status",
    "priority",
    "type",
    "group_id",
    "assignee_id",
    "requester_id",
    "organization_id",
    "brand_id",
    "custom_status_id",
)
_CUSTOM = "custom_fields_"
_NEW_GROUP = "to be created"
"""Stands for the id of a group that the plan itself creates: no native rule can ask for it yet."""
_RANKS: Mapping[str, Mapping[str, int]] = {
    "status": STATUS_ORDER,
    "priority": {"": PRIORITY_ORDER["none"], **PRIORITY_ORDER},
}


@dataclass(frozen=True, slots=True)
class _Update:
    """One ticket as our update leaves it, and what the update changed; values as conditions spell them."""

    values: _Values
    before: _Values
    tags: frozenset[str]
    written_tags: frozenset[str]
    has_note: bool


def estimate_answers(
    updates: Iterable[tuple[TicketChange, Ticket]], natives: Sequence[NativeRule]
) -> tuple[NativeAnswer, ...]:
    """The native rules that would answer, those that answer most first; `updates` are changes with their tickets."""
    likely: Counter[int] = Counter()
    possible: Counter[int] = Counter()
    for change, ticket in updates:
        update = _update(change, ticket)
        for number, native in enumerate(natives):
            verdict = _verdict(native, update)
            likely[number] += verdict is True
            possible[number] += verdict is not False
    answers = (
        NativeAnswer(native.kind, native.id, native.title, likely[number], possible[number], native.notifies)
        for number, native in enumerate(natives)
        if possible[number]
    )
    return tuple(sorted(answers, key=lambda each: (-each.likely, -each.possible, each.kind, each.id)))


def _update(change: TicketChange, ticket: Ticket) -> _Update:
    values = dict(_values(ticket))
    before = dict(values)
    for diff in change.fields:
        name = diff.field.replace("custom_fields.", _CUSTOM)
        values[name] = _text(diff.after)
    if change.group is not None:
        values["group_id"] = _NEW_GROUP if change.group.id is None else str(change.group.id)
    if change.assignee_before is not None:
        values["assignee_id"] = ""
    written = frozenset((*change.add_tags, *change.remove_tags))
    tags = (ticket.tags | frozenset(change.add_tags)) - frozenset(change.remove_tags)
    return _Update(values, before, tags, written, change.note is not None)


def _values(ticket: Ticket) -> Iterator[tuple[str, str]]:
    yield from ((name, _text(getattr(ticket, name))) for name in _PLAIN)
    yield "ticket_form_id", _text(ticket.form_id)
    yield from ((f"{_CUSTOM}{id}", _text(value)) for id, value in ticket.custom_fields.items())


def _text(value: FieldValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return " ".join(value)
    return "" if value is None else str(value)


def _verdict(native: NativeRule, update: _Update) -> bool | None:
    """Whether the rule answers; None when that depends on what is not known.

    A trigger is asked at every update. An automation finds the ticket in any case, unless it asks for something that
    the update changes.
    """
    conditions = (*native.conditions_all, *native.conditions_any)
    is_concerned = native.kind == "trigger" or any(_is_written(field, update) for field, _, _ in conditions)
    every = _all(_judge(condition, update) for condition in native.conditions_all)
    some = _any(_judge(condition, update) for condition in native.conditions_any)
    found = _all((is_concerned, every, some if native.conditions_any else True))
    return None if found and native.kind != "trigger" else found


def _all(parts: Iterable[bool | None]) -> bool | None:
    known = tuple(parts)
    return False if False in known else None if None in known else True


def _any(parts: Iterable[bool | None]) -> bool | None:
    known = tuple(parts)
    return True if True in known else None if None in known else False


def _is_written(field: str, update: _Update) -> bool:
    if field == "current_tags":
        return bool(update.written_tags)
    return update.values.get(field) != update.before.get(field)


def _judge(condition: _Condition, update: _Update) -> bool | None:
    field, operator, wanted = condition
    if field in _EVENTS:
        return _EVENTS[field](wanted, update)
    if field == "current_tags":
        is_there = bool(update.tags.intersection(wanted.split()))
        return {"includes": is_there, "not_includes": not is_there}.get(operator)
    if operator in _STEPS:
        return _stepped(field, operator, wanted, update)
    if field.startswith(_CUSTOM):
        return _compared(field, operator, wanted, update.values.get(field, ""))
    return _compared(field, operator, wanted, update.values[field]) if field in update.values else None


_COMMENTS = {"false": True, "not_relevant": True, "true": False, "requester_can_see_comment": False}
_EVENTS: Mapping[str, Callable[[str, _Update], bool | None]] = {
    "update_type": lambda wanted, _: wanted == "Change",
    "comment_is_public": lambda wanted, update: update.has_note and _COMMENTS.get(wanted),
    "role": lambda wanted, _: {"agent": True, "end_user": False}.get(wanted),
}
"""What is asked of the update itself: ours is a change by an agent, and its only comment is an internal note."""

_STEPS = frozenset({"changed", "not_changed", "value", "not_value", "value_previous", "not_value_previous"})


def _stepped(field: str, operator: str, wanted: str, update: _Update) -> bool:
    """Whether the field went through that change in our update, which changes nothing that it does not name."""
    is_changed = _is_written(field, update)
    side = update.before if operator.endswith("previous") else update.values
    is_it = is_changed and (operator.endswith("changed") or side.get(field, "") == wanted)
    return is_it is not operator.startswith("not_")


def _compared(field: str, operator: str, wanted: str, value: str) -> bool | None:
    match operator:
        case "is" | "is_not" if field.endswith("_id") and wanted and not wanted.isdigit():
            return None
        case "is":
            return value == wanted
        case "is_not":
            return value != wanted
        case "present" | "not_present":
            return bool(value) is (operator == "present")
        case "less_than" | "greater_than" if {value, wanted} <= _RANKS.get(field, {}).keys():
            here, there = _RANKS[field][value], _RANKS[field][wanted]
            return here < there if operator == "less_than" else here > there
    return None
