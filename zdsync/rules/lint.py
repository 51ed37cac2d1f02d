"""Faults that need neither account nor history: rules that can never match or win, outcomes that fight, leftovers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from zdsync.errors import Problem
from zdsync.rules.findings import Check, problem, quoted
from zdsync.rules.hidden import hidden_rules
from zdsync.rules.lint_moves import lint_moves
from zdsync.rules.logic import branches, clash, is_impossible
from zdsync.rules.model import AnyCondition, Condition, NamedCondition, Operator, Rule, RuleSet
from zdsync.rules.vocabulary import plain

_KEPT_TEXTS = frozenset({"subject", "description", "comment", "text"})


def lint(rules: RuleSet, *, keeps_text: bool = True) -> tuple[Problem, ...]:
    """Errors and warnings in file order. `keeps_text` is false when the mirror keeps no ticket text at all."""
    found = [
        *_impossible(rules),
        *hidden_rules(rules),
        *lint_moves(rules),
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


def _overwritten(rules: RuleSet) -> Iterator[Problem]:
    for label in rules.annotate:
        for decision in (*rules.assign, *rules.moves):
            for what in _fought_over(label, decision):
                yield _fight(label, what, f"which '{decision.id}' writes too")
        for gate in rules.require:
            for tag in sorted({*label.then.add_tags, *label.then.remove_tags} & {*gate.missing_tags}):
                yield _fight(label, f"the tag '{tag}'", f"which the gate '{gate.id}' sets and takes away")


def _fight(label: Rule, what: str, who: str) -> Problem:
    key = "set_fields" if what.startswith("the field") else "add_tags"
    message = f"'{label.id}' writes {what}, {who}"
    return problem(Check.ANNOTATE_OVERWRITES, label.then.marks.get(key, label.at), message)


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
    conditions = [
        problem(Check.TEXT_NOT_KEPT, condition.at, message)
        for condition in rules.written_conditions()
        if plain(condition.field) in _KEPT_TEXTS and condition.operator is not Operator.DETECTS
    ]
    gates = [
        problem(Check.TEXT_NOT_KEPT, gate.marks.get("fields", gate.at), message)
        for gate in rules.require
        if _KEPT_TEXTS.intersection(map(plain, gate.fields))
    ]
    return conditions + gates
