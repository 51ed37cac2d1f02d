"""Rules as values: what an admin wrote, checked for shape, with its position; no account, no ticket, no I/O."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from zdsync.calendars import Week
from zdsync.model import FieldValue
from zdsync.rules.lengths import Clock, Length, Unit


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
    keep_assignee_as: str | None = None
    """`follower`: an assignee who cannot go along to the new group follows the ticket instead."""
    notify: str | None = None
    """Who is told through the alert webhook when the rule acts."""
    marks: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)
    """Where each key of `then:` stands."""


class Mode(StrEnum):
    """Whether a rule's outcome is carried out."""

    LIVE = "live"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of any block; matches when all of `all` and, if given, one of `any` hold.

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
    marks: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)
    """Where each key of the rule stands."""
    is_steady: bool = field(init=False, compare=False, repr=False)
    """Whether it is on for every ticket, and without end."""

    def __post_init__(self) -> None:
        is_steady = self.enabled and self.mode is Mode.LIVE and self.share == 1 and self.until is None
        object.__setattr__(self, "is_steady", is_steady)

    @property
    def is_catch_all(self) -> bool:
        return not self.all and not self.any

    @property
    def conditions(self) -> tuple[AnyCondition, ...]:
        """Everything that the rule asks, as it is written."""
        return (*self.all, *self.any)


@dataclass(frozen=True, slots=True)
class After:
    """`after:` of a move: the clock that has to reach a length."""

    clock: Clock
    length: Length
    at: Position = field(default=NOWHERE, compare=False)


EXTERNAL = "external"
"""`to:` of an escalation to a vendor outside: the ticket stays in its tier, on hold."""
PREVIOUS = "previous"
"""`to:` of a de-escalation to the tier that the ticket was in before."""


@dataclass(frozen=True, slots=True)
class MoveRule(Rule):
    """A rule of `escalate` or `deescalate`: from one of the tiers `origins` (keys) to a tier, EXTERNAL or PREVIOUS.

    It acts when its conditions hold and, if given, the clock of `after` has reached its length. `warn_at` is the share
    of that length from which the ticket is on the list of what moves next. `even_if_held` passes a lead's hold and the
    respect for a person's move. `remind_after` is the length on hold after which a vendor is to be reminded.
    """

    origins: tuple[str, ...] = ()
    to: str = ""
    after: After | None = None
    warn_at: Fraction | None = None
    even_if_held: bool = False
    remind_after: Length | None = None


@dataclass(frozen=True, slots=True)
class GateRule(Rule):
    """A rule of `require`: what must be known before a ticket that it matches enters the tier `before_tier` (key).

    `fields` are names of fields that must be filled, `needs_attachment` asks for a file, `detects` for a finding of
    each of these detectors. `unless` are conditions of which one opens the gate. While something is missing the ticket
    gets `missing_tags` and a note that lists it and names `macro`, after the rule's own words (`then.note`). `asks_by`
    is the title of the account's trigger that asks the requester: only then the gate also sets the ticket to pending.
    """

    before_tier: str = ""
    fields: tuple[str, ...] = ()
    needs_attachment: bool = False
    detects: tuple[str, ...] = ()
    unless: tuple[AnyCondition, ...] = ()
    missing_tags: tuple[str, ...] = ()
    macro: str = ""
    asks_by: str = ""

    @property
    def conditions(self) -> tuple[AnyCondition, ...]:
        return (*self.all, *self.any, *self.unless)


@dataclass(frozen=True, slots=True)
class MoveLimit:
    """`move_limit:`: zdsync makes no move that would be more than `at_most` by anybody within `per`."""

    at_most: int
    per: Length
    add_tags: tuple[str, ...] = ()
    notify: str = ""
    at: Position = field(default=NOWHERE, compare=False)


class TargetKind(StrEnum):
    """What a tier promises."""

    FIRST_REPLY = "first_reply"
    """From creation to the first public reply by a person."""
    IN_TIER = "in_tier"
    """From entering the tier to leaving it."""
    SOLVE = "solve"
    """From creation to solved."""


ELSE = "else"
"""In `targets:` by priority, the key for every priority that has no entry of its own."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One entry of `targets:`; `priority` None is for every priority that has no entry of its own."""

    kind: TargetKind
    length: Length
    priority: str | None = None


@dataclass(frozen=True, slots=True)
class Vendor:
    """`vendor:`: how a ticket that waits for somebody outside is marked, and the view in which those are listed."""

    tag: str = "with_vendor"
    view: str | None = None


DEFAULT_RESPECT = Length(24, Unit.BUSINESS_HOURS)
"""How long a person's move is respected when the rules do not say."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A rung of the ladder; `groups` always holds the default `group` first."""

    key: str
    name: str
    group: str
    groups: tuple[str, ...]
    view: str | None = None
    scope: str = ""
    calendar: str | None = None
    """Whose time its clocks count: a name of `calendars:`, or `zendesk:` and a schedule's; None: always."""
    targets: tuple[Promise, ...] = ()
    at: Position = field(default=NOWHERE, compare=False)

    def promise(self, kind: TargetKind, priority: str | None) -> Promise | None:
        """What the tier promises a ticket of that priority."""
        of_kind = [promise for promise in self.targets if promise.kind is kind]
        own = next((promise for promise in of_kind if promise.priority == (priority or "none")), None)
        return own or next((promise for promise in of_kind if promise.priority is None), None)


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
class CracksView:
    """The view of unsolved tickets that have no tier or no group, or, if `unassigned`, nobody who works on them."""

    title: str
    unassigned: bool = False


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything under `rules/*.yaml`, read in name order; `digest` identifies the text it came from.

    `sources` are the files' names and texts, kept so that every rule text ever used can be stored by digest.
    """

    tiers: tuple[Tier, ...]
    assign: tuple[Rule, ...]
    ignore: tuple[Rule, ...] = ()
    annotate: tuple[Rule, ...] = ()
    require: tuple[GateRule, ...] = ()
    escalate: tuple[MoveRule, ...] = ()
    deescalate: tuple[MoveRule, ...] = ()
    manual_override: Length = DEFAULT_RESPECT
    """How long a person's move is respected, in the calendar of the tier moved to."""
    move_limit: MoveLimit | None = None
    vendor: Vendor = Vendor()
    own_tags: tuple[str, ...] = ()
    sensitive_groups: tuple[str, ...] = ()
    tier_field: str = ""
    calendars: Mapping[str, tuple[Week, ...]] = field(default_factory=dict)
    cracks_view: CracksView | None = None
    lists: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    conditions: Mapping[str, NamedCondition] = field(default_factory=dict)
    unused_lists: Mapping[str, Position] = field(default_factory=dict)
    unused_conditions: Mapping[str, Position] = field(default_factory=dict)
    external: tuple[External, ...] = ()
    owner: str = ""
    digest: str = ""
    sources: tuple[tuple[str, str], ...] = ()

    def tier(self, key: str) -> Tier | None:
        for tier in self.tiers:
            if tier.key == key:
                return tier
        return None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, block by block."""
        return (*self.ignore, *self.assign, *self.require, *self.moves, *self.annotate)

    @property
    def moves(self) -> tuple[MoveRule, ...]:
        """The rules that move a ticket after its first placing, in the order in which they are asked."""
        return (*self.escalate, *self.deescalate)

    def rank(self, key: str) -> int:
        """A tier's place on the ladder, the first on the page being the lowest; raises ValueError for none."""
        return [tier.key for tier in self.tiers].index(key)

    def written_conditions(self) -> Iterator[Condition]:
        """Every condition once, where it is written; a pasted one that stands for two as these two."""
        named = ((*one.all, *one.any) for one in self.conditions.values())
        for conditions in (*named, *(rule.conditions for rule in self.rules)):
            for one in conditions:
                if isinstance(one, Condition):
                    yield one
                elif one.name not in self.conditions:
                    yield from (part for part in (*one.all, *one.any) if isinstance(part, Condition))

    def asked_fields(self) -> Iterator[str]:
        """The fields that conditions and gates look at, as they are written."""
        yield from (condition.field for condition in self.written_conditions())
        yield from (name for gate in self.require for name in gate.fields)
