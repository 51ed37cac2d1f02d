"""Why not this rule: answered for every way in which a rule can have no part in a ticket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import House as Commands
from tests.house import House
from zdsync.errors import ConfigError, Rejected
from zdsync.model import TicketId
from zdsync.rules.load import load_rules
from zdsync.rules.model import RuleSet
from zdsync.runs.cycle import recorded, run_cycle, run_pull
from zdsync.runs.explain import RuleAnswer, explain_rule

RULES = """
version: 1
own_tags: [vip, calm]
tiers:
  1: {name: Frontline, group: Frontline}
  2: {name: Specialists, group: Specialists}
ignore:
  - {id: none-of-these, why: Spam, all: [tags: {includes: [spam]}]}
assign:
  - {id: watched, why: Watched, mode: shadow, all: [replies: {at_least: 0}], then: {tier: 2}}
  - {id: never, why: Never, all: [replies: {at_least: 1000}], then: {tier: 2}}
  - {id: always, why: Always, all: [replies: {at_least: 0}], then: {tier: 1}}
  - {id: rest, why: Else, then: {tier: 1}}
annotate:
  - {id: label, why: Label, all: [replies: {at_least: 0}], then: {add_tags: [calm]}}
require:
  - {id: gate, why: Needed, before_tier: 2, fields: [due_at], attachment: true, unless: [type: incident]}
  - {id: open-gate, why: Needed, before_tier: 2, fields: [status]}
  - {id: watched-gate, why: Needed, mode: shadow, before_tier: 2, fields: [due_at]}
escalate:
  - {id: slow, why: Slow, from: 1, to: 2, after: {in_tier: 9000 days}}
deescalate:
  - {id: other-tier, why: Back, from: 2, to: 1, after: {in_tier: 9000 days}}
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, str], RuleAnswer]:
    """Asks about one rule and one ticket of a pulled account: 1 is untouched, 0 in a person's hand."""
    tmp_path = tmp_path_factory.mktemp("ask")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "all.yaml").write_text(RULES)
    rules: RuleSet = load_rules(tmp_path / "rules")
    house = House(f"sqlite:///{tmp_path}/mirror.db", tickets=200, seed=3)
    place = house.place()
    with recorded(place, "pull") as record:
        run_pull(place, record)

    def ask(id: int, rule: str) -> RuleAnswer:
        prefix = "tier_"
        return explain_rule(
            place.mirror, place.journal, rules, place.clock, TicketId(id), rule, tag_prefix=prefix
        )

    return ask


def answers(ask: Callable[[int, str], RuleAnswer], rule: str) -> set[str]:
    return {ask(id, rule).standing.partition(":")[0] for id in range(150, 201)}


def test_a_rule_s_part_in_a_ticket_is_told(ask: Callable[[int, str], RuleAnswer]) -> None:
    """It acts; it does not match; another took the ticket; it is not live; a person has it; the ticket is finished."""
    assert answers(ask, "never") == {"So it has no part in this ticket."}
    assert "So it acts on this ticket." in answers(ask, "always")
    assert "So it acts on this ticket." in answers(ask, "label")
    assert answers(ask, "watched") == {"It does not act on this ticket"}
    assert "But 'always' is asked before it and takes the ticket" in answers(ask, "rest")
    kept = {told for told in answers(ask, "always") if told.startswith("But")}
    assert "But it is not asked for this ticket, which is finished" in kept
    assert "But it is not asked for this ticket, which is adopted" in kept


def test_a_gate_s_part_in_a_ticket_is_told(ask: Callable[[int, str], RuleAnswer]) -> None:
    """What is missing, by name; that nothing is, that another condition opens it, or that it is only watched."""
    told = {ask(id, "gate").standing for id in range(150, 201)}
    assert "So it stands before tier 2; missing: due at, an attachment." in told
    assert "So it stands before tier 2, but is open for this ticket: one of its `unless` holds." in told
    assert (
        ask(1, "open-gate").standing == "So it stands before tier 2, and nothing that it asks for is missing."
    )
    assert answers(ask, "watched-gate") == {"It does not act on this ticket"}


def test_a_move_s_part_in_a_ticket_is_told(ask: Callable[[int, str], RuleAnswer]) -> None:
    """Its clock, or the tiers that it is for; a clock of a rule that matches is told."""
    told = {ask(id, "other-tier").standing for id in range(150, 201)}
    assert "But it is for tickets in tier 2, and this one is in tier 1." in told
    assert "But it is for tickets in tier 2, and this one is in no tier." in told
    clocks = {ask(id, "slow").standing for id in range(100, 201)}
    assert "It waits for its clock: in the tier for 9000 days." in clocks


def test_unknown_rules_and_tickets_are_told(ask: Callable[[int, str], RuleAnswer]) -> None:
    """With the nearest name, or where to look."""
    with pytest.raises(ConfigError) as caught:
        ask(1, "alwais")
    assert (caught.value.message, caught.value.hint) == (
        "there is no rule 'alwais'",
        "did you mean 'always'?",
    )
    with pytest.raises(Rejected):
        ask(999_999, "always")


def test_a_mark_that_zdsync_has_just_set_is_told(tmp_path: Path) -> None:
    """A move that asks for a label of ours waits until something else has happened, and says so."""
    asks = "  - {id: calmed, why: Calm, from: 1, to: 2, all: [tags: {includes: [calm]}]}\n"
    (tmp_path / "rules.yaml").write_text(RULES.replace("deescalate:\n", f"{asks}deescalate:\n"))
    house = House(f"sqlite:///{tmp_path}/mirror.db", tickets=20, seed=3)
    place = house.place(rules=lambda: load_rules(tmp_path))
    run_cycle(place)
    house.advance(120)
    assert not run_cycle(place).planned.plan.ticket_changes
    id = next(id for id in house.unsolved() if {"calm", "tier_1"} <= house.tags(id))
    answer = explain_rule(
        place.mirror,
        place.journal,
        load_rules(tmp_path),
        place.clock,
        TicketId(id),
        "calmed",
        tag_prefix="tier_",
    )
    assert answer.standing.startswith("So it has no part in this ticket yet: what zdsync itself wrote counts")
    house.close()


def test_the_command_answers_in_words_and_as_json(house: Commands) -> None:
    """`explain TICKET --rule ID`."""
    house.ok("pull")
    told = house.ok("explain", "5", "--rule", "spam").out.splitlines()
    assert told[:2] == ["Ticket 5", "spam does not match."]
    document = house.ok("explain", "5", "--rule", "spam", "--json").document
    assert document["matches"] is False
    assert document["because"][0] == "spam does not match."
    assert house.run("explain", "5", "--rule", "nonsense").code == 2
