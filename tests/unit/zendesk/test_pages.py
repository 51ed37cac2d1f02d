"""Exports and lists are read whole, once, and never in a circle."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import requests
import responses

from tests.unit.zendesk.support import API, EPOCH, NOW, STAMP, StillClock, make_account, ticket
from zdsync.errors import Rejected, Transient, Unavailable
from zdsync.model import TicketId
from zdsync.streams import CROWDED_SECONDS, Checkpoint, Page, Stream
from zdsync.zendesk import pages
from zdsync.zendesk.account import ZendeskAccount

TICKETS = f"{API}/incremental/tickets/cursor.json"
EVENTS = f"{API}/incremental/ticket_events.json"
START = NOW - timedelta(days=90)


def _asked() -> list[dict[str, str]]:
    """The query of every request made, values as single texts."""
    queries = [parse_qs(urlsplit(call.request.url or "").query) for call in responses.calls]
    return [{name: values[0] for name, values in query.items()} for query in queries]


def _pull(account: ZendeskAccount, stream: Stream, cursor: str | None = None) -> list[Page]:
    checkpoint = Checkpoint(stream, cursor) if cursor else None
    return list(account.fetch_pages(stream, checkpoint, START))


def _tickets(*idents: int, cursor: str | None, last: bool = False) -> dict[str, Any]:
    return {"tickets": [ticket(ident) for ident in idents], "after_cursor": cursor, "end_of_stream": last}


def _event(ident: int, at: int) -> dict[str, Any]:
    created_at = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"id": ident, "ticket_id": 1, "timestamp": at, "created_at": created_at, "child_events": []}


def test_every_stream_has_its_way() -> None:
    """Each stream is an export or a list, or comes in windows of time; none is two of these."""
    assert pages.EXPORTS.keys() | pages.LISTS.keys() | {Stream.RATINGS} == set(Stream)
    assert not pages.EXPORTS.keys() & pages.LISTS.keys()


@responses.activate
def test_cursor_export_is_followed_to_its_end() -> None:
    """`start_time` goes out once, then the cursor; every page carries the cursor to store and the server's time."""
    date = {"Date": "Sun, 22 Nov 2026 11:59:58 GMT"}
    responses.get(TICKETS, json=_tickets(1, 2, cursor="a"), headers=date)
    responses.get(TICKETS, json=_tickets(3, cursor="b", last=True), headers=date)
    first, second = _pull(make_account(), Stream.TICKETS)
    assert (first.cursor, first.end_of_stream, second.cursor, second.end_of_stream) == ("a", False, "b", True)
    assert first.served_at == NOW - timedelta(seconds=2)
    assert [row["id"] for row in first.rows["tickets"]] == [1, 2]
    queries = _asked()
    assert queries[0] == {
        "start_time": str(int(START.timestamp())),
        "per_page": "1000",
        "support_type_scope": "all",
        "include": "users,groups,organizations,metric_sets",
    }
    assert queries[1]["cursor"] == "a"
    assert "start_time" not in queries[1]


@responses.activate
def test_checkpoint_is_resumed_and_kept_when_nothing_is_new() -> None:
    """A pull goes on at the stored cursor; an empty answer without a cursor keeps it."""
    responses.get(TICKETS, json=_tickets(cursor=None, last=True))
    (page,) = _pull(make_account(), Stream.TICKETS, "kept")
    assert page.cursor == "kept"
    assert _asked()[0]["cursor"] == "kept"


@responses.activate
def test_start_is_never_younger_than_a_minute() -> None:
    """Zendesk refuses a start in the last minute: the latest one asked for is 61 seconds old."""
    responses.get(TICKETS, json=_tickets(cursor=None, last=True))
    list(make_account().fetch_pages(Stream.TICKETS, None, NOW))
    assert _asked()[0]["start_time"] == str(EPOCH - 61)


@responses.activate
def test_same_cursor_twice_is_refused() -> None:
    """An export that comes back to an earlier cursor ends with an error, not in a circle."""
    responses.get(TICKETS, json=_tickets(1, cursor="a"))
    responses.get(TICKETS, json=_tickets(2, cursor="b"))
    responses.get(TICKETS, json=_tickets(1, cursor="a"))
    found = make_account().fetch_pages(Stream.TICKETS, None, START)
    assert [next(found).cursor, next(found).cursor] == ["a", "b"]
    with pytest.raises(Transient, match="cursor"):
        next(found)


@responses.activate
def test_same_cursor_at_the_end_of_the_stream_is_fine() -> None:
    """At the end the cursor may repeat: there is nothing after it."""
    responses.get(TICKETS, json=_tickets(cursor="a", last=True))
    (page,) = _pull(make_account(), Stream.TICKETS, "a")
    assert page.cursor == "a"


@pytest.mark.parametrize("broken", [{"status": 504}, {"status": 413}, {"body": requests.ReadTimeout("slow")}])
@responses.activate
def test_too_large_pages_are_halved_at_once(broken: dict[str, Any]) -> None:
    """A gateway timeout on an export asks for half the rows without waiting, and stays with that."""
    clock = StillClock()
    responses.get(TICKETS, **broken)
    responses.get(TICKETS, **broken)
    responses.get(TICKETS, json=_tickets(1, cursor="a"))
    responses.get(TICKETS, json=_tickets(2, cursor="b", last=True))
    assert len(_pull(make_account(clock), Stream.TICKETS)) == 2
    assert [query["per_page"] for query in _asked()] == ["1000", "500", "250", "250"]
    assert clock.naps == []


@responses.activate
def test_smallest_page_that_is_still_too_large_is_an_error() -> None:
    """Halving ends at fifty rows."""
    responses.get(TICKETS, status=504)
    with pytest.raises(Unavailable):
        _pull(make_account(), Stream.TICKETS)
    assert _asked()[-1]["per_page"] == "50"


@responses.activate
def test_large_answers_lead_to_smaller_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an answer larger than memory should hold, fewer rows are asked for."""
    monkeypatch.setattr(pages, "LARGEST_ANSWER_BYTES", 100)
    responses.get(TICKETS, json=_tickets(1, cursor="a"))
    responses.get(TICKETS, json=_tickets(2, cursor="b", last=True))
    _pull(make_account(), Stream.TICKETS)
    assert [query["per_page"] for query in _asked()] == ["1000", "500"]


def _refuse_scope(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
    if "support_type_scope" in (request.url or ""):
        return 400, {}, b'{"error": {"title": "Invalid attribute"}}'
    return 200, {}, orjson.dumps(_tickets(1, cursor="a", last=True))


@responses.activate
def test_refused_parameter_is_left_out_from_then_on(caplog: pytest.LogCaptureFixture) -> None:
    """An account that does not know a parameter is asked without it, is told once, and not again."""
    responses.add_callback(responses.GET, TICKETS, callback=_refuse_scope)
    account = make_account()
    _pull(account, Stream.TICKETS)
    _pull(account, Stream.TICKETS)
    assert ["support_type_scope" in query for query in _asked()] == [True, False, False]
    assert all("include" in query for query in _asked())
    assert [record.message for record in caplog.records] == ["pull.parameter_refused"]


@responses.activate
def test_refusal_that_no_parameter_explains_is_raised() -> None:
    """A 400 that stays whatever is left out is the account's answer."""
    responses.get(TICKETS, status=400, json={"error": "InvalidCursor"})
    with pytest.raises(Rejected, match="InvalidCursor"):
        _pull(make_account(), Stream.TICKETS, "broken")


@responses.activate
def test_time_export_goes_on_at_the_end_time() -> None:
    """Time pages are asked from the last row's second; the checkpoint is that second as text."""
    responses.get(
        EVENTS,
        json={"ticket_events": [_event(1, EPOCH - 900)], "end_time": EPOCH - 900, "end_of_stream": False},
    )
    responses.get(
        EVENTS,
        json={"ticket_events": [_event(2, EPOCH - 800)], "end_time": EPOCH - 800, "end_of_stream": True},
    )
    first, second = _pull(make_account(), Stream.EVENTS, str(EPOCH - 1000))
    assert (first.cursor, second.cursor) == (str(EPOCH - 900), str(EPOCH - 800))
    assert [query["start_time"] for query in _asked()] == [str(EPOCH - 1000), str(EPOCH - 900)]
    assert _asked()[0]["include"] == "comment_events"
    assert _asked()[0]["per_page"] == "500"


@responses.activate
def test_time_export_without_news_keeps_its_place() -> None:
    """An empty last page without an end time keeps the checkpoint."""
    responses.get(EVENTS, json={"ticket_events": [], "end_time": None, "end_of_stream": True})
    (page,) = _pull(make_account(), Stream.EVENTS, str(EPOCH - 500))
    assert page.cursor == str(EPOCH - 500)


def _one_crowded_second(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
    """An account in which a thousand and more events happened in the second EPOCH - 900."""
    query = parse_qs(urlsplit(request.url or "").query)
    start, size = int(query["start_time"][0]), int(query["per_page"][0])
    if start > EPOCH - 900:
        rows, end, last = [_event(5000, EPOCH - 100)], EPOCH - 100, True
    else:
        rows, end, last = [_event(n, EPOCH - 900) for n in range(1, size + 1)], EPOCH - 900, False
    body = {"ticket_events": rows, "end_time": end, "end_of_stream": last}
    return 200, {}, orjson.dumps(body)


@responses.activate
def test_a_thousand_events_in_one_second_do_not_loop(caplog: pytest.LogCaptureFixture) -> None:
    """A full page within one second is asked for larger, then stepped over by a second, loudly, and the second is told."""
    responses.add_callback(responses.GET, EVENTS, callback=_one_crowded_second)
    found = _pull(make_account(), Stream.EVENTS, str(EPOCH - 900))
    assert [len(page.rows["ticket_events"]) for page in found] == [1000, 1]
    assert [page.cursor for page in found] == [str(EPOCH - 899), str(EPOCH - 100)]
    assert [query["per_page"] for query in _asked()] == ["500", "1000", "1000"]
    assert [record.message for record in caplog.records] == ["pull.second_cut_short"]
    seconds = [page.rows.get(CROWDED_SECONDS) for page in found]
    assert seconds == [[{"second": datetime.fromtimestamp(EPOCH - 900, UTC)}], None]


def _groups(*idents: int) -> list[dict[str, Any]]:
    return [{"id": ident, "name": f"G{ident}", "updated_at": STAMP} for ident in idents]


@responses.activate
def test_list_is_one_whole_page() -> None:
    """All cursor pages of a list come as one page that says it is whole; a repeated row counts once."""
    more = {"has_more": True, "after_cursor": "x"}
    responses.get(f"{API}/groups.json", json={"groups": _groups(1, 2), "meta": more})
    responses.get(f"{API}/groups.json", json={"groups": _groups(2, 3), "meta": {"has_more": False}})
    (page,) = _pull(make_account(), Stream.GROUPS)
    assert [row["id"] for row in page.rows["groups"]] == [1, 2, 3]
    assert page.is_whole
    assert page.cursor is None
    assert [query.get("page[after]") for query in _asked()] == [None, "x"]


@responses.activate
def test_list_without_cursors_is_read_by_page_number() -> None:
    """Where only page numbers are offered, they are followed."""
    responses.get(f"{API}/brands.json", json={"brands": _groups(1), "next_page": f"{API}/brands.json?page=2"})
    responses.get(f"{API}/brands.json", json={"brands": _groups(2), "next_page": None})
    (page,) = _pull(make_account(), Stream.BRANDS)
    assert [row["id"] for row in page.rows["brands"]] == [1, 2]
    assert _asked()[1]["page"] == "2"


@responses.activate
def test_list_in_a_circle_is_refused() -> None:
    """A list that repeats a cursor ends with an error."""
    body = {"groups": _groups(1), "meta": {"has_more": True, "after_cursor": "x"}}
    responses.get(f"{API}/groups.json", json=body)
    with pytest.raises(Transient):
        _pull(make_account(), Stream.GROUPS)


@responses.activate
def test_tags_end_where_zendesk_ends_them() -> None:
    """At 20,000 tags, though the account should go on for ever."""

    def endless(request: Any) -> tuple[int, dict[str, str], str]:
        number = int(request.params.get("page[after]", 0)) + 1
        body = {
            "tags": [{"name": f"t{number}", "count": 1}],
            "meta": {"has_more": True, "after_cursor": str(number)},
        }
        return 200, {"Content-Type": "application/json"}, orjson.dumps(body).decode()

    responses.add_callback("GET", f"{API}/tags.json", endless)
    (page,) = _pull(make_account(), Stream.TAGS)
    assert len(page.rows["tags"]) == len(_asked()) == 200


@responses.activate
def test_empty_list_is_whole_and_empty() -> None:
    """An account without custom fields for users says so: nothing is left of that table."""
    responses.get(f"{API}/user_fields.json", json={"user_fields": [], "meta": {"has_more": False}})
    (page,) = _pull(make_account(), Stream.USER_FIELDS)
    assert page.is_whole
    assert page.rows == {"user_fields": []}


@responses.activate
def test_old_unsolved_tickets_are_searched_for() -> None:
    """Tickets that no export from the start would bring come by search, page by page, side rows and cursor apart."""
    search = f"{API}/search/export.json"
    more = {"has_more": True, "after_cursor": "x"}
    responses.get(search, json={"results": [ticket(1) | {"result_type": "ticket"}], "meta": more})
    responses.get(search, json={"results": [ticket(2)], "meta": {"has_more": False, "after_cursor": None}})
    found = list(make_account().fetch_unsolved(START))
    assert [row["id"] for page in found for row in page.rows["tickets"]] == [1, 2]
    assert [page.cursor for page in found] == [None, None]
    assert not any(page.is_whole for page in found)
    first, second = _asked()
    assert first["filter[type]"] == "ticket"
    assert first["query"] == "status<solved updated<2026-08-24T12:00:00Z"
    assert second == {**first, "page[after]": "x"}


def _shown(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
    idents = parse_qs(urlsplit(request.url or "").query)["ids"][0].split(",")
    return 200, {}, orjson.dumps({"tickets": [ticket(int(ident)) for ident in idents if ident != "7"]})


@responses.activate
def test_tickets_are_asked_for_in_hundreds() -> None:
    """250 tickets take three requests; one that is gone is left out."""
    responses.add_callback(responses.GET, f"{API}/tickets/show_many.json", callback=_shown)
    page = make_account().fetch_tickets([TicketId(ident) for ident in range(1, 251)])
    assert len(responses.calls) == 3
    assert len(page.rows["tickets"]) == 249
    assert not page.is_whole


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING):
        yield
