"""Runs, changes, freshness and figures as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from zdsync.ports.journal import JournalEntry
from zdsync.ports.runs import Run, StreamStatus
from zdsync.report.tables import Table, from_records

FIGURES = {
    "tiers": "Unsolved tickets by tier",
    "first_reply": "First reply by tier, calendar minutes",
    "weeks": "Created and solved, by week",
    "satisfaction": "Satisfaction",
    "groups": "Unsolved tickets by group",
    "assignees": "Unsolved tickets by assignee, the fullest desks first",
}
"""Titles of the tables that the mirror's figures come in."""


def runs_table(runs: Sequence[Run]) -> Table:
    columns = ("run", "command", "started", "seconds", "exit", "changes", "applied", "message")
    rows = tuple(
        (
            run.id,
            run.command,
            run.started_at,
            (run.ended_at - run.started_at).total_seconds() if run.ended_at else None,
            run.exit_code,
            (run.figures or {}).get("changes"),
            (run.figures or {}).get("applied"),
            run.message.splitlines()[0] if run.message else None,
        )
        for run in runs
    )
    return Table("Runs, newest first", columns, rows, "no run yet")


def changes_table(entries: Sequence[JournalEntry]) -> Table:
    columns = ("object", "rule", "before", "after", "outcome", "detail")
    rows = tuple(
        (entry.name, entry.rule, _short(entry.before), _short(entry.after), entry.outcome.value, entry.detail)
        for entry in entries
    )
    return Table("Changes", columns, rows, "this run changed nothing")


def _short(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {_value(value)}" for name, value in values.items())


def _value(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


@dataclass(frozen=True, slots=True)
class Freshness:
    """Whether the mirror is fresh enough, and how late it is (None before the first whole pull)."""

    lag: timedelta | None
    is_stale: bool


def freshness(until: datetime | None, now: datetime, max_lag: timedelta) -> Freshness:
    lag = now - until if until else None
    return Freshness(lag, lag is None or lag > max_lag)


def streams_table(streams: Sequence[StreamStatus], now: datetime) -> Table:
    columns = (
        "stream",
        "rows",
        "complete until",
        "lag, seconds",
        "pulled",
        "still to read",
        "skipped because",
    )
    rows = tuple(
        (
            status.stream.value,
            status.rows,
            status.complete_until,
            int((now - status.complete_until).total_seconds()) if status.complete_until else None,
            status.pulled_at,
            status.missing or None,
            status.skipped,
        )
        for status in streams
    )
    return Table("Mirror", columns, rows, "nothing pulled yet; run `zdsync pull`")


def figure_tables(figures: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Table, ...]:
    return tuple(
        from_records(FIGURES.get(name, name), records, empty="no data yet")
        for name, records in figures.items()
    )
