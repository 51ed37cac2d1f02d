"""What is to be decided anew, what stands, and stays of tickets in tiers, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.mirror import rows
from tests.unit.mirror.rows import at, content, page, record_page, tickets_page
from zdsync.mirror.store import MirrorStore
from zdsync.mirror.tables_way import tier_stays
from zdsync.model import Hold, HoldReason, JoinKeys, TicketId
from zdsync.plan.model import ComingUp
from zdsync.ports.way import Agenda, Joined, Standing, StayRecord, Way
from zdsync.streams import Stream

EPOCH, LADDER = "rules 1", "ladder 1"
STAY = StayRecord(
    tier="1",
    rank=0,
    entered_at=at(0),
    left_at=at(90),
    entered_by="person",
    entered_by_id=None,
    through="",
    zdsync_key=None,
    rule="",
    why="",
    basis="group",
    calendar="",
    business_minutes=90,
)


def way(id: int, outcome: str = "kept", **given: Any) -> Way:
    return Way(TicketId(id), outcome, **given)


def decide(mirror: MirrorStore, *ways: Way, minutes: float = 10, epoch: str = EPOCH) -> None:
    """A run that keeps these decisions."""
    agenda = mirror.read_agenda(epoch, at(minutes))
    mirror.record_ways(ways, agenda, at(minutes))
    mirror.record_epoch(epoch, LADDER, agenda, at(minutes))


def to_decide(mirror: MirrorStore, minutes: float = 20, epoch: str = EPOCH) -> set[int] | None:
    """The tickets on the next run's agenda; None for all."""
    ids = mirror.read_agenda(epoch, at(minutes)).ids
    return None if ids is None else set(ids)


@pytest.fixture
def settled(mirror: MirrorStore) -> MirrorStore:
    """Three unsolved tickets of two requesters and a company, all decided, and a solved one."""
    record_page(
        mirror,
        tickets_page(
            rows.ticket(1, organization_id=50),
            rows.ticket(2, requester_id=901),
            rows.ticket(3, requester_id=901, organization_id=50),
            rows.ticket(4, status="solved"),
            users=[rows.user(900), rows.user(901)],
            organizations=[rows.organization(50)],
        ),
    )
    decide(mirror, way(1), way(2), way(3))
    return mirror


def test_at_first_all_are_to_be_decided(mirror: MirrorStore) -> None:
    """Nothing was decided by these rules yet."""
    record_page(mirror, tickets_page(rows.ticket(1)))
    assert to_decide(mirror) is None


def test_what_was_decided_stands(settled: MirrorStore) -> None:
    """While nothing happens and nothing falls due a run decides nothing."""
    assert to_decide(settled) == set()
    assert settled.read_standing(()) == Standing({"kept": 3})


def test_other_rules_decide_all_anew(settled: MirrorStore) -> None:
    """Another epoch, and what is left of tickets that are gone goes with it."""
    assert to_decide(settled, epoch="rules 2") is None
    decide(settled, way(1), minutes=30, epoch="rules 2")
    assert settled.read_standing(()) == Standing({"kept": 1})


@pytest.mark.parametrize(
    ("stream", "brought"),
    [
        (Stream.TICKETS, {"tickets": [rows.ticket(2, 5)]}),
        (Stream.EVENTS, {"ticket_events": [rows.event(1, 2)]}),
        (Stream.EVENTS, {"ticket_comments": [rows.comment(1, 2, 1)]}),
        (
            Stream.METRIC_EVENTS,
            {"ticket_metric_events": [rows.record("ticket_metric_events", id=1, ticket_id=2)]},
        ),
    ],
)
def test_what_tells_of_a_ticket_touches_it(
    settled: MirrorStore, stream: Stream, brought: dict[str, Any]
) -> None:
    """Itself, its events, comments and metric events."""
    settled.record_page(page(stream, **brought), None, at(15))
    assert to_decide(settled) == {2}


def test_people_touch_the_tickets_that_are_theirs(settled: MirrorStore) -> None:
    """Once they have changed; a side-loaded user or company that is as before touches nothing."""
    same = page(Stream.USERS, users=[rows.user(901)], organizations=[rows.organization(50)])
    settled.record_page(same, None, at(15))
    assert to_decide(settled) == set()
    settled.record_page(page(Stream.USERS, users=[rows.user(901, 12)]), None, at(15))
    assert to_decide(settled) == {2, 3}
    decide(settled, way(2), way(3))
    settled.record_page(page(Stream.ORGANIZATIONS, organizations=[rows.organization(50, 12)]), None, at(15))
    assert to_decide(settled) == {1, 3}


def test_a_stub_in_place_of_a_person_touches_too(settled: MirrorStore) -> None:
    """Rules then read another requester."""
    settled.record_absent(Stream.USERS, [901], at(15))
    assert to_decide(settled) == {2, 3}


def test_holds_touch_their_ticket(settled: MirrorStore) -> None:
    """Set and ended, also beside a run that has read its agenda before: what happens meanwhile is not lost."""
    settled.record_holds([Hold(TicketId(2), HoldReason.MANUAL, at(15))])
    agenda = settled.read_agenda(EPOCH, at(20))
    assert agenda.ids == frozenset({TicketId(2)})
    settled.end_holds([TicketId(2)], at(21))
    settled.record_ways([way(2)], agenda, at(20))
    assert to_decide(settled) == {2}
    decide(settled, way(2))
    assert to_decide(settled) == set()


def test_time_alone_brings_a_ticket_back(settled: MirrorStore) -> None:
    """From the very moment on at which it falls due, until it is decided again."""
    decide(settled, way(1, due_at=at(30)), way(2, due_at=at(31)))
    assert to_decide(settled, 29.9) == set()
    assert to_decide(settled, 30) == {1}
    decide(settled, way(1), minutes=30)
    assert to_decide(settled, 30) == set()
    assert to_decide(settled, 31) == {2}


def test_what_is_pending_is_decided_in_every_run(settled: MirrorStore) -> None:
    """A change that nobody has carried out yet, events that are to come."""
    decide(settled, way(3, "assigned", is_pending=True))
    assert to_decide(settled) == {3}


def test_finished_tickets_have_their_stays_told(settled: MirrorStore) -> None:
    """They are on the list apart, some at a time, and come back when the ladder is another."""
    agenda = settled.read_agenda(EPOCH, at(20))
    assert (agenda.ids, set(agenda.finished)) == (frozenset(), {4})
    settled.record_ways([Way(TicketId(4), stays=(STAY, replace(STAY, tier="2")))], agenda, at(20))
    assert settled.read_agenda(EPOCH, at(20)).finished == {}
    assert [(row["ticket_id"], row["position"], row["tier"]) for row in content(settled, tier_stays)] == [
        (4, 0, "1"),
        (4, 1, "2"),
    ]
    settled.record_epoch(EPOCH, "ladder 2", agenda, at(20))
    assert set(settled.read_agenda(EPOCH, at(20)).finished) == {4}


def test_stays_are_told_anew_whole(settled: MirrorStore) -> None:
    """Those that are no more go; every column comes back as it was given."""
    decide(settled, way(1, stays=(STAY, STAY, STAY)))
    decide(settled, way(1, stays=(STAY,)))
    (row,) = content(settled, tier_stays)
    assert {name: row[name] for name in row if name not in {"ticket_id", "position"}} == {
        name: getattr(STAY, name) for name in StayRecord.__slots__
    }


def test_stays_outlive_the_events_that_told_them(settled: MirrorStore) -> None:
    """A ticket whose events were pruned keeps what was told of it."""
    decide(settled, way(1, stays=(STAY,)))
    decide(settled, way(1, stays=None))
    assert [row["ticket_id"] for row in content(settled, tier_stays)] == [1]


def test_a_ticket_that_is_solved_stands_no_more(settled: MirrorStore) -> None:
    """It is not counted, and its wait is over."""
    settled.record_page(tickets_page(rows.ticket(2, 5, status="solved")), None, at(15))
    agenda = settled.read_agenda(EPOCH, at(20))
    assert 2 in agenda.finished
    settled.record_ways([Way(TicketId(2))], agenda, at(20))
    assert settled.read_standing(()) == Standing({"kept": 2})


def test_what_stands_is_told_without_what_is_decided_now(settled: MirrorStore) -> None:
    """Counts and the tickets that wait, with their reasons."""
    decide(settled, way(1, "gated", reason="until this is known"), way(2, "held", reason="by hand"))
    assert settled.read_standing([TicketId(2), TicketId(9)]) == Standing(
        {"kept": 1, "gated": 1}, ((TicketId(1), "until this is known"),)
    )


def test_moves_that_come_up_the_nearest_first(settled: MirrorStore) -> None:
    """By their moment; a ticket without a warning is not among them."""
    coming = [ComingUp(TicketId(id), "late", at(minutes)) for id, minutes in ((1, 90), (2, 60))]
    decide(settled, way(1, coming=coming[0]), way(2, coming=coming[1]), way(3))
    assert settled.read_coming() == (coming[1], coming[0])


def test_rows_changed_past_all_pages_decide_all_anew(settled: MirrorStore) -> None:
    """A mirror that was mended by a comparison."""
    settled.repairs.bury_unseen(Stream.TICKETS, {"tickets": {1, 2}}, at(-10), at(60))
    assert to_decide(settled) is None


def test_an_agenda_without_marks_takes_nothing_off(settled: MirrorStore) -> None:
    """A ticket that was due and not touched has no mark to take off."""
    settled.record_ways([way(1)], Agenda(frozenset({TicketId(1)})), at(20))
    assert to_decide(settled) == set()


def test_decided_tickets_are_told_with_what_rows_are_found_by(settled: MirrorStore) -> None:
    """Address, company and domains as they are by now, beside the digest of the rows it was decided by; solved ones not."""
    company = rows.organization(50, 12, name="Acme", external_id="a-1", domain_names=["acme.example"])
    settled.record_page(page(Stream.ORGANIZATIONS, organizations=[company]), None, at(15))
    settled.record_page(
        page(Stream.USERS, users=[rows.user(901, 12, email="ada@acme.example")]), None, at(15)
    )
    settled.record_page(tickets_page(rows.ticket(1, 5, status="solved")), None, at(15))
    decide(settled, way(2, external="digest"))
    acme = JoinKeys("ada@acme.example", "Acme", "a-1", ("acme.example",))
    assert sorted(settled.read_joined(), key=lambda one: one.ticket_id) == [
        Joined(TicketId(2), JoinKeys("ada@acme.example"), "digest"),
        Joined(TicketId(3), acme, ""),
    ]
