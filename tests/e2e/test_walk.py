"""The whole way through, as an admin walks it: pull, plan, apply, look, run, work."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import House

TIER_OF_GROUP = {
    "Help bot": "tier_0",
    "Frontline": "tier_1",
    "Specialists": "tier_2",
    "Engineering": "tier_3",
}


def truth(house: House) -> list[dict[str, Any]]:
    """Every unsolved ticket as the account has it."""
    tickets = house.control.truth("tickets")
    rows = tickets.values() if isinstance(tickets, dict) else tickets
    return [row for row in rows if row["status"] in {"new", "open", "pending", "hold"}]


def group_names(house: House) -> dict[int, str]:
    return {row["id"]: row["name"] for row in house.sandbox.world.tables["groups"].values()}


def ours(house: House, ticket_id: int) -> list[Any]:
    """The ticket's audits that carry our mark."""
    audits = house.sandbox.world.tickets[ticket_id].audits
    return [audit for audit in audits if audit.custom]


def test_the_walk(house: House) -> None:
    """After one apply every ticket in reach carries one tier tag and the right group; nothing is left to do, also later."""
    house.ok("pull")
    planned = house.run("plan", "--exit-code", "--out", "plan.json", "--json")
    assert planned.code == 10, planned
    assert json.loads(Path("plan.json").read_text(encoding="utf-8")) == planned.document

    applied = house.ok("apply", "--yes", "--json").document
    assert set(applied["outcomes"]) == {"applied"}
    assert house.run("plan", "--exit-code").code == 0

    names = group_names(house)
    outside = 0
    for row in truth(house):
        claims = [tag for tag in row["tags"] if tag.startswith("tier_")]
        group = names.get(row["group_id"])
        if not claims:
            outside += 1
            continue
        assert len(claims) == 1
        assert group == "Privacy desk" or TIER_OF_GROUP.get(str(group)) == claims[0], row
    counts = planned.document["counts"]
    assert outside == counts.get("ignored", 0) + counts.get("unplaced", 0)
    titles = {view["title"] for view in house.sandbox.world.tables["views"].values()}
    assert {"Tier 0 - deflected", "Tier 1 - queue", "Tier 2 - queue", "Tier 3 - queue"} <= titles
    assert "Privacy desk" in names.values()

    house.control.advance(120)
    house.ok("pull")
    again = house.run("plan", "--exit-code", "--json")
    assert again.code == 0, again
    assert again.document["counts"].get("settling", 0) == 0


def test_every_change_has_one_audit_and_notes_are_private(house: House) -> None:
    """Each changed ticket was written exactly once, with our mark; every note is internal."""
    house.ok("pull")
    house.ok("apply", "--yes")
    run = house.ok("runs", "--json").document[0]
    changes = house.ok("runs", run["run"], "--json").document
    for change in changes:
        kind, _, number = change["object"].partition(" ")
        if kind != "ticket":
            continue
        assert change["outcome"] == "applied"
        (audit,) = ours(house, int(number))
        for event in audit.events:
            assert getattr(event, "is_public", False) is False


def test_a_plan_file_is_carried_out_exactly(house: House) -> None:
    """What was reviewed is what happens; a second apply of the same file is all conflicts, not second writes."""
    house.ok("pull")
    house.ok("plan", "--out", "plan.json")
    document = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    house.ok("apply", "plan.json", "--yes")
    for change in document["ticket_changes"]:
        row = house.sandbox.world.tickets[change["ticket_id"]]
        assert set(row.tags) == set(change["tags"])
        assert len(ours(house, change["ticket_id"])) == 1
    again = house.run("apply", "plan.json", "--yes", "--json")
    assert again.code == 3
    assert set(again.document["outcomes"]) == {"conflict"}
    assert all(len(ours(house, change["ticket_id"])) == 1 for change in document["ticket_changes"])


def test_refused_plans(house: House) -> None:
    """A plan that was edited, or made by other rules, is refused with exit 4 and writes nothing."""
    house.ok("pull")
    house.ok("plan", "--out", "plan.json")
    path = Path("plan.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    document["ticket_changes"][0]["add_tags"] = ["other"]
    path.write_text(json.dumps(document), encoding="utf-8")
    refused = house.run("apply", "plan.json", "--yes")
    assert refused.code == 4
    assert "edited" in refused.err

    house.ok("plan", "--out", "plan.json")
    rules = Path("other-rules")
    rules.mkdir()
    for file in Path(house.settings["ZDSYNC_RULES"]).glob("*.yaml"):
        (rules / file.name).write_text(file.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    refused = house.run("apply", "plan.json", "--yes", ZDSYNC_RULES=str(rules))
    assert refused.code == 4
    assert "rules have changed" in refused.err
    assert house.run("apply", "missing.json", "--yes").code == 4
    assert not any(ours(house, id) for id in house.sandbox.world.tickets)


def test_the_guard_stops_unattended_writes(house: House) -> None:
    """Over a limit nothing is written, the exit code is 4, and the pull has happened all the same."""
    house.ok("pull")
    refused = house.run("run", ZDSYNC_MAX_CHANGES="1")
    assert refused.code == 4
    assert "ZDSYNC_MAX_CHANGES" in refused.err
    assert house.ok("runs", "--json").document[0]["exit"] == 4
    assert not any(ours(house, id) for id in house.sandbox.world.tickets)


def test_shadow_mode_never_writes(house: House) -> None:
    """In shadow mode a run records what it would do, and apply refuses."""
    shadowed = house.ok("run", ZDSYNC_MODE="shadow")
    assert "shadow" in shadowed.out
    assert house.run("apply", "--yes", ZDSYNC_MODE="shadow").code == 4
    assert house.sandbox.request_log.by_endpoint.get("PUT /tickets/update_many", 0) == 0
    assert not any(ours(house, id) for id in house.sandbox.world.tickets)


def test_people_win(house: House) -> None:
    """A ticket that an agent changes between plan and apply is a conflict, not overwritten."""
    house.ok("pull")
    house.ok("plan", "--out", "plan.json")
    document = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    moved = next(change["ticket_id"] for change in document["ticket_changes"] if change["kind"] == "assigned")
    house.control.change(moved, {"group": "Engineering", "priority": "low"})
    ended = house.run("apply", "plan.json", "--yes", "--json")
    assert ended.code == 3
    assert ended.document["outcomes"]["conflict"] == 1
    row = house.sandbox.world.tickets[moved]
    assert (group_names(house)[row.group_id or 0], row.priority) == ("Engineering", "low")

    house.control.advance(120)
    house.ok("run")
    assert [tag for tag in house.sandbox.world.tickets[moved].tags if tag.startswith("tier_")] == ["tier_3"]


def test_the_worker_cycles(house: House) -> None:
    """The worker runs cycles on its schedule; new tickets are routed, a quiet cycle changes nothing."""
    house.ok("pull")
    house.ok("apply", "--yes")
    number = house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    house.control.advance(180)
    house.ok("worker", "--cycles", "3", ZDSYNC_SCHEDULE="every 1s")
    row = house.sandbox.world.tickets[number]
    assert [tag for tag in row.tags if tag.startswith("tier_")] == ["tier_2"]
    runs = house.ok("runs", "--json").document[:3]
    assert [run["command"] for run in runs] == ["run"] * 3
    assert [run["exit"] for run in runs] == [0] * 3
    assert [run["changes"] for run in runs] == [0, 0, 1]


def test_reading_commands(house: House) -> None:
    """Explain, status, runs, report and rules check answer in words and as one JSON document."""
    house.ok("pull")
    house.ok("apply", "--yes")
    number = next(row["id"] for row in truth(house) if "tier_2" in row["tags"])
    told = house.ok("explain", str(number))
    assert f"Ticket {number}" in told.out
    assert house.ok("explain", str(number), "--json").document["ticket"] == number
    for words in (("status",), ("runs",), ("report",), ("rules", "check"), ("plan",)):
        assert house.ok(*words).out
        assert house.ok(*words, "--json").document is not None
    report = house.ok("report", "--json").document
    unsolved = Counter(row["status"] for row in truth(house))
    assert sum(row["unsolved"] for row in report["tiers"]) == unsolved.total()


def test_stale_mirrors_are_told(house: House) -> None:
    """Status exits 5 when the mirror is older than the limit, and apply refuses to write on it."""
    house.ok("pull")
    assert house.run("status", ZDSYNC_MAX_LAG="1s").code == 5
    assert house.run("status").code == 0


@pytest.mark.parametrize("number", ["999999", "1"])
def test_explaining_an_unknown_ticket(house: House, number: str) -> None:
    """A ticket that is not mirrored is named as such."""
    house.ok("pull", "--since", "1 days ago")
    ended = house.run("explain", number)
    assert ended.code == 3
    assert "not in the mirror" in ended.err
