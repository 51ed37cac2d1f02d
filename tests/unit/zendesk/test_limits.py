"""The limiter keeps to our share of what the account tells, whichever way it spells it."""

from __future__ import annotations

import pytest

from tests.unit.zendesk.support import StillClock
from zdsync.zendesk.limits import ACCOUNT, EXPORTS, Limiter, Reading, read_limits, retry_after_s

EXPORT = "/api/v2/incremental/tickets/cursor.json"
LIST = "/api/v2/groups.json"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "698", "ratelimit-reset": "12"},
        {"ratelimit-limit": "700", "ratelimit-remaining": "698", "ratelimit-reset": "12"},
        {"Rate-Limit": "700", "Rate-Limit-Remaining": "698", "Rate-Limit-Reset": "12"},
    ],
)
def test_account_limit_is_read_in_every_spelling(headers: dict[str, str]) -> None:
    """The account's limit is understood in the spellings of 2023 and 2025."""
    assert read_limits(headers) == {ACCOUNT: Reading(700, 698, 12.0)}


@pytest.mark.parametrize("prefix", ["zendesk-ratelimit-", "Zendesk-Rate-Limit-"])
def test_buckets_are_read_in_both_spellings(prefix: str) -> None:
    """A named bucket is understood in both spellings, whatever its name."""
    found = read_limits({f"{prefix}incremental-exports": "total=10; remaining=9; resets=17"})
    assert found == {EXPORTS: Reading(10, 9, 17.0)}


def test_unreadable_headers_are_no_limits() -> None:
    """Nonsense in a header is ignored."""
    assert read_limits({"x-rate-limit": "many", "zendesk-ratelimit-x": "soon"}) == {}
    assert retry_after_s({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}) is None


def test_share_is_never_exceeded_inside_a_minute() -> None:
    """With a share of 0.6 of ten exports a minute, no minute sees a seventh."""
    clock, sent = StillClock(), []
    limiter = Limiter(clock, 0.6)
    for _ in range(30):
        limiter.wait("GET", EXPORT)
        sent.append(clock.now().timestamp())
    assert all(later - earlier >= 60 for earlier, later in zip(sent, sent[6:], strict=False))
    assert clock.now().timestamp() - sent[0] <= 5 * 60


def test_told_limit_replaces_the_assumed_one() -> None:
    """High Volume accounts say 30 exports a minute, and get them."""
    clock = StillClock()
    limiter = Limiter(clock, 1.0)
    headers = {
        "x-rate-limit": "2500",
        "zendesk-ratelimit-incremental-exports": "total=30; remaining=29; resets=50",
    }
    limiter.observe("GET", EXPORT, 200, headers)
    for _ in range(30):
        limiter.wait("GET", EXPORT)
    assert clock.naps == []
    limiter.wait("GET", EXPORT)
    assert clock.naps == [60.0]


def test_exports_share_one_bucket_and_lists_do_not() -> None:
    """An exhausted export limit holds up other exports, not lists."""
    clock = StillClock()
    limiter = Limiter(clock, 1.0)
    for _ in range(10):
        limiter.wait("GET", EXPORT)
    limiter.wait("GET", LIST)
    assert clock.naps == []
    limiter.wait("GET", "/api/v2/incremental/ticket_events.json")
    assert clock.naps == [60.0]


def test_retry_after_is_kept_to_the_second() -> None:
    """After a 429 nothing goes into that bucket until Retry-After has passed."""
    clock = StillClock()
    limiter = Limiter(clock, 1.0)
    limiter.observe("GET", EXPORT, 429, {"Retry-After": "37", "x-rate-limit": "700"})
    limiter.wait("GET", LIST)
    assert clock.naps == []
    limiter.wait("GET", EXPORT)
    assert clock.naps == [37.0]


def test_empty_bucket_is_waited_for() -> None:
    """When others have used a limit up, we wait for its reset instead of running into a 429."""
    clock = StillClock()
    limiter = Limiter(clock, 1.0)
    headers = {"x-rate-limit": "700", "x-rate-limit-remaining": "0", "ratelimit-reset": "8"}
    limiter.observe("GET", LIST, 200, headers)
    limiter.wait("GET", EXPORT)
    assert clock.naps == [8.0]


def test_learned_bucket_paces_requests_of_its_kind() -> None:
    """A bucket never heard of before paces the requests whose answers named it, whatever their ids."""
    clock = StillClock()
    limiter = Limiter(clock, 1.0)
    told = {"x-rate-limit": "700", "zendesk-ratelimit-odd-things": "total=2; remaining=1; resets=60"}
    limiter.observe("GET", "/api/v2/odd/1.json", 200, told)
    for ident in (2, 3, 4):
        limiter.wait("GET", f"/api/v2/odd/{ident}.json")
    assert clock.naps == [60.0]


def test_server_without_limits_is_not_paced() -> None:
    """A successful answer that names no limit comes from a server that has none."""
    clock = StillClock()
    limiter = Limiter(clock, 0.1)
    limiter.observe("GET", EXPORT, 200, {})
    for _ in range(100):
        limiter.wait("GET", EXPORT)
    assert clock.naps == []
