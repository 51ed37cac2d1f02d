"""The shadow report: per rule how often people did what it would have done, and the tickets that went elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zdsync.report.tables import Table, counted
from zdsync.runs.shadow import Shadow
from zdsync.tiers.shadow import Comparison, Result, RuleShare, by_rule

SHOWN = 20


def shadow_tables(shadow: Shadow) -> tuple[Table, ...]:
    """The rules, and the first tickets that people saw differently."""
    rules = Table(
        "Rules in shadow, beside what people did",
        ("rule", "tickets", "agreed", "differed", "nobody acted", "agreed of acted", "taken elsewhere"),
        tuple(_rule_row(share) for share in by_rule(shadow.comparisons)),
        "no decision of a rule is kept; `ZDSYNC_MODE=shadow zdsync run` keeps them",
    )
    tickets = Table(
        "Tickets that people saw differently",
        ("ticket", "rule", "the rule's tier", "people chose", "decided"),
        tuple(
            (
                one.forecast.ticket_id,
                one.forecast.rule,
                one.forecast.tier,
                one.chosen,
                one.forecast.decided_at,
            )
            for one in _differed(shadow)[:SHOWN]
        ),
        "none",
    )
    return rules, tickets


def shadow_lines(shadow: Shadow) -> Iterator[str]:
    """What the tables leave out."""
    more = len(_differed(shadow)) - SHOWN
    if more > 0:
        yield f"… and {more:,} more; `--json` has all."
    if shadow.written:
        yield f"{shadow.written:,} tickets are not compared: zdsync wrote to them before any person chose."


def shadow_json(shadow: Shadow) -> dict[str, Any]:
    """The same for scripts, with every ticket."""
    return {
        "since": shadow.since.isoformat(),
        "written": shadow.written,
        "rules": [_rule_json(share) for share in by_rule(shadow.comparisons)],
        "tickets": [_ticket_json(one) for one in shadow.comparisons],
    }


def _differed(shadow: Shadow) -> list[Comparison]:
    return [one for one in shadow.comparisons if one.result is Result.DIFFERED]


def _rule_row(share: RuleShare) -> tuple[str | int | None, ...]:
    percent = None if share.share is None else f"{share.share:.0%}"
    elsewhere = counted({f"to {name}": count for name, count in share.elsewhere})
    return (
        share.rule,
        share.tickets,
        share.agreed,
        share.differed,
        share.nobody,
        percent,
        elsewhere if share.elsewhere else None,
    )


def _rule_json(share: RuleShare) -> dict[str, Any]:
    return {
        "rule": share.rule,
        "tickets": share.tickets,
        "agreed": share.agreed,
        "differed": share.differed,
        "nobody_acted": share.nobody,
        "share_agreed": share.share,
        "elsewhere": dict(share.elsewhere),
    }


def _ticket_json(one: Comparison) -> dict[str, Any]:
    forecast = one.forecast
    return {
        "ticket": forecast.ticket_id,
        "decided_at": forecast.decided_at.isoformat(),
        "rule": forecast.rule,
        "tier": forecast.tier,
        "result": one.result.value,
        "chosen": one.chosen or None,
    }
