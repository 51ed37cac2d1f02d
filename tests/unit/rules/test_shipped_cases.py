"""The shipped test cases: they pass, offline, and leave no shipped rule untried."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from zdsync.detect import TextFilter
from zdsync.rules.lint import lint
from zdsync.rules.load import load_cases, load_rules
from zdsync.runs.rule_tests import run_cases

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("folder", "watched"),
    [(ROOT / "rules", "wishes"), (ROOT / "zdsync" / "templates" / "retail", "praise")],
    ids=["saas", "retail"],
)
def test_the_shipped_cases_pass_and_every_rule_acts_in_one(folder: Path, watched: str) -> None:
    """Each live rule wins or labels in at least one case; one in shadow is seen to do nothing."""
    rules = load_rules(folder)
    assert lint(rules) == ()
    results = run_cases(
        rules,
        load_cases(folder),
        None,
        tag_prefix="tier_",
        text_filter=TextFilter("masked"),
        now=datetime(2026, 11, 20, tzinfo=UTC),
    )
    assert [(result.case.name, result.mismatches) for result in results if result.mismatches] == []
    acted = {result.judged.decision.rule_id for result in results}
    acted |= {label for result in results for label in result.after.labels or ()}
    assert {rule.id for rule in rules.rules} - acted == {watched}
