"""Pull: what changed in the account, page by page into the mirror, each page together with its checkpoint."""

from __future__ import annotations

import logging
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from zdsync.errors import Denied, Rejected
from zdsync.model import TicketId
from zdsync.ports.account import TicketSource
from zdsync.ports.clock import Clock
from zdsync.ports.mirror import Mirror
from zdsync.ports.runs import StreamStatus
from zdsync.streams import Checkpoint, Page, Stream

log = logging.getLogger(__name__)

WITHHELD = timedelta(seconds=60)
"""Zendesk never exports the latest minute. Source: developer.zendesk.com, "Incremental Exports" (read 2026-11)."""

_DAILY = timedelta(days=1)
_HOURLY = timedelta(hours=1)
_QUARTERLY = timedelta(minutes=15)
_ALWAYS = timedelta(0)

CADENCE: dict[Stream, timedelta] = {
    Stream.GROUPS: _HOURLY,
    Stream.MEMBERSHIPS: _HOURLY,
    Stream.TICKET_FIELDS: _HOURLY,
    Stream.USER_FIELDS: _HOURLY,
    Stream.ORGANIZATION_FIELDS: _HOURLY,
    Stream.FORMS: _HOURLY,
    Stream.BRANDS: _HOURLY,
    Stream.CUSTOM_STATUSES: _HOURLY,
    Stream.VIEWS: _HOURLY,
    Stream.TRIGGERS: _HOURLY,
    Stream.AUTOMATIONS: _HOURLY,
    Stream.MACROS: _HOURLY,
    Stream.SLA_POLICIES: _HOURLY,
    Stream.SCHEDULES: _HOURLY,
    Stream.TAGS: _DAILY,
    Stream.RATINGS: _QUARTERLY,
    Stream.USERS: _QUARTERLY,
    Stream.ORGANIZATIONS: _QUARTERLY,
    Stream.METRIC_EVENTS: _QUARTERLY,
    Stream.TICKETS: _ALWAYS,
    Stream.EVENTS: _ALWAYS,
}
"""How often a cycle asks for each stream, in the order of asking: events last, so that no ticket mirrored in the
same cycle is older than what is known of its events."""

STAGGERED = frozenset({Stream.USERS, Stream.ORGANIZATIONS, Stream.METRIC_EVENTS})
"""Exports that take turns, one per cycle, since all exports of an account share ten requests a minute."""

HISTORIES_PER_PULL = 30
"""The only requests per ticket, and how many of them a pull may spend."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most pages of exports that one pull may record, and how long it may go on; the next one continues there."""

    pages: int
    time: timedelta


BY_HAND = Ceiling(pages=100_000, time=timedelta(hours=24))
IN_A_CYCLE = Ceiling(pages=1_000, time=timedelta(minutes=30))
"""A first mirror of a large account is spread over cycles, so that the worker is seen to be alive between them."""

ESSENTIAL = frozenset({Stream.TICKETS, Stream.EVENTS, Stream.USERS, Stream.GROUPS, Stream.TICKET_FIELDS})
"""Streams without which nothing can be decided; the others are skipped when the plan or role forbids them."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull brought: rows that were new or newer, and the streams that were not allowed, with the reason.

    `cut` is the stream in which it came to its ceiling; those after it were not asked for.
    """

    rows: dict[Stream, int] = field(default_factory=dict)
    skipped: dict[Stream, str] = field(default_factory=dict)
    cut: Stream | None = None


OnPage = Callable[[Stream, int], None]


class _Spent:
    """What a pull has spent of its ceiling."""

    def __init__(self, ceiling: Ceiling, clock: Clock) -> None:
        self._pages, self._until, self._clock = ceiling.pages, clock.now() + ceiling.time, clock

    def page(self) -> bool:
        """Count a page; whether it may not be followed by another."""
        self._pages -= 1
        return self._pages <= 0 or self._clock.now() >= self._until


def _ignore(_stream: Stream, _rows: int) -> None:
    """Nobody is watching."""


def pull(
    source: TicketSource,
    mirror: Mirror,
    clock: Clock,
    *,
    start: datetime,
    streams: Collection[Stream] | None = None,
    respect_cadence: bool = False,
    is_full: bool = False,
    ceiling: Ceiling = BY_HAND,
    on_page: OnPage = _ignore,
) -> Pulled:
    """Bring the mirror up to date. Safe to kill at any moment: the next pull goes on where the last page ended.

    `start` bounds the first pull. `streams` restricts, `respect_cadence` leaves out what was asked for lately.
    `is_full` reads everything since `start` again over what is there, so that readers never see less, and buries what
    did not come; killed, it leaves the place of ordinary pulls as it was, and no `ceiling` stops it. `on_page` hears of
    each page's stream and number of rows.
    """
    pulled, spent = Pulled(), _Spent(ceiling, clock)
    for stream in _due(mirror, clock.now(), streams, respect_cadence=respect_cadence):
        try:
            if is_full:
                pulled.rows[stream] = _reread(source, mirror, clock, stream, start, on_page)
                continue
            pulled.rows[stream], is_cut = _pull_stream(source, mirror, clock, stream, start, on_page, spent)
            if is_cut:
                log.warning("pull.cut", extra={"stream": stream.value})
                pulled = replace(pulled, cut=stream)
                break
        except (Denied, Rejected) as err:
            if stream in ESSENTIAL:
                raise
            mirror.record_skipped(stream, err.message, clock.now())
            pulled.skipped[stream] = err.message
            log.warning("pull.skipped", extra={"stream": stream.value})
    if Stream.EVENTS in pulled.rows:
        _read_histories(source, mirror, clock)
    fill_in(source, mirror, clock)
    return pulled


def _due(
    mirror: Mirror, now: datetime, streams: Collection[Stream] | None, *, respect_cadence: bool
) -> Iterator[Stream]:
    wanted = [stream for stream in CADENCE if streams is None or stream in streams]
    if not respect_cadence:
        yield from wanted
        return
    waited = {status.stream: _waited(status, now) for status in mirror.read_streams()}
    due = [stream for stream in wanted if waited[stream] >= CADENCE[stream]]
    turn = max(STAGGERED.intersection(due), key=lambda stream: waited[stream], default=None)
    for stream in due:
        if stream not in STAGGERED or stream is turn or waited[stream] >= 2 * CADENCE[stream]:
            yield stream


def _waited(status: StreamStatus, now: datetime) -> timedelta:
    """How long ago the stream was last asked for, with or without success."""
    last = max(filter(None, (status.pulled_at, status.skipped_at)), default=None)
    return timedelta.max if last is None else now - last


def _pull_stream(
    source: TicketSource,
    mirror: Mirror,
    clock: Clock,
    stream: Stream,
    start: datetime,
    on_page: OnPage,
    spent: _Spent,
) -> tuple[int, bool]:
    """How many rows came, and whether the stream was left before its end."""
    before = mirror.read_checkpoint(stream)
    complete_until = before.complete_until if before else None
    total = 0
    if stream is Stream.TICKETS and before is None:
        try:
            total += _pull_unsolved(source, mirror, clock, start, on_page)
        except (Denied, Rejected) as err:
            log.warning("pull.no_search", extra={"detail": err.message})
    for page in source.fetch_pages(stream, before, start):
        if page.end_of_stream:
            complete_until = page.served_at - WITHHELD
        checkpoint = Checkpoint(stream, page.cursor, complete_until)
        written = mirror.record_page(page, checkpoint, clock.now())
        total += written
        log.info("pull.page", extra={"stream": stream.value, "rows": _size(page), "written": written})
        on_page(stream, _size(page))
        if not (page.end_of_stream or page.is_whole) and spent.page():
            return total, True
    return total, False


def _reread(
    source: TicketSource, mirror: Mirror, clock: Clock, stream: Stream, start: datetime, on_page: OnPage
) -> int:
    """Read a stream from `start` as if for the first time; its checkpoint moves only with the last page."""
    seen: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
    total = _pull_unsolved(source, mirror, clock, start, on_page) if stream is Stream.TICKETS else 0
    for page in source.fetch_pages(stream, None, start):
        for table, rows in page.rows.items():
            seen[table].extend(row["id"] for row in rows if "id" in row)
        until = page.served_at - WITHHELD
        checkpoint = Checkpoint(stream, page.cursor, until) if page.end_of_stream else None
        total += mirror.record_page(page, checkpoint, clock.now())
        on_page(stream, _size(page))
        if page.end_of_stream and not page.is_whole:
            total += mirror.repairs.bury_unseen(stream, seen, start, until)
    return total


def _pull_unsolved(
    source: TicketSource, mirror: Mirror, clock: Clock, start: datetime, on_page: OnPage
) -> int:
    """Before the first export: unsolved tickets that nobody has changed since `start`, which it would never bring.

    They are what falls through the cracks. Without a checkpoint of its own the search is simply repeated if killed.
    """
    total = 0
    for page in source.fetch_unsolved(start):
        written = mirror.record_page(page, None, clock.now())
        total += written
        log.info("pull.unsolved", extra={"rows": _size(page), "written": written})
        on_page(page.stream, _size(page))
    return total


def _size(page: Page) -> int:
    return len(page.rows.get(page.stream.value, ()))


def _read_histories(source: TicketSource, mirror: Mirror, clock: Clock) -> None:
    """Read a few tickets' audits, one request each: what no export brings. The next pull goes on with the rest."""
    wanted = mirror.read_missing(Stream.EVENTS)[:HISTORIES_PER_PULL]
    for id in wanted:
        try:
            mirror.record_page(source.fetch_history(TicketId(id)), None, clock.now())
        except Rejected as err:
            log.warning("pull.no_history", extra={"ticket_id": id, "status": err.status})
        except Denied as err:
            log.warning("pull.histories_not_allowed", extra={"detail": err.message})
            return
        mirror.record_absent(Stream.EVENTS, [id], clock.now())
    if wanted:
        log.info("pull.histories", extra={"count": len(wanted)})


def fill_in(source: TicketSource, mirror: Mirror, clock: Clock) -> None:
    """Fetch what tickets, comments and events name and no page brought, so that no join loses a ticket.

    What the account no longer has is asked for once and never again.
    """
    fill_in_users(source, mirror, clock)
    _fill_in(mirror, clock, Stream.ORGANIZATIONS, source.fetch_organizations)
    _fill_in(
        mirror, clock, Stream.GROUPS, lambda _: next(source.fetch_pages(Stream.GROUPS, None, clock.now()))
    )


def fill_in_users(source: TicketSource, mirror: Mirror, clock: Clock) -> None:
    """Fetch the users among them; enough where tickets came by id."""
    _fill_in(mirror, clock, Stream.USERS, source.fetch_users)


def _fill_in(mirror: Mirror, clock: Clock, stream: Stream, fetch: Callable[[Sequence[Any]], Page]) -> None:
    missing = mirror.read_missing(stream)
    if not missing:
        return
    asked = [id for id in missing if id > 0]
    if asked:
        mirror.record_page(fetch(asked), None, clock.now())
    absent = mirror.read_missing(stream)
    mirror.record_absent(stream, absent, clock.now())
    log.info("pull.filled_in", extra={"stream": stream.value, "count": len(missing), "absent": len(absent)})
