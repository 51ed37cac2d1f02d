"""Why rules leave a ticket alone for now: a hold, a person's recent move, or too many moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zdsync.actors import Actor
from zdsync.facts import Facts
from zdsync.model import Hold, HoldReason
from zdsync.rules.compiled import CompiledRules
from zdsync.tiers.clocks import after_length, before_length


@dataclass(frozen=True, slots=True)
class Wait:
    """A reason to leave a ticket where it is, and when it ends by itself; None: not by time."""

    reason: str
    until: datetime | None


def hold_in_force(facts: Facts, rules: CompiledRules) -> Hold | None:
    """The hold that binds now, an undo's before one by hand."""
    if not facts.holds:
        return None
    held = [hold for hold in facts.holds if hold.is_in_force(facts.now, rules.rules.digest)]
    return min(held, key=lambda hold: hold.reason is not HoldReason.UNDO, default=None)


def told(hold: Hold) -> Wait:
    who = f"undone by run {hold.run_id}" if hold.reason is HoldReason.UNDO else "held by hand"
    end = "a release" if hold.until is None else f"{hold.until:%Y-%m-%d %H:%M} UTC"
    how_long = f"until {'the rules change or ' * (hold.rules_digest is not None)}{end}"
    return Wait(f"{who}; left alone {how_long}", hold.until)


def respect(facts: Facts, rules: CompiledRules) -> Wait | None:
    """The respect for a person's move to another tier, counted in the calendar of the tier moved to."""
    move = facts.journey.moves[-1] if facts.journey.moves else None
    if move is None or move.by is not Actor.PERSON or move.to != facts.tier:
        return None
    until = after_length(rules.rules.manual_override, move.at, rules.ladder.calendar(move.to))
    if until <= facts.now:
        return None
    reason = f"a person moved it from tier {move.origin} to tier {move.to}; left to them until {until:%Y-%m-%d %H:%M} UTC"
    return Wait(reason, until)


def move_limit(facts: Facts, rules: CompiledRules) -> Wait | None:
    """The bound on moves by anybody, when one more would be over it."""
    limit = rules.rules.move_limit
    if limit is None:
        return None
    since = before_length(limit.per, facts.now)
    lately = [move.at for move in facts.journey.moves if move.at > since]
    if len(lately) < limit.at_most:
        return None
    until = after_length(limit.per, lately[-limit.at_most], rules.ladder.calendar(facts.tier))
    times = f"{len(lately)} time{'s' * (len(lately) != 1)}"
    reason = f"moved {times} within {limit.per}, more than {limit.at_most} are not made; no further move until {until:%Y-%m-%d %H:%M} UTC"
    return Wait(reason, until)
