"""Service levels as the account measures them: which policy a ticket has, and when it breaches.

Source: developer.zendesk.com, "SLA Policies"; the first matching policy by position counts, and a
ticket without a priority has no target.
"""

from __future__ import annotations

from functools import lru_cache

from zdsync.sandbox import unverified
from zdsync.sandbox.answers import Json
from zdsync.sandbox.conditions import Asked, holds
from zdsync.sandbox.hours import business_seconds, moment_after
from zdsync.sandbox.metric_clocks import Clock, clocks_of
from zdsync.sandbox.records import Target, Ticket
from zdsync.sandbox.render import iso
from zdsync.sandbox.world import World

_UNITS = (("days", 86_400), ("hours", 3600), ("minutes", 60))
#: Metrics of policies and the clocks that they are counted by; the two of replies by the clock's instance.
_CLOCKS = {
    "first_reply_time": "reply_time",
    "next_reply_time": "reply_time",
    "total_resolution_time": "resolution_time",
}

#: Equal targets are one object: thousands of tickets have them.
_target = lru_cache(maxsize=1024)(Target)


def policy_of(world: World, ticket: Ticket) -> Json | None:
    """The policy a ticket has, or None."""
    policies = sorted(world.tables["slas/policies"].values(), key=lambda row: (row["position"], row["id"]))
    asked = Asked.now(world, ticket)
    return next((row for row in policies if holds(asked, row["filter"])), None)


def targets_of(world: World, ticket: Ticket) -> dict[str, Target]:
    """What the policy a ticket has allows now, by the policy's name of the metric."""
    if ticket.priority is None or (ticket.is_imported and not unverified.imports_have_targets()):
        return {}
    policy = policy_of(world, ticket)
    if policy is None:
        return {}
    about = (policy["id"], policy["title"], policy.get("description"))
    found = {}
    for row in policy["policy_metrics"]:
        seconds = _seconds(row)
        if seconds and row.get("priority") == ticket.priority:
            in_business = bool(row.get("business_hours"))
            found[str(row.get("metric"))] = _target(*about, seconds // 60, seconds, in_business)
    return found


def _seconds(row: Json) -> int:
    """What a line of a policy allows; nothing where no number stands."""
    seconds, minutes = row.get("target_in_seconds"), row.get("target")
    if isinstance(seconds, int) and seconds:
        return seconds
    return minutes * 60 if isinstance(minutes, int) else 0


def target_for(targets: dict[str, Target], metric: str, clock: Clock) -> Target | None:
    """The one of a ticket's targets that the present instance of a clock is counted against."""
    if metric == "reply_time":
        return targets.get("first_reply_time" if clock.instance == 1 else "next_reply_time")
    return targets.get("total_resolution_time" if metric == "resolution_time" else metric)


def breaches_at(world: World, clock: Clock, target: Target) -> int | None:
    """When a running clock will have, or had, used up its target; of a waiting one only if it has."""
    left = target.seconds
    for start, end in clock.ran:
        left -= business_seconds(world, start, end) if target.in_business else end - start
    if clock.stage != "active":
        return clock.ran[-1][1] if clock.ran and left <= 0 else None
    if left <= 0:
        return clock.since
    return moment_after(world, clock.since, left) if target.in_business else clock.since + left


def _running(ticket: Ticket, targets: dict[str, Target]) -> list[tuple[str, Clock, Target]]:
    """The targets of a ticket whose clocks have begun."""
    clocks = clocks_of(ticket).by_metric
    found = []
    for name, target in targets.items():
        metric = _CLOCKS.get(name, name)
        clock = clocks.get(metric)
        if name == "first_reply_time" and clock is not None and clock.instance > 1:
            found.append((name, Clock(1, "achieved"), target))
        elif clock is not None and clock.instance and target_for(targets, metric, clock) is target:
            found.append((name, clock, target))
    return found


def policy_metrics(world: World, ticket: Ticket) -> list[Json]:
    """The `policy_metrics` of a ticket: stage, moment of breach, and what is left of the time."""
    targets = targets_of(world, ticket)
    return [_measured(world, name, clock, target) for name, clock, target in _running(ticket, targets)]


def next_breach(world: World, ticket: Ticket) -> int | None:
    """When the next target of a ticket will be, or was, missed; None without a running one."""
    targets = targets_of(world, ticket)
    if not targets:
        return None
    found = (
        breaches_at(world, clock, target)
        for _, clock, target in _running(ticket, targets)
        if clock.stage == "active"
    )
    return min((at for at in found if at is not None), default=None)


def _measured(world: World, name: str, clock: Clock, target: Target) -> Json:
    row: Json = {"breach_at": None, "stage": clock.stage, "metric": name}
    at = breaches_at(world, clock, target)
    if clock.stage != "active" or at is None:
        return row
    now = world.clock.now()
    left = at - now
    if target.in_business:
        left = business_seconds(world, now, at) if at >= now else -business_seconds(world, at, now)
    unit, size = next((pair for pair in _UNITS if abs(left) >= pair[1]), _UNITS[-1])
    return row | {"breach_at": iso(at), unit: int(left / size)}
