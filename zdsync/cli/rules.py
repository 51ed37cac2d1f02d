"""The commands on rule files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zdsync.cli.common import FINDINGS, Globals, json_option, open_reader, print_json, system_clock

if TYPE_CHECKING:
    from zdsync.config import Settings
    from zdsync.runs.layout import Laid


@click.group()
def rules() -> None:
    """Check, test and tidy the rule files."""


@rules.command(epilog="Example: zdsync rules check --strict")
@click.option("--strict", is_flag=True, help="Warnings count: exit 5.")
@json_option
@click.pass_obj
def check(globals_: Globals, *, strict: bool, as_json: bool) -> int:
    """Every fault in the rule files at once, with file, line and column.

    With a mirror names are checked too, and how the rules fare among the latest tickets and the account's own triggers.
    """
    from zdsync.wiring import check_against_mirror, check_rule_files, read_account_if_any

    settings = globals_.settings(needs_account=False)
    with system_clock(globals_.ahead) as (clock, _):
        account = read_account_if_any(settings, clock)
        problems = check_rule_files(settings, clock, account)
        if account is not None and all(problem.is_warning for problem in problems):
            problems += check_against_mirror(settings, clock)
    problems = tuple(sorted(problems))
    errors = [problem for problem in problems if not problem.is_warning]
    if as_json:
        print_json([{name: getattr(p, name) for name in p.__slots__} for p in problems])
    else:
        for problem in problems:
            click.echo(f"{problem}" if not problem.is_warning else f"{problem} (warning)")
        if not problems:
            click.echo(f"{settings.rules}: no problems")
    if errors:
        return 2
    return FINDINGS if strict and problems else 0


@rules.command(epilog="Example: zdsync rules test --json")
@json_option
@click.pass_obj
def test(globals_: Globals, *, as_json: bool) -> int:
    """Decide the cases under tests/ of the rule folder; exit 5 when one comes out otherwise than it expects."""
    from zdsync.detect import TextFilter
    from zdsync.report.rule_tests import result_lines, results_json
    from zdsync.rules.load import load_cases, load_rules
    from zdsync.runs.rule_tests import run_cases
    from zdsync.wiring import read_account_if_any

    settings = globals_.settings(needs_account=False)
    with system_clock(globals_.ahead) as (clock, _):
        results = run_cases(
            load_rules(settings.rules),
            load_cases(settings.rules),
            read_account_if_any(settings, clock),
            tag_prefix=settings.tag_prefix,
            text_filter=TextFilter(settings.bodies.value),
            now=clock.now(),
        )
    if as_json:
        print_json(results_json(results))
    else:
        for line in result_lines(results):
            click.echo(line)
    return FINDINGS if any(result.mismatches for result in results) else 0


@rules.command(epilog="Example: zdsync rules record 4711 --out rules/tests/4711.yaml")
@click.argument("ticket", type=click.IntRange(min=1))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A new file for the case.")
@click.pass_obj
def record(globals_: Globals, ticket: int, out: Path | None) -> int:
    """Write a mirrored ticket as a test case: texts masked, names and addresses of its people replaced."""
    from zdsync.model import TicketId
    from zdsync.runs.record import record as record_ticket

    if out is not None and out.exists():
        raise click.UsageError(f"{out} exists; name a new file")
    with open_reader(globals_) as (reading, settings, clock):
        found = record_ticket(
            reading.mirror, reading.rules(), clock, TicketId(ticket), tag_prefix=settings.tag_prefix
        )
    if found.differences:
        click.echo(f"note: the ticket itself has another {', '.join(found.differences)}", err=True)
    if out is None:
        click.echo(found.text, nl=False)
    else:
        out.write_text(found.text, encoding="utf-8")
        click.echo(f"{out}: read it before you share it; names that stand only in the text are still there")
    return 0


@rules.command(epilog="Example: zdsync rules fmt --check")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 5 if a file would change.")
@click.option("--renamed", is_flag=True, help="Only write the names that things have in Zendesk by now.")
@click.pass_obj
def fmt(globals_: Globals, *, only_check: bool, renamed: bool) -> int:
    """Bring rule files into their ordinary spelling; comments stay, and so does the meaning.

    With --renamed it changes nothing but names of groups, fields, options and the like that were renamed in the mirrored
    account, and shows the change as a patch.
    """
    from zdsync.runs.layout import lay_out_rules

    settings = globals_.settings(needs_account=False)
    changed = _renamed(settings) if renamed else lay_out_rules(settings.rules)
    for laid in changed:
        if renamed:
            click.echo(_patch(laid), nl=False)
        if not only_check:
            Path(laid.file).write_text(laid.text, encoding="utf-8", newline="")
        click.echo(f"{laid.file}: {'would change' if only_check else 'changed'}")
    if not changed:
        click.echo(f"{settings.rules}: in order")
    return FINDINGS if only_check and changed else 0


def _renamed(settings: Settings) -> tuple[Laid, ...]:
    """Files with names of before; raises ConfigError when there is no mirror that could tell."""
    from zdsync.errors import ConfigError
    from zdsync.runs.layout import rename_in_rules
    from zdsync.wiring import read_account_if_any

    with system_clock() as (clock, _):
        account = read_account_if_any(settings, clock)
    if account is None:
        raise ConfigError("no account is mirrored that could tell what was renamed", hint="run `zdsync pull`")
    return rename_in_rules(settings.rules, account)


def _patch(laid: Laid) -> str:
    from difflib import unified_diff

    before = Path(laid.file).read_text("utf-8").splitlines(keepends=True)
    after = laid.text.splitlines(keepends=True)
    return "".join(unified_diff(before, after, laid.file, laid.file))


@rules.command(epilog="Example: zdsync rules schema > rules/rules.schema.json")
@click.pass_obj
def schema(globals_: Globals) -> int:
    """JSON Schema of rule files for editors, with the mirrored account's names when there is a mirror."""
    from zdsync.errors import RuleError
    from zdsync.rules.load import load_rules
    from zdsync.rules.schema import editor_schema
    from zdsync.runs.external import try_tables
    from zdsync.wiring import read_account_if_any, read_native_names_if_any

    settings = globals_.settings(needs_account=False)
    with system_clock(globals_.ahead) as (clock, _):
        account = read_account_if_any(settings, clock)
        natives = read_native_names_if_any(settings, clock)
    try:
        known = try_tables(load_rules(settings.rules))
    except RuleError:
        click.echo("note: the rules have faults; their own names are left out", err=True)
        known = None
    print_json(editor_schema(known, account, natives))
    return 0


@rules.command(epilog="Example: zdsync rules docs --out tiers")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the pages.")
@click.pass_obj
def docs(globals_: Globals, out: Path | None) -> int:
    """A page per tier: scope, groups, view, and the rules that lead in; Markdown, and all in one HTML file."""
    from zdsync.report.rule_pages import page_markdown, pages_html, rule_pages
    from zdsync.rules.load import load_rules

    known = load_rules(globals_.settings(needs_account=False).rules)
    pages = rule_pages(known)
    if out is None:
        click.echo("\n".join(page_markdown(page) for page in pages), nl=False)
        return 0
    out.mkdir(parents=True, exist_ok=True)
    files = {f"{page.name}.md": page_markdown(page) for page in pages}
    for name, text in {**files, "tiers.html": pages_html(pages, known.digest)}.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
        click.echo(out / name)
    return 0


@rules.command(epilog="Example: zdsync rules export --json > triggers.json")
@json_option
@click.pass_obj
def export(globals_: Globals, *, as_json: bool) -> int:
    """Zendesk triggers and views that say the same as the rules, and which rules only the worker can decide.

    --json has the triggers and views themselves, not active, in the order in which they must stand.
    """
    from zdsync.report.rule_export import export_json, export_lines
    from zdsync.rules.compile import compile_rules
    from zdsync.rules.export import export_rules
    from zdsync.rules.load import load_rules
    from zdsync.wiring import read_account_if_any

    settings = globals_.settings(needs_account=False)
    with system_clock(globals_.ahead) as (clock, _):
        account, today = read_account_if_any(settings, clock), clock.now().date()
    compiled = compile_rules(load_rules(settings.rules), account, tag_prefix=settings.tag_prefix, today=today)
    exports = export_rules(compiled, account, today)
    if as_json:
        print_json(export_json(exports, compiled))
    else:
        for line in export_lines(exports):
            click.echo(line)
    return 0
