"""Runs, decisions and rule texts: what zdsync itself has done, in the mirror's own tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, insert, select, update

from zdsync.errors import MirrorError
from zdsync.mirror.batches import in_batches
from zdsync.mirror.tables_own import zdsync_changes as changes
from zdsync.mirror.tables_own import zdsync_decisions as decisions
from zdsync.mirror.tables_own import zdsync_rulesets as rulesets
from zdsync.mirror.tables_own import zdsync_runs as runs
from zdsync.model import RunId, TicketId
from zdsync.ports.journal import Outcome
from zdsync.ports.runs import DecisionRecord, Run
from zdsync.tiers.model import Forecast, Verdict

_RUN_FIELDS = tuple(each.name for each in fields(Run))
_DECISION_FIELDS = tuple(each.name for each in fields(DecisionRecord))


def open_run(connection: Connection, run: Run) -> None:
    connection.execute(insert(runs).values(_run_record(run)))


def close_run(connection: Connection, run: Run) -> None:
    """Store how the run ended; raises MirrorError for a run that was never opened."""
    if connection.execute(update(runs).where(runs.c.id == run.id).values(_run_record(run))).rowcount != 1:
        raise MirrorError(
            f"run {run.id} is not in the database it was started with",
            hint="the database was replaced while the run was under way; run the command again",
        )


def read_runs(connection: Connection, limit: int) -> tuple[Run, ...]:
    """Newest first."""
    query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
    return tuple(_run(row) for row in connection.execute(query))


def read_run(connection: Connection, run_id: RunId) -> Run | None:
    row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
    return None if row is None else _run(row)


def read_runs_that_wrote(connection: Connection, since: datetime, until: datetime) -> tuple[Run, ...]:
    """Oldest first."""
    wrote = exists().where(changes.c.run_id == runs.c.id)
    query = select(runs).where(runs.c.started_at.between(since, until), wrote)
    return tuple(_run(row) for row in connection.execute(query.order_by(runs.c.started_at, runs.c.id)))


def _run_record(run: Run) -> dict[str, Any]:
    record = {name: getattr(run, name) for name in _RUN_FIELDS}
    return {**record, "figures": None if run.figures is None else dict(run.figures)}


def _run(row: Row[Any]) -> Run:
    return Run(**{**{name: getattr(row, name) for name in _RUN_FIELDS}, "id": RunId(row.id)})


def record_decisions(connection: Connection, new: Sequence[DecisionRecord]) -> None:
    """Keep the decisions that differ from what was kept last for their ticket."""
    for batch in in_batches(new):
        last = _read_last(connection, [decision.ticket_id for decision in batch])
        kept = []
        for decision in batch:
            if last.get(decision.ticket_id) != _gist(decision):
                last[decision.ticket_id] = _gist(decision)
                kept.append(asdict(decision))
        if kept:
            connection.execute(insert(decisions), kept)


def _read_last(connection: Connection, ticket_ids: Sequence[int]) -> dict[int, tuple[object, ...]]:
    latest = (
        select(func.max(decisions.c.id))
        .where(decisions.c.ticket_id.in_(bindparam("ids", expanding=True)))
        .group_by(decisions.c.ticket_id)
    )
    rows = connection.execute(select(decisions).where(decisions.c.id.in_(latest)), {"ids": ticket_ids})
    return {row.ticket_id: _gist(row) for row in rows}


def read_decision(connection: Connection, ticket_id: TicketId, at: datetime) -> DecisionRecord | None:
    """The ticket's latest decision that was kept up to then."""
    query = (
        select(decisions)
        .where(decisions.c.ticket_id == ticket_id, decisions.c.decided_at <= at)
        .order_by(decisions.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return DecisionRecord(**{name: getattr(row, name) for name in _DECISION_FIELDS}) if row else None


def _gist(decision: DecisionRecord | Row[Any]) -> tuple[object, ...]:
    return (decision.outcome, decision.rule, decision.tier, decision.rules_digest)


def read_forecasts(connection: Connection, since: datetime) -> tuple[Forecast, ...]:
    """Decisions of rules that tier a ticket, oldest first."""
    written = (
        select(func.min(changes.c.intended_at))
        .where(
            changes.c.object == "ticket",
            changes.c.object_id == decisions.c.ticket_id,
            changes.c.outcome == Outcome.APPLIED.value,
            changes.c.intended_at >= decisions.c.decided_at,
        )
        .scalar_subquery()
    )
    query = (
        select(
            decisions.c.ticket_id,
            decisions.c.decided_at,
            decisions.c.rule,
            decisions.c.tier,
            written.label("at"),
        )
        .where(
            decisions.c.outcome == Verdict.ASSIGNED.value,
            decisions.c.tier.is_not(None),
            decisions.c.decided_at >= since,
        )
        .order_by(decisions.c.id)
    )
    return tuple(
        Forecast(TicketId(row.ticket_id), row.decided_at, row.rule, row.tier, row.at)
        for row in connection.execute(query)
    )


def record_ruleset(connection: Connection, digest: str, text: str, at: datetime) -> None:
    """Keep the text, unless this digest is known."""
    known: Mapping[str, object] = {"digest": digest, "text": text, "first_used_at": at}
    if connection.scalar(select(rulesets.c.digest).where(rulesets.c.digest == digest)) is None:
        connection.execute(insert(rulesets).values(known))
