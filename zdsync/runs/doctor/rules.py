"""Are the rules fit to decide, by themselves and against the account?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from zdsync.errors import MirrorError, Problem
from zdsync.runs.doctor.model import MUST_BE_MENDED, Finding, fault, not_checked, ok, warning

RULES, AGAINST = "rules", "rules against the account"
_MOST = 5
_MEND = "mend it; `zdsync rules check` shows what is left"
_SHOW = "`zdsync rules check` shows them, with what to do"

Problems: TypeAlias = tuple[Problem, ...]


def examine_rules(
    offline: Callable[[], Problems], against_account: Callable[[], Problems | None]
) -> Iterator[Finding]:
    """Faults of the files first, then what only the mirrored account tells; None: there is no mirror of it yet."""
    found = offline()
    yield from _told(RULES, found, "sound")
    if any(not problem.is_warning for problem in found):
        yield not_checked(AGAINST, "the rules are faulty as they are")
        return
    try:
        more = against_account()
    except MirrorError as err:
        yield not_checked(AGAINST, err.message)
        return
    if more is None:
        yield not_checked(AGAINST, "nothing is mirrored yet; run `zdsync pull` first")
    else:
        yield from _told(AGAINST, tuple(one for one in more if one not in found), "they fit")


def _told(check: str, problems: Problems, well: str) -> Iterator[Finding]:
    errors = [problem for problem in problems if not problem.is_warning]
    for problem in errors[:_MOST]:
        yield fault(check, str(problem), _MEND, exit_code=MUST_BE_MENDED)
    if len(errors) > _MOST:
        more = f"{len(errors) - _MOST} more faults"
        yield fault(check, more, _SHOW, exit_code=MUST_BE_MENDED)
    count = len(problems) - len(errors)
    if count:
        yield warning(check, f"{count} warning{'s' * (count != 1)}", _SHOW)
    if not problems:
        yield ok(check, well)
