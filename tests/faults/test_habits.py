"""What a run does unlike the ones before stops unattended writes, and a plan that a person applies lets it pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.alerts import FakeAlerts
from tests.house import House
from zdsync.errors import GuardBreach
from zdsync.model import UserId
from zdsync.runs.cycle import (
    Cycle,
    Workplace,
    find_breaches,
    recorded,
    run_apply,
    run_cycle,
    run_plan,
    run_pull,
)
from zdsync.runs.watch import Watch


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(f"sqlite:///{tmp_path}/mirror.db", tickets=40)
    yield house
    house.close()


class OtherUser:
    """A source whose credentials act as somebody else; all else goes through."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def fetch_identity(self) -> Any:
        return replace(self._source.fetch_identity(), user_id=UserId(4711))


def as_other(name: str, port: Any) -> Any:
    return OtherUser(port) if name == "source" else port


def new_ticket(house: House) -> int:
    number = house.control.customer_creates("Hello", "I have a question.")
    house.advance(180)
    return number


def apply_by_hand(place: Workplace) -> None:
    """What `zdsync apply` does once a person has read the plan."""
    with recorded(place, "apply") as record:
        run_pull(place, record)
        planned = run_plan(place, record)
        record.unsolved = planned.plan.unsolved
        run_apply(place, record, planned.plan)


def breach_of(place: Workplace) -> str:
    with pytest.raises(GuardBreach) as caught:
        run_cycle(place)
    return caught.value.message


def test_the_first_runs_pass(house: House) -> None:
    """A new installation has nothing to be compared with, and neither has the switch from shadow to apply."""
    run_cycle(house.place(is_shadow=True))
    house.advance(180)
    assert run_cycle(house.place()).applied is not None
    assert house.query("select distinct user_id from zdsync_runs where user_id is not null")


def test_other_credentials_wait_for_a_person(house: House) -> None:
    """As another user nothing is written until somebody applied a plan as that user; the mirror stays fresh."""
    run_cycle(house.place())
    number = new_ticket(house)
    stranger = house.place(as_other)
    assert "user 4711" in breach_of(stranger)
    assert house.our_audits(number) == []
    assert house.query(f"select id from tickets where id = {number}")
    assert "user 4711" in breach_of(stranger)

    apply_by_hand(stranger)
    new_ticket(house)
    assert run_cycle(stranger).exit_code == 0
    new_ticket(house)
    assert run_cycle(house.place()).exit_code == 0


def test_a_quiet_run_asks_for_nobody(house: House) -> None:
    """Who writes is asked only when there is something to write."""
    run_cycle(house.place())
    house.advance(180)
    before = house.sandbox.request_log.by_endpoint.get("GET /users/me", 0)
    quiet: Cycle = run_cycle(house.place(as_other))
    assert quiet.planned.plan.is_empty
    assert house.sandbox.request_log.by_endpoint.get("GET /users/me", 0) == before


def test_a_mirror_that_lost_its_tickets_is_told_once(house: House) -> None:
    """A breach is told and stands until a person has applied a plan, however many runs come between."""
    place = house.place()
    many = [house.control.customer_creates("Hello", "I have a question.") for _ in range(80)]
    house.advance(180)
    run_cycle(place)
    for id in many:
        house.control.change(id, {"status": "solved"})
    house.advance(180)
    alerts = FakeAlerts()
    watch = Watch(place, alerts, timedelta(hours=1))
    for _ in range(2):
        with pytest.raises(GuardBreach, match="at the last run"):
            watch.run_cycle()
        house.advance(180)
    assert len(alerts.of_runs) == 1
    assert "zdsync apply plan.json" in alerts.of_runs[0]
    with recorded(place, "apply") as record:
        run_pull(place, record)
        planned = run_plan(place, record)
        assert [breach.limit for breach in find_breaches(place, record, planned.plan)] == ["unsolved"]
        record.unsolved = planned.plan.unsolved
        run_apply(place, record, planned.plan)
    watch.run_cycle()
    assert "over" in alerts.of_runs[1]
