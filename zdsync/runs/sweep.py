"""Sweep: unsolved tickets that fall through the cracks, each with how long it has and who could act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from zdsync.calendars import ALWAYS
from zdsync.errors import MirrorError
from zdsync.ports.clock import Clock
from zdsync.ports.mirror import Mirror
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.model import RuleSet
from zdsync.runs.freshness import mirror_until
from zdsync.runs.insight import CrackRow, Insight
from zdsync.runs.plan import make_judge

_IN_OPEN_TIME = frozenset({"no_owner", "unanswered", "no_tier", "no_group"})
"""What is counted in the open time of the ticket's tier; the others last whether anybody is there or not."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each may last before it is found: without owner and unanswered in open time, pending and on hold in all.

    What is wrong at once (no tier, no group, an empty group, a lost assignee) is found from `grace` of open time on.
    """

    no_owner: timedelta = timedelta(hours=8)
    unanswered: timedelta = timedelta(hours=24)
    waiting: timedelta = timedelta(days=14)
    grace: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Crack:
    """One ticket and one reason why it may be forgotten. `lasted` is None when nobody knows since when.

    `is_open_time` tells that `lasted` counts the open time of its tier only. `helpers` are agents who could take it,
    those of its group or else of its tier's groups; empty: an admin has to.
    """

    row: CrackRow
    lasted: timedelta | None
    is_open_time: bool
    helpers: tuple[str, ...]


def sweep(
    mirror: Mirror,
    insight: Insight,
    rules: RuleSet,
    clock: Clock,
    *,
    tag_prefix: str,
    patience: Patience,
) -> tuple[Crack, ...]:
    """Every crack that has lasted too long, the worst kinds first, the longest first in each; as of the latest run.

    Raises MirrorError when no run has decided anything yet.
    """
    now = clock.now()
    if mirror_until(mirror) is None:
        raise MirrorError("the mirror holds no finished pull", hint="run `zdsync pull` first")
    judge = make_judge(mirror, rules, now, tag_prefix=tag_prefix)
    desks = insight.read_desks()
    found = (_crack(row, judge.rules, desks, now) for row in insight.read_cracks())
    return tuple(crack for crack in found if _is_due(crack, patience))


def _crack(row: CrackRow, rules: CompiledRules, desks: Mapping[int, tuple[str, ...]], now: datetime) -> Crack:
    counts = row.crack in _IN_OPEN_TIME
    hours = rules.ladder.calendar(row.tier) if counts else ALWAYS
    lasted = None if row.since is None else timedelta(seconds=hours.elapsed(row.since, now))
    return Crack(row, lasted, not hours.is_always, _helpers(row, rules, desks))


def _is_due(crack: Crack, patience: Patience) -> bool:
    kind = crack.row.crack
    if kind in {"ping_pong", "unknown_clock"} or crack.lasted is None:
        return True
    limits = {
        "no_owner": patience.no_owner,
        "unanswered": patience.unanswered,
        "waiting": patience.waiting,
    }
    return crack.lasted >= limits.get(kind, patience.grace)


def _helpers(row: CrackRow, rules: CompiledRules, desks: Mapping[int, tuple[str, ...]]) -> tuple[str, ...]:
    """The agents of the ticket's group, or else of its tier's groups."""
    own = desks.get(row.group_id or 0, ())
    tier = rules.rules.tier(row.tier) if row.tier is not None else None
    if own or tier is None:
        return own
    ids = (rules.group_ids.get(name.casefold(), 0) for name in tier.groups)
    return tuple(dict.fromkeys(name for id in ids for name in desks.get(id, ())))
