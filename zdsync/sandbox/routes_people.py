"""The endpoints of users, groups and organizations."""

from __future__ import annotations

from functools import partial

from zdsync.sandbox import departures, groups_api, organizations_api, people_api, routing_api
from zdsync.sandbox.endpoints import Endpoints

_USER = "/users/<int:ident>"
_ORGANIZATION = "/organizations/<int:ident>"


def fill(table: Endpoints) -> None:
    _users(table)
    _one_user(table)
    _organizations(table)
    _organization_members(table.having(resource="organizations"))
    _groups(table)


def _users(table: Endpoints) -> None:
    api = people_api
    table.get("/users/me", api.me, open_to_all=True)
    table.get("/users", api.list_users)
    table.get("/users/count", api.count_users)
    table.get("/users/show_many", api.show_many_users)
    table.get("/users/search", api.search_users)
    table.add("GET POST", "/users/autocomplete", api.complete_users)
    table.post("/users", api.create_user)
    table.post("/users/create_or_update", partial(api.create_user, or_update=True), "users-update")
    table.post("/users/create_many", api.create_many_users)
    table.post("/users/create_or_update_many", partial(api.create_many_users, or_update=True))
    table.put("/users/update_many", api.update_many_users)
    table.delete("/users/destroy_many", api.destroy_many_users, admin=True)
    gone = table.having(resource="users", admin=True)
    gone.get("/deleted_users", departures.list_deleted)
    gone.get("/deleted_users/count", departures.count_deleted)
    gone.get("/deleted_users/<int:ident>", departures.show_deleted)
    gone.delete("/deleted_users/<int:ident>", departures.erase_deleted)


def _one_user(table: Endpoints) -> None:
    api = people_api
    table.get(_USER, api.show_user)
    table.put(_USER, api.update_user, "per-user-updates", "users-update")
    table.delete(_USER, api.delete_user, admin=True)
    table.put(f"{_USER}/merge", api.merge, admin=True)
    table.get(f"{_USER}/related", api.related)
    table.get(f"{_USER}/identities", api.identities)
    table.get(f"{_USER}/groups", api.groups_of)
    table.get(f"{_USER}/organizations", organizations_api.organizations_of)
    table.get(f"{_USER}/compliance_deletion_statuses", departures.compliance_statuses)
    table.add("GET POST PUT DELETE", f"{_USER}/tags", api.user_tags)
    skills = partial(routing_api.instance_values, kind="agent")
    table.add("GET POST", "/routing/agents/<int:ident>/instance_values", skills)


def _organizations(table: Endpoints) -> None:
    api = organizations_api
    table.get("/organizations", api.list_organizations)
    table.get("/organizations/count", api.count_organizations)
    table.get("/organizations/show_many", api.show_many_organizations)
    table.get("/organizations/search", api.search_organizations)
    table.get("/organizations/autocomplete", api.complete_organizations)
    table.post("/organizations", api.create_organization)
    table.post("/organizations/create_or_update", partial(api.create_organization, or_update=True))
    table.post("/organizations/create_many", api.create_many_organizations)
    table.put("/organizations/update_many", api.update_many_organizations)
    table.delete("/organizations/destroy_many", api.destroy_many_organizations)
    table.get(_ORGANIZATION, api.show_organization)
    table.put(_ORGANIZATION, api.update_organization, "per-organization-updates")
    table.delete(_ORGANIZATION, api.delete_organization)
    table.get(f"{_ORGANIZATION}/related", api.related)
    table.get(f"{_ORGANIZATION}/users", people_api.organization_users)
    table.add("GET POST PUT DELETE", f"{_ORGANIZATION}/tags", api.organization_tags)


def _organization_members(table: Endpoints) -> None:
    api = organizations_api
    table.get("/organization_memberships", api.list_memberships)
    table.post("/organization_memberships", api.create_membership)
    table.get("/organization_memberships/<int:ident>", api.show_membership)
    table.delete("/organization_memberships/<int:ident>", api.delete_membership)
    table.get(f"{_USER}/organization_memberships", partial(api.list_memberships, attribute="id"))
    of = partial(api.list_memberships, attribute="organization_id")
    table.get(f"{_ORGANIZATION}/organization_memberships", of)


def _groups(table: Endpoints) -> None:
    api = groups_api
    table.post("/groups", api.create_group, admin=True)
    table.put("/groups/<int:ident>", api.update_group, admin=True)
    table.get("/groups/<int:ident>/users", people_api.group_users)
    table.post("/group_memberships", api.create_membership, admin=True)
    table.delete("/group_memberships/<int:ident>", api.delete_membership, admin=True)
    of = partial(api.memberships_of, table="group_memberships")
    table.get("/groups/<int:ident>/memberships", partial(of, key="group_id"))
    table.get("/groups/<int:ident>/memberships/assignable", partial(of, key="group_id", suffix="assignable"))
    table.get(f"{_USER}/group_memberships", partial(of, key="user_id"))
    path = f"{_USER}/group_memberships/<int:membership>/make_default"
    table.put(path, api.make_default, admin=True)
