"""Handlers for what stands around a ticket: people who follow it, incidents, problems, skips, SLAs."""

from __future__ import annotations

from zdsync.sandbox.answers import Json, Reply, record_invalid
from zdsync.sandbox.call import Call
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.metric_log import ticket_rows
from zdsync.sandbox.records import Ticket
from zdsync.sandbox.render import FieldReader, iso, ticket_row
from zdsync.sandbox.scope import listed
from zdsync.sandbox.slas import policy_metrics
from zdsync.sandbox.tables import answer_rows, rows_of, whole
from zdsync.sandbox.tickets_api import ticket_page
from zdsync.sandbox.world import incidents_of


def people_of(call: Call, ident: int, which: str) -> Reply:
    """The followers, the people in copy, or both."""
    ticket = call.ticket(ident)
    idents = {
        "followers": ticket.follower_ids,
        "email_ccs": ticket.email_cc_ids,
        "collaborators": (*ticket.email_cc_ids, *ticket.follower_ids),
    }[which]
    return whole("users", call.user_rows(idents))


def tickets_with(call: Call, ident: int, attribute: str) -> Reply:
    """Tickets a user is in copy of, or follows."""
    return ticket_page(call, [ticket for ticket in listed(call) if ident in getattr(ticket, attribute)])


def incidents(call: Call, ident: int) -> Reply:
    """`/tickets/{id}/incidents`: those that name this problem."""
    return ticket_page(call, incidents_of(call.world, call.ticket(ident)))


def problems(call: Call) -> Reply:
    return ticket_page(call, [ticket for ticket in listed(call) if ticket.type == "problem"])


def recent(call: Call) -> Reply:
    """`/tickets/recent`: what the caller changed last, archived tickets left out."""
    own = call.user.id
    found = [t for t in listed(call) if any(audit.author_id == own for audit in t.audits)]
    found.sort(key=lambda ticket: ticket.updated)
    return ticket_page(call, found[-5:])


def ticket_metric_events(call: Call, ident: int) -> Reply:
    return Reply({"ticket_metric_events": ticket_rows(call.ticket(ident))})


def sla_metrics(call: Call, ident: int) -> Reply:
    """`/tickets/{id}/slas/policy_metrics` (Enterprise)."""
    return Reply({"policy_metrics": policy_metrics(call.world, call.ticket(ident))})


def side_conversations(call: Call, ident: int) -> Reply:
    call.ticket(ident)
    return whole("side_conversations", [])


def create_skip(call: Call) -> Reply:
    """`POST /skips`: an agent passes over a ticket."""
    given = call.body_of("skip")
    ticket = call.ticket(int(given.get("ticket_id") or 0))
    if not given.get("reason"):
        raise record_invalid({"reason": [{"description": "Reason: cannot be blank", "error": "BlankValue"}]})
    now = iso(call.world.clock.now())
    row: Json = {"id": call.world.new_id(), "ticket_id": ticket.id, "user_id": call.user.id}
    row |= {"reason": given["reason"], "created_at": now, "updated_at": now}
    call.world.add_row("skips", row)
    return Reply({"skip": with_ticket(call, row)}, 201)


def with_ticket(call: Call, row: Json) -> Json:
    """A skip as lists give it, the ticket inside."""
    ticket: Ticket | None = call.world.tickets.get(row["ticket_id"])
    reader = FieldReader(call.world)
    return row | {"ticket": ticket and ticket_row(call.world, ticket, call.base, reader)}


def list_skips(call: Call, attribute: str = "", ident: int = 0) -> Reply:
    """All skips, or those of one ticket or one user."""
    rows = [row for row in rows_of(call, "skips") if not attribute or row[attribute] == ident]
    return Reply(paginate(call, "skips", rows, lambda row: with_ticket(call, row))[0])


def apply_macro(call: Call, macro: int, ident: int | None = None) -> Reply:
    """What a ticket would be after a macro; nothing is stored."""
    row = call.row("macros", macro)
    result: Json = {}
    for action in row["actions"]:
        name, value = action["field"], action["value"]
        if name in ("comment_value", "comment_value_html"):
            result["comment"] = {"body": value[-1] if isinstance(value, list) else value, "public": True}
        elif name == "comment_mode_is_public":
            result.setdefault("comment", {})["public"] = str(value) == "true"
        elif name == "current_tags":
            result["additional_tags"] = str(value).split()
        elif name.startswith("custom_fields_"):
            result.setdefault("fields", []).append(
                {"id": int(name.removeprefix("custom_fields_")), "value": value}
            )
        else:
            result[name] = value
    if ident is not None:
        result = {"id": ident, **result}
    return Reply({"result": {"ticket": result}})


def macro_categories(call: Call) -> Reply:
    """The parts before `::` of macro titles."""
    titles = [row["title"] for row in rows_of(call, "macros")]
    return Reply({"categories": sorted({title.split("::")[0] for title in titles if "::" in title})})


def macro_list(call: Call) -> Reply:
    """Macros, by category on request."""
    rows, wanted = rows_of(call, "macros"), call.arg("category")
    if wanted is not None:
        rows = [row for row in rows if row["title"].startswith(f"{wanted}::")]
    return answer_rows(call, "macros", rows)
