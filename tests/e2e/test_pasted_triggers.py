"""Ten triggers as accounts have them, their conditions pasted: rules match what the trigger engine matches, or say why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.house import House
from zdsync.account import Account
from zdsync.facts import Facts, derive
from zdsync.journey import Ladder
from zdsync.model import TicketId
from zdsync.rules.compile import compile_rules
from zdsync.rules.model import RuleSet
from zdsync.rules.parse import parse_files
from zdsync.runs.cycle import recorded, run_pull
from zdsync.sandbox.conditions import Asked, holds

Row = dict[str, Any]
HEAD = "version: 1\ntiers:\n  1: {name: Frontline, group: Frontline}\n"
TAIL = "assign:\n  - {id: rest, why: Else, then: {tier: 1}}\n"


def row(field: str, operator: str, value: Any) -> Row:
    return {"field": field, "operator": operator, "value": value}


def triggers(house: House) -> dict[str, tuple[list[Row], list[Row]]]:
    """By title its `all` and `any`, with ids of the account."""
    world = house.sandbox.world
    groups = {one["name"]: one["id"] for one in world.tables["groups"].values()}
    fields = {one["title"]: one["id"] for one in world.tables["ticket_fields"].values()}
    agent = next(ticket.assignee_id for ticket in world.tickets.values() if ticket.assignee_id)
    company = next(ticket.organization_id for ticket in world.tickets.values() if ticket.organization_id)
    brand = next(ticket.brand_id for ticket in world.tickets.values())
    return {
        "Notify requester of received request": (
            [row("update_type", "is", "Create"), row("status", "is_not", "solved")],
            [row("ticket_is_public", "is", "public"), row("comment_is_public", "is", "true")],
        ),
        "Auto-assign billing": (
            [row("status", "less_than", "solved"), row("group_id", "is_not", str(groups["Specialists"]))],
            [
                row("current_tags", "includes", "billing refund invoice"),
                row(f"custom_fields_{fields['Area']}", "is", "billing"),
                row("subject_includes_word", "includes", "refund charged invoice"),
            ],
        ),
        "Urgent or high without an owner": (
            [row("assignee_id", "is", ""), row("status", "less_than", "pending")],
            [row("priority", "is", "urgent"), row("priority", "greater_than", "normal")],
        ),
        "VIP company": (
            [row("organization_id", "is", company), row("status", "is_not", "closed")],
            [],
        ),
        "Reopened after a reply": (
            [
                row("status", "changed", None),
                row("role", "is", "end_user"),
                row("status", "value_previous", "solved"),
            ],
            [],
        ),
        "Incidents from mail": (
            [row("type", "is", "incident"), row("via_id", "is", "4"), row("brand_id", "is", str(brand))],
            [],
        ),
        "No spam, no test": (
            [row("current_tags", "not_includes", "spam test bulk_mail"), row("status", "is", "new")],
            [row("subject_includes_word", "is_not", "out of office"), row("type", "is", "question")],
        ),
        "Words anywhere": (
            [
                row("description_includes_word", "includes", "password login error"),
                row("status", "less_than", "closed"),
            ],
            [],
        ),
        "Agent's own queue without words": (
            [
                row("assignee_id", "is", str(agent)),
                row("description_includes_word", "not_includes", "refund"),
                row("priority", "is_not", ""),
            ],
            [],
        ),
        "Unhappy and in the wrong place": (
            [row("satisfaction_score", "is", "bad"), row("group_id", "is", str(groups["Frontline"]))],
            [row("priority", "less_than", "high"), row("type", "is_not", "task")],
        ),
    }


TITLES = [
    "Notify requester of received request",
    "Auto-assign billing",
    "Urgent or high without an owner",
    "VIP company",
    "Reopened after a reply",
    "Incidents from mail",
    "No spam, no test",
    "Words anywhere",
    "Agent's own queue without words",
    "Unhappy and in the wrong place",
]
NO_EQUAL = {
    "Notify requester of received request": {"update_type", "ticket_is_public", "comment_is_public"},
    "Reopened after a reply": {"status", "role"},
}
"""Conditions on one update of a ticket, which rules do not see."""


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Account, dict[int, Facts]]]:
    """A mirrored account of eight hundred tickets."""
    house = House(f"sqlite:///{tmp_path_factory.mktemp('mirror')}/m.db", tickets=800, seed=11)
    place = house.place()
    with recorded(place, "pull") as record:
        run_pull(place, record)
    ids = [TicketId(ticket.id) for ticket in house.sandbox.world.tickets.values() if not ticket.is_deleted]
    cases = place.mirror.read_cases(ids)
    facts = {int(case.ticket.id): derive(case, house.clock.now(), Ladder()) for case in cases}
    yield house, place.mirror.read_account(), facts
    house.close()


def pasted(every: list[Row], some: list[Row]) -> tuple[RuleSet | None, list[str]]:
    """The conditions as they come, in a rule of `ignore`."""
    rule = {"id": "it", "why": "Pasted", "all": every, **({"any": some} if some else {})}
    found, problems = parse_files([("a.yaml", f"{HEAD}ignore: [{json.dumps(rule)}]\n{TAIL}")])
    return found, [problem.message for problem in problems if problem.id == "no-equal"]


def as_meant(every: list[Row]) -> tuple[list[Row], ...]:
    """A rating that is bad is so with and without a comment in rules, and one of two in a trigger."""
    rated = [{**one, "value": "bad_with_comment"} if one["value"] == "bad" else one for one in every]
    return every, rated


@pytest.mark.parametrize("title", TITLES)
def test_a_trigger_matches_the_same_tickets(
    pulled: tuple[House, Account, dict[int, Facts]], title: str
) -> None:
    """Each ticket of the account, judged by the sandbox's trigger engine and by the rule; refused rows are named."""
    house, account, facts = pulled
    every, some = triggers(house)[title]
    strange = NO_EQUAL.get(title, set())
    found, told = pasted(every, some)
    assert (found is None) is bool(strange)
    assert all(any(f"'{field}'" in message for message in told) for field in strange)
    if strange:
        every = [one for one in every if one["field"] not in strange or one["operator"] == "is_not"]
        some = [one for one in some if one["field"] not in strange]
        every = every or [row("status", "less_than", "closed")]
        found, _ = pasted(every, some)
    assert found is not None
    bound = compile_rules(found, account, tag_prefix="tier_", today=house.clock.now().date())
    ours = {id for id, one in facts.items() if bound.ignore[0].matches(one)}
    world = house.sandbox.world
    theirs = {
        id
        for id in facts
        for meant in as_meant(every)
        if holds(Asked.now(world, world.tickets[id]), {"all": meant, "any": some})
    }
    assert ours == theirs
    assert 0 < len(theirs) < len(facts)
