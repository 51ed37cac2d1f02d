"""What the mirror keeps of runs, decisions and streams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from zdsync.model import RunId, TicketId, UserId
from zdsync.streams import Stream


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a command that changes the mirror or the account; `figures` are counts by name.

    `unsolved` and `user_id`, the tickets it found and the user it wrote as, are what the guard of later runs goes by.
    """

    id: RunId
    command: str
    account: str
    started_at: datetime
    ended_at: datetime | None = None
    exit_code: int | None = None
    message: str = ""
    figures: Mapping[str, int] | None = None
    rules_digest: str | None = None
    unsolved: int | None = None
    user_id: UserId | None = None


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A ticket's decision, kept whenever it differs from the last one kept."""

    ticket_id: TicketId
    run_id: RunId
    decided_at: datetime
    outcome: str
    rule: str
    tier: str | None
    rules_digest: str
    reason: str


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How far a stream has come; `skipped` tells why it is not pulled, empty otherwise."""

    stream: Stream
    rows: int
    complete_until: datetime | None
    pulled_at: datetime | None
    skipped: str = ""
    skipped_at: datetime | None = None
    missing: int = 0
    """What is still to be asked for one by one; of events, tickets without their history."""
