"""Explain: why one ticket is where it is, from the same decision that a run would make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from zdsync.errors import ConfigError, Rejected
from zdsync.facts import Facts
from zdsync.model import Case, TicketId
from zdsync.plan.model import TicketChange
from zdsync.ports.clock import Clock
from zdsync.ports.journal import Journal, JournalEntry
from zdsync.ports.mirror import Mirror
from zdsync.ports.runs import DecisionRecord
from zdsync.replay import Replay
from zdsync.rules.compiled import CompiledGate, CompiledRule
from zdsync.rules.evaluate import Trace, is_live, trace
from zdsync.rules.findings import nearest
from zdsync.rules.model import MoveRule, Operator, Rule, RuleSet
from zdsync.rules.vocabulary import plain
from zdsync.rules.words import clock_in_words, standing
from zdsync.runs.look_ahead import NOTHING_AHEAD, LookAhead, look_ahead
from zdsync.runs.plan import Judge, Judged, make_judge
from zdsync.tiers.clock_words import prospect_told
from zdsync.tiers.model import Decision, Verdict
from zdsync.tiers.prospects import Prospect, prospects
from zdsync.tiers.sight import standing as as_it_stands
from zdsync.tiers.sight import unplaced


@dataclass(frozen=True, slots=True)
class Past:
    """What an explanation of an earlier moment rests on.

    `unknown` are the things that the rules asked about and that are told as they are now, because no history says what
    they were. `decided` is what a run had decided by then, if it was kept.
    """

    at: datetime
    unknown: tuple[str, ...]
    decided: DecisionRecord | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One ticket's decision with everything that led to it; `traces` end with the rule that won, if one did.

    Before it come the rules that were asked in vain; before a move or gate none.

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
    past: Past | None = None
    ahead: LookAhead = NOTHING_AHEAD


def explain(
    mirror: Mirror,
    journal: Journal,
    rules: RuleSet,
    clock: Clock,
    ticket_id: TicketId,
    *,
    tag_prefix: str,
    at: datetime | None = None,
) -> Explanation:
    """Decide the ticket as a run would, keeping the trace; raises Rejected when the mirror does not know it.

    With `at`, the ticket as it was then, by these rules and today's account; also raises Rejected when it was not yet
    opened.
    """
    case, unknown = _case(mirror, ticket_id, at)
    judge = make_judge(
        mirror, rules, at or clock.now(), tag_prefix=tag_prefix, journal=None if at else journal
    )
    judged = judge.judge(case, even_if_settling=True)
    group = judge.account.group(case.ticket.group_id)
    assignee = case.staff.get(case.ticket.assignee_id) if case.ticket.assignee_id else None
    return Explanation(
        facts=judged.facts,
        is_settling=judge.judge(case).decision.verdict is Verdict.SETTLING,
        decision=judged.decision,
        change=judged.change,
        traces=tuple(_traces(judge, judged)),
        entries=tuple(
            entry
            for entry in journal.read_entries(ticket_id=ticket_id)
            if at is None or entry.intended_at <= at
        ),
        ahead=look_ahead(judged, judge),
        rules_digest=rules.digest,
        group=group.name if group else None,
        assignee=assignee.name if assignee else None,
        past=None
        if at is None
        else Past(at, _asked_unknown(rules, unknown), mirror.read_decision(ticket_id, at)),
    )


def _traces(judge: Judge, judged: Judged) -> Iterator[Trace]:
    """Of a move or gate that decided itself alone, for what is asked before it depends on tiers and clocks too."""
    decision = judged.decision
    moving = next((one for one in judge.rules.moving if one.rule == decision.rule), None)
    if moving is not None:
        yield trace(moving, as_it_stands(judged.facts, decision.reading))
        return
    is_ignored = decision.verdict is Verdict.IGNORED
    facts = judged.facts if is_ignored else unplaced(judged.facts, judge.rules)
    for rule in judge.rules.ignore if is_ignored else judge.rules.assign:
        yield trace(rule, facts)
        if rule.rule == decision.rule:
            return


def _asked_unknown(rules: RuleSet, unknown: frozenset[str]) -> tuple[str, ...]:
    """Those of the things not known for then that rules ask about, as these name them."""
    unknown |= {each.name for each in rules.external}
    asked = {name for name in rules.asked_fields() if _record_of(name) in unknown}
    detects = any(one.operator is Operator.DETECTS for one in rules.written_conditions())
    if "findings" in unknown and (detects or any(gate.detects for gate in rules.require)):
        asked.add("what older detectors found")
    return tuple(sorted(asked))


def _record_of(field: str) -> str:
    """The field, or the record or table that it is a part of; the language is the requester's."""
    name = plain(field).partition(".")[0]
    return "requester" if name == "language" else name


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """What one rule has to do with a ticket: every condition asked, and in one sentence how it stands."""

    ticket_id: TicketId
    trace: Trace
    standing: str
    more: tuple[str, ...] = ()
    """Of a move for the ticket's tier, its clock and what else keeps it back."""


def explain_rule(
    mirror: Mirror,
    journal: Journal,
    rules: RuleSet,
    clock: Clock,
    ticket_id: TicketId,
    rule_id: str,
    *,
    tag_prefix: str,
    at: datetime | None = None,
) -> RuleAnswer:
    """Why this rule, or why not, now or at an earlier moment; raises ConfigError when there is no such rule, Rejected when no such ticket."""
    if all(rule.id != rule_id for rule in rules.rules):
        hint = nearest(rule_id, (rule.id for rule in rules.rules)).removeprefix("; ")
        raise ConfigError(f"there is no rule '{rule_id}'", hint=hint or "`zdsync rules docs` lists the rules")
    case, _ = _case(mirror, ticket_id, at)
    judge = make_judge(
        mirror, rules, at or clock.now(), tag_prefix=tag_prefix, journal=None if at else journal
    )
    judged = judge.judge(case, even_if_settling=True)
    moving = next((one for one in judge.rules.moving if one.rule.id == rule_id), None)
    compiled = moving or next(one for one in judge.rules.placing if one.rule.id == rule_id)
    found = _prospect(compiled.rule, judged, judge)
    facts = _seen(compiled, judged, judge, found)
    asked = trace(compiled, facts)
    if not asked.matches:
        stands = "So it has no part in this ticket."
        if moving is not None and compiled.matches(replace(judged.facts, ticket=judged.facts.current)):
            stands = f"So it has no part in this ticket yet: {_HIDDEN}."
    elif isinstance(compiled, CompiledGate):
        stands = _gate_stands(compiled, facts)
    else:
        stands = _stands(asked.rule, judged, judge)
    more = tuple(prospect_told(found, judge.now)) if found is not None else ()
    return RuleAnswer(ticket_id, asked, stands, more)


_HIDDEN = "what zdsync itself wrote counts once something else has happened, or a clock comes later"


def _seen(compiled: CompiledRule, judged: Judged, judge: Judge, found: Prospect | None) -> Facts:
    """The ticket as the rule sees it."""
    if any(compiled is one for one in judge.rules.moving):
        return as_it_stands(judged.facts, found.reading if found is not None else None)
    if any(compiled is one for one in judge.rules.assign):
        return unplaced(judged.facts, judge.rules)
    return judged.facts


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
    found = _prospect(rule, judged, judge)
    is_waiting = found is not None and (found.reading is None or not found.reading.is_reached(judge.now))
    if isinstance(rule, MoveRule) and rule.after is not None and is_waiting:
        return f"It waits for its clock: {clock_in_words(rule.after)}."
    if found is not None and found.hindrance:
        return f"But it cannot act: {found.hindrance}."
    if decision.rule is not None and rule not in judge.rules.rules.annotate:
        return f"But '{decision.rule.id}' is asked before it and takes the ticket: {decision.rule.why}."
    return f"But it is not asked for this ticket, which is {decision.verdict.value}: {decision.reason}."


def _prospect(rule: Rule, judged: Judged, judge: Judge) -> Prospect | None:
    """What the rule waits for, of a move for the tier that the ticket is in."""
    return next((one for one in prospects(judged.facts, judge.rules) if one.rule == rule), None)


def _case(mirror: Mirror, ticket_id: TicketId, at: datetime | None) -> tuple[Case, frozenset[str]]:
    """The ticket's case, now or then, and what of it is not known for then."""
    case = next(iter(mirror.read_cases({ticket_id})), None)
    if case is None:
        raise Rejected(
            f"ticket {ticket_id} is not in the mirror", status=404, hint="pull first, or check the number"
        )
    if at is None:
        return case, frozenset()
    found = Replay(case).at(at)
    if found is None:
        opened = f"{case.ticket.created_at:%Y-%m-%d %H:%M} UTC"
        raise Rejected(
            f"ticket {ticket_id} was opened later, at {opened}", status=404, hint="name a later time"
        )
    return found.case, found.unknown
