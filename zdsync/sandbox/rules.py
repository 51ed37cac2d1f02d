"""Triggers that run when a ticket is written: Zendesk's order, each at most once per update."""

from __future__ import annotations

from typing import Any

from zdsync.sandbox import tags
from zdsync.sandbox.answers import ApiError, Json
from zdsync.sandbox.conditions import Asked, holds
from zdsync.sandbox.draft import Draft
from zdsync.sandbox.records import Change, Notice
from zdsync.sandbox.world import World


def run_triggers(world: World, draft: Draft, *, is_create: bool, actor_id: int) -> None:
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
            if not holds(_asked(world, draft, is_create, actor_id), row["conditions"]):
                continue
            for action in row["actions"]:
                _act(draft, action, row["id"])
            waiting = [other for other in waiting if other is not row]
            acted = True
            break


def _asked(world: World, draft: Draft, is_create: bool, actor_id: int) -> Asked:
    steps: tuple[Change, ...] = tuple(draft.steps)
    return Asked(
        world, draft.ticket, draft.values, draft.tags, draft.fields, steps, draft.comment, is_create, actor_id
    )


def _ident(value: Any) -> int | None:
    return int(value) if value not in (None, "") else None


def _act(draft: Draft, action: Json, rule: int) -> None:
    name, value = action["field"], action["value"]
    try:
        if name == "status":
            draft.set_status(value, rule)
        elif name in ("priority", "type"):
            draft.set(name, value or None, rule)
        elif name == "group_id":
            draft.set_group(_ident(value), rule)
        elif name == "assignee_id":
            draft.set_assignee(_ident(value), rule)
        elif name == "current_tags":
            draft.set_tags(tags.normalise((*draft.tags, value)), rule)
        elif name == "set_tags":
            draft.set_tags(tags.normalise(value), rule)
        elif name == "remove_tags":
            gone = set(tags.normalise(value))
            draft.set_tags(tuple(tag for tag in draft.tags if tag not in gone), rule)
        elif name.startswith("custom_fields_"):
            draft.set_field(int(name.removeprefix("custom_fields_")), value, rule)
        elif name == "notification_user":
            draft.notices.append(_notification(draft, value, rule))
    except ApiError:
        # A trigger whose action cannot be carried out is passed over; it never fails the update.
        return


def _notification(draft: Draft, value: list[str], rule: int) -> Notice:
    data = {"subject": value[1], "body": value[2], "recipients": [draft.values["requester_id"]]}
    return Notice("Notification", data, rule)
