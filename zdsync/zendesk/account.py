"""A Zendesk account behind the ports: the read side and the write side, over one client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from requests.adapters import BaseAdapter

from zdsync.account import FieldOption, Group, View
from zdsync.detect import TextFilter
from zdsync.model import Event, OrganizationId, TicketId, UserId
from zdsync.plan.model import ViewForm
from zdsync.ports.account import TAGS_IGNORED, Identity, ItemOutcome, ItemResult, TicketUpdate
from zdsync.ports.clock import Clock
from zdsync.streams import Checkpoint, Page, Stream
from zdsync.zendesk import writes
from zdsync.zendesk.client import Client
from zdsync.zendesk.credentials import Credentials
from zdsync.zendesk.jobs import Jobs
from zdsync.zendesk.pages import Reader
from zdsync.zendesk.probe import fetch_introduction
from zdsync.zendesk.writes import TicketWriter


def connect(
    base_url: str,
    credentials: Credentials,
    *,
    rate_share: float,
    clock: Clock,
    text_filter: TextFilter,
    transport: BaseAdapter | None = None,
) -> ZendeskAccount:
    """An account at `base_url` (`https://acme.zendesk.com`, or a sandbox or proxy); asks nothing of it yet.

    `rate_share` is the part of each of the account's limits that may be used, above 0 to 1. Texts pass through
    `text_filter` before anything else sees them. `transport` carries the requests instead of the network.
    """
    client = Client(base_url, credentials, rate_share=rate_share, clock=clock, transport=transport)
    return ZendeskAccount(base_url.rstrip("/"), client, text_filter, rate_share)


class ZendeskAccount:
    """Implements the ports `TicketSource` and `AccountWriter`."""

    def __init__(self, base_url: str, client: Client, text_filter: TextFilter, rate_share: float) -> None:
        self._base_url = base_url
        self._client = client
        self._reader = Reader(client, text_filter)
        self._writer = TicketWriter(client)
        self._jobs = Jobs(client, rate_share, text_filter)
        self._jobs_without_tags: set[str] = set()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def fetch_identity(self) -> Identity:
        return fetch_introduction(self._client, self._base_url).identity

    def fetch_pages(self, stream: Stream, checkpoint: Checkpoint | None, start: datetime) -> Iterator[Page]:
        return self._reader.pages(stream, checkpoint, start)

    def fetch_unsolved(self, before: datetime) -> Iterator[Page]:
        return self._reader.unsolved_before(before)

    def fetch_tickets(self, ids: Sequence[TicketId]) -> Page:
        return self._reader.by_ids(Stream.TICKETS, ids)

    def fetch_users(self, ids: Sequence[UserId]) -> Page:
        return self._reader.by_ids(Stream.USERS, ids)

    def fetch_organizations(self, ids: Sequence[OrganizationId]) -> Page:
        return self._reader.by_ids(Stream.ORGANIZATIONS, ids)

    def count_tickets(self, since: datetime, until: datetime) -> int:
        return self._reader.count_tickets(since, until)

    def fetch_events(self, ticket_id: TicketId) -> tuple[Event, ...]:
        return self._reader.events(ticket_id)

    def fetch_history(self, ticket_id: TicketId) -> Page:
        return self._reader.history(ticket_id)

    def submit_updates(self, updates: Sequence[TicketUpdate]) -> str:
        self._jobs.wait_for_room()
        job_id, tags_ignored = self._writer.submit(updates)
        self._jobs.opened(job_id)
        if tags_ignored:
            self._jobs_without_tags.add(job_id)
        return job_id

    def fetch_results(
        self, jobs: Mapping[str, Sequence[TicketUpdate]]
    ) -> Mapping[str, tuple[ItemResult, ...]]:
        """As the port says; `detail` is TAGS_IGNORED where everything but the tags was applied."""
        results = self._jobs.results(jobs)
        for job_id in results.keys() & self._jobs_without_tags:
            results[job_id] = tuple(map(_without_tags, results[job_id], jobs[job_id]))
            self._jobs_without_tags.discard(job_id)
        return results

    def create_group(self, name: str, description: str) -> Group:
        return writes.create_group(self._client, name, description)

    def create_tier_field(self, title: str, options: Sequence[FieldOption]) -> int:
        return writes.create_tier_field(self._client, title, options)

    def add_option(self, field_id: int, option: FieldOption) -> None:
        writes.add_option(self._client, field_id, option)

    def create_view(self, form: ViewForm, description: str) -> View:
        return writes.create_view(self._client, form, description)

    def update_view(self, view_id: int, form: ViewForm) -> None:
        writes.update_view(self._client, view_id, form)

    def switch_view(self, view_id: int, *, is_active: bool) -> None:
        writes.switch_view(self._client, view_id, is_active=is_active)


def _without_tags(result: ItemResult, update: TicketUpdate) -> ItemResult:
    """The result of an item whose tags the account left alone."""
    if result.outcome is not ItemOutcome.APPLIED or not (update.add_tags or update.remove_tags):
        return result
    return replace(result, detail=TAGS_IGNORED)
