"""Builds the seeded world: configuration, people, and months of tickets, the same for the same seed."""

from __future__ import annotations

import gc
from operator import attrgetter
from random import Random

from zdsync.sandbox import unverified
from zdsync.sandbox.records import Audit, Change, Comment, Event, Ticket
from zdsync.sandbox.seed.account import Account, seed_account
from zdsync.sandbox.seed.extras import seed_extras
from zdsync.sandbox.seed.history import Historian
from zdsync.sandbox.seed.hours import Hours
from zdsync.sandbox.seed.people import seed_customers, seed_organizations
from zdsync.sandbox.timekeeper import Timekeeper
from zdsync.sandbox.world import World

HISTORY_DAYS = 182
_DAY_S = 86_400
_LARGE = 20_000


def seed_world(world: World, tickets: int, seed: int) -> Account:
    """Fill an empty world with `tickets` tickets that end three minutes before its now."""
    random = Random(f"{seed}/{tickets}")
    now = world.clock.now()
    first = now - HISTORY_DAYS * _DAY_S
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        account = seed_account(world, random, first - 200 * _DAY_S)
        companies = seed_organizations(world, random, max(24, min(400, tickets // 150)), first - 90 * _DAY_S)
        customers = seed_customers(world, random, companies, max(300, tickets // 5), first - 2 * _DAY_S)
        hours = Hours(first, now - 180)
        world.watch = timekeeper = Timekeeper(world)
        historian = Historian(timekeeper, random, account, hours, now)
        made = [
            historian.ticket(at, customers[int(random.random() ** 1.3 * len(customers))])
            for at in hours.arrivals(random, tickets)
        ]
        _odd_ends(world, random, account, made, now)
        _number(world, made)
        timekeeper.open(made)
        seed_extras(world, account, made, first - 200 * _DAY_S)
        if tickets >= _LARGE:
            # A full collection over millions of records takes seconds, in the middle of some request.
            gc.freeze()
    finally:
        if was_enabled:
            gc.enable()
    return account


def _odd_ends(world: World, random: Random, account: Account, made: list[Ticket], now: int) -> None:
    """Some tickets were merged, deleted, or deleted and scrubbed."""
    solved = [ticket for ticket in made if ticket.status == "solved"]
    random.shuffle(solved)
    few = len(made) // 120
    for source, target in zip(solved[:few], solved[few : 2 * few], strict=False):
        _merge(account, source, target, min(now - 180, max(source.updated, target.updated) + 600))
    settled = [ticket for ticket in made if ticket.status in ("solved", "closed")]
    for ticket in random.sample(settled, len(settled) // 70):
        deleted = ticket.updated + 600 + int(random.random() * 5 * _DAY_S)
        if deleted > now - 180:
            continue
        ticket.deleted_at, ticket.deleted_by, ticket.generated = deleted, account.admin, deleted
        if deleted + 30 * _DAY_S <= now - 180:
            ticket.is_scrubbed, ticket.generated = True, deleted + 30 * _DAY_S
            world.erased_tickets.add(ticket.id)


def _merge(account: Account, source: Ticket, target: Ticket, at: int) -> None:
    author = source.assignee_id or account.admin
    if at < max(source.updated, target.updated):
        return
    note = f"This request was closed and merged into request #{target.id}."
    tags = tuple(sorted({*source.tags, unverified.MERGE_TAG}))
    events: tuple[Event, ...] = (
        Comment(note, is_public=False, author_id=author),
        Change("tags", source.tags, tags),
        Change("status", source.status, "closed"),
    )
    source.audits.append(Audit(0, source.id, at, author, "web", events, None, "Mozilla/5.0"))
    source.status, source.tags, source.updated, source.generated = "closed", tags, at, at
    into = Comment(
        f"Request #{source.id} was closed and merged into this request.", is_public=False, author_id=author
    )
    target.audits.append(Audit(0, target.id, at, author, "web", (into,), None, "Mozilla/5.0"))
    target.updated = target.generated = at


def _number(world: World, made: list[Ticket]) -> None:
    """Put all audits in time order and give them ids, then fill the indexes."""
    world.log = [audit for ticket in made for audit in ticket.audits]
    world.log.sort(key=attrgetter("at"))
    for audit in world.log:
        audit.id = world.new_audit_id(len(audit.events))
    world.tickets = {ticket.id: ticket for ticket in made}
    world.ai_agent_tickets = {ticket.id for ticket in made if ticket.support_type == "ai_agent"}
    world.ticket_index.fill((ticket.generated, ticket.id) for ticket in made)
