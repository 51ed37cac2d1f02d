"""People hear of trouble once, and once more when it is over, whatever restarts meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.alerts import FakeAlerts
from tests.house import NOW, RULES, URL, House
from zdsync.errors import GuardBreach, MirrorError, RuleError, Stopped, Unavailable, ZdsyncError
from zdsync.plan.model import Limits
from zdsync.ports.journal import Outcome
from zdsync.rules.load import load_rules
from zdsync.runs.watch import Watch

MAX_LAG = timedelta(minutes=15)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An account in which no customer has written private data: of that people would be told, too."""
    house = House(f"sqlite:///{tmp_path}/mirror.db", seed=6)
    yield house
    house.close()


@pytest.fixture
def alerts() -> FakeAlerts:
    return FakeAlerts()


def new_watch(house: House, alerts: FakeAlerts | None, **given: Any) -> Watch:
    """As a new process would make it."""
    return Watch(house.place(**given), alerts, MAX_LAG)


def run(watch: Watch) -> type[BaseException] | None:
    """One cycle; the error it ended with."""
    try:
        watch.run_cycle()
    except (ZdsyncError, LookupError) as err:
        return type(err)
    return None


def test_a_good_cycle_says_nothing(house: House, alerts: FakeAlerts) -> None:
    """Nobody is woken up for a first pull, writes, or a quiet minute."""
    watch = new_watch(house, alerts)
    assert run(watch) is None
    house.advance(60)
    assert run(watch) is None
    assert alerts.sent == []


def test_a_failure_is_told_once_until_it_is_over(house: House, alerts: FakeAlerts) -> None:
    """Zendesk answers 503 again and again, each time under another request id: one message, and one at the end."""
    watch = new_watch(house, alerts)
    run(watch)
    for _ in range(3):
        house.control.fault("503", pattern="incremental", count=6)
        assert run(watch) is Unavailable
        house.control.clear_faults()
    assert len(alerts.sent) == 1
    assert alerts.sent[0].startswith(f"zdsync, {URL}: a run failed: GET /api/v2/incremental")
    assert "what to do: " in alerts.sent[0]
    assert run(watch) is None
    assert run(watch) is None
    assert alerts.sent[1:] == [f"zdsync, {URL}: over: runs no longer fail"]


def test_another_cause_is_another_message(house: House, alerts: FakeAlerts) -> None:
    """A cause is told once while the trouble lasts, also when two of them take turns."""
    errors = [MirrorError("a 1"), MirrorError("b"), MirrorError("a 2"), MirrorError("b")]
    watch = new_watch(house, alerts, rules=raising(*errors))
    for _ in errors:
        assert run(watch) is MirrorError
    assert [text.rpartition(": ")[2] for text in alerts.sent] == ["a 1", "b"]


def raising(*errors: Exception) -> Callable[[], Any]:
    """A rule folder that fails in these ways, one after another."""
    left = list(errors)

    def rules() -> Any:
        raise left.pop(0)

    return rules


def test_broken_rules_are_told_without_their_text(house: House, alerts: FakeAlerts, tmp_path: Path) -> None:
    """How many faults and where the first is; what stands there stays at home."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text("assign:\n  - id: Mrs. Doe\n    then: {tier: 9}\n", "utf-8")
    watch = new_watch(house, alerts, rules=lambda: load_rules(tmp_path / "rules"))
    assert run(watch) is RuleError
    (text,) = alerts.sent
    assert "a.yaml:" in text
    assert "zdsync rules check" in text
    assert "Doe" not in text


def test_a_crash_is_told_by_its_kind_alone(house: House, alerts: FakeAlerts) -> None:
    """The message of an error that nobody foresaw may hold anything."""
    assert run(new_watch(house, alerts, rules=raising(LookupError("Mrs. Doe")))) is LookupError
    assert alerts.sent == [
        f"zdsync, {URL}: a run broke off with LookupError; the worker's log tells where",
    ]


def test_a_breach_is_told_and_cleared(house: House, alerts: FakeAlerts) -> None:
    """A plan over its limits waits for a person, who hears of it once, though the figures change."""
    tight = house.place(limits=Limits(max_changes=1, max_share=1.0))
    watch = Watch(tight, alerts, MAX_LAG)
    assert run(watch) is GuardBreach
    house.control.customer_creates("Hello", "I have a question.")
    house.advance(180)
    assert run(watch) is GuardBreach
    assert len(alerts.sent) == 1
    assert "ZDSYNC_MAX_CHANGES" in alerts.sent[0]
    watch._place = replace(tight, limits=Limits(500, 1.0))
    assert run(watch) is None
    assert alerts.sent[1:] == [f"zdsync, {URL}: over: the plan is within its limits again"]


def test_an_unknown_outcome_is_told_until_it_is_known(house: House, alerts: FakeAlerts) -> None:
    """Writes in a job that never ends are named by their run, and their end is told; also after a restart."""
    house.control.fault("job_stuck")
    run(new_watch(house, alerts))
    run(new_watch(house, alerts))
    stuck = house.open_mirrors[-1].journal.read_open()
    assert [text.partition(": ")[2] for text in alerts.sent] == [
        f"writes without known outcome: {len(stuck)}, of run run-1; `zdsync runs RUN` lists them"
    ]
    outcomes = [(entry.key, Outcome.NOT_APPLIED, "") for entry in stuck]
    watch = new_watch(house, alerts)
    house.open_mirrors[-1].journal.record_outcomes(outcomes, NOW)
    run(watch)
    run(watch)
    assert alerts.sent[1:] == [f"zdsync, {URL}: over: the outcome of every write is known again"]


def test_lag_is_told_while_runs_fail(house: House, alerts: FakeAlerts) -> None:
    """The mirror grows old behind failing runs: one message for each, and one when each is over."""
    watch = new_watch(house, alerts)
    run(watch)
    good, watch._place = watch._place, replace(watch._place, rules=raising(*[MirrorError("no")] * 3))
    watch._place = replace(watch._place, source=_Old(watch._place.source))
    for _ in range(3):
        house.advance(600)
        run(watch)
    assert [text.partition(": ")[2] for text in alerts.sent] == [
        "a run failed: no",
        "the mirror is 21 min behind the account; ZDSYNC_MAX_LAG allows 15 min",
    ]
    watch._place = good
    assert run(watch) is None
    assert {text.partition(": ")[2] for text in alerts.sent[2:]} == {
        "over: runs no longer fail",
        "over: the mirror is fresh again",
    }


class _Old:
    """A source that brings nothing."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def fetch_pages(self, *_args: Any) -> Iterator[Any]:
        return iter(())


def test_a_restart_repeats_nothing(house: House, alerts: FakeAlerts) -> None:
    """A worker that starts, fails and ends again and again tells its failure once, and its end once."""
    run(new_watch(house, alerts))
    for _ in range(3):
        watch = new_watch(house, alerts, rules=raising(MirrorError("no")), source=_Old(house.account()))
        house.advance(600)
        run(watch)
    assert [text.partition(": ")[2][:12] for text in alerts.sent] == ["a run failed", "the mirror i"]
    run(new_watch(house, alerts))
    assert len(alerts.sent) == 4
    run(new_watch(house, alerts))
    assert len(alerts.sent) == 4


def test_what_did_not_get_through_is_told_later(house: House, alerts: FakeAlerts) -> None:
    """While the webhook is down nothing counts as told."""
    watch = new_watch(house, alerts, rules=raising(*[MirrorError("no")] * 3))
    alerts.is_down = True
    run(watch)
    alerts.is_down = False
    run(watch)
    run(watch)
    assert [text.partition(": ")[2] for text in alerts.sent] == ["a run failed: no"]


def test_a_lost_mirror_is_told(house: House, alerts: FakeAlerts) -> None:
    """When the database fails in the middle of a run, the run's failure still reaches people."""
    watch = new_watch(house, alerts)
    run(watch)
    lost = _Lost(watch._place.mirror)
    watch._place = replace(watch._place, mirror=lost, journal=lost)
    assert run(watch) is MirrorError
    assert len(alerts.sent) == 1
    assert alerts.sent[0].endswith("the database is gone")


class _Lost:
    """A mirror and journal that cannot be reached any more."""

    def __init__(self, mirror: Any) -> None:
        self._mirror = mirror

    def __getattr__(self, name: str) -> Any:
        def fail(*_args: Any, **_given: Any) -> Any:
            raise MirrorError("the database is gone")

        return fail


def test_a_stop_is_no_trouble(house: House, alerts: FakeAlerts) -> None:
    """A signal that ends a cycle wakes nobody up."""
    watch = new_watch(house, alerts, rules=raising(Stopped("stopped by a signal")))
    with pytest.raises(Stopped):
        watch.run_cycle()
    assert alerts.sent == []


def test_without_a_webhook_the_log_tells(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Each trouble is one warning, not one each minute."""
    watch = new_watch(house, None, rules=raising(*[MirrorError("no")] * 2))
    with caplog.at_level("INFO", logger="zdsync.runs.watch"):
        run(watch)
        run(watch)
        watch._place = replace(watch._place, rules=lambda: load_rules(RULES))
        run(watch)
    assert [record.getMessage() for record in caplog.records] == ["watch.trouble", "watch.cleared"]
