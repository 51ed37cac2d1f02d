"""The guard: limits by count and by share, adoption apart."""

from __future__ import annotations

from tests.build import moment
from zdsync.model import TicketId
from zdsync.plan.guard import guard
from zdsync.plan.model import GroupChange, Limits, Plan, TicketChange

LIMITS = Limits(max_changes=500, max_share=0.2)


def plan(changes: int, unsolved: int, kind: str = "assigned") -> Plan:
    each = (TicketChange(TicketId(id), moment(), kind, "r", "why", "1") for id in range(1, changes + 1))
    return Plan("a", moment(), moment(), "d", unsolved, ticket_changes=tuple(each))


def test_within_limits() -> None:
    """At the limits themselves a plan may go."""
    assert guard(plan(500, 2500), LIMITS) == ()


def test_too_many() -> None:
    """One over the count is a breach that names setting and numbers."""
    (breach,) = guard(plan(501, 10_000), LIMITS)
    assert breach.limit == "max_changes"
    assert "501" in breach.message
    assert "ZDSYNC_MAX_CHANGES" in breach.message


def test_too_large_a_share() -> None:
    """A fifth and one is a breach of the share."""
    (breach,) = guard(plan(101, 500), LIMITS)
    assert breach.limit == "max_share"
    assert "ZDSYNC_MAX_SHARE" in breach.message


def test_small_plans_have_no_share() -> None:
    """Under fifty changes the share is not asked, from fifty on it is."""
    assert guard(plan(49, 49), LIMITS) == ()
    assert guard(plan(50, 50), LIMITS) != ()


def test_adoption_has_a_limit_of_its_own() -> None:
    """Ten times what a run may otherwise change."""
    allowed = 10 * LIMITS.max_changes
    assert guard(plan(allowed, allowed, "adopted"), LIMITS) == ()
    (breach,) = guard(plan(allowed + 1, allowed + 1, "adopted"), LIMITS)
    assert (breach.limit, breach.allowed, breach.found) == ("adoption", allowed, allowed + 1)
    assert "zdsync plan --only adoption" in breach.message


def test_adoption_is_not_counted() -> None:
    """The first day tags everything that people have; that is no breach."""
    assert guard(plan(1000, 1000, "adopted"), LIMITS) == ()


def test_an_empty_account() -> None:
    """No unsolved ticket, no division by zero."""
    assert guard(plan(0, 0), LIMITS) == ()


def test_parts_of_a_plan() -> None:
    """A plan can be cut down to its tickets, its account objects, or its adoption."""
    assigned, adopted = plan(1, 9).ticket_changes, plan(2, 9, "adopted").ticket_changes
    group = GroupChange("Experts", "tier 3")
    whole = Plan("a", moment(), None, "d", 9, account_changes=(group,), ticket_changes=assigned + adopted)
    assert whole.only("account").account_changes == (group,)
    assert whole.only("account").ticket_changes == ()
    assert whole.only("tickets").account_changes == ()
    assert whole.only("tickets").ticket_changes == assigned + adopted
    assert whole.only("adoption").ticket_changes == adopted
    assert whole.only("adoption").account_changes == ()
    assert not whole.is_empty
    assert Plan("a", moment(), None, "d", 9).is_empty
