"""The part of the editors' schema that is about moves, gates, clocks and targets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from zdsync.account import NativeNames
from zdsync.detect import DETECTORS
from zdsync.rules.lengths import Clock, Unit
from zdsync.rules.model import EXTERNAL, PREVIOUS, RuleSet, TargetKind
from zdsync.rules.schema_parts import Schema, known, one_or_more, own_tag, suggested, tier_key
from zdsync.rules.shapes.lengths import Priority

_MANY = "|".join(Unit)
_ONE = "|".join(f"{unit.removesuffix('s')}s?" for unit in Unit)
_SPELLED: Schema = {
    "type": "string",
    "pattern": rf"^(1 ({_ONE})|(?!0+ )[0-9]{{1,5}} ({_MANY}))$",
    "description": "A whole number and a unit, such as 4 business_hours",
}
_LENGTH: Schema = {"$ref": "#/$defs/Length"}
_SHARE: Schema = {"type": "string", "pattern": r"^[0-9]{1,2}(\.[0-9]{1,4})? ?%$"}
_NOT_IN_A_MOVE = ("tier", "private_only")
"""What `then:` of other rules may hold."""


def fill_in_moves(definitions: dict[str, Any], rules: RuleSet | None) -> None:
    """Tiers, lengths, and what `then:` of a move may hold."""
    definitions["Length"] = _SPELLED
    move = definitions["MoveShape"]["properties"]
    if rules:
        move["from"] |= one_or_more(tier_key(rules))
        move["to"] = {"description": move["to"]["description"], **tier_key(rules, EXTERNAL, PREVIOUS)}
        tags = own_tag(rules)
        for shape in ("MissingShape", "LimitOutcomeShape"):
            definitions[shape]["properties"]["add_tags"] = tags
    move["after"] |= _lengths_of(Clock, most=1)
    move["warn_at"] |= _SHARE
    move["remind_after"] = _LENGTH
    action = definitions["ActionShape"]
    allowed = {key: value for key, value in action["properties"].items() if key not in _NOT_IN_A_MOVE}
    definitions["MoveActionShape"] = {**action, "properties": allowed}
    move["then"] = {"$ref": "#/$defs/MoveActionShape"}
    definitions["LimitShape"]["properties"]["per"] = _LENGTH
    definitions["OverrideShape"]["properties"]["respect_for"] = _LENGTH
    promise = {"anyOf": [_LENGTH, _lengths_of(get_args(Priority))]}
    definitions["TargetsShape"]["properties"] = dict.fromkeys(TargetKind, promise)


def fill_in_gates(
    definitions: dict[str, Any], rules: RuleSet | None, fields: Iterable[str], natives: NativeNames
) -> None:
    """What gates ask for; `fields` are all there are, empty if any will do."""
    gate = definitions["GateShape"]["properties"]
    if rules:
        gate["before_tier"] = tier_key(rules)
    names = list(fields)
    if names:
        gate["fields"] = one_or_more({"enum": names + [int(name) for name in names if name.isdigit()]})
    gate["detects"] = one_or_more(known(DETECTORS))
    gate["asks_by"] = suggested(natives.triggers)
    definitions["MissingShape"]["properties"]["macro"] = suggested(natives.macros)


def _lengths_of(keys: Iterable[str], *, most: int | None = None) -> Schema:
    """A block of lengths by these keys, one at least."""
    schema: Schema = {
        "type": "object",
        "properties": dict.fromkeys(keys, _LENGTH),
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {**schema, "maxProperties": most} if most else schema
