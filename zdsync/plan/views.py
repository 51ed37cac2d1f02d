"""Views of tiers: what they ask for, their normal form, and how one that a run wrote is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from zdsync.model import Account, GroupId, View
from zdsync.plan.model import ViewForm, ViewSwitch, ViewUpdate

MARK = "Made by zdsync"
"""How the description of everything begins that zdsync has made."""

COLUMNS = ("status", "nice_id", "subject", "requester", "organization", "priority", "assignee", "updated")
"""Zendesk takes ten at most. Source: the OpenAPI document, "Views" (read 2026-11)."""

_READ_AS = {"description": "subject", "ticket_id": "nice_id"}
"""Columns have two names: the subject is written `description`, the number read as `ticket_id` in places.

Source: `views.json` of a live account (recorded 2024-02) and developer.zendesk.com, "Views" (read 2026-11).
"""


def tier_conditions(group_ids: Iterable[GroupId], tag: str) -> tuple[tuple[str, str, str], ...]:
    """Unsolved, with the tag; in the group if there is just one (`all` cannot say: in one of these)."""
    conditions = (("status", "less_than", "solved"), ("current_tags", "includes", tag))
    ids = tuple(group_ids)
    return (*conditions, ("group_id", "is", str(ids[0]))) if len(ids) == 1 else conditions


def view_description(tier: str) -> str:
    """What a tier's view says of itself; also the mark by which it is known to be ours."""
    return f"{MARK}: unsolved tickets of tier {tier}"


def is_made_for(tier: str, view: View) -> bool:
    return view.description.strip() == view_description(tier)


def wanted_form(title: str, tag: str, group_ids: Iterable[GroupId]) -> ViewForm:
    """The form that a tier's view should have, wherever it stands."""
    ids = tuple(sorted(set(group_ids)))
    conditions = tuple(sorted(tier_conditions(ids, tag)))
    return ViewForm(title, True, conditions, (), COLUMNS, "updated", "asc", ids)  # noqa: FBT003


def form_of(view: View) -> ViewForm:
    """A view's normal form: the order in which Zendesk keeps conditions and groups means nothing.

    What zdsync does not say, such as the grouping, is no part of it and stays as people set it.
    """
    return ViewForm(
        title=view.title,
        is_active=view.is_active,
        conditions_all=tuple(sorted(set(view.conditions_all))),
        conditions_any=tuple(sorted(set(view.conditions_any))),
        columns=tuple(_READ_AS.get(column, column) for column in view.columns),
        sort_by=_READ_AS.get(view.sort_by, view.sort_by),
        sort_order=view.sort_order,
        group_ids=tuple(sorted(view.restricted_to)),
        position=view.position,
    )


def is_same(one: ViewForm, other: ViewForm) -> bool:
    """Whether two forms agree in everything but the place, which Zendesk moves when other views move."""
    return replace(one, position=None) == replace(other, position=None)


def form_json(form: ViewForm) -> dict[str, Any]:
    return asdict(form)


def read_form(values: Mapping[str, Any]) -> ViewForm:
    """The form behind `form_json`, also when it went through JSON."""
    conditions = {name: tuple(map(tuple, values[name])) for name in ("conditions_all", "conditions_any")}
    lists = {"columns": tuple(values["columns"]), "group_ids": tuple(map(GroupId, values["group_ids"]))}
    return ViewForm(**{**values, **conditions, **lists})


def is_form(values: Mapping[str, Any]) -> bool:
    """Whether one side of a journal entry tells a view's whole form."""
    return "columns" in values


def invert_view(
    view_id: int, before: Mapping[str, Any], after: Mapping[str, Any], account: Account, *, reason: str
) -> ViewSwitch | ViewUpdate | str | None:
    """What takes a view's creation, update or switch back, why it stays, or None when there is nothing to do.

    A view that a run made is switched off, one that it updated goes back to its form before, unless somebody has
    changed it since. `before` and `after` are the journal's: of a made view what it was made of, of an updated one
    its forms, of a switched one whether it was active.
    """
    view = next((view for view in account.views if view.id == view_id), None)
    if view is None:
        return None
    if is_form(after):
        return _invert_update(view, read_form(before), read_form(after), reason)
    wanted = bool(before.get("active", False))
    if view.is_active is wanted:
        return None
    if "active" not in after and not _is_as_made(view, after):
        return "somebody has changed it since"
    return ViewSwitch(view.id, view.title, wanted, reason)


def _invert_update(view: View, before: ViewForm, after: ViewForm, reason: str) -> ViewUpdate | str | None:
    now = form_of(view)
    if is_same(now, before) and now.position == before.position:
        return None
    if not is_same(now, after):
        return "somebody has changed it since"
    return ViewUpdate(view.id, now, before, reason)


def _is_as_made(view: View, made: Mapping[str, Any]) -> bool:
    groups = frozenset(GroupId(id) for id in made["group_ids"])
    return (
        view.title == made["title"]
        and frozenset(view.conditions_all) == frozenset(tier_conditions(made["group_ids"], made["tag"]))
        and not view.conditions_any
        and view.restricted_to == groups
    )
