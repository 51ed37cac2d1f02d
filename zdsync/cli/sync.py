"""The commands that change the mirror or the account: pull, plan, apply, run, worker."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zdsync.cli.common import (
    CHANGES,
    Globals,
    json_option,
    open_place,
    open_reader,
    print_json,
    print_tables,
    system_clock,
)

if TYPE_CHECKING:
    from zdsync.config import Settings
    from zdsync.ports.clock import Clock
    from zdsync.runs.cycle import Workplace
    from zdsync.runs.outcomes import Applied
    from zdsync.runs.pull import Pulled
    from zdsync.runs.verify import Verified
    from zdsync.schedule import Pokes
    from zdsync.web.pulse import Pulse


@click.command(epilog="Example: zdsync pull --verify")
@click.option("--stream", "streams", multiple=True, metavar="NAME", help="Only this stream; may be repeated.")
@click.option("--since", metavar="DATE", help="How far back a first pull goes, instead of ZDSYNC_START.")
@click.option("--full", is_flag=True, help="Read everything again over what is there, and bury what is gone.")
@click.option(
    "--verify", is_flag=True, help="Then compare counts and a sample, and mend; exit 3 on differences."
)
@json_option
@click.pass_obj
def pull(
    globals_: Globals,
    streams: tuple[str, ...],
    since: str | None,
    *,
    full: bool,
    verify: bool,
    as_json: bool,
) -> int:
    """Mirror what changed in the account; goes on where the last pull ended."""
    from zdsync.runs.cycle import IN_PART, recorded, settle_open
    from zdsync.runs.pull import pull as run_pull
    from zdsync.runs.verify import verify as run_verify

    chosen = _streams(streams)
    verified = None
    with open_place(globals_) as place, recorded(place, "pull") as record:
        settle_open(place)
        with _progress() as on_page:
            start = _since(since, place) if since else place.start
            pulled = run_pull(
                place.source,
                place.mirror,
                place.clock,
                start=start,
                streams=chosen,
                is_full=full,
                on_page=on_page,
            )
            if verify:
                verified = run_verify(place.source, place.mirror, place.clock, start=start)
        record.figures |= {f"pulled_{stream.value}": count for stream, count in pulled.rows.items()}
        is_whole = pulled.cut is None and (verified is None or verified.is_equal)
        record.exit_code = 0 if is_whole else IN_PART
    _show_pulled(pulled, verified, as_json=as_json)
    return record.exit_code


def _show_pulled(pulled: Pulled, verified: Verified | None, *, as_json: bool) -> None:
    from zdsync.report.pulled import differences_table, pulled_json, pulled_table

    if as_json:
        print_json(pulled_json(pulled, verified))
        return
    print_tables([pulled_table(pulled)])
    for stream, reason in pulled.skipped.items():
        click.echo(f"skipped {stream.value}: {reason}")
    if pulled.cut is not None:
        click.echo(
            f"Stopped within {pulled.cut.value}, at the ceiling of one pull; the next one goes on there."
        )
    if verified is not None:
        print_tables([differences_table(verified)])
        if verified.counted is not None:
            here, there = verified.counted
            click.echo(f"Tickets since the start: {here:,} in the mirror, {there:,} in the account's search.")
        click.echo(
            "All is equal."
            if verified.is_equal
            else "What differed in the sample is mended; `zdsync pull --full` looks at everything."
        )


def _streams(names: tuple[str, ...]) -> frozenset[Any] | None:
    from zdsync.streams import Stream

    known = {stream.value: stream for stream in Stream}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.UsageError(f"unknown stream {', '.join(unknown)}; there are {', '.join(known)}")
    return frozenset(known[name] for name in names) or None


def _since(text: str, place: Workplace) -> Any:
    from zdsync.settings import parse_start

    try:
        return parse_start(text, place.clock.now())
    except ValueError as err:
        raise click.UsageError(f"--since: {err}") from err


@contextmanager
def _progress() -> Iterator[Callable[[Any, int], None]]:
    """A live line with rows so far, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _stream, _rows: None
        return
    from rich.console import Console

    counts: dict[str, int] = {}
    with Console(stderr=True).status("pulling") as status:

        def on_page(stream: Any, rows: int) -> None:
            counts[stream.value] = counts.get(stream.value, 0) + rows
            status.update(", ".join(f"{count:,} {name}" for name, count in counts.items()))

        yield on_page


@click.command(epilog="Example: zdsync plan --out plan.json && zdsync apply plan.json")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the plan as JSON for `apply`."
)
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the plan as one page for review."
)
@click.option("--only", type=click.Choice(["tickets", "account", "adoption"]), help="Only this part.")
@click.option("--exit-code", is_flag=True, help="Exit 10 when there are changes.")
@click.option("--all", "is_whole", is_flag=True, help="List every ticket, not the first few of each rule.")
@json_option
@click.pass_obj
def plan(
    globals_: Globals,
    out: Path | None,
    html: Path | None,
    only: str | None,
    *,
    exit_code: bool,
    is_whole: bool,
    as_json: bool,
) -> int:
    """Decide every unsolved ticket from the mirror and show what would change; writes nothing."""
    from zdsync.plan.codec import encode
    from zdsync.plan.guard import guard, warn
    from zdsync.report.plans import plan_lines
    from zdsync.runs.answers import with_answers
    from zdsync.runs.pauses import with_pauses
    from zdsync.runs.plan import make_plan

    with open_reader(globals_) as (reading, settings, clock):
        rules = reading.rules()
        planned = with_pauses(
            make_plan(
                reading.mirror,
                reading.mirror.journal,
                rules,
                clock,
                account=reading.mirror.read_account_name() or "",
                tag_prefix=settings.tag_prefix,
            ),
            rules,
        )
        habit = reading.mirror.read_habit(None)
        shown = with_answers(reading.mirror, planned.plan.only(only) if only else planned.plan)
    if out is not None:
        _write_text(out, json.dumps(encode(shown), indent=1, ensure_ascii=False))
    breaches, warnings = guard(shown, settings.limits, habit), warn(shown, settings.limits)
    if html is not None:
        from zdsync.report.plan_page import plan_page

        _write_text(html, plan_page(shown, breaches, warnings, file=str(out) if out else None))
    if as_json:
        print_json(encode(shown))
    else:
        for line in (*plan_lines(shown, breaches, is_whole=is_whole), *warnings):
            click.echo(line)
        if out is not None:
            click.echo(f"Written to {out}; `zdsync apply {out}` carries out exactly this.")
        if html is not None:
            click.echo(f"Written to {html}, to be read in a browser.")
    return CHANGES if exit_code and not shown.is_empty else 0


def _write_text(path: Path, text: str) -> None:
    """Write whole or not at all."""
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as err:
        raise click.UsageError(f"cannot write {path}: {err.strerror}") from err


@click.command(epilog="Example: zdsync apply plan.json")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--yes", is_flag=True, help="Do not ask; without a file the guard's limits bind.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Change at most N tickets.")
@json_option
@click.pass_obj
def apply(globals_: Globals, file: Path | None, limit: int | None, *, yes: bool, as_json: bool) -> int:
    """Carry out a plan: FILE as it stands, or one made and shown now."""
    from zdsync.plan.guard import warn
    from zdsync.report.plans import plan_lines, summary_lines
    from zdsync.runs import cycle
    from zdsync.runs.answers import with_answers

    with open_place(globals_) as place:
        cycle.refuse_shadow(place)
        with cycle.recorded(place, "apply") as record:
            cycle.settle_open(place)
            cycle.refuse_stale(place)
            if file is not None:
                chosen = _read_plan(file)
                cycle.refuse_unfit(chosen, place, place.rules().digest)
            else:
                planned = cycle.run_plan(place, record)
                place.mirror.record_decisions(planned.records(record.run.id))
                chosen = with_answers(place.mirror, planned.plan)
            record.unsolved = place.mirror.count_unsolved()
            if not as_json:
                breaches = cycle.find_breaches(place, record, chosen)
                shown = summary_lines(chosen, breaches) if yes else plan_lines(chosen, breaches)
                for line in (*shown, *warn(chosen, place.limits)):
                    click.echo(line)
            if file is None and yes:
                cycle.refuse_breach(place, record, chosen)
            elif not chosen.is_empty and not yes:
                click.confirm("Carry it out?", abort=True)
            applied = cycle.run_apply(place, record, chosen, limit=limit)
            code = record.exit_code
    show_applied(applied, record.run.id, as_json=as_json)
    return code


def _read_plan(file: Path) -> Any:
    from zdsync.errors import PlanRefused
    from zdsync.plan.codec import decode

    try:
        document = json.loads(file.read_bytes())
    except OSError as err:
        raise PlanRefused(f"cannot read {file}: {err.strerror}", hint="check the path") from err
    except ValueError as err:
        raise PlanRefused(f"{file} is not JSON", hint="make one with `zdsync plan --out FILE`") from err
    return decode(document)


def show_applied(applied: Applied, run_id: str, *, as_json: bool) -> None:
    from zdsync.report.tables import counted

    outcomes = {outcome.value: count for outcome, count in applied.outcomes.items()}
    if as_json:
        left = [{"name": one.name, "outcome": one.outcome, "detail": one.detail} for one in applied.left]
        stopped = applied.refusal or None
        print_json({"run": run_id, "outcomes": outcomes, "left": left, "stopped": stopped})
        return
    click.echo(f"Run {run_id}: {counted(outcomes)}.")
    for one in applied.left:
        click.echo(f"  {one.name}: {one.outcome.value} {one.detail}".rstrip())
    if applied.refusal:
        click.echo(f"Stopped: {applied.refusal}.")


@click.command(epilog="Example: zdsync run --dry-run")
@click.option("--dry-run", is_flag=True, help="Pull and decide, write nothing to Zendesk.")
@json_option
@click.pass_obj
def run(globals_: Globals, *, dry_run: bool, as_json: bool) -> int:
    """One cycle: pull, plan, guard, apply, record."""
    from zdsync.plan.codec import encode
    from zdsync.report.plans import plan_lines
    from zdsync.runs.cycle import run_cycle
    from zdsync.wiring import open_workplace, watch

    settings = globals_.settings(needs_account=True)
    with system_clock(globals_.ahead) as (clock, _), open_workplace(settings, clock) as place:
        ended = run_cycle(place, is_dry=True) if dry_run else watch(settings, place).run_cycle()
    if as_json and ended.applied is None:
        print_json({"run": ended.run_id, "plan": encode(ended.planned.plan)})
    elif ended.applied is not None:
        show_applied(ended.applied, ended.run_id, as_json=as_json)
    else:
        for line in plan_lines(ended.planned.plan):
            click.echo(line)
        click.echo("Nothing was written: " + ("a dry run." if dry_run else "ZDSYNC_MODE is shadow."))
    return ended.exit_code


@click.command(epilog="Example: ZDSYNC_SCHEDULE='every 2m' zdsync worker")
@click.option("--cycles", type=click.IntRange(min=1), metavar="N", help="End after N cycles.")
@click.pass_obj
def worker(globals_: Globals, cycles: int | None) -> int:
    """Cycle for ever on the schedule; SIGTERM or Ctrl-C ends it cleanly.

    On PostgreSQL further workers stand by, and one of them takes over when the leading one is gone.
    """
    from zdsync.schedule import Pokes, next_run_after, run_on_schedule
    from zdsync.web.pulse import Pulse
    from zdsync.wiring import open_workplace, watch

    settings = globals_.settings(needs_account=True, is_service=True)
    with system_clock(globals_.ahead) as (clock, flag):
        pulse, pokes = Pulse(clock, partial(next_run_after, settings.schedule, settings.timezone)), Pokes()
        with (
            open_workplace(settings, pulse, stands_by=True) as place,
            _window(settings, clock, pulse, pokes),
        ):
            watched = watch(settings, place)
            return run_on_schedule(
                lambda: pulse.time(watched.run_cycle),
                settings.schedule,
                timezone=settings.timezone,
                stop=flag,
                max_cycles=cycles,
                pokes=pokes,
            )


def _window(settings: Settings, clock: Clock, pulse: Pulse, pokes: Pokes) -> AbstractContextManager[object]:
    """The worker's health, metrics and status page, unless they are switched off."""
    from zdsync.reading import open_reading
    from zdsync.web.server import Site, serving

    if settings.http is None:
        return nullcontext()
    site = Site(
        pulse=pulse,
        open_reading=lambda: open_reading(settings, clock),
        max_lag=settings.max_lag,
        tag_prefix=settings.tag_prefix,
        mode=settings.mode.value,
        ask_cycle=pokes.poke,
    )
    return serving(settings.http, site)
