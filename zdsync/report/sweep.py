"""What falls through the cracks, a table per kind for people, the same rows for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from zdsync.report.tables import Table
from zdsync.runs.sweep import Crack
from zdsync.tiers.notes import how_long

SHOWN = 20
_SHOWN_HELPERS = 3

TITLES = {
    "no_group": "In no group",
    "no_tier": "In no tier, and no run will give them one",
    "group_of_no_tier": "In a group of no tier",
    "empty_group": "In a group without anybody who could be assigned",
    "lost_assignee": "Assigned to somebody who is suspended, deleted or no agent any more",
    "no_owner": "Assigned to nobody for long",
    "unanswered": "A customer waits for an answer for long",
    "waiting": "Pending or on hold for long",
    "ping_pong": "Sent to and fro between tiers",
    "unknown_clock": "Nobody can tell who waits for whom: no clock runs",
}
"""A title for each kind of crack, in the order of urgency."""


def sweep_tables(found: Sequence[Crack], *, is_whole: bool = False) -> Iterator[Table]:
    """A table for each kind that was found, some tickets of each unless `is_whole`."""
    counts = Counter(crack.row.crack for crack in found)
    for kind, title in TITLES.items():
        of_kind = [crack for crack in found if crack.row.crack == kind]
        shown = of_kind if is_whole else of_kind[:SHOWN]
        more = f", the first {SHOWN}" if len(shown) < len(of_kind) else ""
        if shown:
            yield Table(
                f"{title} ({counts[kind]:,}{more})",
                ("ticket", "for", "status", "tier", "group", "assignee", "who could act"),
                tuple(_row(crack) for crack in shown),
            )


def summary(found: Sequence[Crack]) -> str:
    tickets = len({crack.row.ticket_id for crack in found})
    if not tickets:
        return "Nothing falls through the cracks."
    return f"{tickets:,} ticket{'s' * (tickets != 1)} may be forgotten; `--json` has all."


def sweep_json(found: Sequence[Crack]) -> dict[str, Any]:
    """Every crack, and how many of each kind."""
    counts = Counter(crack.row.crack for crack in found)
    return {
        "tickets": len({crack.row.ticket_id for crack in found}),
        "kinds": {kind: counts[kind] for kind in TITLES},
        "cracks": [
            {
                "ticket": crack.row.ticket_id,
                "crack": crack.row.crack,
                "since": crack.row.since.isoformat() if crack.row.since else None,
                "lasted_s": int(crack.lasted.total_seconds()) if crack.lasted is not None else None,
                "is_open_time": crack.is_open_time,
                "status": crack.row.status,
                "tier": crack.row.tier,
                "group": crack.row.group_name,
                "assignee": crack.row.assignee_name,
                "who_could_act": list(crack.helpers) or ["an admin"],
            }
            for crack in found
        ],
    }


def _row(crack: Crack) -> tuple[str | int | None, ...]:
    row = crack.row
    lasted = None
    if crack.lasted is not None:
        lasted = how_long(int(crack.lasted.total_seconds())) + " of open time" * crack.is_open_time
    return (row.ticket_id, lasted, row.status, row.tier, row.group_name, row.assignee_name, _helpers(crack))


def _helpers(crack: Crack) -> str:
    names = crack.helpers
    more = len(names) - _SHOWN_HELPERS
    return (", ".join(names[:_SHOWN_HELPERS]) + f" and {more} more" * (more > 0)) or "an admin"
