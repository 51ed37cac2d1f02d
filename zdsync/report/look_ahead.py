"""What lies ahead of a ticket, for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from zdsync.rules.explain import explain_trace, first_failure
from zdsync.runs.look_ahead import LookAhead
from zdsync.tiers.clock_words import destination, moment_told, prospect_told, target_told
from zdsync.tiers.clocks import Reading
from zdsync.tiers.gates import Closed
from zdsync.tiers.promises import TierTarget
from zdsync.tiers.prospects import Prospect


def ahead_lines(ahead: LookAhead, now: datetime) -> Iterator[str]:
    """Which rules could move the ticket on and what they wait for, targets, and when it falls due; nothing if nothing."""
    if ahead.prospects:
        yield ""
        yield "Rules that could move it on:"
        for prospect in ahead.prospects:
            yield from _prospect_lines(prospect, now)
    for gate in ahead.gates:
        yield f"Missing before tier {gate.rule.before_tier}: {', '.join(gate.missing)} (rule {gate.rule.id})"
    for wait in ahead.waits:
        yield f"Left alone: {wait}"
    for target in ahead.targets:
        yield f"Target: {target_told(target)}"
    if ahead.next is not None:
        yield f"Falls due next: {moment_told(ahead.next)}"


def _prospect_lines(prospect: Prospect, now: datetime) -> Iterator[str]:
    failed = first_failure(prospect.trace)
    held = "" if prospect.rule.conditions else " (no conditions)"
    told = failed[0] if failed else f"its conditions hold{held}"
    yield f"  {prospect.rule.id} → {destination(prospect)}: {told}"
    for line in (*failed[1:], *prospect_told(prospect, now)):
        yield f"    {line}"


def ahead_json(ahead: LookAhead, now: datetime) -> dict[str, Any]:
    return {
        "moves": [_prospect_json(prospect, now) for prospect in ahead.prospects],
        "gates": [_gate_json(gate) for gate in ahead.gates],
        "left_alone": list(ahead.waits),
        "targets": [_target_json(target) for target in ahead.targets],
        "due_next": None
        if ahead.next is None
        else {
            "at": ahead.next.at.isoformat(),
            "because": ahead.next.turn.value,
            "rule": ahead.next.rule.id if ahead.next.rule else None,
        },
    }


def _prospect_json(prospect: Prospect, now: datetime) -> dict[str, Any]:
    return {
        "rule": prospect.rule.id,
        "to": prospect.tier.key if prospect.tier else prospect.rule.to,
        "matches": prospect.trace.matches,
        "because": list(explain_trace(prospect.trace)),
        "hindrance": prospect.hindrance or None,
        "clock": None if prospect.reading is None else _reading_json(prospect.reading, now),
        "gates": [_gate_json(gate) for gate in prospect.gates],
    }


def _reading_json(reading: Reading, now: datetime) -> dict[str, Any]:
    return {
        "counts": reading.clock.value,
        "length": str(reading.length),
        "calendar": None if reading.hours.is_always else reading.hours.name,
        "started_at": reading.started_at.isoformat(),
        "elapsed_s": reading.elapsed_s,
        "is_running": reading.is_running,
        "is_reached": reading.is_reached(now),
        "due_at": reading.due_at.isoformat() if reading.due_at else None,
        "counted": [[since.isoformat(), until.isoformat()] for since, until in reading.counted(now)],
    }


def _target_json(target: TierTarget) -> dict[str, Any]:
    return {
        "kind": target.kind.value,
        "tier": target.tier,
        "within": str(target.length),
        "state": target.state.value,
        "started_at": target.started_at.isoformat(),
        "due_at": target.due_at.isoformat() if target.due_at else None,
        "ended_at": target.ended_at.isoformat() if target.ended_at else None,
    }


def _gate_json(gate: Closed) -> dict[str, Any]:
    return {"rule": gate.rule.id, "before_tier": gate.rule.before_tier, "missing": list(gate.missing)}
