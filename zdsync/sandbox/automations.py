"""Automations: once an hour, on what time alone has brought about.

Source: support.zendesk.com, "About automations and how they work" (read 2026-11): whole hours, not on
closed tickets, 1000 tickets an hour for each automation, 100 updates for each ticket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from zdsync.sandbox import unverified
from zdsync.sandbox.actions import act
from zdsync.sandbox.answers import Json
from zdsync.sandbox.conditions import Asked, holds
from zdsync.sandbox.draft import Draft
from zdsync.sandbox.hours import business_seconds
from zdsync.sandbox.metrics import tally
from zdsync.sandbox.records import SYSTEM_USER_ID, Change, Ticket
from zdsync.sandbox.rules import run_triggers
from zdsync.sandbox.slas import next_breach
from zdsync.sandbox.world import World

TICKETS_AN_HOUR = 1000
UPDATES_OF_ONE_TICKET = 100


def run_automations(world: World, apply: Callable[[Draft], None]) -> int:
    """Let every active automation act once, by position; returns how many updates that made.

    `apply` stores a draft that holds changes.
    """
    made = 0
    rows = [row for row in world.tables["automations"].values() if row["active"]]
    for row in sorted(rows, key=lambda row: (row["position"], row["id"])):
        for ticket in list(islice(_met(world, row), TICKETS_AN_HOUR)):
            made += _update(world, row, ticket, apply)
    return made


def _met(world: World, row: Json) -> Iterator[Ticket]:
    for ticket in world.living_tickets():
        if ticket.status == "closed":
            continue
        asked = Asked.now(world, ticket)
        asked.age = _clock(world, ticket)
        if holds(asked, row["conditions"]):
            yield ticket


def _update(world: World, row: Json, ticket: Ticket, apply: Callable[[Draft], None]) -> int:
    if world.automation_counts.get(ticket.id, 0) >= UPDATES_OF_ONE_TICKET:
        return 0
    draft = Draft.of(world, ticket)
    for action in row["actions"]:
        act(draft, action, row["id"], None)
    if not draft.events():
        return 0
    world.automation_counts[ticket.id] = world.automation_counts.get(ticket.id, 0) + 1
    if unverified.automation_fires_triggers(draft.values["status"]):
        run_triggers(world, draft, is_create=False, actor_id=SYSTEM_USER_ID, channel="rule")
    apply(draft)
    return 1


def _clock(world: World, ticket: Ticket) -> Callable[[str, bool], int | None]:
    """Whole hours since, or until, the moments that conditions of hours name."""

    def age(name: str, in_business: bool) -> int | None:
        moment = _moment(world, ticket, name)
        if moment is None:
            return None
        now = world.clock.now()
        start, end = (now, moment) if name.startswith("until_") else (moment, now)
        if end < start:
            return -1
        return (business_seconds(world, start, end) if in_business else end - start) // 3600

    return age


def _moment(world: World, ticket: Ticket, name: str) -> int | None:
    if name == "NEW":
        return ticket.created
    if name.isupper():
        return _reached(ticket, name.lower())
    if name == "updated_at":
        return ticket.updated
    if name in ("assigned_at", "requester_updated_at", "assignee_updated_at"):
        got = tally(world, ticket)
        return {
            "assigned_at": got.assigned,
            "requester_updated_at": got.requester_at,
            "assignee_updated_at": got.assignee_at,
        }[name]
    if name.endswith("sla_next_breach_at"):
        return next_breach(world, ticket)
    return ticket.due_at if ticket.type == "task" else None


def _reached(ticket: Ticket, status: str) -> int | None:
    """When the ticket last came into a status."""
    for audit in reversed(ticket.audits):
        for event in audit.events:
            if isinstance(event, Change) and event.field == "status" and event.new == status:
                return audit.at
    return None
