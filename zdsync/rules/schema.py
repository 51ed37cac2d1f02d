"""JSON Schema of rule files for editors: completion and errors while typing, with the account's own names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zdsync.detect import DETECTORS
from zdsync.model import STATUS_ORDER, Account, TicketField
from zdsync.rules.fields import COMPARISONS, OPERATORS, Field, Kind
from zdsync.rules.model import Operator, RuleSet
from zdsync.rules.shapes.rules import RulesShape
from zdsync.rules.unsupported import FIELDS as LATER_FIELDS
from zdsync.rules.unsupported import OPERATORS as LATER_OPERATORS
from zdsync.rules.vocabulary import Vocabulary, plain

Schema = dict[str, Any]

_SCALAR: Schema = {"type": ["string", "number", "boolean"], "pattern": r"^(?!\$[A-Za-z_][A-Za-z0-9_-]*$)"}
_REFERENCE: Schema = {"type": "string", "pattern": r"^\$[A-Za-z_]"}
_PRESENCE: Schema = {"enum": ["present", "not_present"]}
_BARE = frozenset({Operator.PRESENT, Operator.NOT_PRESENT})
_HINTS: Mapping[str, str] = {
    "why": "One sentence that agents will read",
    "mode": "live, shadow, or a share of tickets such as 10%",
    "until": "The last day on which the rule acts",
    "own_tags": "Tags that zdsync may add and remove",
    "tier_field": "Drop-down ticket field with one option per tier",
    "private_only": "Only groups of sensitive_groups may hold the ticket",
}


def editor_schema(rules: RuleSet | None, account: Account | None) -> Schema:
    """JSON Schema, draft 2020-12, of one rule file.

    Names come from the mirrored account and from the rules themselves, as they are written there and in lower case;
    without an account any field and any name will do. A file holds part of a set, so no key of it is mandatory.
    """
    schema = _tidied(RulesShape.model_json_schema())
    schema.pop("required", None)
    definitions = schema["$defs"]
    definitions["Condition"] = _condition(rules, account)
    for shape in ("IgnoreShape", "RuleShape", "NamedShape"):
        for key in ("all", "any"):
            definitions[shape]["properties"][key]["items"] = {"$ref": "#/$defs/Condition"}
    for shape in ("IgnoreShape", "RuleShape"):
        definitions[shape]["properties"]["until"] = {"type": "string", "format": "date"}
    _fill_in_outcomes(definitions["ActionShape"]["properties"], rules, account)
    tier = definitions["TierShape"]["properties"]
    tier["group"] = tier["groups"] = _one_or_more(_suggested(_group_names(rules, account)))
    properties = schema["properties"]
    properties["lists"] = {"type": "object", "additionalProperties": _one_or_more(_SCALAR)}
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
    if inner.get("type") == "string" and "enum" not in inner:
        inner["type"] = ["string", "number"]
    if inner.get("type") == "array" and inner.get("items", {}).get("type") == ["string", "number"]:
        inner = _one_or_more(inner["items"])
    if name in _HINTS and isinstance(inner, dict):
        inner["description"] = _HINTS[name]
    return inner


def _is_noise(key: str, item: object) -> bool:
    return (key in {"title", "default"} and not isinstance(item, dict)) or item == {"type": "null"}


# Conditions


def _condition(rules: RuleSet | None, account: Account | None) -> Schema:
    named = _known(rules.conditions) if rules else {"type": "string"}
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
    vocabulary = Vocabulary(account, _group_names(rules, None), rules.external if rules else ())
    found: dict[str, Schema] = {}
    for name in vocabulary.names():
        field = vocabulary.find(name)
        if field is not None and name not in LATER_FIELDS:
            found[name] = found[plain(name)] = _spec(field, rules)
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
        if operator not in OPERATORS[kind] or operator in LATER_OPERATORS:
            continue
        if operator in _BARE:
            operators[operator.value] = {"type": ["boolean", "null"]}
        elif operator is Operator.DETECTS:
            operators[operator.value] = _one_or_more({"anyOf": [_known(DETECTORS), listed]})
        else:
            operators[operator.value] = either if operator in COMPARISONS else _one_or_more(either)
    by_operator = {
        "type": "object",
        "properties": operators,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    plainly = [_one_or_more(either)] if Operator.IS in OPERATORS[kind] else []
    return {"anyOf": [*plainly, _PRESENCE, by_operator]}


def _value(field: Field | None) -> Schema:
    if field is None or field.is_private:
        return _SCALAR
    if field.kind is Kind.RANK:
        return _known(field.ranks)
    if field.known is None:
        return _SCALAR
    names = [*field.known.values(), *field.known]
    words = _known(name for name in names if not name.isdigit())
    return {"anyOf": [words, {"type": ["number", "boolean"]}]}


# Outcomes


def _fill_in_outcomes(then: dict[str, Schema], rules: RuleSet | None, account: Account | None) -> None:
    then["status"] = _known(word for word in STATUS_ORDER if word not in {"new", "closed"})
    then["set_fields"] = {"type": "object", "additionalProperties": _one_or_more(_SCALAR), "minProperties": 1}
    if rules:
        keys = [tier.key for tier in rules.tiers]
        then["tier"] = {"enum": [*keys, *(int(key) for key in keys if key.isdigit())]}
        allowed = (*(name for tier in rules.tiers for name in tier.groups), *rules.sensitive_groups)
        then["group"] = _known(allowed)
        then["add_tags"] = then["remove_tags"] = _one_or_more(_known(rules.own_tags))
    if account:
        custom = [field for field in account.ticket_fields if field.is_custom and field.is_active]
        properties = {name: _setting(field) for field in custom for name in (field.title, plain(field.title))}
        then["set_fields"] |= {"properties": properties, "additionalProperties": _one_or_more(_SCALAR)}


def _setting(field: TicketField) -> Schema:
    match field.type:
        case "checkbox":
            return {"type": "boolean"}
        case "tagger":
            return _known(name for option in field.options for name in (option.label, option.value))
        case "multiselect":
            words = (name for option in field.options for name in (option.label, option.value))
            return _one_or_more(_known(words))
        case "integer" | "decimal":
            return {"type": ["number", "string"]}
    return _SCALAR


def _group_names(rules: RuleSet | None, account: Account | None) -> tuple[str, ...]:
    own = (*(name for tier in rules.tiers for name in tier.groups), *rules.sensitive_groups) if rules else ()
    known = (group.name for group in account.groups if not group.is_deleted) if account else ()
    return tuple(dict.fromkeys((*own, *known)))


# Pieces


def _known(words: Iterable[str]) -> Schema:
    """One of the words, as written or in lower case."""
    given = list(words)
    return {"enum": list(dict.fromkeys([*given, *(word.casefold() for word in given)]))}


def _suggested(words: Iterable[str]) -> Schema:
    """One of the words, or another that is yet to exist."""
    return {"anyOf": [_known(words), {"type": "string"}]}


def _one_or_more(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}
