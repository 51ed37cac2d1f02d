"""Kept versions: what an SLA policy, a schedule or a holiday has been, which Zendesk forgets."""

from __future__ import annotations

from typing import Any

from tests.unit.mirror import rows
from tests.unit.mirror.rows import at, content, page, record_page
from zdsync.mirror.store import MirrorStore
from zdsync.mirror.tables_rules import kept_versions
from zdsync.streams import Stream


def policy(minutes: float, target: int, id: int = 1) -> dict[str, Any]:
    raw = {"id": id, "updated_at": minutes, "target": target}
    return rows.record("sla_policies", id=id, updated_at=at(minutes), raw=raw)


def listed(mirror: MirrorStore, served: float, *policies: dict[str, Any]) -> None:
    record_page(mirror, page(Stream.SLA_POLICIES, served, whole=True, sla_policies=policies))


def states(mirror: MirrorStore) -> list[tuple[Any, ...]]:
    return sorted(
        (
            (row["id"], row["valid_from"], row["valid_until"], row["raw"].get("target"))
            for row in content(mirror, kept_versions)
        ),
        key=lambda state: state[:2],
    )


def test_each_state_is_kept_with_its_time(mirror: MirrorStore) -> None:
    """A row per state, from its updated_at until the next one's; the same list again adds nothing."""
    for served in (10, 20):
        listed(mirror, served, policy(0, 30))
    listed(mirror, 30, policy(25, 60), policy(28, 5, id=2))
    assert states(mirror) == [(1, at(0), at(25), 30), (1, at(25), None, 60), (2, at(28), None, 5)]


def test_a_policy_that_is_gone_has_no_state_that_holds(mirror: MirrorStore) -> None:
    """Its last state ends when the list came without it; should it return, a new state begins after that."""
    listed(mirror, 10, policy(0, 30))
    listed(mirror, 20)
    listed(mirror, 30)
    assert states(mirror) == [(1, at(0), at(20), 30)]
    listed(mirror, 40, policy(0, 30))
    assert states(mirror)[1:] == [(1, at(40), None, 30)]


def test_a_change_without_a_new_time_is_kept_too(mirror: MirrorStore) -> None:
    """Holidays tell no time of change, and a policy may keep its own: the state begins when it was first seen."""
    listed(mirror, 10, policy(0, 30))
    listed(mirror, 20, policy(0, 45))
    assert states(mirror) == [(1, at(0), at(20), 30), (1, at(20), None, 45)]
    for served, end in ((30, "2027-01-01"), (40, "2027-01-02")):
        holiday = rows.record("schedule_holidays", id=7, raw={"id": 7, "end_date": end})
        schedule = rows.record("schedules", id=3, updated_at=at(0))
        lists = page(Stream.SCHEDULES, served, whole=True, schedules=[schedule], schedule_holidays=[holiday])
        record_page(mirror, lists)
    assert states(mirror)[2:] == [(3, at(0), None, None), (7, at(30), at(40), None), (7, at(40), None, None)]
