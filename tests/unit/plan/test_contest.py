"""A change is contested when the account's rules have undone any part of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.build import AGENT, SPECIALISTS, case, moment
from zdsync.facts import derive
from zdsync.journey import Ladder
from zdsync.model import TicketId
from zdsync.plan.contest import PAUSED_FROM, contested, without_paused
from zdsync.plan.model import FieldDiff, GroupRef, Plan, TicketChange

CHANGE = TicketChange(
    TicketId(1),
    moment(),
    "assigned",
    "refunds",
    "Refunds go to the specialists",
    "2",
    fields=(FieldDiff("priority", None, "high"), FieldDiff("custom_fields.700", None, "anvil")),
    group=GroupRef("Specialists", SPECIALISTS),
    assignee_before=AGENT,
    add_tags=("tier_2",),
    remove_tags=("tier_1",),
)


@pytest.mark.parametrize(
    ("undone", "named"),
    [
        ((), ()),
        (("status", "701", "tag vip"), ()),
        (("group_id",), ("group_id",)),
        (("tag tier_1", "assignee_id", "700"), ("700", "assignee_id", "tag tier_1")),
        (("priority", "tag tier_2"), ("priority", "tag tier_2")),
    ],
)
def test_contested_parts_are_named(undone: tuple[str, ...], named: tuple[str, ...]) -> None:
    """Fields, the group, a cleared assignee and each tag count; what the change leaves alone does not."""
    facts = replace(derive(case(), moment(), Ladder()), undone=frozenset(undone))
    assert contested(facts, CHANGE) == named


def test_a_change_that_only_labels_has_fewer_parts() -> None:
    """Without a group and a cleared assignee only fields and tags are compared."""
    facts = replace(derive(case(), moment(), Ladder()), undone=frozenset({"group_id", "assignee_id"}))
    assert contested(facts, replace(CHANGE, group=None, assignee_before=None)) == ()


def plan_of(*rules: str) -> Plan:
    changes = tuple(
        replace(CHANGE, ticket_id=TicketId(number), rule=rule) for number, rule in enumerate(rules, 1)
    )
    return Plan("https://acme.zendesk.com", moment(), moment(), "digest", 9, ticket_changes=changes)


def test_a_rule_that_is_contested_on_several_tickets_is_paused() -> None:
    """Its changes are left out, labels among others too, and a notice says how many wait; other rules go on."""
    plan = plan_of("billing", "outage", "billing", "vip, billing")
    found = without_paused(plan, {"billing": PAUSED_FROM, "outage": PAUSED_FROM - 1, "": 9})
    assert [change.rule for change in found.ticket_changes] == ["outage"]
    (notice,) = found.notices
    assert (notice.object, notice.name) == ("rule", "billing")
    assert "undo it on 3 tickets, 3 more wait" in notice.message
    assert without_paused(plan, {"billing": 1}) is plan
