"""The vocabulary: Zendesk's things as plain values, in Zendesk's words.

ticket, audit, comment, requester, assignee, group, view, custom field, job status: as Zendesk means them.
cursor       Zendesk's opaque position token; never parsed, never compared
checkpoint   the cursor committed together with its page
tier         a rung of the support ladder; a ticket's tier is told by its tier tag
person       an agent or admin acting by hand: no trigger, automation, system, bot, nor our own update
settling     a ticket newer than the events mirrored for it: counted, not decided
run, job     our own scheduled execution; Zendesk's bulk task
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

TicketId = NewType("TicketId", int)
UserId = NewType("UserId", int)
GroupId = NewType("GroupId", int)
OrganizationId = NewType("OrganizationId", int)
FieldId = NewType("FieldId", int)
RunId = NewType("RunId", str)

STATUS_ORDER: Mapping[str, int] = {
    name: rank for rank, name in enumerate(("new", "open", "pending", "hold", "solved", "closed"))
}
"""Order for less_than and its kin.  Source: Help Center, "Ticket trigger conditions and actions reference"."""

PRIORITY_ORDER: Mapping[str, int] = {
    name: rank for rank, name in enumerate(("none", "low", "normal", "high", "urgent"))
}
"""`none` stands for a ticket without priority."""

UNSOLVED = frozenset({"new", "open", "pending", "hold"})

METADATA_KEY = "zdsync"
"""Key under which every update of ours is marked in `audit.metadata.custom`."""

FieldValue = str | int | float | bool | tuple[str, ...] | None
"""A custom field's value: text, drop-down tag, number, checkbox, tags of a multi-select, or nothing."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as last mirrored; texts are masked according to the settings."""

    id: TicketId
    created_at: datetime
    updated_at: datetime
    status: str
    subject: str = ""
    description: str = ""
    type: str | None = None
    priority: str | None = None
    channel: str = ""
    recipient: str | None = None
    external_id: str | None = None
    tags: frozenset[str] = frozenset()
    group_id: GroupId | None = None
    assignee_id: UserId | None = None
    requester_id: UserId | None = None
    submitter_id: UserId | None = None
    organization_id: OrganizationId | None = None
    brand_id: int | None = None
    form_id: int | None = None
    custom_status_id: int | None = None
    due_at: datetime | None = None
    satisfaction: str | None = None
    custom_fields: Mapping[FieldId, FieldValue] = field(default_factory=dict)

    @property
    def is_unsolved(self) -> bool:
        return self.status in UNSOLVED


@dataclass(frozen=True, slots=True)
class User:
    """A customer, agent or admin."""

    id: UserId
    name: str = ""
    email: str | None = None
    role: str | None = None
    organization_id: OrganizationId | None = None
    tags: frozenset[str] = frozenset()
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    locale: str | None = None
    external_id: str | None = None
    is_suspended: bool = False
    is_active: bool = True

    @property
    def is_staff(self) -> bool:
        return self.role in ("agent", "admin")


@dataclass(frozen=True, slots=True)
class Organization:
    """A customer company; `fields` by key."""

    id: OrganizationId
    name: str = ""
    external_id: str | None = None
    domains: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    fields: Mapping[str, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's change inside an event; `field` is the API's name, or a custom field's id as text.

    A change of tags comes as one entry with `field == "tags"`, `value` the added and `previous` the removed tags.
    """

    field: str
    value: FieldValue
    previous: FieldValue = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A reply or note; `author_id` may be a customer, an agent, a bot or the system (−1)."""

    id: int
    created_at: datetime
    author_id: UserId | None
    is_public: bool
    body: str = ""
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One audit of a ticket: who changed what, when and through what.

    `rel` names the machinery behind a change (`trigger`, `automation`, …), None when done directly.
    `key` is our own mark from the metadata, None when the update was not ours.
    """

    id: int
    ticket_id: TicketId
    created_at: datetime
    author_id: UserId | None
    channel: str = ""
    rel: str | None = None
    key: str | None = None
    is_create: bool = False
    changes: tuple[FieldChange, ...] = ()
    comments: tuple[Comment, ...] = ()
    rule_changes: tuple[FieldChange, ...] = ()
    """Changes inside this audit that a trigger or automation made (their own via names a rule)."""


DETECTED = ("payment_card", "iban", "email", "phone")
"""What texts are searched for; `zdsync.detect` has a detector of each name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A detector's hit in a ticket's text, without the text. `comment_id` None means subject or description."""

    ticket_id: TicketId
    comment_id: int | None
    detector: str
    version: int
    is_public: bool
    count: int = 1


class HoldReason(StrEnum):
    """Why rules leave a ticket alone for a while."""

    UNDO = "undo"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Hold:
    """Rules leave the ticket's tier and group alone until `until`, or while the rules are those of `rules_digest`.

    None means without end, and whatever the rules. `run_id` is the undo that set it, None for a hold by hand.
    """

    ticket_id: TicketId
    reason: HoldReason
    since: datetime
    until: datetime | None = None
    rules_digest: str | None = None
    run_id: RunId | None = None

    def is_in_force(self, now: datetime, rules_digest: str) -> bool:
        return (self.until is None or now < self.until) and self.rules_digest in {None, rules_digest}


@dataclass(frozen=True, slots=True)
class OwnChange:
    """What the journal knows of one of our updates that were made: its kind (`TicketChange.kind`), rule and reason."""

    kind: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class JoinKeys:
    """What the rows of tables beside Zendesk are joined to a ticket by: of its requester the address, of its company the rest."""

    email: str | None = None
    name: str | None = None
    external_id: str | None = None
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExternalRow:
    """What a table beside Zendesk holds about a ticket's requester or company: the columns that rules read.

    `digest` changes when one of them does.
    """

    values: Mapping[str, FieldValue]
    digest: str


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one ticket at one moment: the input of `derive`."""

    ticket: Ticket
    requester: User | None = None
    organization: Organization | None = None
    events: tuple[Event, ...] = ()
    """Oldest first; whole only when `has_whole_history`."""
    findings: tuple[Finding, ...] = ()
    staff: Mapping[UserId, User] = field(default_factory=dict)
    """Agents and admins (and bots) by id; shared between cases."""
    events_until: datetime | None = None
    """Up to when the events mirrored are complete."""
    has_whole_history: bool = True
    """Whether the Create event is among `events`."""
    notes_written: frozenset[str] = frozenset()
    """Digests of the notes zdsync has already left on this ticket."""
    holds: tuple[Hold, ...] = ()
    """Holds that nobody has ended, oldest first; whether one is in force depends on the time and the rules."""
    own_changes: Mapping[str, OwnChange] = field(default_factory=dict)
    """Our own updates of this ticket that were made, by the key in their audit."""
    sla_breached: bool | None = None
    """Whether Zendesk has counted a breach of an SLA target; None when metric events are not mirrored."""
    external: Mapping[str, ExternalRow] = field(default_factory=dict)
    """The rows that the rules' external tables have for this ticket, by the table's name."""
