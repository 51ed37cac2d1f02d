"""Results of rule tests for people and for scripts: what was expected, what came out, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from zdsync.report.plans import change_text
from zdsync.rules.explain import explain_trace
from zdsync.runs.rule_tests import CaseResult


def result_lines(results: Sequence[CaseResult]) -> Iterator[str]:
    """The cases that failed, each with its explanation, and how many there were."""
    failed = [result for result in results if result.mismatches]
    for result in failed:
        at = result.case.where()
        yield f"{at.file}:{at.line}: failed: {result.case.name}"
        for mismatch in result.mismatches:
            yield f"  {mismatch.what}: expected {mismatch.expected}, got {mismatch.got}"
        yield from (f"  {line}" for line in explanation(result))
        yield ""
    cases = f"{len(results)} case{'s' * (len(results) != 1)}"
    yield f"{cases}, {len(failed)} failed" if failed else f"{cases}, all passed"


def explanation(result: CaseResult) -> Iterator[str]:
    """Why it came out so: the decision, the winner, the rule that was expected, and what would change."""
    decision = result.judged.decision
    yield f"{decision.verdict.value}: {decision.reason}"
    told = {decision.rule_id, result.case.expect.rule}
    for trace in result.traces:
        if trace.rule.id in told:
            yield from (f"  {line}" for line in explain_trace(trace))
    change = result.judged.change
    yield f"change: {change_text(change)}" if change else "change: none"


def results_json(results: Sequence[CaseResult]) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "cases": len(results),
        "failed": sum(bool(result.mismatches) for result in results),
        "results": [_result_json(result) for result in results],
    }


def _result_json(result: CaseResult) -> dict[str, Any]:
    at = result.case.where()
    return {
        "name": result.case.name,
        "file": at.file,
        "line": at.line,
        "passed": not result.mismatches,
        "verdict": result.after.verdict,
        "tier": result.after.tier,
        "rule": result.after.rule,
        "mismatches": [
            {"what": one.what, "expected": one.expected, "got": one.got} for one in result.mismatches
        ],
        "explanation": list(explanation(result)) if result.mismatches else [],
    }
