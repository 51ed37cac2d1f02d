"""When time alone next changes an outcome: no moment may be missing, and which clocks are close."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.build import AGENT, ENGINEERING, FRONTLINE, NOW, SPECIALISTS, event, moment
from tests.unit.tiers.build import (
    OFFICE,
    after,
    bound,
    business_hours,
    hours,
    move,
    ours,
    placed,
    standing,
    where,
)
from zdsync.calendars import Calendar, Week
from zdsync.facts import derive
from zdsync.model import Case, Hold, HoldReason, OwnChange, TicketId
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.lengths import Clock, Length, Unit
from zdsync.rules.model import Condition, MoveLimit, Operator, Rule
from zdsync.tiers.due import ComingMove, Outlook, outlook

LATE = move("late", "1", "2", after=after(Clock.UNANSWERED, hours(12)), warn_at=Fraction(3, 4))


def ahead(rules: CompiledRules, given: Case) -> Outlook:
    return outlook(derive(given, NOW, rules.ladder), rules)


def due(rules: CompiledRules, given: Case) -> float | None:
    """The next moment, in minutes from now."""
    at = ahead(rules, given).due_at
    return None if at is None else (at - NOW).total_seconds() / 60


def test_nothing_ahead() -> None:
    """No clock, no hold, no boundary: only an event can change the outcome."""
    assert ahead(bound(), placed("1", FRONTLINE)) == Outlook(None)


@pytest.mark.parametrize("status", ["solved", "closed"])
def test_a_finished_ticket_has_no_future(status: str) -> None:
    """Nothing is due any more."""
    rules = bound(escalate=(LATE,))
    assert ahead(rules, placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, status=status))) == Outlook(
        None
    )


def test_a_clock_that_runs() -> None:
    """First its warning, then its end; past, neither."""
    rules = bound(escalate=(LATE,))
    assert due(rules, placed("1", FRONTLINE, at=-500)) == 40
    assert due(rules, placed("1", FRONTLINE, at=-600)) == 120
    assert due(rules, placed("1", FRONTLINE, at=-800)) is None


def test_a_clock_whose_conditions_do_not_hold_now() -> None:
    """They may hold by then: an early look costs little, a late one is a lost move."""
    rules = bound(escalate=(replace(LATE, all=where("tags", "hot"), warn_at=None),))
    assert due(rules, placed("1", FRONTLINE, at=-600)) == 120


def test_a_clock_that_stands_still_or_never_comes() -> None:
    """Only an event sets it going."""
    rules = bound(escalate=(LATE,))
    paused = event(AGENT, ("status", "pending", "new"), at=-500)
    given = placed("1", FRONTLINE, paused, ticket=standing("1", FRONTLINE, status="pending"))
    assert due(rules, given) is None
    closed = Calendar("closed", (Week("UTC", ()),))
    never = bound(
        escalate=(replace(LATE, after=after(Clock.UNANSWERED, business_hours(1))),), calendars={"1": closed}
    )
    assert due(never, placed("1", FRONTLINE)) is None


def test_the_nearest_of_all() -> None:
    """Of several moments the first."""
    rules = bound(
        escalate=(
            replace(LATE, warn_at=None),
            move("other", "1", "3", after=after(Clock.IN_TIER, hours(11))),
        ),
        deescalate=(move("down", "1", "0", after=after(Clock.IN_STATUS, hours(99))),),
    )
    assert due(rules, placed("1", FRONTLINE, at=-600)) == 60


class TestWarnings:
    def test_the_list_before_the_breach(self) -> None:
        """From its share on until it has come."""
        rules = bound(escalate=(LATE,))
        coming = (ComingMove(TicketId(1), LATE, moment(120)),)
        assert ahead(rules, placed("1", FRONTLINE, at=-500)).warnings == ()
        assert ahead(rules, placed("1", FRONTLINE, at=-600)).warnings == coming
        assert ahead(rules, placed("1", FRONTLINE, at=-720)).warnings == ()

    def test_only_of_rules_that_would_act(self) -> None:
        """One whose conditions do not hold, one without `warn_at`, and one without clock warn of nothing."""
        for rule in (
            replace(LATE, all=where("tags", "hot")),
            replace(LATE, warn_at=None),
            replace(LATE, after=None),
        ):
            assert ahead(bound(escalate=(rule,)), placed("1", FRONTLINE, at=-600)).warnings == ()

    def test_one_that_is_kept_back_warns_of_nothing(self) -> None:
        """A hold that lasts longer than the clock, an undo's, a person's move, the limit; unless the rule passes it."""
        rules = bound(escalate=(LATE,))
        forced = bound(escalate=(replace(LATE, even_if_held=True),))

        def warns(rules: CompiledRules, given: Case) -> bool:
            return bool(ahead(rules, given).warnings)

        hold = Hold(TicketId(1), HoldReason.MANUAL, moment(-60))
        held = placed("1", FRONTLINE, at=-600, holds=(hold,))
        assert (warns(rules, held), warns(forced, held)) == (False, True)
        assert not warns(rules, replace(held, holds=(replace(hold, until=moment(121)),)))
        assert warns(rules, replace(held, holds=(replace(hold, until=moment(120)),)))
        assert not warns(forced, replace(held, holds=(replace(hold, reason=HoldReason.UNDO),)))
        moved = event(AGENT, ("group_id", FRONTLINE, SPECIALISTS), at=-590)
        theirs = placed("2", SPECIALISTS, moved, at=-600, ticket=standing("1", FRONTLINE))
        assert (warns(rules, theirs), warns(forced, theirs)) == (False, True)
        limited = bound(
            escalate=(LATE,), move_limit=MoveLimit(1, Length(7, Unit.DAYS)), manual_override=hours(1)
        )
        assert not warns(limited, theirs)
        vendor = bound(
            escalate=(replace(LATE, to="external"),),
            move_limit=MoveLimit(1, Length(7, Unit.DAYS)),
            manual_override=hours(1),
        )
        assert warns(vendor, theirs)

    def test_one_that_stands_still_warns_of_nothing(self) -> None:
        """Nobody knows when it would come."""
        paused = event(AGENT, ("status", "pending", "new"), at=-10)
        given = placed("1", FRONTLINE, paused, ticket=standing("1", FRONTLINE, status="pending"))
        assert ahead(bound(escalate=(LATE,)), given).warnings == ()


def test_holds_end() -> None:
    """Each at its moment; one without end not by time."""
    hold = Hold(TicketId(1), HoldReason.MANUAL, moment(-60))
    given = placed("1", FRONTLINE, holds=(hold, replace(hold, until=moment(45))))
    assert due(bound(), given) == 45


def test_respect_ends() -> None:
    """When a person's move has been respected for long enough."""
    moved = event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=-60)
    given = placed("1", FRONTLINE, moved, ticket=standing("2", SPECIALISTS))
    assert due(bound(manual_override=business_hours(2)), given) == 60


def test_a_respect_that_never_ends_is_no_moment() -> None:
    """A calendar that does not open again has none to tell."""
    closed = Calendar("closed", (Week("UTC", ()),))
    moved = event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=-60)
    given = placed("1", FRONTLINE, moved, ticket=standing("2", SPECIALISTS))
    assert due(bound(calendars={"2": closed}), given) is None


def test_the_move_limit_ends() -> None:
    """When the oldest of the moves is out of its time."""
    moved = event(None, ("group_id", ENGINEERING), ("tags", ("tier_3",), ("tier_1",)), rel="trigger", at=-60)
    given = placed("1", FRONTLINE, moved, ticket=standing("3", ENGINEERING))
    assert due(bound(move_limit=MoveLimit(1, Length(90, Unit.MINUTES))), given) == 30


def test_the_next_reminder() -> None:
    """Of a ticket at a vendor's."""
    vendor = move("vendor", "2", "external", remind_after=hours(2))
    out = ours(("status", "hold", "new"), ("tags", ("with_vendor",), ()), at=-150)
    there = standing("2", SPECIALISTS, "with_vendor", status="hold")
    own = {"run-2:1": OwnChange("escalated", "vendor", "")}
    assert due(bound(escalate=(vendor,)), placed("2", SPECIALISTS, out, ticket=there, own=own)) == 90


def test_what_rules_of_the_account_undo_is_tried_again() -> None:
    """A day after it was set back for the second time."""
    steps = [
        deed
        for at in (-40, -20)
        for deed in (
            ours(("priority", "high", None), at=at),
            event(None, ("priority", None, "high"), rel="trigger", at=at + 1),
        )
    ]
    assert due(bound(), placed("1", FRONTLINE, *steps)) == 24 * 60 - 19


def test_opening_hours() -> None:
    """When a condition asks for them, the tier's next opening or closing; else they matter to nobody."""
    asks = Rule("asks", "Asks", all=(Condition("in_business_hours", Operator.IS, (True,)),))
    given = placed("1", FRONTLINE)
    assert due(bound(ignore=(asks,), calendars={"1": OFFICE}), given) == 330
    assert due(bound(calendars={"1": OFFICE}), given) is None
    assert due(bound(ignore=(asks,)), given) is None
