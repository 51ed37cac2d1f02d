"""Views of tiers: what they ask for, and how they are taken back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from zdsync.account import Account, View
from zdsync.model import GroupId
from zdsync.plan.model import ViewSwitch, ViewUpdate
from zdsync.plan.views import (
    COLUMNS,
    MAX_BYTES,
    form_json,
    form_of,
    invert_view,
    read_form,
    tier_conditions,
    too_large,
    wanted_form,
)

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
    return invert_view(70, [(before or {}, after or MADE)], Account(views=(view,)), reason="why")


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
    assert invert_view(71, [({}, MADE)], Account(views=(VIEW,)), reason="why") is None


def test_a_switch_is_switched_back() -> None:
    """The undo of an undo shows the view again, whatever it looks like by now."""
    hidden = replace(VIEW, title="Renamed", is_active=False)
    found = take_back(hidden, {"active": True}, {"active": False})
    assert found == ViewSwitch(70, "Renamed", is_active=True, reason="why")
    assert take_back(VIEW, {"active": True}, {"active": False}) is None


def test_the_normal_form_knows_no_order_of_conditions() -> None:
    """Nor how often one is told, nor by which of its two names a column; the order of columns does mean something."""
    wanted = wanted_form("Tier 2", "tier_2", [GroupId(8), GroupId(7)])
    view = View(
        70,
        "Tier 2",
        conditions_all=(*wanted.conditions_all[::-1], wanted.conditions_all[0]),
        restricted_to=frozenset({GroupId(7), GroupId(8)}),
        columns=("status", "ticket_id", "description", *COLUMNS[3:]),
        sort_by="updated",
        sort_order="asc",
    )
    assert form_of(view) == wanted
    assert form_of(replace(view, columns=COLUMNS[::-1])) != wanted
    assert len(COLUMNS) <= 10


def test_a_form_goes_through_json() -> None:
    """As the journal and plan documents keep it."""
    form = replace(form_of(VIEW), position=3)
    assert read_form(json.loads(json.dumps(form_json(form)))) == form


def test_an_update_goes_back() -> None:
    """To the whole form before it, unless somebody changed the view since; its place does not count as a change."""
    form = form_of(VIEW)
    older = replace(form, title="Older", position=1)
    before, after = form_json(older), form_json(form)
    assert take_back(VIEW, before, after) == ViewUpdate(70, form, older, "why")
    moved = replace(VIEW, position=9)
    assert take_back(moved, before, after) == ViewUpdate(70, form_of(moved), older, "why")
    assert take_back(replace(VIEW, title="Newer"), before, after) == "somebody has changed it since"
    assert take_back(replace(VIEW, title="Older", position=1), before, after) is None


def test_several_writes_go_back_from_the_latest() -> None:
    """A view that was made and then changed is hidden; whatever somebody changed after the last write keeps it."""
    form = form_of(VIEW)
    renamed = replace(form, title="Renamed")
    update = (form_json(form), form_json(renamed))
    account = Account(views=(replace(VIEW, title="Renamed"),))
    hidden = replace(form, is_active=False)
    assert invert_view(70, [({}, MADE), update], account, reason="why") == ViewUpdate(
        70, renamed, hidden, "why"
    )
    back = (form_json(renamed), form_json(form))
    assert invert_view(70, [update, back], Account(views=(VIEW,)), reason="why") is None
    changed = Account(views=(replace(VIEW, title="Ours"),))
    assert invert_view(70, [({}, MADE), update], changed, reason="why") == "somebody has changed it since"


def test_a_view_made_hidden_and_shown_again() -> None:
    """An undo and its undo between the making and now come to the making alone."""
    steps: list[Any] = [
        ({}, MADE),
        ({"active": True}, {"active": False}),
        ({"active": False}, {"active": True}),
    ]
    found = invert_view(70, steps, Account(views=(VIEW,)), reason="why")
    assert found == ViewSwitch(70, "Tier 2", is_active=False, reason="why")


def test_views_show_unsolved_tickets_of_the_tier() -> None:
    """A tier's view asks for unsolved tickets with the tag, and for the group only when there is one; a view without a
    tag asks for unsolved tickets alone.
    """
    unsolved, tagged = ("status", "less_than", "solved"), ("current_tags", "includes", "tier_2")
    assert tier_conditions([GroupId(1), GroupId(2)], "tier_2") == (unsolved, tagged)
    assert tier_conditions([GroupId(1)], "tier_2") == (unsolved, tagged, ("group_id", "is", "1"))
    assert tier_conditions([GroupId(1)], "") == (unsolved,)


def test_a_view_that_a_run_made_goes_back_by_its_form() -> None:
    """Journals keep the whole form of a made view; what differs from it somebody has changed."""
    made = form_json(replace(form_of(VIEW), position=4))
    assert take_back(VIEW, {}, made) == ViewSwitch(70, "Tier 2", is_active=False, reason="why")
    assert take_back(replace(VIEW, sort_by="priority"), {}, made) == "somebody has changed it since"


def test_zendesk_takes_views_up_to_a_size() -> None:
    """A form over 65 KB is told, one under it is not."""
    form = form_of(VIEW)
    assert too_large(form) is None
    huge = replace(form, conditions_all=(("current_tags", "includes", "x" * MAX_BYTES),))
    assert too_large(huge) == "its conditions and groups are over the 65 KB that Zendesk takes"
