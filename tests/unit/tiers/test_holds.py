"""Why rules leave a ticket alone for now: holds, the respect for a person's move, and the move limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.build import (
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
    ticket,
)
from tests.unit.tiers.build import (
    OFFICE,
    PRODUCT,
    after,
    bound,
    business_hours,
    gate,
    hours,
    judge,
    move,
    ours,
    placed,
    standing,
    stirred,
)
from zdsync.facts import derive
from zdsync.model import Case, Event, Hold, HoldReason, OwnChange, RunId, TicketId
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.lengths import Clock, Length, Unit
from zdsync.rules.model import Action, MoveLimit, Rule
from zdsync.tiers.holds import Wait, hold_in_force, move_limit, respect, told
from zdsync.tiers.model import Verdict

UP = move("up", "12", "3")
DOWN = move("down", "3", "1", after=after(Clock.IN_TIER, hours(1)))
BY_HAND = Hold(TicketId(1), HoldReason.MANUAL, moment(-60))
BY_UNDO = Hold(TicketId(1), HoldReason.UNDO, moment(-60), run_id=RunId("run-7"))


def waits(rules: CompiledRules, given: Case, now: datetime = NOW) -> tuple[Wait | None, Wait | None]:
    """The respect and the limit that bind."""
    facts = derive(given, now, rules.ladder)
    return respect(facts, rules), move_limit(facts, rules)


class TestHolds:
    def test_which_binds(self) -> None:
        """An undo's before one by hand; one that is over, or of other rules, binds no more."""
        rules = bound()

        def binding(*holds: Hold) -> Hold | None:
            return hold_in_force(derive(placed("1", FRONTLINE, holds=holds), NOW, rules.ladder), rules)

        assert binding() is None
        assert binding(BY_HAND, BY_UNDO) == BY_UNDO
        assert binding(replace(BY_HAND, until=NOW)) is None
        assert binding(replace(BY_UNDO, rules_digest="other"), BY_HAND) == BY_HAND

    def test_it_tells_its_end(self) -> None:
        """Until a moment or a release, and of an undo until the rules change."""
        assert told(BY_HAND) == Wait("held by hand; left alone until a release", None)
        until = replace(BY_UNDO, rules_digest="d", until=moment(60))
        assert told(until) == Wait(
            "undone by run run-7; left alone until the rules change or 2026-11-20 13:00 UTC", moment(60)
        )

    def test_no_move_while_held(self) -> None:
        """And its labels are left alone as well."""
        label = Rule("label", "Label", then=Action(add_tags=("hot",)))
        rules = bound(escalate=(UP,), annotate=(label,), own_tags=("hot",))
        decision, change = judge(rules, placed("1", FRONTLINE, holds=(BY_HAND,)))
        assert (decision.verdict, change) == (Verdict.HELD, None)

    def test_an_agents_explicit_request_passes_a_leads_hold(self) -> None:
        """`even_if_held`, but no hold of an undo, which keeps what it restored."""
        rules = bound(escalate=(UP, replace(UP, id="asked", even_if_held=True)))
        decision, _ = judge(rules, placed("1", FRONTLINE, holds=(BY_HAND,)))
        assert (decision.verdict, decision.rule_id) == (Verdict.ESCALATED, "asked")
        decision, _ = judge(rules, placed("1", FRONTLINE, holds=(BY_UNDO, BY_HAND)))
        assert decision.verdict is Verdict.HELD


class TestRespect:
    MOVED = event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=-60)

    def moved(self, *later: Event, by: Event = MOVED, **given: Any) -> Case:
        """A ticket of tier 1 that a person moved to tier 2 an hour ago; the tag has followed."""
        followed = ours(("tags", ("tier_2",), ("tier_1",)), at=-59)
        own = {"run-2:1": OwnChange("followed", "", "")}
        there = standing("2", SPECIALISTS)
        return placed("1", FRONTLINE, by, followed, stirred(-58), *later, ticket=there, own=own, **given)

    def test_nobody_moves_it_on(self) -> None:
        """24 business hours of the tier moved to, unless the rules say otherwise; the plan tells why."""
        rules = bound(escalate=(UP,), calendars={"1": OFFICE, "2": OFFICE})
        decision, change = judge(rules, self.moved())
        assert (decision.verdict, change) == (Verdict.RESPECTED, None)
        told_until = "a person moved it from tier 1 to tier 2; left to them until 2026-11-25 09:30 UTC"
        assert decision.reason == told_until
        just_before = datetime(2026, 11, 25, 9, 29, 59, tzinfo=NOW.tzinfo)
        assert judge(rules, self.moved(), just_before)[0].verdict is Verdict.RESPECTED
        after_it = just_before + timedelta(seconds=1)
        assert judge(rules, self.moved(), after_it)[0].verdict is Verdict.ESCALATED

    def test_the_calendar_of_the_tier_moved_to(self) -> None:
        """A tier without one counts round the clock."""
        rules = bound(escalate=(UP,), calendars={"1": OFFICE}, manual_override=business_hours(2))
        assert waits(rules, self.moved()) == (
            Wait(
                "a person moved it from tier 1 to tier 2; left to them until 2026-11-20 13:00 UTC", moment(60)
            ),
            None,
        )

    def test_a_first_placing_is_no_move(self) -> None:
        """Whoever makes it: nothing is to be respected."""
        rules = bound(escalate=(UP,))
        first = case(
            created(("status", "new")),
            event(AGENT, ("group_id", SPECIALISTS), at=-50),
            ours(("tags", ("tier_2",), ()), at=-40),
            stirred(-30),
            ticket=standing("2", SPECIALISTS),
        )
        assert waits(rules, first) == (None, None)
        assert judge(rules, first)[0].verdict is Verdict.ESCALATED

    @pytest.mark.parametrize(
        "by",
        [
            event(BOT, ("group_id", SPECIALISTS, FRONTLINE), at=-60),
            event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), rel="trigger", at=-60),
            event(WORKER, ("group_id", SPECIALISTS, FRONTLINE), key="run-9:1", at=-60),
        ],
    )
    def test_only_a_persons_move(self, by: Event) -> None:
        """Bots, triggers and zdsync are no persons."""
        assert waits(bound(), self.moved(by=by))[0] is None

    def test_the_latest_move_counts(self) -> None:
        """A trigger that moves it on ends the respect; so does leaving every tier."""
        on = event(None, ("group_id", ENGINEERING, SPECIALISTS), rel="trigger", at=-30)
        assert waits(bound(), self.moved(on))[0] is None
        gone = event(AGENT, ("tags", (), ("tier_2",)), ("group_id", MARKETING), at=-30)
        assert waits(bound(), self.moved(gone))[0] is None

    def test_an_agents_explicit_request_passes(self) -> None:
        """`even_if_held`; what it asks for is still gated."""
        asked = replace(UP, even_if_held=True)
        assert judge(bound(escalate=(asked,)), self.moved())[0].verdict is Verdict.ESCALATED
        rules = bound(escalate=(asked,), require=(gate("basics", "3", "Product"),))
        assert judge(rules, self.moved())[0].verdict is Verdict.GATED

    def test_following_comes_first(self) -> None:
        """Tag and group are brought together at once, respect or not."""
        fresh = replace(self.moved(), ticket=ticket(group_id=SPECIALISTS, tags={"tier_1"}))
        fresh = replace(fresh, events=fresh.events[:4])
        decision, change = judge(bound(escalate=(UP,)), fresh)
        assert decision.verdict is Verdict.FOLLOWED
        assert change is not None
        assert change.note is None


class TestMoveLimit:
    LIMIT = MoveLimit(3, Length(7, Unit.DAYS), add_tags=("stuck",), notify="leads")

    def bounced(self, *minutes: float, tags: tuple[str, ...] = (), **given: Any) -> Case:
        """Moved between tiers 1 and 3 at these times, by a trigger and a person in turn; in tier 1 or 3, and stirred, now."""
        steps, there = [], False
        for number, at in enumerate(minutes):
            there = not there
            group, tag, old = (ENGINEERING, "tier_3", "tier_1") if there else (FRONTLINE, "tier_1", "tier_3")
            rel = "trigger" if number % 2 else None
            steps.append(event(AGENT, ("group_id", group), ("tags", (tag,), (old,)), rel=rel, at=at))
        now = standing("3", ENGINEERING, *tags) if there else standing("1", FRONTLINE, *tags)
        return placed("1", FRONTLINE, *steps, stirred(-50), at=-20000, ticket=now, **given)

    RULES = bound(
        escalate=(UP,),
        deescalate=(replace(DOWN, after=None),),
        move_limit=LIMIT,
        manual_override=hours(1),
        own_tags=("stuck",),
    )

    def test_the_fourth_move_is_refused_tagged_and_told(self) -> None:
        """Whoever made the three before; it stays where it is."""
        decision, change = judge(self.RULES, self.bounced(-300, -200, -100))
        assert decision.verdict is Verdict.LIMITED
        assert decision.reason == (
            "moved 3 times within 7 days, more than 3 are not made; no further move until 2026-11-27 07:00 UTC"
        )
        assert decision.notify == ("leads",)
        assert change is not None
        assert (change.kind, change.add_tags, change.group, change.note) == (
            "labelled",
            ("stuck",),
            None,
            None,
        )

    def test_the_third_is_made(self) -> None:
        """Two before it are within the limit."""
        assert judge(self.RULES, self.bounced(-300, -200))[0].verdict is Verdict.ESCALATED

    def test_it_ends_when_the_oldest_is_out_of_the_time(self) -> None:
        """At that very moment the move is made."""
        given = self.bounced(-300, -200, -100)
        until = moment(-300) + timedelta(days=7)
        assert waits(self.RULES, given)[1] == Wait(
            "moved 3 times within 7 days, more than 3 are not made; no further move until 2026-11-27 07:00 UTC",
            until,
        )
        assert judge(self.RULES, given, until - timedelta(seconds=1))[0].verdict is Verdict.LIMITED
        assert judge(self.RULES, given, until)[0].verdict is Verdict.DEESCALATED

    def test_of_many_the_latest_count(self) -> None:
        """Five moves by others: only when three of them are out of the time there is room for one."""
        wait = waits(self.RULES, self.bounced(-500, -400, -300, -200, -100))[1]
        assert wait is not None
        assert wait.until == moment(-300) + timedelta(days=7)

    def test_once(self) -> None:
        """A limit of one speaks of one time."""
        rules = replace(self.RULES, rules=replace(self.RULES.rules, move_limit=MoveLimit(1, hours(10))))
        wait = waits(rules, self.bounced(-300))[1]
        assert wait is not None
        assert wait.reason.startswith("moved 1 time within 10 hours, more than 1 are not made")
        assert judge(rules, self.bounced(-300))[0].notify == ()

    def test_a_person_is_never_refused(self) -> None:
        """Their fourth move is followed."""
        given = self.bounced(-400, -300, -200)
        by_hand = replace(event(AGENT, ("group_id", FRONTLINE, ENGINEERING), at=-10), id=99)
        given = replace(
            given, events=(*given.events, by_hand), ticket=ticket(group_id=FRONTLINE, tags={"tier_3"})
        )
        assert judge(self.RULES, given)[0].verdict is Verdict.FOLLOWED

    def test_a_tag_that_a_person_took_away_stays_away(self) -> None:
        """The limit is told in the plan all the same."""
        taken = replace(event(AGENT, ("tags", (), ("stuck",)), at=-10), id=99)
        given = self.bounced(-300, -200, -100)
        decision, change = judge(self.RULES, replace(given, events=(*given.events, taken)))
        assert (decision.verdict, change) == (Verdict.LIMITED, None)

    def test_it_asks_before_the_gate(self) -> None:
        """A move that is not made anyway needs nothing filled in."""
        rules = bound(
            deescalate=(replace(DOWN, after=None),), move_limit=self.LIMIT, manual_override=hours(1),
            require=(gate("basics", "1", "Product"),),
        )  # fmt: skip
        assert judge(rules, self.bounced(-300, -200, -100))[0].verdict is Verdict.LIMITED
        given = self.bounced(-300)
        given = replace(given, ticket=replace(given.ticket, custom_fields={PRODUCT: ""}))
        assert judge(rules, given)[0].verdict is Verdict.GATED

    def test_assign_is_limited_too(self) -> None:
        """A ticket that triggers move about is not moved a fourth time by a changed rule; a first placing is free."""
        rules = bound(move_limit=self.LIMIT)
        back_and_forth = tuple(
            event(None, ("group_id", group), ("tags", (tag,), (old,)), rel="trigger", at=at)
            for group, tag, old, at in (
                (ENGINEERING, "tier_3", "tier_1", -50),
                (FRONTLINE, "tier_1", "tier_3", -40),
                (ENGINEERING, "tier_3", "tier_1", -30),
            )
        )
        given = placed("1", FRONTLINE, *back_and_forth, ticket=standing("3", ENGINEERING))
        assert judge(rules, given)[0].verdict is Verdict.LIMITED
        assert judge(rules, case())[0].verdict is Verdict.ASSIGNED

    def test_a_vendor_is_no_move(self) -> None:
        """Neither counted nor refused."""
        rules = bound(
            escalate=(move("vendor", "3", "external"),), move_limit=self.LIMIT, manual_override=hours(1)
        )
        assert judge(rules, self.bounced(-300, -200, -100))[0].verdict is Verdict.ESCALATED

    def test_no_limit_no_wait(self) -> None:
        """Without `move_limit` nothing is counted."""
        assert waits(bound(), self.bounced(-300, -200, -100))[1] is None
