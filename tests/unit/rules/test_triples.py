"""Conditions pasted from Zendesk's triggers match the same tickets, or say what has no equal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.rules.build import (
    AGENT,
    AREA,
    FRONTLINE,
    HEAD,
    TAIL,
    WEIGHT,
    compiled,
    facts,
    holds,
    organization,
    rules,
    told_of,
)
from zdsync.model import User, UserId
from zdsync.rules.evaluate import trace
from zdsync.rules.explain import explain_trace
from zdsync.rules.layout import lay_out


def triple(field: str, operator: str, value: Any) -> str:
    return json.dumps({"field": field, "operator": operator, "value": value})


@pytest.mark.parametrize(
    ("pasted", "matching", "other"),
    [
        (triple("status", "less_than", "solved"), {"status": "open"}, {"status": "solved"}),
        (triple("priority", "is", ""), {}, {"priority": "low"}),
        (triple("priority", "is_not", "low"), {}, {"priority": "low"}),
        (triple("type", "is", "incident"), {"type": "incident"}, {}),
        (triple("group_id", "is", str(int(FRONTLINE))), {"group_id": FRONTLINE}, {}),
        (triple("group_id", "is", ""), {}, {"group_id": FRONTLINE}),
        (triple("assignee_id", "is_not", ""), {"assignee_id": AGENT.id}, {}),
        (triple("assignee_id", "is", int(AGENT.id)), {"assignee_id": AGENT.id}, {}),
        (triple("brand_id", "is_not", "31"), {"brand_id": 32}, {"brand_id": 31}),
        (triple("ticket_form_id", "is", "41"), {"form_id": 41}, {}),
        (triple("custom_status_id", "includes", ["51"]), {"custom_status_id": 51}, {"custom_status_id": 52}),
        (triple("current_tags", "includes", "vip gold"), {"tags": ["gold"]}, {"tags": ["x"]}),
        (triple("current_tags", "not_includes", "vip gold"), {"tags": ["x"]}, {"tags": ["vip"]}),
        (triple("via_id", "is", 4), {"channel": "email"}, {"channel": "web"}),
        (triple("via_id", "is_not", "web_form"), {"channel": "email"}, {"channel": "web"}),
        (
            triple("subject_includes_word", "includes", "refund money"),
            {"subject": "my MONEY"},
            {"subject": "moneys"},
        ),
        (
            triple("subject_includes_word", "is", "money back"),
            {"subject": "money back!"},
            {"subject": "back money"},
        ),
        (
            triple("subject_includes_word", "is_not", "money back"),
            {"subject": "back money"},
            {"subject": "Money back!"},
        ),
        (triple("description_includes_word", "not_includes", "spam"), {}, {"description": "spam"}),
        (
            triple("description_includes_word", "not_includes", "spam"),
            {"description": "x"},
            {"subject": "spam"},
        ),
        (triple("description_includes_word", "includes", "a b"), {"subject": "b"}, {"subject": "ab"}),
        (
            triple("comment_includes_word", "is", "a b"),
            {"comment": "x a b"},
            {"subject": "a", "comment": "b"},
        ),
        (triple("satisfaction_score", "is", "bad"), {"satisfaction": "bad_with_comment"}, {}),
        (
            triple("satisfaction_score", "is", "false"),
            {"satisfaction": "offered"},
            {"satisfaction": "unoffered"},
        ),
        (triple("custom_fields_101", "is", "billing"), {"custom_fields": {AREA: "billing"}}, {}),
        (triple("ticket_fields_101", "present", None), {"custom_fields": {AREA: "billing"}}, {}),
        (triple("custom_fields_106", "less_than_equal", "5"), {"custom_fields": {WEIGHT: "5.0"}}, {}),
        (triple("reopens", "greater_than", "1"), {"reopens": 2}, {"reopens": 1}),
        (triple("requester_role", "is", "end_user"), {"requester": User(UserId(1), role="end-user")}, {}),
        (
            triple("organization.custom_fields.plan", "is", "pro"),
            {"organization": organization(plan="pro")},
            {"organization": organization(plan="free")},
        ),
    ],
)
def test_a_pasted_condition_means_the_same(
    pasted: str, matching: dict[str, Any], other: dict[str, Any]
) -> None:
    """Field, operator and value in Zendesk's spelling, ids and all."""
    assert holds(pasted, facts(**matching))
    assert not holds(pasted, facts(**other))


def test_a_triple_without_operator_means_is() -> None:
    """Zendesk leaves the operator out where there is but one."""
    assert holds('{"field": "recipient", "value": "help@acme.example"}', facts(recipient="help@acme.example"))


@pytest.mark.parametrize(
    ("pasted", "message"),
    [
        (triple("update_type", "is", "Create"), "Zendesk's condition on 'update_type' has no equal here"),
        (
            triple("status", "value_previous", "open"),
            "operator 'value_previous' on 'status' has no equal here",
        ),
        (triple("priority", "changed", None), "operator 'changed' on 'priority' has no equal here"),
        (triple("assignee_id", "is", "current_user"), "'current_user' has no equal here: nobody is acting"),
        (triple("via_id", "is", "39"), "channel 39 has no known spelling"),
    ],
)
def test_what_has_no_equal_is_said(pasted: str, message: str) -> None:
    """Rules see a ticket, not one update of it; such conditions are refused with the reason."""
    found = told_of(pasted)
    assert len(found) == 1, found
    assert message in found[0]
    assert found[0].endswith("[no-equal]")


def test_more_than_a_triple_is_refused() -> None:
    """A key that Zendesk's conditions do not have is a slip."""
    assert (
        "unknown key 'negate'"
        in told_of('{"field": "status", "operator": "is", "value": "open", "negate": true}')[0]
    )


def test_what_stands_for_two_conditions_stays_as_it_was_pasted() -> None:
    """Zendesk looks into the subject too; explanations and `rules fmt` keep both, and each use is a condition of its own."""
    row = "{field: description_includes_word, operator: includes, value: refund}"
    other = row.replace("refund", "money")
    text = f"{HEAD}ignore:\n  - id: it\n    why: w\n    all: [{row}, {other}]\n{TAIL}"
    assert lay_out(text) == text
    read = rules(text)
    assert [one.field for one in read.written_conditions()] == ["subject", "description"] * 2
    asked = compiled(text).ignore[0]
    assert asked.matches(facts(subject="refund", description="money"))
    assert not asked.matches(facts(subject="refund", description="refund"))
    assert explain_trace(trace(asked, facts(subject="refund")))[1] == (
        "The condition 'subject or description contains money' does not hold."
    )
