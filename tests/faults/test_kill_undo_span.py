"""An undo of a time killed between any two steps: called again with the same beginning it comes to the same end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.faults.test_kill import KilledError, Steps
from tests.faults.test_kill_undo import Ends, end_of
from tests.house import House
from zdsync.rules.model import RuleSet
from zdsync.runs.cycle import Workplace, recorded, run_cycle, run_pull, settle_open
from zdsync.runs.undo import apply_undo, make_undo_of_span


def undo(place: Workplace, since: datetime) -> None:
    with recorded(place, "undo") as record:
        settle_open(place)
        run_pull(place, record, respect_cadence=True)
        apply_undo(place, record, make_undo_of_span(place, since, place.clock.now()))


def other_rules(house: House) -> RuleSet:
    """Money questions go a tier further than by the shipped rules."""
    rules = house.place().rules()
    assign = tuple(
        replace(rule, then=replace(rule.then, tier="3")) if rule.id == "billing" else rule
        for rule in rules.assign
    )
    return replace(rules, assign=assign, digest="other")


def live(folder: Path, kill_at: int | None) -> tuple[list[str], Ends]:
    """Two runs, the second by other rules, and the undo of both, killed and called again; its steps, and how it ends.

    Between the kill and the second call a worker's cycle comes every other time.
    """
    house = House(f"sqlite:///{folder}/mirror-{kill_at}.db", tickets=4)
    for _ in range(2):
        house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    house.advance(130)
    since = house.clock.now()
    rules = other_rules(house)
    for decided_by in (house.place().rules, lambda: rules):
        run_cycle(house.place(rules=decided_by))
        house.close()
        house.advance(130)
    steps = Steps(kill_at)
    try:
        undo(house.place(steps.wrap, rules=lambda: rules), since)
    except KilledError:
        house.close()
        if (kill_at or 0) % 2:
            house.advance(130)
            assert run_cycle(house.place(rules=lambda: rules)).planned.plan.is_empty
            house.close()
        undo(house.place(rules=lambda: rules), since)
    house.close()
    house.advance(130)
    ended = run_cycle(house.place(rules=lambda: rules))
    assert ended.planned.plan.is_empty, ended.planned.plan
    ends = end_of(house)
    house.close()
    return steps.names, ends


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Ends]:
    """The steps of an undo that nobody kills, and how it ends."""
    return live(tmp_path_factory.mktemp("whole"), None)


def test_there_is_something_to_kill(whole: tuple[list[str], Ends]) -> None:
    """The undo takes back tickets that both runs changed, in one update each, and hides the views."""
    names, ends = whole
    for step in ("record_holds", "switch_view", "submit_updates", "record_outcomes", "end_holds"):
        assert step in names
    assert 3 in ends["audits"].values()
    assert False in ends["views"].values()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_kill_anywhere(tmp_path: Path, part: int, whole: tuple[list[str], Ends]) -> None:
    """Killed before any step: as before both runs, each ticket written and held once by the undo, views hidden."""
    names, ends = whole
    for kill_at in range(part, len(names), 4):
        _, found = live(tmp_path, kill_at)
        assert found == ends, f"killed before {names[kill_at]} ({kill_at})"
