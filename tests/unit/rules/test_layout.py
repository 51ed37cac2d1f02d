"""The ordinary spelling of rule files: the meaning stays, comments stay, and a second time changes nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rules.build import HEAD, parse, rules
from zdsync.rules.layout import lay_out, means_the_same
from zdsync.rules.load import load_rules
from zdsync.rules.yaml_text import to_yaml
from zdsync.runs.layout import lay_out_rules

FOLDER = Path(__file__).parents[3] / "rules"


def test_the_shipped_rules_are_in_order() -> None:
    """What we ship is spelled as `rules fmt` spells it."""
    assert lay_out_rules(FOLDER) == ()
    assert all(lay_out(text) == text for _, text in load_rules(FOLDER).sources)


@pytest.mark.parametrize(
    ("pasted", "short"),
    [
        ("- {field: priority, operator: is_not, value: low}", "- {priority: {is_not: low}}"),
        ("- {field: status, operator: less_than, value: solved}", "- {status: {less_than: solved}}"),
        ('- {field: current_tags, operator: includes, value: "a b"}', "- {tags: {includes: [a, b]}}"),
        ("- {field: via_id, operator: is, value: 4}", "- {channel: email}"),
        ("- {field: group_id, value: Frontline}", "- {group: Frontline}"),
        ('- {field: group_id, operator: is, value: ""}', "- {group: none}"),
        ("- {field: custom_fields_123, operator: present}", "- {123: present}"),
        ('- {field: brand_id, operator: is, value: "7: x"}', '- {brand: "7: x"}'),
        ("- {field: brand_id, operator: is, value: 7}", "- {brand: 7}"),
        ("- {field: brand_id, operator: is, value: '7'}", '- {brand: "7"}'),
        ("- {field: brand_id, operator: is, value: present}", "- {brand: {is: present}}"),
        ("- {field: requester.custom_fields.vip, operator: is, value: true}", "- {requester.vip: true}"),
        ("- field: priority\n      operator: is\n      value: low # soon", "- priority: low # soon"),
        ("- field: priority\n      # why\n      operator: is\n      value: low", None),
        ("- priority: {is: [low, high]}", "- priority: [low, high]"),
        ("- priority:\n        is: low", "- priority: low"),
        ("- brand: {is: present}", None),
        ("- tags: {includes: [a]}", None),
        ("- due_at: {present: false}", "- due_at: not_present"),
        ("- due_at: {not_present: false}", "- due_at: present"),
        ("- due_at: {not_present: null}", "- due_at: not_present"),
        ("- subject: {contains: ['two words', \"it's\", '12:30', 'no', '7', '- x', 'a, b']}",
         "- subject: {contains: [two words, it's, '12:30', no, '7', '- x', 'a, b']}"),
        ("- subject: 'a  b' # c", "- subject: a  b # c"),
    ],
)  # fmt: skip
def test_conditions_are_spelled_the_short_way(pasted: str, short: str | None) -> None:
    """Pasted triples, `is`, presence and quotes; never across a comment, never where it would mean otherwise."""
    text = HEAD + "assign:\n  - id: x\n    why: y\n    all:\n    @\n    then: {tier: 2}\n"
    text += "  - {id: rest, why: z, then: {tier: 1}}\n"
    before, after = text.replace("@", pasted), text.replace("@", short or pasted)
    assert lay_out(before) == after
    assert means_the_same(rules(before), rules(after))


def test_keys_come_in_order_with_their_comments() -> None:
    """Id and reason first, outcome last; what stands above or beside a key goes along."""
    text = """\
assign:
  - why: y # the reason
    then: {add_tags: [vip], tier: 2}

    # the conditions
    # of this rule
    all:
      - priority: low
    id: x # a name
  - then:
      # said last
      note: |
        Two
        lines
      tier: 1
    id: rest
    why: z"""
    assert (
        lay_out(text)
        == """\
assign:
  - id: x # a name
    why: y # the reason
    # the conditions
    # of this rule
    all:
      - priority: low
    then: {tier: 2, add_tags: [vip]}

  - id: rest
    why: z
    then:
      tier: 1
      # said last
      note: |
        Two
        lines
"""
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only words\n",
        "ignore:\n  - why: y\n    # first of all\n    id: x\n    all: [type: task]\n",
        "tiers:\n  1: {group: a, # here\n    name: b}\n",
    ],
)
def test_a_comment_that_would_lose_its_place_keeps_the_order(text: str) -> None:
    """Rather untidy than a comment beside the wrong key."""
    assert lay_out(text) == text


VALUES: list[tuple[str, list[str], list[Any]]] = [
    ("priority", ["is", "is_not", "at_least"], ["low", "high"]),
    ("type", ["is", "present", "not_present"], ["incident", "none"]),
    ("subject", ["contains", "starts_with", "is"], ["a b", "no", "12:30", "x: y", "it's", "#1", 'q"q', "- a", "ß"]),
    ("tags", ["includes", "excludes"], ["vip", "calm"]),
    ("area", ["is", "is_not"], [True, 7, 2.5, "007", "true", "null", "present", "", "1e5"]),
]  # fmt: skip


@st.composite
def conditions(draw: st.DrawFn) -> Any:
    field, operators, values = draw(st.sampled_from(VALUES))
    operator = draw(st.sampled_from(operators))
    value = draw(st.sampled_from([one for one in values if one != ""]))
    if operator in ("present", "not_present"):
        spec: Any = draw(st.sampled_from([operator, {operator: True}, {operator: False}]))
        return {field: spec}
    many = operator != "at_least" and draw(st.booleans())
    asked = [value] if many else value
    triple = {"field": {"tags": "current_tags"}.get(field, field), "operator": operator, "value": asked}
    short = {field: asked} if operator == "is" and draw(st.booleans()) else {field: {operator: asked}}
    is_triple = field in ("priority", "tags") and draw(st.booleans())
    return triple if is_triple and (field != "tags" or operator == "includes") else short


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Rule files as YAML of blocks or as JSON, keys in any order."""

    def mixed(block: dict[str, Any]) -> dict[str, Any]:
        return {key: block[key] for key in draw(st.permutations(sorted(block)))}

    listed = st.lists(conditions(), min_size=1, max_size=3)
    made = []
    for number in range(draw(st.integers(1, 3))):
        then = mixed(
            {"tier": 2, "note": draw(st.sampled_from(["Hi", "a\nb\n", "x: y"])), "add_tags": ["vip"]}
        )
        rule = {"id": f"r{number}", "why": "It's so", "then": then, "mode": "10%"}
        rule |= {key: draw(listed) for key in draw(st.sampled_from([("all",), ("any",), ("all", "any")]))}
        made.append(mixed(rule))
    made.append(mixed({"id": "rest", "why": "Else", "then": {"tier": 1}}))
    document = {"conditions": {"c": mixed({"all": draw(listed), "any": draw(listed)})}, "assign": made}
    return to_yaml(document) if draw(st.booleans()) else json.dumps(document, ensure_ascii=False, indent=1)


def test_the_meaning_is_compared_without_the_places() -> None:
    """Another rule is another meaning; another line is not."""
    one, two = (
        HEAD + "assign: [{id: a, why: b, then: {tier: 1}}]",
        HEAD + "assign: [{id: b, why: b, then: {tier: 1}}]",
    )
    assert means_the_same(rules(one), rules("# words\n" + one))
    assert not means_the_same(rules(one), rules(two))


def test_moves_and_gates_have_their_order_too() -> None:
    """Where from and where to first, then when, then what; `unless` holds conditions like any other list."""
    text = (
        HEAD.replace("name: Frontline,", "targets: {solve: 1 day}, name: Frontline,")
        + """\
assign: [{id: rest, why: Else, then: {tier: 1}}]
escalate:
  - {to: 2, after: {in_tier: 1 day}, then: {notify: leads, group: Engineering}, from: 1, warn_at: 75%, why: Late, id: up}
require:
  - unless:
      - {field: priority, operator: is, value: urgent}
    missing: {add_tags: [calm]}
    fields: ['app_version']
    before_tier: 2
    why: Needed
    id: basics
"""
    )
    laid = lay_out(text)
    assert (
        laid
        == HEAD.replace("name: Frontline,", "name: Frontline,").replace(
            "group: Frontline}", "group: Frontline, targets: {solve: 1 day}}"
        )
        + """\
assign: [{id: rest, why: Else, then: {tier: 1}}]
escalate:
  - {id: up, why: Late, from: 1, to: 2, after: {in_tier: 1 day}, warn_at: 75%, then: {group: Engineering, notify: leads}}
require:
  - id: basics
    why: Needed
    before_tier: 2
    fields: [app_version]
    unless:
      - {priority: urgent}
    missing: {add_tags: [calm]}
"""
    )
    assert means_the_same(rules(text), rules(laid))


@settings(max_examples=150, deadline=None)
@given(documents(), st.booleans())
def test_no_spelling_changes_what_rules_mean(text: str, has_comments: bool) -> None:
    """Random rule files, with a comment after every line where one may stand: same rules, same comments, stable."""
    if has_comments and not text.startswith("{") and "|" not in text and "\n\n" not in text:
        text = "".join(f"{line} # {number}\n" for number, line in enumerate(text.splitlines()))
    before, problems = parse(HEAD, text)
    assert before is not None, problems
    laid = lay_out(text)
    after, problems = parse(HEAD, laid)
    assert after is not None, (problems, laid)
    assert means_the_same(before, after), laid
    assert lay_out(laid) == laid
    if has_comments:
        assert Counter(line.rpartition(" # ")[2] for line in laid.splitlines() if " # " in line) == Counter(
            line.rpartition(" # ")[2] for line in text.splitlines() if " # " in line
        )
