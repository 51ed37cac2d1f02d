"""A whole account pulled into each database: what must hold of every row, and what a pull may cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.house import NOW, House
from zdsync.model import Stream
from zdsync.runs.cycle import Workplace
from zdsync.runs.pull import Pulled, pull


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    house = House(database_url)
    try:
        yield house
    finally:
        house.close()


def pulled(house: House, place: Workplace, *, respect_cadence: bool = True) -> Pulled:
    """One pull, two minutes after the one before."""
    house.advance(120)
    return pull(place.source, place.mirror, place.clock, start=place.start, respect_cadence=respect_cadence)


def asked(house: House) -> dict[str, int]:
    """Requests since the last time this was asked, by endpoint."""
    counts: dict[str, int] = house.control.requests()["by_endpoint"]
    house.control.reset_requests()
    return counts


def test_no_join_loses_a_ticket_and_nobody_is_asked_for_twice(house: House) -> None:
    """Erased people, deleted organizations and groups, and the system have rows that joins find, and one request each."""
    world = house.sandbox.world
    ids = sorted(house.unsolved())[:3]
    customer = world.tickets[ids[0]].requester_id
    company = next(ticket.organization_id for ticket in world.tickets.values() if ticket.organization_id)
    world.users[customer].is_erased = True
    world.users[customer].updated = int((NOW - timedelta(days=900)).timestamp())
    house.control.close(ids[1])
    world.organizations[company].deleted_at = world.clock.now()
    place = house.place()
    pulled(house, place)
    asked(house)
    for table, column in (
        ("users", "requester_id"),
        ("organizations", "organization_id"),
        ("groups", "group_id"),
    ):
        lost = f"select t.id from tickets t left join {table} o on o.id = t.{column} where o.id is null"
        assert house.query(f"{lost} and t.{column} is not null") == []
    assert house.query("select name, role, version from users where id = -1") == [("", None, 0)]
    for id in ids[2:]:
        house.control.agent_replies(id)
    pulled(house, place)
    assert not [name for name in asked(house) if "show_many" in name]
    assert [place.mirror.read_missing(stream) for stream in (Stream.USERS, Stream.GROUPS)] == [(), ()]
