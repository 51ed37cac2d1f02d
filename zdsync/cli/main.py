"""The command line: arguments in, exit code out."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from zdsync.cli import ask, demo, doctor, insight, look, rules, start, sync, trial, undo
from zdsync.cli.common import INTERRUPTED, Globals
from zdsync.errors import RuleError, ZdsyncError

_OBJECTS_BETWEEN_LOOKS = 200_000
"""New containers before the youngest are looked through, some 40 MB: more than any page that is mirrored is made of."""


def main() -> NoReturn:
    """Entry of the command: every error of ours becomes one message with a remedy and its exit code."""
    _spare_what_stays()
    try:
        code = zdsync.main(prog_name="zdsync", standalone_mode=False)
    except ZdsyncError as err:
        _tell(err)
        sys.exit(err.exit_code)
    except click.ClickException as err:
        err.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def _spare_what_stays() -> None:
    """Look for garbage less often, and not at all at the end.

    Most of what a short command makes are modules and classes, which stay: looking through them two hundred times, at
    Python's own threshold of 700, and once more before the process gives back everything, took a sixth of its time. A page
    is a hundred thousand objects without one cycle, freed as soon as nothing names them: a fifth of a first mirror's.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)
    atexit.register(gc.freeze)


def _tell(err: ZdsyncError) -> None:
    count = (
        f"{len(err.problems)} problem{'s' * (len(err.problems) != 1)}\n" if isinstance(err, RuleError) else ""
    )
    click.secho(f"error: {count}{err.message}", err=True, fg="red" if sys.stderr.isatty() else None)
    if err.hint:
        click.echo(f"  what to do: {err.hint}", err=True)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it without an account: zdsync demo",
)
@click.option("--env", type=click.Path(path_type=Path), help="Settings file (default: .env here, if any).")
@click.option("--rules", metavar="DIR", help="Rule folder (default: ZDSYNC_RULES, else rules).")
@click.option("--db", metavar="URL", help="Database (default: ZDSYNC_DATABASE_URL).")
@click.option("-v", "--verbose", is_flag=True, help="Log what happens, on stderr.")
@click.version_option(package_name="zdsync-worker", prog_name="zdsync")
@click.pass_context
def zdsync(ctx: click.Context, env: Path | None, rules: str | None, db: str | None, *, verbose: bool) -> None:
    """Tiered support for Zendesk as code: mirror, decide, plan, apply, explain."""
    ctx.obj = Globals(env, rules, db, verbose, os.environ)


for command in (
    start.init,
    doctor.doctor,
    sync.pull,
    sync.plan,
    sync.apply,
    sync.run,
    sync.worker,
    undo.undo,
    undo.hold,
    undo.release,
    look.explain,
    look.runs,
    insight.timeline,
    insight.sweep,
    insight.poke,
    look.status,
    look.report,
    ask.schema,
    ask.query,
    rules.rules,
    trial.sandbox,
    demo.demo,
):
    zdsync.add_command(command)
