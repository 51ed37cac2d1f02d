"""When the worker counts as alive: by its signs of life while it works, by its timetable while it waits."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.fakes.clock import FakeClock
from zdsync.errors import GuardBreach, ZdsyncError
from zdsync.ports.journal import Outcome
from zdsync.runs.cycle import Cycle
from zdsync.web.pulse import OVERDUE, STILL, Pulse

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class House:
    """A worker that runs every minute."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.pulse = Pulse(self.clock, lambda began: began + MINUTE)

    def cycle(self, exit_code: int = 0, **outcomes: int) -> None:
        counts = Counter({Outcome(name): count for name, count in outcomes.items()})
        applied = SimpleNamespace(outcomes=counts) if outcomes else None
        ended = cast("Cycle", SimpleNamespace(exit_code=exit_code, applied=applied))
        self.pulse.time(lambda: ended)

    def fail(self, error: BaseException) -> None:
        def cycle() -> Any:
            raise error

        with pytest.raises(type(error)):
            self.pulse.time(cycle)


@pytest.fixture
def house() -> House:
    return House()


def test_a_waiting_worker_is_alive_until_overdue(house: House) -> None:
    """Between cycles only the timetable counts, from the first moment on."""
    house.clock.advance(OVERDUE.total_seconds())
    assert house.pulse.beat().fault == ""
    house.cycle()
    house.clock.advance((MINUTE + OVERDUE).total_seconds())
    assert house.pulse.beat().fault == ""
    house.clock.advance(1)
    assert "12:06:00 UTC has not begun" in house.pulse.beat().fault


def test_a_long_cycle_is_alive_while_it_does_something(house: House) -> None:
    """A first pull of hours asks for the time with each page; one that stops doing so hangs."""
    told = []

    def cycle() -> Any:
        for _ in range(30):
            house.clock.advance(STILL.total_seconds())
            told.append(house.pulse.beat().fault)
            house.pulse.now()
        house.clock.advance(STILL.total_seconds() + 1)
        told.append(house.pulse.beat().fault)
        return SimpleNamespace(exit_code=0, applied=None)

    house.pulse.time(cycle)
    assert told[:-1] == [""] * 30
    assert "hangs" in told[-1]
    assert house.pulse.beat().fault == ""


def test_waiting_out_a_limit_is_no_silence(house: House) -> None:
    """While Zendesk makes us wait, the wait counts as life, and the wait is kept to the second."""
    told = []
    house.clock._on_sleep = lambda _seconds: told.append(house.pulse.beat().fault)

    def cycle() -> Any:
        house.pulse.sleep(3600)
        return SimpleNamespace(exit_code=0, applied=None)

    house.pulse.time(cycle)
    assert (told, house.clock.slept) == ([""], [3600])


def test_failing_is_alive(house: House) -> None:
    """A restart would not mend Zendesk, rules or database, so failures do not count against the process."""
    for error in (ZdsyncError("no"), GuardBreach("no"), LookupError("no")):
        house.fail(error)
    beat = house.pulse.beat()
    assert beat.fault == ""
    assert {code: count for code, count in beat.runs.items() if count} == {1: 2, 4: 1}


def test_counts(house: House) -> None:
    """Exit codes and outcomes are counted from the start; the usual ones stand there as zero before they happen."""
    assert house.pulse.beat().runs == dict.fromkeys(range(5), 0)
    house.cycle()
    house.cycle(3, applied=4, conflict=1)
    house.cycle(applied=2)
    beat = house.pulse.beat()
    assert beat.runs == {0: 2, 1: 0, 2: 0, 3: 1, 4: 0}
    assert beat.outcomes == {"applied": 6, "conflict": 1, "rejected": 0}


def test_the_next_run(house: House) -> None:
    """The next cycle is due a period after the last began; at once when that one took longer."""
    house.cycle()
    assert house.pulse.beat().next_run_at == NOW + MINUTE

    def slow() -> Any:
        assert house.pulse.beat().is_running
        house.clock.advance(150)
        return SimpleNamespace(exit_code=0, applied=None)

    house.pulse.time(slow)
    beat = house.pulse.beat()
    assert (beat.is_running, beat.next_run_at) == (False, NOW + timedelta(seconds=150))
