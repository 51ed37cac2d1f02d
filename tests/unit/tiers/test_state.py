"""Tier state: the tag says the tier, people lead, contradictions are mended once."""

from __future__ import annotations

from dataclasses import replace

from tests.build import (
    AGENT,
    ENGINEERING,
    FRONTLINE,
    MARKETING,
    NOW,
    SPECIALISTS,
    case,
    created,
    event,
    ticket,
)
from tests.unit.tiers.build import PRIVACY_DESK, bound, hours, judge, move, ours, placed, standing, stirred
from zdsync.facts import derive
from zdsync.model import Case, Event, OwnChange
from zdsync.tiers.model import Verdict
from zdsync.tiers.state import is_sensitive, settle

RULES = bound(manual_override=hours(1))
MOVING = bound(escalate=(move("up", "123", "0"),), manual_override=hours(1))
REPAIR = OwnChange("repaired", "", "")


def test_private_data_sits_with_any_tier() -> None:
    """A group that may hold private data contradicts no tier tag."""
    moved = event(AGENT, ("group_id", PRIVACY_DESK, FRONTLINE), at=-30)
    given = placed("1", FRONTLINE, moved, ticket=standing("1", PRIVACY_DESK))
    settled = settle(derive(given, NOW, RULES.ladder), RULES)
    assert (settled.verdict, settled.reason) == (Verdict.KEPT, "a person chose the group; tier 1 stays")
    assert not is_sensitive(None, RULES)


def test_a_group_of_no_tier_is_a_persons_business() -> None:
    """The tag stays as it is, and no rule moves the ticket."""
    moved = event(AGENT, ("group_id", MARKETING, FRONTLINE), at=-300)
    decision, change = judge(MOVING, placed("1", FRONTLINE, moved, ticket=standing("1", MARKETING)))
    assert (decision.verdict, decision.reason, change) == (Verdict.UNPLACED, "in a group of no tier", None)


def test_of_two_tags_of_one_moment_the_groups_tier_stands() -> None:
    """Else the first; the other goes."""
    both = event(AGENT, ("tags", ("tier_1", "tier_2"), ()), reply="Hm", at=-30)
    for group, tag in ((SPECIALISTS, "tier_2"), (FRONTLINE, "tier_1")):
        there = ticket(tags={"tier_1", "tier_2"}, group_id=group)
        decision, change = judge(RULES, case(created(("group_id", group)), both, ticket=there))
        assert decision.verdict is Verdict.REPAIRED
        assert decision.reason == f"several tier tags; {tag} is the newest and stands"
        assert change is not None
        assert change.tags == (tag,)
    outside = case(created(), both, ticket=ticket(tags={"tier_1", "tier_2"}))
    assert judge(RULES, outside)[1] is not None


def test_a_persons_older_tag_yields_to_their_later_group() -> None:
    """The latest of their choices leads."""
    tagged = event(AGENT, ("tags", ("tier_3",), ("tier_1",)), at=-50)
    moved = event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=-30)
    given = placed("1", FRONTLINE, tagged, moved, ticket=standing("3", SPECIALISTS))
    decision, change = judge(RULES, given)
    assert decision.verdict is Verdict.FOLLOWED
    assert change is not None
    assert (change.tags, change.group) == (("tier_2",), None)


class TestSecondTime:
    """A contradiction that comes back after it was mended is left alone, with an alert, until a person chooses."""

    TOUCHED = event(AGENT, reply="Hi", at=-500)
    TRIGGER = event(None, ("group_id", SPECIALISTS, FRONTLINE), rel="trigger", at=-100)
    MENDED = ours(("tags", ("tier_2",), ("tier_1",)), at=-90, key="run-2:1")
    AGAIN = event(None, ("group_id", ENGINEERING, SPECIALISTS), rel="trigger", at=-80)

    def after(self, *events: Event, tier: str, group: int | None) -> Case:
        there = ticket(tags={f"tier_{tier}"}, group_id=group)
        return placed("1", FRONTLINE, self.TOUCHED, *events, ticket=there, own={"run-2:1": REPAIR})

    def test_the_first_is_mended(self) -> None:
        """The tag is brought to where the ticket is."""
        decision, _ = judge(RULES, self.after(self.TRIGGER, tier="1", group=SPECIALISTS))
        assert (decision.verdict, decision.reason) == (
            Verdict.REPAIRED,
            "it was moved to a group of tier 2; the tag follows",
        )

    def test_the_second_is_left_alone(self) -> None:
        """And somebody is told."""
        given = self.after(self.TRIGGER, self.MENDED, self.AGAIN, tier="2", group=ENGINEERING)
        decision, change = judge(MOVING, given)
        assert (decision.verdict, decision.notify, change) == (Verdict.HELD, ("",), None)
        assert decision.reason.endswith(
            "a second time since it was repaired; left alone until a person chooses"
        )

    def test_a_person_ends_it(self) -> None:
        """By group or by tag; then the next contradiction is mended again."""
        for choice in (
            event(AGENT, ("group_id", FRONTLINE, SPECIALISTS), at=-85),
            event(AGENT, ("tags", ("tier_1",), ("tier_2",)), at=-85),
        ):
            given = self.after(self.TRIGGER, self.MENDED, choice, self.AGAIN, tier="1", group=ENGINEERING)
            assert judge(RULES, given)[0].verdict in {Verdict.REPAIRED, Verdict.FOLLOWED}

    def test_one_that_is_in_order_again_moves_on(self) -> None:
        """Nothing contradicts, so rules move it as any other."""
        given = self.after(self.TRIGGER, self.MENDED, stirred(-1), tier="2", group=SPECIALISTS)
        assert judge(MOVING, given)[0].verdict in {Verdict.ESCALATED, Verdict.DEESCALATED}


def test_after_a_move_of_ours_group_and_tag_are_kept_together() -> None:
    """Nobody has touched it, yet assign decides no more: what a trigger does is mended, not reassigned."""
    up = ours(("tags", ("tier_2",), ("tier_1",)), ("group_id", SPECIALISTS, FRONTLINE), at=-100)
    trigger = event(None, ("group_id", ENGINEERING, SPECIALISTS), rel="trigger", at=-50)
    own = {"run-2:1": OwnChange("escalated", "x", "")}
    given = placed("1", FRONTLINE, up, trigger, ticket=standing("2", ENGINEERING), own=own)
    assert judge(RULES, given)[0].verdict is Verdict.REPAIRED
    untagged = replace(given, ticket=ticket(group_id=ENGINEERING))
    decision, change = judge(RULES, untagged)
    assert (decision.verdict, decision.reason) == (
        Verdict.ADOPTED,
        "a person has it; its group belongs to tier 3",
    )
    assert change is not None
    assert change.add_tags == ("tier_3",)
