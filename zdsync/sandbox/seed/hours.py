"""London working time over the seeded months, looked up by bisection."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

_LONDON = ZoneInfo("Europe/London")


class Hours:
    """Working spans 9:00 to 17:30, Monday to Friday, from `start` to a while beyond `end`."""

    def __init__(self, start: int, end: int) -> None:
        day = datetime.fromtimestamp(start, UTC).astimezone(_LONDON).replace(hour=0, minute=0, second=0)
        self._opens: list[int] = []
        self._closes: list[int] = []
        self._midnights: list[int] = []
        self._weights: list[float] = []
        while day.timestamp() < end:
            midnight = int(day.timestamp())
            self._midnights.append(midnight)
            self._weights.append(1.0 if day.weekday() < 5 else 0.22)
            if day.weekday() < 5:
                self._opens.append(midnight + 9 * 3600)
                self._closes.append(midnight + 17 * 3600 + 1800)
            day = (day + timedelta(days=1)).replace(hour=0)
        self._start, self._end = start, end

    def at_work(self, moment: int) -> int:
        """`moment`, or the next opening after it plus a bit."""
        position = bisect_right(self._opens, moment) - 1
        if position >= 0 and moment < self._closes[position]:
            return moment
        if position + 1 < len(self._opens):
            return self._opens[position + 1] + moment % 5400
        return moment

    def arrivals(self, random: Random, count: int) -> list[int]:
        """`count` arrival times in order: busy weekday mornings, quiet nights."""
        days = random.choices(self._midnights, self._weights, k=count)
        shape = [1, 1, 1, 1, 1, 2, 4, 8, 18, 30, 32, 28, 22, 25, 27, 25, 22, 16, 10, 8, 6, 5, 3, 2]
        hours = random.choices(range(24), shape, k=count)
        found = []
        for day, hour in zip(days, hours, strict=True):
            moment = day + hour * 3600 + int(random.random() * 3600)
            if not self._start <= moment <= self._end:
                moment = self._start + int(random.random() * (self._end - self._start))
            found.append(moment)
        found.sort()
        if found:
            found[-1] = self._end
        return found
