"""The commands that take back and hold off: undo, hold, release."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from zdsync.cli.common import Globals, json_option, open_place, print_json, system_clock
from zdsync.cli.sync import show_applied

if TYPE_CHECKING:
    from zdsync.ports.clock import Clock
    from zdsync.ports.mirror import Mirror
    from zdsync.runs.cycle import Workplace
    from zdsync.runs.undo import Undo

_TICKET = click.argument("ticket", type=click.IntRange(min=1))


def _span(_ctx: click.Context, _param: click.Parameter, text: str | None) -> timedelta | None:
    from zdsync.settings import parse_duration

    try:
        return parse_duration(text) if text is not None else None
    except ValueError as err:
        raise click.BadParameter(str(err)) from err


@click.command(epilog="Example: zdsync undo 20261122-093000-1f3a --ticket 4711; zdsync undo --since 3h")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--since", metavar="TIME", help="Instead of RUN all runs begun since then: 3h, or an ISO time.")
@click.option("--until", metavar="TIME", help="With --since: the last moment of a run's beginning (now).")
@click.option("--ticket", type=click.IntRange(min=1), metavar="ID", help="Only this ticket of the run.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def undo(
    globals_: Globals,
    run_id: str | None,
    since: str | None,
    until: str | None,
    ticket: int | None,
    *,
    yes: bool,
    as_json: bool,
) -> int:
    """Take a run back, or all runs of a time, wherever nobody has changed the same since; what is restored is held.

    Exits 3 when something was left alone; it is listed with the reason. An undo is a run, and can be undone.
    """
    from zdsync.report.undo import undo_json, undo_lines
    from zdsync.runs import cycle
    from zdsync.runs.undo import apply_undo

    if (run_id is None) is (since is None) or (until is not None and since is None):
        raise click.UsageError("name a RUN, or a time with --since and, if you like, --until")
    with open_place(globals_) as place:
        make = _maker(place, run_id, since, until, ticket)
        cycle.refuse_shadow(place)
        with cycle.recorded(place, "undo") as record:
            cycle.settle_open(place)
            cycle.run_pull(place, record, respect_cadence=True)
            made = make()
            if not as_json:
                click.echo("\n".join(undo_lines(made)))
            if not made.plan.is_empty and not yes:
                click.confirm("Take it back?", abort=True, err=as_json)
            applied = apply_undo(place, record, made)
            code = record.exit_code
    if as_json:
        print_json(undo_json(made, record.run.id, applied))
    else:
        show_applied(applied, record.run.id, as_json=False)
    return code


def _maker(
    place: Workplace, run_id: str | None, since: str | None, until: str | None, ticket: int | None
) -> Callable[[], Undo]:
    """What makes the undo that was asked for; times are those of this moment."""
    from zdsync.model import RunId, TicketId
    from zdsync.runs.undo import make_undo, make_undo_of_span
    from zdsync.settings import parse_since

    ticket_id = TicketId(ticket) if ticket else None
    if since is None:
        return partial(make_undo, place, RunId(run_id or ""), ticket_id)
    now = place.clock.now()
    try:
        begin, end = parse_since(since, now), parse_since(until, now) if until else now
    except ValueError as err:
        raise click.UsageError(str(err)) from err
    if end < begin:
        raise click.UsageError(f"--until {until} lies before --since {since}")
    return partial(make_undo_of_span, place, begin, end, ticket_id)


@click.command(epilog="Example: zdsync hold 4711 --for 2d")
@_TICKET
@click.option(
    "--for", "span", callback=_span, metavar="TIME", help="How long: 30m, 4h, 2d (default: until a release)."
)
@json_option
@click.pass_obj
def hold(globals_: Globals, ticket: int, span: timedelta | None, *, as_json: bool) -> int:
    """Keep the rules from changing a ticket; works beside a running worker."""
    from zdsync.model import TicketId
    from zdsync.runs.holds import hold as hold_ticket

    with _mirror(globals_) as (mirror, clock):
        made = hold_ticket(mirror, clock, TicketId(ticket), span)
    if as_json:
        print_json({"ticket": ticket, "since": made.since, "until": made.until})
    else:
        end = f"until {made.until:%Y-%m-%d %H:%M:%S} UTC" if made.until else "until it is released"
        click.echo(f"Ticket {ticket} is held {end}.")
    return 0


@click.command(epilog="Example: zdsync release 4711")
@_TICKET
@json_option
@click.pass_obj
def release(globals_: Globals, ticket: int, *, as_json: bool) -> int:
    """End every hold of a ticket, an undo's too; the next run decides it again."""
    from zdsync.model import TicketId
    from zdsync.runs.holds import release as release_ticket

    with _mirror(globals_) as (mirror, clock):
        ended = release_ticket(mirror, clock, TicketId(ticket))
    if as_json:
        print_json({"ticket": ticket, "ended": ended})
    else:
        click.echo(f"Ticket {ticket} is released." if ended else f"Ticket {ticket} was not held.")
    return 0


@contextmanager
def _mirror(globals_: Globals) -> Iterator[tuple[Mirror, Clock]]:
    from zdsync.wiring import open_mirror_beside

    settings = globals_.settings(needs_account=False)
    with system_clock(globals_.ahead) as (clock, _), open_mirror_beside(settings, clock) as mirror:
        yield mirror, clock
