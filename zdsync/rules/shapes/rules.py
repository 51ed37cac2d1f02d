"""The shape of rule files: which keys there are and what kind of value each takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from zdsync.rules.shapes.lengths import OverrideShape, TargetsShape
from zdsync.rules.shapes.moves import (
    GateShape,
    LimitOutcomeShape,
    LimitShape,
    MissingShape,
    MoveShape,
    VendorShape,
)
from zdsync.rules.shapes.rule import ActionShape, IgnoreShape, RuleShape
from zdsync.rules.shapes.values import Conditions, Scalars, Shape, Tags, Text, Texts
from zdsync.rules.tree import Path


def _named(value: object) -> object:
    return {"all": value} if isinstance(value, list) else value


class TierShape(Shape):
    """A rung under `tiers:`."""

    name: Text
    group: Text
    groups: Texts = []
    view: Text | None = None
    scope: Text = ""
    targets: TargetsShape = TargetsShape()


class NamedShape(Shape):
    """A named condition."""

    all: Conditions = []
    any: Conditions = []


class RulesShape(Shape):
    """All rule files together."""

    version: Literal[1]
    owner: Text = ""
    own_tags: Tags = []
    sensitive_groups: Texts = []
    tier_field: Text = ""
    lists: dict[str, Scalars] = {}
    conditions: dict[str, Annotated[NamedShape, BeforeValidator(_named)]] = {}
    tiers: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")], TierShape], Field(min_length=1)
    ]
    ignore: list[IgnoreShape] = []
    assign: Annotated[list[RuleShape], Field(min_length=1)]
    require: list[GateShape] = []
    escalate: list[MoveShape] = []
    deescalate: list[MoveShape] = []
    annotate: list[RuleShape] = []
    manual_override: OverrideShape | None = None
    move_limit: LimitShape | None = None
    vendor: VendorShape = VendorShape()


def keys_at(path: Path) -> tuple[str, ...]:
    """The keys that the block at `path` knows."""
    match path:
        case ():
            shape: type[Shape] = RulesShape
        case ("move_limit", "then"):
            shape = LimitOutcomeShape
        case (*_, "then"):
            shape = ActionShape
        case ("tiers", _):
            shape = TierShape
        case ("tiers", _, "targets"):
            shape = TargetsShape
        case ("conditions", _):
            shape = NamedShape
        case ("ignore", _):
            shape = IgnoreShape
        case ("require", _):
            shape = GateShape
        case ("require", _, "missing"):
            shape = MissingShape
        case ("escalate" | "deescalate", _):
            shape = MoveShape
        case ("manual_override" | "move_limit" | "vendor" as block,):
            shape = _SETTINGS[block]
        case _:
            shape = RuleShape
    return tuple(field.alias or name for name, field in shape.model_fields.items())


_SETTINGS: Mapping[str, type[Shape]] = {
    "manual_override": OverrideShape,
    "move_limit": LimitShape,
    "vendor": VendorShape,
}
