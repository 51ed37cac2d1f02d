"""When time alone next changes a ticket's outcome, and which clocks are close: what a run need not look at before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zdsync.calendars import FAR
from zdsync.facts import Facts
from zdsync.model import HoldReason, TicketId
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.model import Rule
from zdsync.tiers import holds
from zdsync.tiers.moves import Step, candidates, reminders
from zdsync.tiers.promises import TierTarget, promised
from zdsync.tiers.sight import standing


class Turn(StrEnum):
    """What happens at a moment at which a ticket is to be decided anew."""

    HOLD = "hold"
    """A hold by hand, or of an undo, ends."""
    CONTEST = "contest"
    """What a rule of the account has set back again and again is tried once more."""
    RESPECT = "respect"
    LIMIT = "limit"
    REMINDER = "reminder"
    HOURS = "hours"
    """The tier's calendar opens or closes, and a condition asks for it."""
    CLOCK = "clock"
    """The clock of a rule comes."""
    WARNING = "warning"
    TARGET = "target"
    """A target of the tier is missed from then on; it moves nothing, but is told."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment that may change a ticket's outcome, why, and for a clock or a warning whose."""

    at: datetime
    turn: Turn
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class ComingMove:
    """A move by a clock that comes closer: its clock is over `warn_at` and not over yet."""

    ticket_id: TicketId
    rule: Rule
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Outlook:
    """What lies ahead of a ticket: the next moment at which to decide it anew (None: not by time), warnings, targets.

    Targets are those given so far, kept ones too; none for a ticket whose history is not whole.
    """

    next: Moment | None
    warnings: tuple[ComingMove, ...] = ()
    targets: tuple[TierTarget, ...] = ()

    @property
    def due_at(self) -> datetime | None:
        return self.next.at if self.next else None


def outlook(facts: Facts, rules: CompiledRules) -> Outlook:
    """Look ahead from `facts.now`. What rules read of a ticket changes with its events, or at one of these moments.

    An early moment costs a needless look; a late one would be a lost move, so none may be missing. The last day of a
    rule is none of them: with it the rules are others, for all tickets.
    """
    if not facts.current.is_unsolved:
        return Outlook(None)
    now, steps = facts.now, tuple(candidates(facts, rules))
    targets: tuple[TierTarget, ...] = ()
    if facts.has_whole_history:
        targets = promised(facts.current, facts.journey, rules, now)
    moments = [*_moments(facts, rules, steps), *_missed(targets)]
    ahead = [moment for moment in moments if now < moment.at < FAR]
    next_one = min(ahead, key=lambda one: one.at, default=None)
    return Outlook(next_one, tuple(_warnings(facts, rules, steps)), targets)


def _missed(targets: tuple[TierTarget, ...]) -> Iterator[Moment]:
    """From when on targets that are not kept yet are missed."""
    for target in targets:
        if target.is_open and target.due_at is not None:
            yield Moment(target.due_at, Turn.TARGET)


def _moments(facts: Facts, rules: CompiledRules, steps: Sequence[Step]) -> Iterator[Moment]:
    now = facts.now
    for hold in facts.holds:
        if hold.until is not None:
            yield Moment(hold.until, Turn.HOLD)
    if facts.undone_until is not None:
        yield Moment(facts.undone_until, Turn.CONTEST)
    waits = ((Turn.RESPECT, holds.respect(facts, rules)), (Turn.LIMIT, holds.move_limit(facts, rules)))
    for turn, wait in waits:
        if wait is not None and wait.until is not None:
            yield Moment(wait.until, turn)
    reminded = reminders(facts, rules)
    if reminded is not None:
        yield Moment(reminded.next_at, Turn.REMINDER)
    if rules.asks_business_hours:
        change = rules.ladder.calendar(facts.tier).next_change(now)
        if change is not None:
            yield Moment(change, Turn.HOURS)
    for step in steps:
        if step.reading is not None and step.reading.due_at is not None:
            yield Moment(step.reading.due_at, Turn.CLOCK, step.rule)
            warned = _warned_at(step)
            if warned is not None:
                yield Moment(warned, Turn.WARNING, step.rule)


def _warnings(facts: Facts, rules: CompiledRules, steps: Sequence[Step]) -> Iterator[ComingMove]:
    """Moves that will come by their clock, if nothing happens meanwhile, and of which somebody wants to be warned."""
    for step in steps:
        reading = step.reading
        if reading is None or reading.due_at is None or reading.is_reached(facts.now):
            continue
        warned = _warned_at(step)
        is_close = warned is not None and warned <= facts.now
        if (
            is_close
            and step.compiled.matches(standing(facts, reading))
            and not _is_kept_until(reading.due_at, step, facts, rules)
        ):
            yield ComingMove(facts.current.id, step.rule, reading.due_at)


def _is_kept_until(due: datetime, step: Step, facts: Facts, rules: CompiledRules) -> bool:
    """Whether a hold, a person's move or the move limit keeps the ticket where it is when the clock comes."""
    waits = [] if step.tier is None else [holds.move_limit(facts, rules)]
    hold = holds.hold_in_force(facts, rules)
    is_undone = hold is not None and hold.reason is HoldReason.UNDO
    if is_undone or not step.rule.even_if_held:
        waits += [holds.told(hold) if hold else None, holds.respect(facts, rules)]
    return any(wait is not None and (wait.until is None or wait.until > due) for wait in waits)


def _warned_at(step: Step) -> datetime | None:
    """When the clock of a rule reaches its share `warn_at`; None when it has none or stands still before."""
    if step.rule.warn_at is None or step.reading is None:
        return None
    return step.reading.share_at(step.rule.warn_at)
