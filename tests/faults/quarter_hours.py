"""Business time for the simulated quarter, counted by walking the clock five minutes at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=5)
"""Everything in the quarter happens on this grid, so that walking it is walking every moment that matters."""


@dataclass(frozen=True)
class Office:
    """Opening hours as minutes of a day, the same on each open weekday (Monday is 0)."""

    zone: str
    days: frozenset[int]
    hours: tuple[tuple[int, int], ...]
    closed: frozenset[date] = frozenset()
    _known: dict[datetime, bool] = field(default_factory=dict, compare=False, repr=False)

    def is_open(self, at: datetime) -> bool:
        """Whether somebody is there during the step that begins at this moment."""
        known = self._known.get(at)
        if known is None:
            local = at.astimezone(ZoneInfo(self.zone))
            minute = local.hour * 60 + local.minute
            known = self._opens_on(local.date()) and any(start <= minute < end for start, end in self.hours)
            self._known[at] = known
        return known

    def _opens_on(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.closed

    def later(self, at: datetime, open_steps: int) -> datetime:
        """The moment at which so many open steps have passed."""
        while open_steps > 0:
            open_steps -= self.is_open(at)
            at += STEP
        return at

    def days_later(self, at: datetime, days: int) -> datetime:
        """The same local time on the open date so many open dates later, cut to that day's hours."""
        while not self.is_open(at):
            at += STEP
        local = at.astimezone(ZoneInfo(self.zone))
        day = local.date()
        while days:
            day += timedelta(days=1)
            days -= self._opens_on(day)
        at = datetime.combine(day, local.time(), ZoneInfo(self.zone)).astimezone(UTC)
        opens = datetime.combine(day, datetime.min.time(), ZoneInfo(self.zone)).astimezone(UTC)
        while not self.is_open(opens):
            opens += STEP
        if at <= opens:
            return opens
        while not (self.is_open(at) or self.is_open(at - STEP)):
            at -= STEP
        return at


ALWAYS = Office("UTC", frozenset(range(7)), ((0, 24 * 60),))
LONDON = Office(
    "Europe/London",
    frozenset(range(5)),
    ((9 * 60, 17 * 60 + 30),),
    frozenset({date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1)}),
)
NEW_YORK = Office(
    "America/New_York",
    frozenset({0, 1, 2, 3, 4, 5}),
    ((8 * 60, 12 * 60), (13 * 60, 18 * 60)),
    frozenset({date(2026, 11, 26), date(2026, 12, 25)}),
)
