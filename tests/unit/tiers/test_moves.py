"""Moves: first match of escalate and deescalate, by clock and condition, to a tier, back, or to a vendor."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from tests.build import (
    AGENT,
    CUSTOMER,
    ENGINEERING,
    FRONTLINE,
    NOW,
    OTHER_AGENT,
    SPECIALISTS,
    WORKER,
    case,
    created,
    event,
    moment,
)
from tests.unit.tiers.build import (
    OFFICE,
    OURS,
    TIERED,
    after,
    bound,
    business_hours,
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
from zdsync.model import Case, OwnChange
from zdsync.plan.diff import diff_ticket
from zdsync.plan.model import FieldDiff
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.lengths import Clock
from zdsync.rules.model import Action, Mode, Rule
from zdsync.tiers.decide import decide
from zdsync.tiers.model import Verdict
from zdsync.tiers.moves import has_been_moved, next_step, reminders

LATE = move("late", "1", "2", after=after(Clock.UNANSWERED, business_hours(1)))
UP = bound(escalate=(LATE,), calendars={"1": OFFICE})
ESCALATED = OwnChange("escalated", "late", "Because of late")
DEESCALATED = OwnChange("deescalated", "back", "Because of back")
KEY = "run-2:1"


def step(rules: CompiledRules, given: Case, **how: Any) -> str | None:
    """The id of the rule whose turn it is."""
    facts = derive(given, NOW, rules.ladder)
    found, _ = next_step(facts, rules, NOW.date(), **how)
    return found.rule.id if found else None


class TestTiers:
    def test_an_escalation_by_its_clock(self) -> None:
        """Tag, group and one hand-over note that tells rule, clock, true moment, and who had it how long."""
        decision, change = judge(UP, placed("1", FRONTLINE, at=-90))
        assert (decision.verdict, decision.rule_id, decision.reason) == (
            Verdict.ESCALATED,
            "late",
            "Because of late",
        )
        assert decision.reading is not None
        assert decision.reading.due_at == moment(-30)
        assert change is not None
        assert (change.kind, change.add_tags, change.remove_tags) == ("escalated", ("tier_2",), ("tier_1",))
        assert change.group is not None
        assert change.group.id == SPECIALISTS
        assert change.note is not None
        assert "Why: Because of late (rule late)" in change.note
        assert "Clock: unanswered for 1 business hour, reached 2026-11-20 11:30 UTC" in change.note
        assert (
            "Before: tier 1 (Frontline) had it for 1 h 30 min of business time, nobody assigned"
            in change.note
        )

    def test_a_second_before_its_time_nothing_happens(self) -> None:
        """And at its very moment it does."""
        given = placed("1", FRONTLINE, at=-59)
        assert judge(UP, given, moment(1) - timedelta(seconds=1))[0].verdict is Verdict.ASSIGNED
        assert judge(UP, given, moment(1))[0].verdict is Verdict.ESCALATED

    def test_only_from_its_tiers(self) -> None:
        """A rule leaves the tiers it names and no other; several may be named."""
        both = bound(escalate=(move("up", "02", "3"),))
        assert step(both, placed("0", SPECIALISTS)) == "up"
        assert step(both, placed("2", SPECIALISTS)) == "up"
        assert step(both, placed("1", FRONTLINE)) is None

    def test_conditions_and_clock_are_both_needed(self) -> None:
        """And a rule without clock waits for its conditions alone."""
        hot = where("tags", "hot")
        timed = bound(escalate=(move("timed", "1", "2", all=hot, after=after(Clock.IN_TIER, hours(1))),))
        assert step(timed, placed("1", FRONTLINE)) is None
        assert step(timed, placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, "hot"))) == "timed"
        assert step(timed, placed("1", FRONTLINE, at=-30, ticket=standing("1", FRONTLINE, "hot"))) is None
        plain = bound(escalate=(move("plain", "1", "2", all=hot),))
        assert step(plain, placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, "hot"))) == "plain"

    def test_first_match_wins_and_escalation_comes_first(self) -> None:
        """The order of the page, escalate before deescalate."""
        rules = bound(
            escalate=(move("waits", "1", "3", after=after(Clock.IN_TIER, hours(99))), move("a", "1", "2")),
            deescalate=(move("b", "12", "0"),),
        )
        assert step(rules, placed("1", FRONTLINE)) == "a"
        assert step(rules, placed("2", SPECIALISTS)) == "b"

    def test_a_shadow_rule_stops_nothing_and_is_recorded(self) -> None:
        """Nor one that is off, whose win is not even recorded, nor one that is not sampled."""
        rules = bound(
            escalate=(
                move("watched", "1", "3", mode=Mode.SHADOW),
                move("sampled", "1", "3", share=Fraction(0)),
                move("off", "1", "3", enabled=False),
                move("live", "1", "2"),
            )
        )
        decision, _ = judge(rules, placed("1", FRONTLINE))
        assert decision.rule_id == "live"
        assert [rule.id for rule in decision.shadow] == ["watched", "sampled"]
        alone = bound(escalate=(move("watched", "1", "3", mode=Mode.SHADOW),))
        assert judge(alone, placed("1", FRONTLINE))[0].verdict is Verdict.ASSIGNED

    def test_a_deescalation(self) -> None:
        """It says so, and takes away the tag that asked for it, also where a person had set it."""
        rules = bound(
            deescalate=(
                move("fixed", "3", "1", all=where("tags", "fix"), then=Action(remove_tags=("fix",))),
            ),
            own_tags=("fix",),
        )
        asked = event(AGENT, ("tags", ("fix",), ()), at=-10)
        given = placed("3", ENGINEERING, asked, ticket=standing("3", ENGINEERING, "fix"))
        decision, change = judge(rules, given)
        assert decision.verdict is Verdict.DEESCALATED
        assert change is not None
        assert (change.kind, change.add_tags, change.remove_tags) == (
            "deescalated",
            ("tier_1",),
            ("fix", "tier_3"),
        )

    @pytest.mark.parametrize(("origin", "tier"), [("1", "1"), ("3", None), (None, None)])
    def test_back_to_the_previous_tier(self, origin: str | None, tier: str | None) -> None:
        """The tier it was in before, if that is lower; a ticket that came from above or from nowhere stays."""
        rules = bound(deescalate=(move("back", "2", "previous"),))
        moved = (
            ours(("tags", ("tier_2",), (f"tier_{origin}",)), ("group_id", SPECIALISTS), at=-30, key=KEY),
            stirred(-20),
        )
        given = placed(
            origin or "2",
            SPECIALISTS,
            *(moved if origin else ()),
            ticket=standing("2", SPECIALISTS),
            own={KEY: ESCALATED},
        )
        decision, _ = judge(rules, given)
        reached = decision.target.tier
        assert decision.verdict is (Verdict.DEESCALATED if tier else decision.verdict)
        assert (reached.key if reached and decision.rule_id == "back" else None) == tier

    def test_fields_and_tags_of_the_rule_go_along(self) -> None:
        """Less what a person chose or removed."""
        then = Action(priority="urgent", type="problem", add_tags=("hot", "vip"), notify="leads")
        rules = bound(escalate=(move("up", "1", "2", then=then),), own_tags=("hot", "vip"))
        chosen = event(AGENT, ("priority", "low", None), ("tags", (), ("vip",)), at=-30)
        decision, change = judge(rules, placed("1", FRONTLINE, chosen))
        assert change is not None
        assert change.fields == (FieldDiff("type", None, "problem"),)
        assert change.add_tags == ("hot", "tier_2")
        assert decision.notify == ("leads",)

    def test_an_assignee_who_cannot_go_along_follows(self) -> None:
        """With `keep_assignee_as: follower`; without, they are only cleared."""
        for keeps, follower in (("follower", AGENT), (None, None)):
            rules = bound(escalate=(move("up", "1", "2", then=Action(keep_assignee_as=keeps)),))
            _, change = judge(
                rules, placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, assignee_id=AGENT))
            )
            assert change is not None
            assert (change.assignee_before, change.follower) == (AGENT, follower)
            assert change.note is not None
            assert "had it for" in change.note
            assert "Ada" in change.note

    def test_into_a_group_of_the_rule(self) -> None:
        """And a ticket that sits in one of the tier's groups stays there."""
        named = bound(escalate=(move("up", "1", "2", then=Action(group="Engineering")),))
        _, change = judge(named, placed("1", FRONTLINE))
        assert change is not None
        assert change.group is not None
        assert change.group.id == ENGINEERING
        there = bound(escalate=(move("up", "1", "2"),))
        facts = derive(placed("1", SPECIALISTS), NOW, there.ladder)
        settled = decide(facts, there, NOW.date())
        assert settled.target.group is None
        assert diff_ticket(facts, settled, there, TIERED) is not None

    def test_moves_read_the_ticket_with_our_own_marks(self) -> None:
        """Assign does not: so a tag of ours can be what a move asks for later, and never what places it anew."""
        hot = where("tags", "hot")
        rules = bound(
            assign=(Rule("hot", "Hot", all=hot, then=Action(tier="3")),),
            escalate=(move("up", "1", "2", all=hot),),
            own_tags=("hot",),
        )
        given = placed(
            "1",
            FRONTLINE,
            ours(("tags", ("hot",), ()), at=-30),
            stirred(-20),
            ticket=standing("1", FRONTLINE, "hot"),
        )
        assert judge(rules, given)[0].rule_id == "up"
        assert judge(bound(assign=rules.rules.assign[:1], own_tags=("hot",)), given)[0].rule_id == "rest"

    def test_a_clock_that_nobody_knows_moves_nothing(self) -> None:
        """It does not keep the next rule from its turn."""
        rules = bound(escalate=(LATE, move("next", "1", "3")))
        answered = placed("1", FRONTLINE, event(AGENT, reply="Hi", at=-10))
        assert step(rules, answered) == "next"

    def test_no_run_follows_from_the_one_before(self) -> None:
        """Right after our own placing a rule without a clock waits for somebody to do something; one with a clock does not."""
        placing = ours(("tags", ("tier_1",), ()), ("group_id", FRONTLINE), at=-600)
        fresh = case(created(("status", "new"), at=-601), placing, ticket=standing("1", FRONTLINE))
        assert step(bound(escalate=(move("plain", "1", "2"),)), fresh) is None
        timed = move("timed", "1", "2", after=after(Clock.IN_TIER, hours(1)))
        assert step(bound(escalate=(timed,)), fresh) == "timed"

    def test_nothing_moves_before_the_first_tag(self) -> None:
        """A ticket that only its group places has to be adopted or assigned first."""
        untagged = case(created(("status", "new"), ("group_id", FRONTLINE)), ticket=standing("1", FRONTLINE))
        rules = bound(escalate=(move("up", "1", "2"),))
        assert step(rules, untagged) is None
        assert step(rules, case()) is None


class TestWhoDecides:
    """Until a move of ours, or a person's hand, assign decides; afterwards only moves do."""

    RULES = bound(escalate=(LATE,))
    MOVED = (ours(("tags", ("tier_2",), ("tier_1",)), ("group_id", SPECIALISTS, FRONTLINE), at=-30, key=KEY),)

    def facts(self, *later: Any, own: dict[str, OwnChange] | None = None, **given: Any) -> bool:
        there = placed("1", FRONTLINE, *later, ticket=standing("2", SPECIALISTS), own=own, **given)
        return has_been_moved(derive(there, NOW, self.RULES.ladder))

    def test_an_escalation_ends_assignment(self) -> None:
        """The journal knows what our update was; a placing by assign goes on being assign's."""
        assert self.facts(*self.MOVED, own={KEY: ESCALATED})
        assert self.facts(*self.MOVED, own={KEY: DEESCALATED})
        for kind in ("assigned", "adopted", "followed", "repaired", "labelled", "undone"):
            assert not self.facts(*self.MOVED, own={KEY: OwnChange(kind, "", "")})

    def test_a_move_that_the_journal_does_not_know_counts(self) -> None:
        """Another installation made it; only the placing that first tagged the ticket does not."""
        assert self.facts(*self.MOVED)
        first = case(
            created(("status", "new"), ("group_id", FRONTLINE), at=-90),
            ours(("tags", ("tier_2",), ()), ("group_id", SPECIALISTS, FRONTLINE), at=-80),
            ticket=standing("2", SPECIALISTS),
        )
        assert not has_been_moved(derive(first, NOW, self.RULES.ladder))

    def test_going_to_a_vendor_ends_it_too(self) -> None:
        """Though the ticket stays in its tier."""
        sent = ours(("status", "hold", "open"), ("tags", ("with_vendor",), ()), at=-30, key=KEY)
        assert self.facts(sent, own={KEY: ESCALATED})

    def test_a_persons_move_is_none_of_ours(self) -> None:
        """It ends assignment by their touch."""
        assert not self.facts(event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=-30))

    def test_then_assign_is_silent(self) -> None:
        """The ticket keeps its tier though the first matching rule of assign says another."""
        given = placed("1", FRONTLINE, *self.MOVED, ticket=standing("2", SPECIALISTS), own={KEY: ESCALATED})
        decision, change = judge(self.RULES, given)
        assert (decision.verdict, decision.reason, change) == (
            Verdict.KEPT,
            "zdsync has moved it on; tier 2 stays",
            None,
        )


VENDOR = move(
    "vendor",
    "2",
    "external",
    all=where("tags", "rma"),
    remind_after=business_hours(2),
    then=Action(note="Ask {ticket.subject}", notify="leads"),
)
SENT = OwnChange("escalated", "vendor", "Because of vendor")


class TestVendors:
    RULES = bound(escalate=(VENDOR,), calendars={"2": OFFICE})

    def sent(
        self,
        *later: Any,
        status: str = "hold",
        tags: tuple[str, ...] = ("rma", "with_vendor"),
        at: float = -60,
    ) -> Case:
        """A ticket of tier 2 that we sent to the vendor."""
        out = ours(("status", "hold", "new"), ("tags", ("with_vendor",), ()), at=at, key=KEY)
        there = standing("2", SPECIALISTS, *tags, status=status)
        return placed("2", SPECIALISTS, out, *later, ticket=there, own={KEY: SENT})

    def test_it_stays_in_its_tier_on_hold(self) -> None:
        """Marked, told, and neither regrouped nor retagged; the move limit does not ask about it."""
        given = placed("2", SPECIALISTS, ticket=standing("2", SPECIALISTS, "rma"))
        decision, change = judge(self.RULES, given)
        assert decision.verdict is Verdict.ESCALATED
        assert change is not None
        assert (change.kind, change.group, change.tier) == ("escalated", None, None)
        assert (change.add_tags, change.remove_tags) == (("with_vendor",), ())
        assert change.fields == (FieldDiff("status", "open", "hold"),)
        assert change.note is not None
        assert change.note.startswith("Ask Help\nWith a vendor, on hold in tier 2 (Specialists)")

    def test_the_note_of_a_clock_tells_it(self) -> None:
        """The true moment too, and no subject where there is none."""
        rules = bound(escalate=(move("v", "2", "external", after=after(Clock.IN_TIER, hours(1))),))
        _, change = judge(
            rules, placed("2", SPECIALISTS, at=-90, ticket=standing("2", SPECIALISTS, subject=""))
        )
        assert change is not None
        assert change.note is not None
        assert "Clock: in this tier for 1 hour, reached 2026-11-20 11:30 UTC" in change.note
        assert "The customer writes" not in change.note

    def test_while_it_is_there_it_is_not_sent_again(self) -> None:
        """And nothing changes."""
        decision, change = judge(self.RULES, self.sent())
        assert (decision.verdict, change) == (Verdict.KEPT, None)

    def test_its_mark_goes_when_it_leaves_hold(self) -> None:
        """A ticket that a person fetched back is not sent again."""
        back = event(AGENT, ("status", "open", "hold"), at=-30)
        decision, change = judge(self.RULES, self.sent(back, status="open"))
        assert decision.verdict is Verdict.KEPT
        assert change is not None
        assert (change.kind, change.remove_tags) == ("labelled", ("with_vendor",))

    def test_a_mark_that_a_person_takes_away_stays_away(self) -> None:
        """They said that it is with no vendor."""
        taken = event(AGENT, ("tags", (), ("with_vendor",)), at=-30)
        decision, change = judge(self.RULES, self.sent(taken, tags=("rma",)))
        assert (decision.verdict, change) == (Verdict.KEPT, None)

    def test_a_mark_of_a_persons_own_is_theirs(self) -> None:
        """It is not taken away."""
        mine = event(AGENT, ("tags", ("with_vendor",), ()), reply="Hi", at=-30)
        given = placed("2", SPECIALISTS, mine, ticket=standing("2", SPECIALISTS, "with_vendor"))
        assert judge(self.RULES, given)[1] is None

    def test_a_customer_who_answers_does_not_fetch_it_back(self) -> None:
        """The rule sends it again, for its reason still stands."""
        answer = event(CUSTOMER, ("status", "open", "hold"), reply="Any news?", at=-30)
        decision, change = judge(self.RULES, self.sent(answer, status="open"))
        assert decision.verdict is Verdict.ESCALATED
        assert change is not None
        assert (change.add_tags, change.remove_tags) == ((), ())

    def test_a_new_reason_sends_it_again(self) -> None:
        """A rule that takes its tag away may act whenever the tag is there anew."""
        rule = move("vendor", "2", "external", all=where("tags", "rma"), then=Action(remove_tags=("rma",)))
        rules = bound(escalate=(rule,), own_tags=("rma",))
        back = event(AGENT, ("status", "open", "hold"), ("tags", ("rma",), ()), at=-30)
        decision, change = judge(rules, self.sent(back, status="open"))
        assert decision.verdict is Verdict.ESCALATED
        assert change is not None
        assert change.remove_tags == ("rma",)

    @pytest.mark.parametrize(
        ("minutes", "told"), [(119, None), (120, "12:00"), (239, "12:00"), (330, "14:00")]
    )
    def test_reminders(self, minutes: float, told: str | None) -> None:
        """After so much business time on hold, and again and again: of those that were missed the last is left."""
        given = self.sent(at=0 - minutes) if minutes <= 120 else self.sent(at=-120)
        decision, change = judge(self.RULES, given, NOW if minutes <= 120 else moment(minutes - 120))
        if told is None:
            assert (decision.verdict, change) == (Verdict.KEPT, None)
            return
        assert (decision.verdict, decision.rule_id, decision.notify) == (
            Verdict.REMINDED,
            "vendor",
            ("leads",),
        )
        assert change is not None
        assert (change.kind, change.add_tags, change.group) == ("reminded", (), None)
        assert change.note is not None
        assert f"to be reminded 2026-11-20 {told} UTC" in change.note

    def test_whose_reminder(self) -> None:
        """The one of the rule that sent it; a rule without one, and a ticket that nobody sent, have none."""

        def found(rules: CompiledRules, given: Case) -> str | None:
            reminded = reminders(derive(given, NOW, rules.ladder), rules)
            return reminded.rule.id if reminded else None

        assert found(self.RULES, self.sent()) == "vendor"
        assert found(bound(escalate=(move("vendor", "2", "external"),)), self.sent()) is None
        assert found(bound(escalate=(VENDOR,)), self.sent(status="open")) is None
        by_hand = placed("2", SPECIALISTS, ticket=standing("2", SPECIALISTS, "with_vendor", status="hold"))
        assert found(self.RULES, by_hand) is None

    def test_a_person_who_set_it_to_hold_again_counts_from_there(self) -> None:
        """The clock of a reminder is the time on hold."""
        again = (
            event(AGENT, ("status", "open", "hold"), at=-50),
            event(AGENT, ("status", "hold", "open"), at=-10),
        )
        facts = derive(self.sent(*again), NOW, self.RULES.ladder)
        reminded = reminders(facts, self.RULES)
        assert reminded is not None
        assert (reminded.since, reminded.latest, reminded.next_at) == (moment(-10), None, moment(110))


def test_who_had_it() -> None:
    """The note names the agent, or that nobody is known by that id."""
    rules = bound(escalate=(move("up", "1", "2"),))
    for who, told in ((OTHER_AGENT, "Bo"), (CUSTOMER, "nobody assigned")):
        _, change = judge(rules, placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, assignee_id=who)))
        assert change is not None
        assert change.note is not None
        assert change.note.splitlines()[2].endswith(told)
    assert [one.key for one in placed("1", FRONTLINE).events if one.author_id == WORKER] == [OURS]
