"""Alerts that are kept instead of sent."""

from __future__ import annotations


class FakeAlerts:
    """Implements the port Alerts; while `is_down` nothing gets through."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_down = False

    def send(self, text: str) -> bool:
        if self.is_down:
            return False
        self.sent.append(text)
        return True

    @property
    def of_runs(self) -> list[str]:
        """What was told of runs; messages of single tickets name each by its number."""
        return [text for text in self.sent if "ticket #" not in text]
