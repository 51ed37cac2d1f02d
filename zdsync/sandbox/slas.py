"""Service levels as the account measures them: which policy a ticket has, and when it breaches.

Source: developer.zendesk.com, "SLA Policies"; the first matching policy by position counts, and a
ticket without a priority has no target.
"""

from __future__ import annotations

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


def policy_metrics(world: World, ticket: Ticket) -> list[Json]:
    """The `policy_metrics` of a ticket: stage, moment of breach, and what is left of the time."""
    policy = policy_of(world, ticket)
    if policy is None or ticket.priority is None:
        return []
    rows = []
    for target in policy["policy_metrics"]:
        if target["priority"] == ticket.priority:
            seconds = target.get("target_in_seconds") or target["target"] * 60
            rows.append(
                _measured(world, ticket, target["metric"], seconds, in_business=target["business_hours"])
            )
    return rows


def next_breach(world: World, ticket: Ticket) -> int | None:
    """When the next target of a ticket will be, or was, missed; None without a running one."""
    moments = [row["breach_at"] for row in _running(world, ticket)]
    return min(moments) if moments else None


def _running(world: World, ticket: Ticket) -> list[Json]:
    policy = policy_of(world, ticket)
    if policy is None or ticket.priority is None:
        return []
    found = []
    for target in policy["policy_metrics"]:
        if target["priority"] == ticket.priority and _stage(world, ticket, target["metric"])[0] == "active":
            seconds = target.get("target_in_seconds") or target["target"] * 60
            start = _stage(world, ticket, target["metric"])[1]
            at = _breach(world, start, seconds, in_business=target["business_hours"])
            found.append({"metric": target["metric"], "breach_at": at})
    return found


def _stage(world: World, ticket: Ticket, metric: str) -> tuple[str, int]:
    """Whether a metric runs, and since when it counts."""
    got, start = tally(world, ticket), ticket.created
    if metric == "first_reply_time":
        return ("achieved" if got.first_reply else "active"), start
    if ticket.status in ("solved", "closed"):
        return "achieved", start
    if metric in ("next_reply_time", "periodic_update_time", "pausable_update_time"):
        start = got.requester_at if metric == "next_reply_time" else got.comment_at or start
    pauses = metric in ("requester_wait_time", "pausable_update_time") and ticket.status == "pending"
    pauses = pauses or (metric == "agent_work_time" and ticket.status in ("pending", "hold"))
    lost = got.waited.get("pending", 0) if metric in ("requester_wait_time", "agent_work_time") else 0
    return ("paused" if pauses else "active"), start + lost


def _breach(world: World, start: int, seconds: int, *, in_business: bool) -> int:
    return moment_after(world, start, seconds) if in_business else start + seconds


def _measured(world: World, ticket: Ticket, metric: str, seconds: int, *, in_business: bool) -> Json:
    stage, start = _stage(world, ticket, metric)
    row: Json = {"breach_at": None, "stage": stage, "metric": metric}
    if stage != "active":
        return row
    at, now = _breach(world, start, seconds, in_business=in_business), world.clock.now()
    if in_business:
        left = business_seconds(world, now, at) if at >= now else -business_seconds(world, at, now)
    else:
        left = at - now
    unit, size = next((pair for pair in _UNITS if abs(left) >= pair[1]), _UNITS[-1])
    return row | {"breach_at": iso(at), unit: int(left / size)}
