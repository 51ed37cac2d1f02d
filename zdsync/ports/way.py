"""What the mirror keeps from run to run: who is to be decided anew, what stands, each ticket's way, whom to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from zdsync.model import JoinKeys, TicketId, UserId
from zdsync.plan.model import ComingUp


@dataclass(frozen=True, slots=True)
class Agenda:
    """Which unsolved tickets to decide: those that were touched or fell due; `ids` None means every one.

    `touched` and `finished` (tickets that are not unsolved, whose stays alone are to be told) count how often each was
    touched, so that what happens meanwhile is not lost.
    """

    ids: frozenset[TicketId] | None
    touched: Mapping[TicketId, int] = field(default_factory=dict)
    finished: Mapping[TicketId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What was decided earlier of tickets that need no new decision: how many by outcome, and those that wait, why."""

    counts: Mapping[str, int] = field(default_factory=dict)
    waiting: tuple[tuple[TicketId, str], ...] = ()
    contested: Mapping[str, int] = field(default_factory=dict)
    """Those that the account's own rules keep undoing, by our rule."""


@dataclass(frozen=True, slots=True)
class StayRecord:
    """One stay as the mirror keeps it: the columns of tier_stays but ticket and place."""

    tier: str
    rank: int | None
    entered_at: datetime
    left_at: datetime | None
    entered_by: str
    entered_by_id: UserId | None
    through: str
    zdsync_key: str | None
    rule: str
    why: str
    basis: str
    calendar: str
    business_minutes: int | None


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """One target as the mirror keeps it: the columns of tier_targets but the ticket."""

    kind: str
    position: int
    tier: str
    priority: str | None
    promised: str
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    state: str
    calendar: str
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells whether somebody looks after an unsolved ticket; a moment is None for what is not so.

    `unknown_clock` tells why nobody can know who waits for whom: its `history` is not whole, or its messages stand in
    a `transcript` that is not read; empty when it is known.
    """

    waiting_since: datetime | None = None
    unassigned_since: datetime | None = None
    status_since: datetime | None = None
    touched_at: datetime | None = None
    unknown_clock: str = ""


class NoticeKind(StrEnum):
    """Of what about tickets people are told."""

    CHANGE = "change"
    """A change that was made, by a rule that says who is to hear of it."""
    LIMITED = "limited"
    """It would move once more than `move_limit` allows."""
    CONTRADICTED = "contradicted"
    """Tag and group contradict each other again after a repair."""
    PRIVATE = "private"
    """Private data came over a public channel."""
    WARNING = "warning"
    """The clock of a rule is over its `warn_at`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about a ticket that somebody is to be told, once, until it is over; `key` is that of a change made."""

    ticket_id: TicketId
    kind: NoticeKind
    rule: str = ""
    audience: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One ticket's decision and way, to be kept: `outcome` is empty for a ticket that is not unsolved.

    `is_pending` says that it is to be decided again in the next run whatever happens: it was to be changed, or waits
    for its events. `external` is a digest of the rows of other tables that it was decided by, empty for none. `notices`
    are those that hold now; None leaves them as they were.
    """

    ticket_id: TicketId
    outcome: str = ""
    rule: str = ""
    reason: str = ""
    due_at: datetime | None = None
    is_pending: bool = False
    coming: ComingUp | None = None
    external: str = ""
    stays: tuple[StayRecord, ...] | None = ()
    """None for a ticket whose events the mirror has no more: the stays that were told stand."""
    targets: tuple[TargetRecord, ...] | None = ()
    """None for a ticket whose history is not whole: the targets that were told stand."""
    signs: Signs = Signs()
    notices: tuple[Notice, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """What rows of other tables are found by for a decided ticket, and the digest of those it was decided by."""

    ticket_id: TicketId
    keys: JoinKeys
    external: str
