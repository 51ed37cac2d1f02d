"""Handlers for users and organizations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from zdsync.sandbox import tags, unverified
from zdsync.sandbox.answers import Json, Reply, invalid, not_found, record_invalid
from zdsync.sandbox.auth import anonymous_row
from zdsync.sandbox.call import Call
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.records import Organization, User
from zdsync.sandbox.render import iso, organization_row, user_row
from zdsync.sandbox.world import World


def me(call: Call) -> Reply:
    """The caller; without credentials 200 and the anonymous user, whose id is null."""
    if call.caller is None:
        return Reply({"user": anonymous_row(call.base)})
    row = user_row(call.user, call.base)
    return Reply({"user": row | {"authenticity_token": "sandbox"}})


def current_token(call: Call) -> Reply:
    """`GET /oauth/tokens/current`: what the token of this very request may do, and until when."""
    caller = call.caller
    if caller is None or caller.scopes is None:
        raise unverified.no_current_token()
    ends = None if caller.expires is None else iso(int(caller.expires))
    return Reply({"token": {"user_id": caller.user.id, "scopes": sorted(caller.scopes), "expires_at": ends}})


def _by_id(row: User | Organization) -> int:
    return row.id


def list_users(call: Call) -> Reply:
    role = call.arg("role") or call.arg("role[]")
    found = [
        user
        for user in call.world.users.values()
        if user.is_active and (role is None or user.role in role.split(","))
    ]
    if call.arg("external_id"):
        found = [user for user in found if user.external_id == call.arg("external_id")]
    found.sort(key=_by_id)
    body, page = paginate(call, "users", found, lambda user: user_row(user, call.base), key=_by_id)
    if "organizations" in call.includes:
        body["organizations"] = call.organization_rows(user.organization_id for user in page)
    return Reply(body)


def users_of(call: Call, choose: Callable[[User], bool]) -> Reply:
    found = sorted((u for u in call.world.users.values() if u.is_active and choose(u)), key=_by_id)
    return Reply(paginate(call, "users", found, lambda user: user_row(user, call.base), key=_by_id)[0])


def group_users(call: Call, ident: int) -> Reply:
    call.row("groups", ident)
    members = call.world.members.get(ident, set())
    return users_of(call, lambda user: user.id in members)


def organization_users(call: Call, ident: int) -> Reply:
    return users_of(call, lambda user: user.organization_id == ident)


def find_user(call: Call, ident: int) -> User:
    user = call.world.users.get(ident)
    if user is None or user.is_erased:
        raise not_found()
    return user


def show_user(call: Call, ident: int) -> Reply:
    return Reply({"user": user_row(find_user(call, ident), call.base)})


def show_many_users(call: Call) -> Reply:
    found = [user for ident in call.ids() if (user := call.world.users.get(ident)) and not user.is_erased]
    rows = [user_row(user, call.base) for user in found]
    return Reply({"users": rows, "count": len(rows), "next_page": None, "previous_page": None})


def search_users(call: Call) -> Reply:
    wanted, external = (call.arg("query") or "").lower(), call.arg("external_id")
    wanted = wanted.removeprefix("email:").strip('"')

    def hit(user: User) -> bool:
        if external is not None:
            return user.external_id == external
        return wanted in (user.name.lower(), (user.email or "").lower())

    return users_of(call, hit)


_USER_KEYS = ("name", "phone", "external_id", "locale", "details", "notes", "alias")


def _fill_user(world: World, user: User, given: Json) -> None:
    for key in _USER_KEYS:
        if key in given:
            setattr(user, key, given[key])
    if "tags" in given:
        user.tags = tags.normalise(given["tags"])
    if "organization_id" in given:
        user.organization_id = given["organization_id"]
    if "suspended" in given:
        user.is_suspended = bool(given["suspended"])
    if given.get("email"):
        user.email = str(given["email"])
        world.emails[user.email.lower()] = user.id
    user.fields |= given.get("user_fields") or {}
    world.touch_user(user, world.clock.now())


def create_user(call: Call, *, or_update: bool = False) -> Reply:
    given = call.body_of("user")
    world, email = call.world, str(given.get("email") or "").lower()
    known = world.emails.get(email) if email else None
    if known is not None:
        if not or_update:
            raise invalid("email", f"Email: {email} is already being used by another user", "DuplicateValue")
        _fill_user(world, world.users[known], given)
        return Reply({"user": user_row(world.users[known], call.base)})
    if not given.get("name"):
        raise record_invalid({"name": [{"description": "Name: is too short", "error": "BlankValue"}]})
    now = world.clock.now()
    user = User(world.new_id(), given["name"], None, str(given.get("role") or "end-user"), now, now)
    _fill_user(world, user, given)
    world.add_user(user)
    return Reply({"user": user_row(user, call.base)}, 201)


def update_user(call: Call, ident: int) -> Reply:
    user = find_user(call, ident)
    _fill_user(call.world, user, call.body_of("user"))
    return Reply({"user": user_row(user, call.base)})


def delete_user(call: Call, ident: int) -> Reply:
    user = find_user(call, ident)
    user.is_active = False
    call.world.touch_user(user, call.world.clock.now())
    return Reply({"user": user_row(user, call.base)})


def update_many_users(call: Call) -> Reply:
    items = call.json().get("users") or []

    def step(index: int, item: Json) -> Json:
        user = call.world.users.get(int(item.get("id") or 0))
        if user is None:
            return {"index": index, "error": "UserNotFound", "id": item.get("id")}
        _fill_user(call.world, user, item)
        return {"action": "update", "id": user.id, "status": "Updated", "success": True}

    job = call.jobs.add("Bulk Update User", [partial(step, i, item) for i, item in enumerate(items)])
    return Reply({"job_status": call.jobs.row(job, call.base)})


def identities(call: Call, ident: int) -> Reply:
    user = find_user(call, ident)
    rows: list[Json] = []
    if user.email:
        rows.append(
            {
                "url": f"{call.base}/api/v2/users/{user.id}/identities/{user.id + 1}.json",
                "id": user.id + 1,
                "user_id": user.id,
                "type": "email",
                "value": user.email,
                "verified": user.is_verified,
                "primary": True,
                "created_at": iso(user.created),
                "updated_at": iso(user.updated),
            }
        )
    return Reply({"identities": rows, "count": len(rows), "next_page": None, "previous_page": None})


def _living(world: World) -> list[Organization]:
    return sorted((o for o in world.organizations.values() if o.deleted_at is None), key=_by_id)


def list_organizations(call: Call) -> Reply:
    show: Callable[[Organization], Any] = lambda row: organization_row(row, call.base)  # noqa: E731
    return Reply(paginate(call, "organizations", _living(call.world), show, key=_by_id)[0])


def find_organization(call: Call, ident: int) -> Organization:
    organization = call.world.organizations.get(ident)
    if organization is None or organization.deleted_at is not None:
        raise not_found()
    return organization


def show_organization(call: Call, ident: int) -> Reply:
    return Reply({"organization": organization_row(find_organization(call, ident), call.base)})


def show_many_organizations(call: Call) -> Reply:
    wanted = set(call.ids())
    external = set(filter(None, (call.arg("external_ids") or "").split(",")))
    rows = [
        organization_row(row, call.base)
        for row in _living(call.world)
        if row.id in wanted or row.external_id in external
    ]
    return Reply({"organizations": rows, "count": len(rows), "next_page": None, "previous_page": None})


def search_organizations(call: Call) -> Reply:
    name, external = call.arg("name"), call.arg("external_id")
    rows = [
        organization_row(row, call.base)
        for row in _living(call.world)
        if (name is not None and row.name == name) or (external is not None and row.external_id == external)
    ]
    return Reply({"organizations": rows, "count": len(rows), "next_page": None, "previous_page": None})


_ORGANIZATION_KEYS = ("name", "external_id", "details", "notes", "group_id")


def fill_organization(world: World, row: Organization, given: Json) -> None:
    for key in _ORGANIZATION_KEYS:
        if key in given:
            setattr(row, key, given[key])
    if "tags" in given:
        row.tags = tags.normalise(given["tags"])
    if "domain_names" in given:
        row.domain_names = tuple(given["domain_names"])
    row.fields |= given.get("organization_fields") or {}
    world.touch_organization(row, world.clock.now())


def create_organization(call: Call) -> Reply:
    given = call.body_of("organization")
    name = str(given.get("name") or "")
    if not name:
        raise record_invalid({"name": [{"description": "Name: is too short", "error": "BlankValue"}]})
    if any(row.name == name for row in _living(call.world)):
        raise invalid("name", f"Name: {name} has already been taken", "DuplicateValue")
    now = call.world.clock.now()
    row = Organization(call.world.new_id(), name, now, now)
    fill_organization(call.world, row, given)
    call.world.add_organization(row)
    return Reply({"organization": organization_row(row, call.base)}, 201)


def update_organization(call: Call, ident: int) -> Reply:
    row = find_organization(call, ident)
    fill_organization(call.world, row, call.body_of("organization"))
    return Reply({"organization": organization_row(row, call.base)})


def delete_organization(call: Call, ident: int) -> Reply:
    row = find_organization(call, ident)
    row.deleted_at = call.world.clock.now()
    call.world.touch_organization(row, row.deleted_at)
    return Reply(None, 204)
