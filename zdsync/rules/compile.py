"""Rules against one account: names become ids, conditions become predicates; unknown names fail here, before any write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zdsync.facts import Facts
from zdsync.model import FieldId, FieldValue, GroupId
from zdsync.rules.model import AnyCondition, Rule, RuleSet, Tier

Predicate = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A condition with its predicate; `actual` reads the value it looks at, for explanations."""

    condition: AnyCondition
    holds: Predicate
    actual: Callable[[Facts], object]


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to be asked; `matches` answers, `all` and `any` allow it to be traced."""

    rule: Rule
    matches: Predicate
    all: tuple[CompiledCondition, ...]
    any: tuple[CompiledCondition, ...]
    set_fields: Mapping[FieldId, FieldValue]


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """A rule set bound to an account. Group names are case folded; a group that is yet to be created has no id."""

    rules: RuleSet
    ignore: tuple[CompiledRule, ...]
    assign: tuple[CompiledRule, ...]
    annotate: tuple[CompiledRule, ...]
    group_ids: Mapping[str, GroupId]
    tiers_of_group: Mapping[GroupId, tuple[Tier, ...]]
    tag_prefix: str

    def tier_tag(self, tier: Tier) -> str:
        return f"{self.tag_prefix}{tier.key}"
