"""How long `report pingpong` takes over many stays in SQLite, measured inside one process; prints seconds.

A made-up mirror of STAYS stays: tickets of five each, to and fro between three tiers. Usage: stays.py STAYS ROUNDS
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from zdsync.mirror.store import open_mirror
from zdsync.model import TicketId
from zdsync.ports.way import Agenda, StayRecord, Way
from zdsync.schedule import SystemClock

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
EACH, TIERS, HOUR = 5, 3, timedelta(hours=1)


def main(stays: int, rounds: int) -> None:
    random = Random(7)  # noqa: S311 - the same stays every time
    with (
        tempfile.TemporaryDirectory() as folder,
        open_mirror(f"sqlite:///{Path(folder, 'mirror.db')}", clock=SystemClock()) as mirror,
    ):
        ways = [Way(TicketId(id), stays=_stays(random)) for id in range(1, stays // EACH + 1)]
        mirror.record_ways(ways, Agenda(None), BEGIN)
        took = []
        for _ in range(rounds):
            began = time.perf_counter()
            mirror.insight.read_ping_pong(BEGIN, 20)
            took.append(time.perf_counter() - began)
    print(median(took))


def _stays(random: Random) -> tuple[StayRecord, ...]:
    tier, at = 1, BEGIN + random.randrange(5_000) * HOUR
    stays = []
    for place in range(EACH):
        until = at + random.randrange(1, 40) * HOUR
        stays.append(_stay(tier, at, until if place < EACH - 1 else None))
        tier, at = (tier + random.randrange(1, TIERS)) % TIERS, until
    return tuple(stays)


def _stay(tier: int, since: datetime, until: datetime | None) -> StayRecord:
    return StayRecord(
        tier=str(tier),
        rank=tier,
        entered_at=since,
        left_at=until,
        entered_by="person",
        entered_by_id=None,
        through="",
        zdsync_key=None,
        rule="",
        why="",
        basis="tag",
        calendar="uk",
        business_minutes=None if until is None else int((until - since).total_seconds()) // 60,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
