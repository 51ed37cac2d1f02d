"""The account's own triggers against the rules: told where they undo or feed them, and only there."""

from __future__ import annotations

import pytest

from tests.unit.rules.build import ACCOUNT, HEAD, compiled
from zdsync.model import NativeRule
from zdsync.rules.natives import native_conflicts
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


def told(actions: list[tuple[str, str]], *conditions: tuple[str, str, str]) -> list[str]:
    native = NativeRule("trigger", 1, "Ours", conditions, tuple(actions))
    found = list(native_conflicts(compiled(RULES), [native], Vocabulary(ACCOUNT)))
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
