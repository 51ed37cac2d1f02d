"""Pauses: rules that the account's own triggers keep undoing write nothing until that is over."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from zdsync.plan.contest import without_paused
from zdsync.plan.model import AccountNotice, Plan
from zdsync.rules.model import RuleSet
from zdsync.runs.plan import Planned


def with_pauses(planned: Planned, rules: RuleSet) -> Planned:
    """The same decisions; their plan without the changes of paused rules, which are told in its notices.

    Rules for private data are never paused: each ticket that they can move is one less in an open queue.
    """
    private = {rule.id for rule in rules.rules if rule.then.private_only}
    contested = Counter({rule: count for rule, count in planned.contested.items() if rule not in private})
    return replace(planned, plan=without_paused(planned.plan, contested))


def paused_rules(plan: Plan) -> tuple[AccountNotice, ...]:
    """What the plan tells of rules that are paused."""
    return tuple(notice for notice in plan.notices if notice.object == "rule")
