"""Holds: which tickets rules are to leave alone, set and ended, never erased."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, exists, insert, or_, select, update

from zdsync.mirror.batches import in_batches, select_ids
from zdsync.mirror.tables_own import zdsync_changes as changes
from zdsync.mirror.tables_own import zdsync_holds as holds
from zdsync.mirror.way import touch
from zdsync.model import Hold, HoldReason, RunId, TicketId
from zdsync.ports.journal import Outcome

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_IS_RESTORED = exists().where(
    changes.c.object == "ticket",
    changes.c.object_id == holds.c.ticket_id,
    changes.c.run_id == holds.c.run_id,
    changes.c.outcome == Outcome.APPLIED.value,
)
_STANDING = (
    select(holds)
    .where(
        holds.c.ticket_id.in_(_IDS),
        holds.c.ended_at.is_(None),
        or_(holds.c.reason != HoldReason.UNDO.value, _IS_RESTORED),
    )
    .order_by(holds.c.id)
)
_OF_RUN = select(holds.c.ticket_id).where(holds.c.run_id == bindparam("run"), holds.c.ticket_id.in_(_IDS))


def record_holds(connection: Connection, new: Sequence[Hold]) -> None:
    """Store the holds; a new one by hand takes the place of the ticket's earlier one."""
    by_hand = [hold for hold in new if hold.reason is HoldReason.MANUAL]
    for hold in by_hand:
        end_holds(connection, [hold.ticket_id], hold.since, reason=HoldReason.MANUAL)
    touch(connection, [hold.ticket_id for hold in new])
    if new:
        connection.execute(insert(holds), [{**asdict(hold), "reason": hold.reason.value} for hold in new])


def end_holds(
    connection: Connection,
    ticket_ids: Collection[TicketId],
    at: datetime,
    *,
    run_id: RunId | None = None,
    reason: HoldReason | None = None,
) -> int:
    """End the holds of these tickets that stand, only those of one run or reason when given; how many there were."""
    touch(connection, ticket_ids)
    standing = update(holds).where(holds.c.ended_at.is_(None)).values(ended_at=at)
    if run_id is not None:
        standing = standing.where(holds.c.run_id == run_id)
    if reason is not None:
        standing = standing.where(holds.c.reason == reason.value)
    return sum(
        connection.execute(standing.where(holds.c.ticket_id.in_(batch))).rowcount
        for batch in in_batches(ticket_ids)
    )


def read_standing(connection: Connection, ticket_ids: Collection[int]) -> dict[int, tuple[Hold, ...]]:
    """The holds nobody has ended, by ticket, oldest first; one set by an undo that did not happen is none."""
    found: defaultdict[int, list[Hold]] = defaultdict(list)
    for row in connection.execute(_STANDING, {"ids": list(ticket_ids)}):
        found[row.ticket_id].append(_hold(row))
    return {ticket_id: tuple(standing) for ticket_id, standing in found.items()}


def read_held_by(
    connection: Connection, run_id: RunId, ticket_ids: Collection[TicketId]
) -> frozenset[TicketId]:
    """Those of the tickets that this run has held, though the hold may have ended."""
    return frozenset(map(TicketId, select_ids(connection, _OF_RUN.params(run=run_id), ticket_ids)))


def _hold(row: Row[Any]) -> Hold:
    return Hold(
        ticket_id=TicketId(row.ticket_id),
        reason=HoldReason(row.reason),
        since=row.since,
        until=row.until,
        rules_digest=row.rules_digest,
        run_id=None if row.run_id is None else RunId(row.run_id),
    )
