"""Which tickets a list shows: not deleted, not archived, of the asked support type."""

from __future__ import annotations

from collections.abc import Callable

from zdsync.sandbox import unverified
from zdsync.sandbox.call import Call
from zdsync.sandbox.records import Ticket

DAY_S = 86_400


def is_archived(call: Call, ticket: Ticket) -> bool:
    """Closed long ago: absent from lists, present in exports, search and show."""
    if ticket.status != "closed":
        return False
    return call.world.clock.now() - ticket.updated > unverified.ARCHIVE_AFTER_DAYS * DAY_S


def in_scope(call: Call, ticket: Ticket) -> bool:
    scope = call.arg("support_type_scope", "agent")
    return scope in ("all", ticket.support_type)


def listing(call: Call) -> Callable[[Ticket], bool]:
    """Whether lists of this request show a ticket."""
    external, scope = call.arg("external_id"), call.arg("support_type_scope", "agent")
    archived = call.world.clock.now() - unverified.ARCHIVE_AFTER_DAYS * DAY_S

    def shows(ticket: Ticket) -> bool:
        return (
            ticket.deleted_at is None
            and (ticket.status != "closed" or ticket.updated >= archived)
            and scope in ("all", ticket.support_type)
            and (external is None or ticket.external_id == external)
        )

    return shows


def listed(call: Call) -> list[Ticket]:
    """All tickets that lists of this request show, by id."""
    return list(filter(listing(call), call.world.tickets.values()))
