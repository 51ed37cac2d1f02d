"""Writes: ticket updates in batches under their stamps, groups and views through zenpy's objects."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zenpy.lib import api_objects
from zenpy.lib.exception import ZenpyException

from zdsync.account import FieldOption, Group, View
from zdsync.errors import Unreachable
from zdsync.model import METADATA_KEY, GroupId
from zdsync.plan.model import ViewForm
from zdsync.ports.account import TicketUpdate
from zdsync.zendesk import convert
from zdsync.zendesk.client import Client
from zdsync.zendesk.columns import as_int, base_row

log = logging.getLogger(__name__)

BATCH_SIZE = 100
"""Tickets that one update_many takes."""
UPDATE_MANY = "tickets/update_many.json"
_WRITTEN_AS = {"subject": "description"}
_TAG_DELTAS = ("additional_tags", "remove_tags")


class TicketWriter:
    """Hands batches of updates to the account; learns whether it takes tag deltas in them.

    Source: the OpenAPI document lists `additional_tags` and `remove_tags` for the batch form; an account that does
    not take them says so in `x-zendesk-api-warn` and leaves the tags alone.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._takes_deltas = True

    def submit(self, updates: Sequence[TicketUpdate]) -> tuple[str, bool]:
        """The job's id, and whether the account ignored the batch's tags.

        Once tags have been ignored, later batches carry the full list instead, under the same stamp.
        """
        assert len(updates) <= BATCH_SIZE, "a batch holds at most 100 tickets"
        with_deltas = self._takes_deltas
        items = [ticket_payload(update, with_deltas=with_deltas) for update in updates]
        answer = self._client.put(UPDATE_MANY, {"tickets": items})
        status = answer.body.get("job_status")
        job_id = status.get("id") if isinstance(status, dict) else None
        if not isinstance(job_id, str) or not job_id:
            raise Unreachable(
                "Zendesk took a batch of updates but named no job", hint="the next run looks each ticket up"
            )
        ignored = with_deltas and any(_names_tags(key) for key in answer.ignored_keys)
        if ignored:
            self._takes_deltas = False
            log.warning("apply.tags_ignored", extra={"job_id": job_id, "count": len(updates)})
        return job_id, ignored and any(update.add_tags or update.remove_tags for update in updates)


def _names_tags(key: str) -> bool:
    return key.rpartition(".")[2] in _TAG_DELTAS


def ticket_payload(update: TicketUpdate, *, with_deltas: bool = True) -> dict[str, Any]:
    """One ticket of the batch form: what changes, under the stamp it was decided on, marked as ours.

    The note always says `public: false`: a comment that does not say inherits the ticket's visibility, and a public
    one is mailed to the requester.
    """
    stamp = update.updated_stamp.strftime("%Y-%m-%dT%H:%M:%SZ")
    payload: dict[str, Any] = {"id": update.ticket_id, "updated_stamp": stamp, "safe_update": True}
    for name, value in update.fields.items():
        payload[name] = _custom_fields(value) if name == "custom_fields" else value
    if with_deltas:
        if update.add_tags:
            payload["additional_tags"] = list(update.add_tags)
        if update.remove_tags:
            payload["remove_tags"] = list(update.remove_tags)
    elif update.add_tags or update.remove_tags:
        payload["tags"] = list(update.all_tags)
    if update.note is not None:
        payload["comment"] = {"body": update.note, "public": False}
    payload["metadata"] = {METADATA_KEY: update.key}
    return payload


def _custom_fields(values: Mapping[int, Any]) -> list[dict[str, Any]]:
    return [
        {"id": int(ident), "value": list(value) if isinstance(value, tuple) else value}
        for ident, value in values.items()
    ]


def create_group(client: Client, name: str, description: str) -> Group:
    """As `AccountWriter.create_group`."""
    group = api_objects.Group(name=name, description=description)
    made = _made(client, client.zenpy.groups, group)
    return convert.group(base_row("groups", made))


def create_tier_field(client: Client, title: str, options: Iterable[FieldOption]) -> int:
    """As `AccountWriter.create_tier_field`. The document has no body for it; the envelope is that of the answer."""
    listed = [{"name": option.label, "value": option.value} for option in options]
    field = {"type": "tagger", "title": title, "custom_field_options": listed}
    made = client.post("ticket_fields.json", {"ticket_field": field}).body.get("ticket_field")
    id = as_int(made.get("id")) if isinstance(made, dict) else None
    if id is None:
        raise _unread("ticket field")
    return id


def add_option(client: Client, field_id: int, option: FieldOption) -> None:
    """As `AccountWriter.add_option`: an update of the field would delete every option that it does not repeat,
    together with its values on tickets (the OpenAPI document, "Ticket Fields", read 2026-11).
    """
    body = {"custom_field_option": {"name": option.label, "value": option.value}}
    client.post(f"ticket_fields/{field_id}/options.json", body)


def create_view(client: Client, form: ViewForm, description: str) -> View:
    """As `AccountWriter.create_view`.

    When written, `all` and `any` stand directly under the view; when read, under `conditions`.
    """
    view = api_objects.View(
        title=form.title,
        description=description,
        active=form.is_active,
        all=_conditions(form.conditions_all),
        any=_conditions(form.conditions_any),
        output={
            "columns": _columns(form.columns),
            "sort_by": form.sort_by,
            "sort_order": form.sort_order,
        },
        restriction=_restriction(form.group_ids),
        **({} if form.position is None else {"position": form.position}),
    )
    made = _made(client, client.zenpy.views, view)
    return convert.view(base_row("views", made))


def _conditions(conditions: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"field": field, "operator": operator, "value": value} for field, operator, value in conditions]


def _columns(columns: Iterable[str]) -> list[str | int]:
    """The subject is written as `description` (developer.zendesk.com, "Views", read 2026-11), a custom field by id."""
    return [_WRITTEN_AS.get(name) or (int(name) if name.isdigit() else name) for name in columns]


def _restriction(group_ids: Sequence[GroupId]) -> dict[str, Any] | None:
    return {"type": "Group", "ids": list(group_ids)} if group_ids else None


def update_view(client: Client, view_id: int, form: ViewForm) -> None:
    """As `AccountWriter.update_view`: the view is fetched and written back whole, for conditions and columns that are
    sent replace all there were (developer.zendesk.com, "Views", read 2026-11).
    """
    path = f"views/{view_id}.json"
    found = client.get(path).body.get("view")
    view = found if isinstance(found, dict) else {}
    execution = view.get("execution") or {}
    grouping = {
        name: execution.get(name) for name in ("group_by", "group_order") if execution.get("group_by")
    }
    sorting = {"sort_by": form.sort_by, "sort_order": form.sort_order} if form.sort_by else {}
    written = {
        "title": form.title,
        "description": view.get("description"),
        "active": form.is_active,
        "all": _conditions(form.conditions_all),
        "any": _conditions(form.conditions_any),
        "output": {"columns": _columns(form.columns), **sorting, **grouping},
        "restriction": _restriction(form.group_ids),
    }
    place = {} if form.position is None else {"position": form.position}
    client.put(path, {"view": {**written, **place}})


def switch_view(client: Client, view_id: int, *, is_active: bool) -> None:
    """As `AccountWriter.switch_view`. What is not sent stays (developer.zendesk.com, "Views", read 2026-11)."""
    client.put(f"views/{view_id}.json", {"view": {"active": is_active}})


def _made(client: Client, api: Any, thing: Any) -> dict[str, Any]:
    """Create through zenpy; the created object as plain values. No zenpy error or object gets out."""
    try:
        made: dict[str, Any] = client.make(lambda: api.create(thing)).to_dict()
    except (ZenpyException, AttributeError, LookupError, TypeError, ValueError) as err:
        raise _unread(api.object_type) from err
    if as_int(made.get("id")) is None:
        raise _unread(api.object_type)
    return made


def _unread(kind: str) -> Unreachable:
    return Unreachable(
        f"Zendesk's answer to a new {kind} could not be read; it may exist",
        hint="the next run finds it by name",
    )
