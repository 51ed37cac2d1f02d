"""What rules can ask about a ticket's way through the tiers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.rules.build import NOW, facts, holds, told_of
from zdsync.actors import Actor
from zdsync.journey import Basis, Journey, Stay
from zdsync.model import User, UserId


def way(*tiers: str) -> Journey:
    """Through these tiers, an hour in each, up to the last, where the ticket is."""
    times = [NOW + timedelta(hours=number) for number in range(len(tiers))]
    return Journey(
        tuple(
            Stay(tier, at, None if at == times[-1] else at + timedelta(hours=1), Actor.ZDSYNC, Basis.TAG)
            for tier, at in zip(tiers, times, strict=True)
        )
    )


@pytest.mark.parametrize(
    ("condition", "given", "expected"),
    [
        ("tier: 2", {"journey": way("2")}, True),
        ("tier: [1, 2]", {"journey": way("2")}, True),
        ("tier: {is_not: 1}", {"journey": way("2")}, True),
        ("tier: 2", {}, False),
        ("tier: none", {}, True),
        ("tier: none", {"journey": way("1")}, False),
        ("tier: present", {}, False),
        ("tier: present", {"journey": way("1")}, True),
        ("previous_tier: 1", {"journey": way("1", "2")}, True),
        ("previous_tier: {is_not: 1}", {}, True),
        ("previous_tier: not_present", {}, True),
        ("moves: {at_least: 2}", {"journey": way("2", "1", "2")}, True),
        ("moves: {less_than: 2}", {"journey": way("2", "1", "2")}, False),
        ("moves: 0", {}, True),
        ("sla.breached: true", {"sla_breached": True}, True),
        ("sla.breached: true", {"sla_breached": False}, False),
        ("sla.breached: false", {"sla_breached": False}, True),
        ("sla.breached: false", {}, False),
        ("sla.breached: not_present", {}, True),
        ("sla.breached: {is_not: true}", {}, True),
        ("in_business_hours: true", {"in_business_hours": True}, True),
        ("in_business_hours: false", {"in_business_hours": False}, True),
        ("in_business_hours: true", {"in_business_hours": False}, False),
        ("requester.external_id: A-7", {"requester": User(UserId(3), external_id="A-7")}, True),
        ("requester.external_id: {starts_with: a-}", {"requester": User(UserId(3), external_id="A-7")}, True),
        ("requester.external_id: present", {"requester": User(UserId(3))}, False),
        ("requester.external_id: present", {}, False),
    ],
)
def test_a_condition_on_the_way_through_the_tiers(
    condition: str, given: dict[str, Any], expected: bool
) -> None:
    """Tiers by key, `none` for none; counts as numbers; claims as true and false, or unknown."""
    assert holds(condition, facts(**given)) is expected


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("tier: 9", "'9' is no tier; known: none, 1, 2 [wrong-value]"),
        ("previous_tier: frontline", "'frontline' is no previous_tier"),
        ("tier: {at_least: 2}", "'tier' is one of several names and cannot be asked with 'at_least'"),
        ("moves: many", "'moves' is a number; 'many' is not [wrong-value]"),
        ("sla.breached: maybe", "'maybe' is no sla.breached; known: true, false [wrong-value]"),
        ("in_business_hours: uk", "'uk' is no in_business_hours; known: true, false"),
        ("{all: [tier: 1]}", "`all` cannot stand inside a list"),
    ],
)
def test_what_cannot_be_asked_is_told(condition: str, message: str) -> None:
    """Tiers that are not on the ladder, words that are no answer."""
    (found,) = told_of(condition)
    assert message in found


@pytest.mark.parametrize(
    "conditions",
    [
        "tier: 1, tier: 2",
        "tier: none, tier: present",
        "moves: {less_than: 0}",
        "moves: {at_least: 3}, moves: {less_than: 3}",
        "sla.breached: true, sla.breached: false",
        "in_business_hours: true, in_business_hours: {is_not: true}",
        "previous_tier: 1, previous_tier: not_present",
    ],
)
def test_contradictions_are_found(conditions: str) -> None:
    """These fields have one value at a time, like all others of their kinds."""
    assert [line.rpartition(" ")[2] for line in told_of(conditions)] == ["[impossible-condition]"]
