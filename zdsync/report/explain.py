"""An explanation for people and for scripts: what was decided, by which rule, and where each earlier rule failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zdsync.plan.codec import ticket_change_json
from zdsync.report.look_ahead import ahead_json, ahead_lines
from zdsync.report.plans import change_text
from zdsync.rules.evaluate import Trace
from zdsync.rules.explain import explain_trace, first_failure
from zdsync.runs.explain import Explanation, Past, RuleAnswer

SHOWN_ENTRIES = 5


def explanation_lines(found: Explanation) -> Iterator[str]:
    """Why the ticket is where it is, line by line."""
    decision = found.decision
    yield f"Ticket {decision.ticket_id}: {', '.join(_standing(found))}"
    if found.is_settling:
        yield "It changed a moment ago: this rests on what is mirrored so far, and the next run waits for the rest."
    yield from _past_lines(found)
    yield ""
    yield f"{decision.verdict.value.capitalize()}: {decision.reason}"
    winner = _winner(found)
    if winner is not None:
        yield from (f"  {line}" for line in explain_trace(winner))
    if decision.labels:
        yield "Labels: " + "; ".join(f"{rule.id} ({rule.why})" for rule in decision.labels)
    if decision.shadow:
        yield "In shadow, would have won: " + ", ".join(rule.id for rule in decision.shadow)
    passed = [trace for trace in found.traces if trace is not winner]
    if passed and decision.rule is not None:
        yield ""
        yield "Rules asked before it:"
        yield from _passed_over(passed)
    yield from ahead_lines(found.ahead, found.facts.now)
    yield ""
    run = "A run then" if found.past else "Next run"
    yield f"{run}: {change_text(found.change)}" if found.change else f"{run}: nothing to change."
    yield from _history(found)
    yield f"Rules {found.rules_digest[:12]}"


def _past_lines(found: Explanation) -> Iterator[str]:
    past = found.past
    if past is None:
        return
    yield f"As it was at {past.at:%Y-%m-%d %H:%M:%S} UTC by its history, decided by the rules as they are now."
    if past.unknown:
        yield f"Told as it is now, since no history says what it was: {', '.join(past.unknown)}."
    decided = past.decided
    if decided is not None:
        by = f" by {decided.rule}" if decided.rule else ""
        rules = "these rules" if decided.rules_digest == found.rules_digest else "other rules"
        at = f"{decided.decided_at:%Y-%m-%d %H:%M}"
        yield f"What a run had decided then, at {at}: {decided.outcome}{by}; {rules}, {decided.rules_digest[:12]}."


def _standing(found: Explanation) -> Iterator[str]:
    ticket = found.facts.current
    yield ticket.status
    yield f"group {found.group or 'none'}"
    yield f"assignee {found.assignee or 'none'}"
    yield f"priority {ticket.priority or 'none'}"
    if ticket.tags:
        yield f"tags {' '.join(sorted(ticket.tags))}"


def _winner(found: Explanation) -> Trace | None:
    last = found.traces[-1] if found.traces else None
    return last if last is not None and last.rule == found.decision.rule else None


def _passed_over(traces: list[Trace]) -> Iterator[str]:
    for trace in traces:
        lines = first_failure(trace)
        if not lines:
            yield f"  {trace.rule.id}: matches, but is not live for this ticket"
            continue
        yield f"  {trace.rule.id}: {lines[0]}"
        yield from (f"    {line}" for line in lines[1:])


def _history(found: Explanation) -> Iterator[str]:
    if not found.entries:
        return
    yield "What zdsync did:"
    for entry in found.entries[-SHOWN_ENTRIES:]:
        rule = f" by {entry.rule}" if entry.rule else ""
        yield f"  {entry.intended_at:%Y-%m-%d %H:%M:%S} run {entry.run_id}{rule}: {entry.outcome.value}"


def explanation_json(found: Explanation) -> dict[str, Any]:
    """The same for scripts."""
    decision = found.decision
    return {
        "ticket": decision.ticket_id,
        "verdict": decision.verdict.value,
        "reason": decision.reason,
        "is_settling": found.is_settling,
        "rule": decision.rule_id or None,
        "tier": decision.target.tier.key if decision.target.tier else None,
        "group": found.group,
        "assignee": found.assignee,
        "status": found.facts.current.status,
        "priority": found.facts.current.priority,
        "tags": sorted(found.facts.current.tags),
        "labels": [rule.id for rule in decision.labels],
        "shadow": [rule.id for rule in decision.shadow],
        "rules": [
            {"rule": trace.rule.id, "matches": trace.matches, "because": list(explain_trace(trace))}
            for trace in found.traces
        ],
        "ahead": ahead_json(found.ahead, found.facts.now),
        "next_change": ticket_change_json(found.change) if found.change else None,
        "changes": [
            {
                "run": entry.run_id,
                "rule": entry.rule,
                "after": dict(entry.after),
                "outcome": entry.outcome.value,
            }
            for entry in found.entries
        ],
        "rules_digest": found.rules_digest,
        "past": _past_json(found.past) if found.past else None,
    }


def _past_json(past: Past) -> dict[str, Any]:
    decided = past.decided
    return {
        "at": past.at.isoformat(),
        "unknown": list(past.unknown),
        "decided": {
            "at": decided.decided_at.isoformat(),
            "run": decided.run_id,
            "verdict": decided.outcome,
            "rule": decided.rule or None,
            "tier": decided.tier,
            "rules_digest": decided.rules_digest,
        }
        if decided
        else None,
    }


def rule_lines(found: RuleAnswer) -> Iterator[str]:
    """Why one rule acts on the ticket, or why not."""
    yield f"Ticket {found.ticket_id}"
    yield from explain_trace(found.trace)
    yield found.standing
    yield from found.more


def rule_json(found: RuleAnswer) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "ticket": found.ticket_id,
        "rule": found.trace.rule.id,
        "matches": found.trace.matches,
        "because": list(explain_trace(found.trace)),
        "standing": found.standing,
        "ahead": list(found.more),
    }
