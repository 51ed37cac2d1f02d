"""The account as it really is, the withheld minute included, for tests to compare with."""

from __future__ import annotations

from typing import Any

from zdsync.sandbox.answers import Json
from zdsync.sandbox.metric_log import ticket_rows as metric_event_rows
from zdsync.sandbox.metrics import metric_row
from zdsync.sandbox.render import FieldReader, audit_row, event_row, organization_row, ticket_row, user_row
from zdsync.sandbox.world import World

BASE = "https://example.zendesk.com"


def read(world: World, table: str, ident: int | None = None) -> Any:
    """A table as a list of API rows, or the row with this id; raises LookupError."""
    if table == "tickets":
        return _pick(world.tickets, ident, lambda row: _ticket(world, row))
    if table == "users":
        return _pick(world.users, ident, lambda row: user_row(row, BASE))
    if table == "organizations":
        return _pick(world.organizations, ident, lambda row: organization_row(row, BASE))
    if table == "audits":
        log = world.tickets[ident].audits if ident is not None else world.log
        return [audit_row(world, audit) for audit in log]
    if table == "ticket_events":
        log = world.tickets[ident].audits if ident is not None else world.log
        return [event_row(world, audit, with_comments=True) for audit in log]
    if table == "ticket_metrics":
        return _pick(world.tickets, ident, lambda row: metric_row(world, row, BASE))
    if table == "ticket_metric_events":
        world.settle()
        tickets = world.tickets.values() if ident is None else (world.tickets[ident],)
        found = [row for ticket in tickets for row in metric_event_rows(ticket)]
        return sorted(found, key=lambda row: (row["time"], row["id"]))
    if table == "holidays":
        return world.holidays
    if table in world.named:
        return list(world.named[table].values())
    if table not in world.tables:
        raise LookupError(f"no table {table!r}")
    return _pick(world.tables[table], ident, lambda row: row)


def _pick(rows: dict[int, Any], ident: int | None, show: Any) -> Any:
    return show(rows[ident]) if ident is not None else [show(row) for row in rows.values()]


def _ticket(world: World, ticket: Any) -> Json:
    row = ticket_row(world, ticket, BASE, FieldReader(world))
    return row | {"generated_timestamp": ticket.generated}
