"""Handlers for tickets that go: deleted, restored, scrubbed, merged."""

from __future__ import annotations

from functools import partial

from zdsync.sandbox import unverified
from zdsync.sandbox.actor import Actor
from zdsync.sandbox.answers import Json, Reply, not_found
from zdsync.sandbox.call import Call
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.records import Ticket
from zdsync.sandbox.render import iso
from zdsync.sandbox.scope import DAY_S
from zdsync.sandbox.webhooks import fire_event
from zdsync.sandbox.world import World
from zdsync.sandbox.writes import update_ticket


def delete(call: Call, ident: int) -> Reply:
    delete_ticket(call, call.ticket(ident))
    return Reply(None, 204)


def delete_ticket(call: Call, ticket: Ticket) -> None:
    """Soft deletion: moves only `generated_timestamp`; the export then says `deleted`."""
    put_away(call.world, ticket, call.user.id)


def put_away(world: World, ticket: Ticket, author_id: int) -> None:
    """Delete a ticket softly."""
    ticket.deleted_at, ticket.deleted_by = world.clock.now(), author_id
    world.system_touch(ticket, world.clock.now())
    fire_event(world, ticket, "soft_deleted")


def take_back(world: World, ticket: Ticket) -> None:
    """Restore a deleted ticket; what its targets would have missed meanwhile, they miss now."""
    world.settle()
    ticket.deleted_at = ticket.deleted_by = None
    world.system_touch(ticket, world.clock.now())
    if world.watch is not None:
        world.watch.resume(ticket)
    fire_event(world, ticket, "undeleted")


def list_deleted(call: Call) -> Reply:
    """`GET /deleted_tickets`: soft-deleted in the last thirty days; deep pages have a limit of their own."""
    if call.integer("page", 1) > 100:
        call.charge("deleted-tickets-index-deep-pagination")
    since = call.world.clock.now() - 30 * DAY_S
    found = [
        ticket
        for ticket in call.world.tickets.values()
        if ticket.deleted_at is not None and ticket.deleted_at >= since and not ticket.is_scrubbed
    ]

    def show(ticket: Ticket) -> Json:
        actor = call.world.users.get(ticket.deleted_by or 0)
        return {
            "id": ticket.id,
            "subject": ticket.subject,
            "actor": {"id": ticket.deleted_by or -1, "name": actor.name if actor else "System"},
            "deleted_at": iso(ticket.deleted_at or 0),
            "previous_state": ticket.status,
        }

    return Reply(paginate(call, "deleted_tickets", found, show, key=lambda ticket: ticket.id)[0])


def deleted_ticket(call: Call, ident: int) -> Ticket:
    ticket = call.world.tickets.get(ident)
    if ticket is None or not ticket.is_deleted or ticket.is_scrubbed:
        raise not_found()
    return ticket


def restore(call: Call, ident: int) -> Reply:
    ticket = deleted_ticket(call, ident)
    take_back(call.world, ticket)
    return Reply({})


def restore_many(call: Call) -> Reply:
    for ident in call.ids():
        restore(call, ident)
    return Reply({})


def destroy_many(call: Call) -> Reply:
    """`DELETE /deleted_tickets/destroy_many?ids=`: one job for all."""
    tickets = [deleted_ticket(call, ident) for ident in call.ids()]

    def step() -> Json:
        for ticket in tickets:
            scrub(call.world, ticket)
        return {"success": True}

    return call.queue("Permanent Ticket Deletion", [step], total=False)


def mark_as_spam(call: Call, ident: int) -> Reply:
    """Delete the ticket and suspend who asked."""
    _as_spam(call, call.ticket(ident))
    return Reply({})


def mark_many_as_spam(call: Call) -> Reply:
    def step(ident: int) -> Json:
        ticket = call.world.tickets.get(ident)
        if ticket is None or ticket.is_deleted:
            return {"id": ident, "error": "TicketNotFound"}
        _as_spam(call, ticket)
        return {"action": "spam", "id": ident, "status": "Deleted", "success": True}

    return call.queue("Bulk Mark As Spam", [partial(step, ident) for ident in call.ids()])


def _as_spam(call: Call, ticket: Ticket) -> None:
    requester = call.world.users.get(ticket.requester_id)
    if requester is not None and not requester.is_agent:
        requester.is_suspended = True
        call.world.touch_user(requester, call.world.clock.now())
    fire_event(call.world, ticket, "marked_as_spam")
    delete_ticket(call, ticket)


def scrub(world: World, ticket: Ticket) -> None:
    """Empty a deleted ticket for good: text, tags and fields go, `updated_at` stays."""
    ticket.is_scrubbed = True
    ticket.deleted_at = ticket.deleted_at or world.clock.now()
    fire_event(world, ticket, "permanently_deleted")
    world.erased_tickets.add(ticket.id)
    world.system_touch(ticket, world.clock.now())


def destroy(call: Call, ident: int) -> Reply:
    """`DELETE /deleted_tickets/{id}`: a job without total whose result is an object."""
    ticket = deleted_ticket(call, ident)

    def step() -> Json:
        scrub(call.world, ticket)
        return {"success": True}

    return call.queue("Permanent Ticket Deletion", [step], total=False)


def merge(call: Call, ident: int) -> Reply:
    """`POST /tickets/{id}/merge`: a job that closes the sources."""
    target = call.ticket(ident)
    body = call.json()
    sources = [call.ticket(int(source)) for source in body.get("ids") or ()]
    actor = call.actor()

    def step() -> Json:
        for source in sources:
            merge_ticket(call.world, source, target, actor, body)
        return {"success": True}

    return call.queue("Merge Ticket", [step], total=False)


def merge_ticket(world: World, source: Ticket, target: Ticket, actor: Actor, body: Json) -> None:
    """Close `source` into `target`, with the two comments Zendesk leaves."""
    note = body.get("source_comment") or f"This request was closed and merged into request #{target.id}."
    into = body.get("target_comment") or f"Request #{source.id} was closed and merged into this request."
    public = bool(body.get("source_comment_is_public", False))
    update_ticket(
        world,
        source,
        {
            "status": "closed",
            "additional_tags": [unverified.MERGE_TAG],
            "comment": {"body": note, "public": public},
        },
        actor,
    )
    fire_event(world, source, "merged")
    update_ticket(
        world,
        target,
        {"comment": {"body": into, "public": bool(body.get("target_comment_is_public", False))}},
        actor,
    )
