"""Up to when the mirror is complete: asked by whoever plans, and by whoever only wants to know."""

from __future__ import annotations

from datetime import datetime

from zdsync.ports.mirror import Mirror
from zdsync.streams import Stream


def mirror_until(mirror: Mirror) -> datetime | None:
    """Up to when both tickets and events are complete; None before the first whole pull."""
    tickets, events = complete_until(mirror, Stream.TICKETS), complete_until(mirror, Stream.EVENTS)
    return min(tickets, events) if tickets and events else None


def complete_until(mirror: Mirror, stream: Stream) -> datetime | None:
    """Up to when one stream is complete, at the cost of one row; None before its first whole pull."""
    checkpoint = mirror.read_checkpoint(stream)
    return checkpoint.complete_until if checkpoint else None
