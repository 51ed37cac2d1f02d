"""The worker's figures in Prometheus' text form; labels are our own words, never anything of a ticket.

Source: prometheus.io, "Exposition formats" (text format 0.0.4, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from zdsync.ports.runs import Run
from zdsync.reading import Reading
from zdsync.runs.freshness import complete_until, mirror_until
from zdsync.streams import Stream
from zdsync.web.pulse import Beat

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_VERDICT = "tickets_"
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

Samples = Iterable[tuple[Mapping[str, str], float | None]]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What the mirror itself says: how far it has come, the last run that ended, and what the last plan found."""

    until: datetime | None
    streams: Mapping[str, datetime | None]
    unsettled: int
    last_run: Run | None
    verdicts: Mapping[str, int]


def read_mirrored(reading: Reading) -> Mirrored:
    """A few rows, whatever the size of the mirror; raises MirrorError."""
    mirror = reading.mirror
    ended = [run for run in mirror.read_runs(20) if run.ended_at is not None]
    figures = next((run.figures for run in ended if run.figures and "changes" in run.figures), {})
    return Mirrored(
        until=mirror_until(mirror),
        streams={stream.value: complete_until(mirror, stream) for stream in Stream},
        unsettled=len(mirror.journal.read_open()),
        last_run=ended[0] if ended else None,
        verdicts={
            name.removeprefix(_VERDICT): count for name, count in figures.items() if name.startswith(_VERDICT)
        },
    )


def exposition(beat: Beat, mirrored: Mirrored | None) -> str:
    """Every metric; without a readable mirror only those of the process itself."""
    lines = [*_of_process(beat, is_readable=mirrored is not None)]
    if mirrored is not None:
        lines += _of_mirror(beat.at, mirrored)
    return "".join(f"{line}\n" for line in lines)


def _of_process(beat: Beat, *, is_readable: bool) -> Iterator[str]:
    yield from _metric("healthy", "gauge", "1 while the worker gives signs of life", [({}, not beat.fault)])
    yield from _metric(
        "mirror_readable", "gauge", "1 when the mirror answered this request", [({}, is_readable)]
    )
    yield from _metric(
        "runs_total",
        "counter",
        "Cycles that ended since the worker began, by exit code",
        [({"exit_code": str(code)}, count) for code, count in sorted(beat.runs.items())],
    )
    yield from _metric(
        "changes_total",
        "counter",
        "Changes of tickets and account objects since the worker began, by outcome",
        [({"outcome": outcome}, count) for outcome, count in sorted(beat.outcomes.items())],
    )
    yield from _metric(
        "next_run_timestamp_seconds",
        "gauge",
        "When the next cycle falls due",
        [({}, beat.next_run_at.timestamp())],
    )


def _of_mirror(now: datetime, mirrored: Mirrored) -> Iterator[str]:
    yield from _metric(
        "mirror_lag_seconds",
        "gauge",
        "How far tickets and their events are behind the account",
        [({}, _lag_s(now, mirrored.until))],
    )
    yield from _metric(
        "stream_lag_seconds",
        "gauge",
        "How far each stream is behind the account; absent before its first whole pull",
        [({"stream": name}, _lag_s(now, until)) for name, until in mirrored.streams.items()],
    )
    yield from _metric(
        "unsettled_writes", "gauge", "Writes without known outcome", [({}, mirrored.unsettled)]
    )
    yield from _metric(
        "tickets",
        "gauge",
        "Unsolved tickets by what the last plan found",
        [({"verdict": name}, count) for name, count in sorted(mirrored.verdicts.items())],
    )
    if (run := mirrored.last_run) is not None and run.ended_at is not None:
        yield from _metric(
            "last_run_seconds",
            "gauge",
            "How long the last run took",
            [({}, (run.ended_at - run.started_at).total_seconds())],
        )
        yield from _metric("last_run_exit_code", "gauge", "Exit code of the last run", [({}, run.exit_code)])
        yield from _metric(
            "last_run_ended_timestamp_seconds",
            "gauge",
            "When the last run ended",
            [({}, run.ended_at.timestamp())],
        )


def _lag_s(now: datetime, until: datetime | None) -> float | None:
    return (now - until).total_seconds() if until else None


def _metric(name: str, kind: str, meaning: str, samples: Samples) -> Iterator[str]:
    """A metric's lines; samples without a value are left out, and a metric without samples altogether."""
    told = [(labels, value) for labels, value in samples if value is not None]
    if told:
        yield f"# HELP zdsync_{name} {meaning}"
        yield f"# TYPE zdsync_{name} {kind}"
    for labels, value in told:
        pairs = ",".join(f'{label}="{text.translate(_ESCAPES)}"' for label, text in labels.items())
        yield f"zdsync_{name}{f'{{{pairs}}}' if pairs else ''} {_number(value)}"


def _number(value: float) -> str:
    return repr(round(float(value), 3)).removesuffix(".0")
