"""A rule that the account's own triggers keep undoing pauses, people hear of it, and it starts again by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.alerts import FakeAlerts
from tests.faults.test_watch import MAX_LAG
from tests.house import RULES, URL, House
from zdsync.report.plans import plan_lines
from zdsync.rules.load import load_rules
from zdsync.runs.cycle import Cycle
from zdsync.runs.watch import Watch


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An account in which a trigger sends every tier 2 ticket back to the frontline."""
    house = House(f"sqlite:///{tmp_path}/mirror.db", tickets=5)
    frontline = next(id for id, name in house.group_names().items() if name == "Frontline")
    conditions = {"all": [{"field": "current_tags", "operator": "includes", "value": "tier_2"}], "any": []}
    actions = [{"field": "group_id", "value": str(frontline)}]
    trigger = {"title": "To us", "active": True, "position": 9, "conditions": conditions, "actions": actions}
    house.sandbox.world.add_row("triggers", trigger)
    yield house
    house.close()


def open_tickets(house: House, count: int) -> list[int]:
    made = [
        house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
        for _ in range(count)
    ]
    house.advance(130)
    return made


def test_a_rule_that_is_undone_again_and_again_pauses(house: House) -> None:
    """Two writes to each of three tickets; then new ones of that rule wait, others do not, and one message is sent.

    Without a move limit, which would end the quarrel in its own way.
    """
    alerts = FakeAlerts()

    def cycle() -> Cycle:
        place = house.place(rules=lambda: replace(load_rules(RULES), move_limit=None))
        ended = Watch(place, alerts, MAX_LAG).run_cycle()
        house.close()
        house.advance(130)
        return ended

    contested = open_tickets(house, 3)
    for _ in range(4):
        ended = cycle()
    assert [len(house.our_audits(id)) for id in contested] == [2, 2, 2]
    assert "rule 'billing' is paused for a day" in "\n".join(plan_lines(ended.planned.plan))

    (waiting,) = open_tickets(house, 1)
    other = house.control.customer_creates("Hello", "How are you?")
    house.advance(130)
    ended = cycle()
    assert "on 3 tickets, 1 more wait" in ended.planned.plan.notices[-1].message
    assert (len(house.our_audits(waiting)), len(house.our_audits(other))) == (0, 1)
    (told,) = alerts.of_runs
    assert told.startswith(f"zdsync, {URL}: rule billing is paused for a day")

    house.sandbox.world.tables["triggers"].popitem()
    house.advance(90_000)
    cycle()
    assert "tier_2" in house.tags(waiting)
    assert house.group(waiting) == "Specialists"
    assert alerts.of_runs[1:] == [f"zdsync, {URL}: over: no rule is paused any more"]
