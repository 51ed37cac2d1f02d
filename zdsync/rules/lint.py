"""Faults that need neither account nor history: rules that can never match or win, outcomes that fight, leftovers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from zdsync.errors import Problem
from zdsync.rules.cover import cover_together
from zdsync.rules.findings import Check, problem, quoted
from zdsync.rules.logic import Branch, branches, clash, covers, is_impossible
from zdsync.rules.model import AnyCondition, Condition, Mode, NamedCondition, Operator, Rule, RuleSet
from zdsync.rules.vocabulary import plain

_WORK = 1_000_000
"""Conditions that the search for hidden rules may ask about, a second's worth."""
_KEPT_TEXTS = frozenset({"subject", "description", "comment", "text"})


def lint(rules: RuleSet, *, keeps_text: bool = True) -> tuple[Problem, ...]:
    """Errors and warnings in file order. `keeps_text` is false when the mirror keeps no ticket text at all."""
    found = [
        *_impossible(rules),
        *_hidden(rules),
        *_unreachable_tiers(rules),
        *_overwritten(rules),
        *_same_outcomes(rules),
        *_unused(rules),
    ]
    if not keeps_text:
        found += _without_text(rules)
    return tuple(sorted(set(found)))


def leaves(conditions: Sequence[AnyCondition]) -> Iterator[Condition]:
    """The conditions with named ones written out."""
    for condition in conditions:
        if isinstance(condition, NamedCondition):
            yield from leaves((*condition.all, *condition.any))
        else:
            yield condition


def _impossible(rules: RuleSet) -> Iterator[Problem]:
    alone = [condition for condition in rules.written_conditions() if is_impossible((condition,))]
    for condition in alone:
        told = f"no ticket can have {condition.field} {condition.operator} {quoted(condition.values)}"
        yield problem(Check.IMPOSSIBLE_CONDITION, condition.at, told)
    for rule in rules.rules:
        alternatives = branches(rule)
        told_already = any(condition in alone for condition in leaves((*rule.all, *rule.any)))
        if alternatives and not told_already and all(map(is_impossible, alternatives)):
            fields = dict.fromkeys(clash(branch) for branch in alternatives)
            message = f"'{rule.id}' can never match: its conditions on {quoted(fields)} contradict each other"
            yield problem(Check.IMPOSSIBLE_CONDITION, rule.at, message)


def _hidden(rules: RuleSet) -> Iterator[Problem]:
    for later_block, earlier_blocks in ((rules.ignore, ()), (rules.assign, rules.ignore)):
        earlier: list[tuple[Rule, tuple[Branch, ...]]] = [*_standing(earlier_blocks)]
        for rule in later_block:
            hider = _hider(rule, earlier)
            if hider is not None:
                message = f"'{rule.id}' can never win: '{hider.id}' at {hider.at.file}:{hider.at.line} takes all its tickets"
                yield problem(Check.HIDDEN_RULE, rule.at, message)
            elif together := _hiders(rule, earlier, _WORK // len(rules.rules)):
                those = ", ".join(f"'{other.id}' (line {other.at.line})" for other in together)
                message = f"'{rule.id}' can never win: {those} before it take all its tickets together"
                yield problem(Check.HIDDEN_RULE, rule.at, message)
            earlier += _standing((rule,))


def _standing(rules: Sequence[Rule]) -> Iterator[tuple[Rule, tuple[Branch, ...]]]:
    """Rules that stop every ticket they match, written out."""
    for rule in rules:
        is_steady = rule.enabled and rule.mode is Mode.LIVE and rule.share == 1 and rule.until is None
        alternatives = branches(rule)
        if is_steady and alternatives and not rule.is_catch_all:
            yield rule, alternatives


def _hider(rule: Rule, earlier: Sequence[tuple[Rule, tuple[Branch, ...]]]) -> Rule | None:
    """The earlier rule that holds whenever `rule` does; rules for private data are asked before all others."""
    possible = _possible(rule)
    if not possible:
        return None
    for other, held in earlier:
        is_asked_first = other.then.private_only or not rule.then.private_only
        if is_asked_first and all(covers(held, branch) for branch in possible):
            return other
    return None


def _hiders(rule: Rule, earlier: Sequence[tuple[Rule, tuple[Branch, ...]]], most: int) -> tuple[Rule, ...]:
    """Earlier rules of which one holds whenever `rule` does, none of them for nothing; empty when some ticket is left."""
    possible = _possible(rule)
    asked_first = [
        (one, held) for one, held in earlier if one.then.private_only or not rule.then.private_only
    ]
    if not possible or not _cover(asked_first, possible, most):
        return ()
    for needless in tuple(asked_first):
        fewer = [one for one in asked_first if one is not needless]
        if _cover(fewer, possible, most):
            asked_first = fewer
    return tuple(one for one, _ in asked_first)


def _cover(earlier: Sequence[tuple[Rule, tuple[Branch, ...]]], later: Sequence[Branch], most: int) -> bool:
    return cover_together([branch for _, held in earlier for branch in held], later, most)


def _possible(rule: Rule) -> tuple[Branch, ...]:
    """The ways in which a rule that is to be looked at can match; the catch-all is below all others on purpose."""
    if rule.is_catch_all or not rule.enabled:
        return ()
    return tuple(branch for branch in branches(rule) or () if not is_impossible(branch))


def _unreachable_tiers(rules: RuleSet) -> Iterator[Problem]:
    entered = {rule.then.tier for rule in rules.assign if rule.enabled and rule.mode is Mode.LIVE}
    for tier in rules.tiers:
        if tier.key not in entered:
            message = f"nothing enters tier {tier.key} ({tier.name}): no live rule of assign names it"
            yield problem(Check.UNREACHABLE_TIER, tier.at, message)


def _overwritten(rules: RuleSet) -> Iterator[Problem]:
    for label in rules.annotate:
        for decision in rules.assign:
            for what in _fought_over(label, decision):
                message = f"'{label.id}' writes {what}, which '{decision.id}' of assign writes too"
                at = label.then.marks.get(
                    "set_fields" if what.startswith("the field") else "add_tags", label.at
                )
                yield problem(Check.ANNOTATE_OVERWRITES, at, message)


def _fought_over(label: Rule, decision: Rule) -> Iterator[str]:
    decided = {plain(name) for name in decision.then.set_fields}
    yield from (f"the field '{name}'" for name in label.then.set_fields if plain(name) in decided)
    opposed = {*label.then.add_tags} & {*decision.then.remove_tags}
    opposed |= {*label.then.remove_tags} & {*decision.then.add_tags}
    yield from (f"the tag '{tag}' the other way" for tag in sorted(opposed))


def _same_outcomes(rules: RuleSet) -> Iterator[Problem]:
    """Neighbours only: with another outcome between them two rules could not be made one."""
    live = [rule for rule in rules.assign if rule.enabled]
    for first, second in pairwise(live):
        if first.then == second.then and first.mode is second.mode and first.share == second.share:
            message = f"'{second.id}' has the same outcome as '{first.id}' before it; one rule with `any` could say both"
            yield problem(Check.SAME_OUTCOME, second.at, message, is_warning=True)


def _unused(rules: RuleSet) -> Iterator[Problem]:
    for name, at in rules.unused_lists.items():
        yield problem(Check.UNUSED_LIST, at, f"no condition uses the list '{name}'", is_warning=True)
    for name, at in rules.unused_conditions.items():
        yield problem(Check.UNUSED_CONDITION, at, f"no rule uses the condition '{name}'", is_warning=True)


def _without_text(rules: RuleSet) -> list[Problem]:
    message = "the mirror keeps no ticket text (ZDSYNC_BODIES=none), so only `detects` can be asked of it"
    return [
        problem(Check.TEXT_NOT_KEPT, condition.at, message)
        for condition in rules.written_conditions()
        if plain(condition.field) in _KEPT_TEXTS and condition.operator is not Operator.DETECTS
    ]
