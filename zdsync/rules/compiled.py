"""Rules bound to one account: what is asked of facts, ready to be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from zdsync.calendars import ALWAYS, Calendar
from zdsync.facts import Facts
from zdsync.journey import Ladder
from zdsync.model import FieldId, FieldValue, GroupId
from zdsync.rules.clues import Clue
from zdsync.rules.gates import Collected, Missing
from zdsync.rules.model import AnyCondition, GateRule, MoveRule, Rule, RuleSet, Tier
from zdsync.rules.predicates import Predicate, conjunction, disjunction


def no_words(_: Facts) -> tuple[str, ...]:
    """Of a condition that looks for none."""
    return ()


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A condition with its predicate; `actual` reads the value it looks at, for explanations.

    `found` tells which of the condition's words stand in the text. A named condition has its parts in `all` and `any`.
    `price` ranks what asking costs: matching asks the cheap ones first, which changes no answer. `clue` tells the
    answer, or that there is none yet, from a value of which few occur; None where there is no such value.
    """

    condition: AnyCondition
    holds: Predicate
    actual: Callable[[Facts], object]
    found: Callable[[Facts], tuple[str, ...]] = no_words
    all: tuple[CompiledCondition, ...] = ()
    any: tuple[CompiledCondition, ...] = ()
    price: int = 0
    clue: Clue | None = None


def all_and_any(everything: Sequence[CompiledCondition], either: Sequence[CompiledCondition]) -> Predicate:
    """True when all of the first and one of the second hold, if there are any; the cheap ones are asked first."""
    parts = [(one.price, one.holds) for one in everything]
    if either:
        cheap_first = sorted(either, key=_price_of)
        parts.append((sum(map(_price_of, either)), disjunction([one.holds for one in cheap_first])))
    return conjunction([holds for _, holds in sorted(parts, key=itemgetter(0))])


_price_of: Callable[[CompiledCondition], int] = attrgetter("price")


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to be asked; `matches` answers, `all` and `any` allow it to be traced.

    `tier` is where it places a ticket, None where it does not say.
    """

    rule: Rule
    matches: Predicate
    all: tuple[CompiledCondition, ...]
    any: tuple[CompiledCondition, ...]
    set_fields: Mapping[FieldId, FieldValue] = field(default_factory=dict)
    tier: Tier | None = None
    made: dict[str | None, Any] = field(default_factory=dict, compare=False, repr=False)
    """What has been made of its outcome, by the group it leads to: the same for many tickets, and gone with the rule."""


@dataclass(frozen=True, slots=True)
class CompiledMove(CompiledRule):
    """A rule of escalate or deescalate; `matches` answers its conditions alone, not its clock."""

    rule: MoveRule


@dataclass(frozen=True, slots=True)
class CompiledGate(CompiledRule):
    """A gate; `unless` are the conditions of which one opens it.

    `missing` lists by title what is not there yet, `collected` what is, with its value; both in the rule's order.
    """

    rule: GateRule
    unless: tuple[CompiledCondition, ...] = ()
    missing: Missing = no_words
    collected: Collected = lambda _: ()


class Shortlist(NamedTuple):
    """Of the rules that place and label, those that may match a ticket, in their order."""

    ignore: tuple[CompiledRule, ...]
    private: tuple[CompiledRule, ...]
    assign: tuple[CompiledRule, ...]
    annotate: tuple[CompiledRule, ...]


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """A rule set bound to an account. Group names are case folded; a group that is yet to be created has no id."""

    rules: RuleSet
    ignore: tuple[CompiledRule, ...]
    assign: tuple[CompiledRule, ...]
    private: tuple[CompiledRule, ...]
    """Those of `assign` that are for private data."""
    annotate: tuple[CompiledRule, ...]
    group_ids: Mapping[str, GroupId]
    tiers_of_group: Mapping[GroupId, tuple[Tier, ...]]
    tag_prefix: str
    ladder: Ladder
    shortlist: Callable[[Facts], Shortlist]
    """Leaves out what a ticket's values rule out; asking the rest gives what asking all would give."""
    require: tuple[CompiledGate, ...] = ()
    escalate: tuple[CompiledMove, ...] = ()
    deescalate: tuple[CompiledMove, ...] = ()
    asks_business_hours: bool = False
    """Whether a condition looks at `in_business_hours`, whose answer changes by itself."""
    asks_way: bool = False
    """Whether a condition looks at the tier, or the way there, which our own moves change."""
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    """Those of the rule files and the account's schedules in use, by the names that rules have for them."""

    def calendar_of(self, tier: Tier) -> Calendar:
        """Whose time the tier's clocks count."""
        return ALWAYS if tier.calendar is None else self.calendars[tier.calendar]

    @property
    def placing(self) -> tuple[CompiledRule, ...]:
        """The rules that see a ticket as it would be without zdsync's own changes."""
        return (*self.ignore, *self.assign, *self.annotate)

    @property
    def moving(self) -> tuple[CompiledRule, ...]:
        """The rules that see a ticket as it stands."""
        return (*self.require, *self.escalate, *self.deescalate)

    def tier_tag(self, tier: Tier) -> str:
        return f"{self.tag_prefix}{tier.key}"
