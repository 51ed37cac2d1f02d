"""Journeys: where a ticket is and was, who moved it, and from when its clocks count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.build import (
    AGENT,
    BOT,
    CUSTOMER,
    ENGINEERING,
    FRONTLINE,
    HELP_BOT,
    MARKETING,
    SPECIALISTS,
    WORKER,
    case,
    created,
    event,
    moment,
    ticket,
)
from tests.unit.tiers.build import OFFICE, PRIVACY_DESK
from zdsync.actors import Actor
from zdsync.calendars import ALWAYS
from zdsync.journey import Basis, Journey, Ladder, Span, travel
from zdsync.model import Case, Event, OwnChange, UserId

LADDER = Ladder(
    keys=("0", "1", "2", "3"),
    tiers_of_group={
        HELP_BOT: ("0",),
        FRONTLINE: ("1",),
        SPECIALISTS: ("2", "3"),
        ENGINEERING: ("3",),
    },
    sensitive=frozenset({PRIVACY_DESK}),
    calendars={"1": OFFICE},
)
OURS = "run-1:1"


def way(*events: Event, status: str = "open", **given: Any) -> Journey:
    """The journey of a ticket with these events after its creation, unless the first is one itself."""
    history = events if events and events[0].is_create else (created(("status", "new")), *events)
    return travel(case(*history, ticket=ticket(status=status, **given)), LADDER)


def tagged(*added: str, gone: tuple[str, ...] = (), at: float, by: UserId | None = WORKER) -> Event:
    """A change of tags, ours when the worker makes it."""
    return event(by, ("tags", added, gone), at=at, key=OURS if by == WORKER else None)


def stays(journey: Journey) -> list[tuple[str, float, float | None]]:
    """Tier, entered and left, in minutes from now."""
    base = moment()
    return [
        (
            stay.tier,
            (stay.entered_at - base).total_seconds() / 60,
            None if stay.left_at is None else (stay.left_at - base).total_seconds() / 60,
        )
        for stay in journey.stays
    ]


class TestLadder:
    def test_a_tag_claims_a_known_tier_only(self) -> None:
        """The prefix alone, an unknown tier and a foreign tag claim nothing."""
        assert [LADDER.tier_of_tag(tag) for tag in ("tier_2", "tier_9", "tier_", "2", "vip")] == [
            "2",
            None,
            None,
            None,
            None,
        ]

    def test_calendars(self) -> None:
        """A tier without calendar, and no tier, count round the clock."""
        assert (LADDER.calendar("1"), LADDER.calendar("2"), LADDER.calendar(None)) == (OFFICE, ALWAYS, ALWAYS)

    def test_order(self) -> None:
        """Tiers stand on the page from the lowest up."""
        assert LADDER.is_above("3", "0")
        assert not LADDER.is_above("1", "1")


class TestTier:
    def test_none(self) -> None:
        """Without tag and group, or in a group of no tier, a ticket is in no tier."""
        for given in (
            (),
            (event(AGENT, ("group_id", MARKETING)),),
            (event(AGENT, ("group_id", PRIVACY_DESK)),),
        ):
            journey = way(*given)
            assert (journey.tier, journey.stays, journey.moves, journey.entered_at()) == (None, (), (), None)

    def test_before_the_first_tag_the_group_tells(self) -> None:
        """A group of several tiers stands for the first of them on the page."""
        journey = way(event(AGENT, ("group_id", SPECIALISTS), at=-40))
        assert (journey.tier, stays(journey)) == ("2", [("2", -40, None)])
        assert (journey.stays[0].by, journey.stays[0].basis) == (Actor.PERSON, Basis.GROUP)
        assert (journey.governed_since, journey.entered_at()) == (None, None)

    def test_without_a_tag_a_group_of_no_tier_ends_the_stay(self) -> None:
        """Then nothing tells a tier any more; coming back to another one later is still one move."""
        journey = way(
            event(AGENT, ("group_id", FRONTLINE), at=-50),
            event(AGENT, ("group_id", MARKETING), at=-40),
            event(AGENT, ("group_id", None), at=-35),
            event(AGENT, ("group_id", ENGINEERING), at=-30),
        )
        assert stays(journey) == [("1", -50, -40), ("3", -30, None)]
        assert [(one.origin, one.to) for one in journey.moves] == [("1", "3")]

    def test_the_tag_tells(self) -> None:
        """From the first tier tag on a group of the same tier, of no tier, or for private data moves nothing."""
        journey = way(
            event(AGENT, ("group_id", SPECIALISTS), at=-50),
            tagged("tier_3", "vip", at=-45),
            event(AGENT, ("group_id", ENGINEERING), at=-40),
            event(AGENT, ("group_id", MARKETING), at=-35),
            event(AGENT, ("group_id", PRIVACY_DESK), at=-30),
        )
        assert stays(journey) == [("2", -50, -45), ("3", -45, None)]
        assert (journey.governed_since, journey.entered_at()) == (moment(-45), moment(-45))
        assert (journey.stays[1].by, journey.stays[1].key, journey.stays[1].basis) == (
            Actor.ZDSYNC,
            OURS,
            Basis.TAG,
        )

    def test_a_move_of_the_group_is_a_move_at_that_moment(self) -> None:
        """The tag follows only later, and its following is no move of its own."""
        journey = way(
            tagged("tier_1", at=-50),
            event(AGENT, ("group_id", ENGINEERING), at=-40),
            tagged("tier_3", gone=("tier_1",), at=-38),
        )
        assert stays(journey) == [("1", -50, -40), ("3", -40, None)]
        (only,) = journey.moves
        assert (only.at, only.origin, only.to, only.by, only.author_id) == (
            moment(-40),
            "1",
            "3",
            Actor.PERSON,
            AGENT,
        )
        assert journey.previous_tier == "1"

    def test_in_a_group_that_tells_nothing_the_tag_tells_again(self) -> None:
        """What a move of the group had begun is over when the ticket leaves that group before the tag has followed."""
        for group in (MARKETING, PRIVACY_DESK):
            journey = way(
                tagged("tier_1", at=-50),
                event(AGENT, ("group_id", ENGINEERING), at=-40),
                event(AGENT, ("group_id", group), at=-30),
            )
            assert stays(journey) == [("1", -50, -40), ("3", -40, -30), ("1", -30, None)]

    def test_of_two_tags_the_newest_stands(self) -> None:
        """Adding one moves the ticket; taking it away again leads back to the older, taking that away moves nothing."""
        both = (tagged("tier_1", at=-50), tagged("tier_3", at=-40, by=AGENT))
        assert way(*both).tier == "3"
        back = way(*both, tagged(gone=("tier_3",), at=-30, by=AGENT))
        assert stays(back) == [("1", -50, -40), ("3", -40, -30), ("1", -30, None)]
        assert way(*both, tagged(gone=("tier_1",), at=-30)).tier == "3"

    def test_of_two_tags_added_at_once_the_groups_tier_stands(self) -> None:
        """Else the first on the page, as in the repair of contradictions."""
        at_once = tagged("tier_3", "tier_1", "tier_2", at=-40)
        assert way(event(AGENT, ("group_id", FRONTLINE), at=-50), at_once).tier == "1"
        assert way(at_once).tier == "1"

    def test_of_two_older_tags_of_one_moment_the_groups_tier_stands(self) -> None:
        """When the newest tag goes, the rest is weighed in the same way."""
        history = (
            event(AGENT, ("group_id", ENGINEERING), at=-50),
            tagged("tier_1", "tier_3", at=-45),
            tagged("tier_0", at=-40),
            tagged(gone=("tier_0",), at=-35),
        )
        assert way(*history).tier == "3"
        assert way(*history[1:]).tier == "1"

    def test_without_its_last_tag_the_group_tells_again(self) -> None:
        """A tag that goes leaves the group's tier; a group of no tier leaves none."""
        frontline = event(AGENT, ("group_id", FRONTLINE), at=-50)
        gone = tagged(gone=("tier_2",), at=-30, by=AGENT)
        assert way(frontline, tagged("tier_2", at=-45), gone).tier == "1"
        assert stays(way(tagged("tier_2", at=-45), gone)) == [("2", -45, -30)]
        same = event(AGENT, ("group_id", SPECIALISTS), at=-50)
        assert stays(way(same, tagged("tier_2", at=-45), gone)) == [("2", -50, None)]

    def test_what_a_trigger_does_within_an_event_is_a_rules_move(self) -> None:
        """The person replied, the trigger moved: two actors in one event."""
        reply = event(AGENT, reply="Hi", at=-40)
        reply = replace(reply, rule_changes=(event(None, ("group_id", ENGINEERING)).changes))
        (only,) = way(tagged("tier_1", at=-50), reply).moves
        assert only.by is Actor.RULE
        journey = way(
            tagged("tier_1", at=-50), event(None, ("group_id", ENGINEERING), rel="automation", at=-40)
        )
        assert [stay.through for stay in journey.stays] == ["", "automation"]
        assert way(tagged("tier_1", at=-50), reply).stays[-1].through == "trigger"

    def test_previous_tier(self) -> None:
        """Where the latest move came from; none before the first."""
        first = tagged("tier_1", at=-50)
        assert way(first).previous_tier is None
        second = tagged("tier_3", gone=("tier_1",), at=-40)
        third = tagged("tier_1", gone=("tier_3",), at=-30)
        assert way(first, second, third).previous_tier == "3"


class TestSolved:
    def test_a_stay_ends_when_the_ticket_is_solved(self) -> None:
        """It still has its tier; closing changes nothing of it."""
        journey = way(
            tagged("tier_1", at=-50),
            event(AGENT, ("status", "solved", "open"), at=-40),
            event(None, ("status", "closed", "solved"), at=-30),
            status="closed",
        )
        assert (stays(journey), journey.tier, journey.solved_at) == ([("1", -50, -40)], "1", moment(-40))

    def test_a_reopened_ticket_begins_a_new_stay(self) -> None:
        """It is no move, and clocks of the tier begin anew."""
        journey = way(
            tagged("tier_1", at=-50),
            event(AGENT, ("status", "solved", "open"), at=-40),
            event(CUSTOMER, ("status", "open", "solved"), reply="Still broken", at=-20),
        )
        assert (stays(journey), journey.moves) == ([("1", -50, -40), ("1", -20, None)], ())
        assert (journey.stays[1].by, journey.stays[1].basis) == (Actor.CUSTOMER, Basis.TAG)
        assert (journey.entered_at(), journey.solved_at) == (moment(-20), None)

    def test_a_ticket_of_no_tier_is_reopened_into_none(self) -> None:
        """Nothing to begin."""
        solved = event(AGENT, ("status", "solved", "open"), at=-40)
        assert way(solved, event(CUSTOMER, ("status", "open", "solved"), at=-20)).stays == ()

    def test_a_move_of_a_solved_ticket_is_a_move(self) -> None:
        """It stays there for no time until it is reopened there."""
        journey = way(
            tagged("tier_1", at=-50),
            event(AGENT, ("status", "solved", "open"), at=-40),
            event(AGENT, ("group_id", ENGINEERING), at=-30),
            event(CUSTOMER, ("status", "open", "solved"), at=-20),
        )
        assert stays(journey) == [("1", -50, -40), ("3", -30, -30), ("3", -20, None)]
        assert [(one.at, one.by) for one in journey.moves] == [(moment(-30), Actor.PERSON)]

    def test_without_events_the_ticket_tells(self) -> None:
        """A history that does not hold the solving ends the stay where it began, at the latest knowledge."""
        given = case(tagged("tier_1", at=-50), ticket=ticket(status="solved"), has_whole_history=False)
        journey = travel(given, LADDER)
        assert (stays(journey), journey.tier) == ([("1", -50, -50)], "1")

    @pytest.mark.parametrize(
        ("status", "tags", "is_out"),
        [
            ("deleted", set(), True),
            ("closed", {"closed_by_merge"}, True),
            ("closed", set(), False),
            ("open", set(), False),
        ],
    )
    def test_merged_and_deleted_tickets_are_out(self, status: str, tags: set[str], is_out: bool) -> None:
        """They are no requests of their own any more."""
        assert way(status=status, tags=tags).is_out is is_out


class TestStatuses:
    def test_each_status_with_its_beginning(self) -> None:
        """The first one holds since creation, what was set to itself is no change."""
        journey = way(
            event(AGENT, ("status", "open", "new"), at=-50),
            event(AGENT, ("status", "open", "open"), at=-45),
            event(AGENT, ("status", "pending", "open"), at=-40),
            status="pending",
        )
        assert journey.statuses == ((moment(-60), "new"), (moment(-50), "open"), (moment(-40), "pending"))
        assert journey.status_since == moment(-40)
        assert Journey().status_since is None

    def test_a_history_without_beginning(self) -> None:
        """The status before the first known change held since creation; without any, the present one."""
        known = travel(case(event(AGENT, ("status", "open", "pending"), at=-40)), LADDER)
        assert known.statuses == ((moment(-60), "pending"), (moment(-40), "open"))
        assert travel(case(event(AGENT, note="Hm")), LADDER).statuses == ((moment(-60), "open"),)

    def test_a_ticket_newer_than_its_events(self) -> None:
        """Its own status holds since its last update."""
        journey = way(status="hold", updated_at=moment(-5))
        assert journey.statuses == ((moment(-60), "new"), (moment(-5), "hold"))

    def test_running(self) -> None:
        """New and open are one time in which the team has the ball; the others pause it."""
        journey = way(
            event(AGENT, ("status", "open", "new"), at=-55),
            event(AGENT, ("status", "pending", "open"), at=-50),
            event(CUSTOMER, ("status", "open", "pending"), at=-40),
            event(AGENT, ("status", "hold", "open"), at=-30),
            event(CUSTOMER, ("status", "open", "hold"), at=-20),
        )
        spans = [Span(moment(-60), moment(-50)), Span(moment(-40), moment(-30)), Span(moment(-20), None)]
        assert list(journey.running(moment(-60), moment())) == spans
        assert list(journey.running(moment(-52), moment(-45))) == [Span(moment(-52), moment(-50))]
        assert list(journey.running(moment(-50), moment())) == spans[1:]


class TestClocks:
    def test_waiting_for_an_answer(self) -> None:
        """From the oldest comment of a customer until a person answers publicly; nothing else answers."""
        opened = created(("status", "new"))
        assert way(opened).waiting_since == moment(-60)
        for deed in (
            event(AGENT, note="Between us", at=-40),
            event(BOT, reply="Have you tried our article?", at=-40),
            event(WORKER, reply="By us", key=OURS, at=-40),
            event(AGENT, reply="By a trigger", rel="trigger", at=-40),
            event(None, reply="By the system", at=-40),
            event(CUSTOMER, reply="Hello?", at=-40),
        ):
            journey = way(opened, deed)
            assert (journey.waiting_since, journey.first_reply_at) == (moment(-60), None)
        answered = way(opened, event(AGENT, reply="Hi", at=-40))
        assert (answered.waiting_since, answered.first_reply_at) == (None, moment(-40))
        again = way(
            opened,
            event(AGENT, reply="Hi", at=-40),
            event(CUSTOMER, reply="And?", at=-30),
            event(CUSTOMER, reply="Well?", at=-25),
        )
        assert (again.waiting_since, again.first_reply_at) == (moment(-30), moment(-40))
        twice = way(opened, event(AGENT, reply="Hi", at=-40), event(AGENT, reply="Done", at=-30))
        assert twice.first_reply_at == moment(-40)

    def test_an_agent_who_asks_is_the_customer(self) -> None:
        """The requester waits, whoever they are elsewhere; a ticket that an agent opens for a customer waits for nobody."""
        asked = created(author=AGENT)
        assert way(asked, requester_id=AGENT).waiting_since == moment(-60)
        journey = way(asked)
        assert (journey.waiting_since, journey.first_reply_at) == (None, None)

    def test_unassigned(self) -> None:
        """Since creation, or since the assignee was taken away; an assigned ticket is not."""
        assert way().unassigned_since == moment(-60)
        given = event(AGENT, ("assignee_id", AGENT, None), at=-50)
        assert way(given, assignee_id=AGENT).unassigned_since is None
        taken = event(AGENT, ("assignee_id", None, AGENT), at=-40)
        assert way(given, taken).unassigned_since == moment(-40)
        assert way(
            given, taken, event(AGENT, ("assignee_id", None, None), at=-30)
        ).unassigned_since == moment(-40)

    def test_updated_by_others(self) -> None:
        """Our own updates do not count, also where a trigger answers within them."""
        mine = event(WORKER, ("priority", "high"), key=OURS, at=-20, by_rule=[("type", "problem")])
        assert way(event(BOT, note="Hm", at=-30), mine).others_did_at == moment(-30)
        assert Journey().others_did_at is None


def test_case_without_staff() -> None:
    """Nobody known as staff: the author of every public comment is a customer."""
    given: Case = case(created(), event(AGENT, reply="Hi", at=-40), staff={})
    assert travel(given, LADDER).waiting_since == moment(-60)


class TestRest:
    """Whether anybody else has done anything since the ticket came to its tier."""

    def test_our_placing_and_moves_bring_rest(self) -> None:
        """The first tag and moving do, also a vendor's turn, which changes neither tag nor group."""
        placing = event(WORKER, ("tags", ("tier_1",), ()), key="run-1:1", at=-50)
        assert travel(case(created(), placing), LADDER).is_stirred is False
        sent = event(WORKER, ("status", "hold", "open"), key="run-2:1", at=-40)
        stir = event(CUSTOMER, reply="Any news?", at=-45)
        own = {"run-2:1": OwnChange("escalated", "vendor", "")}
        assert travel(case(created(), placing, stir), LADDER).is_stirred
        assert travel(case(created(), placing, stir, sent, own_changes=own), LADDER).is_stirred is False

    def test_our_labels_change_nothing(self) -> None:
        """A label of ours neither stirs nor brings rest, nor does the tag that follows a person's move."""
        label = event(WORKER, ("tags", ("churn_risk",), ()), key="run-2:1", at=-40)
        assert travel(case(created(), label), LADDER).is_stirred
        placing = event(WORKER, ("tags", ("tier_1",), ()), key="run-1:1", at=-50)
        moved = event(AGENT, ("group_id", SPECIALISTS), ("priority", "high"), at=-40)
        follows = event(WORKER, ("tags", ("tier_2",), ("tier_1",)), key="run-2:1", at=-30)
        assert travel(case(created(), placing, moved, follows), LADDER).is_stirred

    @pytest.mark.parametrize(
        ("beside", "is_stirred"),
        [
            ((), False),
            ((("assignee_id", AGENT), ("status", "open", "new")), False),
            ((("tags", ("tier_2",), ("tier_1",)),), False),
            ((("tags", ("ask",), ()),), True),
            ((("priority", "high"),), True),
        ],
    )
    def test_a_move_by_anybody_brings_rest(self, beside: tuple[Any, ...], is_stirred: bool) -> None:
        """But for what else was changed in that update; what is done later stirs again."""
        placing = event(WORKER, ("tags", ("tier_1",), ()), key="run-1:1", at=-50)
        for rel in (None, "trigger"):
            moved = event(AGENT, ("group_id", SPECIALISTS), *beside, rel=rel, reply="Mine", at=-40)
            assert travel(case(created(), placing, moved), LADDER).is_stirred is is_stirred
            later = event(AGENT, note="Hm", at=-30)
            assert travel(case(created(), placing, moved, later), LADDER).is_stirred
