"""Explain: why one ticket is where it is, from the same decision that a run would make."""

from __future__ import annotations

from dataclasses import dataclass

from zdsync.errors import ConfigError, Rejected
from zdsync.facts import Facts
from zdsync.model import Case, TicketId
from zdsync.plan.model import TicketChange
from zdsync.ports import Clock, Journal, JournalEntry, Mirror
from zdsync.rules.compile import CompiledGate
from zdsync.rules.evaluate import Trace, is_live, trace
from zdsync.rules.findings import nearest
from zdsync.rules.model import MoveRule, Rule, RuleSet
from zdsync.rules.words import clock_in_words, standing
from zdsync.runs.plan import Judge, Judged, make_judge
from zdsync.tiers.decide import standing as as_it_stands
from zdsync.tiers.model import Decision, Verdict


@dataclass(frozen=True, slots=True)
class Explanation:
    """One ticket's decision with everything that led to it; `traces` end with the rule that won, if one did.

    A settling ticket is explained by what is mirrored of it so far, which the next run will not yet act on.
    """

    facts: Facts
    is_settling: bool
    decision: Decision
    change: TicketChange | None
    traces: tuple[Trace, ...]
    entries: tuple[JournalEntry, ...]
    rules_digest: str
    group: str | None
    assignee: str | None


def explain(
    mirror: Mirror, journal: Journal, rules: RuleSet, clock: Clock, ticket_id: TicketId, *, tag_prefix: str
) -> Explanation:
    """Decide the ticket as a run would, keeping the trace; raises Rejected when the mirror does not know it."""
    case = _case(mirror, ticket_id)
    judge = make_judge(mirror, rules, clock.now(), tag_prefix=tag_prefix, journal=journal)
    judged = judge.judge(case, even_if_settling=True)
    asked = {Verdict.IGNORED: judge.rules.ignore}.get(judged.decision.verdict, judge.rules.assign)
    traces: list[Trace] = []
    for rule in asked:
        traces.append(trace(rule, judged.facts))
        if rule.rule == judged.decision.rule:
            break
    group = judge.account.group(case.ticket.group_id)
    assignee = case.staff.get(case.ticket.assignee_id) if case.ticket.assignee_id else None
    return Explanation(
        facts=judged.facts,
        is_settling=judge.judge(case).decision.verdict is Verdict.SETTLING,
        decision=judged.decision,
        change=judged.change,
        traces=tuple(traces),
        entries=journal.read_entries(ticket_id=ticket_id),
        rules_digest=rules.digest,
        group=group.name if group else None,
        assignee=assignee.name if assignee else None,
    )


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """What one rule has to do with a ticket: every condition asked, and in one sentence how it stands."""

    ticket_id: TicketId
    trace: Trace
    standing: str


def explain_rule(
    mirror: Mirror,
    journal: Journal,
    rules: RuleSet,
    clock: Clock,
    ticket_id: TicketId,
    rule_id: str,
    *,
    tag_prefix: str,
) -> RuleAnswer:
    """Why this rule, or why not; raises ConfigError when there is no such rule, Rejected when no such ticket."""
    if all(rule.id != rule_id for rule in rules.rules):
        hint = nearest(rule_id, (rule.id for rule in rules.rules)).removeprefix("; ")
        raise ConfigError(f"there is no rule '{rule_id}'", hint=hint or "`zdsync rules docs` lists the rules")
    case = _case(mirror, ticket_id)
    judge = make_judge(mirror, rules, clock.now(), tag_prefix=tag_prefix, journal=journal)
    judged = judge.judge(case, even_if_settling=True)
    moving = next((one for one in judge.rules.moving if one.rule.id == rule_id), None)
    facts = judged.facts if moving is None else as_it_stands(judged.facts)
    compiled = moving or next(one for one in judge.rules.placing if one.rule.id == rule_id)
    asked = trace(compiled, facts)
    if not asked.matches:
        stands = "So it has no part in this ticket."
    elif isinstance(compiled, CompiledGate):
        stands = _gate_stands(compiled, facts)
    else:
        stands = _stands(asked.rule, judged, judge)
    return RuleAnswer(ticket_id, asked, stands)


def _gate_stands(gate: CompiledGate, facts: Facts) -> str:
    """Whether the gate would let the ticket into its tier."""
    before = f"before tier {gate.rule.before_tier}"
    if not is_live(gate.rule, facts.current.id, facts.now.date()):
        return f"It does not act on this ticket: {standing(gate.rule)}."
    if any(one.holds(facts) for one in gate.unless):
        return f"So it stands {before}, but is open for this ticket: one of its `unless` holds."
    missing = gate.missing(facts)
    if missing:
        return f"So it stands {before}; missing: {', '.join(missing)}."
    return f"So it stands {before}, and nothing that it asks for is missing."


def _stands(rule: Rule, judged: Judged, judge: Judge) -> str:
    """What becomes of the rule, which matches, in the decision of this ticket."""
    decision = judged.decision
    if rule == decision.rule or rule in decision.labels:
        return "So it acts on this ticket."
    if not is_live(rule, decision.ticket_id, judge.now.date()):
        return f"It does not act on this ticket: {standing(rule)}."
    if isinstance(rule, MoveRule) and judged.facts.tier not in rule.origins:
        here = judged.facts.tier
        place = f"this one is in tier {here}" if here else "this one is in no tier"
        return f"But it is for tickets in tier {' or '.join(rule.origins)}, and {place}."
    if isinstance(rule, MoveRule) and rule.after is not None and decision.rule is None:
        return f"It waits for its clock: {clock_in_words(rule.after)}."
    if decision.rule is not None and rule not in judge.rules.rules.annotate:
        return f"But '{decision.rule.id}' is asked before it and takes the ticket: {decision.rule.why}."
    return f"But it is not asked for this ticket, which is {decision.verdict.value}: {decision.reason}."


def _case(mirror: Mirror, ticket_id: TicketId) -> Case:
    case = next(iter(mirror.read_cases({ticket_id})), None)
    if case is None:
        raise Rejected(
            f"ticket {ticket_id} is not in the mirror", status=404, hint="pull first, or check the number"
        )
    return case
