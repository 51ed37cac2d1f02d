"""Shadow: agreed, differed or nobody acted, by the first group or tier that a person chose after the decision."""

from __future__ import annotations

import pytest

from tests.build import (
    ACCOUNT,
    AGENT,
    BOT,
    ENGINEERING,
    FRONTLINE,
    MARKETING,
    NOW,
    SPECIALISTS,
    WORKER,
    case,
    created,
    event,
    moment,
)
from zdsync.model import Event, FieldValue, TicketId
from zdsync.rules.compile import compile_rules
from zdsync.rules.parse import parse_files
from zdsync.tiers.model import Forecast
from zdsync.tiers.shadow import Comparison, Result, by_rule, compare, group_by_ticket

_PARSED, _ = parse_files(
    [
        (
            "rules.yaml",
            """
version: 1
tiers:
  1: {name: Frontline, group: Frontline}
  2: {name: Specialists, group: Specialists}
  3: {name: Experts, group: Engineering}
assign:
  - {id: everything-else, why: Frontline takes all, then: {tier: 1}}
""",
        )
    ]
)
assert _PARSED is not None
RULES = compile_rules(_PARSED, ACCOUNT, tag_prefix="tier_", today=NOW.date())


def forecast(tier: str = "2", at: float = -40, rule: str = "r", written: float | None = None) -> Forecast:
    return Forecast(TicketId(1), moment(at), rule, tier, None if written is None else moment(written))


def compared(*events: Event, forecasts: tuple[Forecast, ...] = (forecast(),)) -> Comparison | None:
    return compare(forecasts, case(created(), *events), RULES, ACCOUNT)


def outcome(*events: Event, forecasts: tuple[Forecast, ...] = (forecast(),)) -> tuple[Result, str]:
    found = compared(*events, forecasts=forecasts)
    assert found is not None
    return found.result, found.chosen


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("group_id", SPECIALISTS), (Result.AGREED, "tier 2")),
        (("group_id", ENGINEERING), (Result.DIFFERED, "tier 3")),
        (("group_id", MARKETING), (Result.DIFFERED, "group Marketing")),
        (("tags", ("vip", "tier_2"), ()), (Result.AGREED, "tier 2")),
        (("tags", ("tier_1",), ()), (Result.DIFFERED, "tier 1")),
        (("tags", ("vip",), ("tier_1",)), (Result.NOBODY, "")),
        (("group_id", None), (Result.NOBODY, "")),
        (("priority", "high"), (Result.NOBODY, "")),
    ],
)
def test_a_choice_is_a_group_or_a_tier_tag(
    change: tuple[str, FieldValue], expected: tuple[Result, str]
) -> None:
    """What a person sets after the decision tells the tier; other fields tell nothing."""
    assert outcome(event(AGENT, change, at=-30)) == expected


def test_the_tag_counts_when_both_are_set() -> None:
    """A tier tag says the tier more plainly than a group."""
    both = event(AGENT, ("group_id", FRONTLINE), ("tags", ("tier_2",), ()), at=-30)
    assert outcome(both) == (Result.AGREED, "tier 2")


def test_the_first_choice_counts() -> None:
    """Where a ticket went later is another story."""
    first = event(AGENT, ("group_id", FRONTLINE), at=-30)
    later = event(AGENT, ("group_id", SPECIALISTS), at=-20)
    assert outcome(first, later) == (Result.DIFFERED, "tier 1")


def test_only_people_choose() -> None:
    """Bots, triggers, and zdsync itself under a real user's name do not."""
    others = (
        event(BOT, ("group_id", SPECIALISTS), at=-30),
        event(AGENT, ("group_id", SPECIALISTS), at=-29, rel="trigger"),
        event(WORKER, ("group_id", SPECIALISTS), at=-28, key="k"),
    )
    assert outcome(*others) == (Result.NOBODY, "")


def test_what_the_decision_knew_is_no_answer_to_it() -> None:
    """Choices before the decision do not count, but those of the last two minutes, which it could not know, do."""
    assert outcome(event(AGENT, ("group_id", SPECIALISTS), at=-43)) == (Result.NOBODY, "")
    assert outcome(event(AGENT, ("group_id", SPECIALISTS), at=-41)) == (Result.AGREED, "tier 2")


def test_the_decision_that_stood_is_compared() -> None:
    """Rules may change their mind before a person acts; what they thought afterwards was no forecast."""
    mind = (forecast("1", -45, "a"), forecast("2", -40, "b"), forecast("3", -20, "c"))
    found = compared(event(AGENT, ("group_id", SPECIALISTS), at=-30), forecasts=mind)
    assert found is not None
    assert (found.forecast.rule, found.result) == ("b", Result.AGREED)
    waiting = compared(forecasts=mind)
    assert waiting is not None
    assert waiting.forecast.rule == "c"


def test_what_zdsync_wrote_first_is_not_compared() -> None:
    """Once it acted, people answer to its act; a choice before that still counts."""
    written = (forecast(written=-30),)
    assert compared(forecasts=written) is None
    assert compared(event(AGENT, ("group_id", ENGINEERING), at=-20), forecasts=written) is None
    assert outcome(event(AGENT, ("group_id", ENGINEERING), at=-35), forecasts=written)[0] is Result.DIFFERED


def test_rules_are_counted_by_their_tickets() -> None:
    """The rule with the most tickets leads; the share is of tickets on which people acted."""
    found = [
        Comparison(forecast(rule="a"), Result.NOBODY),
        Comparison(forecast(rule="b"), Result.AGREED, "tier 2"),
        Comparison(forecast(rule="b"), Result.DIFFERED, "tier 3"),
        Comparison(forecast(rule="b"), Result.DIFFERED, "tier 3"),
        Comparison(forecast(rule="b"), Result.DIFFERED, "group Marketing"),
    ]
    b, a = by_rule(found)
    assert (b.rule, b.tickets, b.agreed, b.differed, b.nobody, b.share) == ("b", 4, 1, 3, 0, 0.25)
    assert b.elsewhere == (("tier 3", 2), ("group Marketing", 1))
    assert (a.rule, a.nobody, a.share) == ("a", 1, None)


def test_a_ticket_keeps_all_its_forecasts_in_order() -> None:
    """Oldest first goes in, oldest first comes out, by ticket."""
    other = Forecast(TicketId(2), moment(), "r", "1")
    assert group_by_ticket([forecast("1"), other, forecast("2")]) == {
        TicketId(1): (forecast("1"), forecast("2")),
        TicketId(2): (other,),
    }
