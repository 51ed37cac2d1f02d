"""Gates: what must be known before a ticket enters a tier, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from zdsync.facts import Facts
from zdsync.rules.compiled import CompiledGate, CompiledRules
from zdsync.rules.evaluate import is_live
from zdsync.rules.model import GateRule, Tier
from zdsync.tiers.clocks import Reading
from zdsync.tiers.notes import fill
from zdsync.tiers.sight import standing


@dataclass(frozen=True, slots=True)
class Closed:
    """A gate that keeps a ticket out for now, and what it lacks, in the rule's order."""

    rule: GateRule
    missing: tuple[str, ...]


def closed_gates(
    facts: Facts, rules: CompiledRules, tier: Tier, today: date, reading: Reading | None = None
) -> tuple[Closed, ...]:
    """The gates before `tier` that are closed to this ticket; empty: it may enter.

    `reading` is the clock that would bring it there: a gate sees what the rule that asks it sees.
    """
    gates = [gate for gate in rules.require if gate.rule.before_tier == tier.key]
    if not gates:
        return ()
    seen = _unmarked(facts, rules, reading)
    return tuple(closed for gate in gates if (closed := _closed(gate, seen, today)) is not None)


def tags_of_closed(facts: Facts, rules: CompiledRules, today: date) -> frozenset[str]:
    """The tags of gates that are still closed, before tiers that are still above the ticket."""
    here, seen = facts.tier, _unmarked(facts, rules, None)
    ahead = (
        gate for gate in rules.require if here is None or rules.ladder.is_above(gate.rule.before_tier, here)
    )
    return frozenset(tag for gate in ahead if _closed(gate, seen, today) for tag in gate.rule.missing_tags)


def _unmarked(facts: Facts, rules: CompiledRules, reading: Reading | None) -> Facts:
    """The ticket as gates see it: as it stands for moves, but for what a gate itself has set.

    So a mark that another rule of ours has set can open a gate, but no gate opens itself by its own tag, or by the
    status in which it asks.
    """
    seen = standing(facts, reading)
    tags = seen.ticket.tags - (gate_tags(rules) & facts.tags_by_us)
    return replace(
        seen, ticket=replace(seen.ticket, tags=tags, status=facts.ticket.status), _folded={}, _listed={}
    )


def _closed(gate: CompiledGate, facts: Facts, today: date) -> Closed | None:
    """What the gate lacks, if it stands before the ticket and is not open."""
    if not is_live(gate.rule, facts.current.id, today) or not gate.matches(facts):
        return None
    if any(one.holds(facts) for one in gate.unless):
        return None
    missing = gate.missing(facts)
    return Closed(gate.rule, missing) if missing else None


def gate_note(facts: Facts, gates: Sequence[Closed], tier: Tier) -> str:
    """What to ask for before the ticket can go on to `tier`; the same gaps give the same text.

    The words of the gates themselves come first.
    """
    lines = [
        fill(note, facts, gate.rule, tier, tier.group, missing=", ".join(gate.missing))
        for gate in gates
        if (note := gate.rule.then.note)
    ]
    lines += [f"Waits before tier {tier.key} ({tier.name}), because something is missing"]
    for gate in gates:
        lines.append(f"{gate.rule.why} (rule {gate.rule.id}): {', '.join(gate.missing)}")
        if gate.rule.macro:
            lines.append(f"The macro '{gate.rule.macro}' asks for it.")
    lines.append("Left by zdsync; it goes on by itself once this is filled in.")
    return "\n".join(lines)


def gate_tags(rules: CompiledRules) -> frozenset[str]:
    """Every tag that a closed gate may set."""
    return frozenset(tag for gate in rules.require for tag in gate.rule.missing_tags)
