"""Moves, returns, cracks and targets as the database tells them, from stays that a run has kept, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from tests.unit.mirror import rows
from tests.unit.mirror.rows import NOW, START, at, page, record_page, tickets_page
from zdsync.mirror.store import MirrorStore
from zdsync.model import TicketId, UserId
from zdsync.ports.way import Agenda, Notice, NoticeKind, Signs, StayRecord, TargetRecord, Way
from zdsync.streams import Stream

ADA, BO, GONE = 10, 11, 12


def stay(tier: str, since: float, until: float | None, by: str = "person", **given: Any) -> StayRecord:
    """A stay in minutes of START; its open minutes are those of the clock."""
    ordinary: dict[str, Any] = {
        "tier": tier,
        "rank": int(tier) if tier.isdigit() else None,
        "entered_at": at(since),
        "left_at": None if until is None else at(until),
        "entered_by": by,
        "entered_by_id": UserId(ADA),
        "through": "",
        "zdsync_key": None,
        "rule": "",
        "why": "",
        "basis": "tag",
        "calendar": "uk",
        "business_minutes": None if until is None else int(until - since),
    }
    return StayRecord(**{**ordinary, **given})


def target(kind: str, state: str, **given: Any) -> TargetRecord:
    ordinary: dict[str, Any] = {
        "kind": kind,
        "position": 0,
        "tier": "1",
        "priority": None,
        "promised": "2 business hours",
        "started_at": START,
        "due_at": at(120),
        "ended_at": None,
        "state": state,
        "calendar": "uk",
        "minutes": None,
    }
    return TargetRecord(**{**ordinary, **given})


def way(id: int, *stays: StayRecord, outcome: str = "kept", **given: Any) -> Way:
    return Way(TicketId(id), outcome=outcome, stays=stays, **given)


def keep(mirror: MirrorStore, *ways: Way) -> None:
    mirror.record_ways(ways, Agenda(None), NOW)


def ask(mirror: MirrorStore, query: str) -> list[tuple[Any, ...]]:
    with mirror.database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def staffed(mirror: MirrorStore) -> None:
    """Group 1 has Ada, group 2 only agents who cannot be assigned, group 3 nobody."""
    agents = [
        rows.user(ADA, name="Ada", role="agent"),
        rows.user(BO, name="Bo", role="agent", suspended=True),
        rows.user(GONE, name="Cy", role="agent", active=False),
    ]
    record_page(mirror, page(Stream.USERS, 1, users=agents))
    record_page(mirror, page(Stream.GROUPS, 1, whole=True, groups=[rows.group(id) for id in (1, 2, 3)]))
    members = [(1, ADA, 1), (2, BO, 2), (3, GONE, 2)]
    record_page(
        mirror,
        page(
            Stream.MEMBERSHIPS,
            1,
            whole=True,
            group_memberships=[
                rows.record("group_memberships", id=id, user_id=user, group_id=group)
                for id, user, group in members
            ],
        ),
    )


def test_every_move_is_a_row(mirror: MirrorStore) -> None:
    """From where to where, up or down, by whom and why, how long it had been there, and whether it came back."""
    staffed(mirror)
    own = {"rule": "late", "why": "Too late", "zdsync_key": "k", "entered_by_id": None}
    keep(
        mirror,
        way(
            1,
            stay("1", 0, 10),
            stay("2", 10, 40, "zdsync", **own),
            stay("1", 40, 45, through="trigger"),
            stay("3", 45, 50),
            stay("2", 50, None),
        ),
        way(2, stay("1", 0, None)),
    )
    found = ask(
        mirror,
        "SELECT ticket_id, position, from_tier, to_tier, direction, moved_by, moved_by_name, through, zdsync_key, rule,"
        " why, business_minutes, calendar, is_return, detour_minutes FROM tier_moves ORDER BY position",
    )
    by_ada = ("person", "Ada")
    assert found == [
        (1, 1, "1", "2", "up", "zdsync", None, "", "k", "late", "Too late", 10, "uk", False, None),
        (1, 2, "2", "1", "down", *by_ada, "trigger", None, "", "", 30, "uk", True, 30),
        (1, 3, "1", "3", "up", *by_ada, "", None, "", "", 5, "uk", False, None),
        (1, 4, "3", "2", "down", *by_ada, "", None, "", "", 5, "uk", False, None),
    ]


def test_a_stay_that_was_broken_off_counts_whole(mirror: MirrorStore) -> None:
    """A ticket that lost its tag and got it again was in one tier all the while; a tier of no rank has no direction."""
    keep(mirror, way(1, stay("1", 0, 10), stay("1", 15, 20), stay("old", 20, 21), stay("1", 21, None)))
    found = ask(
        mirror,
        "SELECT from_tier, to_tier, direction, business_minutes, is_return, detour_minutes FROM tier_moves"
        " ORDER BY position",
    )
    assert found == [("1", "old", None, 15, False, None), ("old", "1", None, 1, True, 1)]


def test_returns_are_counted_by_pair(mirror: MirrorStore) -> None:
    """How often, on how many tickets, whose doing, at which cost; the worst tickets first; only since a moment."""
    keep(
        mirror,
        way(
            1, stay("1", 0, 10), stay("2", 10, 40), stay("1", 40, 50), stay("2", 50, 55), stay("1", 55, None)
        ),
        way(2, stay("1", 0, 10), stay("2", 10, 30, "zdsync"), stay("1", 30, None, "zdsync")),
        way(3, stay("1", 0, 10), stay("2", 10, None)),
    )
    found = mirror.insight.read_ping_pong(START, 1)
    assert [(one.home, one.away, one.returns, one.tickets, one.minutes, one.by) for one in found.pairs] == [
        ("1", "2", 3, 2, 55, (("person", 2), ("zdsync", 1))),
        ("2", "1", 1, 1, 10, (("person", 1),)),
    ]
    assert [(one.ticket_id, one.returns, one.minutes) for one in found.tickets] == [(1, 3, 45)]
    assert found.moved == 3
    late = mirror.insight.read_ping_pong(at(55), 9)
    assert (late.moved, [pair.returns for pair in late.pairs]) == (1, [1])


def test_each_crack_is_found(mirror: MirrorStore) -> None:
    """One row per ticket and reason; what the rules ignore, what is about to be written and what is solved is none."""
    staffed(mirror)
    tended: dict[str, Any] = {"group_id": 1, "assignee_id": ADA}
    record_page(
        mirror,
        tickets_page(
            rows.ticket(1, **tended),
            rows.ticket(2, group_id=None, assignee_id=ADA),
            rows.ticket(3, **tended),
            rows.ticket(4, **tended),
            rows.ticket(5, group_id=2, assignee_id=ADA),
            rows.ticket(6, group_id=1, assignee_id=BO),
            rows.ticket(7, group_id=1, assignee_id=GONE),
            rows.ticket(8, group_id=1),
            rows.ticket(9, **tended),
            rows.ticket(10, status="hold", **tended),
            rows.ticket(11, **tended),
            rows.ticket(12, **tended),
            rows.ticket(13, **tended),
            rows.ticket(14, group_id=3, status="pending"),
            rows.ticket(15, group_id=3, status="solved"),
            rows.ticket(16, group_id=None, assignee_id=ADA),
            rows.ticket(17, **tended),
        ),
    )
    one = stay("1", 0, None)
    to_and_fro = (stay("1", 0, 10), stay("2", 10, 20), stay("1", 20, None))
    by_rules = tuple(stay(each.tier, 0, 1, "zdsync") for each in to_and_fro[:2])
    keep(
        mirror,
        way(1, one, signs=Signs(touched_at=at(5))),
        way(2, one),
        way(3),
        way(4, one, outcome="unplaced", signs=Signs(touched_at=at(4))),
        *(way(id, one, signs=Signs(touched_at=at(id))) for id in (5, 6, 7)),
        way(8, one, signs=Signs(unassigned_since=at(8))),
        way(9, one, signs=Signs(waiting_since=at(9))),
        way(10, one, signs=Signs(status_since=at(10))),
        way(11, *to_and_fro),
        way(12, *by_rules, stay("1", 20, None, "zdsync")),
        way(13, one, signs=Signs(unknown_clock="transcript")),
        way(14, one, outcome="ignored"),
        way(15, outcome=""),
        way(16, is_pending=True),
        way(17, *by_rules, stay("1", 20, 30, "zdsync"), stay("2", 30, None, "zdsync")),
    )
    found = [(row.ticket_id, row.crack, row.since) for row in mirror.insight.read_cracks()]
    assert found == [
        (2, "no_group", START),
        (3, "no_tier", START),
        (4, "group_of_no_tier", at(4)),
        (5, "empty_group", at(5)),
        (6, "lost_assignee", at(6)),
        (7, "lost_assignee", at(7)),
        (8, "no_owner", at(8)),
        (9, "unanswered", at(9)),
        (10, "waiting", at(10)),
        (11, "ping_pong", at(20)),
        (17, "ping_pong", at(20)),
        (13, "unknown_clock", START),
    ]
    first = mirror.insight.read_cracks()[0]
    assert (first.tier, first.status, first.group_name, first.assignee_name) == ("1", "open", None, "Ada")


def test_without_memberships_no_group_is_empty(mirror: MirrorStore) -> None:
    """An account whose members are not mirrored has no empty groups."""
    record_page(mirror, tickets_page(rows.ticket(1, group_id=1, assignee_id=ADA)))
    keep(mirror, way(1, stay("1", 0, None)))
    assert mirror.insight.read_cracks() == ()


def test_targets_are_kept_and_summed(mirror: MirrorStore) -> None:
    """What is due first stands first, what stands still last; sums by tier and kind; a ticket's targets are kept anew."""
    record_page(mirror, tickets_page(*(rows.ticket(id) for id in (1, 2, 3))))
    keep(
        mirror,
        way(1, targets=(target("solve", "due", due_at=None), target("first_reply", "due"))),
        way(2, targets=(target("first_reply", "missed", due_at=at(60)),)),
        way(
            3,
            targets=(
                target("first_reply", "met", ended_at=at(30)),
                target("solve", "missed", tier="2", ended_at=at(900)),
            ),
        ),
    )
    found = [(one.ticket_id, one.kind, one.state) for one in mirror.insight.read_open_targets()]
    assert found == [(2, "first_reply", "missed"), (1, "first_reply", "due"), (1, "solve", "due")]
    sums = mirror.insight.read_target_sums(START)
    assert [(one.tier, one.kind, one.met, one.missed, one.due, one.missed_open) for one in sums] == [
        ("1", "first_reply", 1, 1, 1, 1),
        ("1", "solve", 0, 0, 1, 0),
        ("2", "solve", 0, 1, 0, 0),
    ]
    assert [one.kind for one in mirror.insight.read_target_sums(START + timedelta(days=1))] == [
        "first_reply",
        "solve",
    ]
    keep(mirror, way(1), way(2), way(3))
    assert mirror.insight.read_target_sums(START) == ()


def test_a_notice_is_told_once_while_it_lasts(mirror: MirrorStore) -> None:
    """It stays told as long as it holds, also over runs that could not tell; once over, it may be told again."""
    limited = Notice(TicketId(1), NoticeKind.LIMITED, audience="leads")
    warned = Notice(TicketId(1), NoticeKind.WARNING, "late")
    keep(mirror, way(1, notices=(limited, warned)), way(2, notices=()))
    assert mirror.read_untold() == (limited, warned)
    mirror.record_told((warned,), NOW)
    keep(mirror, way(1, notices=(warned, limited)))
    assert mirror.read_untold() == (limited,)
    mirror.record_told((limited,), NOW)
    keep(mirror, way(1, notices=None))
    assert mirror.read_untold() == ()
    keep(mirror, way(1, notices=(limited,)))
    keep(mirror, way(1, notices=(limited, warned)))
    assert mirror.read_untold() == (warned,)
    keep(mirror, way(1, outcome=""))
    assert ask(mirror, "SELECT * FROM zdsync_notices") == []
