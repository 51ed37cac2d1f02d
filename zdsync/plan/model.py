"""A plan as data: every change that would be made, with its reason, before anything is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from zdsync.account import FieldOption
from zdsync.model import FieldValue, GroupId, TicketId, UserId

ADOPTED = "adopted"
"""The kind of change that only tags a ticket for where people already have it; the guard does not count it."""


LABELLED = "labelled"
"""The kind of change that neither tiers nor moves a ticket."""


UNDONE = "undone"
"""The kind of change that takes an earlier run's change back."""


@dataclass(frozen=True, slots=True)
class GroupRef:
    """A group by name; `id` is None while the plan itself is to create it."""

    name: str
    id: GroupId | None


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field from before to after; `field` is the API's name, or `custom_fields.<id>`."""

    field: str
    before: FieldValue
    after: FieldValue


@dataclass(frozen=True, slots=True)
class TicketChange:
    """All that one run does to one ticket, as one update.

    `kind` is the decision's verdict (assigned, escalated, adopted, gated, …), `labelled` when the ticket stays in its
    tier and group and nothing is said about it, or `undone`; `rule` is the rule's id, the labelling rules' ids, or empty when none spoke.
    `tags` is the full list expected afterwards. `group` stands beside `fields` since its id may not exist yet; None
    when the ticket stays. `assignee_before` is the assignee who cannot go along and is cleared; `follower` is the same
    user when they are to follow the ticket from now on.
    """

    ticket_id: TicketId
    updated_stamp: datetime
    kind: str
    rule: str
    reason: str
    tier: str | None
    fields: tuple[FieldDiff, ...] = ()
    group: GroupRef | None = None
    group_before: GroupRef | None = None
    assignee_before: UserId | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    note: str | None = None
    note_digest: str | None = None
    follower: UserId | None = None
    clock: str = ""
    """The clock that moved it, in words, with the moment at which it had come; empty for none."""
    notify: tuple[str, ...] = ()
    """Who is to be told once it is made."""


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A group to be created because a tier or rule names it."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ViewChange:
    """A view to be created: unsolved tickets with one of the tags of `tag`, restricted to the groups.

    `tier` is the key it is known by. `position` is its place among the views, None when it may stand last.
    """

    title: str
    tier: str
    tag: str
    groups: tuple[GroupRef, ...]
    reason: str
    position: int | None = None
    conditions_any: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ViewForm:
    """What a view is as far as zdsync says it, in normal form: conditions and groups sorted, columns in their order."""

    title: str
    is_active: bool
    conditions_all: tuple[tuple[str, str, str], ...]
    conditions_any: tuple[tuple[str, str, str], ...]
    columns: tuple[str, ...]
    sort_by: str
    sort_order: str
    group_ids: tuple[GroupId, ...]
    position: int | None = None


@dataclass(frozen=True, slots=True)
class ViewUpdate:
    """A view of ours brought from one form to another.

    `groups` are those it is for; while one of them is yet to be created, `after` is completed once it has an id. `tag`
    and `groups` are empty when a view goes back to what it was.
    """

    view_id: int
    before: ViewForm
    after: ViewForm
    reason: str
    tag: str = ""
    groups: tuple[GroupRef, ...] = ()

    @property
    def title(self) -> str:
        return self.after.title


@dataclass(frozen=True, slots=True)
class ViewSwitch:
    """A view to be switched on or off: zdsync deletes nothing, so that is how a view it made is taken back."""

    view_id: int
    title: str
    is_active: bool
    reason: str


@dataclass(frozen=True, slots=True)
class TierFieldChange:
    """The drop-down field of the tiers, to be created with these options, or these to be added to it.

    An option's value is the tier's tag: Zendesk keeps the two in step by itself. `field_id` is None for a new field.
    """

    title: str
    field_id: int | None
    options: tuple[FieldOption, ...]
    reason: str


AccountChange = GroupChange | TierFieldChange | ViewChange | ViewUpdate | ViewSwitch


@dataclass(frozen=True, slots=True)
class AccountNotice:
    """A group, field, view or rule that somebody should look at: what about it, and what to do."""

    object: str
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class ComingUp:
    """A move by a clock of which somebody wants to be warned: the rule, and when it comes."""

    ticket_id: TicketId
    rule: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HeldTicket:
    """A ticket that the rules leave alone for now, and why."""

    ticket_id: TicketId
    reason: str


@dataclass(frozen=True, slots=True)
class NativeAnswer:
    """How many of a plan's updates one of the account's own triggers or automations would answer, by estimate.

    After `likely` updates everything it asks for holds; after `possible` ones, these included, nothing that is known
    speaks against it. An automation acts later, once its time has come, and is only ever possible.
    """

    kind: str
    id: int
    title: str
    likely: int
    possible: int
    notifies: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one apply would do, for one account, one mirror and one set of rules.

    `counts` says what became of every ticket looked at, by outcome; `held` names those of them that wait, and `coming` the
    moves by clocks that are close, the nearest first. `mirror_until` is the moment up to which the
    mirror was complete. Account changes come first: groups, then views. `refused` are account objects that the rules
    ask for and zdsync must not write, `notices` those that are to be known about; neither keeps anything else back.
    """

    account: str
    made_at: datetime
    mirror_until: datetime | None
    rules_digest: str
    unsolved: int
    account_changes: tuple[AccountChange, ...] = ()
    ticket_changes: tuple[TicketChange, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    held: tuple[HeldTicket, ...] = ()
    coming: tuple[ComingUp, ...] = ()
    refused: tuple[AccountNotice, ...] = ()
    notices: tuple[AccountNotice, ...] = ()
    answers: tuple[NativeAnswer, ...] | None = None

    @property
    def is_empty(self) -> bool:
        return not self.account_changes and not self.ticket_changes

    def only(self, part: str) -> Plan:
        """The same plan cut down to `tickets`, `account` or `adoption`."""
        adoption = tuple(change for change in self.ticket_changes if change.kind == ADOPTED)
        tickets = {"account": (), "adoption": adoption}.get(part, self.ticket_changes)
        account = self.account_changes if part == "account" else ()
        return replace(self, account_changes=account, ticket_changes=tickets)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one unattended run may change: tickets, and as a share of unsolved tickets (ignored under 50)."""

    max_changes: int
    max_share: float


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a plan is over."""

    limit: str
    allowed: float
    found: float
    message: str
