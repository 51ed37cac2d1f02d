"""Whether a plan is plausible: limits by count, share and habit, so that no bad rule or mirror moves a whole account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from zdsync.model import UserId
from zdsync.plan.model import ADOPTED, Breach, Limits, Plan, TicketChange

SMALL_PLAN = 50
"""Up to this many changes the share is not asked: a quiet account has few unsolved tickets."""

SMALL_RULE = 100
"""Up to this many changes of one rule its habit is not asked: so many gather while a worker is down."""
FAR_MORE = 10
"""A rule may change so many times the most it has changed in one run lately."""

MANY_ADOPTED = 10
"""Adoption may tag so many times as many tickets as a run may otherwise change: most first days, and nothing larger unread."""

SMALL_LOSS = 50
"""Up to this many unsolved tickets may be gone since the last run, however few there were."""
LEFT = 0.5
"""The share of the last run's unsolved tickets that must still be there."""

RULE_SEPARATOR = ", "
"""Stands between the rules of a ticket that several rules label."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What earlier runs that ended well tell of the next one; empty on a new installation, which limits nothing.

    `largest` is by rule the most tickets it changed in one of the latest runs that wrote. `writer` is the user that
    earlier runs wrote as: the present one, if any of them did.
    """

    unsolved: int | None = None
    largest: Mapping[str, int] = field(default_factory=dict)
    writer: UserId | None = None


def guard(
    plan: Plan, limits: Limits, habit: Habit | None = None, *, writer: UserId | None = None
) -> tuple[Breach, ...]:
    """The limits that the plan is over; empty means it may be applied unattended.

    Adoption has a limit of its own and counts for no other: it only tags tickets that people already have where they
    are. `writer` is the user that would write, None when that is not known or nothing is to be written.
    """
    counted = [change for change in plan.ticket_changes if change.kind != ADOPTED]
    found = [*_by_size(len(counted), plan.unsolved, limits)]
    found += _by_adoption(len(plan.ticket_changes) - len(counted), limits)
    if habit is not None:
        found += [*_by_rule(counted, habit), *_by_loss(plan.unsolved, habit), *_by_writer(writer, habit)]
    return tuple(found)


def warn(plan: Plan, limits: Limits) -> tuple[str, ...]:
    """What a reader of the plan should know though it stops nothing."""
    adopted = sum(change.kind == ADOPTED for change in plan.ticket_changes)
    if adopted <= limits.max_changes:
        return ()
    message = (
        f"{adopted:,} tickets would get the tier tag of the group they are in; each is an update that the account's "
        "triggers see. `zdsync plan --only adoption --out FILE` makes a plan of them alone"
    )
    return (message,)


def _by_size(changes: int, unsolved: int, limits: Limits) -> Iterator[Breach]:
    if changes > limits.max_changes:
        message = f"{changes} tickets would change; ZDSYNC_MAX_CHANGES allows {limits.max_changes}"
        yield Breach("max_changes", limits.max_changes, changes, message)
    share = changes / unsolved if unsolved else 0.0
    if changes >= SMALL_PLAN and share > limits.max_share:
        message = (
            f"{changes} of {unsolved} unsolved tickets ({share:.0%}) would change; "
            f"ZDSYNC_MAX_SHARE allows {limits.max_share:.0%}"
        )
        yield Breach("max_share", limits.max_share, share, message)


def _by_adoption(adopted: int, limits: Limits) -> Iterator[Breach]:
    allowed = MANY_ADOPTED * limits.max_changes
    if adopted > allowed:
        message = (
            f"{adopted} tickets would be adopted; {allowed}, ten times ZDSYNC_MAX_CHANGES, pass unread. "
            "`zdsync plan --only adoption --out FILE` makes a plan of them alone"
        )
        yield Breach("adoption", allowed, adopted, message)


def _by_rule(changes: list[TicketChange], habit: Habit) -> Iterator[Breach]:
    """A rule that has never changed anything has the limits of the run alone."""
    wanted = Counter(rule for change in changes for rule in change.rule.split(RULE_SEPARATOR) if rule)
    for rule, count in sorted(wanted.items()):
        allowed = max(SMALL_RULE, FAR_MORE * habit.largest.get(rule, count))
        if count > allowed:
            message = (
                f"rule {rule} would change {count} tickets, after at most {habit.largest[rule]} in one run lately; "
                f"{allowed} pass unread"
            )
            yield Breach("rule_habit", allowed, count, message)


def _by_loss(unsolved: int, habit: Habit) -> Iterator[Breach]:
    before = habit.unsolved or 0
    if before - unsolved > SMALL_LOSS and unsolved < before * LEFT:
        message = (
            f"the mirror has {unsolved} unsolved tickets, {before} at the last run; "
            "`zdsync status` tells how complete it is"
        )
        yield Breach("unsolved", before * LEFT, unsolved, message)


def _by_writer(writer: UserId | None, habit: Habit) -> Iterator[Breach]:
    if writer is not None and habit.writer is not None and writer != habit.writer:
        message = (
            f"the credentials act as user {writer}, earlier runs wrote as user {habit.writer}; "
            "check the ZENDESK_ settings"
        )
        yield Breach("writer", habit.writer, writer, message)
