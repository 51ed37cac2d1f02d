"""The shape of what happens to a ticket after its first placing: moves, gates, the limit, the vendor."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zdsync.rules.shapes.lengths import After, Length, Part
from zdsync.rules.shapes.rule import ActionShape, IgnoreShape
from zdsync.rules.shapes.values import Conditions, Shape, Tag, Tags, Text, Texts


class MoveShape(IgnoreShape):
    """A rule of `escalate` or `deescalate`."""

    origins: Annotated[Texts, Field(alias="from", min_length=1)]
    to: Text
    after: After | None = None
    warn_at: Part | None = None
    even_if_held: bool = False
    remind_after: Length | None = None
    keep_assignee_as: Literal["follower"] | None = None
    then: ActionShape | None = None


class MissingShape(Shape):
    """`missing:` of a gate."""

    add_tags: Tags = []
    macro: Text = ""
    note: Text | None = None


class GateShape(IgnoreShape):
    """A rule of `require`."""

    before_tier: Text
    fields: Texts = []
    attachment: bool = False
    detects: Texts = []
    unless: Conditions = []
    missing: MissingShape = MissingShape()
    asks_by: Text = ""


class LimitOutcomeShape(Shape):
    """`then:` of `move_limit`."""

    add_tags: Tags = []
    notify: Text = ""


class LimitShape(Shape):
    """`move_limit:`."""

    at_most: Annotated[int, Field(ge=1, le=1000)]
    per: Length
    then: LimitOutcomeShape = LimitOutcomeShape()


class VendorShape(Shape):
    """`vendor:`."""

    tag: Tag = "with_vendor"
    view: Text | None = None
