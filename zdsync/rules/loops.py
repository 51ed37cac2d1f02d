"""Moves that lead a ticket round in a circle with no clock between them.

A *circle* is a chain of live rules of `escalate` and `deescalate`, each leading to a tier that the next one comes from, the
last one to the first one's. It is a *loop* when a ticket could go round for ever on the same facts. (A rule without a
clock acts only once something has happened to the ticket since it was last moved: each comment then moves it one further.)

- none of its rules has `after`: every clock of a move counts from entering the tier at the earliest, so it begins anew;
- what no rule of the circle writes stays as it is, so all that the rules ask of it must be possible together;
- what rules of the circle write (the tier, the group, their tags, statuses and fields) is, at each rule, what the last
  one before it wrote, and must suit that rule. A rule that takes away what it asks for so ends the loop;
- none asks for few `moves` or `group_stations`, which grow with every round, and none solves the ticket.

Which rule wins where several match is not looked at: an order may hide a loop today and show it after the next edit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from zdsync.errors import Problem
from zdsync.rules.fields import fold_name
from zdsync.rules.findings import Check, problem
from zdsync.rules.logic import Branch, branches, is_impossible
from zdsync.rules.model import EXTERNAL, PREVIOUS, Condition, Mode, MoveRule, Operator, RuleSet, Scalar
from zdsync.rules.vocabulary import plain

_GROWING = frozenset({"moves", "group_stations"})
_BOUNDED = frozenset({Operator.IS, Operator.LESS_THAN, Operator.AT_MOST})
_TAGS = "tags"
_MOST_TOLD = 20
_MOST_CIRCLES = 1_000
_MOST_OPEN = 50_000
_MOST_CHOICES = 256
"""So much is looked at, and no more: of what lies beyond nothing is claimed."""


class Step(NamedTuple):
    """One rule of a circle, and the tiers that it leads from and to."""

    rule: MoveRule
    origin: str
    to: str


def loops(rules: RuleSet) -> Iterator[Problem]:
    """An error for each smallest set of rules that make a loop, where the first of them on the page stands; 20 at most."""
    found: list[frozenset[str]] = []
    order = {rule.id: place for place, rule in enumerate(rules.moves)}
    for circle in _circles(rules):
        ids = frozenset(step.rule.id for step in circle)
        if len(found) == _MOST_TOLD:
            return
        if any(known <= ids for known in found) or not _goes_on(rules, circle):
            continue
        found.append(ids)
        first = min((step.rule for step in circle), key=lambda rule: order[rule.id])
        told = ", ".join(f"'{step.rule.id}' ({step.origin} → {step.to})" for step in circle)
        message = (
            f"a ticket could go round for ever by {told}: no clock is between them, and nothing that they ask "
            "changes; give one `after`, or let it take away the tag it asks for"
        )
        yield problem(Check.MOVE_LOOP, first.at, message)


def _circles(rules: RuleSet) -> list[tuple[Step, ...]]:
    """Circles that visit no tier twice, each once, beginning with its lowest tier; the shortest first."""
    ladder = [tier.key for tier in rules.tiers]
    steps = [step for rule in rules.moves if _may_loop(rule) for step in _steps(rule, ladder)]
    found: list[tuple[Step, ...]] = []
    open_ends: deque[tuple[Step, ...]] = deque((step,) for step in steps)
    while open_ends and len(found) < _MOST_CIRCLES and len(open_ends) < _MOST_OPEN:
        path = open_ends.popleft()
        start, here = path[0].origin, path[-1].to
        if here == start:
            found.append(path)
            continue
        been = {step.origin for step in path}
        open_ends += [
            (*path, step)
            for step in steps
            if step.origin == here
            and step.to not in been - {start}
            and ladder.index(here) > ladder.index(start)
        ]
    return [circle for circle in found if _goes_back(circle)]


def _may_loop(rule: MoveRule) -> bool:
    is_live = rule.enabled and rule.mode is Mode.LIVE and rule.to != EXTERNAL
    return is_live and rule.after is None and rule.then.status != "solved"


def _steps(rule: MoveRule, ladder: Sequence[str]) -> Iterator[Step]:
    for origin in (key for key in rule.origins if key in ladder):
        targets = ladder[: ladder.index(origin)] if rule.to == PREVIOUS else [rule.to]
        yield from (Step(rule, origin, key) for key in targets if key in ladder and key != origin)


def _goes_back(circle: tuple[Step, ...]) -> bool:
    """Whether each step to the previous tier leads to the one from which the ticket came."""
    before = (circle[-1], *circle)
    return all(
        one.rule.to != PREVIOUS or one.to == last.origin for last, one in zip(before, circle, strict=False)
    )


def _goes_on(rules: RuleSet, circle: tuple[Step, ...]) -> bool:
    """Whether the rules' conditions can hold one after another, round after round."""
    written = [_writes(rules, step) for step in circle]
    choices = [branches(step.rule) for step in circle]
    if any(choice is None for choice in choices):
        return False
    states = [_state(written, place) for place in range(len(circle))]
    possible = [
        [
            branch
            for branch in choice or ()
            if not any(map(_is_bounded, branch)) and not is_impossible((*branch, *state.values()))
        ]
        for choice, state in zip(choices, states, strict=True)
    ]
    combinations = product(*possible)
    for number, chosen in enumerate(combinations):
        if number >= _MOST_CHOICES:
            return False
        lasting = (
            one for branch, state in zip(chosen, states, strict=True) for one in _unwritten(branch, state)
        )
        if not is_impossible(tuple(lasting)):
            return True
    return False


def _is_bounded(condition: Condition) -> bool:
    return plain(condition.field) in _GROWING and condition.operator in _BOUNDED


State = dict[str, Condition]
"""What is certain of things that rules have written: a condition by field, tags one by one as `tags x`."""


def _state(written: Sequence[State], place: int) -> State:
    """What the rules of the circle have made of things when the ticket comes to the rule at `place`."""
    state: State = {}
    for turn in range(place - len(written), place):
        state |= written[turn]
    return state


def _writes(rules: RuleSet, step: Step) -> State:
    """What holds after the step because of it."""
    then = step.rule.then
    tier = rules.tier(step.to)
    assert tier is not None, "steps lead to tiers of the set"
    fields: dict[str, Scalar | tuple[Scalar, ...] | None] = {
        "tier": step.to,
        "previous_tier": step.origin,
        "group": then.group or (tier.group if len(tier.groups) == 1 else tier.groups),
        "status": then.status,
        "priority": then.priority,
        "type": then.type,
        **{plain(name): value for name, value in then.set_fields.items()},
    }
    found = {name: _is(name, value) for name, value in fields.items() if value is not None}
    found |= {f"{_TAGS} {tag}": Condition(_TAGS, Operator.INCLUDES, (tag,)) for tag in then.add_tags}
    found |= {f"{_TAGS} {tag}": Condition(_TAGS, Operator.EXCLUDES, (tag,)) for tag in then.remove_tags}
    return found


def _is(name: str, value: Scalar | tuple[Scalar, ...]) -> Condition:
    return Condition(name, Operator.IS, value if isinstance(value, tuple) else (value,))


def _unwritten(branch: Branch, state: State) -> Iterator[Condition]:
    """What a rule asks of things that no rule of the circle writes."""
    for condition in branch:
        if plain(condition.field) != _TAGS:
            if plain(condition.field) not in state:
                yield condition
            continue
        marks = {tag: state.get(f"{_TAGS} {fold_name(tag)}") for tag in condition.values}
        is_met = any(mark and mark.operator is Operator.INCLUDES for mark in marks.values())
        left = tuple(tag for tag, mark in marks.items() if mark is None)
        if not marks or (left and not (is_met and condition.operator is Operator.INCLUDES)):
            yield Condition(condition.field, condition.operator, left, condition.at)
