"""Faults of the ladder as a whole: tiers that nothing enters or leaves, moves that go round or do the same, idle gates."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from zdsync.errors import Problem
from zdsync.rules.findings import Check, problem
from zdsync.rules.loops import loops
from zdsync.rules.model import EXTERNAL, PREVIOUS, Mode, MoveRule, Rule, RuleSet


def lint_moves(rules: RuleSet) -> Iterator[Problem]:
    """Errors and warnings about `escalate`, `deescalate` and `require`."""
    yield from _unreachable_tiers(rules)
    yield from _stuck_tiers(rules)
    yield from loops(rules)
    yield from _idle_gates(rules)
    yield from _same_moves(rules)


def _is_live(rule: Rule) -> bool:
    return rule.enabled and rule.mode is Mode.LIVE


def _entered(rules: RuleSet) -> frozenset[str | None]:
    """The tiers into which a live rule may bring a ticket; `previous` may mean any that is lower."""
    entered = {rule.then.tier for rule in rules.assign if _is_live(rule)}
    for rule in filter(_is_live, rules.moves):
        if rule.to == PREVIOUS:
            entered |= {tier.key for tier in rules.tiers if _is_below_one(rules, tier.key, rule.origins)}
        else:
            entered.add(rule.to)
    return frozenset(entered)


def _is_below_one(rules: RuleSet, key: str, others: tuple[str, ...]) -> bool:
    ladder = [tier.key for tier in rules.tiers]
    return any(other in ladder and ladder.index(key) < ladder.index(other) for other in others)


def _unreachable_tiers(rules: RuleSet) -> Iterator[Problem]:
    entered = _entered(rules)
    for tier in rules.tiers:
        if tier.key not in entered:
            message = f"nothing enters tier {tier.key} ({tier.name}): no live rule of assign, escalate or deescalate leads there"
            yield problem(Check.UNREACHABLE_TIER, tier.at, message)


def _stuck_tiers(rules: RuleSet) -> Iterator[Problem]:
    """Once tickets are escalated at all, those in a tier below the top must have a way out."""
    if not any(map(_is_live, rules.escalate)):
        return
    left = {key for rule in rules.moves if _is_live(rule) and rule.to != EXTERNAL for key in rule.origins}
    for tier in rules.tiers[:-1]:
        if tier.key not in left:
            message = f"nothing leaves tier {tier.key} ({tier.name}): no live rule of escalate or deescalate is `from: {tier.key}`"
            yield problem(Check.STUCK_TIER, tier.at, message)


def _idle_gates(rules: RuleSet) -> Iterator[Problem]:
    entered = _entered(rules)
    for gate in rules.require:
        if rules.tier(gate.before_tier) is not None and gate.before_tier not in entered:
            message = f"'{gate.id}' stands before tier {gate.before_tier}, which no live rule leads to"
            yield problem(Check.IDLE_GATE, gate.marks.get("before_tier", gate.at), message)


def _same_moves(rules: RuleSet) -> Iterator[Problem]:
    """Neighbours only, as in `assign`."""
    for block in (rules.escalate, rules.deescalate):
        for first, second in pairwise([rule for rule in block if rule.enabled]):
            if _effect(first) == _effect(second):
                message = f"'{second.id}' does the same as '{first.id}' before it; one rule with `any` could say both"
                yield problem(Check.SAME_OUTCOME, second.at, message, is_warning=True)


def _effect(rule: MoveRule) -> tuple[object, ...]:
    clock = (rule.after, rule.warn_at, rule.remind_after)
    return (rule.origins, rule.to, rule.then, rule.even_if_held, rule.mode, rule.share, *clock)
