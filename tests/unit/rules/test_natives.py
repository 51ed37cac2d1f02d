"""The account's own triggers against the rules: told where they undo or feed them, and only there."""

from __future__ import annotations

import pytest

from tests.unit.rules.build import ACCOUNT, HEAD, compiled, rules
from zdsync.account import NativeNames, NativeRule
from zdsync.rules.natives import native_conflicts, unknown_natives
from zdsync.rules.vocabulary import Vocabulary

RULES = (
    HEAD
    + """
conditions: {loud: {any: [Area: billing, tags: {includes: [noise]}]}}
ignore:
  - {id: spam, why: y, all: [tags: {includes: [spam]}]}
assign:
  - {id: burning, why: y, all: [loud, type: incident], then: {tier: 2, priority: high, add_tags: [vip], set_fields: {Consent: true}}}
  - {id: off, why: y, enabled: false, all: [brand: Acme], then: {tier: 1, status: pending}}
  - {id: rest, why: y, then: {tier: 1}}
annotate:
  - {id: label, why: y, all: [loud], then: {add_tags: [calm]}}
"""
)


def told(actions: list[tuple[str, str]], *conditions: tuple[str, str, str], text: str = RULES) -> list[str]:
    native = NativeRule("trigger", 1, "Ours", conditions, tuple(actions))
    found = list(native_conflicts(compiled(text), [native], Vocabulary(ACCOUNT)))
    assert all(problem.is_warning for problem in found)
    return [problem.message for problem in found]


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([("priority", "low")], "the trigger 'Ours' undoes what rules write (priority): burning"),
        ([("group_id", "11")], "the trigger 'Ours' undoes what rules write (group): burning, rest"),
        ([("remove_tags", "vip x")], "the trigger 'Ours' undoes what rules write (tag vip): burning"),
        ([("custom_fields_108", "false")], "the trigger 'Ours' undoes what rules write (108): burning"),
        ([("type", "task")], "the trigger 'Ours' writes what rules ask for (type): burning"),
        ([("current_tags", "spam")], "the trigger 'Ours' writes what rules ask for (tag spam): spam"),
        (
            [("remove_tags", "noise")],
            "the trigger 'Ours' writes what rules ask for (tag noise): burning, label",
        ),
        ([("custom_fields_101", "x")], "the trigger 'Ours' writes what rules ask for (101): burning, label"),
        (
            [("set_tags", "vip calm")],
            "the trigger 'Ours' undoes what rules write (tag tier_2, tag tier_1): burning, rest",
        ),
    ],
)
def test_a_native_rule_that_works_against_rules_is_told(actions: list[tuple[str, str]], message: str) -> None:
    """What it undoes first, else what it feeds; with the rules concerned."""
    assert told(actions) == [message]


def test_what_does_not_get_in_the_way_is_not_told() -> None:
    """Tags it adds itself, fields of rules that are off, moments before the rules are asked or after they matter."""
    assert told([("current_tags", "vip"), ("status", "open"), ("brand_id", "31"), ("assignee_id", "7")]) == []
    assert told([("priority", "low")], ("update_type", "is", "Create")) == []
    assert told([("status", "closed"), ("priority", "low")], ("status", "is", "solved")) == []
    assert told([("priority", "low")], ("status", "is", "open")) != []


MOVES = (
    HEAD
    + """
assign: [{id: rest, why: y, then: {tier: 1}}]
require:
  - {id: gate, why: y, before_tier: 2, fields: [Weight, due_at], unless: [tags: {includes: [ok]}], missing: {add_tags: [calm]}}
escalate:
  - {id: up, why: y, from: 1, to: 2, after: {in_tier: 1 day}, then: {priority: high}}
  - {id: out, why: y, from: 2, to: external, all: [form: Default]}
deescalate:
  - {id: back, why: y, from: 2, to: previous, all: [brand: Acme], after: {in_tier: 1 day}}
"""
)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (("priority", "low"), "undoes what rules write (priority): up"),
        (("remove_tags", "tier_2"), "undoes what rules write (tag tier_2): up"),
        (("remove_tags", "with_vendor"), "undoes what rules write (tag with_vendor): out"),
        (("remove_tags", "calm"), "undoes what rules write (tag calm): gate"),
        (("status", "open"), "undoes what rules write (status): out"),
        (("group_id", "11"), "undoes what rules write (group): rest, up, back"),
        (("custom_fields_106", "0"), "writes what rules ask for (106): gate"),
        (("current_tags", "ok"), "writes what rules ask for (tag ok): gate"),
        (("brand_id", "31"), "writes what rules ask for (brand): back"),
    ],
)
def test_moves_and_gates_are_worked_against_too(action: tuple[str, str], message: str) -> None:
    """The tier tag and group of where a move leads, a vendor's mark, the tags of a gate and what it asks for."""
    assert told([action], text=MOVES) == [f"the trigger 'Ours' {message}"]


def test_a_gate_names_macros_and_triggers_that_are_there() -> None:
    """Told where it names them, with the nearest; nothing is said where none is mirrored."""
    gate = "require: [{id: g, why: y, before_tier: 2, fields: [Weight], missing: {macro: Ask them}, asks_by: By mail}]\n"
    given = rules(HEAD + "assign: [{id: rest, why: y, then: {tier: 1}}]\n" + gate)
    known = NativeNames(macros=("Ask then", "Thank them"), triggers=("By letter",))
    assert [str(fault) for fault in unknown_natives(given, known)] == [
        "a.yaml:9:61: no macro 'Ask them' is switched on in the account; did you mean 'Ask then'? [unknown-name]",
        "a.yaml:9:89: no trigger 'By mail' is switched on in the account [unknown-name]",
    ]
    assert list(unknown_natives(given, NativeNames(macros=("ask them",), triggers=("BY MAIL",)))) == []
    assert list(unknown_natives(given, NativeNames())) == []
