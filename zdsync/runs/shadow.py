"""Shadow: the kept decisions of rules, each ticket read once and compared with what people did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zdsync.ports.clock import Clock
from zdsync.ports.mirror import Mirror
from zdsync.rules.model import RuleSet
from zdsync.runs.plan import make_judge
from zdsync.tiers.shadow import Comparison, compare, group_by_ticket


@dataclass(frozen=True, slots=True)
class Shadow:
    """Every ticket compared, by ascending id; `written` are those that zdsync wrote before any person chose."""

    since: datetime
    comparisons: tuple[Comparison, ...]
    written: int


def compare_shadow(
    mirror: Mirror, rules: RuleSet, clock: Clock, *, since: datetime, tag_prefix: str
) -> Shadow:
    """Compare the decisions kept since then; groups belong to tiers as `rules` say. Raises RuleError, MirrorError."""
    judge = make_judge(mirror, rules, clock.now(), tag_prefix=tag_prefix)
    forecasts = group_by_ticket(mirror.read_forecasts(since))
    found = [
        compare(forecasts[case.ticket.id], case, judge.rules, judge.account)
        for case in mirror.read_cases(forecasts.keys())
    ]
    comparisons = tuple(comparison for comparison in found if comparison is not None)
    return Shadow(since, comparisons, len(found) - len(comparisons))
