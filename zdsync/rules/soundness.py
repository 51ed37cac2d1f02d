"""Faults that make a rule set unfit to run, found without any account: outcomes, tags, groups, the catch-all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from zdsync.errors import Problem
from zdsync.model import STATUS_ORDER
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.model import Mode, Position, Rule, RuleSet, Tier

NOTE_PLACEHOLDERS = frozenset(
    "ticket.id ticket.subject ticket.status ticket.priority ticket.type ticket.channel "
    "requester.name organization.name rule.id rule.why tier.key tier.name group".split()
)
"""What a rule's `note:` may name in braces."""
_PLACEHOLDER = re.compile(r"\{([a-z_.]+)\}")
_LABELS = frozenset({"add_tags", "remove_tags", "set_fields"})


def find_faults(rules: RuleSet, *, tag_prefix: str, today: date) -> tuple[Problem, ...]:
    """Every fault of the set as a whole; `today` tells whether the catch-all is still on."""
    return (
        *_tiers(rules, tag_prefix),
        *_catch_all(rules, today),
        *(fault for rule in rules.assign for fault in _outcome(rules, rule)),
        *(fault for rule in rules.annotate for fault in _labels_only(rule)),
        *(fault for rule in (*rules.assign, *rules.annotate) for fault in _tags(rules, rule, tag_prefix)),
    )


def is_steady(rule: Rule, today: date) -> bool:
    """Whether the rule is on for every ticket today."""
    is_over = rule.until is not None and today > rule.until
    return rule.enabled and rule.mode is Mode.LIVE and rule.share == 1 and not is_over


def _where(rule: Rule, key: str) -> Position:
    return rule.then.marks.get(key, rule.at)


def _tiers(rules: RuleSet, tag_prefix: str) -> Iterator[Problem]:
    at = rules.tiers[0].at if rules.tiers else rules.assign[0].at
    for tag in rules.own_tags:
        if tag.startswith(tag_prefix):
            message = f"own_tags: '{tag}' begins with '{tag_prefix}', which tier tags alone may do"
            yield problem(Check.TAG_NOT_OWNED, at, message)
    titles: dict[str, Tier] = {}
    for tier in rules.tiers:
        earlier = titles.setdefault((tier.view or f"\0{tier.key}").casefold(), tier)
        if earlier is not tier:
            message = f"tiers {earlier.key} and {tier.key} share the view '{tier.view}'"
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
    elif not is_steady(last, today) or last.until is not None:
        message = f"the catch-all '{last.id}' must be on for every ticket: no mode, enabled or until"
        yield problem(Check.NO_CATCH_ALL, last.at, message)


def _outcome(rules: RuleSet, rule: Rule) -> Iterator[Problem]:
    then = rule.then
    tier = rules.tier(then.tier) if then.tier is not None else None
    if then.tier is None:
        yield problem(Check.MISSING_KEY, rule.at, f"'{rule.id}' must say which tier: `then: {{tier: …}}`")
    elif tier is None:
        keys = [each.key for each in rules.tiers]
        hint = nearest(then.tier, keys) or f"; tiers: {quoted(keys)}"
        yield problem(Check.UNKNOWN_NAME, _where(rule, "tier"), f"no tier '{then.tier}'{hint}")
    else:
        yield from _group(rules, rule, tier)
    yield from _status(rule)
    yield from _note(rule)


def _group(rules: RuleSet, rule: Rule, tier: Tier) -> Iterator[Problem]:
    group = (rule.then.group or tier.group).casefold()
    at = _where(rule, "group" if rule.then.group else "private_only")
    sensitive = {name.casefold() for name in rules.sensitive_groups}
    if group not in sensitive and group not in {name.casefold() for name in tier.groups}:
        allowed = (*tier.groups, *rules.sensitive_groups)
        hint = nearest(rule.then.group or "", allowed) or f"; it may be {quoted(allowed)}"
        message = f"group '{rule.then.group}' is not one of tier {tier.key}, nor sensitive{hint}"
        yield problem(Check.GROUP_OUTSIDE_TIER, at, message)
    elif rule.then.private_only and group not in sensitive:
        called = rule.then.group or tier.group
        message = f"'{rule.id}' is private_only, but '{called}' is not one of `sensitive_groups`"
        yield problem(Check.PRIVATE_TO_OPEN_GROUP, at, message)


def _status(rule: Rule) -> Iterator[Problem]:
    status = rule.then.status
    at = _where(rule, "status")
    if status == "closed":
        message = "rules never close a ticket: closing cannot be taken back; use solved"
        yield problem(Check.CLOSED_STATUS, at, message)
    elif status is not None and (status not in STATUS_ORDER or status == "new"):
        allowed = [word for word in STATUS_ORDER if word not in ("new", "closed")]
        hint = nearest(status, allowed) or f"; one of {quoted(allowed)}"
        yield problem(Check.WRONG_VALUE, at, f"status cannot be set to '{status}'{hint}")


def _note(rule: Rule) -> Iterator[Problem]:
    for name in _PLACEHOLDER.findall(rule.then.note or ""):
        if name not in NOTE_PLACEHOLDERS:
            hint = nearest(name, NOTE_PLACEHOLDERS) or f"; known: {quoted(sorted(NOTE_PLACEHOLDERS))}"
            message = f"a note knows no '{{{name[:80]}}}'{hint}"
            yield problem(Check.UNKNOWN_NAME, _where(rule, "note"), message)


def _labels_only(rule: Rule) -> Iterator[Problem]:
    then = rule.then
    for key in ("tier", "group", "priority", "type", "status", "note", "private_only"):
        if getattr(then, key):
            message = f"annotate adds labels and never decides: '{key}' belongs in assign ('{rule.id}')"
            yield problem(Check.ANNOTATE_MOVES, _where(rule, key), message)
    if not any(getattr(then, key) for key in _LABELS):
        message = f"'{rule.id}' does nothing; give it {quoted(sorted(_LABELS))}"
        yield problem(Check.MISSING_KEY, rule.at, message)


def _tags(rules: RuleSet, rule: Rule, tag_prefix: str) -> Iterator[Problem]:
    for key, tags in (("add_tags", rule.then.add_tags), ("remove_tags", rule.then.remove_tags)):
        for tag in tags:
            if tag.startswith(tag_prefix):
                message = f"tier tags such as '{tag}' are set through `tier:` alone"
                yield problem(Check.TAG_NOT_OWNED, _where(rule, key), message)
            elif tag not in rules.own_tags:
                hint = nearest(tag, rules.own_tags) or "; list it there if zdsync may add and remove it"
                message = f"the tag '{tag}' is not in own_tags{hint}"
                yield problem(Check.TAG_NOT_OWNED, _where(rule, key), message)
    both = set(rule.then.add_tags) & set(rule.then.remove_tags)
    if both:
        message = f"'{rule.id}' both adds and removes {quoted(sorted(both))}"
        yield problem(Check.WRONG_VALUE, _where(rule, "remove_tags"), message)
