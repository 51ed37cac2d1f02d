"""A clock that tests move: sleeping takes no time, and is remembered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Implements the port Clock; `on_sleep` lets a test move another clock along."""

    def __init__(
        self,
        now: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
        on_sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._now = now
        self._on_sleep = on_sleep
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        if self._on_sleep is not None:
            self._on_sleep(seconds)

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
