"""Rules as values: what an admin wrote, checked for shape, with its position; no account, no ticket, no I/O."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from zdsync.model import FieldValue


class Operator(StrEnum):
    """The words a condition may use, Zendesk's where Zendesk has one."""

    IS = "is"
    IS_NOT = "is_not"
    LESS_THAN = "less_than"
    AT_MOST = "at_most"
    GREATER_THAN = "greater_than"
    AT_LEAST = "at_least"
    INCLUDES = "includes"
    EXCLUDES = "excludes"
    INCLUDES_ALL = "includes_all"
    CONTAINS = "contains"
    CONTAINS_PHRASE = "contains_phrase"
    EXCLUDES_WORDS = "excludes_words"
    STARTS_WITH = "starts_with"
    MATCHES = "matches"
    DETECTS = "detects"
    PRESENT = "present"
    NOT_PRESENT = "not_present"
    WITHIN = "within"


NEGATIVE = frozenset({Operator.IS_NOT, Operator.EXCLUDES, Operator.EXCLUDES_WORDS, Operator.NOT_PRESENT})
"""True for a missing value, where every other operator is false."""

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands in a rule file, counted from 1."""

    file: str
    line: int
    column: int


NOWHERE = Position("", 0, 0)


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one field; `values` is *any of* for a list, `$name` already replaced by the list's words."""

    field: str
    operator: Operator
    values: tuple[Scalar, ...] = ()
    at: Position = dataclasses.field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class NamedCondition:
    """`all` and `any` under one name, usable wherever a condition stands."""

    name: str
    all: tuple[AnyCondition, ...] = ()
    any: tuple[AnyCondition, ...] = ()
    at: Position = field(default=NOWHERE, compare=False)


AnyCondition = Condition | NamedCondition


@dataclass(frozen=True, slots=True)
class Action:
    """What a matching rule asks for; None or empty means: leave as it is."""

    tier: str | None = None
    group: str | None = None
    priority: str | None = None
    type: str | None = None
    status: str | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    set_fields: Mapping[str, Scalar | tuple[Scalar, ...]] = field(default_factory=dict)
    note: str | None = None
    private_only: bool = False
    marks: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)
    """Where each key of `then:` stands."""


class Mode(StrEnum):
    """Whether a rule's outcome is carried out."""

    LIVE = "live"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of `ignore`, `assign` or `annotate`; matches when all of `all` and, if given, one of `any` hold.

    `share` is the sampled part of tickets, 1 for all: a stable choice by a hash of rule id and ticket id.
    """

    id: str
    why: str
    all: tuple[AnyCondition, ...] = ()
    any: tuple[AnyCondition, ...] = ()
    then: Action = Action()
    owner: str = ""
    mode: Mode = Mode.LIVE
    share: Fraction = Fraction(1)
    enabled: bool = True
    until: date | None = None
    at: Position = field(default=NOWHERE, compare=False)

    @property
    def is_catch_all(self) -> bool:
        return not self.all and not self.any


@dataclass(frozen=True, slots=True)
class Tier:
    """A rung of the ladder; `groups` always holds the default `group` first."""

    key: str
    name: str
    group: str
    groups: tuple[str, ...]
    view: str | None = None
    scope: str = ""
    at: Position = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Table:
    """An external table as read: every column by its plain name, and of each row the columns that rules read.

    `rows` are by folded key, their values in the order of `kept`.
    """

    columns: Mapping[str, str]
    kept: tuple[str, ...]
    rows: Mapping[str, tuple[FieldValue, ...]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class External:
    """An entry of `external:`; its columns are fields called `name.column`.

    `column` holds the values of `key`, a field of the ticket. `types` tells what the columns hold that are no text, by
    plain name. `table` is None until it has been read.
    """

    name: str
    key: str
    column: str
    file: str = ""
    query: str = ""
    database: str = ""
    types: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)
    """Where each key of the entry stands, and under "" its name."""
    table: Table | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything under `rules/*.yaml`, read in name order; `digest` identifies the text it came from.

    `sources` are the files' names and texts, kept so that every rule text ever used can be stored by digest.
    """

    tiers: tuple[Tier, ...]
    assign: tuple[Rule, ...]
    ignore: tuple[Rule, ...] = ()
    annotate: tuple[Rule, ...] = ()
    own_tags: tuple[str, ...] = ()
    sensitive_groups: tuple[str, ...] = ()
    tier_field: str = ""
    lists: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    conditions: Mapping[str, NamedCondition] = field(default_factory=dict)
    unused_lists: Mapping[str, Position] = field(default_factory=dict)
    unused_conditions: Mapping[str, Position] = field(default_factory=dict)
    external: tuple[External, ...] = ()
    owner: str = ""
    digest: str = ""
    sources: tuple[tuple[str, str], ...] = ()

    def tier(self, key: str) -> Tier | None:
        return next((tier for tier in self.tiers if tier.key == key), None)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, block by block."""
        return (*self.ignore, *self.assign, *self.annotate)

    def written_conditions(self) -> Iterator[Condition]:
        """Every condition once, where it is written; a pasted one that stands for two as these two."""
        holders: tuple[NamedCondition | Rule, ...] = (*self.conditions.values(), *self.rules)
        for holder in holders:
            for one in (*holder.all, *holder.any):
                if isinstance(one, Condition):
                    yield one
                elif one.name not in self.conditions:
                    yield from (part for part in (*one.all, *one.any) if isinstance(part, Condition))
