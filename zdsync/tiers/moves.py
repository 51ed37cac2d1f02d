"""Escalation and de-escalation: the first rule whose conditions hold and whose clock has come, and where it leads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from zdsync.actors import Actor
from zdsync.facts import Facts
from zdsync.rules.compiled import CompiledMove, CompiledRules
from zdsync.rules.evaluate import is_live, is_on
from zdsync.rules.model import EXTERNAL, PREVIOUS, Clock, MoveRule, Rule, Tier
from zdsync.tiers.clocks import Reading, after_length, read_clock

_PLACINGS = frozenset({"assigned", "adopted", "followed", "repaired", "labelled", "undone"})
"""Kinds of our own changes that are no escalation or de-escalation."""


@dataclass(frozen=True, slots=True)
class Step:
    """A rule of escalate or deescalate whose turn it is; `tier` None is for a vendor outside.

    `reading` is its clock, None when it has none.
    """

    compiled: CompiledMove
    rule: MoveRule
    tier: Tier | None
    reading: Reading | None


def candidates(facts: Facts, rules: CompiledRules, *, only_forced: bool = False) -> Iterator[Step]:
    """The rules that could move the ticket out of its tier, in order, whatever their conditions and clocks say now.

    `only_forced` leaves those that pass a hold, as they pass a vendor's turn. A rule without a clock acts only on what
    has happened since zdsync last placed or moved the ticket: so one run never follows from the one before.
    """
    here = facts.tier
    if here is None or facts.journey.governed_since is None:
        return
    is_stirred = facts.journey.is_stirred
    is_away = is_with_vendor(facts, rules)
    for compiled in (*rules.escalate, *rules.deescalate):
        rule = compiled.rule
        if here not in rule.origins or ((only_forced or is_away) and not rule.even_if_held):
            continue
        if not is_stirred and (rule.after is None or is_away):
            continue
        tier = _destination(facts, rules, rule, here)
        if tier is None and not _may_be_sent(facts, rules, rule):
            continue
        calendar = rules.ladder.calendar(here)
        reading = read_clock(rule.after, facts, calendar, facts.now) if rule.after else None
        if rule.after is not None and reading is None:
            continue
        yield Step(compiled, rule, tier, reading)


def next_step(
    facts: Facts, rules: CompiledRules, today: date, *, only_forced: bool = False
) -> tuple[Step | None, tuple[Rule, ...]]:
    """The step that is due, and the rules before it that would have acted, were they live for this ticket."""
    shadow: list[Rule] = []
    for step in candidates(facts, rules, only_forced=only_forced):
        if step.reading is not None and not step.reading.is_reached(facts.now):
            continue
        if not step.compiled.matches(facts):
            continue
        if is_live(step.rule, facts.current.id, today):
            return step, tuple(shadow)
        if is_on(step.rule, today):
            shadow.append(step.rule)
    return None, tuple(shadow)


def _destination(facts: Facts, rules: CompiledRules, rule: MoveRule, here: str) -> Tier | None:
    """The tier it leads to; None for a vendor, and where there is no lower tier to go back to."""
    if rule.to != PREVIOUS:
        return rules.rules.tier(rule.to)
    before = facts.previous_tier
    is_lower = before in rules.ladder.keys and rules.ladder.is_above(here, before)
    return rules.rules.tier(before) if before is not None and is_lower else None


def has_been_moved(facts: Facts) -> bool:
    """Whether zdsync has escalated or de-escalated this ticket: then `assign` decides it no more.

    A move of ours that the journal does not know counts as one, but for the placing that first tagged the ticket.
    """
    placed_at = facts.journey.governed_since
    for move in facts.journey.moves:
        own = facts.own_changes.get(move.key or "")
        is_known_placing = own.kind in _PLACINGS if own is not None else move.at == placed_at
        if move.by is Actor.ZDSYNC and not is_known_placing:
            return True
    return any(own.kind == "escalated" for own in facts.own_changes.values())


# Vendors


def is_with_vendor(facts: Facts, rules: CompiledRules) -> bool:
    """Whether the ticket waits for somebody outside: on hold, and marked so."""
    return facts.current.status == "hold" and rules.rules.vendor.tag in facts.current.tags


def _may_be_sent(facts: Facts, rules: CompiledRules, rule: MoveRule) -> bool:
    """Whether this rule leads to a vendor, and the ticket is with none and was not fetched back."""
    return rule.to == EXTERNAL and not is_with_vendor(facts, rules) and not _came_back(facts, rules, rule)


def _came_back(facts: Facts, rules: CompiledRules, rule: MoveRule) -> bool:
    """Whether a person has fetched the ticket back from where this rule sent it, and the rule has no new reason.

    They set another status, or took the vendor's tag away. A rule that takes a tag away has a new reason whenever the
    tag is there again.
    """
    has_sent = any(own.rule == rule.id for own in facts.own_changes.values())
    is_fetched = "status" in facts.person_fields or facts.person_tags.get(rules.rules.vendor.tag) is False
    return has_sent and is_fetched and not rule.then.remove_tags


def is_back_from_vendor(facts: Facts, rules: CompiledRules) -> bool:
    """Whether the ticket still bears our mark though it is not on hold any more."""
    tag = rules.rules.vendor.tag
    return facts.current.status != "hold" and tag in facts.tags_by_us and tag in facts.current.tags


def reminders(facts: Facts, rules: CompiledRules) -> tuple[MoveRule, tuple[datetime, ...]] | None:
    """The rule that sent the ticket to a vendor, and the moments of its reminders up to now and the next one.

    None when it is with no vendor, or the rule asks for no reminder.
    """
    since = facts.journey.status_since
    if since is None or not is_with_vendor(facts, rules):
        return None
    sent = {own.rule for own in facts.own_changes.values() if own.kind == "escalated"}
    rule = next((one for one in rules.rules.escalate if _reminds(one, sent, facts.tier)), None)
    if rule is None or rule.remind_after is None:
        return None
    calendar = rules.ladder.calendar(facts.tier)
    moments: list[datetime] = [after_length(rule.remind_after, since, calendar)]
    while moments[-1] <= facts.now:
        moments.append(after_length(rule.remind_after, moments[-1], calendar))
    return rule, tuple(moments)


def _reminds(rule: MoveRule, sent: set[str], tier: str | None) -> bool:
    return rule.to == EXTERNAL and rule.id in sent and rule.remind_after is not None and tier in rule.origins


def clock_told(reading: Reading) -> str:
    """A clock that has come, in words: what it counts, how long, and since when it was over."""
    what = _WORDS[reading.clock]
    return f"{what} for {reading.length}, reached {reading.due_at:%Y-%m-%d %H:%M} UTC"


_WORDS = {
    Clock.UNANSWERED: "unanswered",
    Clock.UNASSIGNED: "unassigned",
    Clock.IN_TIER: "in this tier",
    Clock.IN_STATUS: "in this status",
    Clock.OPEN_FOR: "open",
    Clock.SINCE_CREATED: "created and not solved",
    Clock.SINCE_UPDATED: "untouched",
}
