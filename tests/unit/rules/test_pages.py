"""Pages for people: complete, in order, in words, and safe to put on a web server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.rules.build import HEAD, rules
from zdsync.report.rule_pages import page_markdown, pages_html, rule_pages
from zdsync.rules.lengths import Clock, Length, Unit
from zdsync.rules.load import load_rules
from zdsync.rules.model import After, Condition, Operator
from zdsync.rules.words import clock_in_words, in_words

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
## First placed here

A ticket comes here first by the first rule of the whole set that matches it:

### loud

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

### off
""" in pages["tier-2"]
    assert "- loses the tags vip" in pages["tier-2"]
    assert "may only be held by groups for private data" in pages["tier-2"]
    assert "(asked as number 2 of 4; switched off)" in pages["tier-2"]
    assert pages["tier-1"].endswith(
        "### rest\n\nElse.\n\n(asked as number 4 of 4)\n\nWhen:\n\n- every ticket\n"
    )
    assert "only watched so far" in pages["labels"]
    assert "Not a request.\n" in pages["ignored"]


LADDER = rules(
    HEAD.replace(
        "name: Frontline,",
        "name: Frontline, targets: {first_reply: {urgent: 30 minutes, else: 2 business_hours}, solve: 3 days},",
    )
    + """
owner: desk
manual_override: {respect_for: 1 day}
move_limit: {at_most: 3, per: 7 days, then: {add_tags: [calm], notify: leads}}
vendor: {view: With vendor}
assign:
  - {id: rest, why: Else, then: {tier: 1, notify: leads}}
require:
  - id: basics
    why: Needed to start
    mode: shadow
    before_tier: 2
    all: [type: incident]
    fields: [app_version, organization.plan]
    attachment: true
    detects: iban
    unless: [tags: {includes: [vip]}, priority: urgent]
    missing: {add_tags: [calm], macro: Ask them}
    asks_by: Ask by mail
  - {id: short, why: Short, before_tier: 2, detects: phone}
escalate:
  - id: slow
    why: Nobody answered
    from: 1
    to: 2
    even_if_held: true
    after: {unanswered: 1 business_hour}
    warn_at: 75%
    keep_assignee_as: follower
    then: {priority: high, notify: duty}
  - {id: outside, why: Theirs, from: 2, to: external, all: [type: problem], remind_after: 3 days}
deescalate:
  - {id: back, why: Done, from: 2, to: previous, any: [status: pending, type: task], after: {in_status: 5 days}}
""",
)


def test_a_tier_s_page_tells_what_leads_on_and_what_stands_before() -> None:
    """Promises, gates, and moves in and out, with their clocks; whether a rule passes holds and is only watched."""
    pages = {page.name: page_markdown(page) for page in rule_pages(LADDER)}
    assert list(pages) == ["tier-1", "tier-2", "moves"]
    promised = "Promised: a first answer within 30 minutes (urgent) or 2 business hours (others); solved within 3 days."
    assert promised in pages["tier-1"]
    slow = """
### slow

Nobody answered.

(also of tickets that are held; owner: desk)

When:

- nobody has answered for 1 business hour

The ticket:

- goes from tier 1 to tier 2 (Specialists)
- gets the priority high
- is followed by its assignee from now on, if they are not in the new group
- is told to duty
- is listed as due soon from 75% of that time on
"""
    assert "## Moved on\n\nA ticket leaves by the first of these that holds:\n" + slow in pages["tier-1"]
    assert slow in pages["tier-2"].partition("## Moved here")[2]
    assert (
        pages["tier-2"]
        .partition("## Needed before")[2]
        .startswith("""

Until all of this is known, a ticket waits where it is:

### basics

Needed to start.

(owner: desk; only watched so far, changes nothing)

When:

- type is incident

Needed:

- app version
- organization's plan
- an attachment
- an IBAN

But not when one of these holds:

- tags include vip
- priority is urgent

Until then the ticket:

- carries the tags calm
- can be answered with the macro Ask them
- is set to pending, and the trigger Ask by mail asks the requester

### short

Short.

(owner: desk)

When:

- every ticket

Needed:

- a phone number

## Moved here
""")
    )
    assert "- goes from tier 2 back to the tier it was in before, if that is a lower one\n" in pages["tier-1"]
    outside = (
        "- stays in tier 2, on hold, and waits for a vendor\n- is to be reminded of after 3 days on hold\n"
    )
    assert outside in pages["tier-2"].partition("## Moved on")[2]


def test_what_holds_for_all_moves_has_a_page() -> None:
    """Respect, limit and vendor; less where less is said."""
    moves = page_markdown(next(page for page in rule_pages(LADDER) if page.name == "moves"))
    assert (
        moves
        == r"""# People, limits and vendors

A ticket that a person has moved to another tier is left to them for 1 day.

No move is made that would be more than 3 within 7 days; it gets the tags calm and leads is told.

Tickets that wait for a vendor carry the tag with\_vendor, in the view With vendor.
"""
    )
    plain = rules(
        HEAD
        + "move_limit: {at_most: 1, per: 1 day}\nassign: [{id: rest, why: y, then: {tier: 1}}]\n"
        + "escalate: [{id: up, why: w, from: 1, to: 2, after: {in_tier: 1 day}}]\n"
    )
    told = page_markdown(next(page for page in rule_pages(plain) if page.name == "moves"))
    assert "is left to them for 24 business hours." in told
    assert "No move is made that would be more than 1 within 1 day." in told
    assert told.endswith("carry the tag with\\_vendor.\n")


def test_an_unknown_tier_is_told_as_it_is_written() -> None:
    """Pages can be made of rules that are not sound yet."""
    odd = rules(
        HEAD
        + "assign: [{id: rest, why: y, then: {tier: 1}}]\nescalate: [{id: up, why: w, from: 1, to: 7, all: [type: task]}]\n"
        + "deescalate: [{id: down, why: w, from: 8, to: previous, all: [type: task]}]\n"
        + "require: [{id: g, why: w, before_tier: 2, detects: [lies]}]\n"
    )
    text = pages_html(rule_pages(odd), odd.digest)
    assert "goes from tier 1 to tier 7</li>" in text
    assert "<li>lies</li>" in text


@pytest.mark.parametrize("clock", Clock)
def test_every_clock_has_its_words(clock: Clock) -> None:
    """With its length in it."""
    assert "4 business hours" in clock_in_words(After(clock, Length(4, Unit.BUSINESS_HOURS)))


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
    """Every rule stands on a page, and only a move on more than one: of the tiers it leads from and to."""
    shipped = load_rules(FOLDER)
    titles = [entry.title for page in rule_pages(shipped) for entry in page.entries]
    moves = {rule.id for rule in shipped.moves}
    assert set(titles) == {rule.id for rule in shipped.rules}
    assert all(titles.count(title) == 1 for title in titles if title not in moves)


@pytest.mark.parametrize("operator", sorted(set(Operator) - {Operator.WITHIN}))
def test_every_operator_has_its_words(operator: Operator) -> None:
    """A sentence of its own, with the values in it; a long list is cut short."""
    values = () if "present" in operator else tuple(f"w{number}" for number in range(15))
    told = in_words(Condition("area", operator, values))
    assert "_" not in told
    assert told.startswith(("area ", "the text "))
    assert not values or "3 more" in told
