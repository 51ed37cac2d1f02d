"""Handlers for the comments and audits of tickets, and for what is blackened in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import unescape
from typing import Any

from zdsync.sandbox.answers import Json, Reply, not_found, record_invalid
from zdsync.sandbox.call import Call
from zdsync.sandbox.lists import Down, from_cursor, is_by_cursor, paginate
from zdsync.sandbox.records import Audit, Comment, Notice, Ticket
from zdsync.sandbox.render import audit_row, comment_row, iso, metadata, via
from zdsync.sandbox.scope import is_archived
from zdsync.sandbox.tables import counted, whole
from zdsync.sandbox.world import World


def comments_of(ticket: Ticket) -> list[tuple[Audit, int, Comment]]:
    return [
        (audit, audit.event_id(position), event)
        for audit in ticket.audits
        for position, event in enumerate(audit.events)
        if isinstance(event, Comment)
    ]


def comments(call: Call, ident: int) -> Reply:
    """`GET /tickets/{id}/comments`: oldest first, unless `sort` or `sort_order` turns them round."""
    found = comments_of(call.ticket(ident))
    asked = call.arg("sort") if is_by_cursor(call) else call.arg("sort_order")
    turned = asked in ("-created_at", "desc")

    def show(entry: tuple[Audit, int, Comment]) -> Json:
        audit, event_id, comment = entry
        return comment_row(event_id, audit.id, comment) | {
            "via": via(audit.channel, call.world, audit.author_id),
            "created_at": iso(audit.at),
            "metadata": metadata(audit),
        }

    def key(entry: tuple[Audit, int, Comment]) -> Any:
        return Down(entry[1]) if turned else entry[1]

    found.sort(key=key)
    body, page = paginate(call, "comments", found, show, key=key)
    if "users" in call.includes:
        body["users"] = call.user_rows(entry[2].author_id for entry in page)
    return Reply(body)


def audits(call: Call, ident: int) -> Reply:
    """`GET /tickets/{id}/audits`; needs the global read scope (developer.zendesk.com, Ticket Audits).

    Those of an archived ticket come in one piece.
    """
    ticket = call.ticket(ident)
    turned = call.arg("sort_order") == "desc" or call.arg("sort") == "-created_at"
    key: Callable[[Audit], Any] = lambda audit: Down(audit.id) if turned else audit.id  # noqa: E731
    found = sorted(ticket.audits, key=key)
    if is_archived(call, ticket):
        body = whole("audits", [audit_row(call.world, audit) for audit in found]).body
        page: Sequence[Audit] = found
    else:
        body, page = paginate(call, "audits", found, lambda audit: audit_row(call.world, audit), key=key)
    if "users" in call.includes:
        body["users"] = call.user_rows(audit.author_id for audit in page)
    return Reply(body)


def show_audit(call: Call, ident: int, audit_id: int) -> Reply:
    for audit in call.ticket(ident).audits:
        if audit.id == audit_id:
            return Reply({"audit": audit_row(call.world, audit)})
    raise not_found()


def all_audits(call: Call) -> Reply:
    """`GET /ticket_audits`: without archived and deleted tickets."""
    tickets = call.world.tickets

    def keep(audit: Audit) -> bool:
        ticket = tickets.get(audit.ticket_id)
        return ticket is not None and not ticket.is_deleted and not is_archived(call, ticket)

    def key(audit: Audit) -> tuple[int, int]:
        return audit.at, audit.id

    found = from_cursor(call, call.world.log, keep, key, cursor_only=True)
    body, _ = paginate(
        call,
        "audits",
        found,
        lambda audit: audit_row(call.world, audit),
        key=key,
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


def count_comments(call: Call, ident: int) -> Reply:
    return counted(call, len(comments_of(call.ticket(ident))))


def count_audits(call: Call, ident: int) -> Reply:
    return counted(call, len(call.ticket(ident).audits))


def _comment(ticket: Ticket, comment_id: int) -> tuple[Audit, Comment]:
    for audit, event_id, comment in comments_of(ticket):
        if event_id == comment_id:
            return audit, comment
    raise not_found()


def make_private(call: Call, ident: int, comment_id: int) -> Reply:
    """`PUT …/comments/{id}/make_private`: a public comment becomes a note, which an audit tells."""
    ticket = call.ticket(ident)
    _, comment = _comment(ticket, comment_id)
    if comment.is_public:
        comment.is_public = False
        notice = Notice("CommentPrivacyChange", {"comment_id": comment_id, "public": False})
        call.world.record(ticket, call.world.clock.now(), call.user.id, "web", [notice])
    return Reply(None, 200)


_REDACT = re.compile(r"<redact[^>]*>(.*?)</redact>", re.DOTALL)


def redact_by_id(call: Call, comment_id: int) -> Reply:
    """`PUT /comment_redactions/{id}`: blackens what `<redact>` encloses; closed tickets too.

    Source: developer.zendesk.com, "Redact Ticket Comment In Agent Workspace".
    """
    body = call.json()
    ticket = call.ticket(int(body.get("ticket_id") or 0))
    audit, comment = _comment(ticket, comment_id)
    for text in _REDACT.findall(str(body.get("html_body") or "")):
        redact_text(call.world, ticket, unescape(re.sub(r"<[^>]+>", "", text)), call.user.id)
    urls = set(body.get("external_attachment_urls") or ())
    gone = [file for file in comment.attachments if file["content_url"] in urls]
    for file in gone:
        redact_attachment(call.world, ticket, comment, file["id"], call.user.id)
    return Reply({"comment": comment_row(comment_id, audit.id, comment)})


def redact_attachment(world: World, ticket: Ticket, comment: Comment, ident: int, author_id: int) -> Json:
    """Replace a file by an empty one that says so; raises 404."""
    for file in comment.attachments:
        if file["id"] == ident:
            file |= {"file_name": "redacted.txt", "content_type": "text/plain", "size": 1}
            notice = Notice("AttachmentRedactionEvent", {"attachment_id": ident})
            world.record(ticket, world.clock.now(), author_id, "web", [notice])
            return file
    raise not_found()


def redact_file(call: Call, ident: int, comment_id: int, attachment: int) -> Reply:
    """`PUT …/comments/{id}/attachments/{id}/redact`; not on closed tickets."""
    ticket = call.ticket(ident)
    if ticket.status == "closed":
        raise record_invalid({"status": [{"description": "closed prevents ticket update"}]})
    _, comment = _comment(ticket, comment_id)
    return Reply({"attachment": redact_attachment(call.world, ticket, comment, attachment, call.user.id)})


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
