"""A process killed between any two steps: after a restart nothing is lost, nothing happens twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.house import House
from zdsync.ports.journal import Outcome
from zdsync.runs.cycle import run_cycle

WRITING = {
    "record_page", "record_skipped", "open_run", "close_run", "record_decisions", "record_ruleset", "bind",
    "record_intents", "record_sent", "record_outcomes",
    "submit_updates", "fetch_results", "create_group", "create_view", "update_view", "create_tier_field", "add_option",
    "record_known", "fetch_tickets",
    "switch_view", "record_holds", "end_holds",
}  # fmt: skip
"""The steps that leave something behind, here or there; between two others a kill is the same as at the next one."""


class KilledError(BaseException):
    """The process ends here."""


class Steps:
    """Counts the steps of a process over all its ports, and ends it before a chosen one."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.kill_at = kill_at
        self.taken = 0
        self.names: list[str] = []

    def take(self, name: str) -> None:
        """The moment before a step, at which a process may be killed; a dead process takes no further step."""
        if self.kill_at is not None and self.taken >= self.kill_at:
            raise KilledError(name)
        self.taken += 1
        self.names.append(name)

    def wrap(self, _name: str, port: Any) -> Any:
        return _Port(port, self)


class _Port:
    """A port whose writing steps are counted; after one is before the next."""

    def __init__(self, port: Any, steps: Steps) -> None:
        self._port, self._steps = port, steps

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name == "fetch_pages":
            return self._pages
        if name not in WRITING:
            return method

        def step(*args: Any, **given: Any) -> Any:
            self._steps.take(name)
            return method(*args, **given)

        return step

    def _pages(self, *args: Any) -> Iterator[Any]:
        for page in self._port.fetch_pages(*args):
            self._steps.take("page")
            yield page


def live(house: House, kill_at: int | None) -> Steps:
    """One cycle that is killed, then cycles of new processes until the world is quiet."""
    steps = Steps(kill_at)
    try:
        run_cycle(house.place(steps.wrap))
    except KilledError:
        house.close()
    for _ in range(3):
        run_cycle(house.place())
        house.close()
        house.advance(130)
    ended = run_cycle(house.place())
    assert ended.planned.plan.is_empty
    assert not ended.planned.plan.counts.get("settling")
    return steps


def outcome_of(house: House) -> dict[int, tuple[Any, ...]]:
    return {
        id: (sorted(house.tags(id)), house.group(id), len(house.our_audits(id))) for id in house.unsolved()
    }


def new_house(folder: Path, number: int) -> House:
    return House(f"sqlite:///{folder}/mirror-{number}.db", tickets=45)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], dict[int, tuple[Any, ...]]]:
    """The steps of a life that nobody kills, and how it ends."""
    house = new_house(tmp_path_factory.mktemp("whole"), 0)
    steps = live(house, None)
    house.close()
    return steps.names, outcome_of(house)


def test_there_is_something_to_kill(whole: tuple[list[str], dict[int, tuple[Any, ...]]]) -> None:
    """The life under test pulls, creates a group and views, writes tickets and reads them back."""
    names, ends = whole
    for step in ("page", "create_group", "create_view", "submit_updates", "record_sent", "record_outcomes"):
        assert step in names
    assert any(audits for _, _, audits in ends.values())


@pytest.mark.slow
@pytest.mark.parametrize("part", range(6))
def test_kill_anywhere(
    tmp_path: Path, part: int, whole: tuple[list[str], dict[int, tuple[Any, ...]]]
) -> None:
    """Killed at any step: same tags, same groups, one update and one note per ticket, a true mirror, a settled journal."""
    names, ends = whole
    for kill_at in range(part, len(names), 6):
        house = new_house(tmp_path, kill_at)
        live(house, kill_at)
        place = f"killed before {names[kill_at]} ({kill_at})"
        assert outcome_of(house) == ends, place
        house.assert_mirror_is_true()
        house.assert_tiers_are_right()
        store = house.open_mirrors[-1]
        assert store.journal.read_open() == (), place
        applied = [entry for entry in store.journal.read_entries() if entry.outcome is Outcome.APPLIED]
        tickets = [entry.object_id or 0 for entry in applied if entry.object == "ticket"]
        assert sorted(tickets) == sorted(id for id, (_, _, audits) in ends.items() if audits), place
        groups = [row["name"] for row in house.sandbox.world.tables["groups"].values()]
        views = [row["title"] for row in house.sandbox.world.tables["views"].values()]
        assert len(groups) == len(set(groups)), place
        assert len(views) == len(set(views)), place
        house.close()
