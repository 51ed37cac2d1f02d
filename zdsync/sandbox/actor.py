"""Who writes a ticket."""

from __future__ import annotations

from dataclasses import dataclass

from zdsync.sandbox.records import User


@dataclass(slots=True)
class Actor:
    """Who writes, and through which channel."""

    user: User
    channel: str = "api"
    client: str | None = None
