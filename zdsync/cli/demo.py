"""The demo: a day at a made-up account, each step as the command that a user would type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zdsync.cli.common import Globals, open_reader
from zdsync.cli.trial import sandbox_settings
from zdsync.errors import MirrorError
from zdsync.model import TicketId

if TYPE_CHECKING:
    from zdsync.sandbox.app import Sandbox
    from zdsync.sandbox.control import Control

DATABASE = "zdsync-demo.db"
LOOK = "select status, count(*) from tickets group by status"
_EXPORT_LAG_S = 130
"""What Zendesk withholds, and a little more: after it the exports tell what has happened."""


@click.command(epilog="Example: zdsync demo --tickets 2000")
@click.option(
    "--tickets", type=click.IntRange(min=100), default=5000, show_default=True, help="How many tickets."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same account.")
@click.pass_context
def demo(ctx: click.Context, tickets: int, seed: int) -> int:
    """A day at a made-up account: pull, plan, apply, then tickets that move on, wait, or are left to people."""
    from zdsync.sandbox.app import make_sandbox
    from zdsync.sandbox.control import Control
    from zdsync.sandbox.server import serve
    from zdsync.wiring import starter_rules

    _forget(Path(DATABASE))
    click.echo(f"A Zendesk account with {tickets:,} made-up tickets, on this machine only …")
    sandbox = make_sandbox(tickets=tickets, seed=seed, rate_limits=False)
    server = serve(sandbox)
    own = {"ZDSYNC_DATABASE_URL": f"sqlite:///{DATABASE}", "ZDSYNC_RULES": str(starter_rules())}
    ctx.obj = Globals(None, None, None, is_verbose=False, environ={**sandbox_settings(server.url), **own})
    try:
        _Day(ctx, sandbox, Control(sandbox)).play()
    finally:
        server.close()
    click.echo(f"\nThe mirror is left in {DATABASE}. Look at it with")
    click.echo(f"  zdsync --db sqlite:///{DATABASE} status")
    click.echo(f"  sqlite3 {DATABASE} {LOOK!r}")
    click.echo(f"The rules that decided are in {own['ZDSYNC_RULES']}.")
    return 0


@dataclass(slots=True)
class _Day:
    """The account and what happens in it; `scenes` are the tickets to show in the end, by what they show."""

    ctx: click.Context
    sandbox: Sandbox
    control: Control
    scenes: dict[str, int] = field(default_factory=dict)

    def play(self) -> None:
        self._first_cycle()
        self._morning()
        self._step("run", "one cycle: pull, decide, write")
        self._noon()
        self._step("run", "the next cycle, with what has happened meanwhile")
        self._show_scenes()
        self._pass(_EXPORT_LAG_S)
        self._step("pull", "the latest events, zdsync's own among them")
        self._step("plan --exit-code", "nothing is left to do until the world changes")
        self._step("report", "what the mirror knows")

    def _first_cycle(self) -> None:
        self._step("pull", "mirror the account")
        self._step("plan", "decide every unsolved ticket; nothing is written")
        self._step("apply --yes", "write exactly that, journaled and read back")
        self.scenes["an adoption: people had it, it got its tier's tag and nothing else"] = self._adopted()
        ticket = self._worth_explaining()
        if ticket is not None:
            self._step(f"explain {ticket}", "why this ticket is where it is")
        self._step("plan --exit-code", "a second plan finds nothing left to do")

    def _morning(self) -> None:
        """New tickets, all of which the next cycle places."""
        create = self.control.customer_creates
        self._tell("Meanwhile customers write: a how-to question, two fault reports, and a refund.")
        scenes = self.scenes
        scenes["an escalation: the answer of self-service did not help for half an hour"] = create(
            "How do I export?", "How do I export my contacts?", self._customer_of("starter"), "web"
        )
        scenes["a gate: specialists need the version and the steps first"] = create(
            "The export fails",
            "It stops at 90 percent.",
            self._customer_of("pro"),
            fields={"type": "incident", "custom_fields": [{"id": self._field("area"), "value": "technical"}]},
        )
        scenes["a de-escalation: the fix is live, frontline confirms it"] = create(
            "Production is down", "There is an outage, all users are affected.", fields={"type": "incident"}
        )
        scenes["a person's word: moved by hand, so the rules wait"] = create(
            "Refund please", "You charged me twice, I want a refund."
        )
        self._pass(_EXPORT_LAG_S)

    def _noon(self) -> None:
        """People act, and half an hour passes."""
        up, _, down, held = list(self.scenes.values())[1:]
        self._tell(
            "Agents release a fix and move the refund back to frontline; the how-to question stays unanswered."
        )
        self.control.change(down, {"tags": [*self.sandbox.world.tickets[down].tags, "fix_released"]})
        self.control.change(held, {"group": "Frontline"})
        self._pass(40 * 60)
        self.control.customer_replies(up, "That does not help me.")
        self._pass(_EXPORT_LAG_S)

    def _show_scenes(self) -> None:
        for what, ticket in self.scenes.items():
            row = self.sandbox.world.tickets[ticket]
            tags = ", ".join(tag for tag in row.tags if tag.startswith("tier_"))
            click.secho(f"\nTicket {ticket}, {what}", bold=True)
            click.echo(f"  now: {tags or 'no tier'}, {self._group(row.group_id)}, {row.status}")
            for line in self._done(ticket):
                click.echo(f"  {line}")
            for note in self._notes(ticket):
                click.secho("  internal note:", dim=True)
                click.echo("".join(f"    {line}\n" for line in note.splitlines()), nl=False)

    def _done(self, ticket: int) -> Iterator[str]:
        """What zdsync did to the ticket, oldest first, in words."""
        with open_reader(self._globals()) as (reading, _, _):
            entries = reading.mirror.journal.read_entries(ticket_id=TicketId(ticket))
        for entry in entries:
            yield f"{entry.kind}: {entry.reason}" + (f" (rule {entry.rule})" if entry.rule else "")

    # The account

    def _notes(self, ticket: int) -> Iterator[str]:
        """What zdsync has noted on the ticket, oldest first."""
        for audit in self.sandbox.world.tickets[ticket].audits:
            if (audit.custom or {}).get("zdsync"):
                for event in audit.events:
                    body = getattr(event, "body", None)
                    if body:
                        yield body

    def _group(self, id: int | None) -> str:
        groups = self.sandbox.world.tables["groups"]
        return groups[id]["name"] if id in groups else "no group"

    def _customer_of(self, plan: str) -> int:
        """A customer whose company has this plan."""
        world = self.sandbox.world
        companies = {one.id for one in world.organizations.values() if (one.fields or {}).get("plan") == plan}
        return next(
            user.id
            for user in world.users.values()
            if user.role == "end-user" and user.is_active and user.organization_id in companies
        )

    def _field(self, key: str) -> int:
        fields = self.sandbox.world.tables["ticket_fields"].values()
        return next(int(one["id"]) for one in fields if one.get("key") == key)

    def _pass(self, seconds: float) -> None:
        """Let time pass, for the account and for the commands."""
        self.control.advance(seconds)
        globals_ = self._globals()
        self.ctx.obj = replace(globals_, ahead=globals_.ahead + timedelta(seconds=seconds))

    # Commands

    def _globals(self) -> Globals:
        globals_ = self.ctx.find_object(Globals)
        assert globals_ is not None, "the demo has made it"
        return globals_

    def _tell(self, text: str) -> None:
        click.secho(f"\n{text}", italic=True)

    def _step(self, words: str, what: str) -> None:
        """One command as typed."""
        click.secho(f"\n$ zdsync {words}", bold=True, nl=False)
        click.secho(f"   # {what}", dim=True)
        name, *options = words.split()
        program = self.ctx.find_root().command
        assert isinstance(program, click.Group), "the program is a group of commands"
        command = program.commands[name]
        with command.make_context(name, options, parent=self.ctx) as inner:
            code = command.invoke(inner)
        if code:
            raise click.ClickException(f"`zdsync {words}` ended with exit code {code}")

    def _adopted(self) -> int:
        """A ticket that the first run adopted."""
        with open_reader(self._globals()) as (reading, _, _):
            run = reading.mirror.read_runs(1)[0]
            entries = reading.mirror.journal.read_entries(run_id=run.id)
        return next(entry.object_id for entry in entries if entry.kind == "adopted" and entry.object_id)

    def _worth_explaining(self) -> int | None:
        """A ticket that a late rule moved, so that there is something to tell of the rules before it."""
        with open_reader(self._globals()) as (reading, _, _):
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
