"""Limits bite where Zendesk's do, and say so in its headers."""

from __future__ import annotations

from tests.sandbox.conftest import NOW, Api, connect
from zdsync.sandbox.app import make_sandbox
from zdsync.sandbox.limits import Limits


def test_exports_share_ten_a_minute(api: Api) -> None:
    """The eleventh export of any kind is refused, with the seconds to wait."""
    for number in range(10):
        path = ("tickets/cursor", "ticket_events", "users", "organizations")[number % 4]
        answer = api.call("GET", f"incremental/{path}?start_time=0")
        assert answer.status_code == 200
    assert answer.headers["zendesk-ratelimit-incremental-exports"].startswith(
        "total=10; remaining=0; resets="
    )
    api.sandbox.control.advance(20)
    refused = api.call("GET", "incremental/tickets?start_time=0")
    assert refused.status_code == 429
    wait = int(refused.headers["Retry-After"])
    assert 39 <= wait <= 41
    api.sandbox.control.advance(wait)
    assert api.call("GET", "incremental/tickets?start_time=0").status_code == 200


def test_account_limit_and_headers() -> None:
    """Every answer counts down; the old spelling can be chosen."""
    sandbox = make_sandbox(5, now=NOW, rate_limits=Limits(per_minute=3, spelling="2023"))
    api = connect(sandbox)
    left = [api.call("GET", "groups").headers["x-rate-limit-remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = api.call("GET", "groups")
    assert refused.status_code == 429
    assert refused.headers["rate-limit"] == "3"
    assert refused.headers["rate-limit-remaining"] == "0"
    assert int(refused.headers["rate-limit-reset"]) <= 60


def test_one_ticket_takes_thirty_updates_in_ten_minutes(api: Api) -> None:
    """The per-ticket window is its own; other tickets go on."""
    one, two = api.new_ticket(), api.new_ticket()
    for number in range(30):
        assert api.put(f"tickets/{one.id}", {"ticket": {"subject": str(number)}}).status_code == 200
    refused = api.put(f"tickets/{one.id}", {"ticket": {"subject": "x"}})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 500
    assert api.put(f"tickets/{two.id}", {"ticket": {"subject": "x"}}).status_code == 200


def test_no_limits() -> None:
    """Without limits there are neither headers nor refusals."""
    api = connect(make_sandbox(5, now=NOW, rate_limits=False))
    answers = [api.call("GET", "incremental/tickets?start_time=0") for _ in range(15)]
    assert {answer.status_code for answer in answers} == {200}
    assert not [name for name in answers[-1].headers if "rate" in name.lower()]


def test_requests_are_counted(api: Api) -> None:
    """Counters by endpoint, bucket and status."""
    api.get("groups")
    api.get("incremental/tickets?start_time=0")
    api.call("GET", "tickets/99999")
    seen = api.sandbox.control.requests()
    assert seen["total"] == 3
    assert seen["by_endpoint"]["GET /groups"] == 1
    assert seen["by_bucket"]["incremental-exports"] == 1
    assert seen["by_status"] == {"200": 2, "404": 1}
    api.sandbox.control.reset_requests()
    assert api.sandbox.request_log.total == 0
