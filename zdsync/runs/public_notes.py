"""The alarm: every note of ours must come back as an internal comment, or nothing more is written."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from zdsync.errors import PublicNote
from zdsync.model import TicketId
from zdsync.ports.account import TicketSource
from zdsync.ports.clock import Clock
from zdsync.ports.journal import Journal, JournalEntry
from zdsync.ports.mirror import Mirror

log = logging.getLogger(__name__)

_MEMORY = timedelta(days=30)
"""How far back a note of ours that a customer can see stops the worker."""


def refuse_public_notes(source: TicketSource, mirror: Mirror, journal: Journal, clock: Clock) -> None:
    """Raise PublicNote when a mirrored event of ours has a public comment that is public to this day.

    The tickets are asked once more first, so that a note which somebody has made internal since stops nothing.
    """
    since = clock.now() - _MEMORY
    for ticket_id in _tickets(journal.read_public_notes(since)):
        mirror.record_page(source.fetch_history(ticket_id), None, clock.now())
    shown = _tickets(journal.read_public_notes(since))
    if not shown:
        return
    log.error("note.public", extra={"count": len(shown), "ticket_id": shown[0]})
    named = ", ".join(str(id) for id in shown[:10]) + (" …" if len(shown) > 10 else "")
    raise PublicNote(
        f"internal notes came back as comments that customers can see, on ticket {named}; nothing was written",
        hint="make them internal in Zendesk and find out what made them public (a proxy, an app); "
        "ZDSYNC_MODE=shadow goes on mirroring meanwhile",
    )


def _tickets(entries: Sequence[JournalEntry]) -> tuple[TicketId, ...]:
    return tuple(sorted({TicketId(entry.object_id) for entry in entries if entry.object_id is not None}))
