"""Faults of moves, gates and the limit of moves that need no account: where they lead, what they do, what they ask for."""

from __future__ import annotations

from collections.abc import Iterator

from zdsync.errors import Problem
from zdsync.model import DETECTED
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.model import EXTERNAL, PREVIOUS, GateRule, MoveRule, Position, RuleSet
from zdsync.rules.outcomes import (
    CLOCK,
    MISSING,
    foreign_tags,
    group_faults,
    note_faults,
    status_faults,
    unknown_tier,
    where,
)

_GROUPLESS = {
    EXTERNAL: "a ticket that goes to a vendor stays in its tier and group",
    PREVIOUS: "the tier it was in before is not known here, so neither is its group",
}


def move_faults(rules: RuleSet, tag_prefix: str) -> Iterator[Problem]:
    """Faults of `escalate`, `deescalate` and `move_limit`."""
    for moves, is_up in ((rules.escalate, True), (rules.deescalate, False)):
        for rule in moves:
            yield from _way(rules, rule, is_up=is_up)
            yield from _reason(rule)
            yield from _outcome(rules, rule)
    if rules.move_limit is not None:
        yield from foreign_tags(rules, rules.move_limit.add_tags, rules.move_limit.at, tag_prefix)


def gate_faults(rules: RuleSet, tag_prefix: str) -> Iterator[Problem]:
    """Faults of `require`."""
    for gate in rules.require:
        if rules.tier(gate.before_tier) is None:
            yield unknown_tier(rules, gate.before_tier, _at(gate, "before_tier"))
        if not gate.fields and not gate.needs_attachment and not gate.detects:
            message = f"'{gate.id}' asks for nothing; give it `fields`, `attachment: true` or `detects`"
            yield problem(Check.MISSING_KEY, gate.at, message)
        for name in gate.detects:
            if name not in DETECTED:
                hint = f"{nearest(name, DETECTED)}; there are {quoted(DETECTED)}"
                yield problem(Check.UNKNOWN_NAME, _at(gate, "detects"), f"no detector '{name[:80]}'{hint}")
        yield from foreign_tags(rules, gate.missing_tags, _at(gate, "missing"), tag_prefix)
        yield from note_faults(gate, MISSING)


def _at(rule: GateRule | MoveRule, key: str) -> Position:
    return rule.marks.get(key, rule.at)


def _way(rules: RuleSet, rule: MoveRule, *, is_up: bool) -> Iterator[Problem]:
    """That both ends exist, and that the rule leads the way that its block is for."""
    unknown = [key for key in rule.origins if rules.tier(key) is None]
    yield from (unknown_tier(rules, key, _at(rule, "from")) for key in unknown)
    if rule.to == (PREVIOUS if is_up else EXTERNAL):
        block, other = ("escalate", "deescalate") if is_up else ("deescalate", "escalate")
        message = f"'{rule.id}': `to: {rule.to}` is for {other}, not for {block}"
        yield problem(Check.WRONG_WAY, _at(rule, "to"), message)
    elif rule.to not in (PREVIOUS, EXTERNAL) and rules.tier(rule.to) is None:
        yield unknown_tier(rules, rule.to, _at(rule, "to"))
    elif rule.to not in (PREVIOUS, EXTERNAL):
        for key in (key for key in rule.origins if key not in unknown):
            step = rules.rank(rule.to) - rules.rank(key)
            if step == 0:
                message = f"'{rule.id}' leads from tier {key} to itself"
                yield problem(Check.WRONG_WAY, _at(rule, "to"), message)
            elif (step > 0) is not is_up:
                verb, way, other = (
                    ("escalate", "down", "deescalate") if is_up else ("deescalate", "up", "escalate")
                )
                message = f"'{rule.id}' is under {verb} and leads {way}, from tier {key} to {rule.to}; move it to {other}"
                yield problem(Check.WRONG_WAY, _at(rule, "to"), message)


def _reason(rule: MoveRule) -> Iterator[Problem]:
    """That the rule has a reason to move a ticket, and that what it says of clocks has a clock."""
    if rule.is_catch_all and rule.after is None:
        message = f"'{rule.id}' would take every ticket out of tier {' and '.join(rule.origins)} at once; give it conditions or `after`"
        yield problem(Check.MISSING_KEY, rule.at, message)
    if rule.warn_at is not None and rule.after is None:
        yield problem(
            Check.MISSING_KEY, _at(rule, "warn_at"), "`warn_at` is a share of a clock; give the rule `after`"
        )
    if rule.remind_after is not None and rule.to != EXTERNAL:
        message = "`remind_after` reminds of a vendor and needs `to: external`"
        yield problem(Check.WRONG_VALUE, _at(rule, "remind_after"), message)


def _outcome(rules: RuleSet, rule: MoveRule) -> Iterator[Problem]:
    then = rule.then
    if then.tier is not None:
        message = f"'{rule.id}' leads to `to: {rule.to}`; a move has no `tier:` beside it"
        yield problem(Check.MOVE_OUTCOME, where(rule, "tier"), message)
    if then.private_only:
        message = f"'{rule.id}': `private_only` belongs in assign, where it is asked before all else"
        yield problem(Check.MOVE_OUTCOME, where(rule, "private_only"), message)
    if then.group and rule.to in _GROUPLESS:
        message = f"'{rule.id}' names a group, but {_GROUPLESS[rule.to]}"
        yield problem(Check.MOVE_OUTCOME, where(rule, "group"), message)
    if rule.to == EXTERNAL and then.status not in (None, "hold"):
        message = f"'{rule.id}' sets the status {then.status}, but a ticket that goes to a vendor is on hold"
        yield problem(Check.MOVE_OUTCOME, where(rule, "status"), message)
    tier = rules.tier(rule.to)
    if tier is not None and then.group:
        yield from group_faults(rules, rule, tier)
    yield from status_faults(rule)
    yield from note_faults(rule, *((CLOCK,) if rule.after else ()))
