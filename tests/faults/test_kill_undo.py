"""An undo killed between any two steps: the same command, called again, comes to the same end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_kill import KilledError, Steps
from tests.house import House
from zdsync.model import RunId, TicketId
from zdsync.runs.cycle import Workplace, recorded, run_cycle, run_pull, settle_open
from zdsync.runs.undo import apply_undo, make_undo

Ends = dict[str, Any]
RUN = RunId("run-1")


def undo(place: Workplace) -> None:
    with recorded(place, "undo") as record:
        settle_open(place)
        run_pull(place, record, respect_cadence=True)
        apply_undo(place, record, make_undo(place, RUN))


def quiet_cycle(house: House) -> None:
    """A worker's cycle, which finds nothing of its own to do."""
    ended = run_cycle(house.place())
    assert ended.planned.plan.is_empty, ended.planned.plan
    house.close()
    house.advance(130)


def live(folder: Path, kill_at: int | None, *, worker_comes_between: bool) -> tuple[list[str], Ends]:
    """A run, its undo that is killed and called again, and a worker that goes on; the undo's steps, and how it ends."""
    house = House(f"sqlite:///{folder}/mirror-{kill_at}.db", tickets=25)
    for _ in range(3):
        house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    house.advance(130)
    run_cycle(house.place())
    house.close()
    house.advance(130)
    steps = Steps(kill_at)
    try:
        undo(house.place(steps.wrap))
    except KilledError:
        house.close()
        if worker_comes_between:
            house.advance(130)
            quiet_cycle(house)
        undo(house.place())
    house.close()
    house.advance(130)
    for _ in range(2):
        quiet_cycle(house)
    ends = end_of(house)
    house.close()
    return steps.names, ends


def end_of(house: House) -> Ends:
    """What the account, the journal and the holds say; the marks of runs apart."""
    store = house.place().mirror
    world = house.sandbox.world
    cases = list(store.read_cases([TicketId(id) for id in world.tickets]))
    house.assert_mirror_is_true()
    assert house.open_mirrors[-1].journal.read_open() == ()
    return {
        "tickets": {
            id: (sorted(row.tags), row.group_id, row.assignee_id, row.priority, row.type, row.status)
            for id, row in world.tickets.items()
        },
        "audits": {id: len(house.our_audits(id)) for id in world.tickets},
        "held": {case.ticket.id: len(case.holds) for case in cases if case.holds},
        "views": {row["title"]: row["active"] for row in world.tables["views"].values()},
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Ends]:
    """The steps of an undo that nobody kills, and how it ends."""
    return live(tmp_path_factory.mktemp("whole"), None, worker_comes_between=False)


def test_there_is_something_to_kill(whole: tuple[list[str], Ends]) -> None:
    """The undo under test holds tickets, hides views, writes tickets back and reads them."""
    names, ends = whole
    for step in (
        "record_holds",
        "switch_view",
        "record_intents",
        "submit_updates",
        "record_outcomes",
        "end_holds",
    ):
        assert step in names
    assert 2 in ends["audits"].values()
    assert False in ends["views"].values()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_kill_anywhere(tmp_path: Path, part: int, whole: tuple[list[str], Ends]) -> None:
    """Killed before any step: as before the run, each ticket written twice and held once, views hidden; nothing redone."""
    names, ends = whole
    for kill_at in range(part, len(names), 4):
        _, found = live(tmp_path, kill_at, worker_comes_between=kill_at % 2 == 0)
        assert found == ends, f"killed before {names[kill_at]} ({kill_at})"
