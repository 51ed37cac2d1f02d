"""Holds by hand: a lead takes one ticket out of the rules' reach, and gives it back."""

from __future__ import annotations

from datetime import timedelta

from zdsync.errors import Rejected
from zdsync.model import Hold, HoldReason, TicketId
from zdsync.ports.clock import Clock
from zdsync.ports.mirror import Mirror


def hold(mirror: Mirror, clock: Clock, ticket_id: TicketId, span: timedelta | None = None) -> Hold:
    """Hold the ticket for `span` from now, without it until a release; raises Rejected for an unknown ticket.

    An earlier hold by hand is replaced.
    """
    _require_known(mirror, ticket_id)
    now = clock.now()
    made = Hold(ticket_id, HoldReason.MANUAL, now, until=now + span if span else None)
    mirror.record_holds((made,))
    return made


def release(mirror: Mirror, clock: Clock, ticket_id: TicketId) -> int:
    """End every hold of the ticket, an undo's too; how many there were. Raises Rejected for an unknown ticket."""
    _require_known(mirror, ticket_id)
    return mirror.end_holds((ticket_id,), clock.now())


def _require_known(mirror: Mirror, ticket_id: TicketId) -> None:
    if next(iter(mirror.read_cases({ticket_id})), None) is None:
        raise Rejected(
            f"ticket {ticket_id} is not in the mirror", status=404, hint="pull first, or check the number"
        )
