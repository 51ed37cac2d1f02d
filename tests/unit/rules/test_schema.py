"""The editors' schema: what is sound passes, slips of the hand do not, and names come from account and rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.rules.build import ACCOUNT, AREA, HEAD, rules
from tests.unit.rules.test_docs import CASES, PAGE, blocks
from tests.unit.rules.test_shipped import FIELDS
from zdsync.model import Account
from zdsync.rules.load import load_rules
from zdsync.rules.model import RuleSet
from zdsync.rules.schema import editor_schema
from zdsync.rules.tree import Tree
from zdsync.rules.yaml_text import read_into

FOLDER = Path(__file__).parents[3] / "rules"
OWN = rules(
    HEAD
    + "lists: {bad_words: [x]}\nconditions: {big: {all: [organization.plan: pro]}}\n"
    + "assign: [{id: rest, why: y, then: {tier: 1}}]"
)
USUAL = Draft202012Validator(editor_schema(OWN, ACCOUNT))


def document(text: str) -> dict[str, Any]:
    tree = Tree()
    read_into(tree, "x.yaml", text, [])
    return tree.root


def faults(text: str, known: RuleSet | None = OWN, account: Account | None = ACCOUNT) -> list[str]:
    is_usual = known is OWN and account is ACCOUNT
    validator = USUAL if is_usual else Draft202012Validator(editor_schema(known, account))
    return [error.message for error in validator.iter_errors(document(text))]


@pytest.mark.parametrize("account", [replace(ACCOUNT, ticket_fields=FIELDS), None])
def test_the_shipped_rules_pass(account: Account | None) -> None:
    """Each file alone, with the account's names and without."""
    shipped = load_rules(FOLDER)
    for name, text in shipped.sources:
        assert faults(text, shipped, account) == [], name
        assert faults(text, None, account) == [] or account is not None, name


def test_the_examples_of_the_documents_pass() -> None:
    """Every example of the rules page that is a file."""
    for example in blocks(PAGE):
        if not example.startswith("- ") and example not in CASES:
            assert faults(example, None, None) == [], example


@pytest.mark.parametrize(
    "condition",
    [
        "priority: high",
        "priority: {at_least: high}",
        "priority: [low, high]",
        "due_at: present",
        "due_at: {present: true}",
        "tags: {includes: vip}",
        "text: {contains: $bad_words}",
        "text: {detects: [iban]}",
        "Area: Billing",
        "area: {is_not: account_access}",
        "101: billing",
        "error_message: {contains: x}",
        "Error message: {contains: x}",
        "organization.plan: [free, Pro]",
        "requester.seat: 12",
        "Consent: true",
        "Weight: {less_than: 2.5}",
        "group: frontline",
        "assignee: anybody",
        "big",
        "{field: priority, operator: is, value: low}",
    ],
)
def test_what_is_sound_passes(condition: str) -> None:
    """The short spellings, lists, own conditions, and conditions pasted from Zendesk."""
    assert faults(f"ignore: [{{id: a, why: b, all: [{condition}]}}]") == []


@pytest.mark.parametrize(
    "text",
    [
        "asign: []",
        "ignore: [{id: a, why: b, al: []}]",
        "ignore: [{id: a, all: [big]}]",
        "ignore: [{id: a, why: b, all: [priorty: low]}]",
        "ignore: [{id: a, why: b, all: [priority: lo]}]",
        "ignore: [{id: a, why: b, all: [priority: {atleast: low}]}]",
        "ignore: [{id: a, why: b, all: [tags: vip]}]",
        "ignore: [{id: a, why: b, all: [status: {includes: open}]}]",
        "ignore: [{id: a, why: b, all: [text: {contains: $worse_words}]}]",
        "ignore: [{id: a, why: b, all: [Area: Biling]}]",
        "ignore: [{id: a, why: b, all: [group: Fronline]}]",
        "ignore: [{id: a, why: b, all: [text: {detects: card}]}]",
        "ignore: [{id: a, why: b, all: [small]}]",
        "ignore: [{id: a, why: b, all: [{priority: low, type: task}]}]",
        "assign: [{id: a, why: b, then: {tier: 3}}]",
        "assign: [{id: a, why: b, then: {tier: 1, group: Privacy}}]",
        "assign: [{id: a, why: b, then: {tier: 1, status: closed}}]",
        "assign: [{id: a, why: b, then: {tier: 1, add_tags: [vop]}}]",
        "assign: [{id: a, why: b, then: {tier: 1, set_fields: {Area: Biling}}}]",
        "assign: [{id: a, why: b, then: {tier: 1, set_fields: {Consent: maybe}}}]",
        "assign: [{id: a, why: b, then: {tier: 1, set_fields: {Colours: [pink]}}}]",
        "assign: [{id: a, why: b, then: {tier: 1, priority: top}}]",
        "tiers: {1: {name: a, group: b, grup: b}}",
    ],
)
def test_slips_of_the_hand_are_seen_while_typing(text: str) -> None:
    """Keys, operators, values and names that are not there."""
    assert len(faults(text)) == 1


def test_without_an_account_any_field_and_name_will_do() -> None:
    """What only the account could know is not complained about; what the language knows is."""
    sound = "assign: [{id: a, why: b, all: [size: {at_least: 3}, group: New], then: {tier: 9, set_fields: {A: 1}}}]"
    assert faults(sound, None, None) == []
    assert len(faults(sound.replace("at_least", "atleast"), None, None)) == 1


def test_the_schema_names_what_there_is() -> None:
    """Titles, keys and ids of fields, labels and tags of options, own lists and tiers; nobody's name."""
    text = str(editor_schema(OWN, ACCOUNT))
    for word in (
        "Area",
        str(AREA),
        "error_message",
        "Account Access",
        "account_access",
        "$bad_words",
        "Acme Labs",
    ):
        assert word in text
    assert "Ada" not in text
    Draft202012Validator.check_schema(USUAL.schema)
    assert editor_schema(OWN, ACCOUNT)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
