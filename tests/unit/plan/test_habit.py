"""The guard's memory: rules, the mirror's size and the writer are compared with what earlier runs did."""

from __future__ import annotations

from dataclasses import replace

from tests.build import moment
from zdsync.model import TicketId, UserId
from zdsync.plan.guard import Habit, guard, warn
from zdsync.plan.model import Limits, Plan, TicketChange

LIMITS = Limits(max_changes=500, max_share=0.2)
HABIT = Habit(unsolved=1000, largest={"refunds": 20, "rare": 1}, writer=UserId(7))


def plan(changes: int, unsolved: int, kind: str = "assigned", rule: str = "r") -> Plan:
    each = (TicketChange(TicketId(id), moment(), kind, rule, "why", "1") for id in range(1, changes + 1))
    return Plan("a", moment(), moment(), "d", unsolved, ticket_changes=tuple(each))


def by_rule(rule: str, count: int, unsolved: int = 1000) -> Plan:
    return plan(count, unsolved, rule=rule)


def test_a_rule_that_wants_far_more_than_usual() -> None:
    """Ten times the most that a rule changed lately may pass, one more is a breach that names rule and numbers."""
    assert guard(by_rule("refunds", 200), LIMITS, HABIT) == ()
    (breach,) = guard(by_rule("refunds", 201, 2000), LIMITS, replace(HABIT, unsolved=2000))
    assert breach.limit == "rule_habit"
    assert "rule refunds would change 201 tickets, after at most 20" in breach.message


def test_a_rare_rule_may_catch_up() -> None:
    """A hundred tickets of one rule gather while a worker is down; more of a rule that changed one is a breach."""
    assert guard(by_rule("rare", 100), LIMITS, HABIT) == ()
    assert [breach.limit for breach in guard(by_rule("rare", 101), LIMITS, HABIT)] == ["rule_habit"]


def test_a_new_rule_has_the_limits_of_the_run() -> None:
    """A rule that never changed anything is not compared with what it never did, nor are changes of no rule."""
    for rule in ("new", ""):
        assert guard(by_rule(rule, 200), LIMITS, HABIT) == ()


def test_each_labelling_rule_has_its_own_habit() -> None:
    """A ticket that several rules label counts for each of them."""
    (breach,) = guard(by_rule("new, rare", 150), LIMITS, HABIT)
    assert "rule rare" in breach.message


def test_a_mirror_that_shrank() -> None:
    """More than half of the unsolved tickets gone since the last run is a breach, also when nothing would change."""
    assert guard(plan(0, 500), LIMITS, HABIT) == ()
    (breach,) = guard(plan(0, 499), LIMITS, HABIT)
    assert breach.limit == "unsolved"
    assert "499 unsolved tickets, 1000 at the last run" in breach.message


def test_a_small_account_may_be_worked_off() -> None:
    """Up to fifty tickets may be gone, even all of them."""
    assert guard(plan(0, 0), LIMITS, Habit(unsolved=50)) == ()
    assert guard(plan(0, 0), LIMITS, Habit(unsolved=51)) != ()


def test_an_unknown_writer() -> None:
    """Credentials of a user that no earlier run wrote as are a breach; the same user, or none that is known, is not."""
    assert guard(plan(1, 1000), LIMITS, HABIT, writer=UserId(7)) == ()
    assert guard(plan(1, 1000), LIMITS, HABIT) == ()
    (breach,) = guard(plan(1, 1000), LIMITS, HABIT, writer=UserId(8))
    assert breach.limit == "writer"
    assert "user 8" in breach.message
    assert "user 7" in breach.message


def test_the_first_run_is_compared_with_nothing() -> None:
    """On a new installation no habit binds."""
    assert guard(plan(400, 2500), LIMITS, Habit(), writer=UserId(8)) == ()


def test_a_large_adoption_is_told() -> None:
    """More adoptions than the run's limit of changes are worth a sentence, no breach."""
    assert warn(plan(500, 5000, "adopted"), LIMITS) == ()
    (sentence,) = warn(plan(501, 5000, "adopted"), LIMITS)
    assert "501 tickets" in sentence
