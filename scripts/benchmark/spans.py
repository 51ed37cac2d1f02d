"""How many spans a second business time is counted for, measured inside one process; prints one number.

Spans of up to five weeks over six years of 09:00-17:30 in London, holidays among them; the hours are laid before.
Usage: spans.py ROUNDS
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, datetime, timedelta
from random import Random
from statistics import median

from zdsync.calendars import DAY, Calendar, Week

COUNT = 100_000
BEGIN = datetime(2021, 1, 1, tzinfo=UTC)
YEARS = 6


def main(rounds: int) -> None:
    holidays = frozenset(date(BEGIN.year + year, 12, day) for year in range(YEARS) for day in (25, 26))
    office = tuple((day * DAY + 540, day * DAY + 1050) for day in range(5))
    calendar = Calendar("uk", [Week("Europe/London", office, holidays)])
    random = Random(7)  # noqa: S311 - the same spans every time
    starts = [BEGIN + timedelta(seconds=random.randrange(YEARS * 365 * 86_400)) for _ in range(COUNT)]
    spans = [(start, start + timedelta(seconds=random.randrange(35 * 86_400))) for start in starts]
    calendar.elapsed(BEGIN, max(end for _, end in spans))
    rates = []
    for _ in range(rounds):
        began = time.perf_counter()
        for start, end in spans:
            calendar.elapsed(start, end)
        rates.append(COUNT / (time.perf_counter() - began))
    print(median(rates))


if __name__ == "__main__":
    main(int(sys.argv[1]))
