"""What the system does by itself, once an hour: automations, closing, archiving, scrubbing."""

from __future__ import annotations

from zdsync.sandbox import deleted_api, unverified
from zdsync.sandbox.actor import Actor
from zdsync.sandbox.automations import run_automations
from zdsync.sandbox.draft import Draft
from zdsync.sandbox.metrics import tally
from zdsync.sandbox.records import SYSTEM_USER_ID, Change, User
from zdsync.sandbox.scope import DAY_S
from zdsync.sandbox.world import World
from zdsync.sandbox.writes import store

HOUR_S = 3600
#: Deleted tickets are emptied for good after so long (developer.zendesk.com, Tickets).
SCRUB_AFTER_DAYS = 30


class Hourly:
    """Keeps the hour; the first one ends an hour after the account was opened."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.next_at = world.clock.time() + HOUR_S
        self._system = Actor(User(SYSTEM_USER_ID, "System", None, "admin", 0, 0), "rule")

    def tick(self) -> None:
        """Do the hour's work if it is due; hours that were missed are not made up for."""
        now = self.world.clock.time()
        if now < self.next_at:
            return
        self.next_at = now + HOUR_S
        run_automations(self.world, self._store)
        self._age()

    def _store(self, draft: Draft) -> None:
        store(self.world, draft, {}, self._system)

    def _age(self) -> None:
        """Close, archive and scrub what is old enough."""
        world, now = self.world, self.world.clock.now()
        closing = unverified.CLOSE_AFTER_DAYS * DAY_S
        for ticket in list(world.tickets.values()):
            if ticket.is_scrubbed:
                continue
            if ticket.deleted_at is not None:
                if now - ticket.deleted_at >= SCRUB_AFTER_DAYS * DAY_S:
                    deleted_api.scrub(world, ticket)
            elif ticket.status == "closed":
                archived = ticket.updated + unverified.ARCHIVE_AFTER_DAYS * DAY_S
                if ticket.generated < archived <= now:
                    world.system_touch(ticket, now)
            elif ticket.status == "solved" and now - ticket.created >= closing:
                solved = tally(world, ticket).solved
                if solved is not None and now - solved >= closing:
                    ticket.status = "closed"
                    events = (Change("status", "solved", "closed"),)
                    world.record(ticket, now, SYSTEM_USER_ID, "rule", events)
