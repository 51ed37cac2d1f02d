"""What people are to be told of tickets: kept while it lasts, marked once it was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from zdsync.mirror.batches import in_batches
from zdsync.mirror.tables_own import zdsync_changes as changes
from zdsync.mirror.tables_way import zdsync_notices as notices
from zdsync.model import TicketId
from zdsync.ports.journal import Outcome
from zdsync.ports.way import Notice, NoticeKind, Way

_THIS = (
    notices.c.ticket_id == bindparam("of_ticket"),
    notices.c.kind == bindparam("of_kind"),
    notices.c.rule == bindparam("of_rule"),
)


def record_notices(connection: Connection, ways: Sequence[Way]) -> None:
    """Keep what holds now of these tickets; what held before stays told, what is over is forgotten."""
    wanted = {way.ticket_id: way.notices for way in ways if way.notices is not None}
    known: set[tuple[int, str, str]] = set()
    for batch in in_batches(list(wanted)):
        query = select(notices.c.ticket_id, notices.c.kind, notices.c.rule).where(
            notices.c.ticket_id.in_(batch)
        )
        known.update((row.ticket_id, row.kind, row.rule) for row in connection.execute(query))
    now = {
        (notice.ticket_id, notice.kind.value, notice.rule): notice
        for held in wanted.values()
        for notice in held
    }
    over = known - now.keys()
    if over:
        connection.execute(delete(notices).where(*_THIS), [_key(*key) for key in sorted(over)])
    new = [
        {"ticket_id": key[0], "kind": key[1], "rule": key[2], "audience": now[key].audience}
        for key in sorted(now.keys() - known)
    ]
    if new:
        connection.execute(insert(notices), new)


def read_untold(connection: Connection) -> tuple[Notice, ...]:
    """What nobody was told of yet, by kind, rule and ticket; changes made first."""
    made = (
        select(changes.c.object_id, changes.c.rule, changes.c.notify, changes.c.key)
        .where(
            changes.c.notify != "", changes.c.told_at.is_(None), changes.c.outcome == Outcome.APPLIED.value
        )
        .order_by(changes.c.rule, changes.c.object_id)
    )
    lasting = (
        select(notices)
        .where(notices.c.told_at.is_(None))
        .order_by(notices.c.kind, notices.c.rule, notices.c.ticket_id)
    )
    return (
        *(
            Notice(TicketId(row.object_id), NoticeKind.CHANGE, row.rule, row.notify, row.key)
            for row in connection.execute(made)
        ),
        *(
            Notice(TicketId(row.ticket_id), NoticeKind(row.kind), row.rule, row.audience)
            for row in connection.execute(lasting)
        ),
    )


def record_told(connection: Connection, told: Sequence[Notice], at: datetime) -> None:
    made = [{"of_key": notice.key} for notice in told if notice.key is not None]
    if made:
        this = update(changes).where(changes.c.key == bindparam("of_key"))
        connection.execute(this.values(told_at=at), made)
    lasting = [
        _key(notice.ticket_id, notice.kind.value, notice.rule) for notice in told if notice.key is None
    ]
    if lasting:
        connection.execute(update(notices).where(*_THIS).values(told_at=at), lasting)


def _key(ticket_id: int, kind: str, rule: str) -> dict[str, object]:
    return {"of_ticket": ticket_id, "of_kind": kind, "of_rule": rule}
