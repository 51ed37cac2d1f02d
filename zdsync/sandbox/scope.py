"""Which tickets a list shows: not deleted, not archived, of the asked support type."""

from __future__ import annotations

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


def listed(call: Call) -> list[Ticket]:
    external = call.arg("external_id")
    return [
        ticket
        for ticket in call.world.living_tickets()
        if not is_archived(call, ticket)
        and in_scope(call, ticket)
        and (external is None or ticket.external_id == external)
    ]
