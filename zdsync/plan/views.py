"""Views of ours: what they ask for, their normal form, and how one that a run wrote is taken back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from zdsync.account import Account, View
from zdsync.model import GroupId
from zdsync.plan.model import ViewForm, ViewSwitch, ViewUpdate
from zdsync.plan.own_views import CRACKS, VENDOR

MARK = "Made by zdsync"
"""How the description of everything begins that zdsync has made."""

MAX_BYTES = 65_000
COLUMNS = ("status", "nice_id", "subject", "requester", "organization", "priority", "assignee", "updated")
"""Zendesk takes ten at most. Source: the OpenAPI document, "Views" (read 2026-11)."""

_OF_NO_TIER = {VENDOR: "that wait for a vendor", CRACKS: "that fall through the cracks"}
_READ_AS = {"description": "subject", "ticket_id": "nice_id"}
"""Columns have two names: the subject is written `description`, the number read as `ticket_id` in places.

Source: `views.json` of a live account (recorded 2024-02) and developer.zendesk.com, "Views" (read 2026-11).
"""


def tier_conditions(group_ids: Iterable[GroupId], tag: str) -> tuple[tuple[str, str, str], ...]:
    """Unsolved, with the tag; in the group if there is just one (`all` cannot say: in one of these).

    Without a tag it is unsolved tickets, wherever they are.
    """
    if not tag:
        return (("status", "less_than", "solved"),)
    conditions = (("status", "less_than", "solved"), ("current_tags", "includes", tag))
    ids = tuple(group_ids)
    return (*conditions, ("group_id", "is", str(ids[0]))) if len(ids) == 1 else conditions


def view_description(key: str) -> str:
    """What a view of ours says of itself; also the mark by which it is known to be ours."""
    return f"{MARK}: unsolved tickets {_OF_NO_TIER.get(key) or f'of tier {key}'}"


def is_made_for(key: str, view: View) -> bool:
    return view.description.strip() == view_description(key)


def wanted_form(
    title: str, tag: str, group_ids: Iterable[GroupId], conditions_any: Iterable[tuple[str, str, str]] = ()
) -> ViewForm:
    """The form that a view of ours should have, wherever it stands."""
    ids = tuple(sorted(set(group_ids)))
    every, some = tuple(sorted(tier_conditions(ids, tag))), tuple(sorted(conditions_any))
    return ViewForm(title, True, every, some, COLUMNS, "updated", "asc", ids)  # noqa: FBT003


def too_large(form: ViewForm) -> str | None:
    """Why Zendesk would not take a view of this form; None when it would.

    Source: Zendesk help, "About automations" (business rules under 65 KB), and the OpenAPI document (read 2026-11).
    """
    if len(json.dumps(form_json(form))) >= MAX_BYTES:
        return f"its conditions and groups are over the {MAX_BYTES // 1000} KB that Zendesk takes"
    return None


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


Step = tuple[Mapping[str, Any], Mapping[str, Any]]
"""What the journal keeps of one write to a view: before and after.

Of a made view `after` is what it was made of, of an updated one both are its forms, of a switched one whether it was
active.
"""


def invert_view(
    view_id: int, steps: Sequence[Step], account: Account, *, reason: str
) -> ViewSwitch | ViewUpdate | str | None:
    """What takes a view's writes back (`steps`, oldest first), why it stays, or None when there is nothing to do.

    A view that a run made is switched off, one that it updated goes back to its form before, unless somebody has
    changed it since.
    """
    view = next((view for view in account.views if view.id == view_id), None)
    if view is None:
        return None
    form = now = form_of(view)
    for before, after in reversed(steps):
        earlier = _step_back(form, before, after)
        if earlier is None:
            return "somebody has changed it since"
        form = earlier
    if form == now:
        return None
    if any(before and is_form(after) for before, after in steps):
        return ViewUpdate(view.id, now, form, reason)
    return ViewSwitch(view.id, view.title, form.is_active, reason)


def _step_back(form: ViewForm, before: Mapping[str, Any], after: Mapping[str, Any]) -> ViewForm | None:
    """The form before one write; None when `form` is not what that write left."""
    if before and is_form(after):
        old = read_form(before)
        if is_same(form, old) and form.position == old.position:
            return form
        return old if is_same(form, read_form(after)) else None
    wanted = bool(before.get("active", False))
    if form.is_active is wanted or ("active" not in after and not _is_as_made(form, after)):
        return form if form.is_active is wanted else None
    return replace(form, is_active=wanted)


def _is_as_made(form: ViewForm, made: Mapping[str, Any]) -> bool:
    """Journals of earlier versions keep what a view was made of, later ones its form."""
    if is_form(made):
        return is_same(form, read_form(made))
    return (
        form.title == made["title"]
        and form.conditions_all == tuple(sorted(tier_conditions(made["group_ids"], made["tag"])))
        and not form.conditions_any
        and form.group_ids == tuple(sorted(map(GroupId, made["group_ids"])))
    )
