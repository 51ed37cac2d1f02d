"""The sample of a whole ladder: clean, in order, and its cases come out as they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.unit.rules.build import ACCOUNT, NOW, TODAY
from tests.unit.rules.test_schema import document
from zdsync.account import Account
from zdsync.detect import TextFilter
from zdsync.report.rule_pages import rule_pages
from zdsync.report.rule_tests import result_lines
from zdsync.rules.cases import parse_cases
from zdsync.rules.compile import compile_rules
from zdsync.rules.export import export_rules
from zdsync.rules.lint import lint
from zdsync.rules.load import load_cases, load_rules
from zdsync.rules.schema import editor_schema
from zdsync.runs.layout import lay_out_rules
from zdsync.runs.rule_tests import run_cases

FOLDER = Path(__file__).parents[3] / "docs" / "samples" / "ladder"
RULES = load_rules(FOLDER)


@pytest.mark.parametrize("account", [ACCOUNT, None])
def test_the_sample_is_clean(account: Account | None) -> None:
    """It compiles with and without an account, lint has nothing to say, and editors and `rules fmt` neither."""
    compile_rules(RULES, account, tag_prefix="tier_", today=TODAY)
    assert lint(RULES) == ()
    assert lay_out_rules(FOLDER) == ()
    validator = Draft202012Validator(editor_schema(RULES, account))
    ((_, text),) = RULES.sources
    assert [error.message for error in validator.iter_errors(document(text))] == []


@pytest.mark.parametrize("account", [ACCOUNT, None])
def test_its_cases_come_out_as_they_say(account: Account | None) -> None:
    """Clocks, gates, holds, the way back and the vendor, decided as runs decide."""
    results = run_cases(
        RULES,
        load_cases(FOLDER),
        account,
        tag_prefix="tier_",
        text_filter=TextFilter("masked"),
        now=NOW,
    )
    assert [(result.case.name, result.mismatches) for result in results if result.mismatches] == []
    assert {result.after.verdict for result in results} >= {
        "escalated",
        "deescalated",
        "gated",
        "respected",
        "kept",
    }


def test_a_case_that_fails_tells_of_moves_and_gates_too() -> None:
    """Of the move that was expected its conditions, of the gate that decided why it matched."""
    text = """
cases:
  - name: too early
    ticket: {tier: 1}
    expect: {rule: unhappy}
  - name: not asked for
    ticket: {type: incident}
    expect: {rule: incident, tier: 2}
"""
    cases, _ = parse_cases([("t.yaml", text)])
    results = run_cases(RULES, cases, None, tag_prefix="tier_", text_filter=TextFilter("masked"), now=NOW)
    lines = "\n".join(result_lines(results))
    assert "unhappy does not match." in lines
    assert "Looked at satisfaction: it is empty, the rule wants bad." in lines
    assert "incident-details matches: Specialists cannot start without these" in lines


def test_every_rule_has_a_page_and_an_export() -> None:
    """Nothing that is written is left out where it is told."""
    told = {entry.title for page in rule_pages(RULES) for entry in page.entries}
    compiled = compile_rules(RULES, ACCOUNT, tag_prefix="tier_", today=TODAY)
    exported = {export.rule.id for export in export_rules(compiled, ACCOUNT, TODAY)}
    assert told == exported == {rule.id for rule in RULES.rules}
