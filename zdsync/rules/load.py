"""The rule folder, read from disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zdsync.errors import Problem, RuleError
from zdsync.rules.external import LONGEST_LINE, csv_rows, read_table
from zdsync.rules.findings import Check, problem
from zdsync.rules.model import External, Position, RuleSet, Table
from zdsync.rules.reader import MAX_BYTES

if TYPE_CHECKING:
    from zdsync.rules.cases import RuleCase


CASES = "tests"
"""The folder of test cases inside the rule folder."""


def load_rules(folder: Path) -> RuleSet:
    """The rule set that `*.yaml` in `folder` make together, in name order; raises RuleError with every problem.

    Sub-folders are not looked into. What parsing needs is loaded here, since it takes a fifth of a second.
    """
    from zdsync.rules.parse import parse_files

    problems: list[Problem] = []
    files = [read for path in _rule_files(folder, problems) if (read := _read(path, problems)) is not None]
    rules, found = parse_files(files) if files else (None, ())
    problems += [fault for fault in found if not fault.is_warning]
    if rules is None or problems:
        raise RuleError(tuple(sorted(set(problems))))
    return rules


def load_cases(folder: Path) -> tuple[RuleCase, ...]:
    """The test cases under `tests/` of the rule folder, in name order; raises RuleError with every problem."""
    from zdsync.rules.cases import parse_cases

    problems: list[Problem] = []
    paths = _rule_files(folder / CASES, problems)
    files = [read for path in paths if (read := _read(path, problems)) is not None]
    cases, found = parse_cases(files)
    problems += found
    if problems:
        raise RuleError(tuple(sorted(set(problems))), hint="mend the lines above; docs/rules.md shows a test")
    return cases


def read_csv(external: External, asked: Sequence[str], problems: list[Problem]) -> Table | None:
    """The rows of the file that `external` names, which lies beside the rule file; None with the problems recorded."""
    path = Path(external.marks[""].file).parent / external.file
    try:
        with path.open("rb") as file:
            lines = iter(lambda: file.readline(LONGEST_LINE + 1), b"")
            rows = csv_rows(str(path), lines, problems)
            return read_table(external, asked, rows, lambda line: Position(str(path), line, 1), problems)
    except OSError as err:
        message = f"{external.file} {_reason(err)}"
        problems.append(problem(Check.UNREADABLE, external.marks.get("file", external.marks[""]), message))
        return None


def _rule_files(folder: Path, problems: list[Problem]) -> list[Path]:
    try:
        names = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as err:
        reason = "there is no such folder" if isinstance(err, FileNotFoundError) else _reason(err)
        hint = "`zdsync init` writes starter rules, ZDSYNC_RULES names the folder"
        problems.append(_unreadable(folder, f"{reason}; {hint}"))
        return []
    problems.extend(
        _unreadable(path, "rule files end in .yaml; rename it or it would be left out")
        for path in names
        if path.suffix != ".yaml" and path.suffix.casefold() in (".yml", ".yaml")
    )
    found = [path for path in names if path.suffix == ".yaml"]
    if not found and not problems:
        problems.append(_unreadable(folder, "no rule file (*.yaml) is in this folder"))
    return found


def _read(path: Path, problems: list[Problem]) -> tuple[str, bytes] | None:
    try:
        with path.open("rb") as file:
            return str(path), file.read(MAX_BYTES + 1)
    except OSError as err:
        problems.append(_unreadable(path, _reason(err)))
        return None


def _reason(err: OSError) -> str:
    return f"cannot be read: {err.strerror or type(err).__name__}"


def _unreadable(path: Path, message: str) -> Problem:
    return problem(Check.UNREADABLE, Position(str(path), 1, 1), message)
