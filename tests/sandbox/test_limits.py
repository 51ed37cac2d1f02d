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


def test_deep_pages_have_a_limit_of_their_own(api: Api) -> None:
    """Beyond page 500 of tickets, and beyond page 100 of deleted ones."""
    for path, name, total in (
        ("tickets?per_page=1&page=501", "tickets-index-deep-pagination", 50),
        ("deleted_tickets?per_page=1&page=101", "deleted-tickets-index-deep-pagination", 5),
    ):
        headers = api.call("GET", path).headers
        assert headers[f"zendesk-ratelimit-{name}"].startswith(f"total={total}; remaining={total - 1};")
    for _ in range(4):
        assert api.call("GET", "deleted_tickets?per_page=1&page=101").status_code == 200
    assert api.call("GET", "deleted_tickets?per_page=1&page=101").status_code == 429
    assert api.call("GET", "deleted_tickets?per_page=1&page=100").status_code == 200


def test_views_are_counted_by_agent(api: Api) -> None:
    """Five a minute for each view and agent, executions and counts apart."""
    one, two = list(api.sandbox.world.tables["views"])[:2]
    codes = [api.call("GET", f"views/{one}/execute").status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    assert api.call("GET", f"views/{one}/count").status_code == 200
    assert api.call("GET", f"views/{two}/execute").status_code == 200
    agent = connect(api.sandbox, "agent@example.com")
    assert agent.call("GET", f"views/{one}/execute").status_code == 200


def test_tickets_are_counted_by_user(api: Api) -> None:
    """Thirty updates of one ticket by one user leave thirty to another."""
    ticket = api.new_ticket()
    for number in range(30):
        api.put(f"tickets/{ticket.id}", {"ticket": {"subject": str(number)}})
    body = {"ticket": {"subject": "x"}}
    assert api.put(f"tickets/{ticket.id}", body).status_code == 429
    assert connect(api.sandbox, "agent@example.com").put(f"tickets/{ticket.id}", body).status_code == 200


def test_trial_and_high_volume() -> None:
    """A trial account updates twenty tickets a minute, one with High Volume three hundred."""
    for limits, updates in ((Limits.trial(), 20), (Limits.high_volume(), 300)):
        api = connect(make_sandbox(5, now=NOW, rate_limits=limits))
        headers = api.put(f"tickets/{api.new_ticket().id}", {"ticket": {"priority": "low"}}).headers
        assert headers["zendesk-ratelimit-tickets-update"].startswith(f"total={updates}; ")


def test_jobs_tell_how_many_may_be_open(api: Api) -> None:
    """The limit of open jobs stands on every answer that queues one, the refusal too."""
    ticket = api.new_ticket()
    body = {"tickets": [{"id": ticket.id, "priority": "low"}]}
    headers = api.put("tickets/update_many", body).headers
    assert headers["zendesk-ratelimit-inflight-jobs"] == "total=30; remaining=29; resets=60"
    for _ in range(29):
        assert api.put("tickets/update_many", body).status_code == 200
    refused = api.put("tickets/update_many", body)
    assert (refused.status_code, refused.json()["error"]) == (429, "TooManyJobs")
    assert refused.headers["zendesk-ratelimit-inflight-jobs"].startswith("total=30; remaining=0")


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
