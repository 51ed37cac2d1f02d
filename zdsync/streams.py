"""What is read of an account: streams of pages, already rows for the mirror, and how far each has been read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


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
