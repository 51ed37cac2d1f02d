"""The incremental exports: rows ordered by change, the last minute withheld.

Source: developer.zendesk.com, "Incremental Exports" and "Using the Incremental Exports API".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from zdsync.sandbox import unverified
from zdsync.sandbox.answers import ApiError, Json, Reply, bad_request, invalid_endpoint
from zdsync.sandbox.call import Call, sideload
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.comments_api import comments_of
from zdsync.sandbox.lists import MAX_PAGE, is_by_cursor, paginate, position_after
from zdsync.sandbox.metric_log import log
from zdsync.sandbox.metrics import metric_row
from zdsync.sandbox.people_api import sideload_users
from zdsync.sandbox.records import Ticket
from zdsync.sandbox.render import FieldReader, event_row, organization_row, ticket_row, user_row
from zdsync.sandbox.slas import policy_metrics
from zdsync.sandbox.timeindex import TimeIndex

#: Seconds before now that exports do not show yet.
WITHHELD_S = 60
MAX_ROWS = 1000

Position = tuple[int, int]


def _cursor(position: Position) -> str:
    return base64.b64encode(f"{position[0]}.0||{position[1]}|".encode()).decode()


def _position(cursor: str) -> Position:
    try:
        stamp, _, ident, _ = base64.b64decode(cursor, validate=True).decode().split("|")
        return int(float(stamp)), int(ident)
    except (binascii.Error, ValueError) as err:
        raise ApiError(
            400, {"error": "InvalidCursor", "description": "The cursor parameter is not valid"}
        ) from err


def _start_time(call: Call) -> int:
    text = call.arg("start_time")
    if text is None:
        raise bad_request("Missing required parameter: start_time")
    start = call.integer("start_time", 0)
    if start >= call.world.clock.now() - WITHHELD_S:
        raise bad_request(
            "Too recent start_time. Use a start_time older than 60 seconds", "StartTimeTooRecent"
        )
    return start


def _per_page(call: Call) -> int:
    return max(1, min(call.integer("per_page", MAX_ROWS), MAX_ROWS))


def _until(call: Call) -> int:
    return call.world.clock.now() - WITHHELD_S


def _cursor_export(
    call: Call, index: TimeIndex, hidden: frozenset[int] = frozenset()
) -> tuple[list[int], Json]:
    """Ids of one page by cursor, and the envelope."""
    given = call.arg("cursor")
    after = _position(given) if given else (_start_time(call), -1)
    rows, more = index.page(after, _until(call), _per_page(call), hidden)
    cursor = _cursor(rows[-1]) if rows else unverified.empty_export_cursor(given)
    kept = {key: value for key, value in call.args.items() if key not in ("cursor", "start_time")}
    address = None
    if cursor:
        address = call.url(f"{call.path}.json", **kept)
        address += ("&" if kept else "?") + "cursor=" + quote(cursor, safe="")
    envelope: Json = {
        "after_url": address,
        "before_url": None,
        "after_cursor": cursor,
        "before_cursor": None,
        "end_of_stream": not more,
    }
    return [ident for _, ident in rows], envelope


def _time_export(
    call: Call, index: TimeIndex, hidden: frozenset[int] = frozenset()
) -> tuple[list[int], Json]:
    """Ids of one page by time, and the envelope; the last second's rows come again on the next page."""
    start = _start_time(call)
    rows, more = index.page((start, -1), _until(call), _per_page(call), hidden)
    return [ident for _, ident in rows], _time_envelope(call, rows[-1][0] if rows else start, len(rows), more)


def _time_envelope(call: Call, end: int, count: int, more: bool) -> Json:
    kept = {key: value for key, value in call.args.items() if key != "start_time"}
    return {
        "count": count,
        "end_of_stream": not more,
        "next_page": call.url(f"{call.path}.json", **kept, start_time=end),
        "end_time": end,
    }


def _hidden(call: Call) -> frozenset[int]:
    world = call.world
    hidden: set[int] = set()
    scope = call.arg("support_type_scope", "agent")
    if scope == "agent":
        hidden |= world.ai_agent_tickets
    elif scope == "ai_agent":
        hidden |= world.tickets.keys() - world.ai_agent_tickets
    if call.arg("exclude_deleted") == "true":
        hidden |= {ticket.id for ticket in world.tickets.values() if ticket.is_deleted}
    return frozenset(hidden)


def ticket_rows(call: Call, tickets: list[Ticket]) -> list[Json]:
    """Export rows with `generated_timestamp`, and `metric_set` if it was asked for."""
    world, base, reader = call.world, call.base, FieldReader(call.world)
    rows = []
    wanted = call.includes
    for ticket in tickets:
        row = ticket_row(world, ticket, base, reader)
        row["generated_timestamp"] = ticket.generated
        if "metric_sets" in wanted:
            row["metric_set"] = None if ticket.is_deleted else metric_row(world, ticket, base)
        if "comment_count" in wanted:
            row["comment_count"] = len(comments_of(ticket))
        if "slas" in wanted:
            row["slas"] = {"policy_metrics": [] if ticket.is_deleted else policy_metrics(world, ticket)}
        rows.append(row)
    return rows


def _ticket_answer(call: Call, idents: list[int], envelope: Json) -> Reply:
    tickets = [call.world.tickets[ident] for ident in idents]
    body: Json = {"tickets": ticket_rows(call, tickets)}
    sideload(call, body, tickets)
    return Reply(body | envelope)


def tickets_by_cursor(call: Call) -> Reply:
    return _ticket_answer(call, *_cursor_export(call, call.world.ticket_index, _hidden(call)))


def tickets_by_time(call: Call) -> Reply:
    return _ticket_answer(call, *_time_export(call, call.world.ticket_index, _hidden(call)))


def _users(call: Call, idents: list[int], envelope: Json) -> Reply:
    users = [call.world.users[ident] for ident in idents]
    body: Json = {"users": [user_row(user, call.base) for user in users]}
    sideload_users(call, body, users)
    return Reply(body | envelope)


def users_by_cursor(call: Call) -> Reply:
    return _users(call, *_cursor_export(call, call.world.user_index))


def users_by_time(call: Call) -> Reply:
    return _users(call, *_time_export(call, call.world.user_index))


def organizations_by_time(call: Call) -> Reply:
    idents, envelope = _time_export(call, call.world.organization_index)
    found = call.world.organizations
    return Reply({"organizations": [organization_row(found[i], call.base) for i in idents]} | envelope)


def ticket_events(call: Call) -> Reply:
    """Audits of all tickets by time."""
    world, start, limit = call.world, _start_time(call), _per_page(call)
    begin, until = world.log_from(start), _until(call)
    with_comments = "comment_events" in call.includes
    rows: list[Json] = []
    more, end = False, start
    for position in range(begin, len(world.log)):
        audit = world.log[position]
        if audit.at > until:
            break
        if audit.ticket_id in world.erased_tickets:
            continue
        if len(rows) == limit:
            more = True
            break
        rows.append(event_row(world, audit, with_comments=with_comments))
        end = audit.at
    return Reply({"ticket_events": rows} | _time_envelope(call, end, len(rows), more))


def _metric_events(call: Call, after: Position) -> Iterator[tuple[int, list[Json]]]:
    """The metric events beyond a position that a request wants: their second, and the rows of one cause."""
    world, no_deleted = call.world, call.arg("exclude_deleted") == "true"
    for ticket, at, rows in log(world, after, _until(call)):
        if ticket.id not in world.erased_tickets and not (no_deleted and ticket.is_deleted):
            yield at, rows


def _events_of_page(call: Call, start: int) -> list[Json]:
    """What one cursor page needs: the rows from the cursor on, and one more than the page holds."""
    is_way_back, first = call.arg("page[before]") is not None, (start, -1)
    after = first if is_way_back else max(first, position_after(call) or first)
    found: list[Json] = []
    for _, rows in _metric_events(call, after):
        found += rows
        if len(found) > MAX_PAGE and not is_way_back:
            break
    return found


def ticket_metric_events(call: Call) -> Reply:
    """Metric events by time, all of one cause on one page; or cursor pages when `page[size]` is given."""
    start, limit = _start_time(call), _per_page(call)
    if is_by_cursor(call):
        page = _events_of_page(call, start)
        key = lambda row: (parse_stamp(row["time"]), row["id"])  # noqa: E731
        return Reply(paginate(call, "ticket_metric_events", page, lambda row: row, key=key)[0])
    found: list[Json] = []
    more, end = False, start
    for at, rows in _metric_events(call, (start, -1)):
        if len(found) + len(rows) > limit and found:
            more = True
            break
        found += rows
        end = at
    return Reply({"ticket_metric_events": found} | _time_envelope(call, end, len(found), more))


def sample(call: Call, resource: str) -> Reply:
    """`/incremental/{resource}/sample`: the same rows, fifty at most; a limit of its own."""
    exports: dict[str, Any] = {
        "tickets": tickets_by_time,
        "users": users_by_time,
        "organizations": organizations_by_time,
        "ticket_events": ticket_events,
        "ticket_metric_events": ticket_metric_events,
    }
    if resource not in exports:
        raise invalid_endpoint()
    reply: Reply = exports[resource](call)
    rows = reply.body[resource][:50]
    return Reply({**reply.body, resource: rows, "count": len(rows)})
