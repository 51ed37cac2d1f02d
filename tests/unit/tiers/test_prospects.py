"""What could move a ticket on: each rule of its tier with its clock, in words that a support agent understands."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.build import AGENT, ENGINEERING, FRONTLINE, NOW, SPECIALISTS, case, created, event, moment
from tests.unit.tiers.build import (
    OFFICE,
    after,
    bound,
    business_days,
    business_hours,
    gate,
    hours,
    move,
    ours,
    placed,
    standing,
    where,
)
from zdsync.calendars import Calendar, Week
from zdsync.facts import derive
from zdsync.model import Case, OwnChange
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.lengths import Clock
from zdsync.rules.model import EXTERNAL, PREVIOUS, MoveRule
from zdsync.tiers.clock_words import (
    destination,
    moment_told,
    prospect_told,
    reading_told,
    spans_told,
    target_told,
)
from zdsync.tiers.due import Moment, Turn
from zdsync.tiers.prospects import Prospect, prospects

LATE = move("late", "1", "2", after=after(Clock.UNANSWERED, hours(12)))


def of(rules: CompiledRules, given: Case) -> tuple[Prospect, ...]:
    return prospects(derive(given, NOW, rules.ladder), rules)


def only(rule: MoveRule, given: Case, calendars: dict[str, Calendar] | None = None) -> Prospect:
    """The prospect of one rule, the only one of its set."""
    (found,) = of(bound(escalate=(rule,), calendars=calendars), given)
    return found


def hindrance(rule: MoveRule, given: Case) -> str:
    """Why the rule cannot move the ticket; it has no clock then."""
    found = only(rule, given)
    assert (found.reading, found.tier) == (None, None)
    assert list(prospect_told(found, NOW)) == [f"It cannot: {found.hindrance}."]
    return found.hindrance


def test_rules_of_the_tier_in_their_order() -> None:
    """Those for other tiers are none; each is asked its conditions, and the gates before its tier what is missing."""
    hot = move("hot", "1", "3", all=where("tags", "hot"))
    rules = bound(
        escalate=(hot, LATE, move("other", "2", "3")),
        deescalate=(move("down", "1", "0"),),
        require=(gate("basics", "2", "Product"),),
    )
    found = of(rules, placed("1", FRONTLINE))
    assert [(one.rule.id, one.trace.matches, len(one.gates)) for one in found] == [
        ("hot", False, 0),
        ("late", True, 1),
        ("down", True, 0),
    ]
    assert list(prospect_told(found[1], NOW))[-1] == ("Before that tier is missing: Product (rule basics).")
    assert of(rules, case(created())) == ()


class TestHindrances:
    def test_before_zdsync_was_there(self) -> None:
        """A ticket that no tier tag was ever on."""
        untagged = case(
            created(("group_id", FRONTLINE)), ticket=replace(standing("1", FRONTLINE), tags=frozenset())
        )
        assert hindrance(LATE, untagged) == "it waits until zdsync has tagged the ticket"

    def test_with_a_vendor(self) -> None:
        """It stays there, but for what an agent asks for."""
        out = ours(("status", "hold", "new"), ("tags", ("with_vendor",), ()), at=-150)
        there = placed("1", FRONTLINE, out, ticket=standing("1", FRONTLINE, "with_vendor", status="hold"))
        assert hindrance(LATE, there) == "the ticket is with a vendor"

    def test_nothing_has_happened(self) -> None:
        """Since zdsync placed it, for a rule that has no clock."""
        back = ours(("tags", ("tier_1",), ("tier_2",)), at=-5)
        quiet = placed("2", SPECIALISTS, back, ticket=standing("1", FRONTLINE))
        assert hindrance(replace(LATE, after=None), quiet) == (
            "nothing has happened to the ticket since it came to its tier"
        )

    def test_a_clock_without_beginning(self) -> None:
        """Answered, assigned, in a transcript, or of an unknown past."""
        answered = placed("1", FRONTLINE, event(AGENT, reply="Yes"))
        assert hindrance(LATE, answered) == "no customer waits for an answer"
        assigned = placed(
            "1",
            FRONTLINE,
            event(AGENT, ("assignee_id", AGENT)),
            ticket=standing("1", FRONTLINE, assignee_id=AGENT),
        )
        rule = replace(LATE, after=after(Clock.UNASSIGNED, hours(1)))
        assert hindrance(rule, assigned) == "somebody is assigned"
        chat = placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, channel="chat"))
        assert hindrance(LATE, chat) == "the replies stand in a chat's transcript, which is not read"
        assert hindrance(LATE, placed("1", FRONTLINE, has_whole_history=False)) == (
            "the ticket's history is not whole, so no clock runs"
        )

    def test_nowhere_to_go(self) -> None:
        """No lower tier to go back to, and no vendor for what a person fetched back."""
        back = replace(LATE, to=PREVIOUS)
        assert hindrance(back, placed("1", FRONTLINE)) == "the ticket came from no lower tier"
        vendor = replace(LATE, to=EXTERNAL)
        own = {"run-2:1": OwnChange("escalated", "late", "")}
        fetched = (
            ours(("status", "hold", "new"), at=-90),
            event(AGENT, ("status", "open", "hold"), at=-60),
        )
        assert hindrance(vendor, placed("1", FRONTLINE, *fetched, own=own)) == (
            "a person has fetched the ticket back from the vendor"
        )


class TestWords:
    def test_where_it_leads(self) -> None:
        """A tier, a vendor, back; of a rule that cannot act what it is for."""
        assert destination(only(LATE, placed("1", FRONTLINE))) == "tier 2"
        assert destination(only(replace(LATE, to=EXTERNAL), placed("1", FRONTLINE))) == "a vendor"
        answered = placed("1", FRONTLINE, event(AGENT, reply="Yes"))
        assert destination(only(LATE, answered)) == "tier 2"
        assert destination(only(replace(LATE, to=PREVIOUS), answered)) == "the tier before"

    def test_a_clock_that_runs(self) -> None:
        """What it counts, how long, since when, and what is left."""
        found = only(LATE, placed("1", FRONTLINE, at=-600))
        assert list(prospect_told(found, NOW)) == [
            (
                "The customer has waited for an answer for 10 h since 2026-11-20 02:00 UTC, of 12 hours; "
                "2 h to go, due 2026-11-20 14:00 UTC."
            ),
            "Counted: 11-20 02:00 to 11-20 12:00.",
        ]

    def test_open_time(self) -> None:
        """In the hours of the tier, the spans that were counted told."""
        rule = replace(LATE, after=after(Clock.IN_TIER, business_hours(20)))
        found = only(rule, placed("1", FRONTLINE, at=-1440), calendars={"1": OFFICE})
        assert found.reading is not None
        assert reading_told(found.reading, NOW) == (
            "it has been in the tier for 8 h 30 min of open time (uk) since 2026-11-19 12:00 UTC, of 20 business hours; "
            "11 h 30 min to go, due 2026-11-23 15:00 UTC"
        )
        assert spans_told(found.reading, NOW) == "11-19 12:00 to 11-19 17:30, 11-20 09:00 to 11-20 12:00"
        old = only(
            replace(LATE, after=after(Clock.IN_TIER, business_days(20))),
            placed("1", FRONTLINE, at=-20 * 1440),
            calendars={"1": OFFICE},
        )
        assert old.reading is not None
        assert spans_told(old.reading, NOW).startswith("10 earlier ones, 11-16 09:00 to 11-16 17:30, ")

    def test_a_clock_that_is_over_or_stands_still(self) -> None:
        """When it came; or that nobody knows when it will."""
        reading = only(LATE, placed("1", FRONTLINE, at=-800)).reading
        assert reading is not None
        assert reading_told(reading, NOW).endswith("12 hours were over 2026-11-20 10:40 UTC")
        pending = event(AGENT, ("status", "pending", "new"), at=-540)
        reading = only(
            LATE, placed("1", FRONTLINE, pending, ticket=standing("1", FRONTLINE, status="pending"))
        ).reading
        assert reading is not None
        assert reading_told(reading, NOW).endswith("the clock stands still until the ticket is open")
        rule = replace(LATE, after=after(Clock.UNANSWERED, business_hours(1)))
        shut = only(rule, placed("1", FRONTLINE), calendars={"1": Calendar("shut", (Week("UTC", ()),))})
        assert shut.reading is not None
        assert reading_told(shut.reading, NOW).endswith("its hours do not open again")
        assert spans_told(shut.reading, NOW) == "none yet"

    @pytest.mark.parametrize("turn", list(Turn))
    def test_every_moment_has_a_reason(self, turn: Turn) -> None:
        """When, and why, whose clock it is."""
        told = moment_told(Moment(moment(5), turn, LATE))
        assert told.startswith("2026-11-20 12:05 UTC, when ")
        assert ("of late" in told) == (turn in {Turn.CLOCK, Turn.WARNING})
        assert "of late" not in moment_told(Moment(moment(5), turn))


def test_targets_in_words() -> None:
    """Kept, due, standing still, missed, and missed for good."""
    from tests.unit.tiers.test_promises import REPLY, SOLVE, STAY, ruled, targets, within

    rules = ruled(within(REPLY, hours(2)), within(STAY, hours(20)), within(SOLVE, hours(1)))
    answered = event(AGENT, reply="Yes", at=-590)
    told = [target_told(one) for one in targets(rules, placed("1", FRONTLINE, answered))]
    assert told == [
        "first reply within 2 hours (tier 1): kept, done 2026-11-20 02:10 UTC",
        "in tier within 20 hours (tier 1): due 2026-11-20 22:00 UTC",
        "solve within 1 hour (tier 1): missed 2026-11-20 03:00 UTC, still to be done",
    ]
    solved = event(AGENT, ("status", "solved", "new"), at=-10)
    done = placed("1", FRONTLINE, solved, ticket=standing("1", FRONTLINE, status="solved"))
    assert target_told(targets(rules, done)[-1]) == (
        "solve within 1 hour (tier 1): missed 2026-11-20 03:00 UTC"
    )
    pending = event(AGENT, ("status", "pending", "new"), at=-10)
    still = placed("1", FRONTLINE, pending, ticket=standing("1", FRONTLINE, status="pending"))
    assert target_told(targets(rules, still)[1]) == "in tier within 20 hours (tier 1): stands still"


def test_a_warning_is_a_moment_of_its_rule() -> None:
    """What comes next is told with the rule whose it is."""
    from zdsync.tiers.due import outlook

    rules = bound(escalate=(replace(LATE, warn_at=Fraction(3, 4)),))
    ahead = outlook(derive(placed("1", FRONTLINE, at=-500), NOW, rules.ladder), rules)
    assert ahead.next is not None
    assert moment_told(ahead.next) == "2026-11-20 12:40 UTC, when the clock of late is close"
    moved = event(AGENT, ("group_id", ENGINEERING, SPECIALISTS), at=-60)
    there = placed("2", SPECIALISTS, moved, ticket=standing("3", ENGINEERING))
    ahead = outlook(derive(there, NOW, rules.ladder), rules)
    assert ahead.next is not None
    assert ahead.next.turn is Turn.RESPECT
