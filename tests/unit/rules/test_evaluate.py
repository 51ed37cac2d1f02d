"""Asking rules: first match, liveness, shares, and traces beside them."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest

from tests.unit.rules.build import HEAD, TODAY, compiled, facts, rule
from zdsync.model import TicketId
from zdsync.rules.evaluate import (
    all_matches,
    first_match,
    first_match_with_steps,
    is_live,
    is_on,
    is_sampled,
    trace,
)
from zdsync.rules.model import Condition, Mode, Operator, Rule

SET = (
    HEAD
    + """
assign:
  - {id: shadow, why: w, mode: shadow, all: [status: open], then: {tier: 2}}
  - {id: over, why: w, until: 2026-01-01, all: [status: open], then: {tier: 2}}
  - {id: off, why: w, enabled: false, all: [status: open], then: {tier: 2}}
  - {id: live, why: w, all: [status: open, {priority: high}], then: {tier: 2}}
  - {id: rest, why: w, then: {tier: 1}}
"""
)


def test_the_first_live_rule_wins() -> None:
    """Shadow rules, rules past their day and rules switched off never stop the search."""
    asked = compiled(SET).assign
    high = first_match(asked, facts(priority="high"), TODAY)
    low = first_match(asked, facts(), TODAY)
    early = first_match(asked, facts(), date(2026, 1, 1))
    assert [one.rule.id for one in (high, low, early) if one] == ["live", "rest", "over"]
    assert first_match(asked[:3], facts(), TODAY) is None


def test_all_matches_tells_live_and_not() -> None:
    """Every rule that matches is told in order, so that shadow wins can be recorded."""
    found = all_matches(compiled(SET).assign, facts())
    assert [one.rule.id for one in found] == ["shadow", "over", "off", "rest"]


def test_steps_tell_what_stopped_each_rule_passed_over() -> None:
    """A step has the first failing condition, or None when the rule matched without being live or `any` failed."""
    winner, steps = first_match_with_steps(compiled(SET).assign, facts(), TODAY)
    assert winner is not None
    assert winner.rule.id == "rest"
    assert [(one.rule.id, failed.condition if failed else None) for one, failed in steps] == [
        ("shadow", None),
        ("over", None),
        ("off", None),
        ("live", Condition("priority", Operator.IS, ("high",))),
    ]
    assert first_match_with_steps((), facts(), TODAY) == (None, ())


def test_a_rule_is_on_until_the_end_of_its_last_day() -> None:
    """`until` is the last day on which the rule acts."""
    last = date(2026, 5, 1)
    asked = Rule("r", "w", until=last)
    assert is_on(asked, last)
    assert not is_on(asked, last + timedelta(days=1))
    assert not is_on(Rule("r", "w", enabled=False), last)
    assert not is_live(Rule("r", "w", mode=Mode.SHADOW), TicketId(1), last)


@pytest.mark.parametrize("share", [Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)])
def test_a_share_is_that_part_of_tickets(share: Fraction) -> None:
    """Of many tickets about the asked share is sampled, always the same ones, and another rule has other ones."""
    tickets = [TicketId(number) for number in range(1, 10_001)]
    sampled = {ticket for ticket in tickets if is_sampled(Rule("r", "w", share=share), ticket)}
    assert abs(len(sampled) / 10_000 - share) < 0.02
    assert sampled == {ticket for ticket in tickets if is_sampled(Rule("r", "w", share=share), ticket)}
    assert sampled != {ticket for ticket in tickets if is_sampled(Rule("s", "w", share=share), ticket)}


def test_a_growing_share_keeps_its_tickets() -> None:
    """Raising 10% to 20% adds tickets and takes none away."""
    tickets = [TicketId(number) for number in range(1, 2_000)]
    small = {ticket for ticket in tickets if is_sampled(Rule("r", "w", share=Fraction(1, 10)), ticket)}
    large = {ticket for ticket in tickets if is_sampled(Rule("r", "w", share=Fraction(1, 5)), ticket)}
    assert small < large


def test_the_sample_is_the_same_on_every_machine() -> None:
    """The choice depends on rule id and ticket id alone, so these stand for ever."""
    chosen = [
        number
        for number in range(1, 60)
        if is_sampled(Rule("pilot", "w", share=Fraction(1, 10)), TicketId(number))
    ]
    assert chosen == [6, 23, 36, 42, 46, 58]


def test_a_trace_asks_every_condition() -> None:
    """Also after one has failed, each condition tells what it saw; named ones have their parts."""
    asked = rule(
        "all: [status: pending, pair]\nany: [text: {contains: [refund, money back]}, replies: 3]",
        extra="conditions: {pair: {all: [priority: high], any: [type: task, type: none]}}",
    )
    seen = trace(asked, facts(priority="high", subject="Refund: my money back", replies=3))
    assert not seen.matches
    status, pair = seen.all
    assert (status.holds, status.actual) == (False, "open")
    assert pair.holds
    assert [(one.holds, one.actual) for one in (*pair.all, *pair.any)] == [
        (True, "high"),
        (False, "none"),
        (True, "none"),
    ]
    assert [(one.holds, one.actual, one.found) for one in seen.any] == [
        (True, "", ("refund", "money back")),
        (True, 3, ()),
    ]


def test_a_trace_never_holds_the_text_itself() -> None:
    """What was written stays out; only the rule's own words are told."""
    asked = rule("all: [text: {contains: refund}, subject: {is_not: x}, description: present]")
    told = repr(trace(asked, facts(subject="my secret refund", description="very personal")))
    assert "secret" not in told
    assert "personal" not in told
