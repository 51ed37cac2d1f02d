"""Exports and lists, answer by answer, as pages of rows; each page says where the next pull goes on.

Source: developer.zendesk.com, "Incremental Exports", "Using the Incremental Exports API" and "Pagination" (read
2026-11).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from zenpy.lib.endpoint import EndpointFactory

from zdsync.detect import TextFilter
from zdsync.errors import Rejected, Transient
from zdsync.model import Event, TicketId
from zdsync.streams import CROWDED_SECONDS, Checkpoint, Page, Record, Stream
from zdsync.zendesk import retry
from zdsync.zendesk.client import Answer, Client
from zdsync.zendesk.columns import as_int, key_of
from zdsync.zendesk.convert import Rows, events_in, rows_of
from zdsync.zendesk.sideloads import Sideloads

log = logging.getLogger(__name__)

YOUNGEST_START_S = 61
"""`start_time` must be more than a minute old."""
LARGEST_PAGE = 1000
SMALLEST_PAGE = 50
LARGEST_ANSWER_BYTES = 48 * 2**20
"""After a larger answer fewer rows are asked for, so that memory stays bounded whatever a ticket holds."""
LIST_PAGE = 100
LONGEST_WINDOW_S = 30 * 86_400

_tickets, _users = EndpointFactory("tickets"), EndpointFactory("users")


@dataclass(frozen=True, slots=True)
class Export:
    """One incremental export: where it is, how it is asked, and what an account may not know of it.

    `optional` parameters are left out, one after the other, when an account refuses them.
    """

    path: str
    by_cursor: bool
    page_size: int = LARGEST_PAGE
    optional: Mapping[str, str] = field(default_factory=dict)


EXPORTS: Mapping[Stream, Export] = {
    Stream.TICKETS: Export(
        _tickets.incremental.cursor.endpoint,
        by_cursor=True,
        optional={
            "support_type_scope": "all",
            "include": "users,groups,organizations,metric_sets",
        },
    ),
    Stream.EVENTS: Export(
        _tickets.events.endpoint,
        by_cursor=False,
        page_size=500,
        optional={"support_type_scope": "all", "include": "comment_events"},
    ),
    Stream.USERS: Export(_users.incremental.cursor.endpoint, by_cursor=True),
    Stream.ORGANIZATIONS: Export(EndpointFactory("organizations").incremental.endpoint, by_cursor=False),
    Stream.METRIC_EVENTS: Export(EndpointFactory("ticket_metric_events").endpoint, by_cursor=False),
}

LISTS: Mapping[Stream, str] = {
    Stream.GROUPS: "groups",
    Stream.MEMBERSHIPS: "group_memberships",
    Stream.TICKET_FIELDS: "ticket_fields",
    Stream.USER_FIELDS: "user_fields",
    Stream.ORGANIZATION_FIELDS: "organization_fields",
    Stream.FORMS: "ticket_forms",
    Stream.BRANDS: "brands",
    Stream.CUSTOM_STATUSES: "custom_statuses",
    Stream.VIEWS: "views",
    Stream.TRIGGERS: "triggers",
    Stream.AUTOMATIONS: "automations",
    Stream.MACROS: "macros",
    Stream.SLA_POLICIES: "sla_policies",
    Stream.SCHEDULES: "schedules",
    Stream.TAGS: "tags",
}
"""Account objects, by zenpy's name of their endpoint."""
MOST_ANSWERS: Mapping[Stream, int] = {Stream.TAGS: 20_000 // LIST_PAGE}
"""All that Zendesk lists, the 20,000 most used tags. Source: developer.zendesk.com, "Tags" (read 2026-11)."""


class Reader:
    """Reads pages from the account, texts filtered; remembers which parameters the account refused."""

    def __init__(self, client: Client, text_filter: TextFilter) -> None:
        self._client = client
        self._filter = text_filter
        self._refused: dict[Stream, frozenset[str]] = {}

    def pages(self, stream: Stream, checkpoint: Checkpoint | None, start: datetime) -> Iterator[Page]:
        """As `TicketSource.fetch_pages`."""
        cursor = checkpoint.cursor if checkpoint else None
        if stream in LISTS:
            yield self._whole(stream)
        elif stream is Stream.RATINGS:
            yield from self._by_window(cursor, start)
        elif EXPORTS[stream].by_cursor:
            yield from self._by_cursor(stream, cursor, start)
        else:
            yield from self._by_time(stream, cursor, start)

    def _by_cursor(self, stream: Stream, cursor: str | None, start: datetime) -> Iterator[Page]:
        export, size, seen = EXPORTS[stream], EXPORTS[stream].page_size, {cursor}
        sideloads = Sideloads()
        is_last = False
        while not is_last:
            place = {"cursor": cursor} if cursor else {"start_time": self._start(start)}
            answer, size = self._answer(stream, export, place, size)
            is_last = answer.body.get("end_of_stream") is True
            after = answer.body.get("after_cursor") or cursor
            if not is_last and (after is None or after in seen):
                raise Transient(
                    f"the export of {stream.value} came back to a cursor it had given before",
                    hint="nothing is lost: the next run goes on from the last recorded page",
                )
            seen.add(after)
            cursor = after
            if cursor and not is_last:
                self._expect(stream, export, {"cursor": cursor}, size)
            if stream is Stream.TICKETS:
                sideloads.leave_out_repeated(answer.body)
            yield self._page(stream, answer, cursor, end_of_stream=is_last)

    def _by_time(self, stream: Stream, cursor: str | None, start: datetime) -> Iterator[Page]:
        export, size = EXPORTS[stream], EXPORTS[stream].page_size
        begin = self._start(start) if cursor is None else min(int(cursor), self._youngest())
        is_last = False
        while not is_last:
            crowded: int | None = None
            answer, size = self._answer(stream, export, {"start_time": begin}, size)
            end = _epoch(answer.body.get("end_time"), begin)
            is_last = _is_last(answer, begin, end)
            if not is_last and end <= begin:
                if size < LARGEST_PAGE:
                    size = LARGEST_PAGE
                    continue
                # A full page of one second: time paging cannot get at the rest of it.
                crowded = begin
                log.warning(
                    "pull.second_cut_short", extra={"stream": stream.value, "epoch_s": begin, "rows": size}
                )
                end = begin + 1
            begin = max(begin, end)
            if not is_last:
                self._expect(stream, export, {"start_time": begin}, size)
            page = self._page(stream, answer, str(begin), end_of_stream=is_last)
            if crowded is not None:
                seconds: list[Record] = [{"second": datetime.fromtimestamp(crowded, UTC)}]
                page = replace(page, rows={**page.rows, CROWDED_SECONDS: seconds})
            yield page

    def _by_window(self, cursor: str | None, start: datetime) -> Iterator[Page]:
        """Satisfaction ratings, which have no export, in windows of at most 30 days; the cursor is the next one's begin.

        Source: developer.zendesk.com, "List Satisfaction Ratings" (read 2026-11).
        """
        begin = self._start(start) if cursor is None else min(int(cursor), self._youngest())
        is_last = False
        while not is_last:
            end = min(begin + LONGEST_WINDOW_S, self._youngest())
            is_last = end == self._youngest()
            asked = {"start_time": begin, "end_time": end, "page[size]": LIST_PAGE}
            answers = list(self._by_cursor_pages(list_path(Stream.RATINGS), asked))
            rows = self._rows(Stream.RATINGS, answers)
            yield Page(Stream.RATINGS, rows, answers[0].served_at, str(end), end_of_stream=is_last)
            begin = end

    def _answer(
        self, stream: Stream, export: Export, place: Mapping[str, str | int], size: int
    ) -> tuple[Answer, int]:
        """One answer, and the page size to go on with: halved when Zendesk or we cannot carry so many rows."""
        while True:
            try:
                answer = self._asked(stream, export, {**place, "per_page": size})
            except (Transient, Rejected) as err:
                if not retry.is_too_large(err) or size <= SMALLEST_PAGE:
                    raise
                size = max(SMALLEST_PAGE, size // 2)
                log.warning("pull.smaller_pages", extra={"stream": stream.value, "per_page": size})
                continue
            if answer.size_bytes > LARGEST_ANSWER_BYTES:
                size = max(SMALLEST_PAGE, size // 2)
            return answer, size

    def _asked(self, stream: Stream, export: Export, params: Mapping[str, str | int]) -> Answer:
        """Ask with every optional parameter the account takes; one it refuses is left out from then on."""
        attempts = _attempts(self._taken(stream, export))
        for position, names in enumerate(attempts):
            try:
                asked = _asking(export, params, names)
                answer = self._client.get(export.path, asked, worth=_worth_repeating)
            except Rejected as err:
                if err.status not in (400, 422) or position == len(attempts) - 1:
                    raise
                continue
            if position:
                self._refused[stream] = frozenset(export.optional) - frozenset(names)
                left_out = ", ".join(sorted(self._refused[stream]))
                log.warning("pull.parameter_refused", extra={"stream": stream.value, "left_out": left_out})
            return answer
        raise AssertionError("there is always one attempt")

    def _expect(self, stream: Stream, export: Export, place: Mapping[str, str | int], size: int) -> None:
        """Begin to ask for the next page, just as it will be asked for."""
        asked = _asking(export, {**place, "per_page": size}, self._taken(stream, export))
        self._client.expect(export.path, asked)

    def _taken(self, stream: Stream, export: Export) -> list[str]:
        """The optional parameters that the account has not refused."""
        refused = self._refused.get(stream, frozenset())
        return [name for name in export.optional if name not in refused]

    def _whole(self, stream: Stream) -> Page:
        """Every row of a list as one page, whatever number of answers it takes."""
        path = list_path(stream)
        answers = list(islice(self._listed(path), MOST_ANSWERS.get(stream)))
        rows = self._rows(stream, answers)
        if stream is Stream.SCHEDULES:
            rows["schedule_holidays"] = [
                row for one in rows["schedules"] for row in self._holidays(one["id"])
            ]
        return Page(stream, rows, answers[0].served_at, is_whole=True)

    def _holidays(self, schedule_id: int) -> list[Record]:
        """Holidays come one schedule at a time, and do not name it."""
        answers = self._listed(f"business_hours/schedules/{schedule_id}/holidays.json")
        rows = self._rows(Stream.SCHEDULES, answers).get("schedule_holidays", [])
        return [{**row, "schedule_id": schedule_id} for row in rows]

    def unsolved_before(self, moment: datetime) -> Iterator[Page]:
        """As `TicketSource.fetch_unsolved`.

        Source: developer.zendesk.com, "Search: Export Search Results" (read 2026-11): the type must be given as a
        filter, and the cursor lives for an hour.
        """
        params: dict[str, str | int] = {
            "query": f"status<solved updated<{_stamp(moment)}",
            "filter[type]": "ticket",
            "page[size]": LIST_PAGE,
        }
        for answer in self._by_cursor_pages("search/export.json", params):
            body = {"tickets": answer.body.get("results") or []}
            rows = rows_of(body, Stream.TICKETS, self._filter, is_clean=answer.is_clean)
            yield Page(Stream.TICKETS, rows, answer.served_at)

    def count_tickets(self, since: datetime, until: datetime) -> int:
        """As `TicketSource.count_tickets`.  Source: developer.zendesk.com, "Search: Show Results Count" (read 2026-11)."""
        query = f"type:ticket created>={_stamp(since)} created<{_stamp(until)}"
        return as_int(self._client.get("search/count.json", {"query": query}).body.get("count")) or 0

    def events(self, ticket_id: TicketId) -> tuple[Event, ...]:
        """As `TicketSource.fetch_events`."""
        return events_in(self.history(ticket_id).rows)

    def history(self, ticket_id: TicketId) -> Page:
        """As `TicketSource.fetch_history`. The audits of an archived ticket come all at once."""
        answers = list(self._listed(_tickets.audits.endpoint % {"id": ticket_id}))
        return Page(Stream.EVENTS, self._rows(Stream.EVENTS, answers), answers[0].served_at)

    def _rows(self, stream: Stream, answers: Iterable[Answer]) -> Rows:
        """The rows of several answers. Data moves while they are asked for: a row that comes again replaces itself."""
        rows: Rows = {stream.value: []}
        for answer in answers:
            found = rows_of(answer.body, stream, self._filter, is_clean=answer.is_clean)
            for table, more in found.items():
                rows[table] = _merged(rows.get(table, []), more, key_of(table))
        return rows

    def _listed(self, path: str) -> Iterator[Answer]:
        """The answers of a list, by cursor where it is offered, else by page number."""
        return self._by_cursor_pages(path, {"page[size]": LIST_PAGE})

    def _by_cursor_pages(self, path: str, first: Mapping[str, str | int]) -> Iterator[Answer]:
        params = dict(first)
        seen: set[object] = set()
        number = 1
        while True:
            answer = self._client.get(path, params)
            yield answer
            meta = answer.body.get("meta")
            if isinstance(meta, dict):
                after = meta.get("after_cursor")
                if not meta.get("has_more") or not after:
                    return
                if after in seen:
                    raise Transient(f"the list {path} came back to a cursor it had given before")
                seen.add(after)
                params = {**first, "page[after]": after}
            elif answer.body.get("next_page"):
                number += 1
                params = {"per_page": LIST_PAGE, "page": number}
            else:
                return

    def by_ids(self, stream: Stream, ids: Sequence[int]) -> Page:
        """These objects, asked for in hundreds; those that are gone are left out."""
        answers = tuple(self._shown(f"{stream.value}/show_many.json", ids))
        served_at = min((answer.served_at for answer in answers), default=self._client.clock.now())
        return Page(stream, self._rows(stream, answers), served_at)

    def _shown(self, path: str, ids: Sequence[int]) -> Iterator[Answer]:
        for first in range(0, len(ids), LIST_PAGE):
            try:
                yield self._client.get(path, {"ids": ",".join(map(str, ids[first : first + LIST_PAGE]))})
            except Rejected as err:
                if err.status != 404:
                    raise

    def _page(self, stream: Stream, answer: Answer, cursor: str | None, *, end_of_stream: bool) -> Page:
        rows = rows_of(answer.body, stream, self._filter, is_clean=answer.is_clean)
        return Page(stream, rows, answer.served_at, cursor, end_of_stream)

    def _youngest(self) -> int:
        return int(self._client.clock.now().timestamp()) - YOUNGEST_START_S

    def _start(self, start: datetime) -> int:
        return max(0, min(int(start.timestamp()), self._youngest()))


def _asking(export: Export, params: Mapping[str, str | int], names: Iterable[str]) -> dict[str, str | int]:
    return {**params, **{name: export.optional[name] for name in names}}


def _attempts(names: list[str]) -> list[list[str]]:
    """All optional parameters, then without the first, then without the second, …, then without any."""
    attempts = [names]
    attempts += [[name for name in names if name != left_out] for left_out in names]
    if len(names) > 1:
        attempts.append([])
    return attempts


def _is_last(answer: Answer, begin: int, end: int) -> bool:
    """Whether a time-based export has ended; one that does not say so has when time stands still.

    Source: the reference's example of metric events has no `end_of_stream` (OpenAPI document, 2026-07).
    """
    told = answer.body.get("end_of_stream")
    return end <= begin if told is None else told is True


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _worth_repeating(error: BaseException) -> bool:
    return isinstance(error, Transient) and not retry.is_too_large(error)


def _epoch(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def list_path(stream: Stream) -> str:
    """Where a list that no export brings is asked for."""
    if stream is Stream.RATINGS:
        return "satisfaction_ratings.json"
    endpoint: str = EndpointFactory(LISTS[stream]).endpoint
    return endpoint if endpoint.endswith(".json") else f"{endpoint}.json"


def _merged(rows: list[Record], more: list[Record], key: str) -> list[Record]:
    if not rows or key not in rows[0]:
        return rows + more
    return list({row[key]: row for row in (*rows, *more)}.values())
