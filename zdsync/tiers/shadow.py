"""Shadow: what the rules would have done, beside what people did with the same tickets afterwards."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from zdsync.account import Account
from zdsync.actors import is_person
from zdsync.model import Case, Event, GroupId, TicketId
from zdsync.rules.compiled import CompiledRules
from zdsync.tiers.model import Forecast

UNSEEN = timedelta(minutes=2)
"""What a person did so shortly before a decision, the decision did not know: the export withholds the latest minute."""


class Result(StrEnum):
    """What people did with a ticket that a rule had decided and zdsync had not touched."""

    AGREED = "agreed"
    """The first group or tier tag that a person chose belongs to the rule's tier."""
    DIFFERED = "differed"
    """It belongs to another tier, or to none."""
    NOBODY = "nobody acted"
    """No person has chosen a group or a tier tag yet, though they may have answered where it was."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One ticket: the decision that stood when a person first chose (else the last one), and that choice."""

    forecast: Forecast
    result: Result
    chosen: str = ""
    """`tier 2` or `group Marketing`; empty when nobody acted."""


@dataclass(frozen=True, slots=True)
class RuleShare:
    """One rule's tickets; `elsewhere` tells where people took those that they saw differently, most often first."""

    rule: str
    tickets: int
    agreed: int
    differed: int
    nobody: int
    elsewhere: tuple[tuple[str, int], ...] = ()

    @property
    def share(self) -> float | None:
        """Agreed, of those on which people acted; None when they acted on none."""
        acted = self.agreed + self.differed
        return self.agreed / acted if acted else None


def compare(
    forecasts: Sequence[Forecast], case: Case, rules: CompiledRules, account: Account
) -> Comparison | None:
    """Compare a ticket's decisions, oldest first, with its history; None when zdsync wrote before any person chose.

    A *choice* is the first event of a person (no rule, no bot, not zdsync) after the first decision in which they set
    the group or add a tier tag; of both at once the tag counts. Groups belong to tiers as the present rules say.
    """
    first = forecasts[0]
    found = _first_choice(case, first.decided_at - UNSEEN, rules)
    until = found.created_at if found else None
    if first.written_at is not None and (until is None or first.written_at < until):
        return None
    standing = [one for one in forecasts if until is None or one.decided_at - UNSEEN < until]
    forecast = standing[-1]
    if found is None:
        return Comparison(forecast, Result.NOBODY)
    tiers, chosen = _choice(found, rules, account)
    return Comparison(forecast, Result.AGREED if forecast.tier in tiers else Result.DIFFERED, chosen)


def by_rule(comparisons: Iterable[Comparison]) -> tuple[RuleShare, ...]:
    """Counts per rule, the rule with the most tickets first."""
    of_rule: defaultdict[str, list[Comparison]] = defaultdict(list)
    for comparison in comparisons:
        of_rule[comparison.forecast.rule].append(comparison)
    shares = (_share(rule, found) for rule, found in of_rule.items())
    return tuple(sorted(shares, key=lambda share: (-share.tickets, share.rule)))


def _share(rule: str, found: Sequence[Comparison]) -> RuleShare:
    counts = Counter(comparison.result for comparison in found)
    elsewhere = Counter(one.chosen for one in found if one.result is Result.DIFFERED)
    return RuleShare(
        rule=rule,
        tickets=len(found),
        agreed=counts[Result.AGREED],
        differed=counts[Result.DIFFERED],
        nobody=counts[Result.NOBODY],
        elsewhere=tuple(sorted(elsewhere.items(), key=lambda item: (-item[1], item[0]))),
    )


def _first_choice(case: Case, after: datetime, rules: CompiledRules) -> Event | None:
    return next(
        (
            event
            for event in case.events
            if event.created_at > after
            and is_person(event, case.staff)
            and (_group_set(event) is not None or _tier_tagged(event, rules) is not None)
        ),
        None,
    )


def _group_set(event: Event) -> GroupId | None:
    value = next((change.value for change in event.changes if change.field == "group_id"), None)
    return GroupId(value) if isinstance(value, int) else None


def _tier_tagged(event: Event, rules: CompiledRules) -> str | None:
    """The key of the tier whose tag the event adds."""
    added: set[str] = set()
    for change in event.changes:
        if change.field == "tags" and isinstance(change.value, tuple):
            added.update(change.value)
    return next((tier.key for tier in rules.rules.tiers if rules.tier_tag(tier) in added), None)


def _choice(event: Event, rules: CompiledRules, account: Account) -> tuple[frozenset[str], str]:
    """The tiers that a choice stands for (a group may belong to several), and the choice in words."""
    tagged = _tier_tagged(event, rules)
    if tagged is not None:
        return frozenset({tagged}), f"tier {tagged}"
    id = _group_set(event)
    assert id is not None, "a choice sets a group or a tier tag"
    tiers, group = rules.tiers_of_group.get(id, ()), account.group(id)
    outside = f"group {group.name if group else id}"
    return frozenset(tier.key for tier in tiers), f"tier {tiers[0].key}" if tiers else outside


def group_by_ticket(forecasts: Iterable[Forecast]) -> Mapping[TicketId, tuple[Forecast, ...]]:
    """Each ticket's forecasts in the order given."""
    of_ticket: defaultdict[TicketId, list[Forecast]] = defaultdict(list)
    for forecast in forecasts:
        of_ticket[forecast.ticket_id].append(forecast)
    return {id: tuple(found) for id, found in of_ticket.items()}
