"""Escalation and de-escalation: the first rule whose conditions hold and whose clock has come, and where it leads."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from zdsync.actors import Actor
from zdsync.calendars import Calendar
from zdsync.facts import Facts
from zdsync.journey import MOVED_ON
from zdsync.rules.compiled import CompiledMove, CompiledRules
from zdsync.rules.evaluate import is_live, is_on
from zdsync.rules.lengths import Clock, Length
from zdsync.rules.model import EXTERNAL, PREVIOUS, MoveRule, Rule, Tier
from zdsync.tiers.clocks import Reading, lengths_after, read_clock
from zdsync.tiers.sight import standing


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
    if facts.tier is None:
        return None, ()
    shadow: list[Rule] = []
    seen: dict[datetime | None, Facts] = {}
    for step in candidates(facts, rules, only_forced=only_forced):
        if step.reading is not None and not step.reading.is_reached(facts.now):
            continue
        due_at = step.reading.due_at if step.reading is not None else None
        if due_at not in seen:
            seen[due_at] = standing(facts, step.reading)
        if not step.compiled.matches(seen[due_at]):
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
    if not facts.own_changes and not facts.journey.moves:
        return False
    placed_at = facts.journey.governed_since
    for move in facts.journey.moves:
        own = facts.own_changes.get(move.key or "")
        is_moved_on = own.kind in MOVED_ON if own is not None else move.at != placed_at
        if move.by is Actor.ZDSYNC and is_moved_on:
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


@dataclass(frozen=True, slots=True)
class Reminders:
    """The reminders of a vendor: by which rule, from when they count, the latest one up to now, and the next.

    They come whenever another length has passed since the ticket was sent, went on hold, or came into its tier.
    """

    rule: MoveRule
    since: datetime
    latest: datetime | None
    next_at: datetime


def reminders(facts: Facts, rules: CompiledRules) -> Reminders | None:
    """The reminders of the rule that sent the ticket; None when it is with no vendor, or nobody is to be reminded."""
    if not is_with_vendor(facts, rules):
        return None
    sent = {own.rule for own in facts.own_changes.values() if own.kind == "escalated"}
    rule = next((one for one in rules.rules.escalate if _reminds(one, sent, facts.tier)), None)
    if rule is None or rule.remind_after is None:
        return None
    begins = (
        facts.journey.status_since,
        facts.journey.entered_at(),
        facts.tag_added_at.get(rules.rules.vendor.tag),
    )
    since = max(at for at in begins if at is not None)
    calendar = rules.ladder.calendar(facts.tier)
    past = _lengths_past(rule.remind_after, since, calendar, facts.now)
    latest, next_at = (lengths_after(rule.remind_after, times, since, calendar) for times in (past, past + 1))
    return Reminders(rule, since, latest if past else None, next_at)


def _lengths_past(length: Length, since: datetime, calendar: Calendar, now: datetime) -> int:
    """How many lengths have passed, told by doubling and halving: a ticket may be on hold for years."""
    many = 1
    while lengths_after(length, many, since, calendar) <= now:
        many *= 2
    return bisect_right(range(1, many), now, key=lambda times: lengths_after(length, times, since, calendar))


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
