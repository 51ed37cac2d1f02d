"""Layout: the rule files of a folder in their ordinary spelling, meaning what they meant before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zdsync.account import Account
from zdsync.errors import RuleError
from zdsync.rules.layout import lay_out, means_the_same
from zdsync.rules.load import load_rules
from zdsync.rules.parse import parse_files
from zdsync.rules.renames import find_renames, rename_all


@dataclass(frozen=True, slots=True)
class Laid:
    """One rule file that is to be written otherwise, and its text then."""

    file: str
    text: str


def lay_out_rules(folder: Path) -> tuple[Laid, ...]:
    """The files that would change; nothing is written. Raises RuleError when the rules are not sound to begin with."""
    rules = load_rules(folder)
    texts = tuple((name, lay_out(text)) for name, text in rules.sources)
    again, problems = parse_files(texts)
    if again is None:
        raise RuleError(problems, hint="this is a fault of `rules fmt`; nothing was written")
    assert means_the_same(rules, again), "spelling never changes what rules mean"
    return tuple(
        Laid(name, text)
        for (name, before), (_, text) in zip(rules.sources, texts, strict=True)
        if text != before
    )


def rename_in_rules(folder: Path, account: Account) -> tuple[Laid, ...]:
    """The files that call something of the account by a name of before, with the names of now; nothing is written."""
    rules = load_rules(folder)
    texts = dict(rules.sources)
    return tuple(
        Laid(name, rename_all(texts[name], renames))
        for name, renames in find_renames(rules, account)
        if renames
    )
