"""What rules may ask about a ticket, derived from its case: who touched it, what people chose, its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from zdsync.model import Case, Event, FieldChange, Organization, Ticket, User
from zdsync.text import fold

_CHOICES_THAT_TOUCH = frozenset({"group_id", "assignee_id", "priority"})
_SOLVED = frozenset({"solved", "closed"})


@dataclass(frozen=True, slots=True)
class Touch:
    """The first time a person took a ticket in hand: when, and by what ("replied", "chose the group", …)."""

    at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A ticket's case, judged: everything a condition can read, nothing that changes while rules run.

    Counts are of mirrored history. `person_fields` are the fields (API names, custom ones by id as text) whose latest
    change was a person's; `person_tags` maps each tag last added (True) or removed (False) by a person.
    """

    ticket: Ticket
    now: datetime
    requester: User | None = None
    organization: Organization | None = None
    is_settling: bool = False
    touch: Touch | None = None
    person_fields: frozenset[str] = frozenset()
    person_tags: Mapping[str, bool] = field(default_factory=dict)
    tag_added_at: Mapping[str, datetime] = field(default_factory=dict)
    group_chosen_at: datetime | None = None
    """When a person last chose the group; None if the latest choice was not a person's."""
    replies: int = 0
    reopens: int = 0
    group_stations: int = 0
    assignee_stations: int = 0
    comment: str = ""
    """The latest comment's text, public or not."""
    public_comments: tuple[str, ...] = ()
    detected: frozenset[str] = frozenset()
    """Names of the detectors that found something in the ticket's texts."""
    notes_written: frozenset[str] = frozenset()
    _folded: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def words(self, name: str) -> str:
        """`subject`, `description`, `comment` or `text` folded for whole-word search; computed once."""
        known = self._folded.get(name)
        if known is None:
            known = self._folded[name] = fold(self.plain(name))
        return known

    def plain(self, name: str) -> str:
        """`subject`, `description`, `comment`, or `text`: subject, description and public comments."""
        match name:
            case "subject":
                return self.ticket.subject
            case "description":
                return self.ticket.description
            case "comment":
                return self.comment
            case _:
                return "\n".join((self.ticket.subject, self.ticket.description, *self.public_comments))
