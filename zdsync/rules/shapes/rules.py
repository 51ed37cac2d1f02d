"""The shape of rule files: which keys there are and what kind of value each takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from zdsync.rules.shapes.calendars import CalendarShape, VersionShape
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
from zdsync.rules.shapes.values import Conditions, Scalars, Shape, Tags, Text, Texts, Title
from zdsync.rules.tree import Path


def _named(value: object) -> object:
    return {"all": value} if isinstance(value, list) else value


class TierShape(Shape):
    """A rung under `tiers:`."""

    name: Text
    group: Text
    groups: Texts = []
    view: Title | None = None
    scope: Text = ""
    calendar: Text | None = None
    targets: TargetsShape = TargetsShape()


class NamedShape(Shape):
    """A named condition."""

    all: Conditions = []
    any: Conditions = []


_OTHERS = frozenset("clock group organization requester rule sla ticket tier".split())


def _table_name(value: str) -> str:
    if value in _OTHERS:
        message = "cannot be the name of an external table: it means something else already"
        raise ValueError(message)
    return value


class ExternalShape(Shape):
    """A table of `external:`."""

    file: Annotated[Text, Field(pattern=r"\.(csv|tsv)$")] | None = None
    query: Text | None = None
    database: Annotated[Text, Field(pattern=r"^[A-Z][A-Z0-9_]*_DATABASE_URL$")] | None = None
    key: Literal["organization.external_id", "organization.name", "organization.domain", "requester.email"]
    column: Text | None = None
    columns: dict[str, Literal["text", "number", "date", "checkbox", "tags"]] = {}

    @model_validator(mode="after")
    def _one_source(self) -> ExternalShape:
        if (self.file is None) == (self.query is None):
            message = "needs either `file:` or `query:`"
            raise ValueError(message)
        if self.database is not None and self.query is None:
            message = "has a `database:`, which only a `query:` can ask"
            raise ValueError(message)
        return self


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
    calendars: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")], CalendarShape] = {}
    cracks_view: CracksViewShape | None = None
    lists: dict[str, Scalars] = {}
    conditions: dict[str, Annotated[NamedShape, BeforeValidator(_named)]] = {}
    tiers: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")], TierShape], Field(min_length=1)
    ]
    external: dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$"), AfterValidator(_table_name)], ExternalShape
    ] = {}
    ignore: list[IgnoreShape] = []
    assign: Annotated[list[RuleShape], Field(min_length=1)]
    require: list[GateShape] = []
    escalate: list[MoveShape] = []
    deescalate: list[MoveShape] = []
    annotate: list[RuleShape] = []
    manual_override: OverrideShape | None = None
    move_limit: LimitShape | None = None
    vendor: VendorShape = VendorShape()


_SHAPES: Mapping[Path, type[Shape]] = {
    (): RulesShape,
    ("tiers", "*"): TierShape,
    ("tiers", "*", "targets"): TargetsShape,
    ("external", "*"): ExternalShape,
    ("conditions", "*"): NamedShape,
    ("calendars", "*"): CalendarShape,
    ("calendars", "*", "versions", "*"): VersionShape,
    ("ignore", "*"): IgnoreShape,
    ("require", "*"): GateShape,
    ("require", "*", "missing"): MissingShape,
    ("escalate", "*"): MoveShape,
    ("deescalate", "*"): MoveShape,
    ("manual_override",): OverrideShape,
    ("move_limit",): LimitShape,
    ("move_limit", "then"): LimitOutcomeShape,
    ("vendor",): VendorShape,
    ("cracks_view",): CracksViewShape,
}
"""Blocks by their path; `*` stands for an entry's place or name."""


def keys_at(path: Path) -> tuple[str, ...]:
    """The keys that the block at `path` knows; a block that is none of the listed ones is a rule or its outcome."""
    entry = tuple("*" if place == 1 or isinstance(part, int) else part for place, part in enumerate(path))
    other = ActionShape if path[-1:] == ("then",) else RuleShape
    shape = _SHAPES.get(path) or _SHAPES.get(entry, other)
    return tuple(field.alias or name for name, field in shape.model_fields.items())
