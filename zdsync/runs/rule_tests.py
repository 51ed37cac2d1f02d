"""Rule tests: every case decided as a run would decide it, and compared with what it expects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from zdsync.account import Account
from zdsync.detect import TextFilter
from zdsync.errors import Problem, RuleError
from zdsync.rules.cases import Expectation, RuleCase
from zdsync.rules.compile import compile_rules
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.evaluate import Trace, trace
from zdsync.rules.fields import fold_name
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.make_case import CaseMaker, Staged
from zdsync.rules.model import RuleSet
from zdsync.rules.stand_in import account_for_cases
from zdsync.runs.plan import Judge, Judged
from zdsync.tiers.model import WAITING, Verdict
from zdsync.tiers.notes import note_digest
from zdsync.tiers.sight import standing, unplaced
from zdsync.tiers.state import tier_tags

_NONE = "none"
_PASSING = frozenset({Verdict.SETTLING, Verdict.UNRESOLVED})
"""What only a mirror that is still being filled can give."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One expectation that was not met."""

    what: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case, decided; it passed when there is no mismatch. `traces` are the rules asked up to the
    winner, and the rule that was expected.
    """

    case: RuleCase
    judged: Judged
    after: Expectation
    mismatches: tuple[Mismatch, ...]
    traces: tuple[Trace, ...]


def run_cases(
    rules: RuleSet,
    cases: Sequence[RuleCase],
    account: Account | None,
    *,
    tag_prefix: str,
    text_filter: TextFilter,
    now: datetime,
) -> tuple[CaseResult, ...]:
    """Decide each case at its own moment; raises RuleError when rules or cases name what the account lacks.

    Without an account the rules' own names make one. `now` only tells which rules are past their last day.
    """
    complete = account_for_cases(account, rules, cases)
    compiled = compile_rules(rules, complete, tag_prefix=tag_prefix, today=now.date())
    maker = CaseMaker(complete, rules, text_filter, tag_prefix=tag_prefix)
    staged = [maker.make(case) for case in cases]
    problems = [*maker.problems, *(fault for case in cases for fault in _unknown_names(case, rules))]
    if problems:
        raise RuleError(tuple(sorted(set(problems))), hint="mend the test cases")
    return tuple(_result(case, stage, complete, compiled) for case, stage in zip(cases, staged, strict=True))


def _unknown_names(case: RuleCase, rules: RuleSet) -> Iterator[Problem]:
    """Verdicts, rules and tiers that are expected and do not exist: such a case could never pass."""
    expect = case.expect
    ids = [rule.id for rule in rules.rules]
    tiers = [tier.key for tier in rules.tiers]
    labels = [rule.id for rule in rules.annotate]
    verdicts = [verdict.value for verdict in Verdict if verdict not in _PASSING]
    asked = [("verdict", expect.verdict, verdicts), ("rule", expect.rule, ids), ("tier", expect.tier, tiers)]
    asked += [("label", label, labels) for label in expect.labels or ()]
    for key, name, known in asked:
        if name is not None and name not in (*known, _NONE):
            hint = nearest(name, known) or f"; there are {quoted(known[:12])}"
            yield problem(
                Check.UNKNOWN_NAME,
                case.where("expect", "labels" if key == "label" else key),
                f"there is no {key} '{name}'{hint}",
            )


def _result(case: RuleCase, staged: Staged, account: Account, compiled: CompiledRules) -> CaseResult:
    ticket = staged.case.ticket.id
    notes = frozenset(
        note_digest(ticket, comment.body)
        for event in staged.case.events
        if event.key is not None
        for comment in event.comments
    )
    judge = Judge(account, compiled, staged.now)
    judged = judge.judge(replace(staged.case, notes_written=notes))
    after = outcome(judged, judge)
    mismatches = tuple(_mismatches(case.expect, after))
    return CaseResult(case, judged, after, mismatches, tuple(_traces(judged, compiled, case.expect.rule)))


def outcome(judged: Judged, judge: Judge) -> Expectation:
    """Everything that can be expected of a decision, as it came out: the ticket after the change, and why."""
    ticket, decision, change = judged.facts.current, judged.decision, judged.change
    diffs = {diff.field: str(diff.after) for diff in change.fields} if change else {}
    tags = frozenset(change.tags) if change else ticket.tags
    prefix = judge.rules.tag_prefix
    group = judge.account.group(ticket.group_id)
    moved = change.group if change else None
    tiers = " ".join(tag.removeprefix(prefix) for tag in tier_tags(tags, prefix))
    return Expectation(
        verdict=decision.verdict.value,
        tier=tiers or _NONE,
        rule=decision.rule_id or _NONE,
        group=moved.name if moved else group.name if group else _NONE,
        priority=diffs.get("priority", ticket.priority or _NONE),
        type=diffs.get("type", ticket.type or _NONE),
        status=diffs.get("status", ticket.status),
        tags=tuple(sorted(tags)),
        labels=tuple(sorted(rule.id for rule in decision.labels)),
        note=(change.note if change else None) or "",
        held=decision.reason if decision.verdict in WAITING else "",
        no_change=change is None,
    )


def _mismatches(expect: Expectation, after: Expectation) -> Iterator[Mismatch]:
    for what in ("verdict", "tier", "rule", "group", "priority", "type", "status"):
        wanted, got = getattr(expect, what), getattr(after, what)
        if wanted is not None and fold_name(wanted) != fold_name(got):
            yield Mismatch(what, wanted, got)
    missing = sorted(set(expect.tags or ()) - set(after.tags or ()))
    if missing:
        yield Mismatch("tags", quoted(missing), quoted(after.tags or ()) or _NONE)
    if expect.labels is not None and {*expect.labels} != {*(after.labels or ())}:
        yield Mismatch("labels", quoted(expect.labels) or _NONE, quoted(after.labels or ()) or _NONE)
    for what in ("note", "held"):
        wanted, got = getattr(expect, what), getattr(after, what)
        if wanted is not None and wanted not in got:
            yield Mismatch(what, f"“{wanted}” in it", f"“{got}”" if got else f"no {what}")
    if expect.no_change is not None and expect.no_change is not after.no_change:
        words = {True: "no change", False: "a change"}
        yield Mismatch("no_change", words[expect.no_change], words[not expect.no_change])


def _traces(judged: Judged, compiled: CompiledRules, expected: str | None) -> Iterator[Trace]:
    """The rules asked up to the winner, the one that was expected to win, and the move or gate that decided."""
    is_ignored = judged.decision.verdict is Verdict.IGNORED
    is_over = False
    facts = judged.facts if is_ignored else unplaced(judged.facts, compiled)
    for rule in compiled.ignore if is_ignored else compiled.assign:
        if not is_over or rule.rule.id == expected:
            yield trace(rule, facts)
        is_over = is_over or rule.rule == judged.decision.rule
    for rule in compiled.moving:
        if expected == rule.rule.id or rule.rule == judged.decision.rule:
            yield trace(rule, standing(judged.facts, judged.decision.reading))
