"""The shape of one rule: its conditions, its outcome, and how far it is in force."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from zdsync.rules.shapes.values import Conditions, Day, Mode, Shape, Tags, Text, scalars


def _settings(value: object) -> object:
    if not isinstance(value, dict) or not value:
        message = "must be a block such as {Field title: value}"
        raise ValueError(message)
    for item in value.values():
        scalars(item)
    return value


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
    keep_assignee_as: Literal["follower"] | None = None
    notify: Text | None = None


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
