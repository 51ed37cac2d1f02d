"""Rows of external tables and the runs that decide only what has changed: the same comes out as of deciding everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import House
from zdsync.model import TicketId
from zdsync.ports.way import Agenda
from zdsync.rules.load import load_rules
from zdsync.runs.cycle import Workplace, run_cycle
from zdsync.runs.external import with_tables
from zdsync.runs.plan import Planned, make_plan

RULES = """
version: 1
tiers:
  1: {name: Frontline, group: Frontline}
  2: {name: Specialists, group: Specialists}
external:
  crm: {file: crm.csv, key: organization.name, columns: {mrr: number}}
  people: {file: people.csv, key: requester.email}
ignore:
  - {id: friends, why: A friend, all: [people.kind: friend]}
assign:
  - {id: rich, why: Rich, all: [crm.mrr: {at_least: 1000}], then: {tier: 2}}
  - {id: rest, why: Else, then: {tier: 1}}
"""


class Desk:
    """A settled house whose rules read two tables."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        (folder / "all.yaml").write_text(RULES)
        self.tables()
        self.house = House(url, tickets=120)
        self.place: Workplace = self.house.place(rules=lambda: with_tables(load_rules(folder), None))
        for _ in range(3):
            run_cycle(self.place)
            self.house.advance(3700)

    def tables(self, crm: str = "Nobody,0,never\n", people: str = "nobody@nowhere.example,none\n") -> None:
        (self.folder / "crm.csv").write_text(f"name,mrr,seen\n{crm}")
        (self.folder / "people.csv").write_text(f"email,kind\n{people}")

    def plan(self, *, is_kept: bool = False) -> Planned:
        place = self.place
        return make_plan(
            place.mirror,
            place.journal,
            place.rules(),
            place.clock,
            account=place.account,
            tag_prefix=place.tag_prefix,
            is_kept=is_kept,
        )

    def decided(self) -> set[int]:
        """Which tickets a run decides; that it leads where deciding every ticket leads, is made sure of."""
        some = self.plan(is_kept=True)
        kept = self.house.query(_KEPT)
        self.place.mirror.record_epoch("another", "", Agenda(frozenset()), self.place.clock.now())
        every = self.plan(is_kept=True)
        assert len(every.decisions) == len(self.house.unsolved())
        assert self.house.query(_KEPT) == kept
        assert every.plan.ticket_changes == some.plan.ticket_changes
        assert every.plan.counts == some.plan.counts
        return {int(decision.ticket_id) for decision in some.decisions}

    def unsolved_of(self, condition: str) -> set[int]:
        return {id for (id,) in self.house.query(_UNSOLVED.format(condition))}


_KEPT = "SELECT ticket_id, outcome, rule, reason, external FROM zdsync_due ORDER BY ticket_id"
_UNSOLVED = (
    "SELECT t.id FROM tickets t LEFT JOIN organizations o ON o.id = t.organization_id "
    "LEFT JOIN users u ON u.id = t.requester_id "
    "WHERE t.status IN ('new', 'open', 'pending', 'hold') AND t.deleted_at IS NULL AND {}"
)


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "rules"
    folder.mkdir()
    desk = Desk(sqlite_url, folder)
    yield desk
    desk.house.close()


def test_a_changed_row_decides_its_tickets_anew(desk: Desk) -> None:
    """One that comes, changes and goes, joined by company and by requester; what no rule reads changes nothing."""
    (company, ours) = desk.house.query(
        "SELECT o.name, t.id FROM zdsync_due d JOIN tickets t ON t.id = d.ticket_id "
        "JOIN organizations o ON o.id = t.organization_id WHERE d.rule = 'rest' ORDER BY t.id LIMIT 1"
    )[0]
    of_company = desk.unsolved_of(f"o.name = '{company}'")
    assert desk.decided() == set()
    desk.tables(f'"{company}",5,monday\n')
    assert desk.decided() == of_company
    desk.tables(f'"{company}",5,tuesday\n')
    assert desk.decided() == set()
    desk.tables(f'"{company}",5000,tuesday\n')
    assert desk.decided() == of_company
    run_cycle(desk.place)
    assert "tier_2" in desk.house.tags(ours)
    for _ in range(2):
        desk.house.advance(3700)
        run_cycle(desk.place)

    ((email, someone),) = desk.house.query(
        _UNSOLVED.format("u.email IS NOT NULL").replace("t.id", "u.email, max(t.id)", 1)
        + " GROUP BY u.email LIMIT 1"
    )
    desk.tables(f'"{company}",5000,tuesday\n', f"{email.upper()},friend\n")
    assert someone in desk.decided()
    desk.tables()
    assert desk.decided() == of_company | desk.unsolved_of(f"u.email = '{email}'")


def test_a_run_that_is_not_kept_leaves_the_change_to_the_next_one(desk: Desk) -> None:
    """Planning twice decides twice; and a ticket that came by another requester's row is decided too."""
    ((email,),) = desk.house.query(
        _UNSOLVED.format("u.email IS NOT NULL").replace("t.id", "u.email", 1) + " ORDER BY u.email LIMIT 1"
    )
    desk.tables(people=f"{email},friend\n")
    first, second = desk.plan(), desk.plan()
    ids = {decision.ticket_id for decision in first.decisions}
    assert ids == {decision.ticket_id for decision in second.decisions}
    assert ids == set(map(TicketId, desk.unsolved_of(f"u.email = '{email}'")))
    assert desk.decided() == ids
