"""A worker that slept over a deadline acts once on waking, and tells the true moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.quarter_rules import RULES
from tests.faults.test_quarter import Quarter
from zdsync.rules.load import load_rules
from zdsync.runs.cycle import Workplace, run_cycle
from zdsync.sandbox.records import Comment

OPENED = datetime(2026, 10, 12, 8, 0, tzinfo=UTC)
"""A Monday, 09:00 in London."""


@pytest.fixture
def house(sqlite_url: str) -> Iterator[Quarter]:
    house = Quarter(sqlite_url)
    yield house
    house.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "rules.yaml").write_text(RULES)
    return rules


def wake(house: Quarter, folder: Path) -> Workplace:
    """A worker that has just started."""
    return house.place(rules=lambda: load_rules(folder), start=OPENED - timedelta(days=1))


def notes(house: Quarter, id: int) -> list[str]:
    """The notes that we have left on a ticket."""
    audits: list[Any] = house.our_audits(id)
    return [one.body for audit in audits for one in audit.events if isinstance(one, Comment)]


@pytest.mark.parametrize("meanwhile", ["nothing", "paused"])
def test_a_worker_that_slept_over_a_deadline(house: Quarter, folder: Path, meanwhile: str) -> None:
    """Also when the clock stands still by then: it had come, at 13:05 in London, and the note says so. Then all is quiet."""
    house.move_to(OPENED)
    id = house.control.customer_creates()
    house.move_to(OPENED + timedelta(minutes=5))
    run_cycle(wake(house, folder))
    assert house.group(id) == "Frontline"
    if meanwhile == "paused":
        house.move_to(OPENED + timedelta(hours=6))
        house.control.change(id, {"status": "pending"})
    house.move_to(OPENED + timedelta(days=1, hours=3))
    place = wake(house, folder)
    changes = run_cycle(place).planned.plan.ticket_changes
    assert [(change.kind, change.rule) for change in changes] == [("escalated", "no-reply")]
    assert house.group(id) == "Specialists"
    (note,) = notes(house, id)
    assert "Clock: unanswered for 4 business hours, reached 2026-10-12 12:05 UTC" in note
    for minutes in (0, 5, 60):
        house.move_to(OPENED + timedelta(days=1, hours=3, minutes=minutes))
        assert run_cycle(place).planned.plan.is_empty
    assert notes(house, id) == [note]


def test_an_answer_while_the_worker_slept(house: Quarter, folder: Path) -> None:
    """Though late by then, the ticket waits for nobody any more: nothing is done."""
    house.move_to(OPENED)
    id = house.control.customer_creates()
    house.move_to(OPENED + timedelta(minutes=5))
    run_cycle(wake(house, folder))
    house.move_to(OPENED + timedelta(hours=6))
    house.control.agent_replies(id)
    house.move_to(OPENED + timedelta(days=1, hours=3))
    assert run_cycle(wake(house, folder)).planned.plan.is_empty
    assert notes(house, id) == []
