"""No ping-pong: what the account's own rules would only set back again is not written, ticket by ticket and rule by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from zdsync.facts import Facts
from zdsync.plan.guard import RULE_SEPARATOR
from zdsync.plan.model import AccountNotice, Plan, TicketChange


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


PAUSED_FROM = 3
"""So many tickets on which the account's own rules undo a rule show that it is the rule, and not the ticket."""


def without_paused(plan: Plan, contested_by_rule: Mapping[str, int]) -> Plan:
    """The plan without the changes of rules that are contested on PAUSED_FROM tickets or more, each told in a notice.

    `contested_by_rule` counts tickets that are left alone for now because the account undoes what the rule writes.
    """
    paused = {rule for rule, count in contested_by_rule.items() if rule and count >= PAUSED_FROM}
    waiting: Counter[str] = Counter()
    kept: list[TicketChange] = []
    for change in plan.ticket_changes:
        held_by = paused.intersection(change.rule.split(RULE_SEPARATOR))
        waiting.update(held_by)
        if not held_by:
            kept.append(change)
    notices = tuple(
        AccountNotice("rule", rule, _told(contested_by_rule[rule], waiting[rule])) for rule in sorted(paused)
    )
    return replace(plan, ticket_changes=tuple(kept), notices=(*plan.notices, *notices)) if paused else plan


def _told(contested: int, waiting: int) -> str:
    return (
        f"is paused for a day: the account's own triggers or automations undo it on {contested:,} tickets, "
        f"{waiting:,} more wait; let only one of the two decide (`zdsync explain TICKET` names the field)"
    )
