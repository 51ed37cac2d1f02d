"""The commands that need no account: the sandbox, and the demo that plays one full cycle in it."""

from __future__ import annotations

from pathlib import Path

import click

from zdsync.cli.common import Globals, open_reader, system_clock
from zdsync.errors import MirrorError

DEMO_DATABASE = "zdsync-demo.db"
LOOK = "select status, count(*) from tickets group by status"


@click.command(epilog="Example: zdsync sandbox --port 8099 --tickets 5000")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8099, show_default=True, help="0 takes a free one."
)
@click.option(
    "--tickets", type=click.IntRange(min=0), default=5000, show_default=True, help="How many tickets."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same account.")
@click.option("--limits/--no-limits", default=False, show_default=True, help="Keep Zendesk's rate limits.")
@click.pass_obj
def sandbox(_globals: Globals, port: int, tickets: int, seed: int, *, limits: bool) -> int:
    """A local Zendesk to try things on, with a made-up account; Ctrl-C ends it."""
    from zdsync.sandbox.app import make_sandbox
    from zdsync.sandbox.server import serve

    click.echo(f"Making an account with {tickets:,} tickets …", err=True)
    with system_clock() as (_, flag):
        app = make_sandbox(tickets=tickets, seed=seed, rate_limits=limits)
        try:
            server = serve(app, port=port)
        except OSError as err:
            raise click.UsageError(f"cannot listen on port {port}: {err.strerror}") from err
        click.echo(f"Zendesk sandbox on {server.url}; in another terminal:")
        for name, value in sandbox_settings(server.url).items():
            click.echo(f"  export {name}={value}")
        click.echo("  zdsync pull")
        flag.wait()
        server.close()
    return 0


def sandbox_settings(url: str) -> dict[str, str]:
    """What makes zdsync use the sandbox at `url`."""
    from zdsync.sandbox.auth import CLIENT_ID, CLIENT_SECRET

    return {
        "ZENDESK_URL": url,
        "ZENDESK_CLIENT_ID": CLIENT_ID,
        "ZENDESK_CLIENT_SECRET": CLIENT_SECRET,
        "ZDSYNC_MODE": "apply",
    }


@click.command(epilog="Example: zdsync demo --tickets 2000")
@click.option(
    "--tickets", type=click.IntRange(min=100), default=5000, show_default=True, help="How many tickets."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same account.")
@click.pass_context
def demo(ctx: click.Context, tickets: int, seed: int) -> int:
    """One full cycle on a made-up account: pull, plan, apply, explain, plan again, report."""
    from zdsync.sandbox.app import make_sandbox
    from zdsync.sandbox.server import serve
    from zdsync.wiring import starter_rules

    _forget(Path(DEMO_DATABASE))
    click.echo(f"A Zendesk account with {tickets:,} made-up tickets, on this machine only …")
    server = serve(make_sandbox(tickets=tickets, seed=seed, rate_limits=False))
    own = {"ZDSYNC_DATABASE_URL": f"sqlite:///{DEMO_DATABASE}", "ZDSYNC_RULES": str(starter_rules())}
    environ = {**sandbox_settings(server.url), **own}
    ctx.obj = Globals(None, None, None, is_verbose=False, environ=environ)
    try:
        _play(ctx)
    finally:
        server.close()
    click.echo(f"\nThe mirror is left in {DEMO_DATABASE}. Look at it with")
    click.echo(f"  zdsync --db sqlite:///{DEMO_DATABASE} status")
    click.echo(f"  sqlite3 {DEMO_DATABASE} {LOOK!r}")
    click.echo(f"The rules that decided are in {own['ZDSYNC_RULES']}.")
    return 0


def _play(ctx: click.Context) -> None:
    """The cycle, each step as the command that a user would type."""
    from zdsync.cli import look, sync

    _step(ctx, "pull", "mirror the account", sync.pull)
    _step(ctx, "plan", "decide every unsolved ticket; nothing is written", sync.plan)
    _step(ctx, "apply --yes", "write exactly that, journaled and read back", sync.apply, yes=True)
    ticket = _worth_explaining(ctx)
    if ticket is not None:
        _step(ctx, f"explain {ticket}", "why this ticket is where it is", look.explain, ticket=ticket)
    _step(ctx, "plan --exit-code", "a second plan finds nothing left to do", sync.plan, exit_code=True)
    _step(ctx, "report", "what the mirror knows", look.report)


def _step(ctx: click.Context, words: str, what: str, command: click.Command, **options: object) -> None:
    click.secho(f"\n$ zdsync {words}", bold=True, nl=False)
    click.secho(f"   # {what}", dim=True)
    code = ctx.invoke(command, **options)
    if code:
        raise click.ClickException(f"`zdsync {words}` ended with exit code {code}")


def _worth_explaining(ctx: click.Context) -> int | None:
    """A ticket that a late rule moved, so that there is something to tell of the rules before it."""
    globals_ = ctx.find_object(Globals)
    assert globals_ is not None, "the group makes it"
    with open_reader(globals_) as (reading, _, _):
        run = reading.mirror.read_runs(1)[0]
        entries = reading.mirror.journal.read_entries(run_id=run.id)
        order = [rule.id for rule in reading.rules().assign[:-1]]
    moved = [entry for entry in entries if entry.rule in order and "group_id" in entry.after]
    return max(moved, key=lambda entry: order.index(entry.rule)).object_id if moved else None


def _forget(database: Path) -> None:
    """Remove what an earlier demo left."""
    for suffix in ("", "-wal", "-shm", ".lock"):
        try:
            Path(f"{database}{suffix}").unlink()
        except FileNotFoundError:
            continue
        except OSError as err:
            raise MirrorError(f"cannot replace {database}{suffix}: {err.strerror}") from err
