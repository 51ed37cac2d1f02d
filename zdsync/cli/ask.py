"""The analyst's commands: what the mirror holds, and questions to it in SQL."""

from __future__ import annotations

import csv
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from zdsync.cli.common import Globals, json_option, open_reader, print_json, print_tables

if TYPE_CHECKING:
    from zdsync.mirror.query import Answer

_LONGEST_CELL = 200
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@click.command(epilog="Example: zdsync schema tickets_wide ticket_field_changes")
@click.argument("names", metavar="[TABLE]…", nargs=-1)
@json_option
@click.pass_obj
def schema(globals_: Globals, names: tuple[str, ...], *, as_json: bool) -> int:
    """Say what every table, view and column of the mirror holds."""
    from zdsync.mirror.catalogue import read_catalogue
    from zdsync.report.tables import Table

    with open_reader(globals_) as (reading, _, _):
        found = read_catalogue(reading.mirror.database)
    unknown = set(names) - {relation.name for relation in found}
    if unknown:
        raise click.UsageError(f"no table or view {', '.join(sorted(unknown))}")
    chosen = [relation for relation in found if not names or relation.name in names]
    if as_json:
        print_json(
            [
                {
                    "name": relation.name,
                    "kind": "view" if relation.is_view else "table",
                    "comment": relation.comment,
                    "columns": [
                        {"name": column.name, "type": column.type, "comment": column.comment}
                        for column in relation.columns
                    ],
                }
                for relation in chosen
            ]
        )
        return 0
    print_tables(
        [
            Table(
                f"{relation.name}{' (view)' * relation.is_view}: {relation.comment}",
                ("column", "type", "what it holds"),
                tuple((column.name, column.type, column.comment) for column in relation.columns),
            )
            for relation in chosen
        ]
    )
    return 0


@click.command(epilog='Example: zdsync query "SELECT status, count(*) FROM tickets GROUP BY status"')
@click.argument("sql")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="Rows at most.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values on stdout.")
@json_option
@click.pass_obj
def query(globals_: Globals, sql: str, limit: int, *, as_csv: bool, as_json: bool) -> int:
    """Ask the mirror in SQL; one SELECT, which cannot change anything. Times are UTC."""
    from zdsync.mirror.query import QueryRefused, run_query

    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other")
    try:
        with open_reader(globals_) as (reading, _, _):
            answer = run_query(reading.mirror.database, sql, limit=limit)
    except QueryRefused as err:
        raise click.UsageError(str(err)) from err
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(answer.columns)
        writer.writerows(answer.rows)
    else:
        _show(answer)
    if answer.is_cut:
        click.echo(f"only the first {limit:,} rows; --limit shows more", err=True)
    return 0


def _show(answer: Answer) -> None:
    from zdsync.report.tables import Table

    rows = tuple(tuple(map(_printable, row)) for row in answer.rows)
    title = f"{len(rows):,} row{'s' * (len(rows) != 1)}"
    print_tables([Table(title, answer.columns, rows, empty=", ".join(answer.columns))])


def _printable(value: Any) -> Any:
    """What a terminal can show: no control characters, which may come from anybody's ticket, and no page of text."""
    if not isinstance(value, str):
        return value
    text = _UNPRINTABLE.sub("\ufffd", value)
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"
