"""Too many refusals stop a run: the fault is then not with single tickets, and people are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.alerts import FakeAlerts
from tests.faults.changes import applied, labels, new_tickets, plan_of, solve
from tests.faults.test_watch import MAX_LAG
from tests.house import URL, House
from zdsync.errors import Rejected
from zdsync.ports.journal import Outcome
from zdsync.runs.cycle import IN_PART, recorded, run_apply
from zdsync.runs.outcomes import MANY_REJECTED, Applied
from zdsync.runs.watch import Watch


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An account of few tickets, nothing mirrored yet."""
    made = House(f"sqlite:///{tmp_path}/mirror.db", tickets=3)
    yield made
    made.close()


class _Refusing:
    """A writer whose every batch, or all but the first few, Zendesk refuses as a whole."""

    def __init__(self, port: Any, first: int) -> None:
        self._port, self._first = port, first
        self.batches = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def submit_updates(self, updates: Any) -> Any:
        """Refused, once it is so far."""
        self.batches += 1
        if self.batches > self._first:
            raise Rejected("no", status=422)
        return self._port.submit_updates(updates)


def refusing(first: int = 0) -> Any:
    return lambda name, port: _Refusing(port, first) if name == "writer" else port


def test_a_run_that_is_refused_stops(house: House) -> None:
    """After the second refused batch nothing more is sent; the run says so, in its message too, and ends in part."""
    plan = labels(house, new_tickets(house, 500))
    place = house.place(refusing())
    with recorded(place, "apply") as record:
        done = run_apply(place, record, plan)
    assert (done.outcomes, done.unsent) == (Counter({Outcome.REJECTED: 200}), 300)
    assert record.exit_code == IN_PART
    assert (
        place.mirror.read_runs(1)[0].message == "Zendesk rejected 200 of 200 updates, and 300 were not sent"
    )
    assert len(place.journal.read_entries()) == 200


def test_what_a_limit_left_out_does_not_count_as_unsent(house: House) -> None:
    """`apply --limit` asked for no more."""
    plan = labels(house, new_tickets(house, 500))
    place = house.place(refusing())
    with recorded(place, "apply") as record:
        assert run_apply(place, record, plan, limit=250).unsent == 50


def test_refusals_among_many_others_stop_nobody(house: House) -> None:
    """While most of the updates are taken, the fault is with single tickets."""
    plan = labels(house, new_tickets(house, 400))
    done = applied(house.place(refusing(first=2)), plan)
    assert done.outcomes == Counter({Outcome.APPLIED: 200, Outcome.REJECTED: 200})
    assert (done.refusal, done.unsent) == ("", 0)


def test_refusals_one_by_one_count_as_well(house: House) -> None:
    """Whether Zendesk refuses a batch or each ticket in it: a required field that nobody fills is told at the end."""
    ids = new_tickets(house, 120)
    house.sandbox.world.custom_fields()[0]["required"] = True
    done = applied(house.place(), plan_of(house, [solve(house, id) for id in ids]))
    assert done.refusal == "Zendesk rejected 120 of 120 updates"


def test_one_bad_batch_is_no_bad_plan() -> None:
    """A hundred refusals pass, one more does not, unless conflicts and the like outnumber them."""
    done = Applied(Counter({Outcome.REJECTED: MANY_REJECTED}))
    assert not done.is_refused()
    done.outcomes[Outcome.REJECTED] += 1
    assert done.is_refused()
    assert not done.is_refused(conflicts=MANY_REJECTED + 1)


def test_people_are_told_once(house: House) -> None:
    """One message while it lasts, by whatever process, and one when Zendesk takes the updates again."""
    new_tickets(house, 210)
    alerts = FakeAlerts()
    watch = Watch(house.place(refusing()), alerts, MAX_LAG)
    for _ in range(2):
        assert watch.run_cycle().exit_code == IN_PART
        house.advance(130)
    Watch(house.place(refusing()), alerts, MAX_LAG).run_cycle()
    house.advance(130)
    (told,) = alerts.of_runs
    assert told.startswith(f"zdsync, {URL}: Zendesk rejected 200 of 205 updates, and ")
    assert "; the run has stopped; `zdsync runs run-1` lists them" in told
    Watch(house.place(), alerts, MAX_LAG).run_cycle()
    assert alerts.of_runs[1:] == [f"zdsync, {URL}: over: Zendesk takes our updates again"]
