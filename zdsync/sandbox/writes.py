"""The one way a ticket changes: validation, fields and tags, group and status, triggers, audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from zdsync.sandbox import unverified
from zdsync.sandbox.actor import Actor
from zdsync.sandbox.answers import Json, invalid, invalid_attribute, record_invalid
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.draft import Draft
from zdsync.sandbox.fill import fill
from zdsync.sandbox.records import Audit, Ticket
from zdsync.sandbox.rules import run_triggers
from zdsync.sandbox.webhooks import fire, fire_events
from zdsync.sandbox.world import World

#: Keys a ticket body may hold; anything else is ignored and named in `x-zendesk-api-warn`.
WRITABLE = frozenset(
    {
        "additional_collaborators",
        "assignee_email",
        "assignee_id",
        "attribute_value_ids",
        "brand_id",
        "collaborator_ids",
        "collaborators",
        "comment",
        "custom_fields",
        "custom_status_id",
        "due_at",
        "email_ccs",
        "email_cc_ids",
        "external_id",
        "fields",
        "follower_ids",
        "followers",
        "group_id",
        "macro_id",
        "macro_ids",
        "metadata",
        "organization_id",
        "priority",
        "problem_id",
        "raw_subject",
        "recipient",
        "requester",
        "requester_id",
        "safe_update",
        "sharing_agreement_ids",
        "status",
        "subject",
        "submitter_id",
        "tags",
        "ticket_form_id",
        "type",
        "updated_stamp",
        "via",
        "via_followup_source_id",
        "voice_comment",
    }
)


CREATE_ONLY = frozenset({"description", "created_at"})


BATCH_ONLY = frozenset({"id", "additional_tags", "remove_tags"})


TAG_DELTAS = frozenset({"additional_tags", "remove_tags"})


@dataclass(slots=True)
class Written:
    """What a write left behind; `audit` is None when nothing changed."""

    ticket: Ticket
    audit: Audit | None
    events: list[Any] = field(default_factory=list)


def update_ticket(
    world: World, ticket: Ticket, body: Json, actor: Actor, *, default_stamp: int | None = None
) -> Written:
    """Apply an update body to a ticket and record its audit.

    Raises the 409 of a lost `updated_stamp`, and 422 for a closed ticket or an invalid value.
    `default_stamp` is the queue time that bulk jobs use when the body has no stamp.

    Source: developer.zendesk.com, Tickets ("Protecting against ticket update collisions").
    """
    check_stamp(ticket, body, default_stamp)
    if ticket.status == "closed":
        raise record_invalid({"status": [{"description": "closed prevents ticket update"}]})
    draft = Draft.of(world, ticket)
    fill(draft, body, actor)
    if not draft.events():
        return Written(ticket, None)
    run_triggers(world, draft, is_create=False, actor_id=actor.user.id, channel=actor.channel)
    return store(world, draft, body, actor)


def check_stamp(ticket: Ticket, body: Json, default_stamp: int | None = None) -> None:
    """Refuse with 409 when the ticket changed after the stamp; compares `updated_at` only."""
    if "safe_update" not in body and default_stamp is None:
        return
    stamp = body.get("updated_stamp")
    if stamp is None:
        if "safe_update" in body:
            raise invalid("updated_stamp", "updated_stamp: is required for a safe update", "BlankValue")
        seen = default_stamp
    else:
        try:
            seen = parse_stamp(str(stamp))
        except ValueError as err:
            raise invalid_attribute("updated_stamp", "a time", "api/v2/tickets/update") from err
    if seen is not None and ticket.updated > seen:
        raise unverified.update_conflict()


def store(world: World, draft: Draft, body: Json, actor: Actor) -> Written:
    """Commit a draft: the ticket's fields, its times, its audit; then call the webhooks."""
    events = draft.events()
    draft.store()
    ticket = draft.ticket
    custom = (body.get("metadata") or {}) or None
    now = world.clock.now()
    is_create = not ticket.audits
    audit = world.record(ticket, now, actor.user.id, actor.channel, events, custom, actor.client)
    for ident, text in draft.calls:
        webhook = world.named["webhooks"].get(ident)
        if webhook is not None and webhook["status"] == "active":
            fire(world, webhook, text.encode())
    fire_events(world, ticket, events, is_create=is_create)
    return Written(ticket, audit, events)


def unpermitted(keys: Json, *, batch: bool, deltas: bool = True, create: bool = False) -> list[str]:
    """Body keys that will be ignored; `deltas` says whether this account takes the tag deltas."""
    allowed = WRITABLE | (CREATE_ONLY if create else frozenset())
    if batch:
        allowed |= {"id"} | (TAG_DELTAS if deltas else frozenset())
    return [key for key in keys if key not in allowed]
