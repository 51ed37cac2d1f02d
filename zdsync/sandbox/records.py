"""The sandbox's records: tickets with their audits, users and organizations, stored small."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zdsync.sandbox.answers import Json

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = (None, "low", "normal", "high", "urgent")
TYPES = (None, "question", "incident", "problem", "task")

#: Ids of Zendesk's via channels (developer.zendesk.com, Via object).
VIA_IDS = {
    "web": 0,
    "email": 4,
    "api": 5,
    "rule": 8,
    "forum": 24,
    "twitter_dm": 26,
    "closed_ticket": 27,
    "chat": 29,
    "twitter": 30,
    "voice": 33,
    "phone": 34,
    "phone_call_outbound": 35,
    "facebook": 38,
    "facebook_message": 41,
    "web_widget": 48,
    "mobile_sdk": 49,
    "help_center": 50,
    "sample_ticket": 52,
    "any_channel": 55,
    "mobile": 56,
    "sms": 57,
    "side_conversation": 69,
    "line": 72,
    "wechat": 73,
    "whatsapp": 74,
    "native_messaging": 75,
    "instagram_dm": 86,
    "chat_transcript": 90,
}

#: How the time-based events export spells a channel.
VIA_TITLES = {
    "web": "Web form",
    "email": "Mail",
    "api": "Web service",
    "rule": "Rule",
    "chat": "Chat",
    "phone": "Phone call (inbound)",
    "native_messaging": "Messaging",
    "web_widget": "Web widget",
    "whatsapp": "WhatsApp",
    "help_center": "Help Center post",
}

#: Author of what the system itself does.
SYSTEM_USER_ID = -1


class Change(NamedTuple):
    """One field's step inside an audit; `rule` is the trigger or automation that made it.

    Tags and multiselect values are tuples; custom fields are named by their id as text.
    """

    field: str
    old: Any
    new: Any
    rule: int | None = None


@dataclass(slots=True)
class Comment:
    """A comment inside an audit."""

    body: str
    is_public: bool
    author_id: int
    html: str | None = None
    attachments: tuple[Json, ...] = ()


@dataclass(slots=True)
class Notice:
    """Any other event of an audit: notification, satisfaction rating, redaction, merge note."""

    kind: str
    data: Json
    rule: int | None = None


Event = Change | Comment | Notice


class Target(NamedTuple):
    """What a service level policy allowed for one metric when it came to apply."""

    policy_id: int
    title: str
    description: str | None
    minutes: int
    seconds: int
    in_business: bool

    def is_like(self, other: Target | None) -> bool:
        """Whether the same time counts by the same policy; its name may have changed."""
        return other is not None and self[:1] + self[4:] == other[:1] + other[4:]


class Step(NamedTuple):
    """What an update did to an instance of a metric; `target` is of `apply_sla` alone, None where none is left."""

    metric: str
    type: str
    instance: int
    target: Target | None = None


@dataclass(slots=True)
class Audit:
    """One update of a ticket; its events have the ids id + 128, id + 256 …"""

    id: int
    ticket_id: int
    at: int
    author_id: int
    channel: str
    events: tuple[Event, ...]
    custom: Json | None = None
    client: str | None = None
    steps: tuple[Step, ...] = ()

    def event_id(self, position: int) -> int:
        return self.id + 128 * (position + 1)


class Breach(NamedTuple):
    """A target missed at a moment of its own, after an update of the ticket and before the next."""

    at: int
    after: Audit
    number: int
    metric: str
    instance: int

    @property
    def id(self) -> int:
        """Above those of the update's own metric events, below the next update's."""
        return self.after.id + 96 + self.number


@dataclass(slots=True)
class Ticket:
    """A ticket's present state and the audits that led to it."""

    id: int
    created: int
    updated: int
    generated: int
    requester_id: int
    submitter_id: int
    channel: str
    brand_id: int
    ticket_form_id: int | None
    custom_status_id: int
    subject: str | None = None
    description: str = ""
    status: str = "new"
    priority: str | None = None
    type: str | None = None
    assignee_id: int | None = None
    group_id: int | None = None
    organization_id: int | None = None
    external_id: str | None = None
    recipient: str | None = None
    problem_id: int | None = None
    due_at: int | None = None
    tags: tuple[str, ...] = ()
    fields: dict[int, Any] = field(default_factory=dict)
    is_public: bool = True
    support_type: str = "agent"
    score: str = "unoffered"
    rating_id: int | None = None
    follower_ids: tuple[int, ...] = ()
    email_cc_ids: tuple[int, ...] = ()
    followup_ids: tuple[int, ...] = ()
    followup_source_id: int | None = None
    deleted_at: int | None = None
    deleted_by: int | None = None
    is_scrubbed: bool = False
    is_imported: bool = False
    audits: list[Audit] = field(default_factory=list)
    breaches: tuple[Breach, ...] = ()

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


@dataclass(slots=True)
class User:
    """A person: end user, agent or admin."""

    id: int
    name: str
    email: str | None
    role: str
    created: int
    updated: int
    organization_id: int | None = None
    phone: str | None = None
    locale: str = "en-GB"
    time_zone: str = "London"
    iana_time_zone: str = "Europe/London"
    tags: tuple[str, ...] = ()
    external_id: str | None = None
    is_active: bool = True
    is_suspended: bool = False
    is_verified: bool = True
    is_light: bool = False
    default_group_id: int | None = None
    custom_role_id: int | None = None
    fields: Json = field(default_factory=dict)
    details: str | None = None
    notes: str | None = None
    alias: str | None = None
    last_login: int | None = None
    is_erased: bool = False

    @property
    def is_agent(self) -> bool:
        return self.role != "end-user"


@dataclass(slots=True)
class Organization:
    """A customer company."""

    id: int
    name: str
    created: int
    updated: int
    domain_names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    external_id: str | None = None
    group_id: int | None = None
    details: str | None = None
    notes: str | None = None
    fields: Json = field(default_factory=dict)
    deleted_at: int | None = None


@dataclass(slots=True)
class Invocation:
    """One call of a webhook: what is sent, and what came of it."""

    id: str
    webhook_id: str
    at: int
    body: bytes
    headers: dict[str, str]
    status: str = "pending"
    status_code: int = 0
    answer: str = ""
