"""Faults strike in process exactly as they do over a socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.sandbox.conftest import HOST, Api
from zdsync.sandbox.server import Server, serve


@pytest.fixture(params=["in_process", "socket"])
def base(request: pytest.FixtureRequest, api: Api) -> Iterator[str]:
    """The address to call: the same sandbox, with and without a port."""
    if request.param == "in_process":
        yield f"{HOST}/api/v2"
        return
    server: Server = serve(api.sandbox)
    try:
        yield f"{server.url}/api/v2"
    finally:
        api.session.close()
        server.close()


def test_reset_before(api: Api, base: str) -> None:
    """The request never arrives."""
    ticket = api.new_ticket()
    api.sandbox.control.fault("reset_before", "PUT /api/v2/tickets")
    with pytest.raises(requests.exceptions.ConnectionError):
        api.put(f"{base}/tickets/{ticket.id}", {"ticket": {"priority": "low"}})
    assert ticket.priority is None
    assert api.put(f"{base}/tickets/{ticket.id}", {"ticket": {"priority": "low"}}).status_code == 200


def test_reset_after(api: Api, base: str) -> None:
    """The server acted, the reply is lost."""
    ticket = api.new_ticket()
    api.sandbox.control.fault("reset_after", "PUT")
    with pytest.raises(requests.exceptions.ConnectionError):
        api.put(f"{base}/tickets/{ticket.id}", {"ticket": {"priority": "low"}})
    assert ticket.priority == "low"


def test_cut_body(api: Api, base: str) -> None:
    """The reply breaks off in the middle."""
    api.sandbox.control.fault("cut_body", "incremental/tickets")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.call("GET", f"{base}/incremental/tickets/cursor?start_time=0")
    assert api.call("GET", f"{base}/incremental/tickets/cursor?start_time=0").status_code == 200


@pytest.mark.parametrize("kind", ["500", "502", "503", "504", "520", "409", "429"])
def test_statuses(api: Api, base: str, kind: str) -> None:
    """Error answers with or without Retry-After, as often as asked and after as many as asked."""
    api.sandbox.control.fault(kind, count=2, skip=1, retry_after=7)
    answers = [api.call("GET", f"{base}/groups") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, int(kind), int(kind), 200]
    if kind != "409":
        assert answers[1].headers["Retry-After"] == "7"
    api.sandbox.control.fault("429")
    assert "Retry-After" not in api.call("GET", f"{base}/groups").headers


def test_slow(api: Api) -> None:
    """Slower than the timeout is a timeout; the server acted all the same."""
    ticket = api.new_ticket()
    api.sandbox.control.fault("slow", seconds=90)
    with pytest.raises(requests.exceptions.ReadTimeout):
        api.put(f"tickets/{ticket.id}", {"ticket": {"priority": "low"}})
    assert ticket.priority == "low"


def test_unknown_kind(api: Api) -> None:
    """A misspelt fault is refused at once."""
    with pytest.raises(ValueError, match="unknown fault"):
        api.sandbox.control.fault("explode")
