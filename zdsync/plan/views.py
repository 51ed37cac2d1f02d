"""Views of tiers: what they ask for, and how one that a run made or switched is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zdsync.model import Account, GroupId, View
from zdsync.plan.model import ViewSwitch


def tier_conditions(group_ids: Iterable[GroupId], tag: str) -> tuple[tuple[str, str, str], ...]:
    """Unsolved, with the tag; in the group if there is just one (`all` cannot say: in one of these)."""
    conditions = (("status", "less_than", "solved"), ("current_tags", "includes", tag))
    ids = tuple(group_ids)
    return (*conditions, ("group_id", "is", str(ids[0]))) if len(ids) == 1 else conditions


def invert_view(
    view_id: int, before: Mapping[str, Any], after: Mapping[str, Any], account: Account, *, reason: str
) -> ViewSwitch | str | None:
    """The switch that takes a view's creation or switch back, the reason why it stays, or None when there is nothing to do.

    A view that a run made is switched off, unless somebody has changed it since. `before` and `after` are the
    journal's: of a made view what it was made of, of a switched one whether it was active.
    """
    view = next((view for view in account.views if view.id == view_id), None)
    wanted = bool(before.get("active", False))
    if view is None or view.is_active is wanted:
        return None
    if "active" not in after and not _is_as_made(view, after):
        return "somebody has changed it since"
    return ViewSwitch(view.id, view.title, wanted, reason)


def _is_as_made(view: View, made: Mapping[str, Any]) -> bool:
    groups = frozenset(GroupId(id) for id in made["group_ids"])
    return (
        view.title == made["title"]
        and frozenset(view.conditions_all) == frozenset(tier_conditions(made["group_ids"], made["tag"]))
        and not view.conditions_any
        and view.restricted_to == groups
    )
