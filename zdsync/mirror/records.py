"""Rows of the mirror as values of the model; tolerant of nulls, strict on ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from sqlalchemy import Row

from zdsync.account import FieldOption, Group, RecordField, TicketField, View
from zdsync.model import (
    Comment,
    Event,
    FieldChange,
    FieldId,
    FieldValue,
    GroupId,
    Organization,
    OrganizationId,
    Ticket,
    TicketId,
    User,
    UserId,
)


def field_value(value: Any) -> FieldValue:
    """A JSON value as a field's value: lists become tuples of text, objects their JSON text."""
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return value  # type: ignore[no-any-return]


def ticket(row: Row[Any]) -> Ticket:
    return Ticket(
        id=TicketId(row.id),
        created_at=row.created_at or row.updated_at,
        updated_at=row.updated_at,
        status=row.status or "",
        subject=row.subject or "",
        description=row.description or "",
        type=row.type,
        priority=row.priority,
        channel=row.via_channel or "",
        recipient=row.recipient,
        external_id=row.external_id,
        tags=frozenset(row.tags or ()),
        group_id=row.group_id,
        assignee_id=row.assignee_id,
        requester_id=row.requester_id,
        submitter_id=row.submitter_id,
        organization_id=row.organization_id,
        brand_id=row.brand_id,
        form_id=row.ticket_form_id,
        custom_status_id=row.custom_status_id,
        due_at=row.due_at,
        satisfaction=row.satisfaction_score,
        custom_fields={
            FieldId(field["id"]): field_value(field["value"]) for field in row.custom_fields or ()
        },
    )


def user(row: Row[Any]) -> User:
    return User(
        id=UserId(row.id),
        name=row.name or "",
        email=row.email,
        role=row.role,
        organization_id=row.organization_id,
        tags=frozenset(row.tags or ()),
        fields=_fields(row.user_fields),
        locale=row.locale,
        external_id=row.external_id,
        is_suspended=bool(row.suspended),
        is_active=row.active is not False,
    )


def organization(row: Row[Any]) -> Organization:
    return Organization(
        id=OrganizationId(row.id),
        name=row.name or "",
        external_id=row.external_id,
        domains=tuple(row.domain_names or ()),
        tags=frozenset(row.tags or ()),
        fields=_fields(row.organization_fields),
    )


def _fields(values: Mapping[str, Any] | None) -> Mapping[str, FieldValue]:
    return {name: field_value(value) for name, value in (values or {}).items()}


def event(row: Row[Any], comments: Iterable[Comment]) -> Event:
    """An update; what some machinery changed within it (its own `rel` says so) is kept apart from what was done directly."""
    direct: list[FieldChange] = []
    by_rule: list[FieldChange] = []
    for change in row.changes or ():
        (direct if change.get("rel") is None else by_rule).append(_change(change))
    return Event(
        id=row.id,
        ticket_id=TicketId(row.ticket_id),
        created_at=row.created_at,
        author_id=row.updater_id,
        channel=row.via_channel or "",
        rel=row.via_rel,
        key=row.zdsync_key,
        is_create=bool(row.is_create),
        changes=tuple(direct),
        comments=tuple(comments),
        rule_changes=tuple(by_rule),
    )


def _change(change: Mapping[str, Any]) -> FieldChange:
    return FieldChange(change["field"], field_value(change.get("value")), field_value(change.get("previous")))


def comment(row: Row[Any]) -> Comment:
    return Comment(
        id=row.id,
        created_at=row.created_at,
        author_id=row.author_id,
        is_public=bool(row.public),
        body=row.body or row.plain_body or "",
        attachments=len(row.attachments or ()),
    )


def group(row: Row[Any]) -> Group:
    is_deleted = bool(row.deleted) or row.deleted_at is not None
    return Group(GroupId(row.id), row.name or "", is_deleted=is_deleted, is_public=row.is_public is not False)


def ticket_field(row: Row[Any], options: Iterable[FieldOption]) -> TicketField:
    return TicketField(
        id=FieldId(row.id),
        title=row.title or "",
        type=row.type or "",
        key=row.key,
        is_active=row.active is not False,
        options=tuple(options),
        tag=row.tag,
    )


def record_field(row: Row[Any]) -> RecordField:
    choices = row.custom_field_options or ()
    options = tuple(FieldOption(choice.get("value") or "", choice.get("name") or "") for choice in choices)
    return RecordField(key=row.key or "", title=row.title or "", type=row.type or "", options=options)


def view(row: Row[Any]) -> View:
    conditions = row.conditions or {}
    restriction, execution = row.restriction or {}, row.execution or {}
    groups = restriction.get("ids") or [restriction.get("id")] if restriction.get("type") == "Group" else []
    return View(
        id=row.id,
        title=row.title or "",
        is_active=row.active is not False,
        description=row.description or "",
        conditions_all=_conditions(conditions.get("all")),
        conditions_any=_conditions(conditions.get("any")),
        restricted_to=frozenset(GroupId(id) for id in groups if id is not None),
        columns=tuple(str(column.get("id")) for column in execution.get("columns") or ()),
        sort_by=execution.get("sort_by") or "",
        sort_order=execution.get("sort_order") or "",
        position=row.position,
    )


def _conditions(conditions: Iterable[Mapping[str, Any]] | None) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (str(each.get("field") or ""), str(each.get("operator") or ""), _condition_value(each.get("value")))
        for each in conditions or ()
    )


def _condition_value(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    return "" if value is None else str(value)
