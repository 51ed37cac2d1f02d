"""No ping-pong: a change that the account's own rules would only set back again is not made."""

from __future__ import annotations

from collections.abc import Iterator

from zdsync.facts import Facts
from zdsync.plan.model import TicketChange


def contested(facts: Facts, change: TicketChange) -> tuple[str, ...]:
    """What of a change the account's triggers and automations have lately undone each time; empty: it may be made."""
    return tuple(sorted(facts.undone.intersection(_touched(change)))) if facts.undone else ()


def _touched(change: TicketChange) -> Iterator[str]:
    """Everything a change writes, as `Facts.undone` names it."""
    for diff in change.fields:
        yield diff.field.removeprefix("custom_fields.")
    if change.group is not None:
        yield "group_id"
    if change.assignee_before is not None:
        yield "assignee_id"
    for tag in (*change.add_tags, *change.remove_tags):
        yield f"tag {tag}"
