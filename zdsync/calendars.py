"""Business time: how long a calendar was open between two moments, and when so much open time will have passed.

A calendar's hours are wall-clock spans of a week in a zone. They are laid out once as sorted intervals of UTC with
running sums, as far as anybody has asked, so that every answer is a bisection, and exact over changes of the clock.

span      belongs to the local date on which it begins, also where it runs over midnight: so a holiday closes the
          night shift that begins on it, and leaves the one before it open to its end
boundary  the first moment at which the wall clock shows the time; a time that the clock skips is the moment of the
          skip. So 00:00-24:00 has 23 hours on a day that has 23, and a span opens once and closes once a day
version   holds for the spans that begin from its date on; the earliest one holds for all the time before it, too
second    the unit: fractions of a second are cut off. Time is laid between 1970 and 2100; outside it nothing is open
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, chain, pairwise
from math import floor
from zoneinfo import ZoneInfo

FAR = datetime(9999, 12, 31, tzinfo=UTC)
"""The moment that never comes: what `add` and `add_days` answer where a calendar does not open for long enough."""

DAY = 24 * 60
WEEK = 7 * DAY
"""Minutes of a week's wall clock."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 24 * 60 * 60
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FIRST_DAY = _EPOCH_DAY
_LAST_DAY = date(2100, 1, 1).toordinal()
_AHEAD_DAYS = 400
"""How far beyond what is asked hours are laid, so that the next question seldom lays them again."""

Interval = tuple[int, int]
"""Open from one second since 1970 to another, the end not included."""


@dataclass(frozen=True, slots=True)
class Week:
    """One version of a calendar's hours; raises ValueError for a span that is none, KeyError for an unknown zone."""

    timezone: str
    """An IANA name."""
    spans: tuple[tuple[int, int], ...]
    """Open spans as minutes from Monday 00:00; an end beyond its day, or beyond Sunday, means over midnight."""
    holidays: frozenset[date] = frozenset()
    """Local dates on which no span begins."""
    valid_from: date | None = None
    """The local date from which this version holds; None: since ever."""

    def __post_init__(self) -> None:
        ZoneInfo(self.timezone)
        for opens, closes in self.spans:
            if not (0 <= opens < WEEK and opens < closes <= opens + WEEK):
                raise ValueError(f"no span of a week: {opens} to {closes}")

    @property
    def is_always(self) -> bool:
        """Whether no minute of any week is closed."""
        reached = 0
        week_before = ((opens - WEEK, closes - WEEK) for opens, closes in self.spans)
        for opens, closes in sorted((*week_before, *self.spans)):
            if opens > reached:
                break
            reached = max(reached, closes)
        return reached >= WEEK and not self.holidays


class Calendar:
    """When somebody is there; immutable. All moments are aware; answers are in UTC and fall on whole seconds."""

    __slots__ = ("_laid", "_versions", "is_always", "name", "weeks")

    def __init__(self, name: str, weeks: Iterable[Week]) -> None:
        """Of two versions from the same date the later one given holds."""
        self.name = name
        self.weeks = tuple(sorted(weeks, key=_valid_from))
        self.is_always = bool(self.weeks) and all(week.is_always for week in self.weeks)
        self._versions = tuple(_Version(week) for week in self.weeks or (Week("UTC", ()),))
        self._laid = _Laid(_FIRST_DAY, _FIRST_DAY, {})

    def __repr__(self) -> str:
        return f"Calendar({self.name!r}, {self.weeks!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and (self.name, self.weeks) == (other.name, other.weeks)

    def __hash__(self) -> int:
        return hash((self.name, self.weeks))

    def elapsed(self, start: datetime, end: datetime) -> int:
        """The open seconds from `start` to `end`; 0 where `end` is not after `start`."""
        since, until = _second(start), _second(end)
        if until <= since:
            return 0
        if self.is_always:
            return until - since
        laid = self._reaching(since, until)
        return laid.open_until(until) - laid.open_until(since)

    def add(self, start: datetime, seconds: int) -> datetime:
        """The earliest moment at which `seconds` of open time have passed since `start`, or FAR.

        So time that runs out with the day ends at its closing. Nothing to add is `start` itself.
        """
        if seconds <= 0:
            return start
        since = _second(start)
        if self.is_always:
            return _moment(since + seconds)
        return _moment(self._find(since, lambda laid: laid.moment_of(laid.open_until(since) + seconds)))

    def add_days(self, start: datetime, days: int) -> datetime:
        """`days` business days after `start`, or FAR: the same local time on the next open date, again and again.

        Only dates on which a span begins count, and past midnight it is still the shift's date. A start in closed
        time counts from the next opening. An end before that day's opening is the opening; one in a pause, or after
        hours, is the closing before it. No days to add is `start` itself.
        """
        if days <= 0:
            return start
        since = self._find(_second(start), lambda laid: laid.opening(_second(start)))
        if since is None:
            return FAR
        return _moment(self._find(since, lambda laid: self._day_after(laid, since, days)))

    def is_open(self, at: datetime) -> bool:
        moment = _second(at)
        return self.is_always or self._reaching(moment, moment).is_open(moment)

    def next_change(self, at: datetime) -> datetime | None:
        """The next opening or closing after `at`; None where there is none."""
        if self.is_always:
            return None
        moment = _second(at)
        found = self._find(moment, lambda laid: laid.change_after(moment))
        return None if found is None else _moment(found)

    def open_spans(self, start: datetime, end: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """The open intervals between two moments, oldest first, cut off at both; they neither touch nor overlap."""
        since, until = _second(start), _second(end)
        if until <= since:
            return ()
        spans = [(since, until)] if self.is_always else self._reaching(since, until).between(since, until)
        return tuple((_moment(opens), _moment(closes)) for opens, closes in spans)

    def _reaching(self, since: int, until: int) -> _Laid:
        """The hours laid at least over these seconds, as far as time is laid at all."""
        laid = self._laid
        if laid.since <= since and until <= laid.until:
            return laid
        first = _EPOCH_DAY + since // _DAY_S - _AHEAD_DAYS
        last = _EPOCH_DAY + until // _DAY_S + _AHEAD_DAYS
        if laid.first < laid.last:
            first, last = min(first, laid.first), max(last, laid.last)
        first = min(max(first, _FIRST_DAY), _LAST_DAY)
        last = max(min(last, _LAST_DAY), first)
        if (first, last) != (laid.first, laid.last):
            hours = {day: spans for day in range(first, last) if (spans := self._version(day).hours(day))}
            laid = self._laid = _Laid(first, last, hours)
        return laid

    def _find(self, since: int, answer: Callable[[_Laid], int | None]) -> int | None:
        """The first answer that no later day could change, laying hours further and further ahead; None at the end."""
        laid = self._reaching(since, since)
        while True:
            found = answer(laid)
            if found is not None and found < laid.until:
                return found
            if laid.last == _LAST_DAY:
                return None
            laid = self._reaching(since, 2 * laid.until - laid.since)

    def _version(self, day: int) -> _Version:
        """The version that holds on a date."""
        return self._versions[max(bisect_right(self._versions, day, key=lambda one: one.since) - 1, 0)]

    def _day_after(self, laid: _Laid, moment: int, days: int) -> int | None:
        """The end of the business day that lies `days` after an open moment, as far as it is laid."""
        today = laid.day_of(moment)
        there = bisect_right(laid.days, today) + days - 1
        if there >= len(laid.days):
            return None
        day = laid.days[there]
        midnight = datetime.fromordinal(today)
        into_day = _moment(moment).astimezone(self._version(today).zone).replace(tzinfo=None) - midnight
        wanted = _second_of(datetime.fromordinal(day) + into_day, self._version(day).zone)
        before = [closes for opens, closes in laid.hours[day] if opens <= wanted]
        return min(wanted, max(before)) if before else laid.hours[day][0][0]


class _Version:
    """A week made ready for laying: its zone, and the spans that begin on each day of the week."""

    __slots__ = ("closed", "since", "spans", "zone")

    def __init__(self, week: Week) -> None:
        self.since = _valid_from(week)
        self.zone = ZoneInfo(week.timezone)
        self.closed = frozenset(day.toordinal() for day in week.holidays)
        pieces = sorted(chain.from_iterable(_cut(*span) for span in week.spans))
        self.spans = tuple(
            tuple((opens - start, closes - start) for opens, closes in pieces if start <= opens < start + DAY)
            for start in range(0, WEEK, DAY)
        )

    def hours(self, day: int) -> tuple[Interval, ...]:
        """What begins on a date (its ordinal), oldest first; a span that the clock skips whole is none."""
        spans = self.spans[(day - 1) % 7]
        if not spans or day in self.closed:
            return ()
        midnight = datetime.fromordinal(day)
        laid = (
            (
                _second_of(midnight + timedelta(minutes=opens), self.zone),
                _second_of(midnight + timedelta(minutes=closes), self.zone),
            )
            for opens, closes in spans
        )
        return tuple((opens, closes) for opens, closes in laid if opens < closes)


class _Laid:
    """Hours laid over the dates from `first` to before `last`; exact for seconds from `since` to before `until`."""

    __slots__ = ("closes", "days", "first", "hours", "last", "opens", "since", "sums", "until")

    def __init__(self, first: int, last: int, hours: Mapping[int, tuple[Interval, ...]]) -> None:
        self.first, self.last = first, last
        self.since = (first - _EPOCH_DAY + 3) * _DAY_S  # a shift may reach so far, west of Greenwich
        self.until = (last - _EPOCH_DAY - 1) * _DAY_S  # and begin so early, east of it
        self.hours = hours
        self.days = list(hours)
        merged = _merged(sorted(chain.from_iterable(hours.values())))
        self.opens = [opens for opens, _ in merged]
        self.closes = [closes for _, closes in merged]
        self.sums = list(accumulate((closes - opens for opens, closes in merged), initial=0))

    def open_until(self, moment: int) -> int:
        """The open seconds before a moment, from where the hours begin."""
        index = bisect_right(self.opens, moment) - 1
        if index < 0:
            return 0
        return self.sums[index] + min(moment, self.closes[index]) - self.opens[index]

    def moment_of(self, seconds: int) -> int | None:
        """The earliest moment before which so many seconds (1 or more) were open; None if it is not laid yet."""
        index = bisect_left(self.sums, seconds) - 1
        return self.opens[index] + seconds - self.sums[index] if index < len(self.opens) else None

    def is_open(self, moment: int) -> bool:
        index = bisect_right(self.opens, moment) - 1
        return index >= 0 and moment < self.closes[index]

    def opening(self, moment: int) -> int | None:
        """The moment itself while it is open, else the next opening."""
        if self.is_open(moment):
            return moment
        index = bisect_right(self.opens, moment)
        return self.opens[index] if index < len(self.opens) else None

    def change_after(self, moment: int) -> int | None:
        index = bisect_right(self.opens, moment)
        if index and moment < self.closes[index - 1]:
            return self.closes[index - 1]
        return self.opens[index] if index < len(self.opens) else None

    def between(self, since: int, until: int) -> list[Interval]:
        first, last = bisect_right(self.closes, since), bisect_left(self.opens, until)
        pairs = zip(self.opens[first:last], self.closes[first:last], strict=True)
        return [(max(opens, since), min(closes, until)) for opens, closes in pairs]

    def day_of(self, moment: int) -> int:
        """The date whose span holds an open moment; where two do, the later one."""
        near = _EPOCH_DAY + moment // _DAY_S + 1
        return next(
            day
            for day in range(near, near - 5, -1)
            if any(opens <= moment < closes for opens, closes in self.hours.get(day, ()))
        )


def _valid_from(week: Week) -> int:
    return 0 if week.valid_from is None else week.valid_from.toordinal()


def _cut(opens: int, closes: int) -> Iterable[Interval]:
    """A span of the week; one that is longer than a day is cut at each midnight, so that every day has its own."""
    inner = range(opens // DAY * DAY + DAY, closes, DAY) if closes - opens > DAY else ()
    return ((start % WEEK, start % WEEK + end - start) for start, end in pairwise((opens, *inner, closes)))


def _merged(spans: Iterable[Interval]) -> list[Interval]:
    """Sorted intervals without those that touch or overlap."""
    merged: list[Interval] = []
    for opens, closes in spans:
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return merged


def _second(moment: datetime) -> int:
    return floor(moment.timestamp())


def _moment(second: int | None) -> datetime:
    try:
        return FAR if second is None else _EPOCH + timedelta(seconds=second)
    except OverflowError:
        return FAR


def _second_of(wall: datetime, zone: ZoneInfo) -> int:
    """The first second at which a zone's clock shows a time; for a time that it skips, the second of the skip."""
    first, second = wall.replace(tzinfo=zone), wall.replace(tzinfo=zone, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    assert before is not None
    assert after is not None
    if before >= after:
        return _second(first)
    early, late = _second(second), _second(first)
    while late - early > 1:
        middle = (early + late) // 2
        if _moment(middle).astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


ALWAYS = Calendar("always", (Week("UTC", ((0, WEEK),)),))
"""Round the clock: what counts where no calendar is named."""
