"""The sandbox's time: the real clock with an offset, or a hand-moved one for tests."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SandboxClock:
    """Seconds since 1970, which `advance` moves forward and nothing moves back.

    With `start` the clock stands still at that instant until advanced; without it, real time runs.
    """

    __slots__ = ("_frozen", "_offset")

    def __init__(self, start: datetime | float | None = None, *, frozen: bool | None = None) -> None:
        self._frozen: float | None = None
        self._offset = 0.0
        if start is None:
            return
        instant = start.timestamp() if isinstance(start, datetime) else float(start)
        if frozen is False:
            self._offset = instant - time.time()
        else:
            self._frozen = instant

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

    def time(self) -> float:
        """Seconds since 1970 with fractions."""
        return self._frozen if self._frozen is not None else time.time() + self._offset

    def now(self) -> int:
        """Whole seconds since 1970, as Zendesk's timestamps are."""
        return int(self.time())

    def advance(self, seconds: float) -> None:
        """Move the clock forward; raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("the sandbox clock only moves forward")
        if self._frozen is not None:
            self._frozen += seconds
        else:
            self._offset += seconds

    def datetime(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)


def parse_stamp(text: str) -> int:
    """Read an ISO 8601 time or epoch digits; raises ValueError for anything else."""
    if text.isdigit():
        return int(text)
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
