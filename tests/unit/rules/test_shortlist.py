"""The shortlist: which rules a ticket's values leave, and what is left to be asked of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rules.build import HEAD, compiled, facts
from zdsync.rules.predicates import Remembered

RULES = compiled(
    HEAD
    + """
conditions:
  hurry: {all: [priority: {at_least: high}, tags: {includes: [now]}]}
assign:
  - {id: open, why: w, all: [status: open], then: {tier: 2}}
  - {id: either, why: w, any: [status: pending, text: {contains: refund}], then: {tier: 2}}
  - {id: hurry, why: w, all: [hurry], then: {tier: 2}}
  - {id: phrase, why: w, all: [text: {contains: [charged twice]}], then: {tier: 2}}
  - {id: without, why: w, all: [subject: {excludes_words: [newsletter, out of office]}], then: {tier: 2}}
  - {id: begins, why: w, all: [status: open, subject: {starts_with: Re}], then: {tier: 2}}
  - {id: data, why: w, all: [text: {detects: [iban]}], then: {tier: 2}}
  - {id: rest, why: w, then: {tier: 1}}
"""
)


@pytest.mark.parametrize(
    ("ticket", "left"),
    [
        ({"status": "open"}, {"open", "without", "begins"}),
        ({"status": "pending"}, {"either", "without"}),
        ({"status": "new", "priority": "high", "tags": frozenset({"now", "x"})}, {"hurry", "without"}),
        ({"status": "new", "priority": "high"}, {"without"}),
        ({"status": "new", "description": "Give me a refund"}, {"either", "without"}),
        ({"status": "new", "description": "You charged me"}, {"phrase", "without"}),
        ({"status": "new", "subject": "Newsletter"}, set()),
        ({"status": "new", "subject": "Out there"}, {"without"}),
        ({"status": "new", "detected": frozenset({"iban"})}, {"data", "without"}),
    ],
)
def test_what_is_left(ticket: dict[str, Any], left: set[str]) -> None:
    """A rule is left when its values are right and its words, or the first of a phrase, stand in the text."""
    listed = RULES.shortlist(facts(**ticket)).assign
    assert {one.rule.id for one in listed} == left | {"rest"}


@pytest.mark.parametrize("with_text", [True, False])
@pytest.mark.parametrize(
    ("ticket", "left"),
    [
        ({"subject": "Refund", "description": "now"}, {"subject"}),
        ({"subject": "Now", "description": "a refund"}, {"description"}),
        ({"subject": "Refund", "description": "a refund"}, {"subject", "description"}),
        ({"subject": "Now", "description": "please"}, set()),
        ({"subject": "Now", "description": "please", "comment": "a refund"}, {"comment"}),
    ],
)
def test_words_of_a_part(ticket: dict[str, Any], left: set[str], *, with_text: bool) -> None:
    """A part is looked through where its words stand in the whole text, or always when nobody asks for the whole."""
    parts = ("subject", "description", "comment")
    rules = [
        f"  - {{id: {part}, why: w, all: [{part}: {{contains: refund}}], then: {{tier: 2}}}}"
        for part in parts
    ]
    whole = "  - {id: text, why: w, all: [text: {contains: money}], then: {tier: 2}}"
    tail = ["  - {id: rest, why: w, then: {tier: 1}}", ""]
    bound = compiled("\n".join([HEAD + "assign:", *rules, *[whole] * with_text, *tail]))
    assert {one.rule.id for one in bound.shortlist(facts(**ticket)).assign} == left | {"rest"}


def test_the_rest_is_asked() -> None:
    """What is left asks for what the values do not tell, and only for that."""
    half = facts(status="open", subject="Charged", description="twice")
    whole = facts(status="open", subject="Re: it", description="I was charged twice")
    matched = [
        {one.rule.id for one in RULES.shortlist(seen).assign if one.matches(seen)} for seen in (half, whole)
    ]
    assert matched[0] == {"open", "without", "phrase", "rest"}
    assert matched[1] == {"open", "without", "phrase", "begins", "rest"}


def test_answers_are_remembered_up_to_a_bound() -> None:
    """Each value is asked for once, until there are too many to keep."""
    asked: list[int] = []

    def answer(value: int) -> int:
        asked.append(value)
        return -value

    answers = Remembered(answer)
    assert [answers[n % 3] for n in range(6)] == [0, -1, -2] * 2
    assert asked == [0, 1, 2]
    assert [answers[n] for n in range(10_001)] == [-n for n in range(10_001)]
    assert len(answers) < 10_001
    assert answers[0] == 0
