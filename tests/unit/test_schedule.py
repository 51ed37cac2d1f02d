"""The worker's loop: at once, one at a time, late runs once, clean stops, honest exit codes."""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from zdsync.errors import ConfigError, Denied, GuardBreach, Stopped, Unavailable, ZdsyncError
from zdsync.schedule import (
    Pokes,
    StopFlag,
    SystemClock,
    next_run_after,
    run_on_schedule,
    stopping_on_signals,
)
from zdsync.settings import Cron, Every, Schedule

UTC_ZONE = ZoneInfo("UTC")
SOON = Every(0.01)


class Cycle:
    """A cycle that raises what it is given, call by call, and remembers how it was called."""

    def __init__(self, *errors: Exception | None) -> None:
        self._errors = list(errors)
        self.calls = 0
        self.threads: set[int] = set()

    def __call__(self) -> None:
        self.calls += 1
        self.threads.add(threading.get_ident())
        if self._errors and (error := self._errors.pop(0)):
            raise error


def run(cycle: Cycle, schedule: Schedule = SOON, *, max_cycles: int | None = None) -> int:
    return run_on_schedule(cycle, schedule, timezone=UTC_ZONE, stop=StopFlag(), max_cycles=max_cycles)


def test_the_first_run_comes_at_once() -> None:
    """Nobody waits for the first tick, whatever the schedule."""
    for schedule in (Every(86400), Cron("0 0 1 1 *")):
        cycle = Cycle()
        assert run(cycle, schedule, max_cycles=1) == 0
        assert cycle.calls == 1


def test_cycles_follow_each_other_in_one_thread() -> None:
    """The schedule goes on until told otherwise, always in the same thread."""
    cycle = Cycle()
    assert run(cycle, max_cycles=3) == 0
    assert cycle.calls == 3
    assert len(cycle.threads) == 1


def test_a_long_run_is_made_up_for_once() -> None:
    """What falls due during a cycle is one more cycle right after it, not five, and never beside it."""
    clock, inside = SystemClock(), threading.Lock()
    begun, starts = clock.now(), []

    def cycle() -> None:
        assert inside.acquire(blocking=False)
        starts.append((clock.now() - begun).total_seconds())
        while len(starts) == 1 and (clock.now() - begun).total_seconds() < 0.25:
            clock.sleep(0.01)
        inside.release()

    assert run_on_schedule(cycle, Every(0.1), timezone=UTC_ZONE, stop=StopFlag(), max_cycles=3) == 0
    ticks = [int(start / 0.1) for start in starts]
    assert ticks[0] == 0
    assert 2 <= ticks[1] < ticks[2]


def test_a_poke_is_a_cycle_at_once() -> None:
    """However far the next one is; those that come while one is under way are one more right after it."""
    pokes, stop, calls = Pokes(), StopFlag(), []

    def cycle() -> None:
        calls.append(threading.get_ident())
        if len(calls) == 1:
            for _ in range(3):
                pokes.poke()

    code = run_on_schedule(cycle, Every(86400), timezone=UTC_ZONE, stop=stop, max_cycles=2, pokes=pokes)
    assert (code, len(calls), len(set(calls))) == (0, 2, 1)


def test_several_pokes_are_one() -> None:
    """Nobody answers twice what was asked at once, nor at all when it is over."""
    heard: list[str] = []
    pokes = Pokes()
    pokes.poke()
    pokes.poke()

    def answer() -> None:
        heard.append("poke")
        pokes.close()

    pokes.listen(answer)
    assert heard == ["poke"]
    pokes.poke()
    pokes.close()
    pokes.listen(lambda: heard.append("late"))
    assert heard == ["poke"]


@pytest.mark.parametrize(
    "error", [Unavailable("down", status=503), GuardBreach("too much"), ZeroDivisionError()]
)
def test_a_failing_cycle_does_not_end_the_schedule(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Errors are logged with the next move, and the next cycle runs; the last one's code is returned."""
    cycle = Cycle(error, None)
    assert run(cycle, max_cycles=2) == 0
    assert caplog.messages[0] in ("cycle.failed", "cycle.crashed")
    code = error.exit_code if isinstance(error, ZdsyncError) else 1
    assert run(Cycle(error), max_cycles=1) == code


@pytest.mark.parametrize("error", [ConfigError("settings"), Denied("no")])
def test_what_no_cycle_can_mend_ends_the_worker(error: ZdsyncError) -> None:
    """Settings and credentials stay wrong: stop with their exit code."""
    cycle = Cycle(None, error)
    assert run(cycle) == error.exit_code
    assert cycle.calls == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_cleanly(number: signal.Signals) -> None:
    """The running cycle ends its step, no other begins, the exit code is 130, earlier handlers come back."""
    stop, steps = StopFlag(), []
    before = signal.getsignal(number)

    def cycle() -> None:
        os.kill(os.getpid(), number)
        steps.append("step")
        with pytest.raises(Stopped):
            SystemClock(stop).sleep(30)
        steps.append("recorded")
        raise Stopped("stopped by a signal")

    with stopping_on_signals(stop):
        assert run_on_schedule(cycle, SOON, timezone=UTC_ZONE, stop=stop) == 130
    assert steps == ["step", "recorded"]
    assert signal.getsignal(number) is before


def test_a_second_signal_is_not_caught() -> None:
    """Who asks twice is served at once: the default handlers are back after the first signal."""
    with stopping_on_signals(StopFlag()) as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL


def test_the_clock_is_aware_and_wakes_for_a_stop() -> None:
    """Times are UTC; a sleep under a stop flag ends with Stopped, another just ends."""
    stop = StopFlag()
    clock = SystemClock(stop)
    assert clock.now().tzinfo is UTC
    clock.sleep(0)
    clock.sleep(-1)
    stop.set()
    for _ in range(2):
        with pytest.raises(Stopped):
            clock.sleep(3600)


@pytest.mark.parametrize(
    ("schedule", "zone", "started", "expected"),
    [
        (Every(90), "UTC", "2026-11-22T12:00:00", "2026-11-22T12:01:30"),
        (Cron("*/15 * * * *"), "UTC", "2026-11-22T12:00:00", "2026-11-22T12:15:00"),
        (Cron("0 9 * * 1"), "UTC", "2026-11-22T12:00:00", "2026-11-23T09:00:00"),  # 2026-11-22 is a Sunday
        (Cron("0 9 * * 0"), "UTC", "2026-11-22T12:00:00", "2026-11-29T09:00:00"),
        (Cron("0 9 1 * mon"), "UTC", "2026-11-24T12:00:00", "2026-11-30T09:00:00"),
        (Cron("0 9 1 * mon"), "UTC", "2026-11-30T12:00:00", "2026-12-01T09:00:00"),
        (Cron("0 9 * * *"), "America/New_York", "2026-11-22T12:00:00", "2026-11-22T14:00:00"),
        (
            Cron("30 2 * * *"),
            "Europe/Berlin",
            "2027-03-27T02:00:00",
            "2027-03-28T01:30:00",
        ),  # no 02:30 that day
    ],
)
def test_cron_means_what_cron_means(schedule: Schedule, zone: str, started: str, expected: str) -> None:
    """Weekdays from Sunday, either kind of day, the zone's own hours."""
    after = next_run_after(schedule, ZoneInfo(zone), datetime.fromisoformat(started).replace(tzinfo=UTC))
    assert after == datetime.fromisoformat(expected).replace(tzinfo=UTC)
