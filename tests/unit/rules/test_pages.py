"""Pages for people: complete, in order, in words, and safe to put on a web server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.rules.build import HEAD, rules
from zdsync.report.rule_pages import page_markdown, pages_html, rule_pages
from zdsync.rules.load import load_rules
from zdsync.rules.model import Condition, Operator
from zdsync.rules.words import in_words

FOLDER = Path(__file__).parents[3] / "rules"
SOME = rules(
    HEAD
    + """
conditions:
  big_customer:
    any: [organization.plan: enterprise, organization.mrr: {at_least: 5000}]
ignore:
  - {id: spam, why: Not a request., all: [tags: {includes: [spam]}]}
assign:
  - id: loud
    why: They shout <loudly> & *often*
    owner: desk
    mode: 25%
    until: 2027-01-31
    all: [big_customer, priority: {is_not: low}]
    any: [text: {contains: [now, at once]}, due_at: present]
    then: {tier: 2, group: Engineering, priority: high, type: task, add_tags: [vip, calm], set_fields: {Area: [a, b], Done: true}, note: "Hi\\n{ticket.id}"}
  - {id: off, why: Later, enabled: false, any: [type: task], then: {tier: 2, remove_tags: [vip]}}
  - {id: cards, why: Cards, all: [text: {detects: payment_card}], then: {tier: 2, group: Privacy desk, private_only: true}}
  - {id: rest, why: Else, then: {tier: 1}}
annotate:
  - {id: watched, why: Just looking, mode: shadow, all: [type: task], then: {add_tags: [calm]}}
""",
)


def test_a_tier_s_page_tells_the_rules_that_lead_in() -> None:
    """Scope, groups and view, then each rule with its place, owner, conditions and outcome."""
    pages = {page.name: page_markdown(page) for page in rule_pages(SOME)}
    assert list(pages) == ["tier-1", "tier-2", "ignored", "labels"]
    assert pages["tier-2"].startswith("# Tier 2: Specialists\n\nGroup: Specialists; also Engineering.\n")
    assert r"""
## loud

They shout \<loudly\> & \*often\*.

(asked as number 1 of 4; owner: desk; tried on 25% of tickets, until 2027-01-31)

When:

- big customer:
  - one of these:
    - organization's plan is enterprise
    - organization's mrr is 5000 or more
- priority is not low
- one of these:
  - text has the words “now” or “at once”
  - due at is filled in

The ticket:

- goes to the group Engineering
- gets the priority high
- gets the type task
- gets the tags vip and calm
- gets a and b as Area
- gets yes as Done
- is handed over with the words: Hi {ticket.id}

## off
""" in pages["tier-2"]
    assert "- loses the tags vip" in pages["tier-2"]
    assert "may only be held by groups for private data" in pages["tier-2"]
    assert "(asked as number 2 of 4; switched off)" in pages["tier-2"]
    assert pages["tier-1"].endswith(
        "## rest\n\nElse.\n\n(asked as number 4 of 4)\n\nWhen:\n\n- every ticket\n"
    )
    assert "only watched so far" in pages["labels"]
    assert "Not a request.\n" in pages["ignored"]


def test_the_html_page_is_whole_and_harmless() -> None:
    """One file without links outward; what admins wrote is text, never markup."""
    pages = rule_pages(SOME)
    text = pages_html(pages, SOME.digest)
    assert "They shout &lt;loudly&gt; &amp; *often*." in text
    assert "<loudly>" not in text
    assert "http" not in text.replace("<!doctype html>", "")
    assert text.count("<h2") == len(pages)
    assert text == pages_html(rule_pages(SOME), SOME.digest)


def test_a_small_set_has_no_more_pages_than_tiers() -> None:
    """Nothing ignored and no labels: no page for them."""
    small = rules(HEAD + "assign: [{id: rest, why: y, then: {tier: 1}}]")
    assert [page.name for page in rule_pages(small)] == ["tier-1", "tier-2"]


def test_the_shipped_rules_are_told_whole() -> None:
    """Every rule stands on exactly one page."""
    shipped = load_rules(FOLDER)
    titles = [entry.title for page in rule_pages(shipped) for entry in page.entries]
    assert sorted(titles) == sorted(rule.id for rule in shipped.rules)


@pytest.mark.parametrize("operator", sorted(set(Operator) - {Operator.WITHIN}))
def test_every_operator_has_its_words(operator: Operator) -> None:
    """A sentence of its own, with the values in it; a long list is cut short."""
    values = () if "present" in operator else tuple(f"w{number}" for number in range(15))
    told = in_words(Condition("area", operator, values))
    assert "_" not in told
    assert told.startswith(("area ", "the text "))
    assert not values or "3 more" in told
