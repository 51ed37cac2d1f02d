"""A ticket's story, one line each, for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from zdsync.model import TicketId
from zdsync.runs.timeline import Happening


def timeline_lines(ticket_id: TicketId, story: Sequence[Happening]) -> Iterator[str]:
    yield f"Ticket {ticket_id}, times in UTC"
    for one in story:
        yield f"{one.at:%Y-%m-%d %H:%M:%S}  {one.kind.value:8}  {one.text}"


def timeline_json(ticket_id: TicketId, story: Sequence[Happening]) -> dict[str, Any]:
    return {
        "ticket": ticket_id,
        "timeline": [{"at": one.at.isoformat(), "kind": one.kind.value, "text": one.text} for one in story],
    }
