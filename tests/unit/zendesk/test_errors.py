"""Every answer becomes the error that tells the operator's next move; repeating is decided by meaning."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import responses
from responses import matchers

from tests.unit.zendesk.support import API, SITE, StillClock, make_account, ticket, update
from zdsync.errors import (
    Conflict,
    Denied,
    RateLimited,
    Rejected,
    Unavailable,
    Unreachable,
    ZdsyncError,
)
from zdsync.model import TicketId, UserId
from zdsync.ports.account import Identity
from zdsync.zendesk import retry

ME = f"{API}/users/me.json"
SHOW = f"{API}/tickets/show_many.json"
BATCH = f"{API}/tickets/update_many.json"
FOUND = {"tickets": [ticket()]}


@responses.activate
def test_identity_is_the_acting_user() -> None:
    """The identity names the account's address, the user and the role."""
    responses.get(ME, json={"user": {"id": 5, "role": "admin", "name": "Ann"}})
    assert make_account().fetch_identity() == Identity(SITE, UserId(5), "admin")


@responses.activate
def test_anonymous_answer_is_denied() -> None:
    """A 200 for "Anonymous user" does not pass as signed in."""
    responses.get(ME, json={"user": {"id": None, "name": "Anonymous user", "role": "end-user"}})
    with pytest.raises(Denied, match="anonymous") as caught:
        make_account().fetch_identity()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("status", "body", "expected", "word"),
    [
        (
            400,
            {"errors": [{"code": "InvalidPaginationDepth", "title": "t"}]},
            Rejected,
            "InvalidPaginationDepth",
        ),
        (400, {"error": "TooManyValues", "description": "…", "max_count": 100}, Rejected, "TooManyValues"),
        (400, {"error": {"title": "Invalid attribute", "message": "…"}}, Rejected, "Invalid"),
        (401, {"error": "Couldn't authenticate you"}, Denied, ""),
        (403, {"error": {"title": "Forbidden", "message": "…"}}, Denied, "Forbidden"),
        (
            422,
            {"error": "RecordInvalid", "details": {"base": [{"error": "BlankValue"}]}},
            Rejected,
            "base BlankValue",
        ),
    ],
)
@responses.activate
def test_refusals_are_told_apart(
    status: int, body: dict[str, Any], expected: type[ZdsyncError], word: str
) -> None:
    """A refusal keeps Zendesk's code word and the request's id, and is not repeated."""
    responses.get(SHOW, status=status, json=body, headers={"x-request-id": "abc-1"})
    with pytest.raises(expected) as caught:
        make_account().fetch_tickets([TicketId(1)])
    assert word in caught.value.message
    assert "abc-1" in caught.value.message
    assert len(responses.calls) == 1


@responses.activate
def test_collision_of_a_write_is_a_conflict() -> None:
    """A 409 to a write says that somebody was quicker; it is not repeated."""
    responses.put(BATCH, status=409, json={"error": "UpdateConflict"})
    with pytest.raises(Conflict, match="UpdateConflict"):
        make_account().submit_updates([update()])
    assert len(responses.calls) == 1


@pytest.mark.parametrize("status", [408, 409])
@responses.activate
def test_collision_of_a_read_passes(status: int) -> None:
    """Nothing can collide with a read: the answer is asked for again."""
    responses.get(SHOW, status=status, json={"error": "Conflict"})
    responses.get(SHOW, json=FOUND)
    assert len(make_account().fetch_tickets([TicketId(1)]).rows["tickets"]) == 1


@responses.activate
def test_missing_tickets_are_left_out() -> None:
    """A 404 for tickets that are gone leaves an empty page."""
    responses.get(SHOW, status=404, json={"error": "RecordNotFound", "description": "Not found"})
    assert make_account().fetch_tickets([TicketId(1)]).rows == {"tickets": []}


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "body": "<html>", "content_type": "text/html"},
        {"status": 301, "headers": {"Location": "https://www.zendesk.com/"}},
        {"status": 404, "json": {"error": {"title": "No help desk at acme.zendesk.com", "message": "…"}}},
    ],
)
@responses.activate
def test_unknown_subdomain_is_denied_with_a_remedy(answer: dict[str, Any]) -> None:
    """A page for people, or a redirect, where an account should be points at the subdomain; it is not followed."""
    responses.get(ME, **answer)
    with pytest.raises(Denied) as caught:
        make_account().fetch_identity()
    assert "ZENDESK_SUBDOMAIN" in caught.value.hint


@responses.activate
def test_bodies_never_reach_messages() -> None:
    """Sentences of an error body may quote a ticket: they are not repeated in ours."""
    body = {
        "error": "RecordInvalid",
        "description": "Ann Example cannot",
        "details": {"base": [{"description": "Ann"}]},
    }
    responses.get(SHOW, status=422, json=body)
    with pytest.raises(Rejected) as caught:
        make_account().fetch_tickets([TicketId(1)])
    assert "Ann" not in str(caught.value)


@responses.activate
def test_retry_after_is_waited_out() -> None:
    """A limited read goes again after exactly the seconds Zendesk named."""
    clock = StillClock()
    responses.get(SHOW, status=429, body="slow down", headers={"Retry-After": "23"})
    responses.get(SHOW, json=FOUND)
    assert len(make_account(clock).fetch_tickets([TicketId(1)]).rows["tickets"]) == 1
    assert clock.naps == [23.0]


@responses.activate
def test_limit_without_retry_after_is_waited_out_too() -> None:
    """A 429 that names no time is repeated at growing intervals."""
    clock = StillClock()
    responses.get(SHOW, status=429, body="")
    responses.get(SHOW, status=429, body="")
    responses.get(SHOW, json=FOUND)
    make_account(clock).fetch_tickets([TicketId(1)])
    assert 1 <= clock.naps[0] <= 2
    assert 2 <= clock.naps[1] <= 3


@responses.activate
def test_limit_beyond_patience_is_raised() -> None:
    """A wait longer than five minutes ends the read; the error says how long it would be."""
    clock = StillClock()
    responses.get(SHOW, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(RateLimited) as caught:
        make_account(clock).fetch_tickets([TicketId(1)])
    assert caught.value.retry_after_s == 3600
    assert clock.naps == []


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 524])
@responses.activate
def test_server_errors_of_reads_are_repeated_within_bounds(status: int) -> None:
    """A read is repeated after any 5xx, six times at most."""
    clock = StillClock()
    responses.get(SHOW, status=status, body="<html>maintenance</html>", content_type="text/html")
    with pytest.raises(Unavailable) as caught:
        make_account(clock).fetch_tickets([TicketId(1)])
    assert caught.value.status == status
    assert len(responses.calls) == 6
    assert sum(clock.naps) < 300


@pytest.mark.parametrize(
    "broken",
    [
        requests.ConnectionError("reset"),
        requests.ReadTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("cut"),
    ],
)
@responses.activate
def test_broken_reads_are_repeated(broken: requests.RequestException) -> None:
    """A read whose answer was lost or cut is asked again."""
    responses.get(SHOW, body=broken)
    responses.get(SHOW, body='{"tickets": [')
    responses.get(SHOW, json=FOUND)
    assert len(make_account().fetch_tickets([TicketId(1)]).rows["tickets"]) == 1


@responses.activate
def test_maintenance_page_with_200_is_unavailable() -> None:
    """HTML in place of JSON is trouble on the way, even with a 200."""
    responses.get(ME, body="<html>back soon</html>", content_type="text/html")
    with pytest.raises(Unavailable):
        make_account().fetch_identity()


@pytest.mark.parametrize("broken", [requests.ConnectionError("reset"), requests.ReadTimeout("slow")])
@responses.activate
def test_lost_reply_of_a_write_is_not_repeated(broken: requests.RequestException) -> None:
    """A batch whose reply was lost may have been taken: it is sent once."""
    responses.put(BATCH, body=broken)
    with pytest.raises(Unreachable):
        make_account().submit_updates([update()])
    assert len(responses.calls) == 1


@pytest.mark.parametrize("status", [500, 502, 504])
@responses.activate
def test_server_error_of_a_write_leaves_it_unknown(status: int) -> None:
    """A 5xx other than 503 may come after the work was done: unknown, not repeated."""
    responses.put(BATCH, status=status, body="upstream")
    with pytest.raises(Unreachable):
        make_account().submit_updates([update()])
    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 429, "json": {"error": "TooManyJobs", "current_job_ids": ["a"]}},
        {"status": 429, "headers": {"Retry-After": "5"}},
        {"status": 503, "json": {"error": "unavailable"}},
    ],
)
@responses.activate
def test_refused_write_is_repeated(answer: dict[str, Any]) -> None:
    """A write of which nothing was done (429, 503) goes again."""
    responses.put(BATCH, **answer)
    responses.put(BATCH, json={"job_status": {"id": "V3-1", "status": "queued"}})
    assert make_account().submit_updates([update()]) == "V3-1"


@responses.activate
def test_batch_without_a_job_is_unknown() -> None:
    """An answer to a batch that names no job leaves the batch unknown."""
    responses.put(BATCH, json={"odd": True})
    with pytest.raises(Unreachable):
        make_account().submit_updates([update()])


@responses.activate
def test_foreign_base_url_gets_the_requests() -> None:
    """With a base URL that is no Zendesk host, zenpy's and our requests go there, and nowhere else."""
    base = "http://127.0.0.1:8099"
    responses.get(f"{base}/api/v2/users/me.json", json={"user": {"id": 5, "role": "admin"}})
    responses.post(
        f"{base}/api/v2/groups.json",
        status=201,
        json={"group": {"id": 9, "name": "Tier 1", "deleted": False, "is_public": True}},
        match=[matchers.json_params_matcher({"group": {"name": "Tier 1", "description": "ours"}})],
    )
    account = make_account(base_url=f"{base}/")
    assert account.fetch_identity().account == base
    assert account.create_group("Tier 1", "ours").id == 9
    assert all((call.request.url or "").startswith(base) for call in responses.calls)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("https://no-such-account.invalid", "there is no host no-such-account.invalid"),
        ("http://127.0.0.1:1", "nothing answers at http://127.0.0.1:1"),
    ],
)
def test_what_was_never_reached_is_told_as_such(address: str, message: str) -> None:
    """A name that nobody knows and a closed port each have their own sentence, and the same way out."""
    request = requests.Request("GET", f"{address}/api/v2/users/me.json").prepare()
    with pytest.raises(requests.ConnectionError) as caught:
        requests.Session().send(request, timeout=5)
    error = retry.unreachable(caught.value, request, address)
    assert error.message.startswith(message)
    assert "ZENDESK_SUBDOMAIN" in error.hint
