"""Which of the account's groups and views the rules mean, by id, and which of the views an undo wrote last."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from zdsync.mirror.tables_own import zdsync_changes as changes
from zdsync.mirror.tables_own import zdsync_objects as objects
from zdsync.mirror.tables_own import zdsync_runs as runs
from zdsync.ports.journal import Outcome


def read_known(connection: Connection) -> dict[tuple[str, str], int]:
    return {(row.object, row.key): row.object_id for row in connection.execute(select(objects))}


def record_known(connection: Connection, known: Mapping[tuple[str, str], int]) -> None:
    """Store these ids in place of earlier ones; what is not among them stays."""
    for (kind, key), id in known.items():
        connection.execute(delete(objects).where(objects.c.object == kind, objects.c.key == key))
        connection.execute(insert(objects).values(object=kind, key=key, object_id=id))


def read_undone_views(connection: Connection) -> dict[int, str | None]:
    """Views whose latest change was an undo's, with the rules it was made under (None while that run is open)."""
    query = (
        select(changes.c.object_id, runs.c.command, runs.c.rules_digest)
        .join(runs, runs.c.id == changes.c.run_id)
        .where(changes.c.object == "view", changes.c.outcome == Outcome.APPLIED.value)
        .order_by(changes.c.id)
    )
    latest = {row.object_id: row for row in connection.execute(query)}
    return {id: row.rules_digest for id, row in latest.items() if row.command == "undo"}
