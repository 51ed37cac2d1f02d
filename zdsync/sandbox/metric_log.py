"""The log of metric events: what each update did to metrics, and breaches at moments of their own.

A row stands at the same place in every answer. Source: developer.zendesk.com, "Ticket Metric Events"; the
form of `sla` as the tests of the client libzapi have it; `deleted` on every row as there, and as recorded
by github.com/estuary/connectors.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from heapq import merge
from itertools import islice

from zdsync.sandbox import unverified
from zdsync.sandbox.answers import Json
from zdsync.sandbox.metrics import BUSINESS_SHARE
from zdsync.sandbox.records import Audit, Breach, Step, Target, Ticket
from zdsync.sandbox.render import iso
from zdsync.sandbox.world import World

Place = tuple[int, int]
Cause = Audit | Breach


def _place(cause: Cause) -> Place:
    return cause.at, cause.id


def ticket_rows(ticket: Ticket) -> list[Json]:
    """The metric events of one ticket, in order."""
    causes: list[Cause] = [*ticket.audits, *ticket.breaches]
    return [row for cause in sorted(causes, key=_place) for row in _rows(ticket, cause)]


def log(world: World, after: Place, until: int) -> Iterator[tuple[Ticket, int, list[Json]]]:
    """What happened beyond a place and not later than `until`: the ticket, the second, the rows of one cause."""
    # The audit at the place itself may have more rows behind it.
    start = max(0, bisect_right(world.log, after, key=_place) - 1)
    audits: Iterator[Cause] = (audit for audit in islice(world.log, start, None) if audit.steps)
    breaches = islice(world.breaches, bisect_right(world.breaches, after, key=_place), None)
    for cause in merge(audits, breaches, key=_place):
        if cause.at > until:
            return
        ticket = world.tickets[cause.after.ticket_id if isinstance(cause, Breach) else cause.ticket_id]
        rows = [row for row in _rows(ticket, cause) if (cause.at, row["id"]) > after]
        if rows:
            yield ticket, cause.at, rows


def _rows(ticket: Ticket, cause: Cause) -> list[Json]:
    if isinstance(cause, Breach):
        return [_row(cause.id, ticket, cause.metric, "breach", cause.instance, cause.at)]
    return [
        _step_row(cause.id + number, ticket, step, cause.at) for number, step in enumerate(cause.steps, 1)
    ]


def _row(ident: int, ticket: Ticket, metric: str, kind: str, instance: int, at: int) -> Json:
    return {
        "id": ident,
        "ticket_id": ticket.id,
        "metric": metric,
        "instance_id": instance,
        "type": kind,
        "time": iso(at),
        "deleted": False,
    }


def _step_row(ident: int, ticket: Ticket, step: Step, at: int) -> Json:
    row = _row(ident, ticket, step.metric, step.type, step.instance, at)
    if step.type == "apply_sla":
        row["sla"] = _sla(step.target)
    elif step.type == "breach":
        # What an update does with a breach is to take it back.
        return unverified.taken_back(row)
    elif step.type == "update_status":
        elapsed = at - ticket.created
        row["status"] = {"calendar": elapsed // 60, "business": int(elapsed * BUSINESS_SHARE) // 60}
    return row


def _sla(target: Target | None) -> Json | None:
    if target is None:
        return None
    return {
        "target": target.minutes,
        "business_hours": target.in_business,
        "policy": {"id": target.policy_id, "title": target.title, "description": target.description},
        "target_in_seconds": target.seconds,
    }
