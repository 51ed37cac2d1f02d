"""The journal as the use cases need it: what was meant, what happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from zdsync.model import RunId, TicketId


class Outcome(StrEnum):
    """What became of one intended change, as the journal keeps it."""

    INTENDED = "intended"
    SENT = "sent"
    APPLIED = "applied"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    NOT_APPLIED = "not_applied"


OPEN_OUTCOMES = frozenset({Outcome.INTENDED, Outcome.SENT, Outcome.UNKNOWN})
"""Entries that a later start has to resolve by looking at the account."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One intended change of one ticket or account object: intent, before, after and outcome, append-only.

    `key` marks the audit in Zendesk. `before` and `after` hold only what changes (API names; `tags` as lists).
    `object` is `ticket`, `group`, `field` or `view`; `object_id` is None for an object yet to be created.
    """

    key: str
    run_id: RunId
    object: str
    object_id: int | None
    name: str
    rule: str
    reason: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    outcome: Outcome
    intended_at: datetime
    note_digest: str | None = None
    updated_stamp: datetime | None = None
    job_id: str | None = None
    detail: str = ""
    settled_at: datetime | None = None
    kind: str = ""
    """Of a ticket's change, `TicketChange.kind`."""
    notify: str = ""
    """Who is to be told once it is made; empty for nobody."""


class Journal(Protocol):
    """What was meant, what happened. Written before Zendesk is."""

    def record_intents(self, entries: Sequence[JournalEntry]) -> None:
        """Store new entries (outcome INTENDED), one transaction."""

    def record_sent(self, keys: Sequence[str], job_id: str) -> None:
        """These entries are now in Zendesk's job `job_id`."""

    def record_outcomes(
        self,
        outcomes: Sequence[tuple[str, Outcome, str]],
        at: datetime,
        object_ids: Mapping[str, int] | None = None,
    ) -> None:
        """Store (key, outcome, detail) for each, and the ids that created objects got."""

    def read_open(self) -> tuple[JournalEntry, ...]:
        """Entries in OPEN_OUTCOMES, oldest first."""

    def read_entries(
        self, run_id: RunId | None = None, ticket_id: TicketId | None = None
    ) -> tuple[JournalEntry, ...]:
        """Entries of a run or a ticket, oldest first."""

    def read_busy(self, ticket_ids: Collection[TicketId], since: datetime, most: int) -> frozenset[TicketId]:
        """Those of the tickets that we have updated so many times since then, or may have."""

    def read_contradicted(self, since: datetime) -> tuple[JournalEntry, ...]:
        """Ticket entries of runs begun after `since` that count as not done, though an event mirrored bears their key."""

    def read_public_notes(self, since: datetime) -> tuple[JournalEntry, ...]:
        """Ticket entries of runs begun after `since` whose event, as mirrored, has a comment the customer can see."""
