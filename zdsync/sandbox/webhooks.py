"""Webhooks as the account fires them: which events call whom, with what body and signature.

Source: developer.zendesk.com, "Verifying webhook authenticity" and "Webhook event types".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

import orjson

from zdsync.sandbox.answers import Json
from zdsync.sandbox.idents import ulid, uuid_of
from zdsync.sandbox.records import Change, Comment, Event, Invocation, Ticket
from zdsync.sandbox.render import iso
from zdsync.sandbox.world import World

CONDITIONAL = "conditional_ticket_events"
_PREFIX = "zen:event-type:ticket."

#: The event that a changed attribute causes.
_CHANGED = {
    "assignee_id": "agent_assignment_changed",
    "brand_id": "brand_changed",
    "custom_status_id": "custom_status_changed",
    "due_at": "task_due_at_changed",
    "external_id": "external_id_changed",
    "group_id": "group_assignment_changed",
    "organization_id": "organization_changed",
    "priority": "priority_changed",
    "problem_id": "problem_link_changed",
    "requester_id": "requester_changed",
    "status": "status_changed",
    "subject": "subject_changed",
    "submitter_id": "submitter_changed",
    "tags": "tags_changed",
    "ticket_form_id": "form_changed",
    "type": "type_changed",
}


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The value of `X-Zendesk-Webhook-Signature`."""
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def secret_of(webhook: Json) -> str:
    """A webhook's signing secret; a reset counts it on."""
    seed = f"{webhook['id']}/{webhook['_resets']}".encode()
    return base64.b64encode(hashlib.sha256(seed).digest()).decode()


def fire(world: World, webhook: Json, body: bytes) -> Invocation:
    """Put a signed call of a webhook into the outbox."""
    now = world.clock.now()
    stamp = iso(now)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Zendesk Webhook",
        "X-Zendesk-Account-Id": "1",
        "X-Zendesk-Webhook-Id": webhook["id"],
        "X-Zendesk-Webhook-Signature": sign(secret_of(webhook), stamp, body),
        "X-Zendesk-Webhook-Signature-Timestamp": stamp,
    }
    made = Invocation(ulid(world.new_id(), now), webhook["id"], now, body, headers)
    made.headers["X-Zendesk-Webhook-Invocation-Id"] = made.id
    world.invocations.setdefault(webhook["id"], []).append(made)
    world.outbox.append(made)
    return made


def fire_events(world: World, ticket: Ticket, events: Iterable[Event], *, is_create: bool) -> None:
    """Call the webhooks that are subscribed to what happened to a ticket."""
    if not _listening(world):
        return
    happened: list[tuple[str, Json]] = [("created", {})] if is_create else []
    for event in events:
        if isinstance(event, Comment) and not is_create:
            shown = {"body": event.body, "is_public": event.is_public, "author": {"id": str(event.author_id)}}
            happened.append(("comment_added", {"comment": shown}))
        elif isinstance(event, Change) and not is_create:
            name = "custom_field_changed" if event.field.isdigit() else _CHANGED.get(event.field)
            if name:
                happened.append((name, {"current": _shout(event.new), "previous": _shout(event.old)}))
    for name, what in happened:
        fire_event(world, ticket, name, what)


def _listening(world: World) -> list[Json]:
    rows = world.named["webhooks"].values()
    return [row for row in rows if row["status"] == "active" and CONDITIONAL not in row["subscriptions"]]


def fire_event(world: World, ticket: Ticket, name: str, what: Json | None = None) -> None:
    """Call the webhooks that are subscribed to one kind of event, such as `soft_deleted`."""
    for webhook in _listening(world):
        if f"{_PREFIX}{name}" in webhook["subscriptions"]:
            fire(world, webhook, _payload(world, ticket, name, what or {}))


def _shout(value: object) -> object:
    """Event payloads spell words in capitals and ids as text."""
    if isinstance(value, str):
        return value.upper()
    if isinstance(value, int):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _payload(world: World, ticket: Ticket, name: str, what: Json) -> bytes:
    detail = {
        "id": str(ticket.id),
        "subject": ticket.subject,
        "status": ticket.status.upper(),
        "priority": ticket.priority and ticket.priority.upper(),
        "type": ticket.type and ticket.type.upper(),
        "tags": ticket.tags,
        "group_id": str(ticket.group_id or 0),
        "assignee_id": str(ticket.assignee_id or 0),
        "requester_id": str(ticket.requester_id),
        "organization_id": str(ticket.organization_id or 0),
        "external_id": ticket.external_id,
        "created_at": iso(ticket.created),
        "updated_at": iso(ticket.updated),
    }
    body: Json = {
        "account_id": 1,
        "detail": detail,
        "event": what,
        "id": uuid_of(world.new_id()),
        "subject": f"zen:ticket:{ticket.id}",
        "time": iso(world.clock.now()),
        "type": _PREFIX + name,
        "zendesk_event_version": "2022-11-06",
    }
    return orjson.dumps(body)


def is_loopback(endpoint: str) -> bool:
    """Whether an address stays on this machine: the sandbox calls no other."""
    return urlsplit(endpoint).hostname in ("127.0.0.1", "::1", "localhost")
