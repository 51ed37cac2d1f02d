"""The sandbox: a local Zendesk that needs no account."""

from __future__ import annotations

import click

from zdsync.cli.common import Globals, system_clock


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
