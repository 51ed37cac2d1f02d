"""Check with a mirror: what the latest tickets and the account's own triggers say of the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from zdsync.errors import Problem
from zdsync.facts import derive
from zdsync.ports.mirror import Mirror
from zdsync.rules.compile import compile_rules
from zdsync.rules.compiled import CompiledRule
from zdsync.rules.evaluate import all_matches, is_on
from zdsync.rules.external import join
from zdsync.rules.findings import Check, problem
from zdsync.rules.model import RuleSet
from zdsync.rules.natives import native_conflicts, unknown_natives
from zdsync.rules.vocabulary import Vocabulary
from zdsync.tiers.sight import standing

SPAN = timedelta(days=90)
MOST = 5_000
"""Enough to see what a rule matches, few enough to be read in a second or two."""
_FEWEST = 100
"""Of fewer tickets nothing can be said."""


def check_history(mirror: Mirror, rules: RuleSet, *, tag_prefix: str, now: datetime) -> tuple[Problem, ...]:
    """Warnings, and gates' unknown macros and triggers as errors, in file order; the rules must fit the mirrored account.

    Tickets are asked as they stand, the latest 5,000 of the last 90 days at most, by what is mirrored of them.
    """
    account = mirror.read_account()
    compiled = compile_rules(rules, account, tag_prefix=tag_prefix, today=now.date())
    seen: Counter[str] = Counter()
    contested: Counter[tuple[str, str]] = Counter()
    looked_at = 0
    for case in mirror.read_cases(mirror.read_latest_ids(now - SPAN, MOST)):
        facts = derive(join(case, rules.external), now, compiled.ladder)
        matched = {one.rule.id for one in all_matches(compiled.placing, facts)}
        matched |= {one.rule.id for one in all_matches(compiled.moving, standing(facts))}
        seen.update(matched)
        contested.update(_decided_by_order(compiled.assign, matched))
        looked_at += 1
    found = [
        *unknown_natives(rules, mirror.read_native_names()),
        *native_conflicts(compiled, mirror.read_native_rules(), Vocabulary(account)),
    ]
    if looked_at >= _FEWEST:
        found += _not_seen((*compiled.placing, *compiled.moving), seen, looked_at, now)
        found += _order_matters(compiled.assign, contested)
    return tuple(sorted(set(found)))


def _decided_by_order(assign: tuple[CompiledRule, ...], matched: set[str]) -> Iterator[tuple[str, str]]:
    """The neighbours of which the upper one won only by standing above; none where both want the same."""
    for first, second in pairwise(assign):
        if first.rule.id in matched:
            is_close = second.rule.id in matched and not second.rule.is_catch_all
            if is_close and first.rule.then != second.rule.then:
                yield first.rule.id, second.rule.id
            return


def _not_seen(
    everything: tuple[CompiledRule, ...], seen: Counter[str], looked_at: int, now: datetime
) -> Iterator[Problem]:
    for one in everything:
        if not seen[one.rule.id] and is_on(one.rule, now.date()):
            message = f"'{one.rule.id}' matches none of {looked_at:,} tickets of the last {SPAN.days} days"
            yield problem(Check.NOT_SEEN, one.rule.at, message, is_warning=True)


def _order_matters(
    assign: tuple[CompiledRule, ...], contested: Counter[tuple[str, str]]
) -> Iterator[Problem]:
    rules = {one.rule.id: one.rule for one in assign}
    for (first, second), count in contested.items():
        tickets = f"{count:,} ticket{'s' * (count != 1)} of the last {SPAN.days} days"
        message = (
            f"'{second}' would take {tickets}, were it above '{first}'; make sure that the order is meant"
        )
        yield problem(Check.ORDER_MATTERS, rules[second].at, message, is_warning=True)
