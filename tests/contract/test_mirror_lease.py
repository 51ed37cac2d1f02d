"""The lease when it is lost: nothing more is written without it, another process takes over, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.fakes.clock import FakeClock
from tests.faults.changes import LABEL, applied, labels, new_tickets
from tests.house import House
from zdsync.errors import LeaseLost, LeaseTaken
from zdsync.mirror.engine import Database
from zdsync.mirror.lease import NOTICED_SOON
from zdsync.mirror.store import MirrorStore, open_mirror
from zdsync.ports.journal import Outcome
from zdsync.runs.cycle import run_cycle
from zdsync.runs.turn import POLL_S, Turn

CLOCK = FakeClock()


@pytest.fixture
def other(mirror: MirrorStore, database_url: str) -> Iterator[MirrorStore]:
    """The same mirror as another process has it."""
    assert mirror.read_account_name() is None
    with open_mirror(database_url, clock=CLOCK) as opened:
        yield opened


def lose(url: str) -> None:
    """What an operator or a restart does to a lease: the file is deleted, or the server ends its connection."""
    if url.startswith("sqlite"):
        Path(f"{url.removeprefix('sqlite:///')}.lock").unlink()
        return
    database = Database(url)
    with database.writing() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name LIKE 'zdsync process %'"
            )
        )
    database.close()


def test_without_its_lease_a_process_writes_nothing(mirror: MirrorStore, database_url: str) -> None:
    """Every write is refused from then on; reading goes on, and once taken again the lease is as good as new."""
    with mirror.lease():
        lose(database_url)
        with pytest.raises(LeaseLost, match="nothing more was written"):
            mirror.bind("https://acme.zendesk.com")
    assert mirror.read_account_name() is None
    lease = mirror.lease()
    assert not lease.is_held()
    lease.__enter__()
    lose(database_url)
    assert not lease.is_held()
    lease.__enter__()
    assert lease.is_held()
    mirror.bind("https://acme.zendesk.com")
    lease.__exit__()
    assert not lease.is_held()
    assert mirror.read_account_name() == "https://acme.zendesk.com"


def test_another_process_takes_over(mirror: MirrorStore, other: MirrorStore, database_url: str) -> None:
    """The first one learns from its next write that it leads no more, and cannot take the lease back."""
    first, second = mirror.lease(), other.lease()
    first.__enter__()
    lose(database_url)
    with second:
        with pytest.raises(LeaseLost):
            mirror.bind("https://acme.zendesk.com")
        other.bind("https://other.zendesk.com")
        with pytest.raises(LeaseTaken):
            first.__enter__()
        with pytest.raises(LeaseLost):
            mirror.bind("https://acme.zendesk.com")
    first.__exit__()


def test_a_worker_stands_by_until_it_is_its_turn(mirror: MirrorStore, other: MirrorStore) -> None:
    """It asks every few seconds, leads as soon as the lease is free, and from then on goes straight on."""
    leading = other.lease()
    leading.__enter__()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            leading.__exit__()

    lease = mirror.lease()
    turn = Turn(lease, FakeClock(on_sleep=sleep))
    turn.take()
    assert (slept, lease.is_held()) == ([POLL_S] * 3, True)
    turn.take()
    assert len(slept) == 3
    lease.__exit__()


def test_the_server_soon_notices_a_machine_that_is_gone(mirror: MirrorStore, database_url: str) -> None:
    """Twenty seconds and one poll are under the thirty that a standby may take."""
    if database_url.startswith("sqlite"):
        pytest.skip("a file's lock is freed by the system itself")
    with mirror.lease(), mirror.database.reading() as connection:
        names = text("SELECT name FROM pg_settings WHERE context = 'user'")
        assert set(connection.scalars(names)) >= NOTICED_SOON.keys()
    idle, interval, count = (
        int(NOTICED_SOON[f"tcp_keepalives_{part}"]) for part in ("idle", "interval", "count")
    )
    assert idle + interval * count + POLL_S < 30


class _Losing:
    """A writer whose process loses its lease just before the second batch."""

    def __init__(self, port: Any, lose_it: Callable[[], None]) -> None:
        self._port, self._lose = port, lose_it
        self.batches = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def submit_updates(self, updates: Any) -> Any:
        """The same; the loss comes between the intent and the request of the second."""
        self.batches += 1
        if self.batches == 2:
            self._lose()
        return self._port.submit_updates(updates)


def test_a_run_that_loses_its_lease_stops_and_the_next_one_finishes(database_url: str) -> None:
    """At most the batch on its way still arrives; the process that takes over writes each ticket once in all."""
    house = House(database_url, tickets=5)
    ids = new_tickets(house, 450)
    run_cycle(house.place(is_shadow=True))
    losing: list[_Losing] = []

    def wrap(name: str, port: Any) -> Any:
        if name != "writer":
            return port
        losing.append(_Losing(port, lambda: lose(database_url)))
        return losing[0]

    plan = labels(house, ids)
    place = house.place(wrap)
    with house.open_mirrors[-1].lease(), pytest.raises(LeaseLost):
        applied(place, plan)
    assert losing[0].batches == 2
    assert sum(LABEL in house.tags(id) for id in ids) <= 200
    house.advance(130)
    place = house.place()
    with house.open_mirrors[-1].lease():
        run_cycle(place)
        left = [id for id in ids if LABEL not in house.tags(id)]
        assert applied(place, labels(house, left), "taken-over").outcomes[Outcome.APPLIED] == len(left)
    mine = [[audit for audit in house.our_audits(id) if LABEL in str(audit.events)] for id in ids]
    assert {len(audits) for audits in mine} == {1}
    assert place.journal.read_open() == ()
    house.close()
