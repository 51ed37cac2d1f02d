"""What lies ahead of a ticket: the rules that could move it, targets, what keeps it back, when it is decided anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zdsync.facts import Facts
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.model import GateRule
from zdsync.runs.plan import Judge, Judged
from zdsync.tiers import holds
from zdsync.tiers.due import Moment, outlook
from zdsync.tiers.gates import Closed, closed_gates
from zdsync.tiers.model import Verdict
from zdsync.tiers.promises import TierTarget
from zdsync.tiers.prospects import Prospect, prospects


@dataclass(frozen=True, slots=True)
class LookAhead:
    """`prospects` are the rules that could move the ticket on from its tier; `waits` says why rules leave it alone now.

    `gates` keep a ticket out of the tier that `assign` has for it; `next` is None when no time alone changes anything.
    """

    prospects: tuple[Prospect, ...] = ()
    targets: tuple[TierTarget, ...] = ()
    waits: tuple[str, ...] = ()
    gates: tuple[Closed, ...] = ()
    next: Moment | None = None


NOTHING_AHEAD = LookAhead()


def look_ahead(judged: Judged, judge: Judge) -> LookAhead:
    """Nothing lies ahead of a ticket that is finished or that the rules ignore."""
    facts, rules = judged.facts, judge.rules
    if judged.decision.verdict in {Verdict.FINISHED, Verdict.IGNORED}:
        return NOTHING_AHEAD
    ahead = outlook(facts, rules)
    return LookAhead(
        prospects=prospects(facts, rules),
        targets=ahead.targets,
        waits=tuple(_waits(facts, rules)),
        gates=_gates(judged, rules),
        next=ahead.next,
    )


def _waits(facts: Facts, rules: CompiledRules) -> Iterator[str]:
    hold = holds.hold_in_force(facts, rules)
    if hold is not None:
        yield holds.told(hold).reason
    for wait in (holds.respect(facts, rules), holds.move_limit(facts, rules)):
        if wait is not None:
            yield wait.reason


def _gates(judged: Judged, rules: CompiledRules) -> tuple[Closed, ...]:
    rule = judged.decision.rule
    if judged.decision.verdict is not Verdict.GATED or not isinstance(rule, GateRule):
        return ()
    tier = rules.rules.tier(rule.before_tier)
    today = judged.facts.now.date()
    return closed_gates(judged.facts, rules, tier, today) if tier is not None else ()
