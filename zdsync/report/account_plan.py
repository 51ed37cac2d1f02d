"""The part of a plan that is about the account's own objects, for people: what is made, what drifted, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from zdsync.plan.model import (
    AccountChange,
    GroupChange,
    Plan,
    TierFieldChange,
    ViewChange,
    ViewForm,
    ViewSwitch,
    ViewUpdate,
)

_Conditions = tuple[tuple[str, str, str], ...]


def notice_lines(plan: Plan) -> Iterator[str]:
    """What the plan does not touch and somebody should look at."""
    for refused in plan.refused:
        yield f"  ! {refused.object} {refused.name!r} refused: {refused.message}"
    for notice in plan.notices:
        yield f"  = {notice.object} {notice.name!r} {notice.message}"


def account_lines(plan: Plan) -> Iterator[str]:
    """One line for each group and view that changes, and an empty one after them."""
    yield from map(_change_line, plan.account_changes)
    if plan.account_changes:
        yield ""


def _change_line(change: AccountChange) -> str:
    match change:
        case GroupChange():
            return f"+ group {change.name!r}: {change.reason}"
        case TierFieldChange():
            names = ", ".join(option.label for option in change.options)
            return f"{'+' if change.field_id is None else '~'} field {change.title!r} with {names}: {change.reason}"
        case ViewChange():
            names = ", ".join(group.name for group in change.groups)
            return f"+ view {change.title!r} for {names}: {change.reason}"
        case ViewSwitch():
            state = "on" if change.is_active else "off"
            return f"~ view {change.title!r} switched {state}: {change.reason}"
        case ViewUpdate():
            return f"~ view {change.before.title!r}: {'; '.join(update_parts(change))}"
    assert_never(change)


def update_parts(change: ViewUpdate) -> Iterator[str]:
    """What of a view changes, a phrase for each part."""
    before, after = change.before, change.after
    if before.title != after.title:
        yield f"title → {after.title!r}"
    if before.is_active is not after.is_active:
        yield f"switched {'on' if after.is_active else 'off'}"
    new = any(group.id is None for group in change.groups)
    if before.group_ids != after.group_ids or new:
        names = ", ".join(group.name for group in change.groups)
        yield f"restriction → {names or ', '.join(map(str, after.group_ids)) or 'none'}"
    if before.conditions_all != after.conditions_all:
        yield f"conditions (all) {_set_diff(before.conditions_all, after.conditions_all)}"
    if before.conditions_any != after.conditions_any:
        yield f"conditions (any) {_set_diff(before.conditions_any, after.conditions_any)}"
    yield from _output_parts(before, after)


def _output_parts(before: ViewForm, after: ViewForm) -> Iterator[str]:
    if before.columns != after.columns:
        yield f"columns → {', '.join(after.columns)}"
    if (before.sort_by, before.sort_order) != (after.sort_by, after.sort_order):
        yield f"sorted by {after.sort_by} {after.sort_order}"
    if before.position != after.position:
        yield f"position {before.position} → {after.position}"


def _set_diff(before: _Conditions, after: _Conditions) -> str:
    gone = (f"−[{' '.join(each)}]" for each in before if each not in after)
    new = (f"+[{' '.join(each)}]" for each in after if each not in before)
    return " ".join((*gone, *new))
