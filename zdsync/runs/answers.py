"""A plan with what the account's own rules will make of it, for whoever reads the plan before it is carried out."""

from __future__ import annotations

from dataclasses import replace

from zdsync.plan.answers import estimate_answers
from zdsync.plan.model import Plan
from zdsync.ports.mirror import Mirror


def with_answers(mirror: Mirror, plan: Plan) -> Plan:
    """The same plan and the estimate, from the tickets, triggers and automations as last mirrored."""
    changes = {change.ticket_id: change for change in plan.ticket_changes}
    if not changes:
        return plan
    updates = ((changes[case.ticket.id], case.ticket) for case in mirror.read_cases(changes.keys()))
    return replace(plan, answers=estimate_answers(updates, mirror.read_native_rules()))
