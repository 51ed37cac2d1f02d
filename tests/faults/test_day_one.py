"""The first day on a busy account: what people have in hand is adopted by its tag, and nothing else happens to it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.house import House
from zdsync.runs.cycle import run_cycle
from zdsync.runs.pull import pull
from zdsync.sandbox.records import Change, Comment, Ticket

TICKETS = 37_000 if os.environ.get("ZDSYNC_TEST_AT_SIZE") else 300
CHOICES = frozenset({"group_id", "assignee_id", "priority"})


def test_day_one(sqlite_url: str) -> None:
    """Nothing is regrouped, no note is written, no field changes, no tag of others goes; the second plan is empty."""
    house = House(sqlite_url, tickets=TICKETS, seed=3)
    house.sandbox.world.tables["triggers"].clear()
    in_flight = {id: house.sandbox.world.tickets[id] for id in house.unsolved() if _is_in_hand(house, id)}
    before = {id: _state(ticket) for id, ticket in in_flight.items()}
    tags = {id: set(ticket.tags) for id, ticket in in_flight.items()}
    place = house.place()
    pull(place.source, place.mirror, place.clock, start=place.start)
    first = run_cycle(place)
    private = {
        change.ticket_id for change in first.planned.plan.ticket_changes if change.rule == "sensitive-data"
    }
    adopted = [change for change in first.planned.plan.ticket_changes if change.kind == "adopted"]
    assert len(adopted) > len(in_flight) / 2
    assert {change.note for change in adopted} == {None}
    for id in in_flight.keys() - private:
        ticket = in_flight[id]
        assert _state(ticket) == before[id], id
        assert tags[id] <= set(ticket.tags), id
    assert run_cycle(place).planned.plan.is_empty
    house.advance(150)
    assert run_cycle(place).planned.plan.is_empty
    house.close()
    if TICKETS > 1000:
        assert len(in_flight) >= 3000


def _is_in_hand(house: House, id: int) -> bool:
    """Whether an agent who is no bot has replied, grouped, assigned or prioritised the ticket."""
    world = house.sandbox.world
    for number, audit in enumerate(world.tickets[id].audits):
        author = world.users.get(audit.author_id)
        if author is None or not author.is_agent or "bot" in author.tags:
            continue
        for one in audit.events:
            if isinstance(one, Comment) and one.is_public and number:
                return True
            if isinstance(one, Change) and one.rule is None and one.field in CHOICES and one.new is not None:
                return True
    return False


def _state(ticket: Ticket) -> tuple[Any, ...]:
    """Everything about a ticket but its tags, and how many comments it has."""
    comments = sum(isinstance(one, Comment) for audit in ticket.audits for one in audit.events)
    return (
        ticket.group_id, ticket.assignee_id, ticket.status, ticket.priority, ticket.type, dict(ticket.fields), comments,
    )  # fmt: skip


pytestmark = pytest.mark.slow
