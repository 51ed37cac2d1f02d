"""The account as the use cases need it: what is read of it, and how it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from zdsync.account import FieldOption, Group, View
from zdsync.model import Event, FieldId, OrganizationId, TicketId, UserId
from zdsync.plan.model import ViewForm
from zdsync.streams import Checkpoint, Page, Stream


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are in the account: the base address and the user that our credentials act as."""

    account: str
    user_id: UserId
    role: str


class TicketSource(Protocol):
    """The account, read side. Every method may raise Transient, Denied or Rejected."""

    def fetch_identity(self) -> Identity:
        """The acting user; raises Denied when Zendesk answers as to an anonymous visitor."""

    def fetch_pages(self, stream: Stream, checkpoint: Checkpoint | None, start: datetime) -> Iterator[Page]:
        """Yield what changed in `stream` since `checkpoint` (or `start` on the first pull), page by page.

        Safe to stop after any page when its cursor was recorded. A row may return on a later page; the newer
        version wins. Zendesk withholds the latest minute. Lists (no export) come as one whole page. Each page is
        recorded before the next is asked for: what tickets bring beside them is not told again while it stays the same.
        """

    def fetch_unsolved(self, before: datetime) -> Iterator[Page]:
        """Yield the unsolved tickets last updated before `before`, which an export that starts there leaves out."""

    def fetch_tickets(self, ids: Sequence[TicketId]) -> Page:
        """The present state of these tickets (any number; asked for in hundreds); missing ones are left out."""

    def fetch_users(self, ids: Sequence[UserId]) -> Page:
        """These users, in hundreds; missing ones are left out."""

    def fetch_organizations(self, ids: Sequence[OrganizationId]) -> Page:
        """These organizations, in hundreds; missing ones are left out."""

    def count_tickets(self, since: datetime, until: datetime) -> int:
        """Tickets created from `since` to before `until` that are not deleted, as the search index counts them."""

    def fetch_events(self, ticket_id: TicketId) -> tuple[Event, ...]:
        """A ticket's audits, oldest first, our own marks included (`Event.key`)."""

    def fetch_history(self, ticket_id: TicketId) -> Page:
        """The same audits as rows for the mirror: what the export of events will bring, only sooner."""


@dataclass(frozen=True, slots=True)
class TicketUpdate:
    """One ticket's write. `updated_stamp` is the `updated_at` we decided on: Zendesk refuses if it moved since.

    `fields` holds group_id, assignee_id, priority, type, status and `custom_fields` ({id: value}) as the API names
    them. `note` becomes an internal comment, always with `public: false`. `key` marks the audit as ours.
    """

    ticket_id: TicketId
    updated_stamp: datetime
    key: str
    fields: Mapping[str, Any]
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    all_tags: tuple[str, ...] = ()
    """The full list after the change, for accounts that do not take deltas in the batch form."""
    note: str | None = None


class ItemOutcome(StrEnum):
    """How Zendesk's job ended for one ticket."""

    APPLIED = "applied"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One ticket's result in a finished job; `detail` is Zendesk's own word for a refusal.

    `fields` are the ticket fields that Zendesk names as its reason, such as required ones that are empty.
    """

    ticket_id: TicketId
    outcome: ItemOutcome
    detail: str = ""
    fields: tuple[FieldId, ...] = ()


TAGS_IGNORED = "tags ignored"
"""`ItemResult.detail` of an APPLIED item whose tags the account left alone: it takes no deltas in a batch."""


class AccountWriter(Protocol):
    """The account, write side. Never repeats a request whose outcome is unknown."""

    def submit_updates(self, updates: Sequence[TicketUpdate]) -> str:
        """Hand over at most 100 updates as one job; the job's id.

        Raises Unreachable when the reply was lost: the job may or may not exist. Raises RateLimited or
        Unavailable only when Zendesk surely did nothing.
        """

    def fetch_results(
        self, jobs: Mapping[str, Sequence[TicketUpdate]]
    ) -> Mapping[str, tuple[ItemResult, ...]]:
        """Ask after all these jobs at once; of each that has ended, a result for each of its updates, in their order.

        Jobs still under way are left out. Items that their job does not mention, and all items of a job that was
        killed, failed as a whole or is no longer known, are UNKNOWN.
        """

    def create_group(self, name: str, description: str) -> Group:
        """A new group; raises Rejected when Zendesk refuses."""

    def create_tier_field(self, title: str, options: Sequence[FieldOption]) -> int:
        """A new drop-down ticket field for agents; its id. Raises Rejected when Zendesk refuses."""

    def add_option(self, field_id: int, option: FieldOption) -> None:
        """One more option for a drop-down field, the others untouched; raises Rejected when Zendesk refuses."""

    def create_view(self, form: ViewForm, description: str) -> View:
        """A new shared view of this form; it stands last among the views unless the form says where."""

    def update_view(self, view_id: int, form: ViewForm) -> None:
        """Bring a view to `form`; what the form does not tell stays. Raises Rejected when Zendesk refuses."""

    def switch_view(self, view_id: int, *, is_active: bool) -> None:
        """Show a view to agents or hide it, changing nothing else of it; raises Rejected when Zendesk refuses."""
