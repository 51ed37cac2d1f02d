"""The log of metric events is one and the same whoever asks, and nothing comes in behind a reader."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.sandbox.conftest import HOST, NOW, Api, connect
from tests.sandbox.test_service_levels import DAY, HOUR, ROWS, new_ticket, rows
from zdsync.sandbox.app import make_sandbox


def walk(api: Api, path: str) -> list[Any]:
    """All pages of either dialect, each row once."""
    body = api.get(path)
    found = {row["id"]: row for row in body[ROWS]}
    while body["meta"]["has_more"] if "meta" in body else not body["end_of_stream"]:
        body = api.get(body["links"]["next"] if "links" in body else body["next_page"])
        assert all(found.get(row["id"], row) == row for row in body[ROWS])
        found |= {row["id"]: row for row in body[ROWS]}
    return list(found.values())


def play(api: Api, random: Random, tickets: list[int]) -> None:
    """One deed of a customer, an agent or the clock."""
    control, ticket = api.sandbox.control, random.choice(tickets)
    status = random.choice(("open", "pending", "hold"))
    deeds = (
        lambda: tickets.append(new_ticket(api, priority=random.choice(("high", "urgent", "low")))),
        lambda: control.customer_replies(ticket),
        lambda: control.agent_replies(ticket, changes={"status": status}),
        lambda: control.change(ticket, {"priority": random.choice(("low", "high", "urgent"))}),
        lambda: control.solve(ticket),
        lambda: control.advance(random.choice((7, 50, 600, 5 * HOUR, DAY))),
        lambda: control.advance(random.choice((61, 2 * HOUR))),
    )
    random.choice(deeds)()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_row_comes_in_behind_a_reader(seed: int) -> None:
    """Whoever reads on from where the last page ended has every row, once, as all other ways to ask tell it."""
    api, random = connect(make_sandbox(30, seed, NOW, rate_limits=False)), Random(seed)
    path, tickets = f"incremental/{ROWS}?start_time=0&per_page=200", [new_ticket(api)]
    found: dict[int, Any] = {}
    order: list[int] = []
    for number in range(160):
        play(api, random, tickets)
        if number % 5:
            continue
        body = api.get(path)
        while True:
            for row in body[ROWS]:
                assert found.setdefault(row["id"], row) == row
                order += [] if row["id"] in order[-400:] else [row["id"]]
            if body["end_of_stream"]:
                break
            body = api.get(body["next_page"])
        path = body["next_page"].removeprefix(f"{HOST}/api/v2/")
    api.sandbox.control.advance(61)
    for row in walk(api, path):
        order += [] if found.setdefault(row["id"], row) is not row else [row["id"]]
    truth = api.sandbox.control.truth(ROWS)
    assert [found[ident] for ident in order] == truth
    assert walk(api, f"incremental/{ROWS}?start_time=0&page[size]=100") == truth
    kinds = {(row["type"], row["deleted"]) for row in truth}
    assert {("apply_sla", False), ("breach", False), ("breach", True)} <= kinds
    for ticket in tickets:
        assert rows(api, ticket) == [row for row in truth if row["ticket_id"] == ticket]


def test_exports_leave_out_what_they_should(api: Api) -> None:
    """Deleted tickets on request, erased ones always, with their breaches."""
    ticket = new_ticket(api, priority="urgent")
    api.sandbox.control.advance(2 * HOUR)
    path = f"incremental/{ROWS}?start_time={int(NOW.timestamp()) - 1}"

    def breached(more: str = "") -> set[int]:
        return {row["ticket_id"] for row in api.get(path + more)[ROWS] if row["type"] == "breach"}

    assert ticket in breached()
    api.sandbox.control.delete(ticket)
    assert ticket in breached()
    assert ticket not in breached("&exclude_deleted=true")
    api.sandbox.control.scrub(ticket)
    assert ticket not in breached()


def test_the_seeded_past_has_targets_kept_and_missed(large: Api) -> None:
    """In believable shares; a breach comes while its clock runs, after its target, and once."""
    truth = large.sandbox.control.truth(ROWS)
    assert len({row["id"] for row in truth}) == len(truth)
    assert [(row["time"], row["id"]) for row in truth] == sorted((row["time"], row["id"]) for row in truth)
    running, kept, missed = set(), set(), set()
    for row in truth:
        key = (row["ticket_id"], row["metric"], row["instance_id"])
        match row["type"]:
            case "activate":
                running.add(key)
            case "pause" | "fulfill":
                running.discard(key)
            case "apply_sla":
                kept.add(key)
            case "breach":
                assert key in running & kept
                kept.remove(key)
                missed.add(key)
    assert 0.4 < len({key[0] for key in kept | missed}) / len(large.sandbox.world.tickets) < 0.9
    assert 0.05 < len(missed) / len(kept | missed) < 0.4
