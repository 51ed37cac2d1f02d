"""The command that looks at everything zdsync depends on, and says what to do where something is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from zdsync.cli.common import Globals, json_option, print_json, system_clock
from zdsync.errors import ConfigError

if TYPE_CHECKING:
    from zdsync.config import Settings
    from zdsync.errors import Problem
    from zdsync.ports.clock import Clock
    from zdsync.runs.doctor.account import Intent
    from zdsync.runs.doctor.model import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "fault": "red", "not checked": "bright_black"}
SETTINGS, MODE, PACE = "settings", "mode", "pace"


@click.command(epilog="Example: zdsync doctor --json")
@json_option
@click.pass_obj
def doctor(globals_: Globals, *, as_json: bool) -> int:
    """Check settings, database, account, clock and rules, with a remedy for what is wrong; changes nothing.

    Exit 0 when all is well or only warnings are left, 1 when credentials, account or database would stop zdsync,
    2 when settings or rules are wrong.
    """
    found: list[Finding] = []
    with system_clock() as (clock, _):
        for finding in _examined(globals_, clock):
            found.append(finding)
            if not as_json:
                _show(finding)
    code = next((finding.exit_code for finding in found if finding.exit_code), 0)
    if as_json:
        names = ("check", "grade", "text", "remedy")
        print_json(
            {"exit_code": code, "findings": [{name: getattr(one, name) for name in names} for one in found]}
        )
    return code


def _show(finding: Finding) -> None:
    is_terminal = sys.stdout.isatty()
    grade = click.style(
        f"{finding.grade.value:<11}", fg=_COLOURS[finding.grade.value] if is_terminal else None
    )
    first, *rest = finding.text.splitlines() or [""]
    click.echo(f"{grade}  {finding.check}: {first}")
    for line in rest:
        click.echo(f"{'':<13}{line}")
    if finding.remedy:
        click.echo(f"{'':<13}what to do: {finding.remedy}")


def _examined(globals_: Globals, clock: Clock) -> Iterator[Finding]:
    """Every finding, as soon as it is known: what lies nearest first, what must be asked for over the network later."""
    from zdsync.runs.doctor import account, database, rules
    from zdsync.runs.doctor.model import MUST_BE_MENDED, fault, not_checked
    from zdsync.wiring import open_account_probe, open_database_probe

    try:
        settings = globals_.settings(needs_account=False, tells_notes=False)
    except ConfigError as err:
        yield fault(SETTINGS, err.message, err.hint, exit_code=MUST_BE_MENDED)
        for check in (MODE, *database.CHECKS, *account.CHECKS, rules.RULES, rules.AGAINST, PACE):
            yield not_checked(check, "the settings cannot be read")
        return
    yield from _settings(globals_, settings)
    yield _mode(settings)
    yield from database.examine_database(
        open_database_probe(settings), settings.access.url if settings.access else None
    )
    if settings.access is None:
        yield from account.skipped("the settings name no account to sign in to")
    else:
        yield from account.examine_account(
            open_account_probe(settings, clock), _intent(settings), clock.now()
        )
    yield from _rules(settings, clock)
    yield _pace(settings)


def _settings(globals_: Globals, settings: Settings) -> Iterator[Finding]:
    """Faults in what names the account, which do not keep the rest from being looked at, and every note."""
    from zdsync.runs.doctor.model import MUST_BE_MENDED, fault, ok, warning

    if settings.access is None:
        try:
            globals_.settings(needs_account=True, tells_notes=False)
        except ConfigError as err:
            yield fault(SETTINGS, err.message, err.hint, exit_code=MUST_BE_MENDED)
    elif not settings.notes:
        yield ok(SETTINGS, "read, and sound")
    for note in settings.notes:
        what, _, remedy = note.partition("; ")
        yield warning(SETTINGS, what, remedy)


def _mode(settings: Settings) -> Finding:
    from zdsync.runs.doctor.model import ok
    from zdsync.settings import Mode

    if settings.mode is Mode.APPLY:
        return ok(MODE, "apply: runs write to Zendesk, within the guard's limits")
    return ok(
        MODE,
        "shadow: runs decide and record, and write nothing",
        "set ZDSYNC_MODE=apply when the plans look right",
    )


def _intent(settings: Settings) -> Intent:
    from zdsync.runs.doctor.account import Intent
    from zdsync.settings import Every, Mode
    from zdsync.zendesk.credentials import OAuthClient

    # Cron's finest step is a minute.
    seconds = settings.schedule.seconds if isinstance(settings.schedule, Every) else 60
    return Intent(
        rate_share=settings.rate_share,
        cycles_per_minute=60 / seconds,
        is_shadow=settings.mode is Mode.SHADOW,
        is_renewed=isinstance(settings.need_access().credentials, OAuthClient),
    )


def _rules(settings: Settings, clock: Clock) -> Iterator[Finding]:
    from zdsync.runs.doctor.rules import examine_rules
    from zdsync.wiring import check_against_mirror, check_rule_files, read_account_if_any

    def against_account() -> tuple[Problem, ...] | None:
        account = read_account_if_any(settings, clock)
        if account is None:
            return None
        problems = check_rule_files(settings, clock, account)
        if all(problem.is_warning for problem in problems):
            problems += check_against_mirror(settings, clock)
        return problems

    return examine_rules(lambda: check_rule_files(settings, clock, None), against_account)


def _pace(settings: Settings) -> Finding:
    """Zendesk withholds the latest minute, and a ticket may come right after a cycle."""
    from zdsync.runs.doctor.model import ok
    from zdsync.settings import Every

    schedule = settings.schedule
    if isinstance(schedule, Every):
        late = f"1 to {int(schedule.seconds // 60) + 2} minutes late"
    else:
        late = "with the first run that starts a minute or more after them"
    return ok(
        PACE,
        f"new tickets are routed {late}, since Zendesk's exports withhold the latest minute",
        "let native triggers do what cannot wait",
    )
