"""Clocks: their beginning, their pauses, when they reach a length and how far they have come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from tests.build import AGENT, CUSTOMER, ENGINEERING, FRONTLINE, NOW, WORKER, event, moment
from tests.unit.tiers.build import (
    OFFICE,
    OURS,
    after,
    bound,
    business_days,
    business_hours,
    hours,
    ours,
    placed,
    standing,
)
from zdsync.calendars import ALWAYS, Calendar, Week
from zdsync.facts import Facts, derive
from zdsync.journey import Span
from zdsync.model import Case
from zdsync.rules.lengths import Clock, Length, Unit
from zdsync.tiers.clocks import after_length, before_length, begin_of, due_at, read_clock

RULES = bound(calendars={"1": OFFICE})
FRIDAY = "2026-11-20 "
"""The day of NOW, a working day of office hours."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NOW.tzinfo)


def facts(given: Case, now: datetime = NOW) -> Facts:
    return derive(given, now, RULES.ladder)


def span(since: str, until: str | None) -> Span:
    return Span(at(FRIDAY + since), at(FRIDAY + until) if until else None)


class TestBeginnings:
    WORKED = placed(
        "1",
        FRONTLINE,
        event(AGENT, ("assignee_id", AGENT, None), ("status", "open", "new"), reply="Hi", at=-500),
        event(AGENT, ("assignee_id", None, AGENT), at=-400),
        event(CUSTOMER, reply="And now?", at=-300),
        event(CUSTOMER, reply="Hello?", at=-200),
        ours(("priority", "high"), at=-100),
    )

    @pytest.mark.parametrize(
        ("clock", "minutes"),
        [
            (Clock.UNANSWERED, -300),
            (Clock.UNASSIGNED, -400),
            (Clock.IN_TIER, -600),
            (Clock.IN_STATUS, -500),
            (Clock.OPEN_FOR, -600),
            (Clock.SINCE_CREATED, -600),
            (Clock.SINCE_UPDATED, -200),
        ],
    )
    def test_when_a_clock_began(self, clock: Clock, minutes: float) -> None:
        """Each from its own moment of the history; what zdsync wrote counts for none."""
        assert begin_of(clock, facts(self.WORKED)) == moment(minutes)

    @pytest.mark.parametrize("clock", Clock)
    def test_without_whole_history_nobody_knows(self, clock: Clock) -> None:
        """No clock fires on a ticket whose beginning is not mirrored."""
        given = facts(replace(self.WORKED, has_whole_history=False))
        assert begin_of(clock, given) is None
        assert read_clock(after(clock, hours(1)), given, ALWAYS, NOW) is None

    @pytest.mark.parametrize(
        ("channel", "is_known"), [("email", True), ("native_messaging", False), ("chat", False)]
    )
    def test_transcripts_are_not_read(self, channel: str, is_known: bool) -> None:
        """In a conversation whose transcript is not parsed nobody can tell who waits for whom."""
        given = placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, channel=channel))
        assert (begin_of(Clock.UNANSWERED, facts(given)) is not None) is is_known

    def test_an_answered_ticket_waits_for_nobody(self) -> None:
        """The clock does not run at all."""
        given = facts(placed("1", FRONTLINE, event(AGENT, reply="Hi", at=-10)))
        assert read_clock(after(Clock.UNANSWERED, hours(1)), given, ALWAYS, NOW) is None

    def test_a_ticket_of_no_tier_has_no_clock_of_a_move(self) -> None:
        """Where there is nothing to leave, nothing is counted."""
        given = replace(placed("1", FRONTLINE), events=placed("1", FRONTLINE).events[:1])
        assert read_clock(after(Clock.SINCE_CREATED, hours(1)), facts(given), ALWAYS, NOW) is None


class TestLaterOf:
    """A clock counts from the later of its beginning, the entry into the tier, and the first tier tag ever."""

    @pytest.mark.parametrize(
        "clock", [Clock.UNANSWERED, Clock.UNASSIGNED, Clock.OPEN_FOR, Clock.SINCE_CREATED]
    )
    def test_entry_into_the_tier(self, clock: Clock) -> None:
        """So one late ticket does not climb two tiers in two runs."""
        moved = ours(("tags", ("tier_3",), ("tier_1",)), ("group_id", ENGINEERING), at=-30)
        given = facts(placed("1", FRONTLINE, moved, ticket=standing("3", ENGINEERING)))
        reading = read_clock(after(clock, hours(1)), given, ALWAYS, NOW)
        assert reading is not None
        assert (reading.started_at, reading.elapsed_s, reading.due_at) == (moment(-30), 1800, moment(30))

    def test_on_the_first_day_nothing_is_late(self) -> None:
        """A ticket in its group for days counts from the day on which zdsync tagged it."""
        given = placed(
            "1",
            FRONTLINE,
            event(AGENT, ("group_id", FRONTLINE), at=-5000),
            event(WORKER, ("tags", ("tier_1",), ()), key="run-1:2", at=-20),
            at=-6000,
        )
        given = replace(given, events=(given.events[0], *given.events[2:]))
        reading = read_clock(after(Clock.IN_TIER, hours(1)), facts(given), ALWAYS, NOW)
        assert reading is not None
        assert reading.started_at == moment(-20)

    def test_a_later_beginning(self) -> None:
        """The comment of today counts from today."""
        given = placed(
            "1", FRONTLINE, event(AGENT, reply="Hi", at=-90), event(CUSTOMER, reply="And?", at=-40)
        )
        reading = read_clock(after(Clock.UNANSWERED, hours(1)), facts(given), ALWAYS, NOW)
        assert reading is not None
        assert reading.started_at == moment(-40)


class TestPauses:
    PAUSED = placed(
        "1",
        FRONTLINE,
        event(AGENT, ("status", "pending", "new"), at=-90),
        event(CUSTOMER, ("status", "open", "pending"), at=-30),
        at=-120,
    )

    @pytest.mark.parametrize("clock", [Clock.UNANSWERED, Clock.UNASSIGNED, Clock.IN_TIER, Clock.OPEN_FOR])
    def test_these_stand_still(self, clock: Clock) -> None:
        """On pending and hold nobody of the team has the ball; what has run stays run."""
        reading = read_clock(after(clock, hours(2)), facts(self.PAUSED), ALWAYS, NOW)
        assert reading is not None
        assert reading.running == (Span(moment(-120), moment(-90)), Span(moment(-30), None))
        assert (reading.elapsed_s, reading.due_at, reading.is_running) == (3600, moment(60), True)
        assert reading.counted(NOW) == ((moment(-120), moment(-90)), (moment(-30), NOW))

    @pytest.mark.parametrize(
        ("clock", "began"), [(Clock.IN_STATUS, -30), (Clock.SINCE_CREATED, -120), (Clock.SINCE_UPDATED, -30)]
    )
    def test_these_never_stop(self, clock: Clock, began: float) -> None:
        """They count on in every status."""
        reading = read_clock(after(clock, hours(3)), facts(self.PAUSED), ALWAYS, NOW)
        assert reading is not None
        assert (reading.started_at, reading.running) == (moment(began), (Span(moment(began), None),))

    def test_one_that_stands_still_is_due_never(self) -> None:
        """Nobody knows when it goes on."""
        given = placed("1", FRONTLINE, event(AGENT, ("status", "pending", "new"), at=-90), at=-120,
                       ticket=standing("1", FRONTLINE, status="pending"))  # fmt: skip
        reading = read_clock(after(Clock.IN_TIER, hours(2)), facts(given), ALWAYS, NOW)
        assert reading is not None
        assert (reading.due_at, reading.is_reached(NOW), reading.is_running) == (None, False, False)
        assert reading.share_at(Fraction(1, 2)) is None

    def test_one_that_had_come_before_it_stood_still_has_come(self) -> None:
        """A late run still acts, and knows the true moment."""
        given = placed("1", FRONTLINE, event(AGENT, ("status", "pending", "new"), at=-10), at=-120,
                       ticket=standing("1", FRONTLINE, status="pending"))  # fmt: skip
        reading = read_clock(after(Clock.IN_TIER, hours(1)), facts(given), ALWAYS, NOW)
        assert reading is not None
        assert (reading.due_at, reading.is_reached(NOW)) == (moment(-60), True)

    def test_paused_from_the_start(self) -> None:
        """A clock that never ran has no span and no moment."""
        given = placed("1", FRONTLINE, event(AGENT, ("status", "pending", "new"), at=-120), at=-120,
                       ticket=standing("1", FRONTLINE, status="pending"))  # fmt: skip
        moved = ours(("tags", ("tier_3",), ("tier_1",)), at=-60)
        given = replace(given, events=(*given.events, replace(moved, id=9)))
        reading = read_clock(after(Clock.IN_TIER, hours(1)), facts(given), ALWAYS, NOW)
        assert reading is not None
        assert (reading.running, reading.elapsed_s, reading.due_at, reading.is_running) == (
            (),
            0,
            None,
            False,
        )


class TestUnits:
    @pytest.mark.parametrize(
        ("length", "due"),
        [
            (Length(90, Unit.MINUTES), "2026-11-20 12:30"),
            (Length(6, Unit.HOURS), "2026-11-20 17:00"),
            (Length(2, Unit.DAYS), "2026-11-22 11:00"),
            (Length(90, Unit.BUSINESS_MINUTES), "2026-11-20 12:30"),
            (Length(8, Unit.BUSINESS_HOURS), "2026-11-23 10:30"),
            (Length(1, Unit.BUSINESS_DAYS), "2026-11-23 11:00"),
            (Length(2, Unit.BUSINESS_DAYS), "2026-11-24 11:00"),
        ],
    )
    def test_each_unit(self, length: Length, due: str) -> None:
        """Plain units count round the clock, business units in the tier's calendar, over a weekend."""
        reading = read_clock(after(Clock.IN_TIER, length), facts(placed("1", FRONTLINE, at=-60)), OFFICE, NOW)
        assert reading is not None
        assert reading.due_at == at(due)
        assert reading.hours is (OFFICE if length.unit.is_business else ALWAYS)
        assert reading.elapsed_s == 3600

    def test_a_pause_moves_a_clock_of_days_by_the_open_time_it_took(self) -> None:
        """Two open hours of pause end a business day two open hours later, over closing time too."""
        running = (span("10:00", "11:00"), span("13:00", None))
        assert due_at(business_days(1), running[0].since, running, OFFICE) == at("2026-11-23 12:00")
        running = (span("16:00", "16:30"), Span(at("2026-11-23 10:00"), None))
        assert due_at(business_days(1), running[0].since, running, OFFICE) == at("2026-11-24 09:30")

    def test_a_pause_in_closed_time_takes_nothing(self) -> None:
        """Nothing was to be counted meanwhile."""
        running = (span("10:00", "17:30"), Span(at("2026-11-23 09:00"), None))
        assert due_at(business_days(1), running[0].since, running, OFFICE) == at("2026-11-23 10:00")
        assert due_at(business_hours(8), running[0].since, running, OFFICE) == at("2026-11-23 09:30")

    def test_a_day_that_ended_in_a_pause_ends_with_it(self) -> None:
        """What is reached while the clock stands still is reached when it goes on."""
        running = (span("10:00", "17:00"), Span(at("2026-11-23 09:15"), None))
        assert due_at(hours(7), running[0].since, running, ALWAYS) == at(FRIDAY + "17:00")
        assert due_at(business_hours(8), running[0].since, running, OFFICE) == at("2026-11-23 10:15")

    def test_a_calendar_that_does_not_open_is_never_due(self) -> None:
        """It has no moment to tell."""
        closed = Calendar("closed", (Week("UTC", ()),))
        assert due_at(business_hours(1), NOW, (Span(NOW, None),), closed) is None

    def test_lengths_without_pauses(self) -> None:
        """For respect, reminders and limits."""
        assert after_length(business_hours(6), NOW, OFFICE) == at("2026-11-23 09:30")
        assert after_length(hours(6), NOW, OFFICE) == at("2026-11-20 18:00")
        assert before_length(Length(2, Unit.DAYS), NOW) == NOW - timedelta(days=2)


class TestShares:
    def test_a_share_of_the_length(self) -> None:
        """75 % of four business hours, counted where the clock ran."""
        reading = read_clock(
            after(Clock.IN_TIER, business_hours(4)), facts(placed("1", FRONTLINE, at=-60)), OFFICE, NOW
        )
        assert reading is not None
        assert reading.share_at(Fraction(3, 4)) == moment(120)
        assert reading.share_at(Fraction(1)) == reading.due_at == moment(180)

    def test_a_share_over_a_pause(self) -> None:
        """Half of two hours lies in the first time, three quarters in the second."""
        reading = read_clock(after(Clock.IN_TIER, hours(2)), facts(TestPauses.PAUSED), ALWAYS, NOW)
        assert reading is not None
        assert reading.share_at(Fraction(1, 4)) == moment(-90)
        assert reading.share_at(Fraction(3, 4)) == moment(30)

    def test_a_pause_after_the_end_changes_nothing(self) -> None:
        """Only the time up to the end is shared out."""
        given = placed(
            "1",
            FRONTLINE,
            event(AGENT, ("status", "pending", "new"), at=-30),
            event(CUSTOMER, ("status", "open", "pending"), at=-10),
            at=-120,
        )
        reading = read_clock(after(Clock.IN_TIER, hours(1)), facts(given), ALWAYS, NOW)
        assert reading is not None
        assert (reading.due_at, reading.share_at(Fraction(1, 2))) == (moment(-60), moment(-90))

    def test_a_business_day_of_no_open_time_is_shared_at_its_end(self) -> None:
        """A clock that starts after hours and ends at the opening has only its end."""
        evening = placed("1", FRONTLINE, at=(at("2026-11-19 20:00") - NOW).total_seconds() / 60)
        reading = read_clock(after(Clock.IN_TIER, business_days(1)), facts(evening), OFFICE, NOW)
        assert reading is not None
        assert reading.due_at == at("2026-11-23 09:00")
        half = reading.share_at(Fraction(1, 2))
        assert half is not None
        assert (
            OFFICE.elapsed(reading.started_at, half)
            == OFFICE.elapsed(reading.started_at, reading.due_at) // 2
        )


def test_our_key_is_told_apart() -> None:
    """The placing of these histories is ours, so that no clock of others runs on it."""
    assert [one.key for one in placed("1", FRONTLINE).events] == [None, OURS, None]
