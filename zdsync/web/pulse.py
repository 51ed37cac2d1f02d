"""The worker's pulse: its last sign of life, when it runs next, and what its cycles came to; kept in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from zdsync.errors import ZdsyncError
from zdsync.ports.clock import Clock
from zdsync.ports.journal import Outcome
from zdsync.runs.cycle import Cycle

STILL = timedelta(minutes=10)
"""A cycle that gives no sign of life for so long hangs: no single request, page or statement takes half of it."""

OVERDUE = timedelta(minutes=5)
"""A cycle that has not begun so long after it fell due will never begin: nothing is in its way."""

_CODES = (0, 1, 2, 3, 4)
_OUTCOMES = (Outcome.APPLIED, Outcome.CONFLICT, Outcome.REJECTED)


@dataclass(frozen=True, slots=True)
class Beat:
    """The pulse at one moment. Counts are since the process began; `fault` says what is wrong, empty when it lives.

    `next_run_at` may lie in the past: while a cycle is under way, or right before one that makes up for lost time.
    """

    at: datetime
    began_at: datetime
    is_running: bool
    next_run_at: datetime
    runs: Mapping[int, int]
    outcomes: Mapping[str, int]
    fault: str


class Pulse:
    """The port `Clock` for one worker, listening while at it: each step of a cycle asks for the time or waits.

    A failing cycle is alive: starting the process again would not mend the account, the rules or the database.
    `next_run` tells when the cycle after the one begun at a moment falls due.
    """

    def __init__(self, clock: Clock, next_run: Callable[[datetime], datetime]) -> None:
        self._clock = clock
        self._next_run = next_run
        self._lock = Lock()
        self._began_at = self._due_at = clock.now()
        self._quiet_until = self._began_at + STILL
        self._is_running = False
        self._runs = Counter(dict.fromkeys(_CODES, 0))
        self._outcomes = Counter({outcome.value: 0 for outcome in _OUTCOMES})

    def now(self) -> datetime:
        now = self._clock.now()
        self._quiet_until = now + STILL
        return now

    def sleep(self, seconds: float) -> None:
        self._quiet_until = self._clock.now() + timedelta(seconds=seconds) + STILL
        self._clock.sleep(seconds)
        self.now()

    def time(self, cycle: Callable[[], Cycle]) -> None:
        """Run one cycle, and count how it ended; its errors pass through."""
        began_at = self.now()
        with self._lock:
            self._is_running, self._due_at = True, self._next_run(began_at)
        try:
            ended = cycle()
        except ZdsyncError as err:
            self._end(err.exit_code, {})
            raise
        except BaseException:
            self._end(1, {})
            raise
        self._end(ended.exit_code, ended.applied.outcomes if ended.applied else {})

    def beat(self) -> Beat:
        now = self._clock.now()
        with self._lock:
            return Beat(
                at=now,
                began_at=self._began_at,
                is_running=self._is_running,
                next_run_at=self._due_at,
                runs=dict(self._runs),
                outcomes=dict(self._outcomes),
                fault=self._fault(now),
            )

    def _end(self, exit_code: int, outcomes: Mapping[Outcome, int]) -> None:
        with self._lock:
            self._runs[exit_code] += 1
            self._outcomes.update({outcome.value: count for outcome, count in outcomes.items()})
            self._is_running = False
            self._due_at = max(self._due_at, self._clock.now())

    def _fault(self, now: datetime) -> str:
        if self._is_running:
            return f"the cycle under way hangs: no sign of life for {STILL}" * (now > self._quiet_until)
        return f"the cycle due at {self._due_at:%Y-%m-%d %H:%M:%S} UTC has not begun" * (
            now > self._due_at + OVERDUE
        )
