"""Groups and views as code: made once, followed by id, brought back when they drift, never taken from others."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from tests.faults.test_kill import KilledError, Steps
from tests.house import RULES, House, Wrap
from zdsync.model import RunId
from zdsync.plan.codec import decode, encode
from zdsync.plan.model import Plan, ViewUpdate
from zdsync.ports.journal import Outcome
from zdsync.report.plans import plan_lines
from zdsync.rules.load import load_rules
from zdsync.rules.model import CracksView, Vendor
from zdsync.runs.cycle import Workplace, recorded, run_apply, run_cycle, run_plan, run_pull
from zdsync.runs.undo import apply_undo, make_undo
from zdsync.sandbox.conditions import Asked, holds
from zdsync.sandbox.fields_api import new_field

TITLES = ["Tier 0 - deflected", "Tier 1 - queue", "Tier 2 - queue", "Tier 3 - queue"]


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    """An account whose groups and views are as the rules want them, a cycle ago."""
    house = House(sqlite_url, tickets=12)
    run_cycle(house.place())
    house.advance(130)
    yield house
    house.close()


def cycle(house: House) -> tuple[Plan, Any]:
    """A cycle an hour later, when the account's configuration is looked at again."""
    house.advance(3700)
    ended = run_cycle(house.place())
    return ended.planned.plan, ended


def views(house: House) -> list[dict[str, Any]]:
    """The tiers' views, as the account has them, in the order of the tiers."""
    rows = house.sandbox.world.tables["views"].values()
    made = [row for row in rows if str(row["description"]).startswith("Made by zdsync")]
    return sorted(made, key=lambda row: str(row["description"]))


def group(house: House, name: str) -> dict[str, Any]:
    return next(row for row in house.sandbox.world.tables["groups"].values() if row["name"] == name)


def text(plan: Plan) -> str:
    assert decode(encode(plan)) == plan
    return "\n".join(plan_lines(plan))


def shape(row: dict[str, Any]) -> Any:
    """What zdsync says of a view."""
    columns = [column["id"] for column in row["execution"]["columns"]]
    conditions = sorted(str(each) for each in row["conditions"]["all"])
    return row["title"], row["active"], conditions, row["conditions"]["any"], columns, row["restriction"]


def test_the_server_may_keep_them_in_its_own_order(house: House) -> None:
    """Conditions in another order, groups in another order and a grouping that agents chose are no drift."""
    for row in views(house):
        row["conditions"]["all"].reverse()
        row["execution"] |= {"group_by": "status", "group_order": "asc"}
        row["restriction"]["ids"] = row["restriction"]["ids"][::-1]
    plan, _ = cycle(house)
    assert (plan.account_changes, plan.refused, plan.notices) == ((), (), ())


def test_drift_is_shown_and_repaired(house: House) -> None:
    """Whatever somebody planted in a view is in the next plan, and gone after it; the grouping stays as people set it."""
    row = views(house)[1]
    before, frontline = shape(row), group(house, "Frontline")["id"]
    row["title"], row["active"] = "Our queue", False
    row["conditions"]["all"] = [{"field": "status", "operator": "is", "value": "new"}]
    row["conditions"]["any"] = [{"field": "priority", "operator": "is", "value": "high"}]
    row["execution"] |= {
        "columns": row["execution"]["columns"][:2],
        "group_by": "status",
        "group_order": "asc",
    }
    row["restriction"] = None
    plan, ended = cycle(house)
    assert [type(change) for change in plan.account_changes] == [ViewUpdate]
    shown = text(plan)
    for part in (
        "~ view 'Our queue': title → 'Tier 1 - queue'; switched on; restriction → Frontline",
        "−[status is new]",
        f"+[group_id is {frontline}]",
        "conditions (any) −[priority is high]",
        "columns → status, nice_id",
        "1 view to update",
    ):
        assert part in shown
    assert shape(row) == before
    assert (row["execution"]["group_by"], row["description"]) == (
        "status",
        "Made by zdsync: unsolved tickets of tier 1",
    )
    (entry,) = [
        each for each in house.place().journal.read_entries(run_id=ended.run_id) if each.object == "view"
    ]
    assert (entry.outcome, entry.object_id) == (Outcome.APPLIED, row["id"])
    assert (entry.before["title"], entry.after["title"]) == ("Our queue", "Tier 1 - queue")
    assert cycle(house)[0].account_changes == ()


def test_an_update_is_undone_and_stays_undone(house: House) -> None:
    """The view gets back what somebody had made of it; no run repairs it again until the rules change."""
    row = views(house)[2]
    row["title"], row["conditions"]["any"] = (
        "Ours",
        [{"field": "priority", "operator": "is", "value": "high"}],
    )
    planted = shape(row)
    _, ended = cycle(house)
    repaired = shape(row)
    assert repaired != planted
    undo_run = take_back(house, ended.run_id)
    assert shape(row) == planted
    plan, _ = cycle(house)
    assert plan.account_changes == ()
    assert [(notice.name, notice.message) for notice in plan.notices] == [
        ("Ours", "stays as an undo left it until the rules change")
    ]
    take_back(house, undo_run)
    assert shape(row) == repaired
    assert cycle(house)[0].account_changes == ()


def test_an_update_that_somebody_changed_since_is_not_undone(house: House) -> None:
    """What people made of the view after us is theirs."""
    row = views(house)[2]
    row["active"] = False
    _, ended = cycle(house)
    row["conditions"]["any"] = [{"field": "priority", "operator": "is", "value": "high"}]
    place = house.place()
    with recorded(place, "undo"):
        undo = make_undo(place, ended.run_id)
    assert [told.reason for told in undo.left] == ["somebody has changed it since"]


def take_back(house: House, run_id: RunId) -> RunId:
    place = house.place()
    with recorded(place, "undo") as record:
        run_pull(place, record)
        apply_undo(place, record, make_undo(place, run_id))
    return record.run.id


def test_a_view_that_changes_after_the_plan_is_left_alone(house: House) -> None:
    """The people's newer state wins; the next run decides afresh."""
    row = views(house)[0]
    row["title"] = "One"
    house.advance(3700)
    place = house.place()
    with recorded(place, "apply") as record:
        run_pull(place, record)
        planned = run_plan(place, record)
        row["title"] = "Two"
        applied = run_apply(place, record, planned.plan)
    assert applied.outcomes[Outcome.CONFLICT] == 1
    assert row["title"] == "Two"
    assert cycle(house)[0].account_changes != ()
    assert row["title"] == TITLES[0]


def test_a_colliding_title_is_refused(sqlite_url: str) -> None:
    """A view that zdsync did not make is never touched; the plan says what to do, and everything else goes on."""
    house = House(sqlite_url, tickets=12)
    theirs = house.sandbox.world.add_row(
        "views",
        {**next(iter(house.sandbox.world.tables["views"].values())), "id": 77, "title": "TIER 1 - Queue"},
    )
    before = dict(theirs)
    ended = run_cycle(house.place())
    plan = ended.planned.plan
    assert [notice.name for notice in plan.refused] == ["Tier 1 - queue"]
    assert "  ! view 'Tier 1 - queue' refused: tier 1 asks for a view of this title" in text(plan)
    assert [row["title"] for row in views(house)] == [TITLES[0], *TITLES[2:]]
    assert (theirs, ended.exit_code) == (before, 0)
    assert plan.ticket_changes
    house.close()


def test_a_renamed_group_is_followed(house: House) -> None:
    """Tickets still go there and its view stays; no second group is made; the plan names the new name."""
    group(house, "Specialists")["name"] = "Second line"
    house.advance(3700)
    ticket = house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    house.advance(130)
    plan, _ = cycle(house)
    assert plan.account_changes == ()
    assert "= group 'Specialists' is called 'Second line' in Zendesk by now and is still meant" in text(plan)
    assert "Specialists" not in house.group_names().values()
    assert house.group(ticket) == "Second line"
    assert "tier_2" in house.tags(ticket)


def test_views_stand_in_the_order_of_the_tiers(house: House) -> None:
    """A view that lost its place gets one after the view of the tier below; so does one that has to be made again."""
    rows = views(house)
    for place, row in zip((5, 4, 7, 9), rows, strict=True):
        row["position"] = place
    plan, _ = cycle(house)
    assert "~ view 'Tier 1 - queue': position 4 → 6" in text(plan)
    assert [row["position"] for row in rows] == [5, 6, 7, 9]
    del house.sandbox.world.tables["views"][rows[1]["id"]]
    plan, _ = cycle(house)
    assert [row["position"] for row in views(house)] == [5, 6, 7, 9]
    assert cycle(house)[0].account_changes == ()


def test_what_a_killed_run_made_is_taken_up(sqlite_url: str) -> None:
    """A view or group that was made and not yet written down is ours all the same: there is never a second one."""
    for name in ("create_group", "create_view"):
        house = House(f"{sqlite_url}-{name}", tickets=12)
        steps = Steps()
        run_cycle(House(f"{sqlite_url}-{name}-whole", tickets=12).place(steps.wrap))
        number = steps.names.index(name) + 1
        with pytest.raises(KilledError):
            run_cycle(house.place(Steps(number).wrap))
        house.close()
        run_cycle(house.place())
        house.advance(130)
        assert [row["title"] for row in views(house)] == TITLES
        assert sum(each == "Privacy desk" for each in house.group_names().values()) == 1
        assert cycle(house)[0].account_changes == ()
        assert len(house.query("select object_id from zdsync_objects where object = 'view'")) == 4
        house.close()


def with_field(house: House, wrap: Wrap = lambda _name, port: port) -> Workplace:
    """A process whose rules name a tier field."""
    rules = replace(load_rules(RULES), tier_field="Support tier", digest="with a tier field")
    return house.place(wrap, rules=lambda: rules)


def field_row(house: House) -> dict[str, Any]:
    fields = house.sandbox.world.tables["ticket_fields"].values()
    return next(row for row in fields if row["title"] == "Support tier")


def test_the_tier_field_is_made_and_follows_the_tag(sqlite_url: str) -> None:
    """One option per tier; a ticket that gets a tier tag has the option too, and the next plan is empty."""
    house = House(sqlite_url, tickets=12)
    plan = run_cycle(with_field(house)).planned.plan
    assert (
        "+ field 'Support tier' with 0 - Self-service, 1 - Frontline, 2 - Specialists, 3 - Experts"
        in text(plan)
    )
    row = field_row(house)
    assert row["type"] == "tagger"
    assert [each["value"] for each in row["custom_field_options"]] == ["tier_0", "tier_1", "tier_2", "tier_3"]
    written = [change for change in plan.ticket_changes if change.tier is not None]
    assert written
    for change in written:
        ticket = house.sandbox.world.tickets[change.ticket_id]
        assert ticket.fields[row["id"]] == f"tier_{change.tier}"
    house.advance(3700)
    again = run_cycle(with_field(house)).planned.plan
    assert (again.account_changes, again.ticket_changes, again.refused) == ((), (), ())
    house.close()


def test_the_tier_field_gets_the_options_it_lacks(house: House) -> None:
    """Those that are there stay as they are, ids, names and all; a renamed field is still meant."""
    run_cycle(with_field(house))
    row = field_row(house)
    row["custom_field_options"] = [
        {**row["custom_field_options"][1], "name": "First line"},
        {"id": 5, "name": "Other", "raw_name": "Other", "value": "other_tier", "default": False},
    ]
    row["title"] = "Tier of support"
    house.advance(3700)
    plan = run_cycle(with_field(house)).planned.plan
    assert "~ field 'Support tier' with 0 - Self-service, 2 - Specialists, 3 - Experts" in text(plan)
    assert [(each["name"], each["value"]) for each in row["custom_field_options"]] == [
        ("First line", "tier_1"),
        ("Other", "other_tier"),
        ("0 - Self-service", "tier_0"),
        ("2 - Specialists", "tier_2"),
        ("3 - Experts", "tier_3"),
    ]
    house.advance(3700)
    assert run_cycle(with_field(house)).planned.plan.account_changes == ()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"type": "text"}, "is of type text, not a drop-down"),
        ({"active": False}, "is switched off"),
        ({"title": "Level"}, "the field 'Level' has the tag tier_0 as an option"),
    ],
)
def test_a_field_that_cannot_hold_the_tiers_is_refused(
    sqlite_url: str, change: dict[str, Any], why: str
) -> None:
    """It is left as it is, the plan says why, and tickets get their tags all the same."""
    house = House(sqlite_url, tickets=12)
    theirs = new_field(
        house.sandbox.world,
        "ticket_fields",
        {
            "title": "Support tier",
            "type": "tagger",
            "custom_field_options": [{"name": "Self-service", "value": "tier_0"}],
            **change,
        },
    )
    before = dict(theirs)
    ended = run_cycle(with_field(house))
    (refused,) = ended.planned.plan.refused
    assert why in refused.message
    assert (theirs, ended.exit_code) == (before, 0)
    assert ended.planned.plan.ticket_changes
    house.close()


@pytest.mark.parametrize("step", ["create_tier_field", "add_option"])
@pytest.mark.parametrize("later", [0, 1])
def test_a_run_killed_over_the_field_leaves_one(sqlite_url: str, step: str, later: int) -> None:
    """Killed before or after the field or an option was made: one field, each option once, a settled journal."""

    def prepared(name: str) -> House:
        house = House(f"{sqlite_url}-{name}", tickets=12)
        if step == "add_option":
            run_cycle(with_field(house))
            field_row(house)["custom_field_options"] = []
            house.advance(3700)
        return house

    whole, house, steps = prepared("whole"), prepared("killed"), Steps()
    run_cycle(with_field(whole, steps.wrap))
    with pytest.raises(KilledError):
        run_cycle(with_field(house, Steps(steps.names.index(step) + later).wrap))
    house.close()
    run_cycle(with_field(house))
    house.advance(3700)
    assert run_cycle(with_field(house)).planned.plan.account_changes == ()
    values = [each["value"] for each in field_row(house)["custom_field_options"]]
    assert sorted(values) == ["tier_0", "tier_1", "tier_2", "tier_3"]
    titles = [row["title"] for row in house.sandbox.world.tables["ticket_fields"].values()]
    assert titles.count("Support tier") == 1
    assert house.place().journal.read_open() == ()
    house.close()
    whole.close()


def test_the_views_of_no_tier(sqlite_url: str) -> None:
    """Made for every tier's groups, true to the account's tickets, empty plan after; planted drift is shown and repaired."""
    house = House(sqlite_url, tickets=40)
    rules = replace(
        load_rules(RULES),
        vendor=Vendor("at_vendor", "With the vendor"),
        cracks_view=CracksView("Cracks", unassigned=True),
        digest="with more views",
    )
    run_cycle(house.place(rules=lambda: rules))
    house.advance(3700)
    assert run_cycle(house.place(rules=lambda: rules)).planned.plan.is_empty
    vendor, cracks = (_view(house, title) for title in ("With the vendor", "Cracks"))
    names = {"Help bot", "Frontline", "Specialists", "Engineering"}
    ids = {id for id, name in house.group_names().items() if name in names}
    assert set(vendor["restriction"]["ids"]) == set(cracks["restriction"]["ids"]) == ids
    assert cracks["position"] >= vendor["position"]

    id = house.unsolved()[0]
    house.control.change(id, {"tags": [*house.tags(id), "at_vendor"], "status": "hold"})
    world = house.sandbox.world
    shown = {row.id for row in world.tickets.values() if holds(Asked.now(world, row), cracks["conditions"])}
    assert shown == {
        id
        for id in house.unsolved()
        if not any(tag.startswith("tier_") for tag in house.tags(id))
        or world.tickets[id].group_id is None
        or world.tickets[id].assignee_id is None
    }
    with_vendor = [
        row for row in world.tickets.values() if holds(Asked.now(world, row), vendor["conditions"])
    ]
    assert [row.id for row in with_vendor] == [id]

    before = deepcopy([shape(row) for row in (vendor, cracks)])
    cracks["conditions"]["any"].pop()
    vendor["active"] = False
    house.advance(3700)
    ended = run_cycle(house.place(rules=lambda: rules))
    told = text(ended.planned.plan)
    assert "~ view 'With the vendor': switched on" in told
    assert "~ view 'Cracks': conditions (any) +[group_id is ]" in told
    assert [shape(_view(house, title)) for title in ("With the vendor", "Cracks")] == before
    house.close()


def _view(house: House, title: str) -> dict[str, Any]:
    return next(row for row in house.sandbox.world.tables["views"].values() if row["title"] == title)
