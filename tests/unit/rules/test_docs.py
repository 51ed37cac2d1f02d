"""The documented language is the language: every example of the rules page and of the pages of checks is run."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.unit.rules.build import ACCOUNT, NOW, TODAY, parse
from zdsync.detect import TextFilter
from zdsync.errors import Problem, RuleError
from zdsync.rules.cases import parse_cases
from zdsync.rules.compile import compile_rules
from zdsync.rules.findings import Check
from zdsync.rules.lengths import Clock, Unit
from zdsync.rules.lint import lint
from zdsync.rules.model import Operator
from zdsync.rules.shapes.rules import keys_at
from zdsync.rules.vocabulary import Vocabulary
from zdsync.runs.rule_tests import run_cases

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "rules.md").read_text()
PAGES = {path.stem: path.read_text() for path in sorted((DOCS / "checks").glob("*.md"))}
ORDINARY = {
    "version": "version: 1\n",
    "own_tags": "own_tags: [vip, calm]\n",
    "sensitive_groups": "sensitive_groups: [Privacy desk]\n",
    "tiers": """
tiers:
  1: {name: Frontline, group: Frontline}
  2: {name: Specialists, group: Specialists, groups: [Engineering]}
  3: {name: Experts, group: Engineering}
""",
    "assign": """
assign:
  - {id: experts, why: Always, all: [tags: {includes: [experts_please]}], then: {tier: 3}}
  - {id: specialists, why: Always, all: [tags: {includes: [specialists_please]}], then: {tier: 2, type: task}}
""",
}
NEED_A_MIRROR = {Check.NOT_SEEN, Check.ORDER_MATTERS, Check.NATIVE_CONFLICT, Check.RENAMED}
NEED_AN_EXTRA = {Check.UNSUPPORTED: "re2"}
"""Checks that speak only where the module of an extra is missing."""
CATCH_ALL = "  - {id: catch-all, why: Else, then: {tier: 1}}\n"


def blocks(text: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def complete(example: str) -> tuple[str, ...]:
    """The example as files that make a whole set: what it leaves out is ordinary."""
    rest = dict(ORDINARY)
    if not example.startswith("- "):
        for key in re.findall(r"^(\w+):", example, re.MULTILINE):
            rest.pop(key, None)
        return example, "".join(rest.values()) + (CATCH_ALL if "assign" in rest else "")
    indented = re.sub(r"^", "  ", example, flags=re.MULTILINE).rstrip(" ")
    if "then:" in example:
        return "".join(rest.values()) + indented + CATCH_ALL, ""
    one = "ignore:\n  - id: example\n    why: Only to show\n    all:\n" + re.sub(
        r"^", "    ", indented, flags=re.MULTILINE
    )
    return one.rstrip(" "), "".join(rest.values()) + CATCH_ALL


def findings(example: str, *, keeps_text: bool = True) -> list[Problem]:
    found, problems = parse(*complete(example))
    if found is None:
        return list(problems)
    try:
        compile_rules(found, ACCOUNT, tag_prefix="tier_", today=TODAY)
    except RuleError as err:
        return [*err.problems, *lint(found, keeps_text=keeps_text)]
    return list(lint(found, keeps_text=keeps_text))


def is_fault(problem: Problem) -> bool:
    """An error, but for tiers that an example does not get to."""
    return not problem.is_warning and problem.id not in {Check.UNREACHABLE_TIER, Check.STUCK_TIER}


CASES = [example for example in blocks(PAGE) if example.startswith("cases:")]


@pytest.mark.parametrize("example", [example for example in blocks(PAGE) if example not in CASES])
def test_each_example_of_the_rules_page_is_sound(example: str) -> None:
    """Completed with ordinary tiers, every example loads and compiles against an account without an error."""
    assert [str(problem) for problem in findings(example) if is_fault(problem)] == []


def test_the_test_cases_of_the_rules_page_pass() -> None:
    """They are cases for the smallest complete set, the first example of the page."""
    rules, _ = parse(blocks(PAGE)[0])
    cases, problems = parse_cases([("page.yaml", CASES[0])])
    assert rules is not None
    assert problems == ()
    results = run_cases(rules, cases, None, tag_prefix="tier_", text_filter=TextFilter("masked"), now=NOW)
    assert [result.mismatches for result in results] == [()] * len(cases)


def test_the_rules_page_names_the_whole_language() -> None:
    """Every key of a file, every key of a rule, every operator, clock, unit and every field that all accounts have."""
    fields = {name.rpartition(".")[2] for name in Vocabulary(None).names()}
    blocks = keys_at(())
    keys = {key for block in blocks for key in (*keys_at((block, 0)), *keys_at((block, 0, "then")))}
    words = (*Operator, *Clock, *Unit, *blocks, *keys, *fields)
    missing = [word for word in words if f"{word}`" not in PAGE and f"`{word}" not in PAGE]
    assert sorted(set(missing)) == []


def test_every_check_has_a_page_and_every_page_a_check() -> None:
    """What a message ends with leads to a page of that name."""
    assert set(PAGES) == {check.value for check in Check}


@pytest.mark.parametrize("id", sorted(PAGES))
def test_each_page_shows_the_fault_and_its_remedy(id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example under Avoid has this very finding, the one under Prefer has none that is an error."""
    text = PAGES[id]
    assert text.startswith(f"# {id}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Avoid", "Prefer", "Why"]
    examples = blocks(text)
    if id == Check.UNREADABLE:
        return
    if id in NEED_AN_EXTRA:
        monkeypatch.setitem(sys.modules, NEED_AN_EXTRA[Check(id)], None)
    avoid, prefer = examples
    keeps_text = id != Check.TEXT_NOT_KEPT
    found = [problem for problem in findings(avoid, keeps_text=keeps_text) if problem.id == id]
    assert found or id in NEED_A_MIRROR
    is_warning = id in NEED_A_MIRROR or found[0].is_warning
    assert f"This is {'a warning' if is_warning else 'an error'}." in text
    left = [
        problem
        for problem in findings(prefer, keeps_text=keeps_text)
        if problem.id == id or is_fault(problem)
    ]
    assert [str(problem) for problem in left] == []
