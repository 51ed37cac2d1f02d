"""Where people hear of what needs them."""

from __future__ import annotations

from typing import Protocol


class Alerts(Protocol):
    """Where people hear of what needs them."""

    def send(self, text: str) -> bool:
        """Tell them, waiting a few seconds at most; False when it did not get through. Never raises."""
