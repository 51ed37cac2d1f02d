"""What `set_fields` asks for, as the ids and values that Zendesk takes."""

from __future__ import annotations

from collections.abc import Mapping

from zdsync.account import RecordField, TicketField
from zdsync.errors import Problem
from zdsync.model import FieldId, FieldValue
from zdsync.rules.fields import fold_name, to_number, to_span
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.model import NOWHERE, Action, Scalar
from zdsync.rules.vocabulary import Vocabulary


class UnfitError(Exception):
    """The value does not suit the field; the text tells why."""


def set_fields(
    then: Action, vocabulary: Vocabulary, *, is_offline: bool
) -> tuple[Mapping[FieldId, FieldValue], tuple[Problem, ...]]:
    """Values by field id, and a problem for each name or value that the account does not know; nothing offline."""
    values: dict[FieldId, FieldValue] = {}
    problems: list[Problem] = []
    at = then.marks.get("set_fields", NOWHERE)
    for name, wanted in {} if is_offline else then.set_fields.items():
        field = vocabulary.find_settable(name)
        if field is None:
            hint = nearest(name, vocabulary.settable_names())
            problems.append(
                problem(Check.UNKNOWN_FIELD, at, f"no custom ticket field '{name[:80]}' to set{hint}")
            )
            continue
        try:
            values[field.id] = field_value(field, wanted)
        except UnfitError as err:
            problems.append(problem(Check.WRONG_VALUE, at, f"set_fields: '{name[:80]}' {err}"))
    return values, tuple(problems)


def field_value(field: TicketField | RecordField, wanted: Scalar | tuple[Scalar, ...]) -> FieldValue:
    """The value as Zendesk takes it: an option's tag for its label, a day for a date; raises UnfitError."""
    if field.type == "multiselect":
        many = wanted if isinstance(wanted, tuple) else (wanted,)
        return tuple(_option(field, value) for value in many)
    if isinstance(wanted, tuple):
        raise UnfitError("takes one value, not a list")
    match field.type:
        case "tagger" | "dropdown":
            return _option(field, wanted)
        case "checkbox":
            if not isinstance(wanted, bool):
                raise UnfitError("is a checkbox: true or false")
            return wanted
        case "integer" | "decimal":
            return _number(field, wanted)
        case "date":
            span = to_span(wanted)
            if span is None:
                raise UnfitError("is a date such as 2026-12-31")
            return span.start.date().isoformat()
        case "text" | "textarea" | "regexp":
            return str(wanted)
    raise UnfitError(f"is of type {field.type}, which rules cannot set")


def _number(field: TicketField | RecordField, wanted: Scalar) -> int | float:
    number = to_number(wanted)
    if number is None or (field.type == "integer" and not isinstance(number, int)):
        raise UnfitError("is a whole number" if field.type == "integer" else "is a number")
    return number


def _option(field: TicketField | RecordField, wanted: Scalar) -> str:
    """The option's tag, for its tag or label."""
    folded = fold_name(wanted)
    for option in field.options:
        if folded in (fold_name(option.value), fold_name(option.label)):
            return option.value
    labels = [option.label for option in field.options]
    hint = nearest(str(wanted), labels) or f"; options: {quoted(labels[:12])}"
    raise UnfitError(f"has no option '{str(wanted)[:80]}'{hint}")
