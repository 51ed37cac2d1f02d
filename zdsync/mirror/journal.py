"""The journal: every change intended, written before Zendesk is, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, Update, and_, bindparam, exists, func, insert, select, update

from zdsync.errors import MirrorError
from zdsync.mirror.batches import select_ids
from zdsync.mirror.engine import Database
from zdsync.mirror.tables_own import zdsync_changes as changes
from zdsync.mirror.tables_own import zdsync_runs
from zdsync.mirror.tables_tickets import ticket_comments, ticket_events
from zdsync.model import RunId, TicketId
from zdsync.ports.journal import OPEN_OUTCOMES, JournalEntry, Outcome

_FIELDS = tuple(each.name for each in fields(JournalEntry))
_THIS = changes.c.key == bindparam("of_key")
_MAY_COME_TRUE = [each.value for each in (Outcome.NOT_APPLIED, Outcome.CONFLICT, Outcome.REJECTED)]
"""Outcomes that a job which Zendesk ran late may belie."""

_UPDATED = (
    select(changes.c.object_id)
    .where(
        changes.c.object == "ticket",
        changes.c.object_id.in_(bindparam("ids", expanding=True)),
        changes.c.intended_at >= bindparam("since"),
        changes.c.outcome.in_([each.value for each in (Outcome.APPLIED, *OPEN_OUTCOMES)]),
    )
    .group_by(changes.c.object_id)
)


class ChangeJournal:
    """The port `Journal` on the table zdsync_changes. What it has taken survives a power cut."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_intents(self, entries: Sequence[JournalEntry]) -> None:
        if entries:
            with self._database.writing(durable=True) as connection:
                connection.execute(insert(changes), [_as_record(entry) for entry in entries])

    def record_sent(self, keys: Sequence[str], job_id: str) -> None:
        sent = update(changes).where(_THIS).values(outcome=Outcome.SENT.value, job_id=job_id)
        with self._database.writing(durable=True) as connection:
            _update_each(connection, sent, [{"of_key": key} for key in keys])

    def record_outcomes(
        self,
        outcomes: Sequence[tuple[str, Outcome, str]],
        at: datetime,
        object_ids: Mapping[str, int] | None = None,
    ) -> None:
        ids = object_ids or {}
        settled = (
            update(changes)
            .where(_THIS)
            .values(
                outcome=bindparam("new_outcome"),
                detail=bindparam("new_detail"),
                settled_at=bindparam("new_settled_at"),
                object_id=func.coalesce(
                    bindparam("new_object_id", type_=changes.c.object_id.type), changes.c.object_id
                ),
            )
        )
        values = [
            {
                "of_key": key,
                "new_outcome": outcome.value,
                "new_detail": detail,
                "new_settled_at": None if outcome in OPEN_OUTCOMES else at,
                "new_object_id": ids.get(key),
            }
            for key, outcome, detail in outcomes
        ]
        with self._database.writing(durable=True) as connection:
            _update_each(connection, settled, values)

    def read_open(self) -> tuple[JournalEntry, ...]:
        return self._read(
            select(changes).where(changes.c.outcome.in_([each.value for each in OPEN_OUTCOMES]))
        )

    def read_entries(
        self, run_id: RunId | None = None, ticket_id: TicketId | None = None
    ) -> tuple[JournalEntry, ...]:
        query = select(changes)
        if run_id is not None:
            query = query.where(changes.c.run_id == run_id)
        if ticket_id is not None:
            query = query.where(changes.c.object == "ticket", changes.c.object_id == ticket_id)
        return self._read(query)

    def read_busy(self, ticket_ids: Collection[TicketId], since: datetime, most: int) -> frozenset[TicketId]:
        query = _UPDATED.params(since=since).having(func.count() >= most)
        with self._database.reading() as connection:
            return frozenset(map(TicketId, select_ids(connection, query, ticket_ids)))

    def read_contradicted(self, since: datetime) -> tuple[JournalEntry, ...]:
        return self._read(_with_event(since).where(changes.c.outcome.in_(_MAY_COME_TRUE)))

    def read_public_notes(self, since: datetime) -> tuple[JournalEntry, ...]:
        comment = ticket_comments.c.audit_id == ticket_events.c.id
        shown = exists().where(comment, ticket_comments.c.public.is_(True))
        return self._read(_with_event(since).where(shown))

    def _read(self, query: Select[Any]) -> tuple[JournalEntry, ...]:
        with self._database.reading() as connection:
            return tuple(_as_entry(row) for row in connection.execute(query.order_by(changes.c.id)))


def _with_event(since: datetime) -> Select[Any]:
    """Ticket entries whose own event is mirrored; from recent runs by index, so that the journal's length costs nothing."""
    recent = select(zdsync_runs.c.id).where(zdsync_runs.c.started_at >= since)
    its_own = and_(
        ticket_events.c.ticket_id == changes.c.object_id, ticket_events.c.zdsync_key == changes.c.key
    )
    return (
        select(changes)
        .join(ticket_events, its_own)
        .where(changes.c.run_id.in_(recent), changes.c.object == "ticket")
    )


def _update_each(connection: Connection, statement: Update, values: Sequence[Mapping[str, Any]]) -> None:
    """Run the statement for each entry; raises MirrorError, and changes none, when one of them was never written."""
    if not values:
        return
    written = connection.execute(statement, values).rowcount
    if written != len(values):
        raise MirrorError(
            f"the journal lacks {len(values) - written} of {len(values)} changes whose outcome it is told",
            hint="the database was replaced while a run was under way; nothing more was written to Zendesk",
        )


def _as_record(entry: JournalEntry) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in _FIELDS}
    return {
        **values,
        "outcome": entry.outcome.value,
        "before": dict(entry.before),
        "after": dict(entry.after),
    }


def _as_entry(row: Row[Any]) -> JournalEntry:
    values = {name: getattr(row, name) for name in _FIELDS}
    return JournalEntry(**{**values, "outcome": Outcome(row.outcome), "run_id": RunId(row.run_id)})
