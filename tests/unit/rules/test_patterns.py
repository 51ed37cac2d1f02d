"""Patterns: RE2's meaning, linear in the worst case, and refused with a remedy where RE2 is not there."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import pytest

from tests.unit.rules.build import facts, holds, rule, told_of
from zdsync.rules.evaluate import trace
from zdsync.rules.explain import explain_trace
from zdsync.rules.logic import implies
from zdsync.rules.model import Condition, Operator
from zdsync.rules.patterns import compile_pattern


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    """Nothing compiled is remembered from one test to the next."""
    compile_pattern.cache_clear()
    yield
    compile_pattern.cache_clear()


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        ("order [0-9]+", "My ORDER 77", True),
        ("order [0-9]+", "My orders", False),
        ("^my", "My order", True),
        ("^order", "My order", False),
        ("straße", "STRAßE 1", True),
        ("返金", "すぐ返金して", True),
        ("a.c", "a\nc", False),
        (".*", "", False),
        (".*", "  ", False),
        ("x", "\ud800 x", True),
    ],
)
def test_a_pattern_is_found_anywhere_whatever_the_case(pattern: str, text: str, is_found: bool) -> None:
    """A text that is empty has nothing in it, as for every positive operator."""
    assert holds(f"subject: {{matches: '{pattern}'}}", facts(subject=text)) is is_found


def test_one_of_several_patterns_is_enough_and_a_missing_text_never_matches() -> None:
    """As everywhere, a list means any of them."""
    condition = "App version: {matches: ['^4[.]', '^5[.]']}"
    assert holds(condition, facts(custom_fields={102: "5.1"}))
    assert not holds(condition, facts(custom_fields={102: "6.1"}))
    assert not holds(condition, facts())


def test_an_attack_costs_no_more_than_reading_the_text() -> None:
    """Nested repetition over a long text, and patterns that would grow too large."""
    begun = time.process_time()
    assert not holds("subject: {matches: '(a+)+$'}", facts(subject="a" * 100_000 + "b"))
    assert "[wrong-value]" in told_of("subject: {matches: '((a{1,99}){1,99}){1,99}'}")[0]
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("pattern", ["(", "(?=x)", "\\1", "(?<=x)y"])
def test_what_re2_does_not_take_is_told_in_its_words(pattern: str) -> None:
    """Look-around and back-references are not linear, so RE2 has none; also on fields that only the account knows."""
    for field in ("subject", "App version"):
        (message,) = told_of(f"{field}: {{matches: '{pattern}'}}")
        assert "RE2 does not take this pattern: " in message
    (message,) = told_of(f"whatever: {{matches: '{pattern}'}}", account=None)
    assert message.endswith("[wrong-value]")
    assert "cannot be asked with 'matches'" in told_of("tags: {matches: 'x'}")[0]


def test_the_explanation_names_the_pattern_and_not_the_text() -> None:
    """What was looked for, and whether it is there."""
    one = rule("all: [subject: {matches: ['x[0-9]', 'y']}]")
    assert explain_trace(trace(one, facts(subject="secret x1")))[1] == (
        "Looked for a pattern in subject: “x[0-9]” is there."
    )
    assert explain_trace(trace(one, facts(subject="secret")))[1] == (
        "Looked for a pattern in subject: none of x[0-9] or y is there."
    )


def test_patterns_are_the_same_only_letter_by_letter() -> None:
    r"""`\s` and `\S` are opposites, though they are alike without case."""
    one, other = (Condition("subject", Operator.MATCHES, (pattern,)) for pattern in (r"\s", r"\S"))
    assert implies((one,), one)
    assert not implies((one,), other)
    assert not implies((Condition("subject", Operator.CONTAINS, (r"\s",)),), one)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (None, "'matches' needs RE2, which is not installed; `pip install zdsync-worker[re2]`"),
        (SimpleNamespace(compile=1), "another package stands under the name re2"),
        (SimpleNamespace(Options=SimpleNamespace(max_mem=1)), "another package stands under the name re2"),
    ],
)
def test_without_the_right_re2_the_rule_is_refused(
    module: ModuleType | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A located message with the remedy; never a fall-back to an engine that could hang."""
    monkeypatch.setitem(sys.modules, "re2", module)
    (told,) = told_of("subject: {matches: [a, b]}")
    assert message in told
    assert told.endswith("[unsupported]")
