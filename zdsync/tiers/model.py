"""Decisions: what should become of a ticket, and why, before it is compared with what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from zdsync.model import FieldId, FieldValue, TicketId
from zdsync.rules.model import Rule, Tier
from zdsync.tiers.clocks import Reading


class Verdict(StrEnum):
    """What was decided of a ticket; only those from ASSIGNED to REPAIRED may change its tier or group."""

    FINISHED = "finished"
    """Solved, closed or deleted: not judged."""
    IGNORED = "ignored"
    SETTLING = "settling"
    """Its latest events are not mirrored yet: counted, not decided."""
    UNRESOLVED = "unresolved"
    """An earlier write of ours has no known outcome yet."""
    HELD = "held"
    """A lead or an undo holds it: no rule changes its tier, its group or its labels."""
    RESPECTED = "respected"
    """A person has moved it to another tier lately: no rule moves it on yet."""
    ASSIGNED = "assigned"
    ESCALATED = "escalated"
    """Up the ladder, or to a vendor outside."""
    DEESCALATED = "deescalated"
    ADOPTED = "adopted"
    """A person had it before us: it gets the tier tag of its group's tier, and no note."""
    FOLLOWED = "followed"
    """A person moved group or tier: the other follows."""
    REPAIRED = "repaired"
    """Tier tags contradicted each other or the group without a person's doing: mended once."""
    KEPT = "kept"
    """A person has it, or zdsync has moved it on, and its tier is in order."""
    GATED = "gated"
    """It would enter a tier, but something that must be known before is missing."""
    LIMITED = "limited"
    """It would move once more than `move_limit` allows."""
    REMINDED = "reminded"
    """It has waited long for a vendor: a note says so."""
    CONTESTED = "contested"
    """A trigger or automation of the account set back what we wrote, twice in a row: left alone for a day."""
    UNPLACED = "unplaced"
    """A person has it in a group of no tier: left alone, listed for a lead."""


WAITING = frozenset({Verdict.HELD, Verdict.RESPECTED, Verdict.GATED, Verdict.LIMITED})
"""Tickets that rules leave where they are for now; a plan lists each with its reason."""


class Target(NamedTuple):
    """What a ticket should carry; None and empty mean: leave as it is. Names of groups, ids of fields.

    A tuple, as a decision is: one of each is made for every ticket, in a third of a frozen dataclass's time.
    """

    tier: Tier | None = None
    group: str | None = None
    priority: str | None = None
    type: str | None = None
    status: str | None = None
    set_fields: Mapping[FieldId, FieldValue] = MappingProxyType({})
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    note: str | None = None
    """Text of the note to leave."""
    is_handed_over: bool = False
    """Whether a hand-over note is left if the ticket moves; it is written then, for most tickets stay where they are."""
    is_told_in_place: bool = False
    """Whether the note is left although the ticket stays where it is."""
    keeps_assignee_as_follower: bool = False
    """Whether an assignee who cannot go along to the new group is to follow the ticket."""


class Decision(NamedTuple):
    """One ticket's outcome: what, by which rule, toward what, and one sentence why.

    `labels` are the annotate rules that matched; `shadow` the rules that would have won, had they been live.
    """

    ticket_id: TicketId
    verdict: Verdict
    reason: str
    target: Target = Target()
    rule: Rule | None = None
    labels: tuple[Rule, ...] = ()
    shadow: tuple[Rule, ...] = ()
    reading: Reading | None = None
    """The clock that moved it."""
    notify: tuple[str, ...] = ()
    """Who is to be told, besides the note."""

    @property
    def rule_id(self) -> str:
        return self.rule.id if self.rule else ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A decision of a rule as it was kept: the tier that the ticket should have.

    `written_at` is when zdsync first wrote to the ticket after it, None if it never did.
    """

    ticket_id: TicketId
    decided_at: datetime
    rule: str
    tier: str
    written_at: datetime | None = None
