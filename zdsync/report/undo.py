"""An undo for people and for scripts: what goes back, what cannot, and what is left alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from zdsync.model import RunId
from zdsync.plan.codec import encode
from zdsync.ports.runs import Run
from zdsync.report.plans import plan_lines
from zdsync.runs.outcomes import Applied
from zdsync.runs.taken_back import Told
from zdsync.runs.undo import Undo

SHOWN_RUNS = 20


def undo_lines(undo: Undo) -> Iterator[str]:
    """The undo as text: its plan, then everything that it does not restore."""
    yield from _head(undo.runs)
    yield from plan_lines(undo.plan)
    if undo.as_before:
        count = len(undo.as_before)
        yield f"{count:,} ticket{' is' if count == 1 else 's are'} already as before the run{'s' * (len(undo.runs) > 1)}."
    yield from _told("Cannot be restored:", undo.stays)
    yield from _told("Left alone:", undo.left)


def _head(runs: Sequence[Run]) -> Iterator[str]:
    """The run that is taken back, or the runs from the latest to the first, in which order they go back."""
    told = [f"{run.id} ({run.command}, {run.started_at:%Y-%m-%d %H:%M:%S} UTC)" for run in reversed(runs)]
    if len(told) == 1:
        yield f"Undo of run {told[0]}"
        return
    yield f"Undo of {len(told)} runs, the latest first:"
    yield from (f"  {each}" for each in told[:SHOWN_RUNS])
    if len(told) > SHOWN_RUNS:
        yield f"    … and {len(told) - SHOWN_RUNS:,} more, the first of them {told[-1]}"


def _told(title: str, told: Sequence[Told]) -> Iterator[str]:
    if told:
        yield title
        yield from (f"  {one.name}: {one.reason}" for one in told)


def undo_json(undo: Undo, run_id: RunId, applied: Applied) -> dict[str, Any]:
    """The undo as run `run_id` carried it out, for scripts; `left` is everything that is not as before.

    `undone` is the run, the latest one where a span was taken back; `undone_runs` are all of them, oldest first.
    """
    failed = [
        {"name": one.name, "reason": f"{one.outcome.value} {one.detail}".rstrip()} for one in applied.left
    ]
    return {
        "run": run_id,
        "undone": undo.runs[-1].id,
        "undone_runs": [run.id for run in undo.runs],
        "outcomes": {outcome.value: count for outcome, count in applied.outcomes.items()},
        "plan": encode(undo.plan),
        "left": [{"name": one.name, "reason": one.reason} for one in undo.left] + failed,
        "stays": [{"name": one.name, "reason": one.reason} for one in undo.stays],
        "as_before": list(undo.as_before),
    }
