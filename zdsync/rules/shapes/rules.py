"""The shape of rule files: which keys there are and what kind of value each takes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from zdsync.rules.shapes.values import (
    Conditions,
    Day,
    Mode,
    Scalars,
    Shape,
    Tags,
    Text,
    Texts,
    Title,
    scalars,
)
from zdsync.rules.tree import Path


def _settings(value: object) -> object:
    if not isinstance(value, dict) or not value:
        message = "must be a block such as {Field title: value}"
        raise ValueError(message)
    for item in value.values():
        scalars(item)
    return value


def _named(value: object) -> object:
    return {"all": value} if isinstance(value, list) else value


class ActionShape(Shape):
    """`then:` of a rule."""

    tier: Text | None = None
    group: Text | None = None
    priority: Literal["low", "normal", "high", "urgent"] | None = None
    type: Literal["question", "incident", "problem", "task"] | None = None
    status: Text | None = None
    add_tags: Tags = []
    remove_tags: Tags = []
    set_fields: Annotated[Any, BeforeValidator(_settings)] = {}
    note: Text | None = None
    private_only: bool = False


class IgnoreShape(Shape):
    """A rule of `ignore`."""

    id: Annotated[Text, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    why: Text
    all: Conditions = []
    any: Conditions = []
    owner: Text = ""
    mode: Mode = "live"
    enabled: bool = True
    until: Day = None


class RuleShape(IgnoreShape):
    """A rule of `assign` or `annotate`."""

    then: ActionShape


class TierShape(Shape):
    """A rung under `tiers:`."""

    name: Text
    group: Text
    groups: Texts = []
    view: Title | None = None
    scope: Text = ""


class NamedShape(Shape):
    """A named condition."""

    all: Conditions = []
    any: Conditions = []


class VendorViewShape(Shape):
    """`vendor_view:`."""

    title: Title = "With the vendor"
    tags: Annotated[Tags, Field(min_length=1)]


class CracksViewShape(Shape):
    """`cracks_view:`."""

    title: Title = "Falls through the cracks"
    unassigned: bool = False


class RulesShape(Shape):
    """All rule files together."""

    version: Literal[1]
    owner: Text = ""
    own_tags: Tags = []
    sensitive_groups: Texts = []
    tier_field: Text = ""
    vendor_view: VendorViewShape | None = None
    cracks_view: CracksViewShape | None = None
    lists: dict[str, Scalars] = {}
    conditions: dict[str, Annotated[NamedShape, BeforeValidator(_named)]] = {}
    tiers: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")], TierShape], Field(min_length=1)
    ]
    ignore: list[IgnoreShape] = []
    assign: Annotated[list[RuleShape], Field(min_length=1)]
    annotate: list[RuleShape] = []


def keys_at(path: Path) -> tuple[str, ...]:
    """The keys that the block at `path` knows."""
    match path:
        case ():
            shape: type[Shape] = RulesShape
        case (*_, "then"):
            shape = ActionShape
        case ("tiers", _):
            shape = TierShape
        case ("vendor_view",):
            shape = VendorViewShape
        case ("cracks_view",):
            shape = CracksViewShape
        case ("conditions", _):
            shape = NamedShape
        case ("ignore", _):
            shape = IgnoreShape
        case _:
            shape = RuleShape
    return tuple(shape.model_fields)
