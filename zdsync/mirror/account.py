"""Reading the account's configuration: what names in rules may mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, select

from zdsync.account import Account, FieldOption, Named, RecordField, TicketField
from zdsync.mirror import records
from zdsync.mirror.base import columns_without
from zdsync.mirror.objects import read_known, read_undone_views
from zdsync.mirror.schedules import read_schedules
from zdsync.mirror.tables_account import (
    brands,
    custom_statuses,
    group_memberships,
    groups,
    organization_fields,
    ticket_field_options,
    ticket_fields,
    ticket_forms,
    user_fields,
    users,
    views,
)
from zdsync.model import GroupId, User, UserId


def read_account(connection: Connection) -> Account:
    """What lives in the account; deleted groups stay, marked, since tickets may still name them."""
    return Account(
        groups=tuple(records.group(row) for row in connection.execute(select(groups).order_by(groups.c.id))),
        ticket_fields=_read_ticket_fields(connection),
        user_fields=_read_record_fields(connection, user_fields),
        organization_fields=_read_record_fields(connection, organization_fields),
        brands=_read_named(connection, brands, brands.c.name),
        forms=_read_named(connection, ticket_forms, ticket_forms.c.name),
        custom_statuses=_read_named(connection, custom_statuses, custom_statuses.c.agent_label),
        views=tuple(records.view(row) for row in _read_alive(connection, views)),
        schedules=read_schedules(connection),
        staff=read_staff(connection),
        members=_read_members(connection),
        known=read_known(connection),
        undone_views=read_undone_views(connection),
    )


def read_staff(connection: Connection) -> Mapping[UserId, User]:
    """All agents and admins by id, former ones too: what they did was done by a person."""
    columns = columns_without(users, "url", "details", "notes")
    staff = select(*columns).where(users.c.role.in_(("agent", "admin"))).order_by(users.c.id)
    return {UserId(row.id): records.user(row) for row in connection.execute(staff)}


def _read_members(connection: Connection) -> Mapping[GroupId, frozenset[UserId]]:
    members: defaultdict[GroupId, set[UserId]] = defaultdict(set)
    pairs = select(group_memberships.c.group_id, group_memberships.c.user_id)
    for group_id, user_id in connection.execute(pairs.where(group_memberships.c.deleted_at.is_(None))):
        members[GroupId(group_id)].add(UserId(user_id))
    return {id: frozenset(users) for id, users in members.items()}


def _read_alive(connection: Connection, table: Table) -> Sequence[Row[Any]]:
    columns = columns_without(table, "url")
    return connection.execute(select(*columns).where(table.c.deleted_at.is_(None)).order_by(table.c.id)).all()


def _read_named(connection: Connection, table: Table, name: Column[Any]) -> tuple[Named, ...]:
    query = select(table.c.id, name).where(table.c.deleted_at.is_(None)).order_by(table.c.id)
    return tuple(Named(id, label or "") for id, label in connection.execute(query))


def _read_record_fields(connection: Connection, table: Table) -> tuple[RecordField, ...]:
    return tuple(records.record_field(row) for row in _read_alive(connection, table))


def _read_ticket_fields(connection: Connection) -> tuple[TicketField, ...]:
    choices: defaultdict[int, list[FieldOption]] = defaultdict(list)
    options = ticket_field_options
    by_place = (
        select(options).where(options.c.deleted_at.is_(None)).order_by(options.c.position, options.c.id)
    )
    for row in connection.execute(by_place):
        choices[row.ticket_field_id].append(FieldOption(row.value or "", row.name or "", row.id))
    return tuple(
        records.ticket_field(row, choices.get(row.id, ())) for row in _read_alive(connection, ticket_fields)
    )
