"""Handlers for users: lists, single users, and changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from zdsync.sandbox import tags
from zdsync.sandbox.answers import ApiError, Json, Reply, invalid, not_found, record_invalid, too_many_values
from zdsync.sandbox.auth import anonymous_row
from zdsync.sandbox.call import Call
from zdsync.sandbox.departures import leave, merge_people
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.records import Organization, User
from zdsync.sandbox.render import iso, user_row
from zdsync.sandbox.tables import answer_rows, counted, rows_of, whole
from zdsync.sandbox.world import World


def me(call: Call) -> Reply:
    """The caller; without credentials 200 and the anonymous user, whose id is null."""
    if call.caller is None:
        return Reply({"user": anonymous_row(call.base)})
    row = user_row(call.user, call.base)
    return Reply({"user": row | {"authenticity_token": "sandbox"}})


def _by_id(row: User | Organization) -> int:
    return row.id


def _listed(call: Call) -> list[User]:
    """Active users of the roles and external id asked for, by id."""
    roles = call.request.args.getlist("role[]") or [r for r in (call.arg("role") or "").split(",") if r]
    external = call.arg("external_id")
    found = [
        user
        for user in call.world.users.values()
        if user.is_active
        and (not roles or user.role in roles)
        and (external is None or user.external_id == external)
    ]
    return sorted(found, key=_by_id)


def list_users(call: Call) -> Reply:
    return _user_page(call, _listed(call))


def count_users(call: Call) -> Reply:
    return counted(call, len(_listed(call)))


def _user_page(call: Call, found: list[User]) -> Reply:
    body, page = paginate(call, "users", found, lambda user: user_row(user, call.base), key=_by_id)
    sideload_users(call, body, list(page))
    return Reply(body)


def sideload_users(call: Call, body: Json, users: list[User]) -> None:
    """Organizations, groups, identities and roles of users, if asked for."""
    wanted = call.includes
    if "organizations" in wanted:
        body["organizations"] = call.organization_rows(user.organization_id for user in users)
    if "groups" in wanted:
        idents = {user.id for user in users}
        body["groups"] = call.group_rows(
            group for group, members in call.world.members.items() if members & idents
        )
    if "identities" in wanted:
        body["identities"] = [row for user in users for row in identity_rows(user, call.base)]
    if "roles" in wanted:
        body["roles"] = [call.shown("custom_roles", row) for row in rows_of(call, "custom_roles")]


def users_of(call: Call, choose: Callable[[User], bool]) -> Reply:
    found = sorted((u for u in call.world.users.values() if u.is_active and choose(u)), key=_by_id)
    return _user_page(call, found)


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
    """By `ids` or `external_ids`: deactivated users too, erased ones not."""
    external = set(filter(None, (call.arg("external_ids") or "").split(",")))
    found = [call.world.users.get(ident) for ident in call.ids()]
    found += [user for user in call.world.users.values() if external and user.external_id in external]
    return whole("users", [user_row(user, call.base) for user in found if user and not user.is_erased])


def search_users(call: Call) -> Reply:
    """`/users/search`, by external id, or by a name or address; offset pages up to 10,000."""
    wanted, external = (call.arg("query") or "").lower(), call.arg("external_id")
    wanted = wanted.removeprefix("type:user").strip().removeprefix("email:").strip('"')

    def hit(user: User) -> bool:
        if external is not None:
            return user.external_id == external
        return not wanted or wanted in (user.name.lower(), (user.email or "").lower())

    return users_of(call, hit)


def complete_users(call: Call) -> Reply:
    """`/users/autocomplete?name=`: names that begin so."""
    start = (call.arg("name") or call.json().get("name") or "").lower()
    return users_of(call, lambda user: user.name.lower().startswith(start))


_USER_KEYS = ("name", "phone", "external_id", "locale", "details", "notes", "alias", "time_zone")
_WRITABLE = frozenset(
    {
        *_USER_KEYS,
        "tags",
        "organization_id",
        "organization",
        "suspended",
        "email",
        "user_fields",
        "role",
        "custom_role_id",
        "verified",
        "skip_verify_email",
        "signature",
        "identities",
        "default_group_id",
        "ticket_restriction",
        "remote_photo_url",
    }
)


def _fill_user(world: World, user: User, given: Json) -> None:
    for key in _USER_KEYS:
        if key in given:
            setattr(user, key, given[key])
    if "tags" in given:
        user.tags = tags.normalise(given["tags"])
    if "organization_id" in given:
        if given["organization_id"] is not None and given["organization_id"] not in world.organizations:
            raise invalid("organization", "Organization: is invalid")
        user.organization_id = given["organization_id"]
    if "suspended" in given:
        user.is_suspended = bool(given["suspended"])
    if given.get("email"):
        user.email = str(given["email"])
        world.emails[user.email.lower()] = user.id
    user.fields |= given.get("user_fields") or {}
    world.touch_user(user, world.clock.now())


def save_user(call: Call, given: Json, *, or_update: bool = False) -> tuple[User, bool]:
    """A new user, or with `or_update` the one with this address or external id; True for a new one."""
    world, email = call.world, str(given.get("email") or "").lower()
    known = world.users.get(world.emails.get(email, 0)) if email else None
    if known is None and or_update and given.get("external_id"):
        known = next((u for u in world.users.values() if u.external_id == given["external_id"]), None)
    if known is not None:
        if not or_update:
            raise invalid("email", f"Email: {email} is already being used by another user", "DuplicateValue")
        _fill_user(world, known, given)
        return known, False
    if not given.get("name"):
        raise record_invalid({"name": [{"description": "Name: is too short", "error": "BlankValue"}]})
    now = world.clock.now()
    user = User(world.new_id(), given["name"], None, str(given.get("role") or "end-user"), now, now)
    _fill_user(world, user, given)
    return world.add_user(user), True


def create_user(call: Call, *, or_update: bool = False) -> Reply:
    given = call.body_of("user")
    call.warn(f"user.{key}" for key in given if key not in _WRITABLE)
    user, is_new = save_user(call, given, or_update=or_update)
    return Reply({"user": user_row(user, call.base)}, 201 if is_new else 200)


def update_user(call: Call, ident: int) -> Reply:
    user, given = find_user(call, ident), call.body_of("user")
    call.warn(f"user.{key}" for key in given if key not in _WRITABLE)
    _fill_user(call.world, user, given)
    return Reply({"user": user_row(user, call.base)})


def delete_user(call: Call, ident: int) -> Reply:
    user = find_user(call, ident)
    leave(call.world, user)
    return Reply({"user": user_row(user, call.base)})


def _batch(call: Call, kind: str, name: str, work: Callable[[int, Json], Json]) -> Reply:
    items = call.json().get(name) or []
    if len(items) > 100:
        raise too_many_values()
    return call.queue(kind, [partial(work, i, item) for i, item in enumerate(items)])


def update_many_users(call: Call) -> Reply:
    """Batch (`users`), or bulk (`ids` and one `user`)."""

    def step(index: int, item: Json) -> Json:
        user = call.world.users.get(int(item.get("id") or 0))
        if user is None:
            return {"index": index, "error": "UserNotFound", "id": item.get("id")}
        _fill_user(call.world, user, item)
        return {"action": "update", "id": user.id, "status": "Updated", "success": True}

    if call.arg("ids"):
        given, idents = call.body_of("user"), call.ids()
        items = [{**given, "id": ident} for ident in idents]
        return call.queue("Bulk Update User", [partial(step, i, item) for i, item in enumerate(items)])
    return _batch(call, "Bulk Update User", "users", step)


def create_many_users(call: Call, *, or_update: bool = False) -> Reply:
    """A job: `{"id", "status": "Created"}` for each, or the reason why not."""

    def step(index: int, item: Json) -> Json:
        try:
            user, is_new = save_user(call, item, or_update=or_update)
        except ApiError as error:
            return {"index": index, "error": "UserCreateFailed", "details": error.details}
        return {"index": index, "id": user.id, "status": "Created" if is_new else "Updated"}

    return _batch(call, "Bulk Create User", "users", step)


def destroy_many_users(call: Call) -> Reply:
    def step(ident: int) -> Json:
        user = call.world.users.get(ident)
        if user is None:
            return {"id": ident, "error": "UserNotFound"}
        leave(call.world, user)
        return {"action": "delete", "id": ident, "status": "Deleted", "success": True}

    return call.queue("Bulk Delete User", [partial(step, ident) for ident in call.ids()])


def related(call: Call, ident: int) -> Reply:
    find_user(call, ident)
    tickets = list(call.world.living_tickets())
    counts = {
        "assigned_tickets": sum(ticket.assignee_id == ident for ticket in tickets),
        "requested_tickets": sum(ticket.requester_id == ident for ticket in tickets),
        "ccd_tickets": sum(ident in ticket.email_cc_ids for ticket in tickets),
        "organization_subscriptions": 0,
    }
    return Reply({"user_related": counts})


def merge(call: Call, ident: int) -> Reply:
    """`PUT /users/{id}/merge`: into the user that the body names."""
    given, user = call.body_of("user"), find_user(call, ident)
    target = call.world.users.get(int(given.get("id") or call.world.emails.get(given.get("email") or "", 0)))
    if target is None or target is user or user.is_agent:
        raise invalid("base", "User: cannot be merged")
    merge_people(call.world, user, target)
    return Reply({"user": user_row(target, call.base)})


def groups_of(call: Call, ident: int) -> Reply:
    find_user(call, ident)
    rows = [row for row in rows_of(call, "groups") if ident in call.world.members.get(row["id"], ())]
    return answer_rows(call, "groups", rows)


def user_tags(call: Call, ident: int) -> Reply:
    """GET shows, POST sets, PUT adds, DELETE removes."""
    user = find_user(call, ident)
    user.tags = tags.moved(user.tags, call.request.method, call.json().get("tags") or call.arg("tags"))
    if call.request.method != "GET":
        call.world.touch_user(user, call.world.clock.now())
    return Reply({"tags": user.tags})


def identities(call: Call, ident: int) -> Reply:
    rows = identity_rows(find_user(call, ident), call.base)
    return Reply(paginate(call, "identities", rows, lambda row: row)[0])


def identity_rows(user: User, base: str) -> list[Json]:
    """Ways to reach a person: the address first, then the phone number."""
    found = (("email", user.email, user.is_verified, 1), ("phone_number", user.phone, True, 3))
    return [
        {
            "url": f"{base}/api/v2/users/{user.id}/identities/{user.id + step}.json",
            "id": user.id + step,
            "user_id": user.id,
            "type": kind,
            "value": value,
            "verified": is_verified,
            "primary": kind == "email",
            "created_at": iso(user.created),
            "updated_at": iso(user.updated),
            "deliverable_state": "deliverable",
        }
        for kind, value, is_verified, step in found
        if value
    ]
