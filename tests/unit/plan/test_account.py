"""The account's own objects against the rules: what is made, changed, refused and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from zdsync.account import Account, FieldOption, Group, TicketField, View
from zdsync.model import FieldId, GroupId
from zdsync.plan.account import SHOWN_VIEWS, diff_account
from zdsync.plan.model import AccountNotice, GroupChange, GroupRef, TierFieldChange, ViewChange, ViewUpdate
from zdsync.plan.own_views import CRACKS, VENDOR
from zdsync.plan.tier_field import MAX_OPTIONS, AccountDiff
from zdsync.plan.views import form_of, view_description, wanted_form
from zdsync.rules.compile import compile_rules
from zdsync.rules.model import Action, CracksView, Rule, RuleSet, Tier, Vendor

TIERS = (
    Tier("1", "Frontline", group="Frontline", groups=("Frontline",), view="First"),
    Tier("2", "Specialists", group="Specialists", groups=("Specialists", "Data")),
    Tier("3", "Experts", group="Engineering", groups=("Engineering",)),
)
CATCH_ALL = Rule("everything-else", "why", then=Action(tier="1"))
RULES = RuleSet(TIERS, (CATCH_ALL,), digest="now")
GROUPS = tuple(
    Group(GroupId(number), name)
    for number, name in enumerate(("Frontline", "Specialists", "Data", "Engineering"), 1)
)
TITLES = {"1": "First", "2": "Tier 2 - Specialists", "3": "Tier 3 - Experts"}


def view(tier: str, id: int, *group_ids: int, **given: Any) -> View:
    """A tier's view as zdsync made it; Zendesk puts all views that nobody moved at the same place."""
    form = wanted_form(TITLES[tier], f"tier_{tier}", map(GroupId, group_ids))
    made = View(
        id,
        form.title,
        description=view_description(tier),
        conditions_all=form.conditions_all[::-1],
        restricted_to=frozenset(form.group_ids),
        columns=("status", "ticket_id", "description", *form.columns[3:]),
        sort_by="updated",
        sort_order="asc",
        position=10_000,
    )
    return replace(made, **given)


VIEWS = (view("1", 11, 1), view("2", 12, 2, 3), view("3", 13, 4))


def diff(
    *views: View, rules: RuleSet = RULES, groups: tuple[Group, ...] = GROUPS, **given: Any
) -> AccountDiff:
    account = Account(groups=groups, views=views, **given)
    compiled = compile_rules(rules, account, tag_prefix="tier_", today=date(2026, 11, 20))
    return diff_account(account, compiled)


def test_what_is_as_wanted_needs_nothing() -> None:
    """Other orders and the other names of columns are no drift; the ids are told, to be kept."""
    found = diff(*VIEWS)
    assert (found.changes, found.refused, found.notices) == ([], [], [])
    assert found.known["group", "data"] == 3
    assert {key: id for (kind, key), id in found.known.items() if kind == "view"} == {
        "1": 11,
        "2": 12,
        "3": 13,
    }


def test_what_is_missing_is_made() -> None:
    """Each group once; one view per tier, last among the views."""
    found = diff(groups=GROUPS[:2])
    assert [change.name for change in found.changes if isinstance(change, GroupChange)] == [
        "Data",
        "Engineering",
    ]
    made = [change for change in found.changes if isinstance(change, ViewChange)]
    assert [(change.title, change.position) for change in made] == [
        (title, None) for title in TITLES.values()
    ]
    assert made[1].groups == (GroupRef("Specialists", GroupId(2)), GroupRef("Data", None))


def test_a_view_is_known_by_its_id_before_its_mark() -> None:
    """A copy that an agent made bears the mark too; without an id the one with the title is meant, then the oldest."""
    copy = view("1", 9, 1, title="Copy of First", is_active=False)
    assert diff(copy, *VIEWS, known={("view", "1"): 11}).changes == []
    assert diff(copy, *VIEWS).changes == []
    (change,) = diff(copy, *VIEWS[1:]).changes
    assert isinstance(change, ViewUpdate)
    assert (change.view_id, change.title, change.after.is_active) == (9, "First", True)


def test_a_known_view_stays_ours_without_its_mark() -> None:
    """Somebody wrote another description: that is theirs to write, and the view is still the tier's."""
    mine = replace(VIEWS[0], description="Look here first", title="Start")
    (change,) = diff(mine, *VIEWS[1:], known={("view", "1"): 11}).changes
    assert isinstance(change, ViewUpdate)
    assert (change.before, change.title) == (form_of(mine), "First")


def test_a_taken_title_is_refused() -> None:
    """For a view to be made and for one to be renamed back."""
    theirs = View(70, "first")
    assert [notice.name for notice in diff(theirs, *VIEWS[1:]).refused] == ["First"]
    renamed = replace(VIEWS[0], title="Start")
    found = diff(theirs, renamed, *VIEWS[1:])
    assert ([notice.name for notice in found.refused], found.changes) == (["First"], [])


def test_a_group_yet_to_be_made_joins_the_restriction() -> None:
    """The plan that makes the group also changes the view, so that the next plan is empty."""
    found = diff(VIEWS[0], view("2", 12, 2), VIEWS[2], groups=(*GROUPS[:2], GROUPS[3]))
    group, change = found.changes
    assert isinstance(group, GroupChange)
    assert isinstance(change, ViewUpdate)
    assert (change.tag, change.groups[1]) == ("tier_2", GroupRef("Data", None))


def test_a_renamed_group_keeps_its_id() -> None:
    """It is told and not made again, unless a living group bears the name."""
    renamed = (replace(GROUPS[0], name="First line"), *GROUPS[1:])
    known = {("group", "frontline"): 1}
    found = diff(*VIEWS, groups=renamed, known=known)
    assert found.changes == []
    assert [notice.name for notice in found.notices] == ["Frontline"]
    both = (*renamed, Group(GroupId(8), "frontline"))
    assert diff(*VIEWS, groups=both, known=known).known["group", "frontline"] == 8
    gone = (replace(renamed[0], is_deleted=True), *GROUPS[1:])
    assert GroupChange("Frontline", "tier 1 (Frontline) names it") in diff(groups=gone, known=known).changes


def test_what_an_undo_wrote_last_stays() -> None:
    """Until the rules change; also while it is not known which rules the undo was made under."""
    drifted = (replace(VIEWS[0], is_active=False), *VIEWS[1:])
    kept = AccountNotice("view", "First", "stays as an undo left it until the rules change")
    for digest in ("now", None):
        found = diff(*drifted, undone_views={11: digest})
        assert (found.changes, found.notices) == ([], [kept])
    assert len(diff(*drifted, undone_views={11: "before"}).changes) == 1
    assert diff(*VIEWS, undone_views={11: "now"}).notices == []


def places(*positions: int | None) -> list[int | None]:
    """Where the tiers' views are to stand, given where they stand (None: not there yet)."""
    views = [
        replace(view, position=position)
        for view, position in zip(VIEWS, positions, strict=True)
        if position is not None
    ]
    found: dict[str, int | None] = {each.title: each.position for each in views}
    for change in diff(*views).changes:
        if isinstance(change, ViewUpdate):
            found[change.title] = change.after.position
        elif isinstance(change, ViewChange):
            found[change.title] = change.position
    return [found[title] for title in TITLES.values()]


def test_views_stand_in_the_order_of_the_tiers() -> None:
    """What stands right stays, at the same place the older view first; the others go behind the tier below."""
    assert places(10_000, 10_000, 10_000) == [10_000, 10_000, 10_000]
    assert places(3, 5, 9) == [3, 5, 9]
    assert places(5, 4, 9) == [5, 6, 9]
    assert places(5, 5, 4) == [5, 5, 6]
    assert places(5, None, 6) == [5, 6, 7]
    assert places(None, 5, 6) == [5, 6, 6]
    assert places(5, 6, None) == [5, 6, None]


def test_a_long_list_of_views_is_told() -> None:
    """Agents would not see the last ones."""
    others = tuple(View(number, f"Other {number}") for number in range(100, 100 + SHOWN_VIEWS - 2))
    found = diff(*others)
    assert [notice.object for notice in found.notices] == ["account"]
    assert diff(*others, *VIEWS).notices == []


def field(id: int, title: str, *values: str, **given: Any) -> TicketField:
    options = tuple(FieldOption(value, value.upper()) for value in values)
    return replace(TicketField(FieldId(id), title, "tagger", options=options), **given)


def test_the_tier_field_has_one_option_per_tier() -> None:
    """It is made, or gets what it lacks; options that are there stay as people called them."""
    rules = replace(RULES, tier_field="Tier")
    wanted = tuple(FieldOption(f"tier_{tier.key}", f"{tier.key} - {tier.name}") for tier in TIERS)
    made = TierFieldChange("Tier", None, wanted, "tier_field names it")
    assert diff(*VIEWS, rules=rules).changes == [made]
    there = field(5, "TIER", "tier_2", "other")
    (change,) = diff(*VIEWS, rules=rules, ticket_fields=(there,)).changes
    assert change == TierFieldChange("Tier", 5, (wanted[0], wanted[2]), "tiers that have no option yet")
    whole = field(5, "Renamed", "tier_1", "tier_2", "tier_3")
    found = diff(*VIEWS, rules=rules, ticket_fields=(whole,), known={("field", "tier"): 5})
    assert (found.changes, found.known["field", "tier"]) == ([], 5)


@pytest.mark.parametrize(
    "there",
    [
        field(5, "Tier", type="text"),
        field(5, "Tier", is_active=False),
        field(5, "Level", "tier_2"),
        field(5, "Tier", *(f"v{number}" for number in range(MAX_OPTIONS - 2))),
    ],
)
def test_a_field_that_cannot_hold_the_tiers_is_refused(there: TicketField) -> None:
    """Of another type, switched off, full, or beside another field that has a tier's tag."""
    found = diff(*VIEWS, rules=replace(RULES, tier_field="Tier"), ticket_fields=(there,))
    assert ([(notice.object, notice.name) for notice in found.refused], found.changes) == (
        [("field", "Tier")],
        [],
    )


NO_TIER = replace(
    RULES,
    vendor=Vendor("at_supplier", "With the vendor"),
    cracks_view=CracksView("Cracks"),
)
EVERY_GROUP = tuple(GroupRef(group.name, group.id) for group in GROUPS)


def made_views(*found: ViewChange) -> tuple[View, ...]:
    """The views as Zendesk shows them once they were made."""
    made = []
    for number, change in enumerate(found):
        ids = [group.id for group in change.groups if group.id is not None]
        form = wanted_form(change.title, change.tag, ids, change.conditions_any)
        made.append(
            View(
                20 + number,
                form.title,
                description=view_description(change.tier),
                conditions_all=form.conditions_all,
                conditions_any=form.conditions_any[::-1],
                restricted_to=frozenset(form.group_ids),
                columns=form.columns,
                sort_by=form.sort_by,
                sort_order=form.sort_order,
                position=10_000,
            )
        )
    return tuple(made)


def test_the_views_of_no_tier_are_made_last() -> None:
    """For the groups of every tier: what carries a vendor's tag, and what lacks a tier or a group."""
    vendor, cracks = diff(*VIEWS, rules=NO_TIER).changes
    assert vendor == ViewChange("With the vendor", VENDOR, "at_supplier", EVERY_GROUP, "vendor asks for it")
    assert isinstance(cracks, ViewChange)
    assert (cracks.title, cracks.tag, cracks.groups) == ("Cracks", "", EVERY_GROUP)
    tier_tags = ("current_tags", "not_includes", "tier_1 tier_2 tier_3")
    assert cracks.conditions_any == (tier_tags, ("group_id", "is", ""))
    unassigned = replace(NO_TIER, vendor=Vendor(), cracks_view=CracksView("Cracks", unassigned=True))
    (change,) = diff(*VIEWS, rules=unassigned).changes
    assert isinstance(change, ViewChange)
    assert change.conditions_any[-1] == ("assignee_id", "is", "")


def test_the_views_of_no_tier_are_kept() -> None:
    """As they are wanted they need nothing; what somebody changed is brought back, and without the setting they stay."""
    made = made_views(*(each for each in diff(*VIEWS, rules=NO_TIER).changes if isinstance(each, ViewChange)))
    found = diff(*VIEWS, *made, rules=NO_TIER)
    assert found.changes == []
    assert (found.known["view", VENDOR], found.known["view", CRACKS]) == (20, 21)
    drifted = replace(made[1], conditions_any=made[1].conditions_any[:1], title="Lost")
    (change,) = diff(*VIEWS, made[0], drifted, rules=NO_TIER).changes
    assert isinstance(change, ViewUpdate)
    assert (change.before, change.after.title) == (form_of(drifted), "Cracks")
    assert diff(*VIEWS, *made).changes == []


def test_titles_are_had_once() -> None:
    """A view of no tier that bears a tier's title, or another's, is refused with what to change."""
    same = replace(NO_TIER, cracks_view=CracksView("first"))
    (refused,) = diff(*VIEWS, rules=same).refused
    assert refused.name == "first"
    assert refused.message.endswith("or give `cracks_view:` another title")
    (taken,) = diff(*VIEWS, View(70, "cracks"), rules=NO_TIER).refused
    assert taken.message.startswith("cracks_view asks for a view of this title")


def test_a_view_that_zendesk_would_not_take_is_refused() -> None:
    """Before anything is written: its conditions are too long."""
    huge = replace(RULES, vendor=Vendor("v" * 70_000, "With the vendor"))
    (refused,) = diff(*VIEWS, rules=huge).refused
    assert refused.message.endswith("65 KB that Zendesk takes; give vendor fewer groups or tags")
