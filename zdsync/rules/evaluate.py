"""Asking rules about a ticket: which match, which of them act, and a separate trace of what was looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from zdsync.facts import Facts
from zdsync.model import TicketId
from zdsync.rules.compiled import CompiledCondition, CompiledRule
from zdsync.rules.model import AnyCondition, Mode, Rule

_HASH_RANGE = 1 << 64


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """What one condition found: the value it looked at, and which of its words; parts of a named one under `all`, `any`.

    `actual` is None for a missing value and "" for a text too long to be shown.
    """

    condition: AnyCondition
    holds: bool
    actual: object
    found: tuple[str, ...] = ()
    all: tuple[ConditionTrace, ...] = ()
    any: tuple[ConditionTrace, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """Every condition of one rule, asked about one ticket."""

    rule: Rule
    matches: bool
    all: tuple[ConditionTrace, ...] = ()
    any: tuple[ConditionTrace, ...] = ()


Step = tuple[CompiledRule, CompiledCondition | None]
"""A rule that was passed over and its first condition that failed; None when every one of `any` failed, or it matched
but is not live for this ticket."""


def first_match(rules: Sequence[CompiledRule], facts: Facts, today: date) -> CompiledRule | None:
    """The first rule that matches and is live for this ticket; a shadow rule never stops the search."""
    for rule in rules:
        if rule.matches(facts) and is_live(rule.rule, facts.ticket.id, today):
            return rule
    return None


def first_match_with_steps(
    rules: Sequence[CompiledRule], facts: Facts, today: date
) -> tuple[CompiledRule | None, tuple[Step, ...]]:
    """As `first_match`, with a step for each rule passed over."""
    steps: list[Step] = []
    for rule in rules:
        for one in rule.all:
            if not one.holds(facts):
                steps.append((rule, one))
                break
        else:
            if rule.matches(facts) and is_live(rule.rule, facts.ticket.id, today):
                return rule, tuple(steps)
            steps.append((rule, None))
    return None, tuple(steps)


def all_matches(rules: Sequence[CompiledRule], facts: Facts) -> tuple[CompiledRule, ...]:
    """Every rule that matches, in order, live or not."""
    return tuple([rule for rule in rules if rule.matches(facts)])


def is_on(rule: Rule, today: date) -> bool:
    """Whether the rule is enabled and not past its last day."""
    return rule.enabled and (rule.until is None or today <= rule.until)


def is_live(rule: Rule, ticket_id: TicketId, today: date) -> bool:
    """Whether the rule's outcome is carried out for this ticket today."""
    return rule.is_steady or (is_on(rule, today) and rule.mode is Mode.LIVE and is_sampled(rule, ticket_id))


def is_sampled(rule: Rule, ticket_id: TicketId) -> bool:
    """Whether the ticket is in the rule's share: the same answer every time, and still yes when the share grows."""
    if rule.share == 1:
        return True
    seed = hashlib.sha256(f"{rule.id}:{ticket_id}".encode()).digest()
    return int.from_bytes(seed[:8], "big") < rule.share * _HASH_RANGE


def trace(rule: CompiledRule, facts: Facts) -> Trace:
    """Ask every condition of the rule, also after one has failed."""
    return Trace(rule.rule, rule.matches(facts), _trace(rule.all, facts), _trace(rule.any, facts))


def _trace(conditions: Sequence[CompiledCondition], facts: Facts) -> tuple[ConditionTrace, ...]:
    return tuple(
        ConditionTrace(
            one.condition,
            one.holds(facts),
            one.actual(facts),
            one.found(facts),
            _trace(one.all, facts),
            _trace(one.any, facts),
        )
        for one in conditions
    )
