"""The status page: one self-contained HTML document, readable without scripts, in light and in dark."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import escape

from zdsync.reading import Reading
from zdsync.report.runs import FIGURES, runs_table, streams_table
from zdsync.report.style import BASE
from zdsync.report.tables import Cell, Table, age_text, cell_text, from_records
from zdsync.web.metrics import Mirrored, read_mirrored
from zdsync.web.pulse import Beat

CONTENT_TYPE = "text/html; charset=utf-8"
RELOAD_S = 30
RUNS_SHOWN = 12

_CSS = f"{BASE}td {{ white-space: nowrap; }} td:last-child {{ white-space: normal; }}\n"

STYLE_DIGEST = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
"""What the page's security policy lets through beside nothing: this style and no other."""


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that the page shows of the mirror; no names of people."""

    account: str
    mirrored: Mirrored
    tables: tuple[Table, ...]


def read_status(reading: Reading, beat: Beat, *, tag_prefix: str) -> Status:
    """Raises MirrorError."""
    mirror = reading.mirror
    tiers = mirror.read_figures(tag_prefix=tag_prefix)["tiers"]
    return Status(
        account=mirror.read_account_name() or "",
        mirrored=read_mirrored(reading),
        tables=(
            from_records(FIGURES["tiers"], tiers, empty="nothing pulled yet"),
            runs_table(mirror.read_runs(RUNS_SHOWN)),
            streams_table(mirror.read_streams(), beat.at),
        ),
    )


def render(beat: Beat, status: Status | None, *, max_lag: timedelta, mode: str) -> str:
    """The whole document; without a status it says that the mirror cannot be read."""
    cards = "".join(_cards(beat, status, max_lag, mode))
    body = "".join(_section(table) for table in status.tables) if status else ""
    account = escape(status.account.partition("://")[2]) if status else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="refresh" content="{RELOAD_S}">'
        f"<title>zdsync {account}</title><style>{_CSS}</style></head><body>"
        f"<header><h1>zdsync</h1><p>{account}</p></header>"
        f'<main><dl class="cards">{cards}</dl>{body}</main>'
        f"<footer>{cell_text(beat.at)} UTC · /healthz · /readyz · /metrics</footer></body></html>\n"
    )


def _cards(beat: Beat, status: Status | None, max_lag: timedelta, mode: str) -> Iterator[str]:
    worker = "running" if beat.is_running else "waiting"
    yield _card("Worker", beat.fault or worker, is_good=not beat.fault)
    if status is None:
        yield _card("Mirror", "cannot be read; see the worker's log", is_good=False)
    else:
        until = status.mirrored.until
        lag = beat.at - until if until else None
        yield _card(
            "Mirror",
            f"{age_text(lag)} behind" if lag is not None else "never pulled",
            is_good=lag is not None and lag <= max_lag,
        )
        run = status.mirrored.last_run
        if run is not None:
            yield _card("Last run", f"exit {run.exit_code}", is_good=run.exit_code == 0)
        unsettled = status.mirrored.unsettled
        yield _card("Writes without outcome", f"{unsettled:,}", is_good=not unsettled)
    left = beat.next_run_at - beat.at
    yield _card("Next run", f"in {age_text(left)}" if left > timedelta() else "now")
    yield _card("Mode", mode)


def _card(title: str, text: str, *, is_good: bool | None = None) -> str:
    look = "" if is_good is None else f' class="{"good" if is_good else "bad"}"'
    return f"<div><dt>{title}</dt><dd{look}>{escape(text)}</dd></div>"


def _section(table: Table) -> str:
    if not table.rows:
        return f"<section><h2>{escape(table.title)}</h2><p>{escape(table.empty)}</p></section>"
    numeric = [_is_numeric(table, index) for index in range(len(table.columns))]
    heads = "".join(
        f"<th{_align(is_number)}>{escape(name)}</th>"
        for name, is_number in zip(table.columns, numeric, strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{_align(is_number)}>{escape(cell_text(cell))}</td>"
            for cell, is_number in zip(row, numeric, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    return (
        f"<section><h2>{escape(table.title)}</h2>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _is_numeric(table: Table, index: int) -> bool:
    cells: list[Cell] = [row[index] for row in table.rows if row[index] is not None]
    return bool(cells) and all(isinstance(cell, int | float) for cell in cells)


def _align(is_number: bool) -> str:
    return ' class="number"' if is_number else ""
