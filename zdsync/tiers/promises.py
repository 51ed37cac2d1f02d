"""Targets of tiers measured: what was promised about a ticket, until when, and whether it was kept; they move nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zdsync.calendars import ALWAYS, Calendar
from zdsync.journey import Journey, Span
from zdsync.model import Ticket
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.lengths import Length
from zdsync.rules.model import TargetKind
from zdsync.tiers.clocks import TRANSCRIPTS, due_at


class Kept(StrEnum):
    """How a target stands."""

    DUE = "due"
    """Still to be kept: its time is not over, or stands still."""
    MET = "met"
    MISSED = "missed"
    """Its time was over first; what was promised may still have to be done."""


@dataclass(frozen=True, slots=True)
class TierTarget:
    """One promise of a tier about one ticket. `position` is the place of the stay in whose tier it was given.

    `due_at` is when its time is or would have been over; None where it stands still before that. `ended_at` is when what was promised was
    done, None while it is not. `hours` is the time it counts in.
    """

    kind: TargetKind
    position: int
    tier: str
    priority: str | None
    length: Length
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    state: Kept
    hours: Calendar
    elapsed_s: int
    """What of its time has passed, until it was done or now."""

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


def promised(ticket: Ticket, journey: Journey, rules: CompiledRules, now: datetime) -> tuple[TierTarget, ...]:
    """Every target of a ticket whose history is whole, by the stay that it belongs to and the order of kinds.

    `in_tier` is asked of each stay since zdsync was there, and stands still as that clock does. `first_reply` and
    `solve` count from creation without pause, in the tier where the ticket was when it was answered or solved, else
    where it is; a ticket solved without a reply needs none any more. Each goes by the ticket's present priority.
    """
    if journey.is_out or not journey.stays:
        return ()
    found = [*_in_tier(ticket, journey, rules, now), *_since_creation(ticket, journey, rules, now)]
    return tuple(sorted(found, key=lambda one: (one.position, one.kind)))


def _in_tier(ticket: Ticket, journey: Journey, rules: CompiledRules, now: datetime) -> Iterator[TierTarget]:
    since = journey.governed_since
    for position, stay in enumerate(journey.stays):
        if since is None or (stay.left_at is not None and stay.left_at <= since):
            continue
        start = max(stay.entered_at, since)
        running = _until(journey.running(start, stay.left_at or now), stay.left_at)
        yield from _measure(
            TargetKind.IN_TIER, ticket, rules, position, stay.tier, start, stay.left_at, running, now
        )


def _since_creation(
    ticket: Ticket, journey: Journey, rules: CompiledRules, now: datetime
) -> Iterator[TierTarget]:
    ends = {TargetKind.SOLVE: journey.solved_at}
    if ticket.channel not in TRANSCRIPTS:
        ends[TargetKind.FIRST_REPLY] = journey.first_reply_at or journey.solved_at
    for kind, end in ends.items():
        position = _stay_at(journey, end or now)
        running = (Span(ticket.created_at, end),)
        tier = journey.stays[position].tier
        yield from _measure(kind, ticket, rules, position, tier, ticket.created_at, end, running, now)


def _stay_at(journey: Journey, at: datetime) -> int:
    """The stay in which the ticket was at a moment, or had been last; the first one where there was none yet."""
    begun = [position for position, stay in enumerate(journey.stays) if stay.entered_at <= at]
    return begun[-1] if begun else 0


def _until(running: tuple[Span, ...], end: datetime | None) -> tuple[Span, ...]:
    if end is None:
        return running
    return tuple(Span(span.since, min(span.until or end, end)) for span in running)


def _measure(
    kind: TargetKind,
    ticket: Ticket,
    rules: CompiledRules,
    position: int,
    tier: str,
    start: datetime,
    end: datetime | None,
    running: tuple[Span, ...],
    now: datetime,
) -> Iterator[TierTarget]:
    of_tier = rules.rules.tier(tier)
    promise = of_tier.promise(kind, ticket.priority) if of_tier else None
    if promise is None:
        return
    hours = rules.ladder.calendar(tier) if promise.length.unit.is_business else ALWAYS
    due = due_at(promise.length, start, _as_if_going_on(running, end), hours)
    yield TierTarget(
        kind=kind,
        position=position,
        tier=tier,
        priority=ticket.priority,
        length=promise.length,
        started_at=start,
        due_at=due,
        ended_at=end,
        state=_state(due, end, now),
        hours=hours,
        elapsed_s=sum(hours.elapsed(span.since, min(span.until or now, now)) for span in running),
    )


def _as_if_going_on(running: tuple[Span, ...], end: datetime | None) -> tuple[Span, ...]:
    """The same times without the end that was put to them, so that a target kept early has its due moment, too."""
    if not running or running[-1].until != end:
        return running
    return (*running[:-1], Span(running[-1].since, None))


def _state(due: datetime | None, end: datetime | None, now: datetime) -> Kept:
    if end is not None:
        return Kept.MISSED if due is not None and due < end else Kept.MET
    return Kept.MISSED if due is not None and due <= now else Kept.DUE
