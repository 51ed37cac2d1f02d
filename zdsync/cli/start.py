"""The first command: asks for the account and leaves a settings file and starter rules behind."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from zdsync.cli.common import Globals
from zdsync.settings import parse_base_url, parse_key, parse_subdomain

Parse = Callable[[str], str]

_WHERE = (
    "In Admin Center, under Apps and integrations > APIs > OAuth clients, make a confidential client with the scopes\n"
    "read and write, owned by an admin account of its own: zdsync acts as that user."
)
_NEXT = """\
What now:
  zdsync pull           mirrors the account; Zendesk is only read
  zdsync plan           shows what the rules would change; nothing is written
  zdsync rules check    finds faults in {rules} after you edited it
Until you set ZDSYNC_MODE=apply in {env}, `zdsync run` and `zdsync worker` decide and record, and write nothing."""


def _checked(parse: Parse) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """An option's text, checked as the setting of that name is."""

    def check(_ctx: click.Context, _option: click.Parameter, text: str | None) -> str | None:
        return None if text is None else _parsed(parse, text)

    return check


def _parsed(parse: Parse, text: str) -> str:
    try:
        return parse(text.strip())
    except ValueError as err:
        raise click.BadParameter(str(err)) from err


@click.command(epilog="Example: zdsync init --subdomain acme --client-id zdsync")
@click.option("--subdomain", callback=_checked(parse_subdomain), help="`acme` of acme.zendesk.com.")
@click.option("--url", callback=_checked(parse_base_url), help="Base URL instead (sandbox, proxy).")
@click.option("--client-id", callback=_checked(parse_key), help="The OAuth client's unique identifier.")
@click.option("--client-secret", callback=_checked(parse_key), help="Its secret; asked for if left out.")
@click.option(
    "--template",
    type=click.Choice(["saas", "retail"]),
    default="saas",
    show_default=True,
    help="Which starter rules: those of a software company, or of a shop.",
)
@click.pass_obj
def init(
    globals_: Globals,
    subdomain: str | None,
    url: str | None,
    client_id: str | None,
    client_secret: str | None,
    template: str,
) -> int:
    """Ask for the account, write .env and starter rules; never overwrites."""
    if subdomain and url:
        raise click.UsageError("--subdomain and --url name the account twice; keep one of them")
    env = globals_.env or Path(".env")
    if env.exists():
        click.echo(f"{env} is there already and was left alone.")
    else:
        account = _ask(subdomain, url, client_id, client_secret)
        _write_env(env, account | ({"ZDSYNC_RULES": globals_.rules} if globals_.rules else {}))
        click.echo(f"Wrote {env}, readable by you alone; keep it out of version control.")
    rules = globals_.settings(needs_account=False).rules
    if rules.exists() and not (rules.is_dir() and not any(rules.iterdir())):
        click.echo(f"{rules} is there already and was left alone.")
    else:
        click.echo(f"Wrote the starter rules to {rules}: {', '.join(_copy_rules(rules, template))}.")
    click.echo(_NEXT.format(rules=rules, env=env))
    return 0


def _ask(
    subdomain: str | None, url: str | None, client_id: str | None, client_secret: str | None
) -> dict[str, str]:
    """The account's settings, what is missing asked for."""
    if not (client_id and client_secret):
        click.echo(_WHERE)
    try:
        if url:
            place = {"ZENDESK_URL": url}
        else:
            question = "Subdomain (acme of acme.zendesk.com)"
            place = {"ZENDESK_SUBDOMAIN": subdomain or _prompt(question, parse_subdomain)}
        return {
            **place,
            "ZENDESK_CLIENT_ID": client_id or _prompt("Client's unique identifier", parse_key),
            "ZENDESK_CLIENT_SECRET": client_secret or _prompt("Client's secret", parse_key, is_secret=True),
        }
    except click.Abort as err:
        if sys.stdin.isatty():
            raise
        names = "--subdomain (or --url), --client-id and --client-secret"
        raise click.UsageError(f"nobody is there to ask; give {names}") from err


def _prompt(question: str, parse: Parse, *, is_secret: bool = False) -> str:
    """Asks until the answer can be a value of the setting; a secret is not shown."""
    answer: str = click.prompt(question, hide_input=is_secret, value_proc=lambda text: _parsed(parse, text))
    return answer


def _write_env(path: Path, given: Mapping[str, str]) -> None:
    """Never over a file that came meanwhile, never half, and readable by its owner alone from the first byte."""
    lines = [
        "# Settings of zdsync. The command line and the environment win over this file.",
        *(f"{name}={_quoted(value)}" for name, value in given.items()),
        "",
        "# `shadow`: decide and record, never write to Zendesk. Read a few plans, then set `apply`.",
        "ZDSYNC_MODE=shadow",
    ]
    try:
        path.touch(0o600, exist_ok=False)
        try:
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        except OSError:
            path.unlink()
            raise
    except OSError as err:
        raise click.UsageError(f"cannot write {path}: {err.strerror}") from err


def _quoted(value: str) -> str:
    """The value as a line of `.env` keeps it."""
    if re.fullmatch(r"[\w.:/@-]*", value):
        return value
    escaped = value.replace("\\", r"\\").replace("'", r"\'")
    return f"'{escaped}'"


def _copy_rules(folder: Path, template: str) -> list[str]:
    """The names of the files written, as they stand in the folder."""
    from zdsync.wiring import starter_rules

    shipped = starter_rules(template)
    names = sorted(str(path.relative_to(shipped)) for path in shipped.rglob("*.yaml"))
    try:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with (folder / name).open("xb") as copy:
                copy.write((shipped / name).read_bytes())
    except OSError as err:
        raise click.UsageError(f"cannot write to {folder}: {err.strerror}") from err
    return names
