"""When time alone next changes a ticket's outcome, and which clocks are close: what a run need not look at before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from zdsync.calendars import FAR
from zdsync.facts import Facts
from zdsync.model import TicketId
from zdsync.rules.compile import CompiledRules
from zdsync.rules.model import Rule
from zdsync.tiers import holds
from zdsync.tiers.decide import standing
from zdsync.tiers.moves import Step, candidates, reminders


@dataclass(frozen=True, slots=True)
class ComingMove:
    """A move by a clock that comes closer: its clock is over `warn_at` and not over yet."""

    ticket_id: TicketId
    rule: Rule
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Outlook:
    """What lies ahead of a ticket: the next moment at which to decide it anew (None: not by time), and its warnings."""

    due_at: datetime | None
    warnings: tuple[ComingMove, ...] = ()


def outlook(facts: Facts, rules: CompiledRules) -> Outlook:
    """Look ahead from `facts.now`. What rules read of a ticket changes with its events, or at one of these moments.

    An early moment costs a needless look; a late one would be a lost move, so none may be missing. The last day of a
    rule is none of them: with it the rules are others, for all tickets.
    """
    if not facts.current.is_unsolved:
        return Outlook(None)
    now, seen = facts.now, standing(facts)
    steps = tuple(candidates(seen, rules))
    moments = [moment for moment in _moments(facts, rules, steps) if now < moment < FAR]
    return Outlook(min(moments, default=None), tuple(_warnings(seen, steps)))


def _moments(facts: Facts, rules: CompiledRules, steps: Sequence[Step]) -> Iterator[datetime]:
    now = facts.now
    for hold in facts.holds:
        if hold.until is not None:
            yield hold.until
    if facts.undone_until is not None:
        yield facts.undone_until
    for wait in (holds.respect(facts, rules), holds.move_limit(facts, rules)):
        if wait is not None and wait.until is not None:
            yield wait.until
    reminded = reminders(facts, rules)
    if reminded is not None:
        yield reminded[1][-1]
    if rules.asks_business_hours:
        change = rules.ladder.calendar(facts.tier).next_change(now)
        if change is not None:
            yield change
    for step in steps:
        if step.reading is not None and step.reading.due_at is not None:
            yield step.reading.due_at
            warned = _warned_at(step)
            if warned is not None:
                yield warned


def _warnings(facts: Facts, steps: Sequence[Step]) -> Iterator[ComingMove]:
    """Moves that will come by their clock, if nothing happens meanwhile, and of which somebody wants to be warned."""
    for step in steps:
        reading = step.reading
        if reading is None or reading.due_at is None or reading.is_reached(facts.now):
            continue
        warned = _warned_at(step)
        if warned is not None and warned <= facts.now and step.compiled.matches(facts):
            yield ComingMove(facts.current.id, step.rule, reading.due_at)


def _warned_at(step: Step) -> datetime | None:
    """When the clock of a rule reaches its share `warn_at`; None when it has none or stands still before."""
    if step.rule.warn_at is None or step.reading is None:
        return None
    return step.reading.share_at(step.rule.warn_at)
