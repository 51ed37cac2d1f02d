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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NewType

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


@dataclass(frozen=True, slots=True)
class Group:
    """A group of agents."""

    id: GroupId
    name: str
    is_deleted: bool = False
    is_public: bool = True


@dataclass(frozen=True, slots=True)
class FieldOption:
    """One choice of a drop-down or multi-select; `value` is its tag."""

    value: str
    label: str
    id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TicketField:
    """A ticket field as the account defines it; `key` is Zendesk's newer stable name, often None."""

    id: FieldId
    title: str
    type: str
    key: str | None = None
    is_active: bool = True
    options: tuple[FieldOption, ...] = ()
    tag: str | None = None

    @property
    def is_custom(self) -> bool:
        return self.type in CUSTOM_FIELD_TYPES


CUSTOM_FIELD_TYPES = frozenset(
    "text textarea checkbox date integer decimal regexp partialcreditcard tagger multiselect lookup".split()
)


@dataclass(frozen=True, slots=True)
class RecordField:
    """A custom field of users or organizations; rules name it by `key`."""

    key: str
    title: str
    type: str
    options: tuple[FieldOption, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A shared view; conditions in the read form, values as text. `columns` are their ids, in order."""

    id: int
    title: str
    is_active: bool = True
    description: str = ""
    conditions_all: tuple[tuple[str, str, str], ...] = ()
    conditions_any: tuple[tuple[str, str, str], ...] = ()
    restricted_to: frozenset[GroupId] = frozenset()
    columns: tuple[str, ...] = ()
    sort_by: str = ""
    sort_order: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """An account object known by id and name (brand, form, custom status)."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class ScheduleVersion:
    """What a schedule's hours were from `valid_from` on, a local date; None: since ever.

    `time_zone` is Zendesk's name of it; `intervals` are open from one minute since Sunday 00:00 local time to another.
    """

    time_zone: str
    intervals: tuple[tuple[int, int], ...]
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A business-hours schedule of the account: its states, oldest first, and every date that was or is a holiday."""

    id: int
    name: str
    versions: tuple[ScheduleVersion, ...]
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Account:
    """The account's configuration as mirrored: what names in rules may mean."""

    groups: tuple[Group, ...] = ()
    ticket_fields: tuple[TicketField, ...] = ()
    user_fields: tuple[RecordField, ...] = ()
    organization_fields: tuple[RecordField, ...] = ()
    brands: tuple[Named, ...] = ()
    forms: tuple[Named, ...] = ()
    custom_statuses: tuple[Named, ...] = ()
    views: tuple[View, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    staff: Mapping[UserId, User] = field(default_factory=dict)
    members: Mapping[GroupId, frozenset[UserId]] = field(default_factory=dict)
    """Agents by group, as far as mirrored."""
    known: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Ids of what the rules name, as last seen: ("group", its name, case folded), ("view", its tier's key), and so on.

    So for `brand`, `form`, `custom_status` and `field`; an `option` has its field's id and a colon before its name.
    """
    undone_views: Mapping[int, str | None] = field(default_factory=dict)
    """Known views that an undo wrote last, and the rules it was made under (None: not known)."""

    def calling(self, names: Iterable[str]) -> Account:
        """The same account, in which renamed groups bear the name they are known by, where no living one bears it."""
        former = {
            self.known[key]: name
            for name in names
            if (key := ("group", name.casefold())) in self.known and self.group_named(name) is None
        }
        groups = (replace(each, name=former.get(each.id, each.name)) for each in self.groups)
        return replace(self, groups=tuple(groups)) if former else self

    def group_named(self, name: str) -> Group | None:
        """The living group of that name, compared without case."""
        wanted = name.casefold()
        return next((g for g in self.groups if not g.is_deleted and g.name.casefold() == wanted), None)

    def group(self, id: GroupId | None) -> Group | None:
        return next((g for g in self.groups if g.id == id), None)


@dataclass(frozen=True, slots=True)
class NativeRule:
    """A trigger or automation of the account that is switched on: what it asks and what it writes, as Zendesk has it."""

    kind: str
    id: int
    title: str
    conditions_all: tuple[tuple[str, str, str], ...] = ()
    actions: tuple[tuple[str, str], ...] = ()
    """(field, value); actions that are no change of a field, such as a notification, are left out."""
    conditions_any: tuple[tuple[str, str, str], ...] = ()
    notifies: bool = False
    """Whether one of its actions sends a message to somebody."""


@dataclass(frozen=True, slots=True)
class NativeNames:
    """Titles of the account's macros and triggers that are switched on, as far as mirrored; empty if none is."""

    macros: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()


class Stream(StrEnum):
    """What is pulled, by the name of the table it fills."""

    TICKETS = "tickets"
    EVENTS = "ticket_events"
    USERS = "users"
    ORGANIZATIONS = "organizations"
    GROUPS = "groups"
    MEMBERSHIPS = "group_memberships"
    TICKET_FIELDS = "ticket_fields"
    USER_FIELDS = "user_fields"
    ORGANIZATION_FIELDS = "organization_fields"
    FORMS = "ticket_forms"
    BRANDS = "brands"
    CUSTOM_STATUSES = "custom_statuses"
    VIEWS = "views"
    TRIGGERS = "triggers"
    AUTOMATIONS = "automations"
    MACROS = "macros"
    SLA_POLICIES = "sla_policies"
    SCHEDULES = "schedules"
    TAGS = "tags"
    RATINGS = "satisfaction_ratings"
    METRIC_EVENTS = "ticket_metric_events"


Record = dict[str, Any]
"""A row for the mirror: column name to value (aware UTC datetimes, ints, text, JSON values under `raw`)."""


SCRUBBED = "SCRUBBED"
"""The subject of a deleted ticket whose content is gone for good. Source: a recorded row of the export (2023)."""

AMENDED_COMMENTS = "amended_comments"
"""Beside the tables of a page: comments that its updates redacted or made private, {ticket_id, comment_id, amended_at}."""


CROWDED_SECONDS = "crowded_seconds"
"""Beside the tables of a page: seconds, {second}, in which more happened than an export by time can tell."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of an export or list, converted to rows.

    `rows` maps a table of the mirror to its records; side-loaded records come along under their own table.
    `cursor` is what to store as checkpoint after this page, None for plain lists. `is_whole` says that the page holds
    every living row of `stream`, so that rows not in it are gone. `served_at` is the server's time of the answer.
    """

    stream: Stream
    rows: Mapping[str, list[Record]]
    served_at: datetime
    cursor: str | None = None
    end_of_stream: bool = True
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a stream's next request continues, and up to when (server time) the mirror of it is complete."""

    stream: Stream
    cursor: str | None
    complete_until: datetime | None = None
