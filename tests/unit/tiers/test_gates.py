"""Gates: what must be known before a tier is entered, what is told meanwhile, and how a gate opens by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.build import (
    AGENT,
    CUSTOMER,
    ENGINEERING,
    FRONTLINE,
    NOW,
    SPECIALISTS,
    case,
    created,
    event,
    ticket,
)
from tests.unit.tiers.build import (
    PRODUCT,
    VERSION,
    after,
    bound,
    gate,
    hours,
    judge,
    move,
    ours,
    placed,
    standing,
    stirred,
    where,
)
from zdsync.facts import derive
from zdsync.model import Case, Comment, Finding, Hold, HoldReason, OwnChange, TicketId
from zdsync.plan.model import FieldDiff
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.lengths import Clock
from zdsync.rules.model import Action, Condition, GateRule, Mode, Operator, Rule
from zdsync.tiers.gates import closed_gates, tags_of_closed
from zdsync.tiers.model import Verdict
from zdsync.tiers.notes import note_digest

BASICS = gate("basics", "2", "Product", "Version", missing_tags=("needs_info",), macro="Ask for details")
UP = move("up", "1", "2")
OWN = ("needs_info", "hot", "vip")
KEY = "run-2:1"


def gated(*gates: GateRule, **given: Any) -> CompiledRules:
    return bound(**{"escalate": (UP,), "require": gates or (BASICS,), "own_tags": OWN, **given})


def closed(rules: CompiledRules, given: Case) -> list[tuple[str, tuple[str, ...]]]:
    """The closed gates before tier 2 and what they lack."""
    tier = rules.rules.tier("2")
    assert tier is not None
    found = closed_gates(derive(given, NOW, rules.ladder), rules, tier, NOW.date())
    return [(one.rule.id, one.missing) for one in found]


HERE = placed("1", FRONTLINE)


class TestOneGate:
    def test_what_is_missing_is_listed_in_order(self) -> None:
        """And what is filled in is not."""
        assert closed(gated(), HERE) == [("basics", ("Product", "Version"))]
        half = placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, custom_fields={PRODUCT: "anvil"}))
        assert closed(gated(), half) == [("basics", ("Version",))]
        full = {PRODUCT: "anvil", VERSION: "2"}
        assert (
            closed(gated(), placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, custom_fields=full))) == []
        )

    def test_it_stands_before_its_tier_only(self) -> None:
        """Other tiers are entered freely."""
        assert closed(gated(gate("other", "3", "Product")), HERE) == []

    def test_conditions(self) -> None:
        """It stands before tickets that it matches, unless one of `unless` holds."""
        urgent = gate("urgent", "2", "Product", all=where("priority", "urgent"))
        assert closed(gated(urgent), HERE) == []
        vip = gate("vip", "2", "Product", unless=where("tags", "vip") + where("priority", "high"))
        assert closed(gated(vip), HERE) != []
        for given in ({"priority": "high"}, {"tags": {"tier_1", "vip"}}):
            there = placed("1", FRONTLINE, ticket=ticket(group_id=FRONTLINE, **given))
            assert closed(gated(vip), there) == []

    @pytest.mark.parametrize(
        "off", [{"mode": Mode.SHADOW}, {"enabled": False}, {"until": NOW.date().replace(day=1)}]
    )
    def test_a_gate_that_is_not_live_keeps_nobody(self, off: dict[str, Any]) -> None:
        """Shadow gates, those that are off, and those past their day."""
        assert closed(gated(replace(BASICS, **off)), HERE) == []

    def test_attachments_and_findings(self) -> None:
        """A file of any comment, a finding of each detector."""
        asks = gate("asks", "2", needs_attachment=True, detects=("iban",))
        assert closed(gated(asks), HERE) == [("asks", ("an attachment", "an IBAN"))]
        file = Comment(1, NOW, CUSTOMER, is_public=True, attachments=1)
        sent = replace(HERE.events[0], comments=(file,))
        finding = Finding(TicketId(1), None, "iban", 1, is_public=True)
        assert closed(gated(asks), replace(HERE, events=(sent, *HERE.events[1:]), findings=(finding,))) == []

    def test_a_mark_of_another_rule_opens_it(self) -> None:
        """Gates see what zdsync wrote before something else happened, but for what gates themselves have."""
        marked = placed(
            "1",
            FRONTLINE,
            ours(("tags", ("vip",), ()), at=-30),
            stirred(-20),
            ticket=standing("1", FRONTLINE, "vip"),
        )
        assert closed(gated(replace(BASICS, unless=where("tags", "vip"))), marked) == []
        itself = placed(
            "1",
            FRONTLINE,
            ours(("tags", ("needs_info",), ()), ("status", "pending", "open"), at=-30),
            ticket=standing("1", FRONTLINE, "needs_info", status="pending"),
        )
        assert closed(gated(replace(BASICS, unless=where("tags", "needs_info"))), itself) != []
        assert closed(gated(replace(BASICS, all=where("status", "open"))), itself) != []


class TestWaiting:
    def test_the_move_waits_where_it_is(self) -> None:
        """Tag and one note, the status left alone, nothing regrouped, held until it is known."""
        decision, change = judge(gated(), HERE)
        assert (decision.verdict, decision.rule_id) == (Verdict.GATED, "basics")
        assert decision.reason == "it waits before tier 2 until this is known: Product, Version"
        assert change is not None
        assert (change.kind, change.add_tags, change.remove_tags) == ("gated", ("needs_info",), ())
        assert (change.group, change.fields) == (None, ())
        assert change.note == (
            "Waits before tier 2 (Specialists), because something is missing\n"
            "Because of basics (rule basics): Product, Version\n"
            "The macro 'Ask for details' asks for it.\n"
            "Left by zdsync; it goes on by itself once this is filled in."
        )

    def test_a_gates_own_words_come_first(self) -> None:
        """With what is missing in their place."""
        asks = replace(BASICS, then=Action(note="Please ask for {missing}"))
        _, change = judge(gated(asks), HERE)
        assert change is not None
        assert str(change.note).startswith("Please ask for Product, Version\nWaits before tier 2 ")

    def waiting(self, *later: Any, status: str = "open", **given: Any) -> Case:
        """HERE after the gate has marked it and left its note."""
        rules = gated()
        _, change = judge(rules, HERE)
        assert change is not None
        assert change.note is not None
        marked = ours(("tags", ("needs_info",), ()), at=-20, key=KEY)
        return placed(
            "1",
            FRONTLINE,
            marked,
            *later,
            ticket=standing("1", FRONTLINE, "needs_info", status=status, **given),
            own={KEY: OwnChange("gated", "basics", "")},
            notes_written=frozenset({note_digest(1, change.note)}),
        )

    def test_it_is_told_once(self) -> None:
        """Waiting on, nothing more is written; what is missing otherwise is told anew."""
        assert judge(gated(), self.waiting())[1] is None
        _, change = judge(gated(), self.waiting(custom_fields={PRODUCT: "anvil"}))
        assert change is not None
        assert change.note is not None
        assert "(rule basics): Version" in change.note

    def test_it_goes_on_by_itself(self) -> None:
        """Filled in, the ticket moves, its mark goes, and what was collected is handed over."""
        decision, change = judge(gated(), self.waiting(custom_fields={PRODUCT: "anvil", VERSION: "2"}))
        assert decision.verdict is Verdict.ESCALATED
        assert change is not None
        assert (change.add_tags, change.remove_tags) == (("tier_2",), ("needs_info", "tier_1"))
        assert change.note is not None
        assert "Product: anvil; Version: 2" in change.note

    def test_a_tag_that_a_person_took_away_stays_away(self) -> None:
        """The move waits all the same."""
        taken = event(AGENT, ("tags", (), ("needs_info",)), at=-10)
        given = self.waiting(taken)
        given = replace(given, ticket=standing("1", FRONTLINE))
        decision, change = judge(gated(), given)
        assert (decision.verdict, change) == (Verdict.GATED, None)

    def test_people_pass_gates(self) -> None:
        """A person moves it: the tag of the tier follows, the gate's goes."""
        moved = event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=-10)
        given = self.waiting(moved)
        given = replace(given, ticket=standing("1", SPECIALISTS, "needs_info"))
        decision, change = judge(gated(), given)
        assert decision.verdict is Verdict.FOLLOWED
        assert change is not None
        assert (change.add_tags, change.remove_tags) == (("tier_2",), ("needs_info", "tier_1"))

    def test_its_mark_does_not_flicker(self) -> None:
        """A rule that no longer matches because of the mark, once it sees it, does not have it taken away or set again."""
        shy = move("up", "1", "2", all=(Condition("tags", Operator.EXCLUDES, ("needs_info",)),))
        for later, verdict in (((), Verdict.GATED), ((stirred(-10),), Verdict.ASSIGNED)):
            decision, change = judge(gated(escalate=(shy,)), self.waiting(*later))
            assert (decision.verdict, change) == (verdict, None)

    def test_its_mark_goes_when_nothing_is_missing(self) -> None:
        """Also when no rule wants the ticket to move any more."""
        full = self.waiting(custom_fields={PRODUCT: "anvil", VERSION: "2"})
        _, change = judge(gated(escalate=()), full)
        assert change is not None
        assert (change.kind, change.remove_tags) == ("labelled", ("needs_info",))

    def test_a_mark_of_a_persons_own_is_theirs(self) -> None:
        """It is not taken away."""
        mine = event(AGENT, ("tags", ("needs_info",), ()), reply="Which product?", at=-10)
        given = placed("1", FRONTLINE, mine, ticket=standing("1", FRONTLINE, "needs_info"))
        assert judge(gated(escalate=()), given)[1] is None

    def test_which_marks_are_still_meant(self) -> None:
        """Those of gates that are closed and before a tier above the ticket's; for one of no tier, of all."""
        rules = gated(BASICS, gate("first", "1", "Product", missing_tags=("hot",)))

        def meant(given: Case) -> set[str]:
            return set(tags_of_closed(derive(given, NOW, rules.ladder), rules, NOW.date()))

        assert meant(HERE) == {"needs_info"}
        assert meant(placed("2", SPECIALISTS)) == set()
        assert meant(case()) == {"needs_info", "hot"}


class TestSeveralGates:
    def test_all_of_them_are_told_at_once(self) -> None:
        """One note, one list, each thing and tag named once."""
        more = gate("more", "2", "Product", missing_tags=("hot", "needs_info"))
        decision, change = judge(gated(BASICS, more), HERE)
        assert decision.reason.endswith("until this is known: Product, Version")
        assert change is not None
        assert change.add_tags == ("hot", "needs_info")
        assert change.note is not None
        assert "Because of more (rule more): Product\nLeft by" in change.note


class TestAsking:
    ASKS = replace(BASICS, asks_by="Ask the requester")

    def test_the_requester_is_asked_once(self) -> None:
        """The status goes to pending with the tag that makes the account's trigger ask."""
        _, change = judge(gated(self.ASKS), HERE)
        assert change is not None
        assert change.fields == (FieldDiff("status", "open", "pending"),)
        assert change.add_tags == ("needs_info",)

    def test_an_answer_that_fills_nothing_is_not_asked_again(self) -> None:
        """The tag stands; the ticket stays open, and its gate closed."""
        asked = ours(("tags", ("needs_info",), ()), ("status", "pending", "open"), at=-20)
        answer = event(CUSTOMER, ("status", "open", "pending"), reply="What?", at=-10)
        given = placed("1", FRONTLINE, asked, answer, ticket=standing("1", FRONTLINE, "needs_info"))
        decision, change = judge(gated(self.ASKS), given)
        assert decision.verdict is Verdict.GATED
        assert change is not None
        assert (change.fields, change.add_tags) == ((), ())

    def test_a_gate_without_a_tag_asks_with_its_note(self) -> None:
        """Once: when the note stands there, the status is left alone."""
        rules = gated(replace(self.ASKS, missing_tags=()))
        _, change = judge(rules, HERE)
        assert change is not None
        assert change.fields == (FieldDiff("status", "open", "pending"),)
        noted = replace(HERE, notes_written=frozenset({str(change.note_digest)}))
        assert judge(rules, noted)[1] is None

    def test_a_rule_for_open_tickets_waits_meanwhile(self) -> None:
        """Pending by the gate itself, the rule does not match once something has happened; nothing flickers."""
        rules = gated(self.ASKS, escalate=(move("up", "1", "2", all=where("status", "open")),))
        asked = ours(("tags", ("needs_info",), ()), ("status", "pending", "open"), at=-20)
        there = standing("1", FRONTLINE, "needs_info", status="pending")
        decision, change = judge(rules, placed("1", FRONTLINE, asked, stirred(-10), ticket=there))
        assert (decision.verdict, change) == (Verdict.ASSIGNED, None)

    def test_a_status_that_a_person_chose_stays(self) -> None:
        """It is marked and told, not set to pending."""
        chosen = event(AGENT, ("status", "open", "new"), at=-20)
        _, change = judge(gated(self.ASKS), placed("1", FRONTLINE, chosen))
        assert change is not None
        assert (change.fields, change.add_tags) == ((), ("needs_info",))


class TestNewTickets:
    """A new ticket that may not enter its tier waits in the catch-all's."""

    RULES = gated(
        assign=(Rule("urgent", "Urgent", all=where("priority", "urgent"), then=Action(tier="2")),),
        escalate=(),
    )

    def test_it_is_placed_there(self) -> None:
        """With group, tier tag, the gate's mark and note."""
        decision, change = judge(self.RULES, case(ticket=ticket(priority="urgent")))
        assert (decision.verdict, decision.rule_id) == (Verdict.GATED, "basics")
        assert change is not None
        assert change.add_tags == ("needs_info", "tier_1")
        assert change.group is not None
        assert change.group.id == FRONTLINE

    def test_one_that_sits_there_is_not_regrouped(self) -> None:
        """Its group is one of the tier's already."""
        _, change = judge(self.RULES, case(ticket=ticket(priority="urgent", group_id=FRONTLINE)))
        assert change is not None
        assert change.group is None

    def test_one_in_another_tier_stays_in_it(self) -> None:
        """Where it is, not where the catch-all would have it."""
        there = placed("3", ENGINEERING, ticket=standing("3", ENGINEERING, priority="urgent"))
        _, change = judge(self.RULES, there)
        assert change is not None
        assert (change.group, change.add_tags) == (None, ("needs_info",))

    def test_the_catch_alls_own_tier_has_no_gate(self) -> None:
        """A new ticket has to be somewhere."""
        rules = gated(gate("first", "1", "Product"), escalate=())
        assert judge(rules, case())[0].verdict is Verdict.ASSIGNED

    def test_one_that_is_there_stays_there(self) -> None:
        """A gate is asked on entering."""
        there = placed("2", SPECIALISTS, ticket=standing("2", SPECIALISTS, priority="urgent"))
        assert judge(self.RULES, there) == (judge(self.RULES, there)[0], None)
        assert judge(self.RULES, there)[0].verdict is Verdict.ASSIGNED

    def test_private_data_waits_for_nothing(self) -> None:
        """A private_only rule passes gates."""
        private = Rule(
            "private",
            "Private",
            all=where("priority", "urgent"),
            then=Action(tier="2", group="Privacy desk", private_only=True),
        )
        rules = gated(assign=(private,), escalate=())
        assert judge(rules, case(ticket=ticket(priority="urgent")))[0].rule_id == "private"


def test_a_forced_move_passes_the_hold_and_not_the_gate() -> None:
    """What is missing is asked for, though a lead holds the ticket."""
    rules = gated(escalate=(replace(UP, even_if_held=True),))
    held = replace(HERE, holds=(Hold(TicketId(1), HoldReason.MANUAL, NOW),))
    assert judge(rules, held)[0].verdict is Verdict.GATED


def test_a_clock_that_has_come_waits_at_the_gate() -> None:
    """Pending by the gate it stands still, and has come all the same: filled in, the ticket moves at once."""
    rules = gated(
        replace(BASICS, asks_by="Ask"),
        escalate=(move("late", "1", "2", after=after(Clock.IN_TIER, hours(1))),),
    )
    asked = ours(("tags", ("needs_info",), ()), ("status", "pending", "open"), at=-20)
    full = {PRODUCT: "anvil", VERSION: "2"}
    given = placed(
        "1",
        FRONTLINE,
        asked,
        ticket=standing("1", FRONTLINE, "needs_info", status="pending", custom_fields=full),
    )
    assert judge(rules, given)[0].verdict is Verdict.ESCALATED


def test_opened_by_nobody() -> None:
    """A history with nothing but its creation is gated like any other."""
    assert closed(gated(), case(created())) == [("basics", ("Product", "Version"))]
