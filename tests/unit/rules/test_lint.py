"""Lint: rules that cannot match or win, outcomes that fight, leftovers; and no false alarm."""

from __future__ import annotations

import pytest

from tests.unit.rules.build import FULL, HEAD, TAIL, rules
from zdsync.rules.lint import lint


def found(text: str, *, keeps_text: bool = True) -> list[tuple[str, int]]:
    """(id, line) of every finding."""
    return [(problem.id, problem.line) for problem in lint(rules(text), keeps_text=keeps_text)]


def of_conditions(everything: str, either: str = "") -> list[str]:
    more = f", any: [{either}]" if either else ""
    text = f"{HEAD}ignore:\n  - {{id: it, why: w, all: [{everything}]{more}}}\n{FULL}"
    return [id for id, _ in found(text)]


@pytest.mark.parametrize(
    "everything",
    [
        "status: {less_than: new}",
        "priority: {greater_than: urgent}",
        "replies: {less_than: 0}",
        "type: incident, type: task",
        "status: open, status: {is_not: open}",
        "status: {at_least: hold}, status: {less_than: hold}",
        "priority: none, priority: present",
        "replies: {greater_than: 1}, replies: {less_than: 2}",
        "reopens: [1, 2], reopens: {at_least: 3}",
        "created_at: {less_than: 2026-01-02}, created_at: {greater_than: 2026-01-02}",
        "created_at: 2026-01-02, created_at: 2026-01-03",
        "organization.mrr: {at_least: 10}, organization.mrr: {less_than: 10}",
        "area: billing, area: technical",
        "area: billing, area: {is_not: [billing, technical]}",
        "area: present, area: not_present",
        "area: billing, area: not_present",
        "channel: web, channel: email",
        "satisfaction: good, satisfaction: bad",
        "group: Frontline, group: Specialists",
        "group: none, group: present",
        "tags: {includes: [a, b]}, tags: {excludes: [a, b, c]}",
        "tags: {includes_all: [a, b]}, tags: {excludes: b}",
        "tags: {includes: a}, tags: not_present",
        "text: {contains: [refund, error 500]}, text: {excludes_words: [refund, error]}",
        "subject: {contains: a}, subject: not_present",
        "order_id: {contains: a b}, order_id: {excludes_words: a}",
    ],
)
def test_conditions_that_contradict_each_other_are_found(everything: str) -> None:
    """No ticket can satisfy these, so the rule is a mistake."""
    assert of_conditions(everything) == ["impossible-condition"]


@pytest.mark.parametrize(
    "everything",
    [
        "replies: {greater_than: 1}, replies: {less_than: 3}",
        "organization.mrr: {greater_than: 1}, organization.mrr: {less_than: 2}",
        "satisfaction: good, satisfaction: good_with_comment",
        "created_at: {at_least: 2026-01-02}, created_at: {at_most: 2026-01-02}",
        "tags: {includes: [a, b]}, tags: {excludes: a}",
        "tags: {includes: a}, tags: {includes: b}",
        "text: {contains: [refund, money]}, text: {excludes_words: refund}",
        "text: {contains: error}, text: {excludes_words: error 500}",
        "assignee: none, assignee: not_present",
        "group: none, group: not_present",
        "group: Frontline, group: 11",
        "organization.domain: a.example, organization.domain: b.example",
        "requester: Cy, requester: cy@mail.example",
        "priority: {at_most: low}, priority: not_present",
        "text: {detects: iban}, text: {excludes_words: iban}",
        "subject: {starts_with: a}, subject: {contains: b}",
        "area: {is_not: billing}, area: not_present",
        "due_at: present",
        "due_at: not_present",
        "organization.plan: {is_not: free}, organization.plan: {is_not: pro}",
    ],
)
def test_conditions_that_can_hold_together_are_left_alone(everything: str) -> None:
    """What some ticket can satisfy is never called impossible."""
    assert of_conditions(everything) == []


def test_an_impossible_alternative_is_found_even_where_others_hold() -> None:
    """A condition that can never hold is told at its line, also inside `any`; a rule is told when every alternative clashes."""
    assert of_conditions("status: open", "priority: high, status: {less_than: new}") == [
        "impossible-condition"
    ]
    assert of_conditions("status: open", "status: pending, status: hold") == ["impossible-condition"]
    assert of_conditions("status: open", "status: pending, priority: high") == []


def pair(first: str, second: str, more: str = "") -> list[str]:
    """Findings about two rules of assign with these bodies, the second of another outcome."""
    text = f"""{HEAD}{more}
assign:
  - {{id: first, why: w, {first}, then: {{tier: 2}}}}
  - {{id: second, why: w, {second}, then: {{tier: 1, priority: low}}}}
  - {{id: rest, why: w, then: {{tier: 1}}}}
"""
    return [id for id, _ in found(text)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("all: [priority: high]", "all: [priority: high]"),
        ("all: [priority: high]", "all: [priority: high, type: task]"),
        ("all: [priority: {at_least: normal}]", "all: [priority: [high, urgent]]"),
        ("all: [priority: {is_not: low}]", "all: [priority: high]"),
        ("all: [status: {less_than: solved}]", "all: [status: pending]"),
        ("all: [replies: {at_least: 2}]", "all: [replies: {greater_than: 4}]"),
        ("all: [organization.mrr: {at_least: 10}]", "all: [organization.mrr: {at_least: 10.5}]"),
        ("all: [created_at: {at_least: 2026-01-01}]", "all: [created_at: {greater_than: 2026-02-01}]"),
        ("all: [area: [billing, technical]]", "all: [area: billing]"),
        ("all: [area: present]", "all: [area: billing]"),
        ("all: [area: {is_not: technical}]", "all: [area: billing]"),
        ("all: [tags: {includes: [a, b]}]", "all: [tags: {includes: a}]"),
        ("all: [tags: {includes: [a, b]}]", "all: [tags: {includes_all: [b, c]}]"),
        ("all: [tags: {includes_all: [a, b]}]", "all: [tags: {includes_all: [c, b, a]}]"),
        ("all: [tags: {excludes: a}]", "all: [tags: {excludes: [a, b]}]"),
        ("all: [tags: present]", "all: [tags: {includes: a}]"),
        ("all: [text: {contains: [refund, money]}]", "all: [text: {contains: refund}]"),
        ("all: [text: {contains: error}]", "all: [text: {contains_phrase: error 500}]"),
        ("any: [priority: high, area: billing]", "all: [area: billing]"),
        ("any: [priority: high, area: billing]", "any: [priority: high, area: billing]"),
        ("any: [priority: high, area: billing]", "all: [type: task], any: [area: billing, priority: high]"),
        ("all: [text: {detects: [iban, email]}]", "all: [text: {detects: iban}]"),
        ("all: [assignee: present]", "all: [assignee: Ada]"),
    ],
)
def test_a_rule_that_an_earlier_one_covers_is_hidden(first: str, second: str) -> None:
    """Identical conditions, more conditions, smaller sets and narrower ranges can never win below."""
    assert pair(first, second) == ["hidden-rule"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("all: [priority: high, type: task]", "all: [priority: high]"),
        ("all: [priority: high]", "all: [priority: {at_least: high}]"),
        ("mode: shadow, all: [priority: high]", "all: [priority: high]"),
        ("mode: 50%, all: [priority: high]", "all: [priority: high]"),
        ("until: 2030-01-01, all: [priority: high]", "all: [priority: high]"),
        ("enabled: false, all: [priority: high]", "all: [priority: high]"),
        ("all: [replies: {at_least: 2}]", "all: [replies: {at_least: 1}]"),
        ("all: [area: {is_not: technical}]", "all: [area: [billing, technical]]"),
        ("all: [area: present]", "all: [area: {is_not: billing}]"),
        ("all: [tags: {includes_all: [a, b]}]", "all: [tags: {includes: [a, b]}]"),
        ("all: [text: {contains: error 500}]", "all: [text: {contains: error}]"),
        ("all: [text: {contains: iban}]", "all: [text: {detects: iban}]"),
        ("all: [assignee: present]", "all: [assignee: none]"),
        ("all: [subject: {contains: a}]", "all: [text: {contains: a}]"),
        ("any: [priority: high, area: billing]", "any: [priority: high, area: technical]"),
        ("all: [priority: high]", "enabled: false, all: [priority: high]"),
    ],
)
def test_a_rule_that_can_still_win_is_left_alone(first: str, second: str) -> None:
    """An overlap is no fault, nor is a rule that is not always on above."""
    assert "hidden-rule" not in pair(first, second)


def test_ignored_tickets_hide_rules_too_and_private_rules_are_asked_first() -> None:
    """What `ignore` takes never reaches assign; a private_only rule is asked before open ones above it."""
    ignore = "ignore: [{id: it, why: w, all: [area: billing]}]\n"
    assert pair("all: [area: billing, type: task]", "all: [type: task]", ignore) == ["hidden-rule"]
    private = f"""{HEAD}
assign:
  - {{id: open, why: w, all: [area: billing], then: {{tier: 2}}}}
  - {{id: safe, why: w, all: [area: billing], then: {{tier: 2, group: Privacy desk, private_only: true}}}}
  - {{id: rest, why: w, then: {{tier: 1}}}}
"""
    assert found(private) == []


def test_named_conditions_are_looked_into() -> None:
    """A contradiction or a cover through a named condition is found as if it were written out."""
    more = "conditions: {urgent: {any: [priority: urgent, tags: {includes: now}]}}"
    assert pair("all: [urgent]", "all: [priority: urgent]", more) == ["hidden-rule"]
    assert pair("all: [urgent, type: task]", "all: [urgent]", more) == []


def test_rules_too_wide_to_write_out_are_left_alone() -> None:
    """With more alternatives than can be looked at nothing is claimed."""
    areas = ", ".join(f"area: a{number}" for number in range(9))
    orders = ", ".join(f"order_id: o{number}" for number in range(9))
    wide = f"a: {{any: [{areas}]}}, b: {{any: [{orders}]}}, c: {{all: [a, b]}}"
    assert pair("all: [c]", "all: [c]", f"conditions: {{{wide}}}") == []
    assert pair("any: [c]", "any: [c]", f"conditions: {{{wide}}}") == []
    assert pair("all: [d]", "all: [d]", f"conditions: {{{wide}, d: {{any: [c, status: open]}}}}") == []


def test_a_tier_that_nothing_enters_is_found() -> None:
    """No live rule of assign names it."""
    assert found(HEAD + TAIL) == [("unreachable-tier", 7)]


def test_labels_must_not_fight_decisions() -> None:
    """An annotate rule may not write a field that assign writes, nor undo a tag that it sets."""
    text = HEAD + FULL.replace(
        "then: {tier: 2}", "then: {tier: 2, set_fields: {App version: x}, add_tags: [vip]}"
    )
    label = "annotate:\n  - {id: it, why: w, all: [replies: 5], then: {add_tags: [calm], %s}}\n"
    assert found(text + label % "set_fields: {app_version: y}") == [("annotate-overwrites", 13)]
    assert found(text + label % "remove_tags: [vip]") == [("annotate-overwrites", 13)]
    assert found(text + label % "set_fields: {Weight: 1}") == []


def test_neighbours_with_one_outcome_are_a_warning() -> None:
    """Two rules in a row that do the same could be one; with another between them they could not."""
    three = """
assign:
  - {id: a, why: w, all: [priority: low], then: {tier: 2}}
  - {id: b, why: w, all: [type: task], then: {tier: %s}}
  - {id: c, why: w, all: [replies: 1], then: {tier: 2}}
  - {id: rest, why: w, then: {tier: 1}}
"""
    same = [problem for problem in lint(rules(HEAD + three % "2")) if problem.is_warning]
    assert [problem.id for problem in same] == ["same-outcome", "same-outcome"]
    assert found(HEAD + three % "1") == []


def test_leftovers_are_warnings() -> None:
    """A list or condition that nothing uses is told; one used by an unused condition is in use."""
    text = HEAD + "lists: {used: [a], spare: [b]}\nconditions: {alone: [text: {contains: $used}]}\n" + FULL
    assert found(text) == [("unused-list", 8), ("unused-condition", 9)]
    assert all(problem.is_warning for problem in lint(rules(text)))


def test_without_kept_text_only_detectors_can_be_asked() -> None:
    """Under bodies none every text condition but `detects` is an error."""
    text = (
        HEAD
        + "ignore: [{id: it, why: w, any: [text: {detects: iban}, subject: {contains: a}, comment: present]}]\n"
        + FULL
    )
    assert found(text) == []
    assert found(text, keeps_text=False) == [("text-not-kept", 8), ("text-not-kept", 8)]
    gates = "require: [{id: a, why: w, before_tier: 2, fields: [Subject]}, {id: b, why: w, before_tier: 2, fields: [area]}]\n"
    assert found(HEAD + FULL + gates, keeps_text=False) == [("text-not-kept", 12)]
