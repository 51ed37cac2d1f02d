"""Business time: exact over changes of the clock, several spans a day, nights, holidays and edits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zdsync.calendars import ALWAYS, DAY, FAR, WEEK, Calendar, Week

Span = tuple[int, int]
LONDON = ZoneInfo("Europe/London")


def daily(opens: str, closes: str, days: str = "01234") -> tuple[Span, ...]:
    """The same hours on some days of the week, Monday being 0; a closing before the opening is the next morning's."""
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in (opens, closes))
    end += DAY if end <= start else 0
    return tuple((int(day) * DAY + start, int(day) * DAY + end) for day in days)


def london(*spans: Span, holidays: frozenset[date] = frozenset()) -> Calendar:
    return Calendar("uk", [Week("Europe/London", spans, holidays)])


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: ZoneInfo = LONDON) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


OFFICE = london(*daily("09:00", "17:30"))
NIGHTS = london(*daily("22:00", "06:00", "0123456"))
MINUTE = 60
HOUR = 3600


class TestLondonChange:
    """Friday 17:00 to Monday 10:00, 09:00-17:30 in London, over the Sunday on which the clock changes."""

    def test_in_october_it_is_60_minutes_between_moments_of_utc(self) -> None:
        """17:00 UTC is 18:00 in summer, after hours; 10:00 UTC is 10:00 in winter, an hour after the opening."""
        assert OFFICE.elapsed(utc("2026-10-23 17:00"), utc("2026-10-26 10:00")) == 60 * MINUTE

    def test_in_march_it_is_150_minutes_between_moments_of_utc(self) -> None:
        """17:00 UTC is 17:00 in winter, half an hour to go; 10:00 UTC is 11:00 in summer."""
        assert OFFICE.elapsed(utc("2026-03-27 17:00"), utc("2026-03-30 10:00")) == 150 * MINUTE

    @pytest.mark.parametrize("dates", [("2026-10-23", "2026-10-26"), ("2026-03-27", "2026-03-30")])
    def test_on_the_wall_clock_it_is_90_minutes_either_way(self, dates: tuple[str, str]) -> None:
        """Half an hour on Friday and an hour on Monday: a clock changed on a closed Sunday takes nothing."""
        start, end = local(f"{dates[0]} 17:00"), local(f"{dates[1]} 10:00")
        assert OFFICE.elapsed(start, end) == 90 * MINUTE
        assert OFFICE.add(start, 90 * MINUTE) == end


@pytest.mark.parametrize(
    ("start", "hours"), [("2026-03-28 22:00", 7), ("2026-10-24 22:00", 9), ("2026-06-06 22:00", 8)]
)
def test_a_night_is_as_long_as_its_clock_makes_it(start: str, hours: int) -> None:
    """22:00-06:00 is seven hours in the night that loses one, nine in the night that has one twice."""
    begins = local(start)
    noon = begins + timedelta(hours=14)
    assert NIGHTS.elapsed(begins, noon) == hours * HOUR
    assert NIGHTS.next_change(begins) == begins.astimezone(UTC) + timedelta(hours=hours)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_a_whole_day_has_the_hours_of_its_date(day: str, hours: int) -> None:
    """00:00-24:00 on Sundays and Mondays: 23 hours on the day that has 23."""
    calendar = london(*daily("00:00", "00:00", "06"))
    midnight = local(day)
    assert calendar.elapsed(midnight, midnight + timedelta(days=1)) == hours * HOUR


def test_a_boundary_counts_the_first_time_the_clock_shows_it() -> None:
    """01:30 comes twice on 25 October: the first closes; it never comes on 29 March: the skip itself opens."""
    late = london(*daily("22:00", "01:30", "5"))
    assert late.next_change(local("2026-10-24 23:00")) == utc("2026-10-25 00:30")
    early = london(*daily("01:30", "04:00", "6"))
    assert early.next_change(local("2026-03-29 00:00")) == utc("2026-03-29 01:00")
    assert early.elapsed(local("2026-03-29 00:00"), local("2026-03-29 12:00")) == 2 * HOUR


def test_hours_that_the_clock_skips_are_none() -> None:
    """01:15-01:45 does not exist in London on 29 March, nor all of 30 December 2011 in Samoa."""
    assert not london(*daily("01:15", "01:45", "6")).open_spans(
        local("2026-03-29 00:00"), local("2026-03-30 00:00")
    )
    samoa = Calendar("samoa", [Week("Pacific/Apia", daily("09:00", "17:00"))])
    assert len(samoa.open_spans(utc("2011-12-26 12:00"), utc("2012-01-01 12:00"))) == 4
    thursday = local("2011-12-29 10:00", ZoneInfo("Pacific/Apia"))
    assert samoa.add_days(thursday, 1) == local("2012-01-02 10:00", ZoneInfo("Pacific/Apia"))


def test_a_holiday_closes_what_begins_on_it() -> None:
    """The night into the holiday is worked to its end, the night that begins on it is not."""
    calendar = london(*daily("22:00", "06:00", "0123456"), holidays=frozenset({date(2026, 12, 25)}))
    assert calendar.open_spans(utc("2026-12-24 12:00"), utc("2026-12-27 12:00")) == (
        (utc("2026-12-24 22:00"), utc("2026-12-25 06:00")),
        (utc("2026-12-26 22:00"), utc("2026-12-27 06:00")),
    )


def test_a_holiday_on_a_weekend_takes_nothing() -> None:
    """26 December 2026 is a Saturday, on which the office is closed anyway; Monday the 28th is taken."""
    start, end = utc("2026-12-21 00:00"), utc("2027-01-04 00:00")
    weekend = london(*daily("09:00", "17:30"), holidays=frozenset({date(2026, 12, 26)}))
    monday = london(*daily("09:00", "17:30"), holidays=frozenset({date(2026, 12, 26), date(2026, 12, 28)}))
    assert weekend.elapsed(start, end) == OFFICE.elapsed(start, end) == 10 * 510 * MINUTE
    assert monday.elapsed(start, end) == 9 * 510 * MINUTE


def test_hours_edited_last_month_hold_from_their_date() -> None:
    """Time before the edit counts by the old hours, and the earliest version holds for all the time before."""
    edited = Calendar(
        "uk",
        [
            Week("Europe/London", daily("10:00", "12:00"), valid_from=date(2026, 10, 14)),
            Week("Europe/London", daily("09:00", "17:00"), valid_from=date(2026, 1, 1)),
        ],
    )
    assert edited.elapsed(local("2026-10-13 08:00"), local("2026-10-15 08:00")) == (8 + 2) * HOUR
    assert edited.elapsed(local("2025-06-02 08:00"), local("2025-06-03 08:00")) == 8 * HOUR
    assert edited.add(local("2026-10-13 16:00"), 2 * HOUR) == local("2026-10-14 11:00")


def test_time_that_runs_out_with_the_day_ends_at_its_closing() -> None:
    """The earliest moment is meant: 17:30, not 09:00 of the next morning; nothing to add is the start itself."""
    start = local("2026-11-24 16:30")
    assert OFFICE.add(start, HOUR) == local("2026-11-24 17:30")
    assert OFFICE.add(start, HOUR + 1) == local("2026-11-25 09:00:01")
    assert OFFICE.add(start, 0) is start
    assert OFFICE.add_days(start, 0) is start


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-24 10:00", 1, "2026-11-25 10:00"),
        ("2026-11-27 10:00", 1, "2026-11-30 10:00"),
        ("2026-10-23 10:00", 1, "2026-10-26 10:00"),
        ("2026-11-24 10:00", 5, "2026-12-01 10:00"),
        ("2026-11-24 20:00", 1, "2026-11-26 09:00"),
        ("2026-11-28 12:00", 2, "2026-12-02 09:00"),
        ("2026-11-24 17:30", 1, "2026-11-26 09:00"),
    ],
)
def test_a_business_day_ends_at_the_same_local_time(start: str, days: int, end: str) -> None:
    """On the next open date, whatever the clock did between; from the next opening when it starts in closed time."""
    assert OFFICE.add_days(local(start), days) == local(end)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-23 07:00", "2026-11-24 09:00"),
        ("2026-11-23 12:30", "2026-11-24 12:00"),
        ("2026-11-23 15:00", "2026-11-24 15:00"),
        ("2026-11-23 19:00", "2026-11-24 17:00"),
    ],
)
def test_the_end_of_a_business_day_is_clipped_to_the_hours(start: str, end: str) -> None:
    """Before the opening it is the opening; in the pause and after hours, the closing before it."""
    calendar = london(
        *daily("06:00", "20:00", "0"), *daily("09:00", "12:00", "1"), *daily("13:00", "17:00", "1")
    )
    assert calendar.add_days(local(start), 1) == local(end)


def test_past_midnight_it_is_still_the_shifts_day() -> None:
    """Saturday 02:00 belongs to Friday's night; one business day on is 02:00 in Monday's night."""
    nights = london(*daily("22:00", "06:00"))
    assert nights.add_days(local("2026-11-28 02:00"), 1) == local("2026-12-01 02:00")


def test_open_all_week_is_always() -> None:
    """Seven times 00:00-24:00 is 24/7, and so is the week in one span; a day fewer or a holiday is not."""
    whole = Calendar("whole", [Week("Australia/Lord_Howe", daily("00:00", "00:00", "0123456"))])
    assert whole.is_always
    assert Calendar("nights", [Week("UTC", daily("12:00", "12:00", "0123456"))]).is_always
    assert not Calendar("six", [Week("UTC", daily("00:00", "00:00", "012345"))]).is_always
    assert not london(*daily("00:00", "00:00", "0123456"), holidays=frozenset({date(2026, 12, 25)})).is_always
    start, end = utc("2026-04-04 01:02:03"), utc("2026-04-06 00:00:00")
    for calendar in (ALWAYS, whole):
        assert calendar.elapsed(start, end) == (end - start).total_seconds()
        assert calendar.add(start, 100) == start + timedelta(seconds=100)
        assert calendar.is_open(start)
        assert calendar.next_change(start) is None
        assert calendar.open_spans(start, end) == ((start, end),)
    assert ALWAYS.add_days(start, 2) == start + timedelta(days=2)
    assert ALWAYS.add(start, 10**12) == FAR


def test_a_span_longer_than_a_day_is_a_span_on_each() -> None:
    """A holiday inside it closes that day alone; Sunday runs over into Monday."""
    calendar = london((6 * DAY, 6 * DAY + 3 * DAY), holidays=frozenset({date(2026, 11, 30)}))
    assert calendar.open_spans(utc("2026-11-28 12:00"), utc("2026-12-03 12:00")) == (
        (utc("2026-11-29 00:00"), utc("2026-11-30 00:00")),
        (utc("2026-12-01 00:00"), utc("2026-12-02 00:00")),
    )


@pytest.mark.parametrize(
    "weeks",
    [
        [],
        [Week("UTC", ())],
        [Week("UTC", daily("09:00", "17:00")), Week("UTC", (), valid_from=date(2026, 11, 1))],
    ],
)
def test_a_calendar_that_opens_no_more_is_never_due(weeks: list[Week]) -> None:
    """What waits for it is due in the far future, which no clock reaches, and counts nothing."""
    shut = Calendar("shut", weeks)
    now = utc("2026-11-25 12:00")
    assert shut.add(now, 1) == shut.add_days(now, 1) == FAR
    assert shut.next_change(now) is None
    assert not shut.is_open(now)
    assert shut.elapsed(now, FAR) == 0
    assert not shut.open_spans(now, now + timedelta(days=4))


def test_more_time_than_is_laid_is_never_due() -> None:
    """A calendar is laid to the year 2100: what lies beyond is the far future, and counts nothing."""
    now = utc("2026-11-25 12:00")
    assert OFFICE.add(now, 10**12) == OFFICE.add_days(now, 10**6) == FAR
    assert OFFICE.add(FAR, 1) == FAR
    assert Calendar("late", [Week("UTC", daily("09:00", "17:00"))]).elapsed(utc("2101-01-01 00:00"), FAR) == 0


def test_the_only_change_may_lie_far_ahead() -> None:
    """Open round the clock but for one holiday in ten years: its midnight is the next change, then none."""
    calendar = Calendar("christmas", [Week("UTC", ((0, WEEK),), frozenset({date(2036, 12, 25)}))])
    assert calendar.next_change(utc("2026-11-25 12:00")) == utc("2036-12-25 00:00")
    assert calendar.next_change(utc("2036-12-25 12:00")) == utc("2036-12-26 00:00")
    assert calendar.next_change(utc("2036-12-26 00:00")) is None


def test_nothing_lies_between_a_moment_and_an_earlier_one() -> None:
    assert OFFICE.elapsed(utc("2026-11-25 12:00"), utc("2026-11-25 11:00")) == 0
    assert not OFFICE.open_spans(utc("2026-11-25 12:00"), utc("2026-11-25 12:00"))


def test_equal_hours_are_equal_calendars() -> None:
    """Calendars are values; the order in which versions are given does not matter."""
    weeks = [Week("UTC", ()), Week("UTC", daily("09:00", "17:00"), valid_from=date(2026, 1, 1))]
    assert Calendar("a", weeks) == Calendar("a", reversed(weeks))
    assert len({Calendar("a", weeks), Calendar("a", weeks), Calendar("b", weeks)}) == 2
    assert Calendar("a", weeks) != "a"
    assert "'a'" in repr(Calendar("a", weeks))


@pytest.mark.parametrize("span", [(-1, 5), (5, 5), (6, 5), (WEEK, WEEK + 5), (5, 6 + WEEK)])
def test_what_is_no_span_of_a_week_is_refused(span: Span) -> None:
    with pytest.raises(ValueError, match="no span of a week"):
        Week("UTC", (span,))


ZONES_AND_NIGHTS = [
    ("Europe/London", utc("2026-03-28 00:00")),
    ("Europe/London", utc("2026-10-24 00:00")),
    ("America/St_Johns", utc("2026-10-31 00:00")),
    ("Australia/Lord_Howe", utc("2026-04-03 12:00")),
    ("Australia/Lord_Howe", utc("2026-10-02 12:00")),
    ("Asia/Kathmandu", utc("1985-12-31 00:00")),
    ("Pacific/Apia", utc("2011-12-28 12:00")),
    ("America/Sao_Paulo", utc("2018-11-03 00:00")),
]
"""Days around a change of the clock: by an hour, by half of one, at midnight, by 15 minutes for good, by a whole day."""

in_a_week = st.integers(0, WEEK - 1)
spans = st.lists(
    st.tuples(in_a_week, st.integers(1, DAY)).map(lambda one: (one[0], one[0] + one[1])),
    min_size=1,
    max_size=8,
)
minutes = st.integers(0, 3 * DAY)


def counted(week: Week, start: datetime, end: datetime) -> list[datetime]:
    """The open minutes, found by looking at the wall clock in each; a clock set back shows nothing new for a while."""
    open_minutes = []
    at = start - timedelta(days=2)
    furthest = at.astimezone(ZoneInfo(week.timezone)).replace(tzinfo=None)
    while at < end:
        furthest = max(furthest, at.astimezone(ZoneInfo(week.timezone)).replace(tzinfo=None))
        if at >= start and any(
            opens <= furthest < opens + timedelta(minutes=length) for opens, length in near(week, furthest)
        ):
            open_minutes.append(at)
        at += timedelta(minutes=1)
    return open_minutes


def near(week: Week, wall: datetime) -> list[tuple[datetime, int]]:
    """Where spans begin, by the wall clock, on the dates about a time, and how many minutes they have."""
    today = datetime.combine(wall.date(), datetime.min.time())
    return [
        (day + timedelta(minutes=opens % DAY), closes - opens)
        for day in (today - timedelta(days=1), today)
        for opens, closes in week.spans
        if opens // DAY == day.weekday() and day.date() not in week.holidays
    ]


@settings(max_examples=40, deadline=None)
@given(
    where=st.sampled_from(ZONES_AND_NIGHTS),
    spans=spans,
    begin=minutes,
    length=minutes,
    holiday=st.integers(0, 4),
)
def test_every_minute_is_counted_once(
    where: tuple[str, datetime], spans: list[Span], begin: int, length: int, holiday: int
) -> None:
    """Elapsed, add, is_open, open_spans and next_change all agree with a count of minutes on the wall clock."""
    zone, day = where
    start = day + timedelta(minutes=begin)
    end = start + timedelta(minutes=length)
    week = Week(zone, tuple(spans), frozenset({(day + timedelta(days=holiday)).date()}))
    calendar = Calendar("any", [week])
    open_minutes = counted(week, start, end)
    assert calendar.elapsed(start, end) == len(open_minutes) * MINUTE
    if open_minutes:
        assert calendar.add(start, len(open_minutes) * MINUTE) == open_minutes[-1] + timedelta(minutes=1)
        middle = len(open_minutes) // 2
        assert calendar.add(start, middle * MINUTE + 1) == open_minutes[middle] + timedelta(seconds=1)
    assert [
        at
        for opens, closes in calendar.open_spans(start, end)
        for at in (
            opens + timedelta(minutes=n) for n in range(int((closes - opens).total_seconds()) // MINUTE)
        )
    ] == open_minutes
    changes = calendar.next_change(start)
    was_open = calendar.is_open(start)
    if length:
        assert was_open is (start in open_minutes)
    if changes is not None and changes < end:
        assert (changes in open_minutes) is not was_open
        between = int((changes - start).total_seconds()) // MINUTE
        assert len([at for at in open_minutes if at < changes]) == (between if was_open else 0)


whole_hours = st.integers(-20_000, 20_000).map(lambda hours: utc("2026-01-01 00:00") + timedelta(hours=hours))


@settings(max_examples=40, deadline=None)
@given(start=whole_hours, seconds=st.integers(1, 10**7), days=st.integers(1, 30), first=whole_hours)
def test_what_was_asked_before_changes_no_answer(
    start: datetime, seconds: int, days: int, first: datetime
) -> None:
    """Hours are laid as they are asked for; a fresh calendar says the same, and what is added has elapsed."""
    fresh, used = (london(*daily("22:00", "06:00", "0135"), *daily("09:30", "12:00", "26")) for _ in range(2))
    used.is_open(first)
    due = used.add(start, seconds)
    assert due == fresh.add(start, seconds)
    assert used.elapsed(start, due) == seconds
    assert used.add_days(start, days) == fresh.add_days(start, days) > start
