"""The commands that only read: explain, runs, status, report."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import click

from zdsync.cli.common import FINDINGS, Globals, json_option, open_reader, print_json, print_tables


@click.command(epilog="Example: zdsync explain 4711")
@click.argument("ticket", type=click.IntRange(min=1))
@click.option("--rule", "rule_id", metavar="ID", help="Only this rule: why, or why not.")
@click.option("--at", "moment", metavar="TIME", help="As it was then, e.g. 2026-11-20T09:30 (UTC).")
@json_option
@click.pass_obj
def explain(globals_: Globals, ticket: int, rule_id: str | None, moment: str | None, *, as_json: bool) -> int:
    """Say why a ticket is in its tier: the rule that won, and where each earlier one failed.

    --at takes the ticket back to a moment by its mirrored history; the rules are those of now.
    """
    from zdsync.model import TicketId
    from zdsync.report.explain import explanation_json, explanation_lines, rule_json, rule_lines
    from zdsync.runs.explain import explain as explain_ticket
    from zdsync.runs.explain import explain_rule

    document: object
    lines: Iterable[str]
    with open_reader(globals_) as (reading, settings, clock):
        mirror, rules, id = reading.mirror, reading.rules(), TicketId(ticket)
        prefix, at = settings.tag_prefix, _moment(moment, clock.now())
        if rule_id is None:
            found = explain_ticket(mirror, mirror.journal, rules, clock, id, tag_prefix=prefix, at=at)
            document, lines = explanation_json(found), explanation_lines(found)
        else:
            answer = explain_rule(mirror, mirror.journal, rules, clock, id, rule_id, tag_prefix=prefix, at=at)
            document, lines = rule_json(answer), rule_lines(answer)
    if as_json:
        print_json(document)
    else:
        for line in lines:
            click.echo(line)
    return 0


def _moment(text: str | None, now: datetime) -> datetime | None:
    """The moment that `--at` names, which must be past."""
    from zdsync.rules.fields import to_span

    if text is None:
        return None
    span = to_span(text)
    if span is None:
        raise click.UsageError(
            "--at: write a time such as 2026-11-20T09:30, or a day for its beginning (UTC)"
        )
    if span.start > now:
        raise click.UsageError("--at: that time is still to come")
    return span.start


@click.command(epilog="Example: zdsync runs 20261122-093000-1f3a")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many runs.")
@json_option
@click.pass_obj
def runs(globals_: Globals, run_id: str | None, limit: int, *, as_json: bool) -> int:
    """The latest runs; with RUN, every change that run made, with its outcome."""
    from zdsync.model import RunId
    from zdsync.report.runs import changes_table, runs_table
    from zdsync.report.tables import as_records

    with open_reader(globals_) as (reading, _, _):
        if run_id is None:
            table = runs_table(reading.mirror.read_runs(limit))
        else:
            table = changes_table(reading.mirror.journal.read_entries(run_id=RunId(run_id)))
    if as_json:
        print_json(as_records(table))
    else:
        print_tables([table])
    return 0


@click.command(epilog="Example: zdsync status --json")
@json_option
@click.pass_obj
def status(globals_: Globals, *, as_json: bool) -> int:
    """Lag of each stream, unsettled writes and the last runs; exit 5 when the mirror is stale."""
    from zdsync.report.runs import freshness, runs_table, streams_table
    from zdsync.report.tables import age_text, as_records
    from zdsync.runs.freshness import mirror_until

    with open_reader(globals_) as (reading, settings, clock):
        mirror, now = reading.mirror, clock.now()
        fresh = freshness(mirror_until(mirror), now, settings.max_lag)
        tables = [streams_table(mirror.read_streams(), now), runs_table(mirror.read_runs(5))]
        unsettled = len(reading.mirror.journal.read_open())
    if as_json:
        print_json(
            {
                "is_stale": fresh.is_stale,
                "lag_s": fresh.lag.total_seconds() if fresh.lag else None,
                "unsettled_writes": unsettled,
                "streams": as_records(tables[0]),
                "runs": as_records(tables[1]),
            }
        )
    else:
        print_tables(tables)
        lag = age_text(fresh.lag) if fresh.lag else "never pulled"
        click.echo(
            f"Mirror {lag} behind{', stale' * fresh.is_stale}; {unsettled} writes without known outcome."
        )
    return FINDINGS if fresh.is_stale else 0


@click.group(invoke_without_command=True, epilog="Example: zdsync report --json > figures.json")
@json_option
@click.pass_context
def report(ctx: click.Context, *, as_json: bool) -> int:
    """Tiers, backlog, first reply, satisfaction, load, and what breaches next, from the mirror."""
    from zdsync.report.escalation import escalation_tables
    from zdsync.report.runs import figure_tables
    from zdsync.report.tables import as_records

    if ctx.invoked_subcommand is not None:
        return 0
    globals_ = ctx.find_object(Globals)
    assert globals_ is not None, "the group makes it"
    with open_reader(globals_) as (reading, settings, clock):
        figures = reading.mirror.read_figures(tag_prefix=settings.tag_prefix)
        tables = dict(zip(figures, figure_tables(figures), strict=True))
        tables |= escalation_tables(reading.mirror, reading.mirror.insight, clock.now(), is_whole=as_json)
    if as_json:
        print_json({name: as_records(table) for name, table in tables.items()})
    else:
        print_tables(tuple(tables.values()))
    return 0


@report.command(epilog="Example: zdsync report shadow --since 2026-11-01")
@click.option(
    "--since", metavar="DATE", default="all", help="Only decisions from then on; else all that are kept."
)
@json_option
@click.pass_obj
def shadow(globals_: Globals, since: str, *, as_json: bool) -> int:
    """What the rules would have done in shadow mode, beside what people did with the same tickets."""
    from zdsync.report.shadow import shadow_json, shadow_lines, shadow_tables
    from zdsync.runs.shadow import compare_shadow
    from zdsync.settings import parse_start

    with open_reader(globals_) as (reading, settings, clock):
        try:
            start = parse_start(since, clock.now())
        except ValueError as err:
            raise click.UsageError(f"--since: {err}") from err
        found = compare_shadow(
            reading.mirror, reading.rules(), clock, since=start, tag_prefix=settings.tag_prefix
        )
    if as_json:
        print_json(shadow_json(found))
        return 0
    print_tables(shadow_tables(found))
    for line in shadow_lines(found):
        click.echo(line)
    return 0
