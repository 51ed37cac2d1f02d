"""Adds open tickets to a mirror, each as if pulled: in Frontline and its tier, every other one in an agent's hands.

Usage: swell.py DATABASE_URL TICKETS  adds them;  swell.py DATABASE_URL due TICKETS  lets so many of them fall due.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from zdsync.mirror.base import OWN_COLUMNS
from zdsync.mirror.schema import MIRRORED
from zdsync.mirror.store import MirrorStore, open_mirror
from zdsync.schedule import SystemClock
from zdsync.streams import Page, Record, Stream

FIRST = 10_000_000
"""The lowest id: no account that is measured reaches it."""
PAGE = 1_000
AGE = timedelta(days=3)


def row(table: str, **values: Any) -> Record:
    """A row with every column that a page brings; those not given are None."""
    empty: Record = {one.name: None for one in MIRRORED[table].columns if one.name not in OWN_COLUMNS}
    return {**empty, "raw": values, **values}


def pages(mirror: MirrorStore, count: int) -> Iterator[Page]:
    """Pages of tickets and of their two updates: the request, and what a trigger or an agent made of it."""
    now, account = SystemClock().now(), mirror.read_account()
    group = next(one.id for one in account.groups if one.name == "Frontline")
    agent = next(user.id for user in account.staff.values() if user.role == "agent")
    begun = now - AGE
    later = begun + timedelta(hours=1)
    common = {
        "created_at": begun,
        "status": "open",
        "group_id": group,
        "tags": ["tier_1"],
        "via_channel": "email",
    }
    placed = [{"field": "group_id", "value": group}, {"field": "tags", "value": ["tier_1"], "previous": []}]
    for first in range(FIRST, FIRST + count, PAGE):
        ids = range(first, min(first + PAGE, FIRST + count))
        tickets = [
            row("tickets", id=id, updated_at=later, subject="A question", description="How?", **common)
            for id in ids
        ]
        yield Page(Stream.TICKETS, {"tickets": tickets}, now)
        of_both: dict[str, Any] = {"timestamp": int(begun.timestamp())}
        events = [
            event
            for id in ids
            for event in (
                row("ticket_events", id=2 * id, ticket_id=id, created_at=begun, is_create=True, changes=placed, **of_both),
                row("ticket_events", id=2 * id + 1, ticket_id=id, created_at=later, updater_id=agent, is_create=False,
                    changes=[{"field": "assignee_id", "value": agent}] if id % 2 else [], **of_both),
            )
        ]  # fmt: skip
        yield Page(Stream.EVENTS, {"ticket_events": events}, now)


def swell(mirror: MirrorStore, count: int) -> None:
    for page in pages(mirror, count):
        mirror.record_page(page, mirror.read_checkpoint(page.stream), page.served_at)


def let_fall_due(mirror: MirrorStore, count: int) -> None:
    """As if their clocks had come."""
    statement = text(
        "UPDATE zdsync_due SET due_at = decided_at WHERE ticket_id >= :first AND ticket_id < :last"
    )
    with mirror.database.writing() as connection:
        connection.execute(statement, {"first": FIRST, "last": FIRST + count})


def main(url: str, *words: str) -> None:
    with open_mirror(url, clock=SystemClock()) as mirror:
        (let_fall_due if words[0] == "due" else swell)(mirror, int(words[-1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
