"""Users and organizations: found, changed in bulk, merged, and gone."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Api
from zdsync.sandbox.records import User


def customer(api: Api, number: int = 0) -> User:
    people = [u for u in api.sandbox.world.users.values() if u.role == "end-user" and u.email and u.phone]
    return people[number]


def test_users_are_found(api: Api) -> None:
    """By role, external id, address, the beginning of a name; counted; with what they refer to."""
    world, user = api.sandbox.world, customer(api)
    agents = api.get("users", **{"role[]": ["agent", "admin"]})["users"]
    assert {row["role"] for row in agents} == {"agent", "admin"}
    assert api.get("users/count?role=admin")["count"]["value"] == 1
    known = next(u for u in world.users.values() if u.external_id)
    assert [row["id"] for row in api.get("users", external_id=known.external_id)["users"]] == [known.id]
    many = api.get("users/show_many", external_ids=known.external_id)["users"]
    assert [row["id"] for row in many] == [known.id]
    assert [row["id"] for row in api.get("users/search", query=user.email)["users"]] == [user.id]
    found = api.get("users/autocomplete", name=user.name[:4].lower())["users"]
    assert user.id in [row["id"] for row in found]
    body = api.get("users?include=organizations,groups,identities,roles&role=agent&per_page=3")
    assert body["groups"]
    assert body["roles"]
    assert {row["user_id"] for row in body["identities"]} == {row["id"] for row in body["users"]}


def test_one_user(api: Api) -> None:
    """Identities, groups, organizations, counts and tags hang on a user."""
    user = customer(api)
    kinds = [row["type"] for row in api.get(f"users/{user.id}/identities")["identities"]]
    assert kinds == ["email", "phone_number"]
    agent = api.sandbox.world.find_user("agent@example.com")
    assert [row["name"] for row in api.get(f"users/{agent.id}/groups")["groups"]] == ["Frontline"]
    ticket = api.new_ticket()
    api.put(f"tickets/{ticket.id}", {"ticket": {"requester_id": user.id}})
    assert api.get(f"users/{user.id}/related")["user_related"]["requested_tickets"] >= 1
    path = f"users/{user.id}/tags"
    assert api.post(path, {"tags": ["b", "A"]}).json() == {"tags": ["a", "b"]}
    assert api.put(path, {"tags": ["c"]}).json() == {"tags": ["a", "b", "c"]}
    assert api.call("DELETE", f"{path}?tags=a,b").json() == {"tags": ["c"]}
    assert api.get(path) == {"tags": ["c"]}


def test_unknown_keys_are_named(api: Api) -> None:
    """A user update says which keys it ignored, and refuses an organization that is not there."""
    user = customer(api)
    answer = api.put(f"users/{user.id}", {"user": {"colour": "red", "notes": "N"}})
    assert '"user.colour"' in answer.headers["x-zendesk-api-warn"]
    assert answer.json()["user"]["notes"] == "N"
    assert api.put(f"users/{user.id}", {"user": {"organization_id": 5}}).status_code == 422


def test_users_in_bulk(api: Api) -> None:
    """Jobs tell the fate of each line."""
    first, second = customer(api, 0), customer(api, 1)
    new = [{"name": "New", "email": "new@mail.example"}, {"name": "", "email": "x@mail.example"}]
    lines = api.job(api.post("users/create_many", {"users": new}))["results"]
    assert (lines[0]["status"], lines[1]["error"]) == ("Created", "UserCreateFailed")
    again = [{"name": "Newer", "email": "new@mail.example"}]
    lines = api.job(api.post("users/create_or_update_many", {"users": again}))["results"]
    assert lines == [{"index": 0, "id": lines[0]["id"], "status": "Updated"}]
    given = {"users": [{"id": first.id, "notes": "a"}, {"id": 5, "notes": "b"}]}
    lines = api.job(api.put("users/update_many", given))["results"]
    assert (lines[0]["success"], lines[1]["error"]) == (True, "UserNotFound")
    path = f"users/update_many?ids={first.id},{second.id}"
    api.job(api.put(path, {"user": {"notes": "both"}}))
    assert (first.notes, second.notes) == ("both", "both")
    assert api.put("users/update_many", {"users": [{"id": 1}] * 101}).status_code == 400
    lines = api.job(api.call("DELETE", f"users/destroy_many?ids={first.id},5"))["results"]
    assert (lines[0]["status"], lines[1]["error"]) == ("Deleted", "UserNotFound")
    assert not first.is_active


def test_deleted_users(api: Api) -> None:
    """Gone from lists, kept in the export as inactive, erased for good on request."""
    user = customer(api)
    ident, email = user.id, user.email
    api.call("DELETE", f"users/{ident}")
    assert ident not in [row["id"] for row in api.get("users?page[size]=100&role=end-user")["users"]]
    assert api.call("GET", f"users/{ident}/compliance_deletion_statuses").status_code == 404
    assert [row["id"] for row in api.get("deleted_users")["deleted_users"]] == [ident]
    assert api.get("deleted_users/count")["count"]["value"] == 1
    assert api.get(f"deleted_users/{ident}")["deleted_user"]["email"] == email
    erased = api.call("DELETE", f"deleted_users/{ident}")
    assert erased.json()["deleted_user"]["email"] == email
    assert api.call("GET", f"deleted_users/{ident}").status_code == 404
    assert api.call("GET", f"users/{ident}").status_code == 404
    rows = api.get(f"users/{ident}/compliance_deletion_statuses")["compliance_deletion_statuses"]
    assert [row["action"] for row in rows] == ["request_deletion", "started", "complete"]
    api.sandbox.control.advance(120)
    exported = api.get("incremental/users/cursor?start_time=0")["users"]
    row = next(row for row in exported if row["id"] == ident)
    assert (row["active"], row["email"], row["name"]) == (False, None, "Permanently Deleted User")


def test_merged_users(api: Api) -> None:
    """Tickets and the address go to the target; agents are not merged away."""
    one, other = customer(api, 0), customer(api, 1)
    ticket = api.new_ticket()
    api.put(f"tickets/{ticket.id}", {"ticket": {"requester_id": one.id}})
    merged = api.put(f"users/{one.id}/merge", {"user": {"id": other.id}})
    assert merged.json()["user"]["id"] == other.id
    assert ticket.requester_id == other.id
    assert api.sandbox.world.find_user(one.email or "") is other
    admin = api.sandbox.world.find_user("admin@example.com").id
    assert api.put(f"users/{admin}/merge", {"user": {"id": other.id}}).status_code == 422


def test_organizations(api: Api) -> None:
    """Found, counted, tagged, created or updated by external id."""
    world = api.sandbox.world
    row = next(iter(world.organizations.values()))
    found = api.get("organizations/autocomplete", name=row.name[:3])["organizations"]
    assert row.id in [one["id"] for one in found]
    assert api.get("organizations/count")["count"]["value"] == len(world.organizations)
    related = api.get(f"organizations/{row.id}/related")["organization_related"]
    assert related["users_count"] == len(api.get(f"organizations/{row.id}/users?per_page=100")["users"])
    assert api.put(f"organizations/{row.id}/tags", {"tags": ["gold"]}).json()["tags"] == ["gold"]
    given = {"organization": {"external_id": row.external_id, "notes": "N"}}
    assert api.post("organizations/create_or_update", given).status_code == 200
    assert row.notes == "N"
    fresh = {"organization": {"external_id": "none", "name": "Fresh"}}
    assert api.post("organizations/create_or_update", fresh).status_code == 201


def test_organizations_in_bulk(api: Api) -> None:
    """A job may be completed though lines of it failed, as recorded traffic shows."""
    first, second = list(api.sandbox.world.organizations.values())[:2]
    given = [{"id": first.id, "name": second.name}, {"id": second.id, "notes": "x"}, {"id": 5}]
    job = api.job(api.put("organizations/update_many", {"organizations": given}))
    assert job["status"] == "completed"
    names = [line.get("error") for line in job["results"]]
    assert names == ["OrganizationUpdateFailed", None, "OrganizationNotFound"]
    bulk = api.put(f"organizations/update_many?ids={first.id},{second.id}", {"organization": {"notes": "y"}})
    assert all(line["success"] for line in api.job(bulk)["results"])
    new = {"organizations": [{"name": "Brand new"}, {"name": second.name}]}
    lines = api.job(api.post("organizations/create_many", new))["results"]
    assert (lines[0]["status"], lines[1]["error"]) == ("Created", "OrganizationCreateFailed")
    too_many: Any = {"organizations": [{"name": "x"}] * 101}
    assert api.post("organizations/create_many", too_many).status_code == 400
    assert api.put("organizations/update_many", too_many).status_code == 400
    lines = api.job(api.call("DELETE", f"organizations/destroy_many?ids={first.id},5"))["results"]
    assert (lines[0]["status"], lines[1]["error"]) == ("Deleted", "OrganizationNotFound")


def test_an_organization_leaves_its_people_and_open_tickets(api: Api) -> None:
    """Closed tickets keep the organization they had."""
    world = api.sandbox.world
    user = next(u for u in world.users.values() if u.organization_id and u.role == "end-user")
    row = world.organizations[user.organization_id or 0]
    answer = api.post("tickets", {"ticket": {"requester_id": user.id, "comment": {"body": "x"}}})
    ticket = world.tickets[answer.json()["ticket"]["id"]]
    assert ticket.organization_id == row.id
    assert api.call("DELETE", f"organizations/{row.id}").status_code == 204
    assert api.get(f"users/{user.id}")["user"]["organization_id"] is None
    assert api.get(f"tickets/{ticket.id}")["ticket"]["organization_id"] is None
    assert api.call("GET", f"organizations/{row.id}").status_code == 404


def test_memberships_of_organizations(api: Api) -> None:
    """Everybody's, one user's, one organization's; made and ended."""
    world = api.sandbox.world
    user = next(u for u in world.users.values() if u.organization_id and u.role == "end-user")
    (row,) = api.get(f"users/{user.id}/organization_memberships")["organization_memberships"]
    assert (row["user_id"], row["organization_id"]) == (user.id, user.organization_id)
    path = f"organizations/{user.organization_id}/organization_memberships"
    assert row in api.get(path, include="users,organizations")["organization_memberships"]
    one = f"organization_memberships/{row['id']}"
    assert api.get(one)["organization_membership"] == row
    assert [o["id"] for o in api.get(f"users/{user.id}/organizations")["organizations"]] == [
        user.organization_id
    ]
    given = {"organization_membership": {"user_id": user.id, "organization_id": user.organization_id}}
    assert api.post("organization_memberships", given).status_code == 422
    assert api.call("DELETE", one).status_code == 204
    assert api.call("GET", one).status_code == 404
    assert api.post("organization_memberships", given).status_code == 201
    wrong = {"organization_membership": {"user_id": user.id, "organization_id": 5}}
    assert api.post("organization_memberships", wrong).status_code == 422


def test_who_leaves_a_group_loses_its_working_tickets(api: Api) -> None:
    """A job unassigns what is not solved; another group can become the default one."""
    world = api.sandbox.world
    agent = world.find_user("agent@example.com")
    ticket = api.new_ticket()
    api.put(f"tickets/{ticket.id}", {"ticket": {"assignee_id": agent.id}})
    body = {"group_membership": {"user_id": agent.id, "group_id": api.group("Marketing")}}
    second = api.post("group_memberships", body).json()["group_membership"]
    path = f"users/{agent.id}/group_memberships/{second['id']}/make_default"
    rows = api.call("PUT", path).json()["group_memberships"]
    assert [row["default"] for row in rows] == [False, True]
    assert agent.default_group_id == api.group("Marketing")
    assert api.call("PUT", f"users/5/group_memberships/{second['id']}/make_default").status_code == 404
    able = api.get(f"groups/{api.group('Marketing')}/memberships/assignable")["group_memberships"]
    assert agent.id in [row["user_id"] for row in able]
    first = next(row["id"] for row in rows if row["id"] != second["id"])
    assert api.call("DELETE", f"group_memberships/{first}").status_code == 204
    api.sandbox.control.advance(5)
    assert (ticket.assignee_id, ticket.group_id) == (None, api.group("Frontline"))
