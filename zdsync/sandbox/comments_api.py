"""Handlers for the comments and audits of tickets, and for what is blackened in them."""

from __future__ import annotations

from zdsync.sandbox.answers import Json, Reply, not_found, record_invalid
from zdsync.sandbox.call import Call
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.records import Audit, Comment, Notice, Ticket
from zdsync.sandbox.render import audit_row, comment_row, iso, metadata, via
from zdsync.sandbox.scope import is_archived
from zdsync.sandbox.world import World


def comments_of(ticket: Ticket) -> list[tuple[Audit, int, Comment]]:
    return [
        (audit, audit.event_id(position), event)
        for audit in ticket.audits
        for position, event in enumerate(audit.events)
        if isinstance(event, Comment)
    ]


def comments(call: Call, ident: int) -> Reply:
    found = comments_of(call.ticket(ident))
    if call.arg("sort_order") == "desc" or call.arg("sort") == "-created_at":
        found.reverse()

    def show(entry: tuple[Audit, int, Comment]) -> Json:
        audit, event_id, comment = entry
        return comment_row(event_id, audit.id, comment) | {
            "via": via(audit.channel, call.world, audit.author_id),
            "created_at": iso(audit.at),
            "metadata": metadata(audit),
        }

    if call.arg("sort_order") == "desc":
        return Reply(paginate(call, "comments", found, show, key=lambda entry: -entry[1])[0])
    body, page = paginate(call, "comments", found, show, key=lambda entry: entry[1])
    if "users" in call.includes:
        body["users"] = call.user_rows(entry[2].author_id for entry in page)
    return Reply(body)


def audits(call: Call, ident: int) -> Reply:
    """`GET /tickets/{id}/audits`; needs the global read scope (developer.zendesk.com, Ticket Audits)."""
    found = call.ticket(ident).audits
    body, _ = paginate(
        call, "audits", found, lambda audit: audit_row(call.world, audit), key=lambda audit: audit.id
    )
    return Reply(body)


def show_audit(call: Call, ident: int, audit_id: int) -> Reply:
    for audit in call.ticket(ident).audits:
        if audit.id == audit_id:
            return Reply({"audit": audit_row(call.world, audit)})
    raise not_found()


def all_audits(call: Call) -> Reply:
    """`GET /ticket_audits`: without archived and deleted tickets."""
    tickets = call.world.tickets
    found = [
        audit
        for audit in call.world.log
        if audit.ticket_id in tickets
        and not tickets[audit.ticket_id].is_deleted
        and not is_archived(call, tickets[audit.ticket_id])
    ]
    body, _ = paginate(
        call,
        "audits",
        found,
        lambda audit: audit_row(call.world, audit),
        key=lambda audit: audit.id,
        cursor_only=True,
    )
    return Reply(body)


def redact_text(world: World, ticket: Ticket, text: str, author_id: int) -> int:
    """Blacken a text in all comments and the description; returns how many comments held it."""
    black = "▇" * len(text)
    notices = []
    for _, event_id, comment in comments_of(ticket):
        if text and text in comment.body:
            comment.body, comment.html = comment.body.replace(text, black), None
            notices.append(Notice("CommentRedactionEvent", {"comment_id": event_id}))
    ticket.description = ticket.description.replace(text, black) if text else ticket.description
    if notices:
        world.record(ticket, world.clock.now(), author_id, "web", notices)
    return len(notices)


def redact_comment(call: Call, ident: int, comment_id: int) -> Reply:
    """`PUT /tickets/{id}/comments/{id}/redact`: blackens a text; not on closed tickets."""
    ticket = call.ticket(ident)
    if ticket.status == "closed":
        raise record_invalid({"status": [{"description": "closed prevents ticket update"}]})
    text = str(call.json().get("text") or "")
    for audit, event_id, comment in comments_of(ticket):
        if event_id == comment_id:
            redact_text(call.world, ticket, text, call.user.id)
            return Reply({"comment": comment_row(event_id, audit.id, comment)})
    raise not_found()
