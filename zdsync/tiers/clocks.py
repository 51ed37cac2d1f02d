"""Clocks of moves: when each began, when it stood still, how far it has come and when it reaches its length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil

from zdsync.calendars import ALWAYS, FAR, Calendar
from zdsync.facts import Facts
from zdsync.journey import Span
from zdsync.rules.lengths import STOPPING, Clock, Length, Unit
from zdsync.rules.model import After

TRANSCRIPTS = frozenset(
    "chat native_messaging line wechat whatsapp telegram viber kakaotalk instagram_dm twitter_dm facebook_message "
    "apple_business_chat google_rcs google_business_messages messagebird_sms mailgun twilio_sms "
    "sunshine_conversations_api sunshine_conversations_facebook_messenger sunshine_conversations_twitter_dm "
    "business_messaging_slack_connect chat_transcript".split()
)
"""Channels whose replies stand in a transcript that is not read: nobody can tell there who waits for whom."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One clock of one ticket, read at a moment.

    `running` are the times in which it ran; the last one is open-ended while it runs. `due_at` is when it reaches its
    length, in the past once it has; None while it stands still before that. `elapsed_s` is what has passed, counted in
    `hours`: the tier's calendar for a unit of business time, else round the clock.
    """

    clock: Clock
    length: Length
    started_at: datetime
    running: tuple[Span, ...]
    elapsed_s: int
    due_at: datetime | None
    hours: Calendar

    def is_reached(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at <= now

    @property
    def is_running(self) -> bool:
        return bool(self.running) and self.running[-1].until is None

    def counted(self, now: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """The open spans that make up what has passed, oldest first."""
        spans = ((span.since, min(span.until or now, now)) for span in self.running)
        return tuple(opened for span in spans for opened in self.hours.open_spans(*span))

    def share_at(self, share: Fraction) -> datetime | None:
        """When it reaches this share of its length; None while nobody knows when it is due."""
        if self.due_at is None:
            return None
        due = self.due_at
        ran = [
            (span.since, self.hours.elapsed(span.since, min(span.until or due, due)))
            for span in self.running
            if span.since <= due
        ]
        needed = ceil(sum(seconds for _, seconds in ran) * share)
        while needed > ran[0][1]:
            needed -= ran.pop(0)[1]
        return self.hours.add(ran[0][0], needed)


def read_clock(after: After, facts: Facts, calendar: Calendar, now: datetime) -> Reading | None:
    """The clock of a rule that moves the ticket out of its tier; None when it does not run or cannot be known.

    It counts from the later of its own beginning and the ticket's entry into the tier, so that one late ticket does
    not climb two tiers in two runs.
    """
    entered = facts.journey.entered_at()
    began = begin_of(after.clock, facts)
    if entered is None or began is None:
        return None
    return read_length(after.clock, after.length, max(began, entered), facts, calendar, now)


def read_length(
    clock: Clock, length: Length, start: datetime, facts: Facts, calendar: Calendar, now: datetime
) -> Reading:
    """The clock counted from `start`, in `calendar` when its unit is one of business time."""
    running = facts.journey.running(start, now) if clock in STOPPING else (Span(start, None),)
    hours = calendar if length.unit.is_business else ALWAYS
    elapsed = sum(hours.elapsed(span.since, min(span.until or now, now)) for span in running)
    return Reading(clock, length, start, running, elapsed, due_at(length, start, running, hours), hours)


def begin_of(clock: Clock, facts: Facts) -> datetime | None:
    """When the clock began for this ticket; None when it does not run, or its history does not tell."""
    if not facts.has_whole_history:
        return None
    journey = facts.journey
    match clock:
        case Clock.UNANSWERED:
            return None if facts.current.channel in TRANSCRIPTS else journey.waiting_since
        case Clock.UNASSIGNED:
            return journey.unassigned_since
        case Clock.IN_TIER:
            return journey.entered_at()
        case Clock.IN_STATUS:
            return journey.status_since
        case Clock.SINCE_UPDATED:
            return journey.others_did_at
        case _:
            return facts.current.created_at


def due_at(length: Length, start: datetime, running: Sequence[Span], hours: Calendar) -> datetime | None:
    """When a clock that ran in these times reaches `length`; None when it has not, and stands still.

    Time in which it stood still moves its beginning by as much open time: so a pause of two business hours makes a
    clock of days end two business hours later.
    """
    for span in running:
        shifted = hours.add(start, hours.elapsed(start, span.since) - _ran(running, span, hours))
        reached = max(_end(length, shifted, hours), span.since)
        if span.until is None or reached <= span.until:
            return None if reached >= FAR else reached
    return None


def _ran(running: Sequence[Span], until: Span, hours: Calendar) -> int:
    """Open seconds in which the clock ran before this time."""
    earlier = running[: running.index(until)]
    return sum(hours.elapsed(span.since, span.until) for span in earlier if span.until is not None)


def _end(length: Length, start: datetime, hours: Calendar) -> datetime:
    if length.unit is Unit.BUSINESS_DAYS:
        return hours.add_days(start, length.amount)
    return hours.add(start, length.amount * length.unit.seconds)


def after_length(length: Length, start: datetime, calendar: Calendar) -> datetime:
    """`length` after `start`, without pauses, in `calendar` when its unit is one of business time."""
    return _end(length, start, calendar if length.unit.is_business else ALWAYS)


def lengths_after(length: Length, times: int, start: datetime, calendar: Calendar) -> datetime:
    """`times` lengths after `start`."""
    return after_length(replace(length, amount=length.amount * times), start, calendar)


def before_length(length: Length, now: datetime) -> datetime:
    """The moment one length of plain time before `now`."""
    return now - timedelta(seconds=length.amount * length.unit.seconds)
