"""Explain: why one ticket is where it is, from the same decision that a run would make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zdsync.errors import ConfigError, Rejected
from zdsync.facts import Facts
from zdsync.model import Case, TicketId
from zdsync.plan.model import TicketChange
from zdsync.ports import Clock, DecisionRecord, Journal, JournalEntry, Mirror
from zdsync.replay import Replay
from zdsync.rules.evaluate import Trace, is_live, trace
from zdsync.rules.findings import nearest
from zdsync.rules.model import Operator, Rule, RuleSet
from zdsync.rules.vocabulary import plain
from zdsync.rules.words import standing
from zdsync.runs.plan import Judge, Judged, make_judge
from zdsync.tiers.model import Decision, Verdict


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
        entries=tuple(
            entry
            for entry in journal.read_entries(ticket_id=ticket_id)
            if at is None or entry.intended_at <= at
        ),
        rules_digest=rules.digest,
        group=group.name if group else None,
        assignee=assignee.name if assignee else None,
        past=None
        if at is None
        else Past(at, _asked_unknown(rules, unknown), mirror.read_decision(ticket_id, at)),
    )


def _asked_unknown(rules: RuleSet, unknown: frozenset[str]) -> tuple[str, ...]:
    """Those of the things not known for then that conditions ask about, as these name them."""
    unknown |= {each.name for each in rules.external}
    asked = set()
    for condition in rules.written_conditions():
        name = plain(condition.field)
        what = "findings" if condition.operator is Operator.DETECTS else name.partition(".")[0]
        what = "requester" if what == "language" else what
        if what in unknown:
            asked.add(condition.field if what != "findings" else "what older detectors found")
    return tuple(sorted(asked))


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
    everything = (*judge.rules.ignore, *judge.rules.assign, *judge.rules.annotate)
    asked = trace(next(one for one in everything if one.rule.id == rule_id), judged.facts)
    return RuleAnswer(ticket_id, asked, _stands(asked.rule, judged, judge, matches=asked.matches))


def _stands(rule: Rule, judged: Judged, judge: Judge, *, matches: bool) -> str:
    """What becomes of the rule in the decision of this ticket."""
    decision = judged.decision
    if not matches:
        return "So it has no part in this ticket."
    if rule == decision.rule or rule in decision.labels:
        return "So it acts on this ticket."
    if not is_live(rule, decision.ticket_id, judge.now.date()):
        return f"It does not act on this ticket: {standing(rule)}."
    if decision.rule is not None and rule not in judge.rules.rules.annotate:
        return f"But '{decision.rule.id}' is asked before it and takes the ticket: {decision.rule.why}."
    return f"But it is not asked for this ticket, which is {decision.verdict.value}: {decision.reason}."


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
