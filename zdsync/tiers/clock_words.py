"""Clocks, targets and moments ahead in sentences that a support agent understands; times are UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from zdsync.rules.lengths import Clock
from zdsync.rules.model import EXTERNAL, PREVIOUS
from zdsync.tiers.clocks import Reading
from zdsync.tiers.due import Moment, Turn
from zdsync.tiers.notes import how_long
from zdsync.tiers.promises import Kept, TierTarget
from zdsync.tiers.prospects import Prospect

_SHOWN_SPANS = 5
_COUNTS = {
    Clock.UNANSWERED: "the customer has waited for an answer",
    Clock.UNASSIGNED: "nobody has been assigned",
    Clock.IN_TIER: "it has been in the tier",
    Clock.IN_STATUS: "it has had its status",
    Clock.OPEN_FOR: "it has been new or open",
    Clock.SINCE_CREATED: "it has existed",
    Clock.SINCE_UPDATED: "nobody has touched it",
}


def when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def destination(prospect: Prospect) -> str:
    """Where the rule leads."""
    if prospect.tier is not None:
        return f"tier {prospect.tier.key}"
    return {EXTERNAL: "a vendor", PREVIOUS: "the tier before"}.get(
        prospect.rule.to, f"tier {prospect.rule.to}"
    )


def reading_told(reading: Reading, now: datetime) -> str:
    """What a clock counts, how far it has come, and when it is due or why nobody can say."""
    open_time = "" if reading.hours.is_always else f" of open time ({reading.hours.name})"
    passed = f"{_COUNTS[reading.clock]} for {how_long(reading.elapsed_s)}{open_time} since {when(reading.started_at)}"
    if reading.due_at is not None and reading.is_reached(now):
        return f"{passed}; {reading.length} were over {when(reading.due_at)}"
    if reading.due_at is None:
        still = (
            "its hours do not open again"
            if reading.is_running
            else "the clock stands still until the ticket is open"
        )
        return f"{passed}, of {reading.length}; {still}"
    to_go = how_long(reading.hours.elapsed(now, reading.due_at))
    return f"{passed}, of {reading.length}; {to_go} to go, due {when(reading.due_at)}"


def spans_told(reading: Reading, now: datetime) -> str:
    """The open spans that were counted, the latest ones."""
    spans = reading.counted(now)
    shown = [f"{since:%m-%d %H:%M} to {until:%m-%d %H:%M}" for since, until in spans[-_SHOWN_SPANS:]]
    more = len(spans) - len(shown)
    return ", ".join([f"{more} earlier ones"] * (more > 0) + shown) or "none yet"


def target_told(target: TierTarget) -> str:
    """A target and how it stands."""
    what = f"{target.kind.value.replace('_', ' ')} within {target.length} (tier {target.tier})"
    if target.state is Kept.MET and target.ended_at is not None:
        return f"{what}: kept, done {when(target.ended_at)}"
    if target.due_at is None:
        return f"{what}: stands still"
    if target.state is Kept.DUE:
        return f"{what}: due {when(target.due_at)}"
    return f"{what}: missed {when(target.due_at)}" + (", still to be done" if target.is_open else "")


def moment_told(moment: Moment) -> str:
    """When the ticket is decided anew though nothing happens to it, and why."""
    rule = f" of {moment.rule.id}" if moment.rule is not None else ""
    why = {
        Turn.HOLD: "its hold ends",
        Turn.CONTEST: "what a rule of the account keeps undoing is tried once more",
        Turn.RESPECT: "the respect for a person's move ends",
        Turn.LIMIT: "it may be moved again",
        Turn.REMINDER: "the vendor is to be reminded",
        Turn.HOURS: "its tier's hours open or close",
        Turn.CLOCK: f"the clock{rule} comes",
        Turn.WARNING: f"the clock{rule} is close",
        Turn.TARGET: "a target of its tier is missed from then on",
    }[moment.turn]
    return f"{when(moment.at)}, when {why}"


def prospect_told(prospect: Prospect, now: datetime) -> Iterator[str]:
    """What of a rule, apart from its conditions, decides whether it moves the ticket."""
    if prospect.hindrance:
        yield f"It cannot: {prospect.hindrance}."
    if prospect.reading is not None:
        told = reading_told(prospect.reading, now)
        yield f"{told[0].upper()}{told[1:]}."
        yield f"Counted: {spans_told(prospect.reading, now)}."
    for gate in prospect.gates:
        yield f"Before that tier is missing: {', '.join(gate.missing)} (rule {gate.rule.id})."
