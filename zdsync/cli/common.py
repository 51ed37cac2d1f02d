"""What every command shares: settings, the clock, an open mirror, and how things are printed."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from zdsync.config import Settings
    from zdsync.ports.clock import Clock
    from zdsync.reading import Reading
    from zdsync.report.tables import Table
    from zdsync.runs.cycle import Workplace
    from zdsync.schedule import StopFlag

CHANGES, FINDINGS, INTERRUPTED = 10, 5, 130


@dataclass(frozen=True, slots=True)
class Globals:
    """What stands before the command's name."""

    env: Path | None
    rules: str | None
    db: str | None
    is_verbose: bool
    environ: Mapping[str, str]
    ahead: timedelta = timedelta()
    """How far the commands' clock is ahead of the machine's: in the demo hours pass at once."""

    def settings(
        self, *, needs_account: bool, is_service: bool = False, tells_notes: bool = True
    ) -> Settings:
        """The settings, with logging set up by them; raises ConfigError with every fault.

        A service tells what it does in its log; a command tells it in its output, and logs only what is wrong.
        `tells_notes` False leaves it to the caller to show the settings' notes.
        """
        from zdsync.config import load_settings
        from zdsync.log import configure_logging
        from zdsync.schedule import SystemClock

        overrides = {"ZDSYNC_RULES": self.rules, "ZDSYNC_DATABASE_URL": self.db}
        given = {name: value for name, value in overrides.items() if value is not None}
        settings = load_settings(
            self._env_file(),
            self.environ,
            now=SystemClock().now(),
            needs_account=needs_account,
            overrides=given,
        )
        level = logging.DEBUG if self.is_verbose else logging.INFO if is_service else logging.WARNING
        configure_logging(settings.log, secrets=settings.secrets, level=level)
        for note in settings.notes if tells_notes else ():
            click.echo(f"note: {note}", err=True)
        return settings

    def _env_file(self) -> Path | None:
        """The file that was named, else `.env` here if there is one."""
        beside = Path(".env")
        return self.env or (beside if beside.is_file() else None)


@contextmanager
def system_clock(ahead: timedelta = timedelta()) -> Iterator[tuple[Clock, StopFlag]]:
    """The system's clock, stopped cleanly by SIGTERM and SIGINT."""
    from zdsync.schedule import StopFlag, SystemClock, stopping_on_signals

    flag = StopFlag()
    with stopping_on_signals(flag):
        yield SystemClock(flag, ahead), flag


@contextmanager
def open_place(globals_: Globals) -> Iterator[Workplace]:
    from zdsync.wiring import open_workplace

    settings = globals_.settings(needs_account=True)
    with system_clock(globals_.ahead) as (clock, _), open_workplace(settings, clock) as place:
        yield place


@contextmanager
def open_reader(globals_: Globals) -> Iterator[tuple[Reading, Settings, Clock]]:
    from zdsync.reading import open_reading

    settings = globals_.settings(needs_account=False)
    with system_clock(globals_.ahead) as (clock, _), open_reading(settings, clock) as reading:
        yield reading, settings, clock


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


def print_json(document: object) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def print_tables(tables: Sequence[Table]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    from zdsync.report.tables import cell_text

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    for table in tables:
        console.print(Text(f"\n{table.title}", style="bold"))
        if not table.rows:
            console.print(Text(f"  {table.empty}"))
            continue
        shown = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
        for index, name in enumerate(table.columns):
            is_number = any(isinstance(row[index], int | float) for row in table.rows)
            shown.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
        for row in table.rows:
            shown.add_row(*(Text(cell_text(cell)) for cell in row))
        console.print(shown)
