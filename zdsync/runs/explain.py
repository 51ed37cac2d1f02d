"""Explain: why one ticket is where it is, from the same decision that a run would make."""

from __future__ import annotations

from dataclasses import dataclass

from zdsync.errors import Rejected
from zdsync.facts import Facts
from zdsync.model import TicketId
from zdsync.plan.model import TicketChange
from zdsync.ports import Clock, Journal, JournalEntry, Mirror
from zdsync.rules.evaluate import Trace, trace
from zdsync.rules.model import RuleSet
from zdsync.runs.plan import make_judge
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
    case = next(iter(mirror.read_cases({ticket_id})), None)
    if case is None:
        raise Rejected(
            f"ticket {ticket_id} is not in the mirror", status=404, hint="pull first, or check the number"
        )
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
