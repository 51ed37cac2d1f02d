"""Groups and views as code: made once, followed by id, brought back when they drift, never taken from others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.test_kill import KilledError, Steps
from tests.house import House
from zdsync.model import RunId
from zdsync.plan.codec import decode, encode
from zdsync.plan.model import Plan, ViewUpdate
from zdsync.ports import Outcome
from zdsync.report.plans import plan_lines
from zdsync.runs.cycle import recorded, run_apply, run_cycle, run_plan, run_pull
from zdsync.runs.undo import apply_undo, make_undo

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
