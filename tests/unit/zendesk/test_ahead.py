"""The next page asked for ahead: used when it went well, as if never begun when it did not."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from tests.unit.zendesk.support import API, EPOCH, NOW, SITE, StillClock, make_account, ticket
from zdsync.errors import Unavailable
from zdsync.streams import Page, Stream
from zdsync.zendesk.ahead import Ahead, Params
from zdsync.zendesk.client import Client
from zdsync.zendesk.credentials import OAuthToken

EXPORT = f"{API}/incremental/tickets/cursor.json"


def send(url: str, params: Params) -> requests.Response:
    """An answer that tells what it answers; a failure for `bad`."""
    if url == "bad":
        raise Unavailable("down for maintenance", status=503)
    response = requests.Response()
    response.url = f"{url} {params}"
    return response


def test_the_answer_waits_for_exactly_its_request() -> None:
    """What was begun is given once, and only to the same address with the same parameters."""
    ahead = Ahead(send)
    ahead.begin("a", {"cursor": "x"})
    taken = ahead.take("a", {"cursor": "x"})
    assert taken is not None
    assert taken.url == "a {'cursor': 'x'}"
    assert ahead.take("a", {"cursor": "x"}) is None
    ahead.begin("a", {"cursor": "x"})
    assert ahead.take("a", {"cursor": "y"}) is None
    assert ahead.take("a", {"cursor": "x"}) is None


def test_a_failure_leaves_no_trace() -> None:
    """A request that fails ahead of time is simply not there, and the next one may be begun."""
    ahead = Ahead(send)
    ahead.begin("bad", {})
    assert ahead.take("bad", {}) is None
    ahead.begin("bad", {})
    ahead.begin("good", {})
    assert ahead.take("good", {}) is not None


def page(ident: int, cursor: str, *, is_last: bool = False) -> dict[str, Any]:
    return {"tickets": [ticket(ident)], "after_cursor": cursor, "end_of_stream": is_last}


def pulled(clock: StillClock) -> list[Page]:
    return list(make_account(clock).fetch_pages(Stream.TICKETS, None, NOW))


@responses.activate
def test_each_page_is_asked_for_once() -> None:
    """Asking ahead costs no request: three pages, three requests, in their order."""
    for number, cursor in enumerate(("a", "b", "c"), 1):
        responses.get(EXPORT, json=page(number, cursor, is_last=cursor == "c"))
    assert [one.cursor for one in pulled(StillClock())] == ["a", "b", "c"]
    asked = [parse_qs(urlsplit(str(call.request.url)).query).get("cursor") for call in responses.calls]
    assert asked == [None, ["a"], ["b"]]


@responses.activate
def test_what_fails_ahead_is_asked_for_in_the_ordinary_manner() -> None:
    """A refusal meanwhile is waited for and repeated as always; the pages are all there."""
    clock = StillClock()
    responses.get(EXPORT, json=page(1, "a"))
    responses.get(EXPORT, status=429, headers={"Retry-After": "7"})
    responses.get(EXPORT, json=page(2, "b", is_last=True))
    assert [one.cursor for one in pulled(clock)] == ["a", "b"]
    assert sum(clock.naps) == pytest.approx(7)


@responses.activate
def test_nothing_is_begun_that_would_have_to_wait() -> None:
    """With the exports' limit used up no thread sleeps: the page is asked for when it is wanted."""
    told = {"zendesk-ratelimit-incremental-exports": "total=1; remaining=0; resets=40"}
    responses.get(EXPORT, json=page(1, "a"), headers=told)
    responses.get(EXPORT, json=page(2, "b", is_last=True))
    clock = StillClock()
    pages = make_account(clock).fetch_pages(Stream.TICKETS, None, NOW)
    next(pages)
    assert (len(responses.calls), clock.naps) == (1, [])
    assert [one.cursor for one in pages] == ["b"]
    assert clock.naps


@responses.activate
def test_another_request_waits_for_the_one_under_way() -> None:
    """Whatever is asked next has the connection to itself; the answer nobody wanted is dropped."""
    client = Client(SITE, OAuthToken("made-up"), rate_share=1.0, clock=StillClock())
    responses.get(EXPORT, json=page(1, "a"))
    responses.get(f"{API}/groups.json", json={"groups": []})
    client.expect("incremental/tickets/cursor.json", {"start_time": EPOCH})
    assert client.get("groups.json").body == {"groups": []}
    paths = [urlsplit(str(call.request.url)).path for call in responses.calls]
    assert paths == [urlsplit(EXPORT).path, "/api/v2/groups.json"]
