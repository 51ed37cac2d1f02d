"""How people leave an account: deactivated, merged into another, erased for good."""

from __future__ import annotations

from zdsync.sandbox.answers import Json, Reply, not_found
from zdsync.sandbox.call import Call
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.records import SYSTEM_USER_ID, Change, User
from zdsync.sandbox.render import iso, user_row
from zdsync.sandbox.world import World


def leave(world: World, user: User) -> None:
    """Deactivate; the row stays, in exports with `active` false."""
    user.is_active = False
    world.touch_user(user, world.clock.now())


def erase(world: World, user: User) -> None:
    """Take the personal data away for good."""
    user.is_active, user.is_erased = False, True
    world.emails.pop((user.email or "").lower(), None)
    user.name, user.email, user.phone = "Permanently Deleted User", None, None
    user.details = user.notes = user.alias = user.external_id = None
    user.fields = {}
    world.touch_user(user, world.clock.now())


def merge_people(world: World, source: User, target: User) -> None:
    """Tickets and address move to the target, the source is deactivated."""
    now = world.clock.now()
    for ticket in world.tickets.values():
        if ticket.requester_id == source.id:
            ticket.requester_id = target.id
            events = (Change("requester_id", source.id, target.id),)
            world.record(ticket, now, SYSTEM_USER_ID, "rule", events)
    if source.email:
        world.emails[source.email.lower()] = target.id
        target.email = target.email or source.email
    source.is_active = False
    world.touch_user(source, now)
    world.touch_user(target, now)


def _gone(call: Call) -> list[User]:
    found = [user for user in call.world.users.values() if not user.is_active and not user.is_erased]
    return sorted(found, key=lambda user: user.id)


def list_deleted(call: Call) -> Reply:
    """`GET /deleted_users`: deactivated, not yet erased."""
    show = lambda user: user_row(user, call.base)  # noqa: E731
    return Reply(paginate(call, "deleted_users", _gone(call), show, key=lambda user: user.id)[0])


def find_deleted(call: Call, ident: int) -> User:
    for user in _gone(call):
        if user.id == ident:
            return user
    raise not_found()


def show_deleted(call: Call, ident: int) -> Reply:
    return Reply({"deleted_user": user_row(find_deleted(call, ident), call.base)})


def count_deleted(call: Call) -> Reply:
    return Reply({"count": {"value": len(_gone(call)), "refreshed_at": iso(call.world.clock.now())}})


def erase_deleted(call: Call, ident: int) -> Reply:
    """`DELETE /deleted_users/{id}`: permanent; the answer still shows who it was."""
    user = find_deleted(call, ident)
    shown = user_row(user, call.base)
    erase(call.world, user)
    return Reply({"deleted_user": shown})


def compliance_statuses(call: Call, ident: int) -> Reply:
    """How far a permanent deletion has come: here it is done at once."""
    user = call.world.users.get(ident)
    if user is None or not user.is_erased:
        raise not_found()
    steps = (("request_deletion", "all"), ("started", "support"), ("complete", "support"))
    rows: list[Json] = [
        {
            "action": action,
            "application": application,
            "account_subdomain": call.world.subdomain,
            "user_id": ident,
            "executer_id": call.user.id if application == "all" else None,
            "created_at": iso(user.updated),
        }
        for action, application in steps
    ]
    return Reply({"compliance_deletion_statuses": rows})
