"""Handlers for requests: tickets as their requesters see them."""

from __future__ import annotations

from collections.abc import Callable

from zdsync.sandbox.answers import Json, Reply
from zdsync.sandbox.call import Call
from zdsync.sandbox.comments_api import comments_of
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.records import Ticket
from zdsync.sandbox.render import FieldReader, comment_row, iso, ticket_row
from zdsync.sandbox.scope import listed

_KEYS = (
    "id status priority type subject description organization_id via custom_fields requester_id "
    "collaborator_ids email_cc_ids is_public due_at created_at updated_at recipient assignee_id group_id "
    "ticket_form_id custom_status_id fields"
).split()


def _shower(call: Call) -> Callable[[Ticket], Json]:
    reader = FieldReader(call.world)

    def show(ticket: Ticket) -> Json:
        row = ticket_row(call.world, ticket, call.base, reader)
        shown: Json = {"url": f"{call.base}/api/v2/requests/{ticket.id}.json"}
        shown |= {key: row[key] for key in _KEYS}
        shown["followup_source_id"] = ticket.followup_source_id
        shown["can_be_solved_by_me"] = False
        shown["solved"] = ticket.status in ("solved", "closed")
        return shown

    return show


def list_requests(
    call: Call, ident: int | None = None, attribute: str = "requester_id", statuses: tuple[str, ...] = ()
) -> Reply:
    """Requests of the caller, or of a user or organization; deleted and archived ones are absent."""
    owner = call.user.id if ident is None else ident
    found = [
        ticket
        for ticket in listed(call)
        if getattr(ticket, attribute) == owner and (not statuses or ticket.status in statuses)
    ]
    return Reply(paginate(call, "requests", found, _shower(call), key=lambda ticket: ticket.id)[0])


def show_request(call: Call, ident: int) -> Reply:
    return Reply({"request": _shower(call)(call.ticket(ident))})


def request_comments(call: Call, ident: int) -> Reply:
    """The public comments of a request."""
    found = [entry for entry in comments_of(call.ticket(ident)) if entry[2].is_public]
    body, page = paginate(
        call,
        "comments",
        found,
        lambda entry: (
            comment_row(entry[1], entry[0].id, entry[2])
            | {
                "url": f"{call.base}/api/v2/requests/{ident}/comments/{entry[1]}.json",
                "request_id": ident,
                "created_at": iso(entry[0].at),
            }
        ),
        key=lambda entry: entry[1],
    )
    body["users"] = call.user_rows(entry[2].author_id for entry in page)
    return Reply(body)
