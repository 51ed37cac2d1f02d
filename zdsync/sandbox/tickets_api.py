"""Handlers below /api/v2/tickets: lists, single tickets, comments, audits, tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zdsync.sandbox.answers import Json, Reply, bad_paging
from zdsync.sandbox.call import Call, sideload
from zdsync.sandbox.comments_api import comments_of
from zdsync.sandbox.creation import create_ticket
from zdsync.sandbox.idempotency import first_answer, keep_answer
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.metrics import metric_row, tally
from zdsync.sandbox.records import Audit, Ticket
from zdsync.sandbox.render import FieldReader, audit_row, iso, ticket_row
from zdsync.sandbox.scope import is_archived, listed
from zdsync.sandbox.tags import normalise
from zdsync.sandbox.writes import check_stamp, unpermitted, update_ticket


def shown(call: Call, tickets: list[Ticket]) -> list[Json]:
    reader = FieldReader(call.world)
    return [ticket_row(call.world, ticket, call.base, reader) for ticket in tickets]


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
    return _ticket_page(call, listed(call))


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
    return _ticket_page(call, [t for t in listed(call) if getattr(t, attribute) == ident])


def count_tickets(call: Call) -> Reply:
    found = sum(1 for _ in call.world.living_tickets())
    return Reply({"count": {"value": found, "refreshed_at": iso(call.world.clock.now())}})


def show_ticket(call: Call, ident: int) -> Reply:
    ticket = call.ticket(ident)
    body: Json = {"ticket": shown(call, [ticket])[0]}
    if "metric_sets" in call.includes or "metric_events" in call.includes:
        body["ticket"]["metric_set"] = metric_row(call.world, ticket, call.base)
    if "comment_count" in call.includes:
        body["ticket"]["comment_count"] = sum(1 for _ in comments_of(ticket))
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


def create(call: Call) -> Reply:
    again = first_answer(call)
    if again is not None:
        return again
    given = call.body_of("ticket")
    call.warn(f"ticket.{key}" for key in unpermitted(given, batch=False, create=True))
    written = create_ticket(call.world, given, call.actor())
    assert written.audit is not None
    row = shown(call, [written.ticket])[0] | {"generated_timestamp": 0}
    body = {"ticket": row, "audit": audit_row(call.world, written.audit)}
    keep_answer(call, body)
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


def metrics_of(call: Call, ident: int) -> Reply:
    return Reply({"ticket_metric": metric_row(call.world, call.ticket(ident), call.base)})


def list_metrics(call: Call) -> Reply:
    """`GET /ticket_metrics`: without archived tickets."""
    found = listed(call)
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
