"""Handlers for activities: what happened in the last thirty days on the caller's tickets."""

from __future__ import annotations

from collections.abc import Iterator

from zdsync.sandbox.answers import Json, Reply, not_found
from zdsync.sandbox.call import Call
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.lists import Down, paginate
from zdsync.sandbox.records import Audit, Change, Comment, Ticket
from zdsync.sandbox.render import iso, user_row
from zdsync.sandbox.scope import DAY_S
from zdsync.sandbox.tables import counted


def _happened(call: Call) -> Iterator[tuple[Audit, Ticket, str, Json]]:
    world, own = call.world, call.user.id
    since = world.clock.now() - 30 * DAY_S
    if call.arg("since"):
        since = max(since, parse_stamp(call.arg("since") or ""))
    for position in range(world.log_from(since), len(world.log)):
        audit = world.log[position]
        ticket = world.tickets[audit.ticket_id]
        if ticket.assignee_id != own or ticket.is_deleted or audit.author_id == own:
            continue
        for event in audit.events:
            if isinstance(event, Comment):
                body: Json = {"comment": {"value": event.body, "public": event.is_public}}
                yield audit, ticket, "tickets.comment", body
            elif isinstance(event, Change) and event.field == "assignee_id" and event.new == own:
                yield audit, ticket, "tickets.assignment", {}
            elif isinstance(event, Change) and event.field == "priority":
                yield audit, ticket, "tickets.priority_increase", {"priority": event.new}


def _rows(call: Call) -> list[Json]:
    rows = []
    for audit, ticket, verb, what in _happened(call):
        ident = audit.id + 2
        actor = call.world.users.get(audit.author_id)
        name = actor.name if actor else "System"
        rows.append(
            {
                "url": f"{call.base}/api/v2/activities/{ident}.json",
                "id": ident,
                "title": f"{name}: {verb.removeprefix('tickets.')} on ticket #{ticket.id}.",
                "verb": verb,
                "user_id": call.user.id,
                "actor_id": audit.author_id,
                "updated_at": iso(audit.at),
                "created_at": iso(audit.at),
                "object": what,
                "target": {"ticket": {"id": ticket.id, "subject": ticket.subject}},
                "user": user_row(call.user, call.base),
                "actor": user_row(actor, call.base) if actor else None,
            }
        )
    latest = {row["id"]: row for row in rows}
    return sorted(latest.values(), key=_newest_first)


def _newest_first(row: Json) -> Down:
    return Down((row["created_at"], row["id"]))


def list_activities(call: Call) -> Reply:
    body, page = paginate(call, "activities", _rows(call), lambda row: row, key=_newest_first)
    body["users"] = call.user_rows(row["user_id"] for row in page)
    body["actors"] = call.user_rows(row["actor_id"] for row in page)
    return Reply(body)


def count_activities(call: Call) -> Reply:
    return counted(call, len(_rows(call)))


def show_activity(call: Call, ident: int) -> Reply:
    for row in _rows(call):
        if row["id"] == ident:
            return Reply({"activity": row})
    raise not_found()
