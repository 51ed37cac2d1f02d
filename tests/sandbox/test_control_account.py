"""What an admin changes in the account's pages: the API shows it at once."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Api


def test_rows_come_change_and_go(api: Api) -> None:
    """Each as its endpoint lists it; groups and brands that go stay, marked."""
    control = api.sandbox.control
    policy = control.add_row("slas/policies", {"title": "Fast", "position": 1})
    assert api.get(f"slas/policies/{policy}")["sla_policy"]["title"] == "Fast"
    api.sandbox.clock.advance(60)
    control.change_row("slas/policies", policy, {"title": "Slow"})
    row = api.get(f"slas/policies/{policy}")["sla_policy"]
    assert row["title"] == "Slow"
    assert row["updated_at"] > row["created_at"]
    control.remove_row("slas/policies", policy)
    assert policy not in [row["id"] for row in api.get("slas/policies")["sla_policies"]]
    for table, mark in (("groups", "deleted"), ("brands", "is_deleted")):
        id = next(iter(api.sandbox.world.tables[table]))
        control.remove_row(table, id)
        assert api.sandbox.world.tables[table][id][mark] is True
    with pytest.raises(LookupError):
        control.remove_row("macros", 1)


def test_holidays_are_set_as_a_whole(api: Api) -> None:
    """One that keeps its id stays the same holiday."""
    schedule = next(iter(api.sandbox.world.tables["business_hours/schedules"]))
    kept = api.get(f"business_hours/schedules/{schedule}/holidays")["holidays"][0]
    new = {"name": "Inventory", "start_date": "2027-02-01", "end_date": "2027-02-01"}
    api.sandbox.control.set_holidays(schedule, [kept, new])
    found = api.get(f"business_hours/schedules/{schedule}/holidays")["holidays"]
    assert found[0] == kept
    assert (found[1]["name"], found[1]["id"] > kept["id"]) == ("Inventory", True)


def test_a_deleted_company_is_told_by_the_export_alone(api: Api) -> None:
    """The list does not have it any more."""
    id = next(iter(api.sandbox.world.organizations))
    api.sandbox.control.delete_organization(id)
    assert id not in [row["id"] for row in api.get("organizations")["organizations"]]
    assert api.sandbox.control.truth("organizations", id)["deleted_at"]
