"""Rest: one update does all that is due, and nothing that it writes is a reason for the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from tests.build import (
    AGENT,
    CUSTOMER,
    ENGINEERING,
    FRONTLINE,
    MARKETING,
    NOW,
    SPECIALISTS,
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
    business_days,
    business_hours,
    gate,
    hours,
    judge,
    move,
    ours,
    placed,
    standing,
    stirred,
    where,
    written,
)
from zdsync.calendars import Calendar, Week
from zdsync.facts import derive
from zdsync.model import Case, Event, OwnChange
from zdsync.plan.model import FieldDiff, TicketChange
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.lengths import Clock, Length, Unit
from zdsync.rules.model import Action, Condition, MoveLimit, MoveRule, Operator, Rule
from zdsync.tiers.clocks import after_length
from zdsync.tiers.model import Decision, Verdict
from zdsync.tiers.moves import reminders
from zdsync.tiers.sight import standing as as_it_stands

LATE = move("late", "2", "3", after=after(Clock.IN_TIER, hours(1)))
VENDOR = move(
    "vendor",
    "2",
    "external",
    all=where("tags", "rma"),
    then=Action(remove_tags=("rma",)),
    remind_after=hours(2),
)
BRIEF = hours(1)
MOVED = event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=-300)
"""A person moved the ticket to tier 2 five hours ago, and the worker has slept since."""


def done(rules: CompiledRules, given: Case) -> tuple[Decision, TicketChange]:
    """The decision and its change, after which nothing is left to do."""
    decision, change = judge(rules, given)
    assert change is not None
    again, rest = judge(rules, written(given, change))
    assert rest is None, (again, rest)
    return decision, change


def moved(
    *later: Event, tags: tuple[str, ...] = (), at: float = -600, status: str = "open", **given: object
) -> Case:
    """A ticket whose tag says tier 1, and which a person has moved to the group of tier 2."""
    there = standing("1", SPECIALISTS, *tags, status=status)
    return placed("1", FRONTLINE, MOVED, *later, at=at, ticket=there, **given)  # type: ignore[arg-type]


class TestInOrder:
    """A ticket that is brought in order is moved on, or kept back, in the same update."""

    def test_a_clock_that_came_while_the_worker_slept(self) -> None:
        """The tag of the tier that the person chose is never set: the ticket goes on from there."""
        rules = bound(escalate=(LATE,), manual_override=BRIEF)
        decision, change = done(rules, moved())
        assert (decision.verdict, decision.rule_id, change.kind) == (Verdict.ESCALATED, "late", "escalated")
        assert (change.add_tags, change.remove_tags) == (("tier_3",), ("tier_1",))
        assert change.group is not None
        assert change.group.id == ENGINEERING
        assert "reached 2026-11-20 08:00 UTC" in change.clock

    def test_to_a_vendor(self) -> None:
        """The ticket stays in the tier that the person chose."""
        rules = bound(escalate=(VENDOR,), manual_override=BRIEF, own_tags=("rma",))
        asked = event(AGENT, ("tags", ("rma",), ()), at=-290)
        decision, change = done(rules, moved(asked, tags=("rma",)))
        assert (decision.verdict, change.tier, change.group) == (Verdict.ESCALATED, "2", None)
        assert (change.add_tags, change.remove_tags) == (("tier_2", "with_vendor"), ("rma", "tier_1"))
        assert change.fields == (FieldDiff("status", "open", "hold"),)

    def test_before_a_gate(self) -> None:
        """It waits in the tier that the person chose."""
        rules = bound(
            escalate=(LATE,),
            manual_override=BRIEF,
            require=(gate("basics", "3", "Product", missing_tags=("needs_info",)),),
        )
        decision, change = done(rules, moved())
        assert (decision.verdict, change.kind, change.group) == (Verdict.GATED, "gated", None)
        assert (change.add_tags, change.remove_tags) == (("needs_info", "tier_2"), ("tier_1",))

    def test_at_the_move_limit(self) -> None:
        """Marked there."""
        limit = MoveLimit(1, Length(7, Unit.DAYS), add_tags=("stuck",))
        rules = bound(escalate=(LATE,), manual_override=BRIEF, move_limit=limit, own_tags=("stuck",))
        decision, change = done(rules, moved())
        assert (decision.verdict, change.add_tags) == (Verdict.LIMITED, ("stuck", "tier_2"))

    def test_with_a_reminder(self) -> None:
        """A ticket that is with a vendor when a person moves it; the reminder counts from there."""
        sent = ours(("status", "hold", "open"), ("tags", ("with_vendor",), ()), at=-500, key="run-2:1")
        rules = bound(escalate=(replace(VENDOR, origins=("1", "2")),), manual_override=BRIEF)
        there = standing("1", SPECIALISTS, "with_vendor", status="hold")
        own = {"run-2:1": OwnChange("escalated", "vendor", "")}
        decision, change = done(rules, placed("1", FRONTLINE, sent, MOVED, ticket=there, own=own))
        assert (decision.verdict, change.add_tags) == (Verdict.REMINDED, ("tier_2",))
        assert "since 2026-11-20 07:00 UTC, to be reminded 2026-11-20 11:00 UTC" in str(change.note)

    def test_the_group_follows_the_tag_meanwhile(self) -> None:
        """A person chose the tier by its tag: a ticket that is kept back goes to its group all the same."""
        chosen = event(AGENT, ("tags", ("tier_2",), ("tier_1",)), at=-300)
        rules = bound(escalate=(LATE,), manual_override=BRIEF, require=(gate("basics", "3", "Product"),))
        decision, change = done(rules, placed("1", FRONTLINE, chosen, ticket=standing("2", FRONTLINE)))
        assert decision.verdict is Verdict.GATED
        assert change.group is not None
        assert change.group.id == SPECIALISTS
        onward = bound(escalate=(replace(LATE, to="1", id="back"),), manual_override=BRIEF)
        decision, change = done(onward, placed("1", FRONTLINE, chosen, ticket=standing("2", FRONTLINE)))
        assert (decision.rule_id, change.group) == ("back", None)

    def test_a_repair_is_told_as_one(self) -> None:
        """So that it is made once, also where the ticket is kept back: the second time it is left alone."""
        trigger = event(None, ("group_id", SPECIALISTS, FRONTLINE), rel="trigger", at=-300)
        again = event(None, ("group_id", ENGINEERING, SPECIALISTS), rel="trigger", at=1)
        limit = MoveLimit(1, Length(7, Unit.DAYS), add_tags=("stuck",), notify="leads")
        for given in (
            {"require": (gate("basics", "3", "Product", missing_tags=("needs_info",)),)},
            {"move_limit": limit},
        ):
            rules = bound(escalate=(LATE,), own_tags=("stuck",), **given)
            told = event(AGENT, reply="Hi", at=-400)
            there = placed("1", FRONTLINE, told, trigger, ticket=standing("1", SPECIALISTS))
            decision, change = done(rules, there)
            assert (decision.verdict, change.kind, decision.notify) == (Verdict.REPAIRED, "repaired", ())
            assert decision.reason.startswith("it was moved to a group of tier 2; the tag follows; ")
            mended = written(there, change)
            torn = replace(
                mended,
                events=(*mended.events, replace(again, id=99)),
                ticket=replace(mended.ticket, group_id=ENGINEERING),
                events_until=moment(5),
            )
            assert judge(rules, torn, moment(2))[0].verdict is Verdict.HELD

    def test_a_repair_to_another_tier_begins_there_anew(self) -> None:
        """A trigger's tag alone makes no tier; when it is taken away the clocks of the group's tier begin."""
        told = event(AGENT, reply="Hi", at=-400)
        trigger = event(None, ("tags", ("tier_2",), ("tier_1",)), rel="trigger", at=-300)
        rules = bound(escalate=(LATE, move("low", "1", "2", after=after(Clock.SINCE_CREATED, hours(1)))))
        decision, change = done(rules, placed("1", FRONTLINE, told, trigger, ticket=standing("2", FRONTLINE)))
        assert (decision.verdict, change.add_tags, change.group) == (Verdict.REPAIRED, ("tier_1",), None)

    def test_the_first_adoption_is_adoption_alone(self) -> None:
        """Whatever was asked for and however late it is: on day one nothing but the tag."""
        asked = move("asked", "2", "3", all=where("tags", "ask"))
        rules = bound(escalate=(LATE, asked), manual_override=BRIEF)
        history = created(("group_id", SPECIALISTS), at=-9000), event(AGENT, reply="Hi", at=-8000)
        given = case(*history, ticket=standing("2", SPECIALISTS, "ask"))
        given = replace(given, ticket=replace(given.ticket, tags=frozenset({"ask"})))
        decision, change = done(rules, given)
        assert (decision.verdict, change.kind, change.add_tags) == (Verdict.ADOPTED, "adopted", ("tier_2",))
        assert (change.group, change.note, change.fields) == (None, None, ())

    def test_a_vendors_turn_of_a_ticket_in_nobodys_hand(self) -> None:
        """From then on its tag and group are kept together, so they are brought together at once."""
        trigger = event(
            None, ("group_id", SPECIALISTS, FRONTLINE), ("tags", ("rma",), ()), rel="trigger", at=-30
        )
        rules = bound(escalate=(VENDOR,), own_tags=("rma",))
        decision, change = done(
            rules, placed("1", FRONTLINE, trigger, ticket=standing("1", SPECIALISTS, "rma"))
        )
        assert (decision.verdict, change.add_tags) == (Verdict.ESCALATED, ("tier_2", "with_vendor"))
        away = event(
            None, ("group_id", MARKETING, SPECIALISTS), ("tags", ("rma",), ()), rel="trigger", at=-30
        )
        _, change = done(rules, placed("2", SPECIALISTS, away, ticket=standing("2", MARKETING, "rma")))
        assert change.add_tags == ("with_vendor",)


class TestRequests:
    """A tag set in the very update in which a person moves the ticket is not lost."""

    ASKED = event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), ("tags", ("ask",), ()), at=-30)
    RULE = move("asked", "2", "3", all=where("tags", "ask"), then=Action(remove_tags=("ask",)))

    def asked(self) -> Case:
        return placed("1", FRONTLINE, self.ASKED, ticket=standing("1", SPECIALISTS, "ask"))

    def test_an_explicit_one_is_met_at_once(self) -> None:
        """With `even_if_held`, in the update that follows the person."""
        rules = bound(escalate=(replace(self.RULE, even_if_held=True),), own_tags=("ask",))
        decision, change = done(rules, self.asked())
        assert (decision.rule_id, change.add_tags, change.remove_tags) == (
            "asked",
            ("tier_3",),
            ("ask", "tier_1"),
        )

    def test_another_waits_for_the_respect_to_end(self) -> None:
        """The tag follows the group, and the request stands."""
        rules = bound(escalate=(self.RULE,), own_tags=("ask",), manual_override=hours(2))
        decision, change = done(rules, self.asked())
        assert (decision.verdict, change.add_tags) == (Verdict.FOLLOWED, ("tier_2",))
        later = replace(written(self.asked(), change), events_until=moment(500))
        assert judge(rules, later, moment(89))[0].verdict is Verdict.RESPECTED
        assert judge(rules, later, moment(90))[0].rule_id == "asked"

    def test_one_that_waits_for_the_move_limit_stands_too(self) -> None:
        """It is met when there is room for a move again."""
        limit = MoveLimit(1, hours(4))
        rules = bound(escalate=(self.RULE,), own_tags=("ask",), manual_override=BRIEF, move_limit=limit)
        early = replace(self.ASKED, created_at=moment(-120))
        given = placed("1", FRONTLINE, early, ticket=standing("1", SPECIALISTS, "ask"))
        decision, change = done(rules, given)
        assert (decision.verdict, change.add_tags) == (Verdict.LIMITED, ("tier_2",))
        later = replace(written(given, change), events_until=moment(500))
        assert judge(rules, later, moment(121))[0].rule_id == "asked"

    def test_one_that_was_there_before_the_move_is_none(self) -> None:
        """Who moves a ticket back has seen the tag that is still there; only what is done later wakes it."""
        rules = bound(escalate=(replace(self.RULE, even_if_held=True),), own_tags=("ask",))
        bare = event(
            AGENT, ("group_id", SPECIALISTS, FRONTLINE), ("status", "open", "new"), reply="Mine", at=-30
        )
        given = placed("1", FRONTLINE, bare, ticket=standing("1", SPECIALISTS, "ask"))
        decision, change = done(rules, given)
        assert (decision.verdict, change.add_tags) == (Verdict.FOLLOWED, ("tier_2",))
        later = written(given, change, at=-20)
        answered = replace(later, events=(*later.events, event(CUSTOMER, reply="Well?", id=99, at=-10)))
        assert judge(rules, answered)[0].rule_id == "asked"
        retagged = event(AGENT, ("tags", ("tier_2",), ("tier_1",)), at=-30)
        decision, _ = done(rules, placed("1", FRONTLINE, retagged, ticket=standing("2", FRONTLINE, "ask")))
        assert decision.verdict is Verdict.FOLLOWED


class TestOwnMarks:
    """What we write ourselves is no reason for a move until something else has happened, or a clock comes later."""

    LABEL = Rule("label", "Label", all=where("priority", "high"), then=Action(add_tags=("hot",)))

    def test_a_label(self) -> None:
        """A rule without a clock sees it after the next thing that anybody does."""
        rules = bound(
            escalate=(move("up", "1", "2", all=where("tags", "hot")),),
            annotate=(self.LABEL,),
            own_tags=("hot",),
        )
        given = placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, priority="high"))
        _, change = done(rules, given)
        assert (change.kind, change.add_tags) == ("labelled", ("hot",))
        labelled = written(given, change, at=-20)
        assert judge(rules, labelled)[1] is None
        answered = replace(labelled, events=(*labelled.events, event(CUSTOMER, reply="Well?", id=99, at=-10)))
        assert judge(rules, answered)[0].rule_id == "up"

    def test_a_clock_that_comes_later_sees_it(self) -> None:
        """One that had come before does not."""
        timed = move("up", "1", "2", all=where("tags", "hot"), after=after(Clock.IN_TIER, hours(1)))
        rules = bound(escalate=(timed,), annotate=(self.LABEL,), own_tags=("hot",))
        given = placed("1", FRONTLINE, at=-90, ticket=standing("1", FRONTLINE, priority="high"))
        _, change = done(rules, given)
        assert judge(rules, written(given, change, at=-30))[1] is None
        assert judge(rules, written(given, change, at=-29))[1] is None
        assert judge(rules, written(given, change, at=-31))[0].rule_id == "up"

    def test_the_mark_of_a_limit(self) -> None:
        """A rule for stuck tickets does not send them away in the run after."""
        limit = MoveLimit(1, Length(7, Unit.DAYS), add_tags=("stuck",))
        away = move("away", "2", "external", all=where("tags", "stuck"))
        rules = bound(escalate=(away, LATE), manual_override=BRIEF, move_limit=limit, own_tags=("stuck",))
        decision, _ = done(rules, moved(stirred(-290)))
        assert decision.verdict is Verdict.LIMITED

    def test_a_gate_sees_what_the_move_sees(self) -> None:
        """A label that opens it, set in the very update in which it is found closed, does not open it in the next."""
        opens = gate("basics", "2", "Product", unless=where("tags", "hot"))
        rules = bound(
            escalate=(move("up", "1", "2"),), annotate=(self.LABEL,), require=(opens,), own_tags=("hot",)
        )
        given = placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, priority="high"))
        decision, change = done(rules, given)
        assert (decision.verdict, change.add_tags) == (Verdict.GATED, ("hot",))
        later = written(given, change, at=-20)
        stir = replace(stirred(-10), id=99)
        assert judge(rules, replace(later, events=(*later.events, stir)))[0].verdict is Verdict.ESCALATED

    def test_a_label_of_the_tier_goes_along(self) -> None:
        """Labels are those of the ticket where the decision brings it."""
        for asked in (where("tier", "3"), where("previous_tier", "1"), where("moves", "1")):
            label = Rule("label", "Label", all=asked, then=Action(add_tags=("hot",)))
            rules = bound(
                escalate=(move("up", "1", "3", after=after(Clock.IN_TIER, hours(1))),),
                annotate=(label,),
                own_tags=("hot",),
            )
            _, change = done(rules, placed("1", FRONTLINE))
            assert change.add_tags == ("hot", "tier_3"), asked

    def test_a_label_of_the_tiers_hours_goes_along(self) -> None:
        """The calendar of the tier that the ticket comes to says whether it is open."""
        label = Rule("label", "Label", all=where("in_business_hours", "true"), then=Action(add_tags=("hot",)))
        rules = bound(
            escalate=(move("up", "1", "3", after=after(Clock.IN_TIER, hours(1))),),
            annotate=(label,),
            own_tags=("hot",),
            calendars={"3": Calendar("nights", (Week("UTC", ((0, 6 * 60),)),))},
        )
        _, change = done(rules, placed("1", FRONTLINE))
        assert change.add_tags == ("tier_3",)

    def test_a_label_of_groups_goes_along(self) -> None:
        """A group that the ticket comes to is one more station; one that is new has no id yet."""
        label = Rule("label", "Label", all=where("group_stations", "2"), then=Action(add_tags=("hot",)))
        rules = bound(annotate=(label,), own_tags=("hot",))
        chosen = event(AGENT, ("tags", ("tier_2",), ("tier_1",)), at=-30)
        given = placed("1", FRONTLINE, chosen, ticket=standing("2", FRONTLINE))
        _, change = done(rules, given)
        assert change.add_tags == ("hot",)
        fresh = replace(rules, group_ids={k: v for k, v in rules.group_ids.items() if k != "specialists"})
        _, followed = judge(fresh, given)
        assert followed is not None
        assert followed.add_tags == ("hot",)

    def test_what_a_rule_without_a_clock_sees(self) -> None:
        """Tags, fields and stations as they were before our latest writes; an undo is its lead's doing."""
        marks = ours(
            ("tags", ("hot",), ("old",)),
            ("priority", "high", "low"),
            (str(PRODUCT), "anvil", None),
            ("group_id", 3, 2),
            at=-30,
        )
        there = standing("1", SPECIALISTS, "hot", priority="high", custom_fields={PRODUCT: "anvil"})
        facts = derive(placed("1", FRONTLINE, marks, ticket=there), NOW, bound().ladder)
        seen = as_it_stands(facts)
        assert seen.ticket.tags == {"tier_1", "old"}
        assert (seen.ticket.priority, seen.ticket.group_id, seen.ticket.custom_fields) == (
            "low",
            2,
            {PRODUCT: None},
        )
        assert (facts.group_stations, seen.group_stations) == (2, 1)
        own = {"run-2:1": OwnChange("undone", "", "")}
        facts = derive(placed("1", FRONTLINE, marks, ticket=there, own=own), NOW, bound().ladder)
        assert as_it_stands(facts).ticket.tags == facts.current.tags
        assert as_it_stands(facts).ticket.priority == "high"


class TestAssign:
    """A rule of assign that asks for the tier is not answered by its own placing."""

    NIGHTS = Calendar("nights", (Week("UTC", ((0, 6 * 60),)),))

    def test_the_tiers_hours(self) -> None:
        """A new ticket is in no tier, so always in open time, also once it is placed."""
        shut = Rule("shut", "Shut", all=where("in_business_hours", "false"), then=Action(tier="0"))
        rules = bound(assign=(shut,), calendars={"1": self.NIGHTS})
        decision, _ = done(rules, case())
        assert decision.rule_id == "rest"
        gated = gate("basics", "3", "Product", all=where("in_business_hours", "true"))
        up = Rule("up", "Up", all=where("status", "open"), then=Action(tier="3"))
        rules = bound(assign=(up,), require=(gated,), calendars={"1": self.NIGHTS})
        decision, change = done(rules, case())
        assert (decision.verdict, change.tier) == (Verdict.GATED, "1")

    def test_a_gate_is_asked_before_the_move_limit(self) -> None:
        """Else the very placing before a gate could be the last move, and the mark of the limit a further update."""
        limit = MoveLimit(1, hours(24), add_tags=("stuck",))
        up = Rule("up", "Up", all=where("status", "open"), then=Action(tier="3"))
        rules = bound(
            assign=(up,), require=(gate("basics", "3", "Product"),), move_limit=limit, own_tags=("stuck",)
        )
        away = event(None, ("group_id", MARKETING, SPECIALISTS), rel="trigger", at=-50)
        history = created(("group_id", SPECIALISTS)), away
        decision, change = done(rules, case(*history, ticket=ticket(group_id=MARKETING)))
        assert (decision.verdict, change.tier) == (Verdict.GATED, "1")

    @pytest.mark.parametrize(
        "asked",
        [
            where("tier", "none", operator=Operator.IS),
            where("moves", "1", operator=Operator.LESS_THAN),
            where("group_stations", "1", operator=Operator.LESS_THAN),
        ],
    )
    def test_the_tier_and_the_way_there(self, asked: tuple[Condition, ...]) -> None:
        """Also of a ticket that triggers have placed before and our own rule places elsewhere."""
        rules = bound(assign=(Rule("first", "First", all=asked, then=Action(tier="3")),))
        decision, _ = done(rules, case())
        assert decision.rule_id == "first"
        other = bound(assign=(Rule("first", "First", all=where("tier", "2"), then=Action(tier="3")),))
        by_trigger = event(None, ("group_id", SPECIALISTS), rel="trigger", at=-50)
        there = case(created(), by_trigger, ticket=ticket(group_id=SPECIALISTS))
        decision, change = done(other, there)
        assert (decision.rule_id, change.add_tags) == ("first", ("tier_3",))


class TestReminders:
    def sent(self, *earlier: Event, rule: MoveRule = VENDOR) -> tuple[CompiledRules, Case]:
        """A ticket of tier 2 that was on hold for hours when it was sent to a vendor half an hour ago."""
        held = event(AGENT, ("status", "hold", "open"), at=-300)
        asked = event(AGENT, ("tags", ("rma",), ()), at=-30)
        there = standing("2", SPECIALISTS, "rma", status="hold")
        rules = bound(escalate=(rule,), own_tags=("rma",), calendars={"2": OFFICE})
        return rules, placed("2", SPECIALISTS, held, *earlier, asked, ticket=there)

    def test_they_count_from_the_sending(self) -> None:
        """A ticket that was on hold before is not reminded of in the run after."""
        rules, given = self.sent()
        decision, change = done(rules, given)
        assert (decision.verdict, change.fields) == (Verdict.ESCALATED, ())
        later = replace(written(given, change), events_until=moment(500))
        assert judge(rules, later, moment(119))[1] is None
        assert judge(rules, later, moment(120))[0].verdict is Verdict.REMINDED

    @pytest.mark.parametrize("length", [hours(2), business_hours(2), business_days(1)])
    def test_a_ticket_on_hold_for_years(self, length: Length) -> None:
        """Of hundreds and thousands the latest is left, found without stepping through them."""
        rules, given = self.sent(rule=replace(VENDOR, remind_after=length))
        _, change = done(rules, given)
        steps, end = [after_length(length, NOW, OFFICE)], moment(3 * 365 * 24 * 60)
        while steps[-1] <= end:
            steps.append(after_length(length, steps[-1], OFFICE))
        calendar = Counting("uk", OFFICE.weeks)
        rules = replace(rules, ladder=replace(rules.ladder, calendars={"2": calendar}))
        found = reminders(derive(written(given, change), end, rules.ladder), rules)
        assert found is not None
        assert (found.latest, found.next_at) == (steps[-2], steps[-1])
        assert calendar.asked < 60


class Counting(Calendar):
    """Counts how often it is asked when so much open time has passed."""

    asked = 0

    def add(self, start: datetime, seconds: int) -> datetime:
        self.asked += 1
        return super().add(start, seconds)

    def add_days(self, start: datetime, days: int) -> datetime:
        self.asked += 1
        return super().add_days(start, days)
