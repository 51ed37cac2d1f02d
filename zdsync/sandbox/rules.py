"""Triggers that run when a ticket is written: Zendesk's order, each at most once per update."""

from __future__ import annotations

from zdsync.sandbox.actions import act
from zdsync.sandbox.conditions import Asked, holds
from zdsync.sandbox.draft import Draft
from zdsync.sandbox.world import World


def run_triggers(
    world: World, draft: Draft, *, is_create: bool, actor_id: int, channel: str | None = None
) -> None:
    """Apply the active triggers to a draft.

    After one has acted the list is gone through again from the top, without those that have acted
    (support.zendesk.com, "About triggers and how they work").
    """
    waiting = sorted(
        (row for row in world.tables["triggers"].values() if row["active"]), key=lambda row: row["position"]
    )
    acted = True
    while acted:
        acted = False
        for row in waiting:
            if not holds(asked_of(draft, is_create, actor_id, channel), row["conditions"]):
                continue
            for action in row["actions"]:
                act(draft, action, row["id"], actor_id)
            waiting = [other for other in waiting if other is not row]
            acted = True
            break


def asked_of(draft: Draft, is_create: bool, actor_id: int | None, channel: str | None) -> Asked:
    """What conditions are judged on while an update is made."""
    return Asked(
        draft.world,
        draft.ticket,
        draft.values,
        draft.tags,
        draft.fields,
        tuple(draft.steps),
        draft.comment,
        is_create,
        actor_id,
        channel,
    )
