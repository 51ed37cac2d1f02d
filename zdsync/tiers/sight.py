"""What rules see of a ticket: moves and gates as it stands, less our latest marks, and `assign` as it would be without us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zdsync.actors import Actor
from zdsync.facts import Facts, put_back
from zdsync.journey import Stay
from zdsync.model import FieldChange
from zdsync.rules.compiled import CompiledRules
from zdsync.tiers.clocks import Reading


def standing(facts: Facts, reading: Reading | None = None) -> Facts:
    """The facts for a rule that looks at the ticket as it stands, our own marks included.

    What we have written since anybody else did anything is hidden from it, or one run would follow from the one before:
    a rule without a clock sees such a mark once something else has happened, and one with a clock (`reading`) also when
    its clock comes later than the mark.
    """
    due_at = reading.due_at if reading is not None else None
    is_timed = reading is not None
    hidden = tuple(
        change for at, change in facts.unfollowed if not is_timed or (due_at is not None and due_at <= at)
    )
    if facts.ticket is facts.current and not hidden:
        return facts
    return replace(
        facts,
        ticket=replace(put_back(facts.current, hidden), updated_at=facts.ticket.updated_at),
        group_stations=facts.group_stations - _stations(hidden),
        _folded={},
        _listed={},
    )


def unplaced(facts: Facts, rules: CompiledRules) -> Facts:
    """The facts for `assign`, which sees the ticket as it would be without us, its way through the tiers too.

    Else a rule that asks for the tier, or whether its calendar is open, could be answered by its own placing.
    """
    if not rules.asks_way:
        return facts
    stays: list[Stay] = []
    for stay in facts.journey.stays:
        if stay.by is not Actor.ZDSYNC:
            stays.append(stay)
        elif stays:
            stays[-1] = replace(stays[-1], left_at=stay.left_at)
    journey = replace(facts.journey, stays=tuple(stays))
    return replace(
        facts,
        journey=journey,
        in_business_hours=rules.ladder.calendar(journey.tier).is_open(facts.now),
        group_stations=facts.group_stations - _stations([change for _, change in facts.unfollowed]),
    )


def _stations(changes: Sequence[FieldChange]) -> int:
    """How many groups the ticket came to by these changes."""
    return sum(change.field == "group_id" and change.value is not None for change in changes)
