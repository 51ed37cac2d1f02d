"""Gates: what must be known before a ticket enters a tier, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from zdsync.facts import Facts
from zdsync.rules.compile import CompiledRules
from zdsync.rules.evaluate import is_live
from zdsync.rules.model import GateRule, Tier


@dataclass(frozen=True, slots=True)
class Closed:
    """A gate that keeps a ticket out for now, and what it lacks, in the rule's order."""

    rule: GateRule
    missing: tuple[str, ...]


def closed_gates(facts: Facts, rules: CompiledRules, tier: Tier, today: date) -> tuple[Closed, ...]:
    """The gates before `tier` that are closed to this ticket; empty: it may enter.

    They look at the ticket as it stands, so that a mark that another rule of ours has set can open them.
    """
    found: list[Closed] = []
    for gate in rules.require:
        rule = gate.rule
        if rule.before_tier != tier.key or not is_live(rule, facts.current.id, today):
            continue
        if not gate.matches(facts) or any(one.holds(facts) for one in gate.unless):
            continue
        missing = gate.missing(facts)
        if missing:
            found.append(Closed(rule, missing))
    return tuple(found)


def gate_note(gates: Sequence[Closed], tier: Tier) -> str:
    """What to ask for before the ticket can go on to `tier`; the same gaps give the same text."""
    lines = [f"Waits before tier {tier.key} ({tier.name}), because something is missing"]
    for gate in gates:
        lines.append(f"{gate.rule.why} (rule {gate.rule.id}): {', '.join(gate.missing)}")
        if gate.rule.macro:
            lines.append(f"The macro '{gate.rule.macro}' asks for it.")
    lines.append("Left by zdsync; it goes on by itself once this is filled in.")
    return "\n".join(lines)


def gate_tags(rules: CompiledRules) -> frozenset[str]:
    """Every tag that a closed gate may set."""
    return frozenset(tag for gate in rules.require for tag in gate.rule.missing_tags)
