"""The shape of rule files: which keys there are and what kind of value each takes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from zdsync.rules.shapes.values import Conditions, Day, Mode, Scalars, Shape, Tags, Text, Texts, scalars
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
    view: Text | None = None
    scope: Text = ""


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
    external: dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$"), AfterValidator(_table_name)], ExternalShape
    ] = {}
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
        case ("external", _):
            shape = ExternalShape
        case ("conditions", _):
            shape = NamedShape
        case ("ignore", _):
            shape = IgnoreShape
        case _:
            shape = RuleShape
    return tuple(shape.model_fields)
