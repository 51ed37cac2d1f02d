"""Traces in sentences that a support agent understands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rules.build import AGENT, AREA, FRONTLINE, FULL, HEAD, compiled, facts, organization, rule
from zdsync.model import UserId
from zdsync.rules.evaluate import trace
from zdsync.rules.explain import explain_trace, first_failure, sentence


def told(condition: str, **given: Any) -> str:
    return sentence(trace(rule(f"all: [{condition}]"), facts(**given)).all[0])


@pytest.mark.parametrize(
    ("condition", "given", "expected"),
    [
        (
            "priority: {is_not: low}",
            {"priority": "low"},
            "Looked at priority: it is low, the rule wants anything but low.",
        ),
        (
            "priority: {is_not: low}",
            {"priority": "normal"},
            "Looked at priority: it is normal, as the rule wants.",
        ),
        (
            "status: [pending, hold, solved]",
            {},
            "Looked at status: it is open, the rule wants pending, hold or solved.",
        ),
        (
            "assignee: Ada Lovelace",
            {"assignee_id": AGENT.id},
            "Looked at assignee: it is Ada Lovelace, as the rule wants.",
        ),
        ("assignee: none", {"assignee_id": UserId(99)}, "Looked at assignee: it is 99, the rule wants none."),
        ("replies: {at_least: 3}", {}, "Looked at replies: it is 0, the rule wants 3 or more."),
        ("area: billing", {}, "Looked at area: it is empty, the rule wants billing."),
        (
            "area: billing",
            {"custom_fields": {AREA: "account_access"}},
            "Looked at area: it is Account Access, the rule wants billing.",
        ),
        (
            "group: Specialists",
            {"group_id": FRONTLINE},
            "Looked at group: it is Frontline, the rule wants Specialists.",
        ),
        (
            "organization.plan: enterprise",
            {"organization": organization(plan="free")},
            "Looked at organization's plan: it is Free, the rule wants enterprise.",
        ),
        (
            "tags: {includes: [vip, gold]}",
            {"tags": ["b", "a"]},
            "Looked at tags: it is a, b, the rule wants vip or gold among them.",
        ),
        ("tags: {excludes: vip}", {}, "Looked at tags: it is empty, as the rule wants."),
        (
            "text: {contains: [refund, chargeback]}",
            {"subject": "a Refund"},
            "Looked for words in text: “refund” stands there.",
        ),
        (
            "text: {contains: [refund, chargeback]}",
            {},
            "Looked for words in text: none of refund or chargeback stands there.",
        ),
        (
            "text: {detects: [payment_card, iban]}",
            {"detected": frozenset({"payment_card"})},
            "Looked for sensitive data in the text: a payment card was found.",
        ),
        (
            "text: {detects: [payment_card, iban]}",
            {},
            "Looked for sensitive data in the text: no payment card or iban was found.",
        ),
        (
            "created_at: {less_than: 2026-01-01}",
            {},
            "Looked at created at: it is 2026-11-20 12:00, the rule wants before 2026-01-01.",
        ),
        ("due_at: present", {}, "Looked at due at: it is empty, the rule wants it filled in."),
        (
            "subject: {starts_with: Re}",
            {"subject": "Help"},
            "Looked at subject: it has text, the rule wants a text that starts with Re.",
        ),
        ("consent: true", {}, "Looked at consent: it is empty, the rule wants yes."),
    ],
)
def test_a_condition_tells_what_it_saw_and_what_it_wants(
    condition: str, given: dict[str, Any], expected: str
) -> None:
    """One sentence each, in words and not in operators."""
    assert told(condition, **given) == expected


def test_long_lists_and_values_are_cut() -> None:
    """A list of many words names eight and counts the rest; a long value is cut short."""
    words = ", ".join(f"w{number}" for number in range(20))
    assert told(f"text: {{contains: [{words}]}}").endswith("w7 or 12 more stands there.")
    about = told("organization.name: x", organization=organization(name="n" * 200))
    assert "n" * 59 + "…" in about


def test_a_match_tells_why_and_a_miss_what_stopped_it() -> None:
    """The first sentence is the answer; the rest are the conditions that made it."""
    asked = rule("all: [status: open]\nany: [priority: high, replies: 0]")
    assert explain_trace(trace(asked, facts())) == (
        "it matches: Because",
        "Looked at status: it is open, as the rule wants.",
        "Looked at replies: it is 0, as the rule wants.",
    )
    assert explain_trace(trace(asked, facts(status="hold"))) == (
        "it does not match.",
        "Looked at status: it is hold, the rule wants open.",
    )
    assert explain_trace(trace(asked, facts(replies=1))) == (
        "it does not match.",
        "None of these holds:",
        "Looked at priority: it is none, the rule wants high.",
        "Looked at replies: it is 1, the rule wants 0.",
    )
    assert first_failure(trace(asked, facts())) == ()


def test_a_named_condition_is_opened() -> None:
    """Its name, and then what inside it decided."""
    extra = "conditions: {big: {all: [status: open], any: [priority: high, type: task]}}"
    asked = rule("all: [big]", extra=extra)
    assert explain_trace(trace(asked, facts(type="task")))[1:] == (
        "The condition 'big' holds.",
        "Looked at status: it is open, as the rule wants.",
        "Looked at type: it is task, as the rule wants.",
    )
    assert first_failure(trace(asked, facts(status="hold"))) == (
        "The condition 'big' does not hold.",
        "Looked at status: it is hold, the rule wants open.",
    )
    assert first_failure(trace(asked, facts())) == (
        "The condition 'big' does not hold.",
        "Looked at priority: it is none, the rule wants high.",
        "Looked at type: it is none, the rule wants task.",
    )


def test_a_catch_all_says_so() -> None:
    """A rule without conditions needs no reasons."""
    assert explain_trace(trace(compiled(HEAD + FULL).assign[-1], facts())) == ("rest takes every ticket.",)
