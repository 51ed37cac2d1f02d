"""Faults that make a rule set unfit to run, found without any account: outcomes, tags, groups, the catch-all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from zdsync.errors import Problem
from zdsync.rules.findings import Check, problem, quoted
from zdsync.rules.model import EXTERNAL, PREVIOUS, Mode, Rule, RuleSet, Tier
from zdsync.rules.move_faults import gate_faults, move_faults
from zdsync.rules.outcomes import group_faults, note_faults, status_faults, tag_faults, unknown_tier, where

_LABELS = frozenset({"add_tags", "remove_tags", "set_fields"})
_RESERVED = frozenset({EXTERNAL, PREVIOUS, "none"})
_DECISIONS = "tier group priority type status note private_only keep_assignee_as notify".split()


def find_faults(rules: RuleSet, *, tag_prefix: str, today: date) -> tuple[Problem, ...]:
    """Every fault of the set as a whole; `today` tells whether the catch-all is still on."""
    return (
        *_tiers(rules, tag_prefix),
        *_catch_all(rules, today),
        *(fault for rule in rules.assign for fault in _outcome(rules, rule)),
        *(fault for rule in rules.annotate for fault in _labels_only(rule)),
        *move_faults(rules, tag_prefix),
        *gate_faults(rules, tag_prefix),
        *(
            fault
            for rule in (*rules.assign, *rules.moves, *rules.annotate)
            for fault in tag_faults(rules, rule, tag_prefix)
        ),
    )


def is_steady(rule: Rule, today: date) -> bool:
    """Whether the rule is on for every ticket today."""
    is_over = rule.until is not None and today > rule.until
    return rule.enabled and rule.mode is Mode.LIVE and rule.share == 1 and not is_over


def _tiers(rules: RuleSet, tag_prefix: str) -> Iterator[Problem]:
    at = rules.tiers[0].at if rules.tiers else rules.assign[0].at
    named = (*(("own_tags", tag) for tag in rules.own_tags), ("vendor", rules.vendor.tag))
    for block, tag in named:
        if tag.startswith(tag_prefix):
            message = f"{block}: '{tag}' begins with '{tag_prefix}', which tier tags alone may do"
            yield problem(Check.TAG_NOT_OWNED, at, message)
    titles: dict[str, Tier] = {}
    for tier in rules.tiers:
        if tier.key in _RESERVED:
            message = f"'{tier.key}' cannot be a tier's key: moves and conditions mean something else by it"
            yield problem(Check.WRONG_VALUE, tier.at, message)
        earlier = titles.setdefault((tier.view or f"\0{tier.key}").casefold(), tier)
        if earlier is not tier:
            message = f"tiers {earlier.key} and {tier.key} share the view '{tier.view}'"
            yield problem(Check.WRONG_VALUE, tier.at, message)
        if tier.view and rules.vendor.view and tier.view.casefold() == rules.vendor.view.casefold():
            message = f"tier {tier.key} and the vendor share the view '{tier.view}'"
            yield problem(Check.WRONG_VALUE, tier.at, message)


def _catch_all(rules: RuleSet, today: date) -> Iterator[Problem]:
    last = rules.assign[-1]
    for rule in rules.assign[:-1]:
        if rule.is_catch_all and is_steady(rule, today) and not rule.then.private_only:
            message = (
                f"'{rule.id}' matches every ticket, so the rules after it are never asked; move it to the end"
            )
            yield problem(Check.CATCH_ALL_NOT_LAST, rule.at, message)
    if not last.is_catch_all:
        message = f"the last rule of assign must take every ticket, but '{last.id}' has conditions"
        yield problem(Check.NO_CATCH_ALL, last.at, f"{message}; add a rule without `all` and `any`")
    elif not last.is_steady:
        message = f"the catch-all '{last.id}' must be on for every ticket: no mode, enabled or until"
        yield problem(Check.NO_CATCH_ALL, last.at, message)


def _outcome(rules: RuleSet, rule: Rule) -> Iterator[Problem]:
    then = rule.then
    tier = rules.tier(then.tier) if then.tier is not None else None
    if then.tier is None:
        yield problem(Check.MISSING_KEY, rule.at, f"'{rule.id}' must say which tier: `then: {{tier: …}}`")
    elif tier is None:
        yield unknown_tier(rules, then.tier, where(rule, "tier"))
    else:
        yield from group_faults(rules, rule, tier)
    yield from status_faults(rule)
    yield from note_faults(rule)


def _labels_only(rule: Rule) -> Iterator[Problem]:
    then = rule.then
    for key in _DECISIONS:
        if getattr(then, key):
            message = f"annotate adds labels and never decides: '{key}' belongs in assign ('{rule.id}')"
            yield problem(Check.ANNOTATE_MOVES, where(rule, key), message)
    if not any(getattr(then, key) for key in _LABELS):
        message = f"'{rule.id}' does nothing; give it {quoted(sorted(_LABELS))}"
        yield problem(Check.MISSING_KEY, rule.at, message)
