"""The shipped rules: sound, clean, and deciding as their reasons say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.rules.build import ACCOUNT, AREA, STEPS, TODAY, VERSION, facts, organization
from zdsync.account import FieldOption, TicketField
from zdsync.rules.compile import compile_rules
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.evaluate import all_matches, first_match
from zdsync.rules.lint import lint
from zdsync.rules.load import load_rules

FOLDER = Path(__file__).parents[3] / "rules"
AREAS = ("billing", "technical", "shipping", "account_access")
FIELDS = (
    TicketField(AREA, "Area", "tagger", options=tuple(FieldOption(area, area) for area in AREAS)),
    *(field for field in ACCOUNT.ticket_fields if field.id != AREA),
)


@pytest.fixture(scope="module")
def shipped() -> CompiledRules:
    account = replace(ACCOUNT, ticket_fields=FIELDS)
    return compile_rules(load_rules(FOLDER), account, tag_prefix="tier_", today=TODAY)


def test_the_shipped_rules_are_clean(shipped: CompiledRules) -> None:
    """They load, compile offline and against an account that has their fields, and lint has nothing to say."""
    compile_rules(shipped.rules, None, tag_prefix="tier_", today=TODAY)
    assert lint(shipped.rules) == ()
    assert [tier.group for tier in shipped.rules.tiers] == [
        "Help bot",
        "Frontline",
        "Specialists",
        "Engineering",
    ]
    assert shipped.rules.sensitive_groups == ("Privacy desk",)
    assert all(Path(name).suffix == ".yaml" for name, _ in shipped.rules.sources)


@pytest.mark.parametrize(
    ("given", "rule", "tier"),
    [
        ({}, "everything-else", "1"),
        ({"detected": frozenset({"iban"}), "type": "incident", "subject": "outage"}, "sensitive-data", "2"),
        ({"subject": "Please delete my data"}, "sensitive-data", "2"),
        ({"type": "incident", "subject": "Error 500 for all users"}, "outage", "3"),
        ({"type": "question", "subject": "What does error 500 mean"}, "everything-else", "1"),
        ({"priority": "high", "organization": organization(plan="enterprise")}, "vip-urgent", "3"),
        ({"priority": "high", "organization": organization(plan="pro", mrr=100)}, "everything-else", "1"),
        ({"description": "I was charged twice!"}, "billing", "2"),
        ({"priority": "low", "description": "I was charged twice!"}, "everything-else", "1"),
        (
            {"custom_fields": {AREA: "technical", VERSION: "4.2.0", STEPS: "1. Click"}},
            "bug-with-details",
            "2",
        ),
        ({"custom_fields": {AREA: "technical"}}, "everything-else", "1"),
        (
            {"custom_fields": {AREA: "technical"}, "organization": organization(plan="pro")},
            "technical-of-paying-customer",
            "2",
        ),
        ({"satisfaction": "bad"}, "unhappy-customer", "2"),
        (
            {"subject": "Password reset", "channel": "email", "organization": organization(plan="free")},
            "known-answer",
            "0",
        ),
        ({"subject": "Password reset", "channel": "email"}, "everything-else", "1"),
    ],
)
def test_a_ticket_goes_where_the_reasons_say(
    shipped: CompiledRules, given: dict[str, Any], rule: str, tier: str
) -> None:
    """Typical tickets, and ones that just miss a rule."""
    winner = first_match(shipped.assign, facts(**given), TODAY)
    assert winner is not None
    assert (winner.rule.id, winner.rule.then.tier) == (rule, tier)


def test_labels_and_ignored_tickets(shipped: CompiledRules) -> None:
    """Newsletters are left alone; what talks of leaving or lacks details is labelled."""
    assert [one.rule.id for one in all_matches(shipped.ignore, facts(subject="Newsletter May"))] == [
        "bulk-mail"
    ]
    assert all_matches(shipped.ignore, facts(subject="Help")) == ()
    about = facts(subject="We are switching to a competitor", custom_fields={AREA: "shipping"})
    assert [one.rule.id for one in all_matches(shipped.annotate, about)] == [
        "churn-risk",
        "order-without-number",
    ]
