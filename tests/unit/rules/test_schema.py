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
from zdsync.account import Account, NativeNames
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
        "escalate: [{id: a, why: b, from: 1, to: 2, after: {unanswered: 4 business_hours}, warn_at: 75%}]",
        "escalate: [{id: a, why: b, from: [1, '2'], to: external, all: [big], remind_after: 1 day}]",
        "escalate: [{id: a, why: b, from: 1, to: 2, all: [tier: 1], keep_assignee_as: follower, then: {notify: leads}}]",
        "deescalate: [{id: a, why: b, from: 2, to: previous, any: [moves: {at_least: 2}], then: {remove_tags: vip}}]",
        "require: [{id: a, why: b, before_tier: 2, fields: [App version, error_message, 101], attachment: true, unless: [big]}]",
        "require: [{id: a, why: b, before_tier: 2, detects: iban, missing: {add_tags: [vip], macro: Any, note: x}, asks_by: Any}]",
        "manual_override: {respect_for: 1 business_day}",
        "move_limit: {at_most: 3, per: 7 days, then: {add_tags: [vip, with_vendor], notify: leads}}",
        "vendor: {tag: outside, view: Outside}",
        "tiers: {1: {name: a, group: b, targets: {first_reply: {urgent: 30 minutes, else: 2 hours}, solve: 3 days}}}",
    ],
)
def test_sound_moves_and_gates_pass(text: str) -> None:
    """Clocks, shares, vendors, the way back, what gates ask for, limits and targets."""
    assert faults(text) == []
    assert faults(text, None, None) == []


def test_macros_and_triggers_are_suggested() -> None:
    """Those of the mirror; another one may be made later and passes too."""
    schema = editor_schema(OWN, ACCOUNT, NativeNames(macros=("Ask for details",), triggers=("Ask by mail",)))
    gate = schema["$defs"]["GateShape"]["properties"]["asks_by"]
    assert gate == {"anyOf": [{"enum": ["Ask by mail", "ask by mail"]}, {"type": "string"}]}
    assert "Ask for details" in str(schema["$defs"]["MissingShape"])


@pytest.mark.parametrize(
    "text",
    [
        "escalate: [{id: a, why: b, from: 3, to: 2}]",
        "escalate: [{id: a, why: b, from: 1, to: 5}]",
        "escalate: [{id: a, why: b, from: 1}]",
        "escalate: [{id: a, why: b, from: 1, to: 2, after: {unanswered: 4 weeks}}]",
        "escalate: [{id: a, why: b, from: 1, to: 2, after: {unanswered: 0 hours}}]",
        "escalate: [{id: a, why: b, from: 1, to: 2, after: {unanswered: 2 hour}}]",
        "escalate: [{id: a, why: b, from: 1, to: 2, after: {in_tier: 1 day, in_status: 1 day}}]",
        "escalate: [{id: a, why: b, from: 1, to: 2, warn_at: 100%}]",
        "escalate: [{id: a, why: b, from: 1, to: 2, then: {tier: 2}}]",
        "escalate: [{id: a, why: b, from: 1, to: 2, then: {private_only: true}}]",
        "escalate: [{id: a, why: b, from: 1, to: 2, then: {add_tags: [vop]}}]",
        "escalate: [{id: a, why: b, from: 1, to: 2, all: [tier: 9]}]",
        "require: [{id: a, why: b, before_tier: 7, fields: [Area]}]",
        "require: [{id: a, why: b, before_tier: 2, fields: Aera}]",
        "require: [{id: a, why: b, before_tier: 2, detects: lies}]",
        "require: [{id: a, why: b, before_tier: 2, unless: [small]}]",
        "require: [{id: a, why: b, before_tier: 2, missing: {add_tags: [vop]}}]",
        "move_limit: {at_most: 0, per: 7 days}",
        "move_limit: {at_most: 3, per: week}",
        "manual_override: {respect_for: ever}",
        "tiers: {1: {name: a, group: b, targets: {first_reply: {urgnt: 1 day}}}}",
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
