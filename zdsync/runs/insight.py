"""What reports ask of the mirror: cracks, targets, returns and a ticket's kept decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from zdsync.model import TicketId
from zdsync.ports.runs import DecisionRecord


@dataclass(frozen=True, slots=True)
class CrackRow:
    """One reason why an unsolved ticket may be forgotten: the columns of the view cracks, but for its calendar."""

    ticket_id: TicketId
    crack: str
    since: datetime | None
    tier: str | None
    status: str
    group_id: int | None
    group_name: str | None
    assignee_id: int | None
    assignee_name: str | None


@dataclass(frozen=True, slots=True)
class OpenTarget:
    """A target of an unsolved ticket that is not kept yet; `due_at` None: its time stands still."""

    ticket_id: TicketId
    kind: str
    tier: str
    priority: str | None
    promised: str
    due_at: datetime | None
    state: str
    group: str | None
    assignee: str | None


@dataclass(frozen=True, slots=True)
class TargetSum:
    """How the targets of one kind and tier stand; open ones are due, or missed and still to be done."""

    tier: str
    kind: str
    met: int
    missed: int
    due: int
    missed_open: int


@dataclass(frozen=True, slots=True)
class ReturnSum:
    """Returns to one tier from another: A to B and back to A, how often, whose doing, and the open minutes spent in B.

    `by` counts by whom the ticket was sent back: person, zdsync, rule and so on.
    """

    home: str
    away: str
    returns: int
    tickets: int
    minutes: int
    by: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Bouncer:
    """A ticket that came back to a tier, and what its detours cost in all."""

    ticket_id: TicketId
    returns: int
    minutes: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class PingPong:
    """Every return since a moment: by pair of tiers, most first; the tickets with the most; how many tickets moved at all."""

    pairs: tuple[ReturnSum, ...]
    tickets: tuple[Bouncer, ...]
    moved: int


class Insight(Protocol):
    """Figures of the mirror as of the latest run. Every method may raise MirrorError."""

    def read_cracks(self) -> tuple[CrackRow, ...]:
        """Every crack, by kind in the order of the view, oldest first."""

    def read_desks(self) -> Mapping[int, tuple[str, ...]]:
        """The names of the agents who could be assigned, sorted, by group; a group without any is left out."""

    def read_open_targets(self) -> tuple[OpenTarget, ...]:
        """Targets of unsolved tickets that are not kept yet, what is due first foremost, those that stand still last."""

    def read_target_sums(self, since: datetime) -> tuple[TargetSum, ...]:
        """Targets that began since then, and all that are open, by tier and kind."""

    def read_ping_pong(self, since: datetime, most: int) -> PingPong:
        """Returns since then, and at most so many tickets."""

    def read_decisions(self, ticket_id: TicketId) -> Sequence[DecisionRecord]:
        """The ticket's kept decisions, oldest first."""
