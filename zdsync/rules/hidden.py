"""Rules that never come to their turn, because one before them, or several together, take all their tickets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from zdsync.errors import Problem
from zdsync.rules.cover import cover_together
from zdsync.rules.findings import Check, problem
from zdsync.rules.lengths import Unit
from zdsync.rules.logic import Branch, branches, covers, is_impossible
from zdsync.rules.model import EXTERNAL, PREVIOUS, After, MoveRule, Rule, RuleSet

_WORK = 1_000_000
"""Conditions that the search for hidden rules may ask about, a second's worth."""
_IN_MINUTES = frozenset({Unit.BUSINESS_MINUTES, Unit.BUSINESS_HOURS})
_Written = tuple[Rule, tuple[Branch, ...]]
"""A rule, written out."""
_Precedes = Callable[[Rule, Rule], bool]
"""Whether the first rule is surely asked, and acts, before the second one on a ticket that both match."""


def hidden_rules(rules: RuleSet) -> Iterator[Problem]:
    """An error for each rule of `ignore`, `assign`, `escalate` and `deescalate` that can never act."""
    most = _WORK // max(1, len(rules.rules))
    yield from _hidden(rules.ignore, (), _is_asked_first, most)
    yield from _hidden(rules.assign, rules.ignore, _is_asked_first, most)
    yield from _hidden(rules.moves, rules.ignore, _acts_first, most)


def _hidden(
    block: Sequence[Rule], before: Sequence[Rule], precedes: _Precedes, most: int
) -> Iterator[Problem]:
    earlier = [*_standing(before)]
    for rule in block:
        hiders = _hiders(rule, [one for one in earlier if precedes(one[0], rule)], most)
        if hiders:
            does = "act" if isinstance(rule, MoveRule) else "win"
            in_time = ", and no later" if isinstance(rule, MoveRule) else ""
            message = f"'{rule.id}' can never {does}: {_told(hiders)}{in_time}"
            yield problem(Check.HIDDEN_RULE, rule.at, message)
        earlier += _standing((rule,))


def _told(hiders: Sequence[Rule]) -> str:
    if len(hiders) == 1:
        (hider,) = hiders
        return f"'{hider.id}' at {hider.at.file}:{hider.at.line} takes all its tickets"
    those = ", ".join(f"'{hider.id}' (line {hider.at.line})" for hider in hiders)
    return f"{those} before it take all its tickets together"


def _standing(rules: Sequence[Rule]) -> Iterator[_Written]:
    """Rules that stop every ticket they match, written out."""
    for rule in rules:
        alternatives = branches(rule)
        if rule.is_steady and alternatives and not _is_last_resort(rule):
            yield rule, alternatives


def _is_last_resort(rule: Rule) -> bool:
    """The catch-all, which is below all others on purpose; a move without conditions is for its tiers' tickets only."""
    return rule.is_catch_all and not isinstance(rule, MoveRule)


def _hiders(rule: Rule, earlier: Sequence[_Written], most: int) -> tuple[Rule, ...]:
    """Rules of which one holds whenever `rule` does, none of them for nothing; empty when some ticket is left."""
    if not rule.enabled or _is_last_resort(rule):
        return ()
    possible = [branch for branch in branches(rule) or () if not is_impossible(branch)]
    if not possible:
        return ()
    for other, held in earlier:
        if all(covers(held, branch) for branch in possible):
            return (other,)
    return _together(possible, earlier, most)


def _together(later: Sequence[Branch], earlier: Sequence[_Written], most: int) -> tuple[Rule, ...]:
    left = list(earlier)
    if not _cover(left, later, most):
        return ()
    for needless in earlier:
        fewer = [one for one in left if one is not needless]
        if _cover(fewer, later, most):
            left = fewer
    return tuple(one for one, _ in left)


def _cover(earlier: Sequence[_Written], later: Sequence[Branch], most: int) -> bool:
    return cover_together([branch for _, held in earlier for branch in held], later, most)


def _is_asked_first(earlier: Rule, later: Rule) -> bool:
    """Rules for private data are asked before all others."""
    return earlier.then.private_only or not later.then.private_only


def _acts_first(earlier: Rule, later: Rule) -> bool:
    """A move takes a ticket for sure when it leads to a known tier, past the holds that the later one passes, and no later."""
    if not isinstance(earlier, MoveRule) or not isinstance(later, MoveRule):
        return True
    is_sure = earlier.to not in (PREVIOUS, EXTERNAL) or earlier.to == later.to == PREVIOUS
    passes_holds = earlier.even_if_held or not later.even_if_held
    return is_sure and passes_holds and _comes_first(earlier.after, later.after)


def _comes_first(one: After | None, other: After | None) -> bool:
    """Whether a rule with the clock `one` acts no later than one with `other`.

    A rule without a clock waits for something to happen to the ticket, so it is no earlier than one with a clock.
    """
    if one is None or other is None:
        return one is other
    length, limit = one.length, other.length
    units = {length.unit, limit.unit}
    is_comparable = len(units) == 1 or units <= _IN_MINUTES or not any(unit.is_business for unit in units)
    seconds = (length.amount * length.unit.seconds, limit.amount * limit.unit.seconds)
    return one.clock is other.clock and is_comparable and seconds[0] <= seconds[1]
