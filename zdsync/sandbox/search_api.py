"""Search in its simple forms: `key:value` words over tickets, users and organizations."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

from zdsync.sandbox.answers import ApiError, Json, Reply, bad_request
from zdsync.sandbox.call import Call
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.lists import paginate
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


def _candidates(call: Call, kind: str | None) -> Iterator[Any]:
    if kind in (None, "ticket"):
        yield from call.world.living_tickets()
    if kind in (None, "user"):
        yield from (user for user in call.world.users.values() if user.is_active)
    if kind in (None, "organization"):
        yield from (row for row in call.world.organizations.values() if row.deleted_at is None)


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
        return table_row("groups", row, call.base) | {"result_type": "group"}

    return show


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
    found.sort(key=lambda row: row.created, reverse=call.arg("sort_order", "desc") == "desc")
    body, _ = paginate(call, "results", found[:MAX_RESULTS], _shower(call))
    return Reply(body | {"count": len(found), "facets": None})


def count(call: Call) -> Reply:
    terms = _terms(call.arg("query") or "")
    return Reply({"count": len(_find(call, terms, _kind(call, terms)))})


def export(call: Call) -> Reply:
    """`GET /search/export`: cursor pages of one type, by creation."""
    kind = call.arg("filter[type]")
    if kind not in ("ticket", "user", "organization", "group"):
        raise bad_request("filter[type] is required: ticket, user, organization or group")
    terms = _terms(call.arg("query") or "")
    found = _find(call, terms, kind)
    found.sort(key=lambda row: (row.created, row.id))
    body, _ = paginate(
        call,
        "results",
        found,
        _shower(call),
        key=lambda row: (row.created, row.id),
        cursor_only=True,
        max_page=1000,
    )
    return Reply(body | {"facets": None})
