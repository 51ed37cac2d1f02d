"""Plan: every unsolved ticket of the mirror judged by the rules, the differences gathered; nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from zdsync.account import Account
from zdsync.calendars import Calendar
from zdsync.errors import MirrorError
from zdsync.facts import Facts, derive
from zdsync.model import Case, RunId, TicketId
from zdsync.plan.account import diff_account
from zdsync.plan.contest import contested
from zdsync.plan.diff import diff_ticket
from zdsync.plan.model import HeldTicket, Plan, TicketChange
from zdsync.ports.clock import Clock
from zdsync.ports.journal import Journal
from zdsync.ports.mirror import Mirror
from zdsync.ports.runs import DecisionRecord
from zdsync.ports.way import Standing
from zdsync.rules.compile import compile_rules
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.external import join
from zdsync.rules.model import RuleSet
from zdsync.rules.renames import meant_ids
from zdsync.runs.agenda import Notebook, epoch_of, nearest, rejoined
from zdsync.runs.freshness import mirror_until
from zdsync.tiers.decide import decide
from zdsync.tiers.due import outlook
from zdsync.tiers.model import WAITING, Decision, Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """One ticket, judged: its facts, its decision, and the change that follows, if any."""

    facts: Facts
    decision: Decision
    change: TicketChange | None


@dataclass(frozen=True, slots=True)
class Judge:
    """One account and one rule set bound together; the single way in which any command decides a ticket."""

    account: Account
    rules: CompiledRules
    now: datetime
    unresolved: frozenset[TicketId] = frozenset()

    def judge(self, case: Case, *, even_if_settling: bool = False) -> Judged:
        """Facts, decision and change; `even_if_settling` decides on what is known, for explaining only."""
        facts = derive(join(case, self.rules.rules.external), self.now, self.rules.ladder)
        if even_if_settling:
            facts = replace(facts, is_settling=False)
        if case.ticket.id in self.unresolved:
            reason = "an earlier write has no known outcome yet"
            return Judged(facts, Decision(case.ticket.id, Verdict.UNRESOLVED, reason), None)
        decision = decide(facts, self.rules, self.now.date())
        change = diff_ticket(facts, decision, self.rules, self.account)
        undone = contested(facts, change) if change is not None else ()
        if undone:
            reason = f"a trigger of the account undoes it ({', '.join(undone)})"
            return Judged(
                facts, Decision(case.ticket.id, Verdict.CONTESTED, reason, rule=decision.rule), None
            )
        return Judged(facts, decision, change)


def make_judge(
    mirror: Mirror, rules: RuleSet, now: datetime, *, tag_prefix: str, journal: Journal | None = None
) -> Judge:
    """Bind rules to the mirrored account; raises RuleError when they name what the account lacks."""
    account = mirror.read_account()
    compiled = compile_rules(rules, account, tag_prefix=tag_prefix, today=now.date())
    unresolved = frozenset(_unresolved(journal)) if journal else frozenset()
    return Judge(account, compiled, now, unresolved)


def _unresolved(journal: Journal) -> Iterator[TicketId]:
    for entry in journal.read_open():
        if entry.object == "ticket" and entry.object_id is not None:
            yield TicketId(entry.object_id)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with the decisions it rests on, the account objects that the rules name, by kind and name, and calendars."""

    plan: Plan
    decisions: tuple[Decision, ...]
    known: Mapping[tuple[str, str], int] = field(default_factory=dict)
    contested: Mapping[str, int] = field(default_factory=dict)
    """How many tickets each rule cannot change, since the account's own rules keep undoing it."""
    calendars: Mapping[str, Calendar] = field(default_factory=dict)

    def records(self, run_id: RunId) -> tuple[DecisionRecord, ...]:
        """The decisions as the mirror keeps them; tickets not judged are left out."""
        passed_over = {Verdict.SETTLING, Verdict.UNRESOLVED, Verdict.FINISHED}
        return tuple(
            DecisionRecord(
                ticket_id=decision.ticket_id,
                run_id=run_id,
                decided_at=self.plan.made_at,
                outcome=decision.verdict.value,
                rule=decision.rule_id,
                tier=decision.target.tier.key if decision.target.tier else None,
                rules_digest=self.plan.rules_digest,
                reason=decision.reason,
            )
            for decision in self.decisions
            if decision.verdict not in passed_over
        )


def make_plan(
    mirror: Mirror,
    journal: Journal,
    rules: RuleSet,
    clock: Clock,
    *,
    account: str,
    tag_prefix: str,
    is_kept: bool = False,
) -> Planned:
    """Decide every unsolved ticket that was touched or fell due since the last kept decision, and gather what would change.

    Touched are also those whose rows in external tables have changed. The others stand as they were decided: their outcome is counted, and none of them is to be changed. `is_kept` keeps
    the decisions in the mirror for the next run. Changes come by ticket id, account objects first. Raises MirrorError
    when nothing was ever pulled, RuleError when rules and account do not fit.
    """
    now = clock.now()
    until = mirror_until(mirror)
    if until is None:
        raise MirrorError("the mirror holds no finished pull", hint="run `zdsync pull` first")
    judge = make_judge(mirror, rules, now, tag_prefix=tag_prefix, journal=journal)
    epoch = epoch_of(judge.account, judge.rules, now.date())
    agenda = mirror.read_agenda(epoch, now)
    ids = None
    if agenda.ids is not None:
        ids = agenda.ids | judge.unresolved | rejoined(mirror, rules.external)
    standing = Standing() if ids is None else mirror.read_standing(ids)
    notebook = Notebook(mirror, agenda, judge.rules, now) if is_kept else None
    decisions: list[Decision] = []
    changes: list[TicketChange] = []
    coming = [] if ids is None else [move for move in mirror.read_coming() if move.ticket_id not in ids]
    for case in mirror.read_cases(ids):
        judged = judge.judge(case)
        if judged.decision.verdict is Verdict.FINISHED:
            continue
        decisions.append(judged.decision)
        if judged.change is not None:
            changes.append(judged.change)
        ahead = outlook(judged.facts, judge.rules)
        if (move := nearest(ahead.warnings)) is not None:
            coming.append(move)
        if notebook is not None:
            notebook.take(judged.facts, judged.decision, ahead, is_changed=judged.change is not None)
    if notebook is not None:
        notebook.take_finished(mirror.read_cases(agenda.finished))
        notebook.close(epoch)
    objects = diff_account(judge.account, judge.rules)
    plan = Plan(
        account=account,
        made_at=now,
        mirror_until=until,
        rules_digest=rules.digest,
        unsolved=mirror.count_unsolved(),
        account_changes=tuple(objects.changes),
        ticket_changes=tuple(sorted(changes, key=lambda change: change.ticket_id)),
        counts=_count(decisions, standing),
        held=_waiting(decisions, standing),
        coming=tuple(sorted(coming, key=lambda move: (move.at, move.ticket_id))),
        refused=tuple(objects.refused),
        notices=tuple(objects.notices),
    )
    contested = Counter(standing.contested) + Counter(
        decision.rule_id
        for decision in decisions
        if decision.verdict is Verdict.CONTESTED and decision.rule_id
    )
    known = {**meant_ids(rules, judge.account), **objects.known}
    return Planned(plan, tuple(decisions), known, contested, judge.rules.calendars)


def _waiting(decisions: Sequence[Decision], standing: Standing) -> tuple[HeldTicket, ...]:
    """Every ticket that rules leave where it is for now, by id."""
    anew = ((decision.ticket_id, decision.reason) for decision in decisions if decision.verdict in WAITING)
    return tuple(HeldTicket(id, reason) for id, reason in sorted((*standing.waiting, *anew)))


def _count(decisions: Sequence[Decision], standing: Standing) -> dict[str, int]:
    """How many tickets have each verdict, in the order in which verdicts are thought of."""
    counted = Counter(decision.verdict.value for decision in decisions) + Counter(standing.counts)
    return {verdict.value: counted[verdict.value] for verdict in Verdict if counted[verdict.value]}
