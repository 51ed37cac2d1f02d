"""Verify: a sample of the mirror compared with the account, and mended where it differs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from zdsync.errors import Denied, Rejected
from zdsync.model import OrganizationId, TicketId, UserId
from zdsync.ports.account import TicketSource
from zdsync.ports.clock import Clock
from zdsync.ports.mirror import Mirror
from zdsync.runs.freshness import complete_until
from zdsync.streams import Page, Stream

log = logging.getLogger(__name__)

SAMPLE = 200
HISTORIES = 5
_INDEX_LAG = timedelta(minutes=15)
"""Zendesk's search knows what is new only after minutes. Source: developer.zendesk.com, "Search" (read 2026-11)."""


@dataclass(frozen=True, slots=True)
class Verified:
    """How many objects of each stream were compared, and how many differed and are mended now.

    `counted` is the number of tickets created since the start, here and in the account; None where it cannot be told.
    """

    compared: dict[Stream, int] = field(default_factory=dict)
    differed: dict[Stream, int] = field(default_factory=dict)
    counted: tuple[int, int] | None = None

    @property
    def is_equal(self) -> bool:
        return not any(self.differed.values()) and (
            self.counted is None or self.counted[0] >= self.counted[1]
        )


def verify(source: TicketSource, mirror: Mirror, clock: Clock, *, start: datetime) -> Verified:
    """Compare counts and a random sample of tickets, users, organizations and histories; mend what differs.

    To be called right after a pull. A handful of requests whatever the account's size.
    """
    verified = Verified(counted=_count(source, mirror, start))
    _compare(source, mirror, clock, verified, Stream.TICKETS)
    _compare(source, mirror, clock, verified, Stream.USERS)
    _compare(source, mirror, clock, verified, Stream.ORGANIZATIONS)
    for id in mirror.repairs.read_sample(Stream.EVENTS, HISTORIES):
        try:
            page = source.fetch_history(TicketId(id))
        except (Denied, Rejected) as err:
            log.warning("verify.no_history", extra={"ticket_id": id, "detail": err.message})
            continue
        _mend(mirror, clock, verified, page, [row["id"] for row in page.rows["ticket_events"]])
    return verified


def _count(source: TicketSource, mirror: Mirror, start: datetime) -> tuple[int, int] | None:
    until = complete_until(mirror, Stream.TICKETS)
    if until is None:
        return None
    try:
        there = source.count_tickets(start, until - _INDEX_LAG)
    except (Denied, Rejected) as err:
        log.warning("verify.no_count", extra={"detail": err.message})
        return None
    return mirror.repairs.count_created(start, until - _INDEX_LAG), there


def _compare(source: TicketSource, mirror: Mirror, clock: Clock, verified: Verified, stream: Stream) -> None:
    ids = mirror.repairs.read_sample(stream, SAMPLE)
    try:
        page = _fetch(source, stream, ids)
    except (Denied, Rejected) as err:
        log.warning("verify.not_allowed", extra={"stream": stream.value, "detail": err.message})
        return
    _mend(mirror, clock, verified, page, ids)


def _fetch(source: TicketSource, stream: Stream, ids: tuple[int, ...]) -> Page:
    if stream is Stream.TICKETS:
        return source.fetch_tickets([TicketId(id) for id in ids])
    if stream is Stream.USERS:
        return source.fetch_users([UserId(id) for id in ids])
    return source.fetch_organizations([OrganizationId(id) for id in ids])


def _mend(
    mirror: Mirror, clock: Clock, verified: Verified, page: Page, ids: tuple[int, ...] | list[int]
) -> None:
    stream = page.stream
    until = complete_until(mirror, stream)
    if until is not None:
        wrong = mirror.repairs.mend(page, ids, until, clock.now())
        verified.compared[stream] = verified.compared.get(stream, 0) + len(ids)
        verified.differed[stream] = verified.differed.get(stream, 0) + wrong
