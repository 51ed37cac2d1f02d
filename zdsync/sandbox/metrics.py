"""Ticket metrics, derived from a ticket's audits whenever they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from zdsync.sandbox.answers import Json
from zdsync.sandbox.records import Audit, Change, Comment, Ticket
from zdsync.sandbox.render import iso, iso_or_none
from zdsync.sandbox.world import World

#: Share of calendar time that counts as business time: the sandbox's figure is a scale, not a calendar.
BUSINESS_SHARE = 47.5 / 168


@dataclass(slots=True)
class Tally:
    """What the audits of one ticket add up to."""

    replies: int = 0
    reopens: int = 0
    group_stations: int = 0
    assignee_stations: int = 0
    first_reply: int | None = None
    first_solved: int | None = None
    solved: int | None = None
    assigned: int | None = None
    initially_assigned: int | None = None
    status_at: int = 0
    requester_at: int = 0
    assignee_at: int | None = None
    comment_at: int | None = None
    waited: dict[str, int] = field(default_factory=dict)
    groups: set[int] = field(default_factory=set)
    assignees: set[int] = field(default_factory=set)


def tally(world: World, ticket: Ticket) -> Tally:
    """Fold a ticket's audits into counts and moments."""
    got = Tally(status_at=ticket.created, requester_at=ticket.created)
    status, since = "new", ticket.created
    for audit in ticket.audits:
        at = audit.at
        for event in audit.events:
            if type(event) is Comment:
                _comment(world, ticket, got, audit, event)
            elif type(event) is Change:
                if event.field == "status":
                    got.waited[status] = got.waited.get(status, 0) + at - since
                    _status(got, status, event.new, at)
                    status, since = event.new, at
                elif event.new is not None:
                    _station(got, event, at)
        if audit.author_id == ticket.requester_id:
            got.requester_at = at
        elif audit.author_id in got.assignees:
            got.assignee_at = at
    got.group_stations, got.assignee_stations = len(got.groups), len(got.assignees)
    if status not in ("solved", "closed"):
        got.solved = None
        got.waited[status] = got.waited.get(status, 0) + world.clock.now() - since
    return got


def _comment(world: World, ticket: Ticket, got: Tally, audit: Audit, comment: Comment) -> None:
    got.comment_at = audit.at
    author = world.users.get(comment.author_id)
    by_agent = comment.is_public and author is not None and author.role != "end-user"
    if by_agent and audit is not ticket.audits[0]:
        got.replies += 1
        got.first_reply = got.first_reply or audit.at


def _station(got: Tally, step: Change, at: int) -> None:
    if step.field == "group_id":
        got.groups.add(step.new)
    elif step.field == "assignee_id":
        got.assignees.add(step.new)
        got.assigned = at
        got.initially_assigned = got.initially_assigned or at


def _status(got: Tally, old: str, new: str, at: int) -> None:
    got.status_at = at
    if new == "solved":
        got.solved = at
        got.first_solved = got.first_solved or at
    elif old == "solved" and new != "closed":
        got.reopens += 1


def _minutes(seconds: int | None) -> Json:
    if seconds is None:
        return {"calendar": None, "business": None}
    return {"calendar": seconds // 60, "business": int(seconds * BUSINESS_SHARE) // 60}


def metric_id(ticket: Ticket) -> int:
    """A metric set's id; audits take ids in steps of 128, so half a step is free."""
    return ticket.audits[0].id + 64 if ticket.audits else ticket.id


def metric_row(world: World, ticket: Ticket, base: str) -> Json:
    """A ticket_metric / metric_set object (developer.zendesk.com, Ticket Metrics)."""
    got = tally(world, ticket)
    waited = got.waited
    is_solved = got.solved is not None
    active = waited.get("new", 0) + waited.get("open", 0)
    ident = metric_id(ticket)

    def since(moment: int | None) -> Json:
        return _minutes(None if moment is None else moment - ticket.created)

    return {
        "url": f"{base}/api/v2/ticket_metrics/{ident}.json",
        "id": ident,
        "ticket_id": ticket.id,
        "created_at": iso(ticket.created),
        "updated_at": iso(ticket.updated),
        "group_stations": got.group_stations,
        "assignee_stations": got.assignee_stations,
        "reopens": got.reopens,
        "replies": got.replies,
        "assignee_updated_at": iso_or_none(got.assignee_at),
        "requester_updated_at": iso(got.requester_at),
        "status_updated_at": iso(got.status_at),
        "initially_assigned_at": iso_or_none(got.initially_assigned),
        "assigned_at": iso_or_none(got.assigned),
        "solved_at": iso_or_none(got.solved),
        "latest_comment_added_at": iso_or_none(got.comment_at),
        "reply_time_in_minutes": since(got.first_reply),
        "first_resolution_time_in_minutes": since(got.first_solved),
        "full_resolution_time_in_minutes": since(got.solved),
        "agent_wait_time_in_minutes": _minutes(waited.get("pending", 0) if is_solved else None),
        "requester_wait_time_in_minutes": _minutes(active + waited.get("hold", 0) if is_solved else None),
        "on_hold_time_in_minutes": _minutes(waited.get("hold", 0)),
        "custom_status_updated_at": iso(got.status_at),
        "reply_time_in_seconds": {
            "calendar": None if got.first_reply is None else got.first_reply - ticket.created
        },
    }


def dates(world: World, ticket: Ticket) -> Json:
    """The `dates` sideload."""
    row = metric_row(world, ticket, "")
    names = ("assignee_updated_at", "requester_updated_at", "status_updated_at", "initially_assigned_at")
    return {name: row[name] for name in (*names, "assigned_at", "solved_at", "latest_comment_added_at")}
