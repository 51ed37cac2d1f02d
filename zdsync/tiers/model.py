"""Decisions: what should become of a ticket, and why, before it is compared with what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from zdsync.model import FieldId, FieldValue, TicketId
from zdsync.rules.model import Rule, Tier


class Verdict(StrEnum):
    """What was decided of a ticket; only the middle four may change its tier or group."""

    FINISHED = "finished"
    """Solved, closed or deleted: not judged."""
    IGNORED = "ignored"
    SETTLING = "settling"
    """Its latest events are not mirrored yet: counted, not decided."""
    UNRESOLVED = "unresolved"
    """An earlier write of ours has no known outcome yet."""
    HELD = "held"
    """A lead or an undo holds it: no rule changes its tier, its group or its labels."""
    ASSIGNED = "assigned"
    ADOPTED = "adopted"
    """A person had it before us: it gets the tier tag of its group's tier, and no note."""
    FOLLOWED = "followed"
    """A person moved group or tier: the other follows."""
    REPAIRED = "repaired"
    """Tier tags contradicted each other or the group without a person's doing: mended once."""
    KEPT = "kept"
    """A person has it and its tier is in order."""
    CONTESTED = "contested"
    """A trigger or automation of the account set back what we wrote, twice in a row: left alone for a day."""
    UNPLACED = "unplaced"
    """A person has it in a group of no tier: left alone, listed for a lead."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a ticket should carry; None and empty mean: leave as it is. Names of groups, ids of fields."""

    tier: Tier | None = None
    group: str | None = None
    priority: str | None = None
    type: str | None = None
    status: str | None = None
    set_fields: Mapping[FieldId, FieldValue] = field(default_factory=dict)
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    note: str | None = None
    """Text of the hand-over note to leave if the ticket moves."""


@dataclass(frozen=True, slots=True)
class Decision:
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

    @property
    def rule_id(self) -> str:
        return self.rule.id if self.rule else ""
