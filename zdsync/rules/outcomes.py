"""Faults of one rule's outcome: groups, statuses, notes and tags that cannot be what the rule says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from zdsync.errors import Problem
from zdsync.model import STATUS_ORDER
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.model import Position, Rule, RuleSet, Tier

NOTE_PLACEHOLDERS = frozenset(
    "ticket.id ticket.subject ticket.status ticket.priority ticket.type ticket.channel "
    "requester.name organization.name rule.id rule.why tier.key tier.name group".split()
)
"""What every rule's `note:` may name in braces."""
CLOCK, MISSING = "clock", "missing"
"""What the note of a move with `after:`, and that of a gate, may name too."""
_PLACEHOLDER = re.compile(r"\{([a-z_.]+)\}")


def where(rule: Rule, key: str) -> Position:
    """Where a key of `then:` stands."""
    return rule.then.marks.get(key, rule.at)


def unknown_tier(rules: RuleSet, key: str, at: Position) -> Problem:
    keys = [tier.key for tier in rules.tiers]
    hint = nearest(key, keys) or f"; tiers: {quoted(keys)}"
    return problem(Check.UNKNOWN_NAME, at, f"no tier '{key[:80]}'{hint}")


def group_faults(rules: RuleSet, rule: Rule, tier: Tier) -> Iterator[Problem]:
    group = (rule.then.group or tier.group).casefold()
    at = where(rule, "group" if rule.then.group else "private_only")
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


def status_faults(rule: Rule) -> Iterator[Problem]:
    status = rule.then.status
    at = where(rule, "status")
    if status == "closed":
        message = "rules never close a ticket: closing cannot be taken back; use solved"
        yield problem(Check.CLOSED_STATUS, at, message)
    elif status is not None and (status not in STATUS_ORDER or status == "new"):
        allowed = [word for word in STATUS_ORDER if word not in ("new", "closed")]
        hint = nearest(status, allowed) or f"; one of {quoted(allowed)}"
        yield problem(Check.WRONG_VALUE, at, f"status cannot be set to '{status}'{hint}")


def note_faults(rule: Rule, *more: str) -> Iterator[Problem]:
    """Placeholders that are neither every rule's nor among `more`."""
    known = {*NOTE_PLACEHOLDERS, *more}
    for name in _PLACEHOLDER.findall(rule.then.note or ""):
        if name not in known:
            hint = nearest(name, known) or f"; known: {quoted(sorted(known))}"
            message = f"a note knows no '{{{name[:80]}}}'{hint}"
            yield problem(Check.UNKNOWN_NAME, where(rule, "note"), message)


def tag_faults(rules: RuleSet, rule: Rule, tag_prefix: str) -> Iterator[Problem]:
    then = rule.then
    yield from foreign_tags(rules, then.add_tags, where(rule, "add_tags"), tag_prefix)
    yield from foreign_tags(rules, then.remove_tags, where(rule, "remove_tags"), tag_prefix)
    both = set(then.add_tags) & set(then.remove_tags)
    if both:
        message = f"'{rule.id}' both adds and removes {quoted(sorted(both))}"
        yield problem(Check.WRONG_VALUE, where(rule, "remove_tags"), message)


def foreign_tags(rules: RuleSet, tags: Iterable[str], at: Position, tag_prefix: str) -> Iterator[Problem]:
    """Tags that rules may not add and remove: the vendor's mark may be, and what `own_tags` lists."""
    for tag in tags:
        if tag.startswith(tag_prefix):
            message = f"tier tags such as '{tag}' are set through `tier:` alone"
            yield problem(Check.TAG_NOT_OWNED, at, message)
        elif tag not in rules.own_tags and tag != rules.vendor.tag:
            hint = nearest(tag, rules.own_tags) or "; list it there if zdsync may add and remove it"
            yield problem(Check.TAG_NOT_OWNED, at, f"the tag '{tag}' is not in own_tags{hint}")
