"""Explained as of a moment: the ticket, the decision and the words are those of then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.e2e.conftest import House as Commands
from tests.house import RULES, House
from zdsync.errors import Rejected
from zdsync.model import TicketId
from zdsync.report.explain import explanation_json, explanation_lines
from zdsync.rules.load import load_rules
from zdsync.runs.cycle import recorded, run_cycle, run_pull
from zdsync.runs.explain import explain, explain_rule
from zdsync.tiers.model import Verdict


def test_each_ticket_is_explained_as_it_was_before_we_wrote(tmp_path: Path) -> None:
    """After a cycle has moved tickets, the moment before it comes out field by field, with what was decided then."""
    house = House(f"sqlite:///{tmp_path}/mirror.db", tickets=300, seed=3)
    place, rules = house.place(), load_rules(RULES)
    with recorded(place, "pull") as record:
        run_pull(place, record)
    house.advance(60)
    mirror, journal, before = place.mirror, place.journal, house.clock.now()
    known = {
        TicketId(id): explain(mirror, journal, rules, house.clock, TicketId(id), tag_prefix="tier_")
        for id in house.unsolved()
    }
    house.advance(120)
    run_cycle(place)
    house.advance(180)
    with recorded(place, "pull") as record:
        run_pull(place, record)
    moved = 0
    for id, then in known.items():
        found = explain(mirror, journal, rules, house.clock, id, tag_prefix="tier_", at=before)
        assert replace(found.facts.current, updated_at=then.facts.current.updated_at) == then.facts.current
        assert (found.decision.verdict, found.decision.rule) == (then.decision.verdict, then.decision.rule)
        assert found.group == then.group
        assert found.past is not None
        assert found.past.decided is None
        now = explain(mirror, journal, rules, house.clock, id, tag_prefix="tier_", at=house.clock.now())
        assert now.past is not None
        assert now.past.decided is not None
        assert now.past.decided.rules_digest == rules.digest
        moved += now.facts.current != found.facts.current
        lines = list(explanation_lines(found))
        assert lines[1].startswith("As it was at 2026-11-20 12:01:00 UTC by its history")
        assert any(line.startswith("A run then: ") for line in lines)
        assert not any(line.startswith("What a run had decided then") for line in lines)
        assert any("these rules" in line for line in explanation_lines(now))
        assert explanation_json(now)["past"]["decided"]["verdict"] == now.past.decided.outcome
        assert explanation_json(found)["past"]["decided"] is None
    assert moved > 20
    some = next(iter(known))
    answer = explain_rule(
        mirror, journal, rules, house.clock, some, "everything-else", tag_prefix="tier_", at=before
    )
    assert answer.trace.matches
    with pytest.raises(Rejected, match="was opened later"):
        explain(
            mirror, journal, rules, house.clock, some, tag_prefix="tier_", at=before - timedelta(days=4000)
        )
    house.close()


def test_the_option_names_a_moment_that_is_past(house: Commands) -> None:
    """A day, a time, and what is wrong with others; what is told as it is now is named."""
    house.ok("pull")
    found = house.ok(
        "query",
        "--json",
        "SELECT t.id, max(e.created_at) AS at FROM tickets t JOIN ticket_events e ON e.ticket_id = t.id "
        "WHERE t.organization_id IS NOT NULL GROUP BY t.id ORDER BY t.id DESC LIMIT 1",
    ).document[0]
    ticket, last = str(found["id"]), found["at"]
    out = house.ok("explain", ticket, "--at", last).out
    assert "since no history says what it was: organization.mrr, organization.plan" in out
    document = house.ok("explain", ticket, "--at", last, "--json").document
    assert {"organization.mrr", "organization.plan"} <= set(document["past"]["unknown"])
    assert "As it was" not in house.ok("explain", ticket, "--rule", "billing", "--at", last).out
    for wrong, words in (("tomorrow", "write a time such as"), ("2999-01-01", "still to come")):
        ended = house.run("explain", ticket, "--at", wrong)
        assert (ended.code, words in ended.err) == (2, True)


def test_a_gate_is_explained_by_itself(tmp_path: Path) -> None:
    """What `assign` would have said does not matter while a gate keeps the ticket out, now and then."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "all.yaml").write_text(GATED)
    house, rules = House(f"sqlite:///{tmp_path}/mirror.db", tickets=40), load_rules(tmp_path / "rules")
    place = house.place(rules=lambda: rules)
    with recorded(place, "pull") as record:
        run_pull(place, record)
    at = house.clock.now()
    house.advance(60)
    found = [
        explain(place.mirror, place.journal, rules, house.clock, TicketId(id), tag_prefix="tier_", at=moment)
        for id in house.unsolved()
        for moment in (None, at)
    ]
    gated = [one for one in found if one.decision.verdict is Verdict.GATED]
    assert {one.past is None for one in gated} == {True, False}
    for one in gated:
        assert [asked.rule.id for asked in one.traces] == ["dated"]
        lines = list(explanation_lines(one))
        assert "  dated matches: Needs a date" in lines
        assert "Rules asked before it:" not in lines
    house.close()


GATED = """
version: 1
tiers:
  1: {name: Frontline, group: Frontline}
  2: {name: Specialists, group: Specialists}
assign:
  - {id: all-of-them, why: Everything, all: [replies: {at_least: 0}], then: {tier: 2}}
  - {id: rest, why: Else, then: {tier: 1}}
require:
  - {id: dated, why: Needs a date, before_tier: 2, all: [replies: {at_least: 0}], fields: [due_at]}
"""
