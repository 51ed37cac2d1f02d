"""Time, as the use cases need it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time as an argument, so that the core stays pure and tests never sleep."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait; raises Stopped when a signal asks for a clean stop meanwhile."""
