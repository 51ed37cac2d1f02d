"""Targets of tiers: when they are due, met or missed, in whose time, for whom; they move nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from tests.build import AGENT, BOT, FRONTLINE, NOW, SPECIALISTS, case, created, event, moment
from tests.unit.tiers.build import OFFICE, TIERS, bound, business_hours, hours, ours, placed, standing
from zdsync.facts import derive
from zdsync.model import Case
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.lengths import Length
from zdsync.rules.model import Promise, TargetKind
from zdsync.tiers.due import Turn, outlook
from zdsync.tiers.promises import Kept, TierTarget, promised

REPLY, STAY, SOLVE = TargetKind.FIRST_REPLY, TargetKind.IN_TIER, TargetKind.SOLVE


def ruled(*promises: Promise, of: str = "1", office: bool = False) -> CompiledRules:
    """Rules in which one tier makes these promises, counted round the clock or in office hours."""
    rules = bound(calendars={of: OFFICE} if office else None)
    tiers = tuple(replace(tier, targets=promises) if tier.key == of else tier for tier in TIERS)
    return replace(rules, rules=replace(rules.rules, tiers=tiers))


def targets(rules: CompiledRules, given: Case, now: datetime = NOW) -> tuple[TierTarget, ...]:
    facts = derive(given, now, rules.ladder)
    return promised(facts.current, facts.journey, rules, now)


def one(rules: CompiledRules, given: Case) -> tuple[Kept, float | None, float | None]:
    """The only target: how it stands, and when it is due and was done in minutes from now."""
    (found,) = targets(rules, given)
    return found.state, _minutes(found.due_at), _minutes(found.ended_at)


def _minutes(at: datetime | None) -> float | None:
    return None if at is None else (at - NOW).total_seconds() / 60


def within(kind: TargetKind, length: Length, priority: str | None = None) -> Promise:
    return Promise(kind, length, priority)


def test_a_first_reply_is_a_person_s_public_one() -> None:
    """A note, a bot and a customer do not reply; a reply in time keeps it, one too late misses it, for ever."""
    rules = ruled(within(REPLY, hours(2)))
    nothing = (
        event(AGENT, note="hm", at=-590),
        event(BOT, reply="Hello", at=-590),
        event(reply="Well?", at=-590),
    )
    assert one(rules, placed("1", FRONTLINE, *nothing, at=-600)) == (Kept.MISSED, -480, None)
    assert one(rules, placed("1", FRONTLINE, *nothing, at=-100)) == (Kept.DUE, 20, None)
    in_time = event(AGENT, reply="Yes", at=-480)
    assert one(rules, placed("1", FRONTLINE, in_time, at=-600)) == (Kept.MET, -480, -480)
    late = event(AGENT, reply="Yes", at=-479)
    assert one(rules, placed("1", FRONTLINE, late, at=-600)) == (Kept.MISSED, -480, -479)


def test_a_target_is_missed_from_the_moment_it_is_due() -> None:
    """So that a run which looks then can tell."""
    rules = ruled(within(REPLY, hours(10)))
    assert one(rules, placed("1", FRONTLINE, at=-600)) == (Kept.MISSED, 0, None)


def test_solving_ends_what_was_to_be_replied() -> None:
    """A ticket solved without a reply needs none; solving keeps or misses `solve`."""
    rules = ruled(within(REPLY, hours(2)), within(SOLVE, hours(9)))
    solved = event(AGENT, ("status", "solved", "new"), at=-500)
    given = placed("1", FRONTLINE, solved, at=-600, ticket=standing("1", FRONTLINE, status="solved"))
    assert [(each.kind, each.state) for each in targets(rules, given)] == [
        (REPLY, Kept.MET),
        (SOLVE, Kept.MET),
    ]
    late = replace(given, events=(*given.events[:-1], replace(given.events[-1], created_at=moment(-10))))
    assert [each.state for each in targets(rules, late)] == [Kept.MISSED, Kept.MISSED]


def test_a_stay_stands_still_on_pending() -> None:
    """As the clock `in_tier`: its due moment is not known while it stands still, and comes later by the pause."""
    rules = ruled(within(STAY, hours(2)))
    pending = event(AGENT, ("status", "pending", "new"), at=-540)
    paused = placed("1", FRONTLINE, pending, ticket=standing("1", FRONTLINE, status="pending"))
    assert one(rules, paused) == (Kept.DUE, None, None)
    again = event(AGENT, ("status", "open", "pending"), at=-30)
    (target,) = targets(rules, placed("1", FRONTLINE, pending, again))
    assert (target.state, _minutes(target.due_at), target.elapsed_s) == (Kept.DUE, 30, 90 * 60)


def test_each_stay_has_its_own() -> None:
    """In its tier, from entering to leaving; one that ended before zdsync was there has none."""
    rules = ruled(within(STAY, hours(1)))
    up = ours(("tags", ("tier_2",), ("tier_1",)), ("group_id", SPECIALISTS), at=-570)
    back = ours(("tags", ("tier_1",), ("tier_2",)), ("group_id", FRONTLINE), at=-500)
    found = targets(rules, placed("1", FRONTLINE, up, back))
    assert [(each.position, each.state, _minutes(each.ended_at)) for each in found] == [
        (0, Kept.MET, -570),
        (2, Kept.MISSED, None),
    ]
    early = case(
        created(("group_id", FRONTLINE), at=-600),
        event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=-500),
        ours(("tags", ("tier_2",), ()), at=-400),
        ticket=standing("2", SPECIALISTS, created_at=moment(-600)),
    )
    assert targets(rules, early) == ()
    later = ruled(within(STAY, hours(1)), of="2")
    assert one(later, early) == (Kept.MISSED, -340, None)
    assert targets(later, case(created(("group_id", SPECIALISTS)))) == ()


def test_business_time_and_priority() -> None:
    """In the tier's hours, by the ticket's priority, else by the promise for all others; none for a tier without."""
    promises = (within(SOLVE, business_hours(1)), within(SOLVE, business_hours(4), "urgent"))
    rules = ruled(*promises, office=True)
    found = targets(rules, placed("1", FRONTLINE, at=-600))
    assert [(each.length, _minutes(each.due_at), each.hours) for each in found] == [
        (business_hours(1), -120, OFFICE)
    ]
    urgent = placed("1", FRONTLINE, at=-600, ticket=standing("1", FRONTLINE, priority="urgent"))
    assert one(rules, urgent) == (Kept.DUE, 60, None)
    assert targets(rules, placed("2", SPECIALISTS)) == ()


def test_the_tier_that_has_the_ticket_answers_for_it() -> None:
    """Of a ticket that was answered, the tier it was in then; else the one it is in."""
    up = ours(("tags", ("tier_2",), ("tier_1",)), ("group_id", SPECIALISTS), at=-300)
    answered = event(AGENT, reply="Yes", at=-400)
    there = standing("2", SPECIALISTS)
    frontline, specialists = (ruled(within(REPLY, hours(9)), of=tier) for tier in "12")
    assert targets(frontline, placed("1", FRONTLINE, up, ticket=there)) == ()
    assert one(specialists, placed("1", FRONTLINE, up, ticket=there)) == (Kept.MISSED, -60, None)
    assert one(frontline, placed("1", FRONTLINE, answered, up, ticket=there)) == (Kept.MET, -60, -400)
    early = case(
        created(at=-600),
        event(AGENT, reply="Yes", at=-550),
        ours(("tags", ("tier_1",), ()), at=-500),
        ticket=standing("1", FRONTLINE, created_at=moment(-600)),
    )
    assert one(frontline, early) == (Kept.MET, -60, -550)


def test_what_promises_nothing() -> None:
    """No stay, a merged ticket, a tier that is gone; and of a chat nobody can tell the first reply."""
    rules = ruled(within(REPLY, hours(1)), within(SOLVE, hours(1)))
    assert targets(rules, case(created())) == ()
    merged = placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, "closed_by_merge", status="closed"))
    assert targets(rules, merged) == ()
    chat = placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, channel="chat"))
    assert [each.kind for each in targets(rules, chat)] == [SOLVE]
    gone = replace(rules, rules=replace(rules.rules, tiers=()))
    assert targets(gone, placed("1", FRONTLINE)) == ()


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_to_be_missed_next_is_looked_at_then(whole: bool) -> None:
    """A ticket is looked at when an open target is missed; nothing is known of one whose history is not whole."""
    rules = ruled(within(REPLY, hours(12)), within(STAY, hours(1)), within(SOLVE, hours(11)))
    facts = derive(placed("1", FRONTLINE, at=-600, has_whole_history=whole), NOW, rules.ladder)
    ahead = outlook(facts, rules)
    if whole:
        assert ahead.next is not None
        assert (ahead.next.turn, ahead.due_at, len(ahead.targets)) == (Turn.TARGET, moment(60), 3)
    else:
        assert (ahead.next, ahead.targets) == (None, ())


def test_a_target_that_stands_still_is_no_moment() -> None:
    """Only an event sets it going."""
    rules = ruled(within(STAY, hours(20)))
    pending = event(AGENT, ("status", "pending", "new"), at=-10)
    given = placed("1", FRONTLINE, pending, ticket=standing("1", FRONTLINE, status="pending"))
    assert outlook(derive(given, NOW, rules.ladder), rules).next is None
