"""Undo, hold and release as typed, over real HTTP, on SQLite and on PostgreSQL."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from tests.e2e.conftest import House


def tags(house: House) -> dict[int, frozenset[str]]:
    return {id: frozenset(row.tags) for id, row in house.sandbox.world.tickets.items()}


@pytest.fixture
def run_id(house: House) -> str:
    """A run that is to be taken back."""
    house.ok("pull")
    return str(house.ok("apply", "--yes", "--json").document["run"])


def test_undo_as_typed(house: House, run_id: str) -> None:
    """In words and as JSON: what goes back, what cannot, what is left alone with its reason and exit code 3."""
    after = tags(house)
    house.patch.setattr(sys, "stdin", io.StringIO("n\n"))
    asked = house.run("undo", run_id)
    assert asked.code == 130
    assert f"Undo of run {run_id}" in asked.out
    assert "undone: takes back run" in asked.out
    assert "group 'Privacy desk': zdsync deletes nothing in Zendesk" in asked.out
    assert tags(house) == after

    ended = house.run("undo", run_id, "--yes", "--json")
    document: Any = ended.document
    assert (ended.code, document["undone"]) == (3 if document["left"] else 0, run_id)
    changed = {change["ticket_id"] for change in document["plan"]["ticket_changes"]}
    assert {id for id in after if tags(house)[id] != after[id]} == changed
    assert document["outcomes"] == {"applied": len(changed) + 4}

    house.control.advance(120)
    house.ok("pull")
    planned = house.ok("plan", "--json").document
    assert planned["ticket_changes"] == []
    assert {held["ticket_id"] for held in planned["held"]} == changed
    told = house.ok("plan", "--all").out
    assert all(f"#{held['ticket_id']}  undone by run" in told for held in planned["held"])
    again = house.run("undo", run_id, "--yes")
    assert f"{len(changed):,} tickets are already as before the run." in again.out
    explained = house.ok("explain", str(planned["held"][0]["ticket_id"])).out
    assert "Held: undone by run" in explained


def test_undo_is_refused(house: House, run_id: str) -> None:
    """Shadow mode never writes; a run that never was is told as such."""
    after = tags(house)
    assert house.run("undo", run_id, "--yes", ZDSYNC_MODE="shadow").code == 4
    unknown = house.run("undo", "yesterday", "--yes")
    assert unknown.code == 3
    assert "there is no run yesterday" in unknown.err
    other = house.run("undo", run_id, "--yes", "--ticket", "999999")
    assert "did not change ticket 999999" in other.err
    assert tags(house) == after


def test_hold_and_release(house: House) -> None:
    """A held ticket is listed and not changed until its time is over or it is released; no account is asked."""
    assert house.run("hold", "1").code in {1, 3}
    house.ok("pull")
    before = house.ok("plan", "--json").document
    number = before["ticket_changes"][0]["ticket_id"]
    requests = house.sandbox.request_log.as_dict()
    assert "until it is released" in house.ok("hold", str(number)).out
    held = house.ok("plan", "--json").document
    assert held["held"] == [{"ticket_id": number, "reason": "held by hand; left alone until a release"}]
    assert held["counts"]["held"] == 1
    assert number not in {change["ticket_id"] for change in held["ticket_changes"]}

    assert house.ok("hold", str(number), "--for", "2d", "--json").document["until"] is not None
    assert house.ok("release", str(number), "--json").document == {"ticket": number, "ended": 1}
    assert "was not held" in house.ok("release", str(number)).out
    assert house.ok("plan", "--json").document["ticket_changes"] == before["ticket_changes"]
    assert house.sandbox.request_log.as_dict() == requests
    assert house.run("hold", str(number), "--for", "soon").code == 2
    assert house.run("hold", "999999").code == 3
    assert house.run("release", "999999").code == 3


def test_undo_of_a_time(house: House, run_id: str) -> None:
    """All runs since a time go back together; a time that cannot be meant is refused before anything happens."""
    before = tags(house)
    for wrong in (
        ("undo",),
        ("undo", run_id, "--since", "1h"),
        ("undo", run_id, "--until", "1h"),
        ("undo", "--since", "1h", "--until", "2h"),
        ("undo", "--since", "soon"),
    ):
        assert house.run(*wrong, "--yes").code == 2
    assert tags(house) == before
    nothing = house.run("undo", "--since", "3d", "--until", "2d", "--yes")
    assert (nothing.code, "wrote anything" in nothing.err) == (3, True)

    ended = house.run("undo", "--since", "1h", "--yes", "--json")
    document: Any = ended.document
    assert (document["undone"], document["undone_runs"]) == (run_id, [run_id])
    changed = {change["ticket_id"] for change in document["plan"]["ticket_changes"]}
    assert {id for id in before if tags(house)[id] != before[id]} == changed
    told = house.run("undo", "--since", "1h", "--yes").out
    assert "Undo of 2 runs, the latest first:" in told
    assert f"  {run_id} (apply, " in told
    assert "already as before the runs." in told
