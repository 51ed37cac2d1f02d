"""Handlers below /api/v2/tickets: lists, single tickets, comments, audits, tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zdsync.sandbox.answers import Json, Reply, bad_paging, not_found
from zdsync.sandbox.call import Call, sideload
from zdsync.sandbox.comments_api import comments_of
from zdsync.sandbox.creation import create_ticket, import_ticket
from zdsync.sandbox.idempotency import first_answer, keep_answer
from zdsync.sandbox.lists import Down, from_cursor, is_by_cursor, paginate
from zdsync.sandbox.metric_log import ticket_rows as metric_event_rows
from zdsync.sandbox.metrics import dates, metric_id, metric_row, tally
from zdsync.sandbox.records import PRIORITIES, STATUSES, Audit, Ticket
from zdsync.sandbox.render import FieldReader, audit_row, ticket_row
from zdsync.sandbox.scope import is_archived, listed, listing
from zdsync.sandbox.slas import policy_metrics
from zdsync.sandbox.tables import counted, whole
from zdsync.sandbox.tags import moved
from zdsync.sandbox.world import incidents_of
from zdsync.sandbox.writes import check_stamp, unpermitted, update_ticket


def shown(call: Call, tickets: list[Ticket]) -> list[Json]:
    reader = FieldReader(call.world)
    return [ticket_row(call.world, ticket, call.base, reader) for ticket in tickets]


_SORTS: dict[str, Callable[[Ticket], Any]] = {
    "id": lambda ticket: ticket.id,
    "updated_at": lambda ticket: (ticket.updated, ticket.id),
    "status": lambda ticket: (STATUSES.index(ticket.status), ticket.id),
}
_OFFSET_SORTS: dict[str, Callable[[Ticket], Any]] = {
    **_SORTS,
    "created_at": lambda ticket: ticket.created,
    "subject": lambda ticket: (ticket.subject or "").lower(),
    "priority": lambda ticket: PRIORITIES.index(ticket.priority),
    "requester": lambda ticket: ticket.requester_id,
    "assignee": lambda ticket: ticket.assignee_id or 0,
    "group": lambda ticket: ticket.group_id or 0,
    "locale": lambda ticket: ticket.id,
}


def list_tickets(call: Call) -> Reply:
    """`GET /tickets`; cursor pages sort by id, updated_at or status only, and ignore `sort_by`."""
    if call.integer("page", 1) > _DEEP:
        call.charge("tickets-index-deep-pagination")
    if call.arg("sort") or not is_by_cursor(call):
        return ticket_page(call, listed(call))
    return ticket_page(call, _by_id(call))


def _by_id(call: Call) -> list[Ticket]:
    """The tickets that a page in order of ids needs."""
    tickets = list(call.world.tickets.values())
    return from_cursor(call, tickets, listing(call), _SORTS["id"])


#: Offset pages beyond this one have a limit of their own.
_DEEP = 500


def ticket_page(call: Call, tickets: list[Ticket]) -> Reply:
    """Tickets in either dialect, with what they refer to."""
    reader, key = FieldReader(call.world), _SORTS["id"]
    if is_by_cursor(call):
        sort = call.arg("sort")
        if sort:
            base = _SORTS.get(sort.removeprefix("-"))
            if base is None:
                raise bad_paging("InvalidPaginationParameter", f"sort is not valid: {sort}")
            key = _turned(base) if sort.startswith("-") else base
        tickets.sort(key=key)
    else:
        asked = _OFFSET_SORTS.get(call.arg("sort_by") or "")
        tickets.sort(key=asked or key, reverse=call.arg("sort_order") == "desc")
    body, page = paginate(
        call, "tickets", tickets, lambda ticket: ticket_row(call.world, ticket, call.base, reader), key=key
    )
    _include_in_rows(call, body["tickets"], list(page))
    sideload(call, body, list(page))
    return Reply(body)


def _turned(key: Callable[[Ticket], Any]) -> Callable[[Ticket], Any]:
    return lambda ticket: Down(key(ticket))


def _include_in_rows(call: Call, rows: list[Json], tickets: list[Ticket]) -> None:
    """Sideloads that stand inside the rows."""
    wanted = call.includes
    for row, ticket in zip(rows, tickets, strict=True):
        if "metric_sets" in wanted:
            row["metric_set"] = metric_row(call.world, ticket, call.base)
        if "comment_count" in wanted:
            row["comment_count"] = len(comments_of(ticket))
        if "dates" in wanted:
            row["dates"] = dates(call.world, ticket)
        if "slas" in wanted:
            row["slas"] = {"policy_metrics": policy_metrics(call.world, ticket)}


def tickets_of(call: Call, attribute: str, ident: int) -> Reply:
    """Tickets of one organization, requester or assignee, without archived ones."""
    return ticket_page(call, [t for t in listed(call) if getattr(t, attribute) == ident])


def count_tickets(call: Call) -> Reply:
    return counted(call, len(listed(call)))


def count_tickets_of(call: Call, attribute: str, ident: int) -> Reply:
    return counted(call, sum(getattr(t, attribute) == ident for t in listed(call)))


def show_ticket(call: Call, ident: int) -> Reply:
    """`GET /tickets/{id}`, archived ones too."""
    ticket = call.ticket(ident)
    row = shown(call, [ticket])[0]
    if call.arg("remove_duplicate_fields") == "true":
        del row["fields"]
    body: Json = {"ticket": row}
    _include_in_rows(call, [row], [ticket])
    if "metric_events" in call.includes:
        row["metric_events"] = metric_event_rows(ticket)
    sideload(call, body, [ticket])
    return Reply(body)


def show_many(call: Call) -> Reply:
    """`GET /tickets/show_many?ids=`: up to 100, unknown and deleted ones left out."""
    found = [call.world.tickets.get(ident) for ident in call.ids()]
    external = set(filter(None, (call.arg("external_ids") or "").split(",")))
    if external:
        found += [ticket for ticket in call.world.tickets.values() if ticket.external_id in external]
    tickets = [ticket for ticket in found if ticket is not None and not ticket.is_deleted]
    body = whole("tickets", shown(call, tickets)).body
    _include_in_rows(call, body["tickets"], tickets)
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


def bring_in(call: Call) -> Reply:
    """`POST /imports/tickets`."""
    written = import_ticket(call.world, call.body_of("ticket"), call.actor())
    assert written.audit is not None
    row = shown(call, [written.ticket])[0]
    return Reply({"ticket": row, "audit": audit_row(call.world, written.audit)}, 201)


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
    found = _by_id(call)
    show: Callable[[Ticket], Json] = lambda ticket: metric_row(call.world, ticket, call.base)  # noqa: E731
    return Reply(paginate(call, "ticket_metrics", found, show, key=_SORTS["id"])[0])


def tags(call: Call, ident: int) -> Reply:
    return Reply({"tags": call.ticket(ident).tags})


def change_tags(call: Call, ident: int) -> Reply:
    """POST sets, PUT adds, DELETE removes (developer.zendesk.com, Tags)."""
    ticket = call.ticket(ident)
    body = call.json()
    method = call.request.method
    wanted = moved(ticket.tags, method, body.get("tags") or call.arg("tags"))
    stamp: Json = {key: body[key] for key in ("updated_stamp", "safe_update") if key in body}
    check_stamp(ticket, stamp)
    update_ticket(call.world, ticket, {"tags": list(wanted)}, call.actor())
    return Reply({"tags": ticket.tags}, 201 if method == "POST" else 200)


def show_metric(call: Call, ident: int) -> Reply:
    """`GET /ticket_metrics/{id}`, by the metric set's own id."""
    for ticket in call.world.living_tickets():
        if metric_id(ticket) == ident:
            return Reply({"ticket_metric": [metric_row(call.world, ticket, call.base)]})
    raise not_found()


def related(call: Call, ident: int) -> Reply:
    ticket = call.ticket(ident)
    source = ticket.followup_source_id
    return Reply(
        {
            "topic_id": None,
            "jira_issue_ids": [],
            "followup_source_ids": [] if source is None else [str(source)],
            "from_archive": is_archived(call, ticket),
            "incidents": len(incidents_of(call.world, ticket)),
            "reopens": tally(call.world, ticket).reopens,
        }
    )
