"""Search in its simple forms: `key:value` words over tickets, users and organizations."""

from __future__ import annotations

import base64
import binascii
import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from zdsync.sandbox.answers import ApiError, Json, Reply, bad_request
from zdsync.sandbox.call import Call, sideload
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.lists import Down, paginate
from zdsync.sandbox.records import PRIORITIES, STATUSES, Organization, Ticket, User
from zdsync.sandbox.render import FieldReader, organization_row, table_row, ticket_row, user_row

MAX_RESULTS = 1000
_TERM = re.compile(r"^(-?)(\w+)(<=|>=|:|<|>)(.*)$")


def _terms(query: str) -> list[str]:
    try:
        return shlex.split(query)
    except ValueError:
        return query.split()


def _kind(call: Call, terms: list[str]) -> str | None:
    for term in terms:
        if term.startswith("type:"):
            return term.removeprefix("type:")
    return call.arg("filter[type]")


def _values(row: Any, key: str) -> Any:
    names = {"created": "created", "updated": "updated", "created_at": "created", "updated_at": "updated"}
    names |= {"group": "group_id", "assignee": "assignee_id", "organization": "organization_id"}
    names |= {"requester": "requester_id", "brand": "brand_id", "ticket_type": "type", "status": "status"}
    return getattr(row, names.get(key, key), None)


def _matches(row: Any, term: str) -> bool:
    found = _TERM.match(term)
    if found is None:
        return term.lower() in _text(row)
    negative, key, operator, wanted = found.groups()
    if key == "type":
        return True
    if key == "tags":
        hit = wanted in row.tags
    elif key in ("created", "updated", "created_at", "updated_at"):
        hit = _ordered(_values(row, key), operator, parse_stamp(wanted))
    elif operator != ":" and key in ("status", "priority"):
        order = [str(step) for step in (STATUSES if key == "status" else PRIORITIES)]
        hit = _ordered(order.index(str(_values(row, key))), operator, order.index(wanted))
    else:
        value = _values(row, key)
        hit = (value is None) if wanted == "none" else str(value).lower() == wanted.lower()
    return hit != bool(negative)


def _ordered(value: int, operator: str, wanted: int) -> bool:
    checks: dict[str, bool] = {
        "<": value < wanted,
        ">": value > wanted,
        "<=": value <= wanted,
        ">=": value >= wanted,
        ":": value == wanted or value // 86_400 == wanted // 86_400,
    }
    return checks[operator]


def _text(row: Any) -> str:
    if isinstance(row, Ticket):
        return f"{row.subject or ''} {row.description}".lower()
    return f"{row.name} {getattr(row, 'email', '') or ''}".lower()


class _Group:
    """A group as search looks at it."""

    def __init__(self, row: Json) -> None:
        self.row, self.id, self.name = row, int(row["id"]), str(row["name"])
        self.created, self.updated = parse_stamp(row["created_at"]), parse_stamp(row["updated_at"])
        self.tags: tuple[str, ...] = ()


def _candidates(call: Call, kind: str | None) -> Iterator[Any]:
    if kind in (None, "ticket"):
        yield from call.world.living_tickets()
    if kind in (None, "user"):
        yield from (user for user in call.world.users.values() if user.is_active)
    if kind in (None, "organization"):
        yield from (row for row in call.world.organizations.values() if row.deleted_at is None)
    if kind in (None, "group"):
        yield from (_Group(row) for row in call.world.tables["groups"].values() if not row["deleted"])


def _find(call: Call, terms: list[str], kind: str | None) -> list[Any]:
    try:
        return [row for row in _candidates(call, kind) if all(_matches(row, term) for term in terms)]
    except ValueError as err:
        raise ApiError(422, {"error": "invalid", "description": "Invalid search: bad value"}) from err


def _shower(call: Call) -> Callable[[Any], Json]:
    reader = FieldReader(call.world)

    def show(row: Any) -> Json:
        if isinstance(row, Ticket):
            return ticket_row(call.world, row, call.base, reader) | {"result_type": "ticket"}
        if isinstance(row, User):
            return user_row(row, call.base) | {"result_type": "user"}
        if isinstance(row, Organization):
            return organization_row(row, call.base) | {"result_type": "organization"}
        return table_row("groups", row.row, call.base) | {"result_type": "group"}

    return show


_SORTS = {"created_at": "created", "updated_at": "updated"}


def search(call: Call) -> Reply:
    """`GET /search`: offset pages over at most 1000 results; `count` tells more."""
    query = call.arg("query")
    if query is None:
        raise bad_request("Missing required parameter: query")
    if max(1, call.integer("page", 1)) * min(100, call.integer("per_page", 100)) > MAX_RESULTS:
        text = "Invalid search: Requested response size was greater than Search Response Limits"
        raise ApiError(422, {"error": "invalid", "description": text})
    terms = _terms(query)
    found = _find(call, terms, _kind(call, terms))
    attribute = _SORTS.get(call.arg("sort_by") or "", "created")
    found.sort(
        key=lambda row: (getattr(row, attribute), row.id), reverse=call.arg("sort_order", "desc") == "desc"
    )
    body, page = paginate(call, "results", found[:MAX_RESULTS], _shower(call), offset_only=True)
    _sideload(call, body, [row for row in page if isinstance(row, Ticket)])
    return Reply(body | {"count": len(found), "facets": None})


_TICKETS = re.compile(r"tickets\(([^)]*)\)")


def _sideload(call: Call, body: Json, tickets: list[Ticket]) -> None:
    """`include=tickets(users,organizations)`."""
    asked = _TICKETS.search(call.arg("include") or "")
    if asked:
        sideload(call, body, tickets, frozenset(asked[1].replace(" ", "").split(",")))


def count(call: Call) -> Reply:
    terms = _terms(call.arg("query") or "")
    return Reply({"count": len(_find(call, terms, _kind(call, terms)))})


#: A cursor of the export lives so long.
CURSOR_LIFE_S = 3600


def export(call: Call) -> Reply:
    """`GET /search/export`: cursor pages of one type, newest first, each cursor an hour long."""
    kind = call.arg("filter[type]")
    if kind not in ("ticket", "user", "organization", "group"):
        raise bad_request("filter[type] is required: ticket, user, organization or group")
    terms = _terms(call.arg("query") or "")
    if any(term.startswith("type:") and term != f"type:{kind}" for term in terms):
        # Documents ask for no type in the query; recorded traffic names the filter's own, and is served.
        raise bad_request("The query must not name a type: filter[type] does")
    now, given = call.world.clock.now(), call.arg("page[after]")
    if given is not None and not now - CURSOR_LIFE_S < _made_at(given) <= now:
        raise ApiError(400, {"error": "InvalidCursor", "description": "The cursor has expired"})
    found = _find(call, terms, kind)
    found.sort(key=lambda row: (row.created, row.id), reverse=True)
    body, _ = paginate(
        call,
        "results",
        found,
        _shower(call),
        key=lambda row: Down((row.created, row.id)),
        cursor_only=True,
        max_page=1000,
        stamp=now,
    )
    body["meta"]["before_cursor"] = body["links"]["prev"] = None
    if not body["meta"]["has_more"]:
        body["links"]["next"] = None
    return Reply(body | {"facets": None})


def _made_at(cursor: str) -> int:
    try:
        return int(orjson.loads(base64.b64decode(cursor, validate=True))["t"])
    except (binascii.Error, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return 0
