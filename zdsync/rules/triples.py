"""Zendesk's own condition triples, as pasted from a trigger, in the words of the rule language.

Source: Help Center, "Ticket trigger conditions and actions reference"; developer.zendesk.com, "Conditions reference"
(read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from zdsync.rules.model import Operator
from zdsync.rules.tree import Value

_CUSTOM = re.compile(r"(?:custom|ticket)_fields_([0-9]+)")
_RECORD = re.compile(r"(requester|organization)\.custom_fields\.(.+)")
_FIELDS: Mapping[str, str] = {
    "status": "status",
    "type": "type",
    "priority": "priority",
    "custom_status_id": "custom_status",
    "group_id": "group",
    "assignee_id": "assignee",
    "requester_id": "requester",
    "organization_id": "organization",
    "brand_id": "brand",
    "ticket_form_id": "form",
    "current_tags": "tags",
    "via_id": "channel",
    "recipient": "recipient",
    "satisfaction_score": "satisfaction",
    "subject_includes_word": "subject",
    "comment_includes_word": "comment",
    "description_includes_word": "description",
    "requester_role": "requester.role",
    "reopens": "reopens",
    "replies": "replies",
    "group_stations": "group_stations",
}
_OPERATORS: Mapping[str, Operator] = {
    **{operator.value: operator for operator in Operator},
    "not_includes": Operator.EXCLUDES,
    "less_than_equal": Operator.AT_MOST,
    "greater_than_equal": Operator.AT_LEAST,
    "includes_string": Operator.CONTAINS_PHRASE,
}
_WORD_OPERATORS: Mapping[str, Operator] = {
    "includes": Operator.CONTAINS,
    "not_includes": Operator.EXCLUDES_WORDS,
    "is": Operator.CONTAINS_PHRASE,
    "is_not": Operator.EXCLUDES_WORDS,
}
_WHOLE = frozenset({"is", "is_not"})
"""Operators that look for the value as one phrase."""
SEARCHED_TOO: Mapping[str, str] = {"description_includes_word": "subject", "comment_includes_word": "subject"}
"""Conditions for which Zendesk looks into another field as well."""
CHANNELS: Mapping[str, str] = {
    "0": "web",
    "web_form": "web",
    "4": "email",
    "mail": "email",
    "5": "api",
    "web_service": "api",
    "29": "chat",
    "30": "twitter",
    "57": "sms",
    "74": "whatsapp",
    "75": "native_messaging",
}
_ROLES: Mapping[str, str] = {"end_user": "end-user", "agent": "agent", "admin": "admin"}
_SCORES: Mapping[str, str] = {"false": "offered", "true": "unoffered"}
_SET = frozenset({"priority", "type", "group", "assignee", "organization", "custom_status", "form"})


class NoEqualError(Exception):
    """This condition says something that the rule language cannot say; the text tells what."""


def from_triple(field: str, operator: str, value: Value) -> tuple[str, Operator, Value]:
    """Our field, operator and value for Zendesk's; raises NoEqualError."""
    name = _field(field)
    if field.endswith("_includes_word"):
        return name, _known(field, operator, _WORD_OPERATORS), _words(operator, value)
    found = _known(field, operator, _OPERATORS)
    if found in (Operator.PRESENT, Operator.NOT_PRESENT):
        return name, found, None
    if name in _SET and value in (None, ""):
        return name, found, "none"
    return name, found, _value(name, value)


def _field(field: str) -> str:
    custom = _CUSTOM.fullmatch(field)
    if custom:
        return custom[1]
    record = _RECORD.fullmatch(field)
    if record:
        return f"{record[1]}.{record[2]}"
    if field not in _FIELDS:
        message = f"Zendesk's condition on '{field[:80]}' has no equal here"
        raise NoEqualError(message)
    return _FIELDS[field]


def _known(field: str, operator: str, operators: Mapping[str, Operator]) -> Operator:
    if operator not in operators:
        message = f"Zendesk's operator '{operator[:80]}' on '{field}' has no equal here: rules see a ticket, not one update"
        raise NoEqualError(message)
    return operators[operator]


def _words(operator: str, value: Value) -> Value:
    return [*map(str, value.split())] if operator not in _WHOLE and isinstance(value, str) else value


def _value(name: str, value: Value) -> Value:
    if name == "tags":
        items = value if isinstance(value, list) else [value]
        return [tag for item in items for tag in str(item).split()]
    if isinstance(value, list):
        return [_value(name, item) for item in value]
    text = str(value)
    match name:
        case "channel":
            if text.isdigit() and text not in CHANNELS:
                message = f"channel {text} has no known spelling; write the name that the API gives it"
                raise NoEqualError(message)
            return CHANNELS.get(text, text)
        case "requester.role":
            return _ROLES.get(text, text)
        case "assignee" | "requester" if text in ("current_user", "assignee_id", "requester_id"):
            message = f"'{text}' has no equal here: nobody is acting when rules are asked"
            raise NoEqualError(message)
        case "satisfaction":
            return _SCORES.get(text.casefold(), text)
    return value
