"""What happened long ago on closed tickets goes, nothing else does, and no pull brings it back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.fakes.clock import FakeClock
from tests.house import NOW, House
from tests.unit.mirror import rows
from tests.unit.mirror.rows import comment, event, record_page, ticket, tickets_page
from zdsync.mirror.pruning import due_query
from zdsync.mirror.store import MirrorStore, open_mirror
from zdsync.model import TicketId
from zdsync.runs.cycle import Workplace, run_cycle
from zdsync.runs.explain import explain
from zdsync.runs.pull import pull
from zdsync.runs.retention import BATCH, PER_RUN, prune
from zdsync.runs.verify import verify
from zdsync.streams import Stream

RETENTION = timedelta(days=100)
HAPPENED = ("ticket_events", "ticket_comments", "ticket_metric_events")


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    house = House(database_url, tickets=60)
    try:
        yield house
    finally:
        house.close()


def old(house: House) -> set[int]:
    """The account's tickets that have been closed, or deleted, and left alone for so long."""
    before = int((NOW - RETENTION).timestamp())
    tickets = house.sandbox.world.tickets.values()
    return {one.id for one in tickets if (one.status == "closed" or one.is_deleted) and one.updated < before}


def content(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that pruning might touch."""
    found = {table: house.query(f"select id, ticket_id from {table} order by id") for table in HAPPENED}
    for table in ("tickets", "ticket_metrics", "satisfaction_ratings"):
        found[table] = house.query(f"select id, raw is null from {table} order by id")
    return found


def cycle(house: House, place: Workplace) -> None:
    """One run, two minutes after the one before."""
    house.advance(120)
    run_cycle(place, is_dry=True)


def test_a_run_prunes_what_is_old_and_nothing_else(house: House) -> None:
    """Events, comments and JSON of tickets long closed go; columns stay, and all of every other ticket."""
    cycle(house, house.place())
    before = content(house)
    columns = house.query("select id, status, subject, updated_at, group_id, tags from tickets order by id")
    cycle(house, house.place(retention=RETENTION))
    after, gone = content(house), old(house)
    assert gone
    for table in HAPPENED:
        assert after[table] == [row for row in before[table] if row[1] not in gone], table
        assert len(after[table]) < len(before[table])
    assert {id for id, is_bare in after["tickets"] if is_bare} == gone
    mine = f"select count(*) from ticket_metrics where (raw is null) <> (ticket_id in {(*gone, 0, 0)})"
    assert house.query(mine) == [(0,)]
    assert columns == house.query(
        "select id, status, subject, updated_at, group_id, tags from tickets order by id"
    )
    figures = house.place().mirror.read_runs(1)[0].figures
    assert figures is not None
    assert figures["pruned"] == len(gone)


def test_no_pull_brings_it_back(house: House) -> None:
    """Neither an ordinary pull nor a comparison with the account; after a whole pull the next run prunes again."""
    place = house.place(retention=RETENTION)
    cycle(house, place)
    pruned = content(house)
    assert old(house)
    assert place.mirror.read_missing(Stream.EVENTS) == ()
    house.advance(120)
    pull(place.source, place.mirror, place.clock, start=place.start)
    for _ in range(3):
        assert verify(place.source, place.mirror, place.clock, start=place.start).is_equal
    assert content(house) == pruned
    pull(place.source, place.mirror, place.clock, start=place.start, streams=[Stream.EVENTS], is_full=True)
    assert content(house) == pruned
    pull(place.source, place.mirror, place.clock, start=place.start, is_full=True)
    cycle(house, place)
    assert content(house) == pruned


def test_a_pruned_ticket_can_still_be_explained(house: House) -> None:
    """By its columns."""
    place = house.place(retention=RETENTION)
    cycle(house, place)
    for id in old(house):
        if not house.sandbox.world.tickets[id].is_deleted:
            found = explain(
                place.mirror,
                place.journal,
                place.rules(),
                place.clock,
                TicketId(id),
                tag_prefix="tier_",
            )
            assert found.facts.ticket.status == "closed"


def test_for_ever_is_for_ever(house: House) -> None:
    """Without a retention nothing is looked at."""
    place = house.place()
    cycle(house, place)
    before = content(house)
    assert prune(place.mirror, place.clock, None) == 0
    assert content(house) == before


# Row by row


def closed(id: int, minutes: float, **values: Any) -> dict[str, Any]:
    return ticket(id, minutes, **{"status": "closed", **values})


def at(minutes: float) -> datetime:
    return rows.at(minutes)


def test_the_longest_closed_go_first(mirror: MirrorStore) -> None:
    """So many at most; solved tickets may be reopened and stay, however old."""
    record_page(
        mirror, tickets_page(*(closed(id, 10 - id) for id in range(1, 6)), ticket(9, -99, status="solved"))
    )
    assert [mirror.prune(at(10), 2), mirror.prune(at(10), 2)] == [2, 2]
    with mirror.database.reading() as connection:
        bare = connection.scalars(text("select id from tickets where raw is null order by id")).all()
    assert bare == [2, 3, 4, 5]
    assert mirror.prune(at(9), 9) == 0
    assert mirror.prune(at(9.5), 9) == 1


def test_what_comes_late_of_a_pruned_ticket(mirror: MirrorStore) -> None:
    """Its old events are left out; should the ticket itself change, what happens then is kept until it is old too."""
    events = rows.page(Stream.EVENTS, ticket_events=[event(5, 1, 1)], ticket_comments=[comment(6, 1, 5, 1)])
    record_page(mirror, tickets_page(closed(1, 1), ticket(2)))
    assert mirror.prune(at(10), 9) == 1
    assert record_page(mirror, events) == 0
    other = rows.page(Stream.EVENTS, ticket_events=[event(5, 1, 1), event(7, 2, 1)])
    assert record_page(mirror, other) == 1
    record_page(mirror, tickets_page(closed(1, 20)))
    assert record_page(mirror, events) == 2
    assert [mirror.prune(at(20), 9), mirror.prune(at(21), 9)] == [0, 1]


def test_a_run_prunes_a_bounded_number(mirror: MirrorStore) -> None:
    """A backlog is worked off run by run."""
    record_page(mirror, tickets_page(*(closed(id, id / 100) for id in range(1, PER_RUN + BATCH))))
    clock = rows_clock()
    assert prune(mirror, clock, timedelta(days=1)) == PER_RUN
    assert prune(mirror, clock, timedelta(days=1)) == BATCH - 1
    assert prune(mirror, clock, timedelta(days=1)) == 0


def rows_clock() -> FakeClock:
    return FakeClock(rows.NOW)


def test_what_is_due_is_found_by_an_index(sqlite_url: str) -> None:
    """However many tickets were pruned, the next ones cost a look into a small index, in its order."""
    with open_mirror(sqlite_url, clock=rows_clock()) as mirror, mirror.database.reading() as connection:
        query = f"EXPLAIN QUERY PLAN {due_query(is_sqlite=True)}"
        plan = str(connection.execute(text(query), {"before": "2026", "most": 5}).all())
    assert "tickets_prunable" in plan
    assert "ORDER BY" not in plan
