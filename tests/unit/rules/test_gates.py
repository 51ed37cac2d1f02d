"""Gates against an account: names become fields, and what is missing is named as people call it."""

from __future__ import annotations

import pytest

from tests.unit.rules.build import (
    ACCOUNT,
    COLOURS,
    CONSENT,
    ERROR,
    FULL,
    HEAD,
    NOW,
    STEPS,
    VERSION,
    WEIGHT,
    compiled,
    facts,
    organization,
    told,
)
from zdsync.account import Account
from zdsync.detect import DETECTORS
from zdsync.facts import Facts
from zdsync.rules.compiled import CompiledGate
from zdsync.rules.gates import FINDINGS, field_title


def gate(body: str, *, account: Account | None = ACCOUNT) -> CompiledGate:
    (found,) = compiled(
        HEAD + FULL + f"require: [{{id: it, why: w, before_tier: 2, {body}}}]\n", account=account
    ).require
    return found


def test_what_is_missing_is_named_in_the_order_of_the_rule() -> None:
    """Fields by their titles, then the file, then the findings; what is filled is left out."""
    rule = gate(
        "fields: [error_message, app_version, Weight], attachment: true, detects: [iban, payment_card]"
    )
    assert rule.missing(facts()) == (
        "Error message",
        "App version",
        "Weight",
        "an attachment",
        "an IBAN",
        "a payment card",
    )
    partly = facts(custom_fields={VERSION: "2.1", ERROR: "  "}, attachments=1, detected=frozenset({"iban"}))
    assert rule.missing(partly) == ("Error message", "Weight", "a payment card")
    whole = facts(
        custom_fields={VERSION: "2.1", ERROR: "E5", WEIGHT: 0},
        attachments=2,
        detected=frozenset({"iban", "payment_card"}),
    )
    assert rule.missing(whole) == ()


@pytest.mark.parametrize(
    ("field", "called", "filled"),
    [
        ("due_at", "due at", {"due_at": facts().now}),
        ("type", "type", {"type": "incident"}),
        ("organization.plan", "organization's plan", {"organization": organization(plan="pro")}),
        ("tags", "tags", {"tags": ["a"]}),
        ("101", "Area", {"custom_fields": {101: "billing"}}),
    ],
)
def test_any_field_that_conditions_know_can_be_asked_for(
    field: str, called: str, filled: dict[str, object]
) -> None:
    """Zendesk's own, those of the organization, custom ones by id; filled is what `present` calls so."""
    rule = gate(f"fields: [{field}]")
    assert rule.missing(facts()) == (called,)
    assert rule.missing(facts(**filled)) == ()


def test_what_is_there_is_told_with_its_value() -> None:
    """In one line, cut where it is long; a finding's text is never told, nor a ticket's whole text."""
    rule = gate(
        "fields: [app_version, steps_to_reproduce, Consent, Colours, due_at, subject], attachment: true, detects: iban"
    )
    about = facts(
        custom_fields={
            VERSION: "2.1",
            STEPS: f"Click\nand wait {'x' * 200}",
            CONSENT: False,
            COLOURS: ("red", "dark_blue"),
        },
        due_at=NOW,
        subject="Help",
        attachments=2,
        detected=frozenset({"iban"}),
    )
    assert rule.missing(about) == ()
    assert rule.collected(about) == (
        ("App version", "2.1"),
        ("Steps to reproduce", f"Click and wait {'x' * 104}…"),
        ("Consent", "no"),
        ("Colours", "Red, Dark Blue"),
        ("due at", "2026-11-20 12:00"),
        ("attachments", "2"),
    )
    assert rule.collected(facts()) == ()


def test_a_title_is_left_as_it_is() -> None:
    """Only names without capitals and spaces are put into words."""
    names = ["App version", "Order no. 5", "error_message", "requester.email", "Order_ID"]
    assert list(map(field_title, names)) == [
        "App version",
        "Order no. 5",
        "error message",
        "requester's email",
        "Order_ID",
    ]


def test_every_detector_has_a_name_for_what_it_finds() -> None:
    """So that no finding is asked for and never named."""
    assert set(FINDINGS) == set(DETECTORS)


def test_a_gate_is_asked_as_a_rule_and_can_be_opened() -> None:
    """`matches` answers its conditions alone; each of `unless` can be asked and traced."""
    rule = gate(
        "all: [type: incident], any: [priority: high, due_at: present], fields: Weight, unless: [tags: {includes: [vip]}, replies: 5]"
    )
    about: Facts = facts(type="incident", priority="high", tags=["vip"])
    assert rule.matches(about)
    assert not rule.matches(facts(type="incident"))
    assert [one.holds(about) for one in rule.unless] == [True, False]
    assert rule.unless[0].actual(about) == ("vip",)


def test_a_field_that_nobody_has_is_told_at_its_place() -> None:
    """With the nearest name; without an account any name will do, and reads as missing."""
    text = (
        HEAD
        + FULL
        + "require:\n  - id: it\n    why: w\n    before_tier: 2\n    fields: [App verison, Weight]\n"
    )
    assert told(text) == [
        "a.yaml:16:5: unknown field 'App verison'; did you mean 'App version'? [unknown-field]"
    ]
    assert told(text, account=None) == []
    (rule,) = compiled(text, account=None).require
    assert rule.missing(facts(custom_fields={WEIGHT: 3})) == ("App verison", "Weight")


def test_conditions_of_moves_and_gates_are_checked_like_all_others() -> None:
    """Unknown fields and values in moves, gates and `unless`."""
    found = told(
        HEAD
        + FULL
        + "require: [{id: a, why: w, before_tier: 2, all: [bran: x], fields: [Weight], unless: [group: Nowhere]}]\n"
        + "escalate: [{id: b, why: w, from: 1, to: 2, all: [brand: Nobody]}]\n"
        + "deescalate: [{id: c, why: w, from: 2, to: 1, any: [tier: 7], after: {in_tier: 1 day}}]\n"
    )
    assert [line.rpartition(" ")[2] for line in found if "[unreachable" not in line] == [
        "[unknown-field]",
        "[unknown-name]",
        "[unknown-name]",
        "[wrong-value]",
        "[impossible-condition]",
    ]


def test_moves_are_compiled_in_order() -> None:
    """Each block keeps its rules; conditions answer without the tier and the clock; fields to set become ids."""
    found = compiled(
        HEAD
        + FULL
        + "escalate:\n  - {id: a, why: w, from: 1, to: 2, after: {in_tier: 1 day}, then: {set_fields: {Weight: 2}}}\n"
        + "  - {id: b, why: w, from: 1, to: 2, all: [priority: high]}\n"
        + "deescalate: [{id: c, why: w, from: 2, to: 1, all: [status: pending], after: {in_status: 1 day}}]\n"
    )
    assert [one.rule.id for one in (*found.escalate, *found.deescalate)] == ["a", "b", "c"]
    assert found.escalate[0].matches(facts())
    assert found.escalate[0].set_fields == {WEIGHT: 2}
    assert not found.escalate[1].matches(facts())
    assert found.deescalate[0].matches(facts(status="pending"))
    assert [one.rule.id for one in (*found.placing, *found.moving)] == ["urgent", "rest", "a", "b", "c"]
