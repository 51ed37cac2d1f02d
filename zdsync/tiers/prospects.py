"""What could still happen to a ticket in its tier: each rule that could move it on, its clock, and what keeps it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zdsync.facts import Facts
from zdsync.rules.compiled import CompiledMove, CompiledRules
from zdsync.rules.evaluate import Trace, trace
from zdsync.rules.lengths import Clock
from zdsync.rules.model import PREVIOUS, MoveRule, Tier
from zdsync.tiers.clocks import TRANSCRIPTS, Reading, begin_of
from zdsync.tiers.gates import Closed, closed_gates
from zdsync.tiers.moves import candidates, is_with_vendor
from zdsync.tiers.sight import standing


@dataclass(frozen=True, slots=True)
class Prospect:
    """One rule of escalate or deescalate for tickets of this tier, asked about the ticket as it stands.

    `reading` is its clock, None when it has none or it does not run. `hindrance` says in words why it cannot move the
    ticket whatever its conditions say; empty when it could. `gates` keep the ticket out of the tier it leads to.
    """

    rule: MoveRule
    trace: Trace
    tier: Tier | None
    reading: Reading | None
    hindrance: str
    gates: tuple[Closed, ...] = ()


def prospects(facts: Facts, rules: CompiledRules) -> tuple[Prospect, ...]:
    """The rules for tickets of the tier that this one is in, in the order in which they are asked."""
    return tuple(_prospects(facts, rules))


def _prospects(facts: Facts, rules: CompiledRules) -> Iterator[Prospect]:
    steps = {step.rule.id: step for step in candidates(facts, rules)}
    for compiled in (*rules.escalate, *rules.deescalate):
        rule = compiled.rule
        if facts.tier not in rule.origins:
            continue
        step = steps.get(rule.id)
        asked = trace(compiled, standing(facts, step.reading if step else None))
        if step is None:
            yield Prospect(rule, asked, None, None, _hindrance(compiled, facts, rules))
            continue
        gates: tuple[Closed, ...] = ()
        if step.tier is not None:
            gates = closed_gates(facts, rules, step.tier, facts.now.date(), step.reading)
        yield Prospect(rule, asked, step.tier, step.reading, "", gates)


def _hindrance(compiled: CompiledMove, facts: Facts, rules: CompiledRules) -> str:
    """Why the rule is no candidate, though the ticket is in its tier."""
    rule = compiled.rule
    if facts.journey.governed_since is None:
        return "it waits until zdsync has tagged the ticket"
    if is_with_vendor(facts, rules) and not rule.even_if_held:
        return "the ticket is with a vendor"
    if rule.after is None and not facts.journey.is_stirred:
        return "nothing has happened to the ticket since it came to its tier"
    if rule.after is not None and begin_of(rule.after.clock, facts) is None:
        return _still(rule.after.clock, facts)
    if rule.to == PREVIOUS:
        return "the ticket came from no lower tier"
    return "a person has fetched the ticket back from the vendor"


def _still(clock: Clock, facts: Facts) -> str:
    """Why a clock has no beginning."""
    if not facts.has_whole_history:
        return "the ticket's history is not whole, so no clock runs"
    if clock is Clock.UNANSWERED and facts.current.channel in TRANSCRIPTS:
        return "the replies stand in a chat's transcript, which is not read"
    return {
        Clock.UNANSWERED: "no customer waits for an answer",
        Clock.UNASSIGNED: "somebody is assigned",
    }.get(clock, "its clock has no beginning")
