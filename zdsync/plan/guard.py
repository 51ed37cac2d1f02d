"""Whether a plan is plausible: limits by count and by share, so that one bad rule cannot move a whole account."""

from __future__ import annotations

from zdsync.plan.model import ADOPTED, Breach, Limits, Plan

SMALL_PLAN = 50
"""Up to this many changes the share is not asked: a quiet account has few unsolved tickets."""


def guard(plan: Plan, limits: Limits) -> tuple[Breach, ...]:
    """The limits that the plan is over; empty means it may be applied unattended.

    Adoption is not counted: it only tags tickets that people already have where they are.
    """
    changes = sum(change.kind != ADOPTED for change in plan.ticket_changes)
    breaches = []
    if changes > limits.max_changes:
        message = f"{changes} tickets would change; ZDSYNC_MAX_CHANGES allows {limits.max_changes}"
        breaches.append(Breach("max_changes", limits.max_changes, changes, message))
    share = changes / plan.unsolved if plan.unsolved else 0.0
    if changes >= SMALL_PLAN and share > limits.max_share:
        message = (
            f"{changes} of {plan.unsolved} unsolved tickets ({share:.0%}) would change; "
            f"ZDSYNC_MAX_SHARE allows {limits.max_share:.0%}"
        )
        breaches.append(Breach("max_share", limits.max_share, share, message))
    return tuple(breaches)
