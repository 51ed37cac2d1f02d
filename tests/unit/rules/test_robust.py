"""Whatever is in a rule file, the answer is a rule set or located problems, never a crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rules.build import ACCOUNT, FULL, HEAD, TODAY
from zdsync.errors import Problem, RuleError
from zdsync.rules.compile import compile_rules
from zdsync.rules.lint import lint
from zdsync.rules.model import Operator
from zdsync.rules.parse import parse_files
from zdsync.rules.vocabulary import Vocabulary

SHIPPED = "\n".join(path.read_text() for path in sorted((Path(__file__).parents[3] / "rules").glob("*.yaml")))
NAMES = [*Vocabulary(ACCOUNT).names(), "field", "operator", "value", "nonsense", "custom_fields_101"]
WORDS = [*Operator, "vip", "high", "open", "billing", "none", "2026-01-05", "$list", "named", "", "😡"]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=5)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*Operator, *NAMES]), inner, max_size=3)
    ),
    max_leaves=6,
)
CONDITION = VALUES | st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=3)
CUTS = st.tuples(st.integers(0, len(SHIPPED)), st.integers(0, 40), st.text(max_size=6))


def problems_of(text: str | bytes) -> tuple[Problem, ...]:
    found, problems = parse_files([("a.yaml", text)])
    if found is None:
        assert problems
        return problems
    try:
        compile_rules(found, ACCOUNT, tag_prefix="tier_", today=TODAY)
    except RuleError as err:
        problems = err.problems
    return (*problems, *lint(found))


def assert_located(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        assert problem.file == "a.yaml"
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.id
        assert len(problem.message) < 2_000


@given(st.text() | st.binary())
def test_any_bytes(content: str | bytes) -> None:
    """Text or bytes of any kind."""
    assert_located(problems_of(content))


@settings(max_examples=60, deadline=None)
@given(st.lists(CUTS, min_size=1, max_size=3))
def test_the_shipped_rules_with_slips_of_the_keyboard(cuts: list[tuple[int, int, str]]) -> None:
    """Pieces cut out of sound files and strange ones put in."""
    text = SHIPPED
    for start, length, put in cuts:
        text = text[:start] + put + text[start + length :]
    assert_located(problems_of(text))


@settings(max_examples=200, deadline=None)
@given(st.lists(CONDITION, max_size=3), st.lists(CONDITION, max_size=3), VALUES)
def test_conditions_of_any_shape(everything: list[Any], either: list[Any], then: Any) -> None:
    """Conditions and outcomes made of anything that YAML can say."""
    label = json.dumps({"id": "it", "why": "w", "all": everything, "any": either, "then": then})
    ignore = json.dumps({"id": "that", "why": "w", "all": either or [{"type": "task"}]})
    named = json.dumps({"named": everything})
    extra = f"lists: {{list: [a]}}\nconditions: {named}\nannotate: [{label}]\nignore: [{ignore}]\n"
    assert_located(problems_of(HEAD + extra + FULL))
