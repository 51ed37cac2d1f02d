"""All endpoints as one map: exports here, the rest from the rooms' own tables."""

from __future__ import annotations

from functools import cache, partial

from werkzeug.routing import Map, Rule

from zdsync.sandbox import exports, routes_account, routes_people, routes_rules, routes_tickets, routing_api
from zdsync.sandbox.endpoints import Endpoints


def _exports(table: Endpoints) -> None:
    mine = table.having(admin=True)
    for path, handler, resource in (
        ("tickets/cursor", exports.tickets_by_cursor, "tickets"),
        ("tickets", exports.tickets_by_time, "tickets"),
        ("ticket_events", exports.ticket_events, "tickets"),
        ("ticket_metric_events", exports.ticket_metric_events, "tickets"),
        ("users/cursor", exports.users_by_cursor, "users"),
        ("users", exports.users_by_time, "users"),
        ("organizations", exports.organizations_by_time, "organizations"),
    ):
        mine.get(f"/incremental/{path}", handler, "incremental-exports", resource=resource)
    mine.get("/incremental/<resource>/sample", exports.sample, "incremental-sample", resource="tickets")
    for name in ("attributes", "attribute_values", "instance_values"):
        handler = partial(routing_api.export, table=name)
        mine.get(f"/incremental/routing/{name}", handler, "incremental-exports", resource="routing")


@cache
def build() -> Map:
    """All endpoints as a werkzeug map; paths stand below /api/v2 and come without `.json`."""
    table = Endpoints()
    _exports(table)
    for room in (routes_tickets, routes_people, routes_rules, routes_account):
        room.fill(table)
    return Map(
        [Rule(f"/api/v2{e.path}", endpoint=e, methods=e.methods) for e in table.found],
        strict_slashes=False,
    )
