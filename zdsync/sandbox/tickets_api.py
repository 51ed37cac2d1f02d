"""Handlers below /api/v2/tickets: lists, single tickets, comments, audits, tags."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import orjson

from zdsync.sandbox import unverified
from zdsync.sandbox.answers import ApiError, Json, Reply, bad_paging, not_found, record_invalid
from zdsync.sandbox.call import Call, sideload
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.metrics import metric_row, tally
from zdsync.sandbox.records import Audit, Comment, Notice, Ticket
from zdsync.sandbox.render import FieldReader, audit_row, comment_row, iso, metadata, ticket_row, via
from zdsync.sandbox.tags import normalise
from zdsync.sandbox.world import World
from zdsync.sandbox.writes import Actor, check_stamp, create_ticket, unpermitted, update_ticket

DAY_S = 86_400
KEY_LIFE_S = 7200


def shown(call: Call, tickets: list[Ticket]) -> list[Json]:
    reader = FieldReader(call.world)
    return [ticket_row(call.world, ticket, call.base, reader) for ticket in tickets]


def is_archived(call: Call, ticket: Ticket) -> bool:
    """Closed long ago: absent from lists, present in exports, search and show."""
    if ticket.status != "closed":
        return False
    return call.world.clock.now() - ticket.updated > unverified.ARCHIVE_AFTER_DAYS * DAY_S


def in_scope(call: Call, ticket: Ticket) -> bool:
    scope = call.arg("support_type_scope", "agent")
    return scope in ("all", ticket.support_type)


def _listed(call: Call) -> list[Ticket]:
    external = call.arg("external_id")
    return [
        ticket
        for ticket in call.world.living_tickets()
        if not is_archived(call, ticket)
        and in_scope(call, ticket)
        and (external is None or ticket.external_id == external)
    ]


_SORTS: dict[str, Callable[[Ticket], Any]] = {
    "id": lambda ticket: ticket.id,
    "updated_at": lambda ticket: (ticket.updated, ticket.id),
    "status": lambda ticket: (ticket.status, ticket.id),
}


def _negated(key: Callable[[Ticket], Any]) -> Callable[[Ticket], Any]:
    def negative(ticket: Ticket) -> Any:
        value = key(ticket)
        return tuple(-part for part in value) if isinstance(value, tuple) else -value

    return negative


def list_tickets(call: Call) -> Reply:
    """`GET /tickets`; cursor pages sort by id, updated_at or status only."""
    return _ticket_page(call, _listed(call))


def _ticket_page(call: Call, tickets: list[Ticket]) -> Reply:
    reader = FieldReader(call.world)
    key: Callable[[Ticket], Any] = _SORTS["id"]
    by_cursor = "page[size]" in call.args or "page[after]" in call.args
    sort = call.arg("sort") if by_cursor else call.arg("sort_by")
    if by_cursor and sort:
        name = sort.removeprefix("-")
        if name not in _SORTS or (name == "status" and sort != name):
            raise bad_paging("InvalidPaginationParameter", f"sort is not valid: {sort}")
        key = _negated(_SORTS[name]) if sort.startswith("-") else _SORTS[name]
        tickets.sort(key=key)
    elif sort in _SORTS:
        tickets.sort(key=_SORTS[sort], reverse=call.arg("sort_order") == "desc")
    elif sort == "created_at":
        tickets.sort(key=lambda ticket: ticket.created, reverse=call.arg("sort_order") == "desc")
    body, page = paginate(
        call, "tickets", tickets, lambda ticket: ticket_row(call.world, ticket, call.base, reader), key=key
    )
    sideload(call, body, list(page))
    return Reply(body)


def tickets_of(call: Call, attribute: str, ident: int) -> Reply:
    """Tickets of one organization, requester or assignee, without archived ones."""
    return _ticket_page(call, [t for t in _listed(call) if getattr(t, attribute) == ident])


def count_tickets(call: Call) -> Reply:
    found = sum(1 for _ in call.world.living_tickets())
    return Reply({"count": {"value": found, "refreshed_at": iso(call.world.clock.now())}})


def show_ticket(call: Call, ident: int) -> Reply:
    ticket = call.ticket(ident)
    body: Json = {"ticket": shown(call, [ticket])[0]}
    if "metric_sets" in call.includes or "metric_events" in call.includes:
        body["ticket"]["metric_set"] = metric_row(call.world, ticket, call.base)
    if "comment_count" in call.includes:
        body["ticket"]["comment_count"] = sum(1 for _ in _comments(ticket))
    sideload(call, body, [ticket])
    return Reply(body)


def show_many(call: Call) -> Reply:
    """`GET /tickets/show_many?ids=`: up to 100, unknown and deleted ones left out."""
    found = [call.world.tickets.get(ident) for ident in call.ids()]
    tickets = [ticket for ticket in found if ticket is not None and not ticket.is_deleted]
    rows = shown(call, tickets)
    if "metric_sets" in call.includes:
        for row, ticket in zip(rows, tickets, strict=True):
            row["metric_set"] = metric_row(call.world, ticket, call.base)
    body: Json = {"tickets": rows, "next_page": None, "previous_page": None, "count": len(rows)}
    sideload(call, body, tickets)
    return Reply(body)


def _first_answer(call: Call) -> Reply | None:
    """The kept answer to this Idempotency-Key; keys live two hours, and fit one body only."""
    key = call.request.headers.get("Idempotency-Key")
    if not key:
        return None
    now, kept = call.world.clock.time(), call.first_answers
    for old in [old for old, entry in kept.items() if now - entry[0] >= KEY_LIFE_S]:
        del kept[old]
    if key not in kept:
        call.headers["x-idempotency-lookup"] = "miss"
        return None
    _, digest, body = kept[key]
    if digest != _digest(call):
        text = "Request parameters don't match the given idempotency key"
        raise ApiError(400, {"error": "IdempotentRequestError", "description": text})
    return Reply(orjson.loads(body), 201, {"x-idempotency-lookup": "hit"})


def _keep_answer(call: Call, body: Json) -> None:
    key = call.request.headers.get("Idempotency-Key")
    if key:
        call.first_answers[key] = (call.world.clock.time(), _digest(call), orjson.dumps(body))


def _digest(call: Call) -> str:
    return hashlib.sha256(call.request.get_data()).hexdigest()


def create(call: Call) -> Reply:
    again = _first_answer(call)
    if again is not None:
        return again
    given = call.body_of("ticket")
    call.warn(f"ticket.{key}" for key in unpermitted(given, batch=False, create=True))
    written = create_ticket(call.world, given, call.actor())
    assert written.audit is not None
    row = shown(call, [written.ticket])[0] | {"generated_timestamp": 0}
    body = {"ticket": row, "audit": audit_row(call.world, written.audit)}
    _keep_answer(call, body)
    headers = {"Location": f"{call.base}/api/v2/tickets/{written.ticket.id}.json"}
    return Reply(body, 201, headers)


def update(call: Call, ident: int) -> Reply:
    """`PUT /tickets/{id}`; the answer holds the ticket and the audit of this update."""
    given = call.body_of("ticket")
    call.warn(f"ticket.{key}" for key in unpermitted(given, batch=False))
    ticket = call.ticket(ident)
    allowed = {key: value for key, value in given.items() if key not in unpermitted(given, batch=False)}
    written = update_ticket(call.world, ticket, allowed, call.actor())
    audit = written.audit
    if audit is None:
        # A body that changes nothing stores no audit; the answer shows an empty one.
        audit = Audit(0, ticket.id, call.world.clock.now(), call.user.id, "api", ())
    return Reply({"ticket": shown(call, [ticket])[0], "audit": audit_row(call.world, audit)})


def delete(call: Call, ident: int) -> Reply:
    delete_ticket(call, call.ticket(ident))
    return Reply(None, 204)


def delete_ticket(call: Call, ticket: Ticket) -> None:
    """Soft deletion: moves only `generated_timestamp`; the export then says `deleted`."""
    ticket.deleted_at, ticket.deleted_by = call.world.clock.now(), call.user.id
    call.world.system_touch(ticket, call.world.clock.now())


def _comments(ticket: Ticket) -> list[tuple[Audit, int, Comment]]:
    return [
        (audit, audit.event_id(position), event)
        for audit in ticket.audits
        for position, event in enumerate(audit.events)
        if isinstance(event, Comment)
    ]


def comments(call: Call, ident: int) -> Reply:
    found = _comments(call.ticket(ident))
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


def metrics_of(call: Call, ident: int) -> Reply:
    return Reply({"ticket_metric": metric_row(call.world, call.ticket(ident), call.base)})


def list_metrics(call: Call) -> Reply:
    """`GET /ticket_metrics`: without archived tickets."""
    found = _listed(call)
    show: Callable[[Ticket], Json] = lambda ticket: metric_row(call.world, ticket, call.base)  # noqa: E731
    return Reply(paginate(call, "ticket_metrics", found, show, key=_SORTS["id"])[0])


def tags(call: Call, ident: int) -> Reply:
    return Reply({"tags": call.ticket(ident).tags})


def change_tags(call: Call, ident: int) -> Reply:
    """POST sets, PUT adds, DELETE removes (developer.zendesk.com, Tags)."""
    ticket = call.ticket(ident)
    body = call.json()
    given = normalise(body.get("tags") or call.arg("tags"))
    method = call.request.method
    if method == "POST":
        wanted = given
    elif method == "PUT":
        wanted = normalise((*ticket.tags, *given))
    else:
        wanted = tuple(tag for tag in ticket.tags if tag not in given)
    stamp: Json = {key: body[key] for key in ("updated_stamp", "safe_update") if key in body}
    check_stamp(ticket, stamp)
    update_ticket(call.world, ticket, {"tags": list(wanted)}, call.actor())
    return Reply({"tags": ticket.tags}, 201 if method == "POST" else 200)


def merge(call: Call, ident: int) -> Reply:
    """`POST /tickets/{id}/merge`: a job that closes the sources."""
    target = call.ticket(ident)
    body = call.json()
    sources = [call.ticket(int(source)) for source in body.get("ids") or ()]
    actor = call.actor()

    def step() -> Json:
        for source in sources:
            merge_ticket(call.world, source, target, actor, body)
        return {"success": True}

    job = call.jobs.add("Merge Ticket", [step], total=False)
    return Reply({"job_status": call.jobs.row(job, call.base)})


def merge_ticket(world: World, source: Ticket, target: Ticket, actor: Actor, body: Json) -> None:
    """Close `source` into `target`, with the two comments Zendesk leaves."""
    note = body.get("source_comment") or f"This request was closed and merged into request #{target.id}."
    into = body.get("target_comment") or f"Request #{source.id} was closed and merged into this request."
    public = bool(body.get("source_comment_is_public", False))
    update_ticket(
        world,
        source,
        {
            "status": "closed",
            "additional_tags": [unverified.MERGE_TAG],
            "comment": {"body": note, "public": public},
        },
        actor,
    )
    update_ticket(
        world,
        target,
        {"comment": {"body": into, "public": bool(body.get("target_comment_is_public", False))}},
        actor,
    )


def related(call: Call, ident: int) -> Reply:
    ticket = call.ticket(ident)
    return Reply(
        {
            "topic_id": None,
            "jira_issue_ids": [],
            "followup_source_ids": [],
            "from_archive": is_archived(call, ticket),
            "incidents": 0,
            "reopens": tally(call.world, ticket).reopens,
        }
    )


def list_deleted(call: Call) -> Reply:
    """`GET /deleted_tickets`: soft-deleted in the last thirty days."""
    since = call.world.clock.now() - 30 * DAY_S
    found = [
        ticket
        for ticket in call.world.tickets.values()
        if ticket.deleted_at is not None and ticket.deleted_at >= since and not ticket.is_scrubbed
    ]

    def show(ticket: Ticket) -> Json:
        actor = call.world.users.get(ticket.deleted_by or 0)
        return {
            "id": ticket.id,
            "subject": ticket.subject,
            "actor": {"id": ticket.deleted_by or -1, "name": actor.name if actor else "System"},
            "deleted_at": iso(ticket.deleted_at or 0),
            "previous_state": ticket.status,
        }

    return Reply(paginate(call, "deleted_tickets", found, show, key=_SORTS["id"])[0])


def deleted_ticket(call: Call, ident: int) -> Ticket:
    ticket = call.world.tickets.get(ident)
    if ticket is None or not ticket.is_deleted or ticket.is_scrubbed:
        raise not_found()
    return ticket


def restore(call: Call, ident: int) -> Reply:
    ticket = deleted_ticket(call, ident)
    ticket.deleted_at = ticket.deleted_by = None
    call.world.system_touch(ticket, call.world.clock.now())
    return Reply({})


def restore_many(call: Call) -> Reply:
    for ident in call.ids():
        restore(call, ident)
    return Reply({})


def scrub(world: World, ticket: Ticket) -> None:
    """Empty a deleted ticket for good: text, tags and fields go, `updated_at` stays."""
    ticket.is_scrubbed = True
    ticket.deleted_at = ticket.deleted_at or world.clock.now()
    world.erased_tickets.add(ticket.id)
    world.system_touch(ticket, world.clock.now())


def destroy(call: Call, ident: int) -> Reply:
    """`DELETE /deleted_tickets/{id}`: a job without total whose result is an object."""
    ticket = deleted_ticket(call, ident)

    def step() -> Json:
        scrub(call.world, ticket)
        return {"success": True}

    job = call.jobs.add("Permanent Ticket Deletion", [step], total=False)
    return Reply({"job_status": call.jobs.row(job, call.base)})


def redact_text(world: World, ticket: Ticket, text: str, author_id: int) -> int:
    """Blacken a text in all comments and the description; returns how many comments held it."""
    black = "▇" * len(text)
    notices = []
    for _, event_id, comment in _comments(ticket):
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
    for audit, event_id, comment in _comments(ticket):
        if event_id == comment_id:
            redact_text(call.world, ticket, text, call.user.id)
            return Reply({"comment": comment_row(event_id, audit.id, comment)})
    raise not_found()
