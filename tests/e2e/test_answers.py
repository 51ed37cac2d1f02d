"""The estimate of what the account's own rules make of a plan, held against what the account then does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.house import House
from zdsync.plan.codec import decode, encode
from zdsync.runs.answers import with_answers
from zdsync.runs.cycle import recorded, run_apply, run_plan, run_pull
from zdsync.sandbox.records import Notice

MESSAGE = [{"field": "notification_user", "value": ["requester_id", "News", "Something happened"]}]


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    """An account with tickets to assign and to adopt."""
    house = House(sqlite_url, tickets=45)
    for _ in range(3):
        house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    house.advance(130)
    yield house
    house.close()


def add_trigger(house: House, title: str, *conditions: tuple[str, str, Any], some: Any = ()) -> int:
    """A trigger that sends a message and changes nothing; its id."""
    every, either = (
        [{"field": field, "operator": operator, "value": value} for field, operator, value in rows]
        for rows in (conditions, some)
    )
    row = {
        "title": title,
        "active": True,
        "position": 99,
        "conditions": {"all": every, "any": either},
        "actions": MESSAGE,
    }
    return int(house.sandbox.world.add_row("triggers", row)["id"])


def test_the_account_does_what_was_estimated(house: House) -> None:
    """To the update where all that a trigger asks for is mirrored, within the bounds where it is not."""
    known = [
        add_trigger(house, "Moved", ("group_id", "changed", None)),
        add_trigger(house, "Note", ("comment_is_public", "is", False)),
        add_trigger(
            house, "Money", ("current_tags", "includes", "tier_2"), ("status", "less_than", "solved")
        ),
        add_trigger(house, "No tier one", ("current_tags", "not_includes", "tier_1")),
        add_trigger(
            house, "Either", some=[("priority", "greater_than", "normal"), ("assignee_id", "is", None)]
        ),
        add_trigger(house, "New only", ("update_type", "is", "Create")),
    ]
    unknown = add_trigger(house, "By mail", ("via_id", "is", 4))
    place = house.place()
    with recorded(place, "apply") as record:
        run_pull(place, record)
        plan = with_answers(place.mirror, run_plan(place, record).plan)
        assert plan.answers is not None
        assert decode(encode(plan)) == plan
        before = messages(house)
        run_apply(place, record, plan)
    sent = messages(house) - before
    told = {each.id: each for each in plan.answers}
    for id in known:
        answer = told.get(id)
        estimate = (answer.likely, answer.possible) if answer else (0, 0)
        assert estimate == (sent[id], sent[id]), id
    assert told[unknown].likely <= sent[unknown] <= told[unknown].possible
    assert all(told[id].notifies for id in told if id in {*known, unknown})
    assert sum(sent[id] > 0 for id in known) >= 4
    assert known[-1] not in told


def messages(house: House) -> Counter[int]:
    """How often each trigger has sent its message."""
    return Counter(
        event.rule or 0
        for audit in house.sandbox.world.log
        for event in audit.events
        if isinstance(event, Notice)
    )
