"""JSON Schema of rule files for editors: completion and errors while typing, with the account's own names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zdsync.account import Account, NativeNames, TicketField
from zdsync.detect import DETECTORS
from zdsync.model import STATUS_ORDER
from zdsync.rules.calendars import DAYS, HOURS, SCHEDULE
from zdsync.rules.fields import COMPARISONS, OPERATORS, Field, Kind
from zdsync.rules.model import Operator, RuleSet
from zdsync.rules.schema_moves import fill_in_gates, fill_in_moves
from zdsync.rules.schema_parts import Schema, known, one_or_more, own_tag, suggested, tier_key
from zdsync.rules.shapes.rules import RulesShape
from zdsync.rules.vocabulary import Vocabulary, plain

_SCALAR: Schema = {"type": ["string", "number", "boolean"], "pattern": r"^(?!\$[A-Za-z_][A-Za-z0-9_-]*$)"}
_REFERENCE: Schema = {"type": "string", "pattern": r"^\$[A-Za-z_]"}
_PRESENCE: Schema = {"enum": ["present", "not_present"]}
_BARE = frozenset({Operator.PRESENT, Operator.NOT_PRESENT})
_HOURS: Schema = {"type": "string", "pattern": HOURS.pattern}
_DAYS: Schema = {"pattern": f"^({'|'.join(DAYS)})([-,]({'|'.join(DAYS)}))*$"}
_HINTS: Mapping[str, str] = {
    "why": "One sentence that agents will read",
    "mode": "live, shadow, or a share of tickets such as 10%",
    "until": "The last day on which the rule acts",
    "own_tags": "Tags that zdsync may add and remove",
    "cracks_view": "View of unsolved tickets without a tier or a group",
    "tier_field": "Drop-down ticket field with one option per tier",
    "calendar": "Whose time clocks count: a name under calendars, or zendesk: and a schedule's name",
    "open": "Hours by days, such as {mon-fri: 09:00-17:30, sat: [09:00-12:00, 13:00-16:00]}",
    "holidays": "Dates on which nothing opens",
    "valid_from": "The first date of these hours",
    "from": "The tiers that tickets come from",
    "to": "The tier they go to; also external (escalate) and previous (deescalate)",
    "after": "The clock that has to reach a length",
    "warn_at": "The share of the clock from which the ticket is listed, such as 75%",
    "even_if_held": "Passes holds and the respect for people's moves",
    "unless": "One of these opens the gate",
    "private_only": "Only groups of sensitive_groups may hold the ticket",
}


def editor_schema(
    rules: RuleSet | None, account: Account | None, natives: NativeNames | None = None
) -> Schema:
    """JSON Schema, draft 2020-12, of one rule file.

    Macros and triggers that are not among `natives` pass too: they may be made later. Other names come from the mirrored account and from the rules themselves, as they are written there and in lower case;
    without an account any field and any name will do. A file holds part of a set, so no key of it is mandatory.
    """
    schema = _tidied(RulesShape.model_json_schema())
    schema.pop("required", None)
    definitions = schema["$defs"]
    definitions["Condition"] = _condition(rules, account)
    for shape in definitions.values():
        given = shape.get("properties", {})
        for key in {"all", "any", "unless"} & given.keys():
            given[key]["items"] = {"$ref": "#/$defs/Condition"}
        if "until" in given:
            given["until"] = {"type": "string", "format": "date"}
    _fill_in_outcomes(definitions["ActionShape"]["properties"], rules, account)
    fill_in_moves(definitions, rules)
    fill_in_gates(definitions, rules, _fields(rules, account) if account else {}, natives or NativeNames())
    tier = definitions["TierShape"]["properties"]
    tier["group"] = tier["groups"] = one_or_more(suggested(_group_names(rules, account)))
    tier["calendar"] |= _calendar(rules)
    for shape in ("CalendarShape", "VersionShape"):
        days = definitions[shape]["properties"]["open"]
        days |= {"additionalProperties": one_or_more(_HOURS), "propertyNames": _DAYS}
    properties = schema["properties"]
    properties["lists"] = {"type": "object", "additionalProperties": one_or_more(_SCALAR)}
    named = properties["conditions"]["additionalProperties"]
    in_list = {"type": "array", "items": {"$ref": "#/$defs/Condition"}, "minItems": 1}
    properties["conditions"]["additionalProperties"] = {"anyOf": [named, in_list]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "zdsync rules", **schema}


def _tidied(value: Any, name: str = "") -> Any:
    """pydantic's schema as editors like it: texts may be numbers, one text a list, and null is never written."""
    if isinstance(value, list):
        return [_tidied(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _tidied(item, key) for key, item in value.items() if not _is_noise(key, item)}
    choices = inner.get("anyOf")
    if choices:
        inner = {**{k: v for k, v in inner.items() if k != "anyOf"}, **choices[0]}
    if "$ref" in inner:
        inner.pop("default", None)
    if inner.get("type") == "string" and "enum" not in inner:
        inner["type"] = ["string", "number"]
    if inner.get("type") == "array" and inner.get("items", {}).get("type") == ["string", "number"]:
        inner = one_or_more(inner["items"])
    if name in _HINTS and isinstance(inner, dict):
        inner["description"] = _HINTS[name]
    return inner


def _is_noise(key: str, item: object) -> bool:
    return (key in {"title", "default"} and not isinstance(item, dict)) or item == {"type": "null"}


# Conditions


def _condition(rules: RuleSet | None, account: Account | None) -> Schema:
    named = known(rules.conditions) if rules else {"type": "string"}
    triple = {
        "type": "object",
        "description": "A condition as Zendesk has it in triggers and views",
        "properties": {"field": _SCALAR, "operator": {"type": "string"}, "value": {}},
        "required": ["field", "operator"],
        "additionalProperties": False,
    }
    fields = _fields(rules, account)
    single = {
        "type": "object",
        "properties": fields,
        "additionalProperties": False if account else _spec(None, rules),
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [named, single, triple]}


def _fields(rules: RuleSet | None, account: Account | None) -> dict[str, Schema]:
    """What each field may be asked, by every name that it is usually called."""
    tiers = [tier.key for tier in rules.tiers] if rules else ()
    vocabulary = Vocabulary(account, _group_names(rules, None), tiers, rules.external if rules else ())
    found: dict[str, Schema] = {}
    for name in vocabulary.names():
        found[name] = found[plain(name)] = _spec(vocabulary.find(name), rules)
    for custom in account.ticket_fields if account else ():
        field = vocabulary.find(str(int(custom.id)))
        if field is not None:
            found[str(int(custom.id))] = _spec(field, rules)
            if custom.key:
                found[custom.key] = found[str(int(custom.id))]
    return found


def _spec(field: Field | None, rules: RuleSet | None) -> Schema:
    """A value, several, `present`, or an operator with its value."""
    kind = field.kind if field else Kind.UNKNOWN
    value = _value(field)
    listed = {"enum": [f"${name}" for name in rules.lists]} if rules and rules.lists else _REFERENCE
    either = {"anyOf": [value, listed]}
    operators: dict[str, Schema] = {}
    for operator in Operator:
        if operator not in OPERATORS[kind]:
            continue
        if operator in _BARE:
            operators[operator.value] = {"type": ["boolean", "null"]}
        elif operator is Operator.DETECTS:
            operators[operator.value] = one_or_more({"anyOf": [known(DETECTORS), listed]})
        elif operator is Operator.WITHIN:
            operators[operator.value] = one_or_more({"anyOf": [_calendar(rules), listed]})
        else:
            operators[operator.value] = either if operator in COMPARISONS else one_or_more(either)
    by_operator = {
        "type": "object",
        "properties": operators,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    plainly = [one_or_more(either)] if Operator.IS in OPERATORS[kind] else []
    return {"anyOf": [*plainly, _PRESENCE, by_operator]}


def _calendar(rules: RuleSet | None) -> Schema:
    """A calendar of the rule files, or a schedule of the account; any name where there are no rules to go by."""
    schedule: Schema = {"type": "string", "pattern": f"^{SCHEDULE}" if rules else ""}
    return {"anyOf": [{"enum": list(rules.calendars)}, schedule]} if rules and rules.calendars else schedule


def _value(field: Field | None) -> Schema:
    if field is None or field.is_private:
        return _SCALAR
    if field.kind is Kind.RANK:
        return known(field.ranks)
    if field.known is None:
        return _SCALAR
    names = [*field.known.values(), *field.known]
    words = known(name for name in names if not name.isdigit())
    numbers = sorted({int(name) for name in names if name.isdigit()})
    is_listed = bool(numbers) and not field.is_account_name
    return {"anyOf": [words, {"enum": numbers} if is_listed else {"type": ["number", "boolean"]}]}


# Outcomes


def _fill_in_outcomes(then: dict[str, Schema], rules: RuleSet | None, account: Account | None) -> None:
    then["status"] = known(word for word in STATUS_ORDER if word not in {"new", "closed"})
    then["set_fields"] = {"type": "object", "additionalProperties": one_or_more(_SCALAR), "minProperties": 1}
    if rules:
        then["tier"] = tier_key(rules)
        allowed = (*(name for tier in rules.tiers for name in tier.groups), *rules.sensitive_groups)
        then["group"] = known(allowed)
        then["add_tags"] = then["remove_tags"] = own_tag(rules)
    if account:
        custom = [field for field in account.ticket_fields if field.is_custom and field.is_active]
        properties = {name: _setting(field) for field in custom for name in (field.title, plain(field.title))}
        then["set_fields"] |= {"properties": properties, "additionalProperties": one_or_more(_SCALAR)}


def _setting(field: TicketField) -> Schema:
    match field.type:
        case "checkbox":
            return {"type": "boolean"}
        case "tagger":
            return known(name for option in field.options for name in (option.label, option.value))
        case "multiselect":
            words = (name for option in field.options for name in (option.label, option.value))
            return one_or_more(known(words))
        case "integer" | "decimal":
            return {"type": ["number", "string"]}
    return _SCALAR


def _group_names(rules: RuleSet | None, account: Account | None) -> tuple[str, ...]:
    own = (*(name for tier in rules.tiers for name in tier.groups), *rules.sensitive_groups) if rules else ()
    others = (group.name for group in account.groups if not group.is_deleted) if account else ()
    return tuple(dict.fromkeys((*own, *others)))
