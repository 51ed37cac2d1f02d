"""Faults of the ladder as a whole: tiers that nothing enters or leaves, moves that never come to their turn, idle gates."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from zdsync.errors import Problem
from zdsync.rules.findings import Check, problem
from zdsync.rules.logic import Branch, branches, covers, is_impossible
from zdsync.rules.loops import loops
from zdsync.rules.model import EXTERNAL, PREVIOUS, After, Mode, MoveRule, Rule, RuleSet, Unit

_IN_MINUTES = frozenset({Unit.BUSINESS_MINUTES, Unit.BUSINESS_HOURS})


def lint_moves(rules: RuleSet) -> Iterator[Problem]:
    """Errors and warnings about `escalate`, `deescalate` and `require`."""
    yield from _unreachable_tiers(rules)
    yield from _stuck_tiers(rules)
    yield from _hidden(rules)
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


# Moves that never come to their turn


def _hidden(rules: RuleSet) -> Iterator[Problem]:
    earlier: list[tuple[Rule, tuple[Branch, ...]]] = []
    for rule in (*rules.ignore, *rules.moves):
        alternatives = branches(rule) or ()
        possible = [branch for branch in alternatives if not is_impossible(branch)]
        if isinstance(rule, MoveRule) and possible and rule.enabled:
            hider = next((one for one, held in earlier if _hides(one, held, rule, possible)), None)
            if hider is not None:
                place = f"{hider.at.file}:{hider.at.line}"
                message = (
                    f"'{rule.id}' can never act: '{hider.id}' at {place} takes all its tickets, and no later"
                )
                yield problem(Check.HIDDEN_RULE, rule.at, message)
        if alternatives and _is_live(rule) and rule.share == 1 and rule.until is None:
            earlier.append((rule, alternatives))


def _hides(earlier: Rule, held: tuple[Branch, ...], later: MoveRule, possible: list[Branch]) -> bool:
    """Whether `earlier` takes every ticket that `later` could take, not after it."""
    if isinstance(earlier, MoveRule):
        is_sure = earlier.to not in (PREVIOUS, EXTERNAL) or earlier.to == later.to == PREVIOUS
        passes_holds = earlier.even_if_held or not later.even_if_held
        if not is_sure or not passes_holds or not _comes_first(earlier.after, later.after):
            return False
    return all(covers(held, branch) for branch in possible)


def _comes_first(one: After | None, other: After | None) -> bool:
    """Whether a rule with the clock `one` acts no later than one with `other`.

    A rule without a clock waits for something to happen to the ticket, so it is no earlier than one with a clock.
    """
    if one is None or other is None:
        return one is other
    length, limit = one.length, other.length
    units = {length.unit, limit.unit}
    is_comparable = len(units) == 1 or units <= _IN_MINUTES or not any(unit.is_business for unit in units)
    seconds = (length.amount * length.unit.seconds, limit.amount * limit.unit.seconds)
    return one.clock is other.clock and is_comparable and seconds[0] <= seconds[1]


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
