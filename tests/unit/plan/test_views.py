"""Views of tiers: what they ask for, and how they are taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from zdsync.model import Account, GroupId, View
from zdsync.plan.model import ViewSwitch
from zdsync.plan.views import invert_view, tier_conditions

MADE = {"title": "Tier 2", "tag": "tier_2", "group_ids": [7]}
VIEW = View(
    70,
    "Tier 2",
    conditions_all=tier_conditions([GroupId(7)], "tier_2"),
    restricted_to=frozenset({GroupId(7)}),
)


def take_back(
    view: View, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> object:
    return invert_view(70, before or {}, after or MADE, Account(views=(view,)), reason="why")


def test_a_made_view_is_switched_off() -> None:
    """Also when Zendesk gives its conditions back in another order."""
    off = ViewSwitch(70, "Tier 2", is_active=False, reason="why")
    assert take_back(VIEW) == off
    assert take_back(replace(VIEW, conditions_all=VIEW.conditions_all[::-1])) == off


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Our queue"},
        {"conditions_all": VIEW.conditions_all[:2]},
        {"conditions_any": (("priority", "is", "high"),)},
        {"restricted_to": frozenset({GroupId(7), GroupId(8)})},
    ],
)
def test_a_view_that_somebody_changed_stays(change: dict[str, Any]) -> None:
    """What people made of it is theirs."""
    assert take_back(replace(VIEW, **change)) == "somebody has changed it since"


def test_a_view_that_is_hidden_or_gone_needs_nothing() -> None:
    """There is nothing to switch."""
    assert take_back(replace(VIEW, is_active=False)) is None
    assert invert_view(71, {}, MADE, Account(views=(VIEW,)), reason="why") is None


def test_a_switch_is_switched_back() -> None:
    """The undo of an undo shows the view again, whatever it looks like by now."""
    hidden = replace(VIEW, title="Renamed", is_active=False)
    found = take_back(hidden, {"active": True}, {"active": False})
    assert found == ViewSwitch(70, "Renamed", is_active=True, reason="why")
    assert take_back(VIEW, {"active": True}, {"active": False}) is None
