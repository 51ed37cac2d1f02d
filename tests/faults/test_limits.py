"""The account's limits are kept at every moment, and memory does not grow with the work."""

from __future__ import annotations

import os
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.build import moment
from tests.fakes.clock import FakeClock
from tests.faults.changes import applied, label, labels, new_tickets, plan_of
from tests.house import URL, House
from zdsync.account import Account
from zdsync.detect import TextFilter
from zdsync.model import RunId, TicketId
from zdsync.plan.model import Plan, TicketChange
from zdsync.ports.account import ItemOutcome, ItemResult
from zdsync.ports.journal import Outcome
from zdsync.runs.apply import MOST_UPDATES, Applier
from zdsync.sandbox.auth import CLIENT_ID, CLIENT_SECRET
from zdsync.sandbox.limits import Limits
from zdsync.sandbox.transport import WsgiAdapter
from zdsync.streams import Page, Stream
from zdsync.zendesk.account import ZendeskAccount, connect
from zdsync.zendesk.credentials import OAuthClient

CHANGES = 10_000 if os.environ.get("ZDSYNC_TEST_AT_SIZE") else 2_000


class LimitedHouse(House):
    """An account with every limit of a middling plan, of which we may use six tenths."""

    def account(self) -> ZendeskAccount:
        self.sandbox.meter.limits = Limits(per_minute=200)
        self.sandbox.jobs.limit = 30
        return connect(
            URL,
            OAuthClient(CLIENT_ID, CLIENT_SECRET),
            rate_share=0.6,
            clock=self.clock,
            text_filter=TextFilter("masked"),
            transport=WsgiAdapter(self.sandbox),
        )


@pytest.mark.slow
@pytest.mark.parametrize("job_s", [1.0, 45.0])
def test_thousands_of_changes_cause_no_429(tmp_path: Path, job_s: float) -> None:
    """With limits on, quick jobs and slow ones: not one request is refused, and every change is made."""
    house = LimitedHouse(f"sqlite:///{tmp_path}/mirror.db")
    house.sandbox.jobs.end_s = job_s
    house.sandbox.jobs.polls = 10**9
    plan = labels(house, new_tickets(house, CHANGES))
    house.sandbox.request_log.clear()
    done = applied(house.place(), plan)
    assert done.outcomes == Counter({Outcome.APPLIED: CHANGES})
    asked = house.sandbox.request_log
    assert asked.by_status[429] == 0
    assert asked.by_endpoint["PUT /tickets/update_many"] == CHANGES // 100
    assert asked.by_endpoint["GET /tickets/show_many"] == CHANGES // 100
    house.close()


def test_a_ticket_is_updated_fifteen_times_in_ten_minutes_at_most(tmp_path: Path) -> None:
    """Half of what Zendesk takes, whatever runs ask for; the next update waits until ten minutes are over."""
    house = LimitedHouse(f"sqlite:///{tmp_path}/mirror.db", tickets=3)
    busy, other = new_tickets(house, 2)

    def update(number: int) -> Counter[Outcome]:
        changes = [label(house, id, add_tags=(f"n{number}",), tags=(f"n{number}",)) for id in (busy, other)]
        plan = plan_of(house, changes[:1] if number < MOST_UPDATES else changes)
        done = applied(house.place(), plan, f"run-{number}")
        house.close()
        house.advance(20)
        return done.outcomes

    for number in range(MOST_UPDATES):
        assert update(number) == Counter({Outcome.APPLIED: 1})
    assert update(MOST_UPDATES) == Counter({Outcome.SKIPPED: 1, Outcome.APPLIED: 1})
    assert len(house.our_audits(busy)) == MOST_UPDATES
    house.advance(600)
    assert update(MOST_UPDATES + 1) == Counter({Outcome.APPLIED: 2})


class _Nothing:
    """A port that takes everything and remembers nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_args, **_given: None


class _Account:
    """An account where every job ends well at the second look."""

    def __init__(self) -> None:
        self.jobs = 0
        self.seen: set[str] = set()

    def submit_updates(self, updates: Sequence[Any]) -> str:
        self.jobs += 1
        return f"job-{self.jobs}"

    def fetch_results(self, jobs: Mapping[str, Sequence[Any]]) -> dict[str, tuple[ItemResult, ...]]:
        ended = {job: jobs[job] for job in jobs if job in self.seen}
        self.seen = set(jobs) - set(ended)
        return {
            job: tuple(ItemResult(update.ticket_id, ItemOutcome.APPLIED) for update in updates)
            for job, updates in ended.items()
        }

    def fetch_tickets(self, ids: Sequence[TicketId]) -> Page:
        return Page(Stream.TICKETS, {"tickets": []}, moment())


class _Stream(Sequence[TicketChange]):
    """A plan's changes, made only when they are asked for."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: Any) -> Any:
        raise AssertionError("changes are read one after another")

    def __iter__(self) -> Iterator[TicketChange]:
        first = TicketChange(TicketId(0), moment(), "labelled", "seen", "A label", None, add_tags=("seen",))
        return (replace(first, ticket_id=TicketId(id)) for id in range(1, self.size + 1))


def _peak_bytes(count: int) -> int:
    account, nothing = _Account(), cast("Any", _Nothing())
    mirror = cast("Any", _Nothing())
    mirror.read_account = Account
    nothing.read_busy = lambda *_: frozenset()
    plan = Plan(URL, moment(), moment(), "digest", count, (), cast("Any", _Stream(count)))
    applier = Applier(cast("Any", account), cast("Any", account), mirror, nothing, FakeClock(), RunId("run"))
    tracemalloc.start()
    try:
        assert applier.apply(plan).outcomes[Outcome.APPLIED] == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_changes() -> None:
    """Ten times the changes, the same memory: only what is in flight is held."""
    small = _peak_bytes(1_000)
    assert _peak_bytes(10_000) < 1.5 * small
