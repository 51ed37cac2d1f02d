"""The support lead's commands: what falls through the cracks, one ticket's story, what bounces, a cycle at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from zdsync.cli.common import FINDINGS, Globals, json_option, open_reader, print_json, print_tables
from zdsync.cli.look import report

if TYPE_CHECKING:
    from zdsync.settings import Listen


def _span(_ctx: click.Context, _param: click.Parameter, text: str) -> timedelta:
    from zdsync.settings import parse_duration

    try:
        return parse_duration(text)
    except ValueError as err:
        raise click.BadParameter(str(err)) from err


@click.command(epilog="Example: zdsync sweep --no-owner 4h")
@click.option(
    "--no-owner",
    default="8h",
    show_default=True,
    callback=_span,
    metavar="TIME",
    help="How long, in its tier's open time, a ticket may be assigned to nobody.",
)
@click.option(
    "--unanswered",
    default="24h",
    show_default=True,
    callback=_span,
    metavar="TIME",
    help="How long, in its tier's open time, a customer may wait for a person.",
)
@click.option(
    "--waiting",
    default="14d",
    show_default=True,
    callback=_span,
    metavar="TIME",
    help="How long a ticket may be pending or on hold.",
)
@click.option("--whole", "is_whole", is_flag=True, help="Every ticket, not the first of each kind.")
@json_option
@click.pass_obj
def sweep(
    globals_: Globals,
    no_owner: timedelta,
    unanswered: timedelta,
    waiting: timedelta,
    *,
    is_whole: bool,
    as_json: bool,
) -> int:
    """List unsolved tickets that may be forgotten, how long, and who could act; exit 5 if there are any.

    As of the latest run: no tier, no group, nobody assigned, a group without anybody, a suspended or deleted
    assignee, customers or tickets that wait for long, ping-pong, a group of no tier, and clocks nobody can know.
    """
    from zdsync.report.sweep import summary, sweep_json, sweep_tables
    from zdsync.runs.sweep import Patience
    from zdsync.runs.sweep import sweep as find

    patience = Patience(no_owner=no_owner, unanswered=unanswered, waiting=waiting)
    with open_reader(globals_) as (reading, settings, clock):
        mirror, rules = reading.mirror, reading.rules()
        found = find(mirror, mirror.insight, rules, clock, tag_prefix=settings.tag_prefix, patience=patience)
    if as_json:
        print_json(sweep_json(found))
    else:
        print_tables(tuple(sweep_tables(found, is_whole=is_whole)))
        click.echo(summary(found))
    return FINDINGS if found else 0


@click.command(epilog="Example: zdsync timeline 4711")
@click.argument("ticket", type=click.IntRange(min=1))
@json_option
@click.pass_obj
def timeline(globals_: Globals, ticket: int, *, as_json: bool) -> int:
    """Tell a ticket's story: stays, moves, clocks, decisions, holds and our own changes, in order of time."""
    from zdsync.model import TicketId
    from zdsync.report.timeline import timeline_json, timeline_lines
    from zdsync.runs.timeline import timeline as tell

    with open_reader(globals_) as (reading, settings, clock):
        mirror, rules, id = reading.mirror, reading.rules(), TicketId(ticket)
        prefix = settings.tag_prefix
        story = tell(mirror, mirror.journal, mirror.insight, rules, clock, id, tag_prefix=prefix)
    if as_json:
        print_json(timeline_json(id, story))
    else:
        for line in timeline_lines(id, story):
            click.echo(line)
    return 0


@report.command(epilog="Example: zdsync report pingpong --since 2026-11-01")
@click.option(
    "--since", metavar="DATE", default="all", help="Only moves from then on; else all that are known."
)
@json_option
@click.pass_obj
def pingpong(globals_: Globals, since: str, *, as_json: bool) -> int:
    """Count tickets that came back to the tier they had just left, by pair of tiers, and the open time it cost."""
    from zdsync.report.escalation import SHOWN, pingpong_json, pingpong_lines, pingpong_tables
    from zdsync.settings import parse_start

    with open_reader(globals_) as (reading, _, clock):
        try:
            start = parse_start(since, clock.now())
        except ValueError as err:
            raise click.UsageError(f"--since: {err}") from err
        found = reading.mirror.insight.read_ping_pong(start, SHOWN)
    if as_json:
        print_json(pingpong_json(found, start))
        return 0
    print_tables(pingpong_tables(found))
    for line in pingpong_lines(found):
        click.echo(line)
    return 0


@click.command(epilog="Example: zdsync poke")
@click.pass_obj
def poke(globals_: Globals) -> int:
    """Ask the worker that runs on this machine for a cycle at once, through its own window (ZDSYNC_HTTP)."""
    from zdsync.web.poke import send_poke

    click.echo(send_poke(_window_of(globals_)))
    return 0


def _window_of(globals_: Globals) -> Listen:
    from zdsync.errors import ConfigError

    listen = globals_.settings(needs_account=False).http
    if listen is None:
        raise ConfigError(
            "the worker's window is switched off", hint="set ZDSYNC_HTTP, for the worker and here"
        )
    return listen
