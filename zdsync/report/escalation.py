"""Escalation in figures: what breaches next, which targets were kept, and what bounced at which cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from zdsync.plan.model import ComingUp
from zdsync.ports.mirror import Mirror
from zdsync.report.tables import Table, counted
from zdsync.runs.insight import Insight, OpenTarget, PingPong, TargetSum
from zdsync.tiers.notes import how_long
from zdsync.tiers.promises import Kept

SHOWN = 20


TARGETS_OF = timedelta(days=90)
"""How far back targets that were kept or missed are counted."""


def escalation_tables(
    mirror: Mirror, insight: Insight, now: datetime, *, is_whole: bool
) -> Mapping[str, Table]:
    """The report's tables by name; some rows of each unless `is_whole`."""
    targets, most = insight.read_open_targets(), None if is_whole else SHOWN
    return {
        "breaches_next": next_table(mirror.read_coming(), targets, now, most),
        "missed": missed_table(targets, now, most),
        "targets": targets_table(insight.read_target_sums(now - TARGETS_OF)),
    }


def next_table(
    coming: Sequence[ComingUp], targets: Sequence[OpenTarget], now: datetime, most: int | None
) -> Table:
    """Moves of which rules warn, and targets that are still to be kept, what comes first foremost."""
    moves = [
        (move.at, move.ticket_id, f"moves by {move.rule}", None, None, _left(move.at, now)) for move in coming
    ]
    due = [
        (
            one.due_at,
            one.ticket_id,
            _promise(one),
            one.tier,
            one.assignee or one.group,
            _left(one.due_at, now),
        )
        for one in targets
        if one.due_at is not None and one.state == Kept.DUE
    ]
    rows = sorted([*moves, *due], key=lambda row: row[:3])
    columns = ("when", "ticket", "what", "tier", "with", "left")
    return Table(_cut("What breaches next", rows, most), columns, tuple(rows[:most]), "nothing is due")


def missed_table(targets: Sequence[OpenTarget], now: datetime, most: int | None) -> Table:
    """Targets that are missed and still to be done, the oldest first."""
    rows = [
        (
            one.due_at,
            one.ticket_id,
            _promise(one),
            one.tier,
            one.assignee or one.group,
            _left(now, one.due_at),
        )
        for one in targets
        if one.due_at is not None and one.state == Kept.MISSED
    ]
    columns = ("was due", "ticket", "what", "tier", "with", "late")
    return Table(
        _cut("Missed and still to be done", rows, most), columns, tuple(rows[:most]), "nothing is late"
    )


def targets_table(sums: Sequence[TargetSum]) -> Table:
    columns = ("tier", "target", "met", "missed", "met of done", "still due", "missed, still to be done")
    rows = tuple(
        (
            one.tier,
            one.kind.replace("_", " "),
            one.met,
            one.missed - one.missed_open,
            _share(one.met, one.met + one.missed - one.missed_open),
            one.due,
            one.missed_open,
        )
        for one in sums
    )
    return Table(
        "Targets of the tiers, of the last 90 days",
        columns,
        rows,
        "no tier has targets, or no run has looked yet",
    )


def _promise(target: OpenTarget) -> str:
    return f"{target.kind.replace('_', ' ')} within {target.promised}"


def _left(until: datetime | None, since: datetime | None) -> str | None:
    """Plain time from one moment to another."""
    if until is None or since is None:
        return None
    return how_long(max(int((until - since).total_seconds()), 0))


def _cut(title: str, rows: Sequence[object], most: int | None) -> str:
    return title if most is None or len(rows) <= most else f"{title}: {most} of {len(rows):,}"


def _share(part: int, whole: int) -> str | None:
    return f"{part / whole:.0%}" if whole else None


# Ping-pong


def pingpong_tables(found: PingPong) -> tuple[Table, Table, Table]:
    """Returns by pair of tiers with their cost, the same as a matrix, and the tickets that bounced most."""
    columns = ("back in tier", "from tier", "returns", "tickets", "open time there", "on average", "sent by")
    pairs = tuple(
        (
            pair.home,
            pair.away,
            pair.returns,
            pair.tickets,
            how_long(pair.minutes * 60),
            how_long(pair.minutes * 60 // pair.returns),
            counted(dict(pair.by)),
        )
        for pair in found.pairs
    )
    tickets = tuple(
        (one.ticket_id, one.returns, how_long(one.minutes * 60), one.last_at) for one in found.tickets
    )
    return (
        Table("Tickets that came back to the tier they had left", columns, pairs, "none"),
        _matrix(found),
        Table(
            "The tickets that bounced most", ("ticket", "returns", "open time away", "last"), tickets, "none"
        ),
    )


def _matrix(found: PingPong) -> Table:
    """Returns, rows by the tier that got them back, columns by the one that sent them."""
    tiers = sorted({tier for pair in found.pairs for tier in (pair.home, pair.away)})
    count = {(pair.home, pair.away): pair.returns for pair in found.pairs}
    rows = tuple((home, *(count.get((home, away)) for away in tiers)) for home in tiers)
    return Table("Returns by tier: back in (down), from (across)", ("", *tiers), rows, "none")


def pingpong_lines(found: PingPong) -> Iterator[str]:
    returns = sum(pair.returns for pair in found.pairs)
    minutes = sum(pair.minutes for pair in found.pairs)
    if returns:
        yield f"{returns:,} returns in all; {how_long(minutes * 60)} of open time; {found.moved:,} tickets moved at all."


def pingpong_json(found: PingPong, since: datetime) -> dict[str, Any]:
    return {
        "since": since.isoformat(),
        "tickets_moved": found.moved,
        "pairs": [
            {
                "home": pair.home,
                "away": pair.away,
                "returns": pair.returns,
                "tickets": pair.tickets,
                "business_minutes": pair.minutes,
                "by": dict(pair.by),
            }
            for pair in found.pairs
        ],
        "matrix": _nested(found),
        "tickets": [
            {
                "ticket": one.ticket_id,
                "returns": one.returns,
                "business_minutes": one.minutes,
                "last_at": one.last_at.isoformat(),
            }
            for one in found.tickets
        ],
    }


def _nested(found: PingPong) -> Mapping[str, Mapping[str, int]]:
    matrix: dict[str, dict[str, int]] = {}
    for pair in found.pairs:
        matrix.setdefault(pair.home, {})[pair.away] = pair.returns
    return matrix
