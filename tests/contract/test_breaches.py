"""A target missed in the account reaches a rule on `sla.breached`, and one taken back does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import RULES, House
from tests.unit.mirror import rows
from tests.unit.mirror.rows import page, record_page, tickets_page
from zdsync.mirror.store import MirrorStore
from zdsync.rules.load import load_rules
from zdsync.runs.cycle import run_cycle
from zdsync.streams import Stream

HOUR = 3600
RULE = """assign:
  - id: missed
    why: Zendesk has counted a missed target
    all: [{sla.breached: true}]
    then: {tier: 2}
"""


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    house = House(database_url, tickets=5)
    yield house
    house.close()


def test_a_missed_target_moves_its_ticket(house: House, tmp_path: Path) -> None:
    """By the clock alone, nobody touches the ticket; one that a later target takes back stays where it is."""
    rules = Path(shutil.copytree(RULES, tmp_path / "rules"))
    assign = rules / "20-assign.yaml"
    assign.write_text(assign.read_text("utf-8").replace("assign:\n", RULE), "utf-8")

    def cycle() -> None:
        run_cycle(house.place(rules=lambda: load_rules(rules)))
        house.close()

    def made(priority: str) -> int:
        return house.control.customer_creates("Hello", "How are you?", fields={"priority": priority})

    missed, back, kept = made("urgent"), made("urgent"), made("low")
    house.advance(130)
    cycle()
    assert {house.group(ticket) for ticket in (missed, back, kept)} == {"Frontline"}
    house.advance(HOUR)
    house.control.change(back, {"priority": "low"}, agent="admin@example.com")
    house.advance(130)
    cycle()
    assert [house.group(ticket) for ticket in (missed, back, kept)] == [
        "Specialists",
        "Frontline",
        "Frontline",
    ]

    question = "SELECT deleted, sla, time, raw FROM ticket_metric_events WHERE ticket_id = {} AND type = '{}'"
    (first, second) = house.query(question.format(missed, "breach"))
    assert (bool(first[0]), first[1], str(first[2])[:16]) == (False, None, "2026-11-20 13:00")
    assert str(second[2])[:16] == "2026-11-20 13:00"
    taken = [bool(row[0]) for row in house.query(question.format(back, "breach") + " ORDER BY id")]
    assert taken == [False, False, True, True]
    applied = house.query(question.format(kept, "apply_sla"))
    read = [json.loads(sla) if isinstance(sla, str) else sla for _, sla, _, _ in applied]
    assert sorted(sla["target"] for sla in read) == [960, 2550]
    raw = applied[0][3]
    assert (json.loads(raw) if isinstance(raw, str) else raw)["sla"] == read[0]


def test_what_counts_as_breached(mirror: MirrorStore) -> None:
    """A breach not taken back: not in its own row, nor by a later one of the same instance of the same metric."""
    told = {
        1: [("reply_time", 1, False)],
        2: [("reply_time", 1, True)],
        3: [("reply_time", 1, False), ("reply_time", 1, True)],
        4: [("reply_time", 1, False), ("reply_time", 1, True), ("reply_time", 1, False)],
        5: [("reply_time", 1, False), ("reply_time", 2, True), ("requester_wait_time", 1, True)],
        6: [],
    }
    record_page(mirror, tickets_page(*(rows.ticket(id) for id in told)))
    assert [case.sla_breached for case in mirror.read_cases()] == [None] * len(told)
    breaches = [
        rows.record(
            "ticket_metric_events",
            id=10 * ticket + place,
            ticket_id=ticket,
            type="breach",
            metric=metric,
            instance_id=instance,
            deleted=deleted,
        )
        for ticket, found in told.items()
        for place, (metric, instance, deleted) in enumerate(found)
    ]
    record_page(mirror, page(Stream.METRIC_EVENTS, ticket_metric_events=breaches), until=15)
    assert [case.sla_breached for case in mirror.read_cases()] == [True, False, False, True, True, False]
