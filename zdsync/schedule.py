"""The worker's loop and the clock: one run at a time, a late run once, a clean stop on a signal."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from zdsync.cron import CronTimes, parse_cron
from zdsync.errors import ConfigError, Denied, PublicNote, Stopped, ZdsyncError
from zdsync.settings import Cron, Every, Schedule

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

log = logging.getLogger(__name__)

FATAL = (ConfigError, Denied, PublicNote)
"""Errors that no later cycle can get over by itself; the worker ends with their exit code."""

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class StopFlag:
    """A wish to stop that a signal handler may utter and any thread may wait for.

    A queue wakes the waiters: unlike a lock, its `put` may interrupt a `get` of the same thread.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._bell: SimpleQueue[None] = SimpleQueue()

    @property
    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        self._bell.put(None)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until set, at most `seconds`; whether it is set."""
        if not self._is_set:
            with suppress(Empty):
                self._bell.get(timeout=seconds)
                self._bell.put(None)
        return self._is_set


class Pokes:
    """Wishes for a cycle at once, from any thread; several that nobody has heard yet are one."""

    def __init__(self) -> None:
        self._bell: SimpleQueue[bool] = SimpleQueue()

    def poke(self) -> None:
        self._bell.put(item=True)

    def close(self) -> None:
        """No more are heard."""
        self._bell.put(item=False)

    def listen(self, answer: Callable[[], object]) -> None:
        """Call `answer` for what was wished, until closed."""
        while self._bell.get():
            while not self._bell.empty():
                if not self._bell.get():
                    return
            answer()


class SystemClock:
    """The machine's clock, or one so far `ahead` of it; sleeping ends with Stopped as soon as a stop is wished for."""

    def __init__(self, stop: StopFlag | None = None, ahead: timedelta = timedelta()) -> None:
        self._stop = stop or StopFlag()
        self._ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def sleep(self, seconds: float) -> None:
        if self._stop.wait(max(0.0, seconds)):
            raise Stopped("stopped by a signal")


@contextmanager
def stopping_on_signals(stop: StopFlag) -> Iterator[StopFlag]:
    """While inside, SIGTERM and SIGINT set `stop`; the second one ends the process as if nobody listened.

    To be entered by the main thread, which alone may handle signals.
    """
    earlier = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def wish_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for each in earlier:
            signal.signal(each, signal.SIG_DFL)

    for number in earlier:
        signal.signal(number, wish_to_stop)
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def run_on_schedule(
    cycle: Callable[[], None],
    schedule: Schedule,
    *,
    timezone: ZoneInfo,
    stop: StopFlag,
    max_cycles: int | None = None,
    pokes: Pokes | None = None,
) -> int:
    """Call `cycle` at once and then on schedule until `stop` is set; the exit code. A poke is a cycle due now.

    Cycles never overlap; those that fell due during a long one are made up for by one. A cycle that fails is logged
    and the schedule goes on, but for FATAL errors. `cycle` runs in one thread of its own and is never broken off: it
    watches `stop` itself. 130 after a stop, the error's code after a fatal one; after `max_cycles` that of the last.
    """
    from apscheduler.executors.debug import DebugExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    worker = _Worker(cycle, stop, max_cycles)
    # The executor that works in the scheduler's own thread: a cycle holds the timetable up, so nothing overlaps and
    # what falls due meanwhile is coalesced. A pool would drop the late run instead.
    scheduler = BackgroundScheduler(timezone=timezone, executors={"default": DebugExecutor()})
    job = scheduler.add_job(
        worker.run_once,
        _as_trigger(schedule, timezone),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
        next_run_time=datetime.now(UTC),
    )
    scheduler.start()
    heard = pokes or Pokes()
    # The timetable is locked during a cycle: a poke waits for its end in a thread of its own.
    listener = Thread(
        target=heard.listen, args=(lambda: job.modify(next_run_time=datetime.now(UTC)),), name="pokes"
    )
    listener.start()
    try:
        stop.wait()
        log.info("worker.stopping", extra={"cycles": worker.cycles})
    finally:
        stop.set()
        heard.close()
        listener.join()
        scheduler.shutdown(wait=True)
    log.info("worker.stopped", extra={"cycles": worker.cycles, "exit_code": worker.exit_code})
    return worker.exit_code


def next_run_after(schedule: Schedule, timezone: ZoneInfo, started_at: datetime) -> datetime:
    """When the run that follows the one started at `started_at` falls due, in UTC."""
    if isinstance(schedule, Every):
        return started_at + timedelta(seconds=schedule.seconds)
    moment: datetime = _as_trigger(schedule, timezone).get_next_fire_time(
        started_at, started_at + timedelta(microseconds=1)
    )
    return moment.astimezone(UTC)


class _Worker:
    """Runs cycles, counts them, and knows with which exit code to end."""

    def __init__(self, cycle: Callable[[], None], stop: StopFlag, max_cycles: int | None) -> None:
        self._cycle = cycle
        self._stop = stop
        self._max_cycles = max_cycles
        self._ending: int | None = None
        self.cycles = 0

    @property
    def exit_code(self) -> int:
        return Stopped.exit_code if self._ending is None else self._ending

    def run_once(self) -> None:
        if self._stop.is_set:
            return
        self.cycles += 1
        code, is_fatal = self._try()
        if is_fatal or (self.cycles == self._max_cycles and not self._stop.is_set):
            self._ending = code
            self._stop.set()

    def _try(self) -> tuple[int, bool]:
        """The cycle's exit code, and whether the worker has to end with it."""
        try:
            self._cycle()
        except Stopped:
            return Stopped.exit_code, True
        except ZdsyncError as err:
            is_fatal = isinstance(err, FATAL)
            log.error(  # noqa: TRY400  # the operator needs the next move, not the stack
                "cycle.failed", extra={"error": type(err).__name__, "detail": err.message, "hint": err.hint}
            )
            return err.exit_code, is_fatal
        except Exception:
            log.exception("cycle.crashed")
            return 1, False
        return 0, False


def _as_trigger(schedule: Schedule, timezone: ZoneInfo) -> BaseTrigger:
    from apscheduler.triggers.combining import OrTrigger
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    match schedule:
        case Every(seconds):
            return IntervalTrigger(seconds=seconds, timezone=timezone)
        case Cron(text):
            triggers = [CronTrigger(timezone=timezone, **fields) for fields in _cron_fields(parse_cron(text))]
            return triggers[0] if len(triggers) == 1 else OrTrigger(triggers)


def _cron_fields(times: CronTimes) -> Iterator[dict[str, Any]]:
    """The arguments of one CronTrigger, or of two of which either may fire.

    APScheduler counts weekdays from Monday, so they go over by name; it also wants both days to fit, cron either.
    """
    base = {"minute": _listed(times.minutes), "hour": _listed(times.hours), "month": _listed(times.months)}
    days = {"day": _listed(times.days)}
    weekdays = {"day_of_week": ",".join(_WEEKDAYS[day] for day in sorted(times.weekdays))}
    if times.is_either_day:
        yield {**base, **days}
        yield {**base, **weekdays}
    else:
        yield {**base, **days, **weekdays}


def _listed(values: frozenset[int]) -> str:
    return ",".join(str(value) for value in sorted(values))
