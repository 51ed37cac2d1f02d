"""Handlers for organizations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from zdsync.sandbox import tags
from zdsync.sandbox.answers import ApiError, Json, Reply, invalid, not_found, record_invalid, too_many_values
from zdsync.sandbox.call import Call
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.records import SYSTEM_USER_ID, Change, Organization, User
from zdsync.sandbox.render import iso, organization_row
from zdsync.sandbox.tables import counted
from zdsync.sandbox.world import World


def _by_id(row: Organization) -> int:
    return row.id


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


def save_organization(call: Call, given: Json) -> Organization:
    """A new organization; raises 422 for a blank or a taken name."""
    name = str(given.get("name") or "")
    if not name:
        raise record_invalid({"name": [{"description": "Name: is too short", "error": "BlankValue"}]})
    if any(row.name == name for row in _living(call.world)):
        raise invalid("name", f"Name: {name} has already been taken", "DuplicateValue")
    now = call.world.clock.now()
    row = Organization(call.world.new_id(), name, now, now)
    fill_organization(call.world, row, given)
    return call.world.add_organization(row)


def create_organization(call: Call, *, or_update: bool = False) -> Reply:
    given = call.body_of("organization")
    if or_update:
        for row in _living(call.world):
            if row.id == given.get("id") or (row.external_id and row.external_id == given.get("external_id")):
                fill_organization(call.world, row, given)
                return Reply({"organization": organization_row(row, call.base)})
    return Reply({"organization": organization_row(save_organization(call, given), call.base)}, 201)


def update_organization(call: Call, ident: int) -> Reply:
    row = find_organization(call, ident)
    fill_organization(call.world, row, call.body_of("organization"))
    return Reply({"organization": organization_row(row, call.base)})


def leave_organization(world: World, row: Organization) -> None:
    """Delete an organization: its users and their open tickets lose it."""
    now = world.clock.now()
    row.deleted_at = now
    world.touch_organization(row, now)
    for user in world.users.values():
        if user.organization_id == row.id:
            user.organization_id = None
            world.touch_user(user, now)
    for ticket in world.living_tickets():
        if ticket.organization_id == row.id and ticket.status != "closed":
            ticket.organization_id = None
            events = (Change("organization_id", row.id, None),)
            world.record(ticket, now, SYSTEM_USER_ID, "rule", events)


def delete_organization(call: Call, ident: int) -> Reply:
    leave_organization(call.world, find_organization(call, ident))
    return Reply(None, 204)


def count_organizations(call: Call) -> Reply:
    return counted(call, len(_living(call.world)))


def complete_organizations(call: Call) -> Reply:
    """`/organizations/autocomplete?name=`: names that begin so."""
    start = (call.arg("name") or "").lower()
    found = [row for row in _living(call.world) if row.name.lower().startswith(start)]
    show = lambda row: organization_row(row, call.base)  # noqa: E731
    return Reply(paginate(call, "organizations", found, show, key=_by_id)[0])


def related(call: Call, ident: int) -> Reply:
    find_organization(call, ident)
    counts = {
        "tickets_count": sum(t.organization_id == ident for t in call.world.living_tickets()),
        "users_count": sum(u.organization_id == ident and u.is_active for u in call.world.users.values()),
    }
    return Reply({"organization_related": counts})


def organization_tags(call: Call, ident: int) -> Reply:
    """GET shows, POST sets, PUT adds, DELETE removes."""
    row = find_organization(call, ident)
    row.tags = tags.moved(row.tags, call.request.method, call.json().get("tags") or call.arg("tags"))
    if call.request.method != "GET":
        call.world.touch_organization(row, call.world.clock.now())
    return Reply({"tags": row.tags})


def update_many_organizations(call: Call) -> Reply:
    """A job; a name somebody else has fails its line as recorded bodies show."""
    if call.arg("ids"):
        items = [{**call.body_of("organization"), "id": ident} for ident in call.ids()]
    else:
        items = call.json().get("organizations") or []
    if len(items) > 100:
        raise too_many_values()

    def step(index: int, item: Json) -> Json:
        row = call.world.organizations.get(int(item.get("id") or 0))
        if row is None or row.deleted_at is not None:
            return {"index": index, "id": item.get("id"), "error": "OrganizationNotFound"}
        name = item.get("name")
        if name and any(other.name == name and other is not row for other in _living(call.world)):
            text = f"Name: {name} has already been taken"
            return {"index": index, "id": row.id, "error": "OrganizationUpdateFailed", "details": text}
        fill_organization(call.world, row, item)
        return {"action": "update", "id": row.id, "status": "Updated", "success": True}

    steps = [partial(step, index, item) for index, item in enumerate(items)]
    return call.queue("Bulk Update Organization", steps)


def create_many_organizations(call: Call) -> Reply:
    items = call.json().get("organizations") or []
    if len(items) > 100:
        raise too_many_values()

    def step(index: int, item: Json) -> Json:
        try:
            return {"index": index, "id": save_organization(call, item).id, "status": "Created"}
        except ApiError as error:
            return {"index": index, "error": "OrganizationCreateFailed", "details": error.details}

    steps = [partial(step, index, item) for index, item in enumerate(items)]
    return call.queue("Bulk Create Organization", steps)


def destroy_many_organizations(call: Call) -> Reply:
    def step(ident: int) -> Json:
        row = call.world.organizations.get(ident)
        if row is None or row.deleted_at is not None:
            return {"id": ident, "error": "OrganizationNotFound"}
        leave_organization(call.world, row)
        return {"action": "delete", "id": ident, "status": "Deleted", "success": True}

    steps = [partial(step, ident) for ident in call.ids()]
    return call.queue("Bulk Delete Organization", steps)


def _membership_row(call: Call, user: User) -> Json:
    organization = call.world.organizations.get(user.organization_id or 0)
    ident = membership_id(user)
    return {
        "url": f"{call.base}/api/v2/organization_memberships/{ident}.json",
        "id": ident,
        "user_id": user.id,
        "organization_id": user.organization_id,
        "default": True,
        "created_at": iso(user.created),
        "organization_name": organization.name if organization else None,
        "updated_at": iso(user.updated),
        "view_tickets": False,
    }


def membership_id(user: User) -> int:
    """People take ids in steps of 128, so that the next ones are free for what hangs on them."""
    return user.id + 2


def list_memberships(call: Call, attribute: str = "", ident: int = 0) -> Reply:
    """Who is in which organization: everybody, one user (`id`), or one organization."""
    found = sorted(
        (
            user
            for user in call.world.users.values()
            if user.organization_id
            and user.is_active
            and (not attribute or getattr(user, attribute) == ident)
        ),
        key=lambda user: user.id,
    )
    show = lambda user: _membership_row(call, user)  # noqa: E731
    body, page = paginate(call, "organization_memberships", found, show, key=lambda user: user.id)
    if "users" in call.includes:
        body["users"] = call.user_rows(user.id for user in page)
    if "organizations" in call.includes:
        body["organizations"] = call.organization_rows(user.organization_id for user in page)
    return Reply(body)


def _member(call: Call, ident: int) -> User:
    user = call.world.users.get(ident - 2)
    if user is None or not user.organization_id:
        raise not_found()
    return user


def show_membership(call: Call, ident: int) -> Reply:
    return Reply({"organization_membership": _membership_row(call, _member(call, ident))})


def create_membership(call: Call) -> Reply:
    """A person of this account is in one organization at a time."""
    given = call.body_of("organization_membership")
    user = call.world.users.get(int(given.get("user_id") or 0))
    organization = call.world.organizations.get(int(given.get("organization_id") or 0))
    if user is None or organization is None or organization.deleted_at is not None:
        raise invalid("base", "Organization membership: is invalid")
    if user.organization_id is not None:
        raise invalid("organization_id", "Organization: has already been taken", "DuplicateValue")
    user.organization_id = organization.id
    call.world.touch_user(user, call.world.clock.now())
    return Reply({"organization_membership": _membership_row(call, user)}, 201)


def delete_membership(call: Call, ident: int) -> Reply:
    user = _member(call, ident)
    user.organization_id = None
    call.world.touch_user(user, call.world.clock.now())
    return Reply(None, 204)


def organizations_of(call: Call, ident: int) -> Reply:
    """`/users/{id}/organizations`."""
    user = call.world.users.get(ident)
    if user is None:
        raise not_found()
    rows = [row for row in _living(call.world) if row.id == user.organization_id]
    show = lambda row: organization_row(row, call.base)  # noqa: E731
    return Reply(paginate(call, "organizations", rows, show, key=_by_id)[0])
