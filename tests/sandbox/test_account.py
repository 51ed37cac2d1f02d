"""Groups, views, fields and the rest of the configuration."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Api, connect


def view(api: Api, **body: Any) -> Any:
    return api.post("views", {"view": body})


def test_create_group_and_membership(api: Api) -> None:
    """A new group is empty until somebody joins it; a name can be taken once."""
    answer = api.post("groups", {"group": {"name": "Privacy desk"}})
    assert answer.status_code == 201
    group = answer.json()["group"]
    assert (group["name"], group["deleted"], group["default"]) == ("Privacy desk", False, False)
    assert api.post("groups", {"group": {"name": "privacy desk"}}).status_code == 422
    assert api.get(f"groups/{group['id']}/memberships")["group_memberships"] == []
    agent = api.sandbox.world.find_user("agent@example.com")
    body = {"group_membership": {"user_id": agent.id, "group_id": group["id"]}}
    assert api.post("group_memberships", body).status_code == 201
    assert [row["id"] for row in api.get(f"groups/{group['id']}/users")["users"]] == [agent.id]
    ticket = api.new_ticket()
    given = {"ticket": {"group_id": group["id"], "assignee_id": agent.id}}
    assert api.put(f"tickets/{ticket.id}", given).status_code == 200


def test_only_admins_make_groups(api: Api) -> None:
    """An agent gets the 403 of a missing role."""
    agent = connect(api.sandbox, "agent@example.com")
    assert agent.post("groups", {"group": {"name": "Mine"}}).status_code == 403


def test_assignable_memberships(api: Api) -> None:
    """Light agents are members but cannot be assigned."""
    light = api.sandbox.world.find_user("light@example.com").id
    everyone = {row["user_id"] for row in api.get("group_memberships")["group_memberships"]}
    able = {row["user_id"] for row in api.get("group_memberships/assignable")["group_memberships"]}
    assert light in everyone
    assert light not in able


def test_views(api: Api) -> None:
    """Written with `all` and `output` under `view`, read with `conditions` and `execution`."""
    answer = view(
        api,
        title="Tier 2 - queue",
        all=[
            {"field": "status", "operator": "less_than", "value": "solved"},
            {"field": "current_tags", "operator": "includes", "value": "tier_2"},
        ],
        output={"columns": ["status", "nice_id", "requester"], "group_by": "priority", "sort_by": "created"},
        restriction={"type": "Group", "ids": [api.group("Specialists")]},
    )
    assert answer.status_code == 201
    row = answer.json()["view"]
    assert "output" not in row
    assert "all" not in row
    assert row["conditions"]["all"][1] == {"field": "current_tags", "operator": "includes", "value": "tier_2"}
    assert [column["id"] for column in row["execution"]["columns"]] == ["status", "nice_id", "requester"]
    ticket = api.new_ticket()
    api.put(f"tickets/{ticket.id}", {"ticket": {"tags": ["tier_2"]}})
    assert [t["id"] for t in api.get(f"views/{row['id']}/tickets")["tickets"]] == [ticket.id]
    assert api.get(f"views/{row['id']}/count")["view_count"]["value"] == 1
    changed = api.put(f"views/{row['id']}", {"view": {"id": row["id"], "title": "New title"}})
    assert '"view.id"' in changed.headers["x-zendesk-api-warn"]
    assert changed.json()["view"]["conditions"] == row["conditions"]
    many = api.put("views/update_many", {"views": [{"id": row["id"], "active": False, "position": 3}]})
    assert many.json()["views"][0]["position"] == 3
    assert api.call("DELETE", f"views/{row['id']}").status_code == 204


def test_view_validation(api: Api) -> None:
    """One required condition, known columns, at most ten of them."""
    tags = [{"field": "current_tags", "operator": "includes", "value": "x"}]
    assert view(api, title="T", all=tags).status_code == 422
    status = [{"field": "status", "operator": "is", "value": "new"}]
    assert view(api, title="T", all=status).status_code == 201
    assert view(api, title="T", all=status, output={"columns": ["nonsense"]}).status_code == 422
    assert view(api, title="T", all=status, output={"columns": ["status"] * 11}).status_code == 422
    assert view(api, all=status).status_code == 422


def test_view_definitions_know_the_account(api: Api) -> None:
    """Groups and drop-down options are among the values."""
    rows = api.get("views/definitions")["definitions"]["conditions_all"]
    by_subject = {row["subject"]: row for row in rows}
    assert "Engineering" in [value["title"] for value in by_subject["group_id"]["values"]]
    area = api.sandbox.world.by_name("ticket_fields", "Area")["id"]
    assert "billing" in [value["value"] for value in by_subject[f"custom_fields_{area}"]["values"]]


def test_field_options(api: Api) -> None:
    """Options left out of an update vanish together with their values."""
    area = api.sandbox.world.by_name("ticket_fields", "Area")
    ticket = api.new_ticket()
    body = {"ticket": {"custom_fields": [{"id": area["id"], "value": "legal"}]}}
    api.put(f"tickets/{ticket.id}", body)
    added = api.post(
        f"ticket_fields/{area['id']}/options", {"custom_field_option": {"name": "New", "value": "new_area"}}
    )
    assert added.status_code == 201
    kept = [
        o
        for o in api.get(f"ticket_fields/{area['id']}")["ticket_field"]["custom_field_options"]
        if o["value"] != "legal"
    ]
    answer = api.put(f"ticket_fields/{area['id']}", {"ticket_field": {"custom_field_options": kept}})
    assert "legal" not in [o["value"] for o in answer.json()["ticket_field"]["custom_field_options"]]
    rows = api.get(f"tickets/{ticket.id}")["ticket"]["custom_fields"]
    assert next(row["value"] for row in rows if row["id"] == area["id"]) is None


def test_hostile_titles(api: Api) -> None:
    """A custom field called Status and two of one title exist on purpose."""
    titles = [row["title"] for row in api.get("ticket_fields")["ticket_fields"]]
    assert "Status" in titles
    assert titles.count("Reference") == 2


def test_configuration_lists(api: Api) -> None:
    """Every configuration list answers with its rows and their addresses."""
    for path, name in (
        ("brands", "brands"),
        ("ticket_forms", "ticket_forms"),
        ("custom_statuses", "custom_statuses"),
        ("triggers", "triggers"),
        ("automations", "automations"),
        ("macros", "macros"),
        ("slas/policies", "sla_policies"),
        ("business_hours/schedules", "schedules"),
        ("organization_fields", "organization_fields"),
        ("user_fields", "user_fields"),
        ("satisfaction_reasons", "reasons"),
    ):
        rows = api.get(path)[name]
        assert rows, path
        assert all(row["url"].startswith("https://example.zendesk.com/api/v2/") for row in rows)
    schedule = api.get("business_hours/schedules")["schedules"][0]
    assert schedule["time_zone"] == "London"
    assert api.get(f"business_hours/schedules/{schedule['id']}/holidays")["holidays"]


def test_people(api: Api) -> None:
    """Users and organizations are shown, changed and merged away."""
    world = api.sandbox.world
    user = next(u for u in world.users.values() if u.organization_id)
    shown = api.get(f"users/{user.id}")["user"]
    assert shown["organization_id"] == user.organization_id
    assert api.get("users/show_many", ids=f"{user.id},5")["users"] == [shown]
    plan = api.get(f"organizations/{user.organization_id}")["organization"]["organization_fields"]["plan"]
    assert plan in {"free", "starter", "pro", "enterprise"}
    other = next(u for u in world.users.values() if u.role == "end-user" and u.id != user.id)
    api.sandbox.control.merge_users(user.id, other.id)
    assert api.get(f"users/{user.id}")["user"]["active"] is False
    assert not [t for t in world.tickets.values() if t.requester_id == user.id]
    api.sandbox.control.delete_user(other.id, permanently=True)
    assert api.call("GET", f"users/{other.id}").status_code == 404
