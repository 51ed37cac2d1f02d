"""What earlier runs tell of the next one, for the guard: read from the run list and the journal."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, func, select

from zdsync.mirror.tables_own import zdsync_changes as changes
from zdsync.mirror.tables_own import zdsync_runs as runs
from zdsync.model import UserId
from zdsync.plan.guard import RULE_SEPARATOR, Habit
from zdsync.ports.journal import Outcome

RUNS = 20
"""How many of the latest runs that wrote tell a rule's habit."""

_LATEST_CHANGES = 10_000
"""How far back the journal is read for it, so that its length costs nothing."""

_ENDED_WELL = runs.c.exit_code.in_((0, 3))
_BY_RULES = runs.c.command.in_(("run", "apply"))


def read_habit(connection: Connection, writer: UserId | None) -> Habit:
    return Habit(
        unsolved=connection.scalar(_latest(runs.c.unsolved, runs.c.unsolved.is_not(None))),
        largest=_read_largest(connection),
        writer=_read_writer(connection, writer),
    )


def _latest(column: Column[Any], condition: ColumnElement[bool]) -> Select[Any]:
    return select(column).where(_ENDED_WELL, condition).order_by(runs.c.started_at.desc()).limit(1)


def _read_writer(connection: Connection, writer: UserId | None) -> UserId | None:
    """The present user, when any run wrote as that one; else whoever wrote last."""
    if (
        writer is not None
        and connection.scalar(_latest(runs.c.user_id, runs.c.user_id == writer)) is not None
    ):
        return writer
    return _user_id(connection.scalar(_latest(runs.c.user_id, runs.c.user_id.is_not(None))))


def _user_id(found: int | None) -> UserId | None:
    return None if found is None else UserId(found)


def _read_largest(connection: Connection) -> dict[str, int]:
    latest = (
        select(changes.c.run_id, changes.c.rule, changes.c.id)
        .where(changes.c.object == "ticket", changes.c.outcome == Outcome.APPLIED.value, changes.c.rule != "")
        .order_by(changes.c.id.desc())
        .limit(_LATEST_CHANGES)
        .subquery()
    )
    query = (
        select(latest.c.run_id, latest.c.rule, func.count(), func.max(latest.c.id))
        .join(runs, and_(runs.c.id == latest.c.run_id, _BY_RULES))
        .group_by(latest.c.run_id, latest.c.rule)
        .order_by(func.max(latest.c.id).desc())
    )
    by_run: dict[str, Counter[str]] = {}
    for run_id, named, count, _ in connection.execute(query):
        if run_id in by_run or len(by_run) < RUNS:
            by_run.setdefault(run_id, Counter()).update(dict.fromkeys(named.split(RULE_SEPARATOR), count))
    largest: Counter[str] = Counter()
    for counts in by_run.values():
        largest |= counts
    return dict(largest)
