"""Check: every fault of the rule files that can be known, offline and against the mirrored account."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from zdsync.account import Account
from zdsync.errors import Problem, RuleError
from zdsync.ports.mirror import Queries
from zdsync.rules.compile import compile_rules
from zdsync.rules.lint import lint
from zdsync.rules.load import load_rules
from zdsync.rules.renames import rename_problems
from zdsync.runs.external import with_tables


def check_rules(
    folder: Path,
    account: Account | None,
    *,
    tag_prefix: str,
    keeps_text: bool,
    now: datetime,
    queries: Queries | None = None,
) -> tuple[Problem, ...]:
    """All problems in file order; without an account, names of groups and fields are taken on trust.

    `keeps_text` False means that the mirror keeps no ticket text, which no condition can then read. External tables are
    read too, those of databases only with `queries`.
    """
    try:
        rules = load_rules(folder)
    except RuleError as err:
        return err.problems
    found = {*lint(rules, keeps_text=keeps_text)}
    try:
        rules = with_tables(rules, queries)
    except RuleError as err:
        found |= {*err.problems}
    try:
        compile_rules(rules, account, tag_prefix=tag_prefix, today=now.date())
    except RuleError as err:
        found |= {*err.problems}
    if account is not None:
        found |= {*rename_problems(rules, account)}
    return tuple(sorted(found))
