"""Service levels as the account measures them: which policy a ticket has, and when it breaches.

Source: developer.zendesk.com, "SLA Policies"; the first matching policy by position counts, and a
ticket without a priority has no target.
"""

from __future__ import annotations

from dataclasses import dataclass

from zdsync.sandbox.answers import Json
from zdsync.sandbox.conditions import Asked, holds
from zdsync.sandbox.hours import business_seconds, moment_after
from zdsync.sandbox.metrics import tally
from zdsync.sandbox.records import Ticket
from zdsync.sandbox.render import iso
from zdsync.sandbox.world import World

_UNITS = (("days", 86_400), ("hours", 3600), ("minutes", 60))


def policy_of(world: World, ticket: Ticket) -> Json | None:
    """The policy a ticket has, or None."""
    policies = sorted(world.tables["slas/policies"].values(), key=lambda row: (row["position"], row["id"]))
    asked = Asked.now(world, ticket)
    return next((row for row in policies if holds(asked, row["filter"])), None)


@dataclass(frozen=True, slots=True)
class _Target:
    """One target of a ticket: its metric, the seconds it allows, whether they are working time."""

    metric: str
    seconds: int
    in_business: bool


def _targets(world: World, ticket: Ticket) -> list[_Target]:
    policy = policy_of(world, ticket)
    if policy is None or ticket.priority is None:
        return []
    return [
        _Target(row["metric"], row.get("target_in_seconds") or row["target"] * 60, row["business_hours"])
        for row in policy["policy_metrics"]
        if row["priority"] == ticket.priority
    ]


def policy_metrics(world: World, ticket: Ticket) -> list[Json]:
    """The `policy_metrics` of a ticket: stage, moment of breach, and what is left of the time."""
    return [_measured(world, ticket, target) for target in _targets(world, ticket)]


def next_breach(world: World, ticket: Ticket) -> int | None:
    """When the next target of a ticket will be, or was, missed; None without a running one."""
    moments = []
    for target in _targets(world, ticket):
        stage, start = _stage(world, ticket, target.metric)
        if stage == "active":
            moments.append(_breach(world, start, target))
    return min(moments, default=None)


def _stage(world: World, ticket: Ticket, metric: str) -> tuple[str, int]:
    """Whether a metric runs, and since when it counts."""
    got, start = tally(world, ticket), ticket.created
    if metric == "first_reply_time":
        return ("achieved" if got.first_reply else "active"), start
    if ticket.status in ("solved", "closed"):
        return "achieved", start
    if metric == "next_reply_time":
        return "active", got.requester_at
    waiting = {"requester_wait_time": ("pending",), "agent_work_time": ("pending", "hold")}.get(metric, ())
    if metric in ("periodic_update_time", "pausable_update_time"):
        start = got.comment_at or start
        waiting = ("pending",) if metric == "pausable_update_time" else ()
    else:
        start += sum(got.waited.get(status, 0) for status in waiting)
    return ("paused" if ticket.status in waiting else "active"), start


def _breach(world: World, start: int, target: _Target) -> int:
    return moment_after(world, start, target.seconds) if target.in_business else start + target.seconds


def _measured(world: World, ticket: Ticket, target: _Target) -> Json:
    stage, start = _stage(world, ticket, target.metric)
    row: Json = {"breach_at": None, "stage": stage, "metric": target.metric}
    if stage != "active":
        return row
    at, now = _breach(world, start, target), world.clock.now()
    left = at - now
    if target.in_business:
        left = business_seconds(world, now, at) if at >= now else -business_seconds(world, at, now)
    unit, size = next((pair for pair in _UNITS if abs(left) >= pair[1]), _UNITS[-1])
    return row | {"breach_at": iso(at), unit: int(left / size)}
