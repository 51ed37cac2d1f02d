"""Undo of a time: several runs taken back as one plan, each ticket as before the first of them, people's work kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.house import House
from zdsync.errors import Rejected
from zdsync.model import RunId, TicketId
from zdsync.ports.journal import JournalEntry
from zdsync.rules.model import RuleSet
from zdsync.runs.cycle import Cycle, recorded, run_cycle, run_pull, settle_open
from zdsync.runs.undo import Undo, apply_undo, make_undo, make_undo_of_span

Look = dict[int, tuple[Any, ...]]
SECOND = timedelta(seconds=1)


def looks(house: House) -> Look:
    """Everything about each ticket that zdsync may change."""
    return {
        id: (row.tags, row.group_id, row.assignee_id, row.priority, row.type, row.status)
        for id, row in house.sandbox.world.tickets.items()
    }


def other_rules(house: House) -> RuleSet:
    """The shipped rules, but money questions go to the experts."""
    rules = house.place().rules()
    assign = tuple(
        replace(rule, then=replace(rule.then, tier="3")) if rule.id == "billing" else rule
        for rule in rules.assign
    )
    return replace(rules, assign=assign, digest="other")


def cycle(house: House, **given: Any) -> Cycle:
    ended = run_cycle(house.place(**given))
    house.advance(130)
    return ended


def take_back(house: House, since: datetime, until: datetime | None = None) -> tuple[Undo, int]:
    """What the command does for a time: the undo, and the exit code."""
    place = house.place()
    with recorded(place, "undo") as record:
        settle_open(place)
        run_pull(place, record, respect_cadence=True)
        undo = make_undo_of_span(place, since, until or house.clock.now())
        apply_undo(place, record, undo)
    house.advance(130)
    return undo, record.exit_code


@dataclass
class Day:
    """An account after two runs, the second by rules that move some of the first one's tickets on."""

    house: House
    before: Look
    since: datetime
    first: Cycle
    between: datetime
    second: Cycle

    @property
    def moved_twice(self) -> list[int]:
        """Tickets that both runs changed."""
        of_second = {change.ticket_id for change in self.second.planned.plan.ticket_changes}
        return sorted(
            change.ticket_id
            for change in self.first.planned.plan.ticket_changes
            if change.ticket_id in of_second
        )

    def entries(self, ticket_id: int) -> tuple[JournalEntry, ...]:
        return self.house.open_mirrors[-1].journal.read_entries(ticket_id=TicketId(ticket_id))


def two_runs(house: House, between: Any = lambda: None) -> Day:
    """A day on which somebody edits the rules; `between` happens before that."""
    before, since = looks(house), house.clock.now()
    first = cycle(house)
    between()
    middle = house.clock.now()
    rules = other_rules(house)
    second = cycle(house, rules=lambda: rules)
    day = Day(house, before, since, first, middle, second)
    assert len(day.moved_twice) >= 3
    return day


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    """An account with questions about money that no person has touched."""
    house = House(sqlite_url, tickets=25)
    for _ in range(4):
        house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    house.advance(130)
    yield house
    house.close()


def test_two_runs_go_back_in_one_update_per_ticket(house: House) -> None:
    """Each ticket is as before the first run, is held, and the next runs leave it so; done again, nothing happens."""
    day = two_runs(house)
    undo, _ = take_back(house, day.since)
    assert [run.id for run in undo.runs] == [day.first.run_id, day.second.run_id]
    kept = {told.ticket_id for told in (*undo.left, *undo.stays)}
    assert {id for id, look in looks(house).items() if look != day.before[id]} <= kept
    changed = {change.ticket_id: change for change in undo.plan.ticket_changes}
    for id in day.moved_twice:
        assert looks(house)[id] == day.before[id]
        assert changed[TicketId(id)].reason == f"takes back runs {day.first.run_id}, {day.second.run_id}"
        assert len(house.our_audits(id)) == 3
    views = house.sandbox.world.tables["views"].values()
    assert not any(row["active"] for row in views if row["title"].startswith("Tier "))

    quiet = cycle(house).planned.plan
    assert quiet.is_empty
    assert {held.ticket_id for held in quiet.held} == set(changed) & set(house.unsolved())
    again, _ = take_back(house, day.since)
    assert again.plan.is_empty
    assert set(changed) <= set(again.as_before)
    assert cycle(house).planned.plan.is_empty
    house.assert_mirror_is_true()


def test_a_persons_tag_between_the_runs_stays(house: House) -> None:
    """The journal holds whole lists of tags; what somebody else added meanwhile is not taken for ours."""

    def tag() -> None:
        id = max(house.sandbox.world.tickets)
        house.control.change(id, {"tags": [*house.tags(id), "foreign"]}, channel="api")
        house.advance(130)

    day = two_runs(house, tag)
    id = max(house.sandbox.world.tickets)
    assert id in day.moved_twice
    take_back(house, day.since)
    assert house.tags(id) == {*day.before[id][0], "foreign"}


def test_what_a_person_changed_between_the_runs_is_left(house: House) -> None:
    """A ticket goes back whole or not at all: who moved it between two runs keeps it out of the undo of both."""
    id = max(house.sandbox.world.tickets)

    def move() -> None:
        house.control.change(id, {"group": "Frontline"})
        house.advance(130)

    day = two_runs(house, move)
    now = looks(house)[id]
    undo, code = take_back(house, day.since)
    assert code == 3
    reasons = {told.ticket_id: told.reason for told in undo.left}
    assert reasons[TicketId(id)] == "group has changed since, by a person"
    assert looks(house)[id] == now


def test_a_later_run_outside_the_time_stands_in_the_way(house: House) -> None:
    """What it changed is left alone, and it is named, to be taken in as well."""
    day = two_runs(house)
    undo, code = take_back(house, day.since, day.between - SECOND)
    assert code == 3
    reasons = {told.ticket_id: told.reason for told in undo.left}
    for id in day.moved_twice:
        assert f"by run {day.second.run_id}" in reasons[TicketId(id)]


def test_only_the_second_run(house: House) -> None:
    """The time chooses: what the first run did stays as it was."""
    after_first: Look = {}
    day = two_runs(house, lambda: after_first.update(looks(house)))
    undo, _ = take_back(house, day.between)
    assert [run.id for run in undo.runs] == [day.second.run_id]
    for id in day.moved_twice:
        assert looks(house)[id] == after_first[id]


def test_an_undo_within_the_time(house: House) -> None:
    """A run and its undo come to nothing, and the hold stands; the undo alone gives the ticket back to the rules."""
    since = house.clock.now()
    run = cycle(house).run_id
    after = looks(house)
    middle = house.clock.now()
    id = max(house.sandbox.world.tickets)
    place = house.place()
    with recorded(place, "undo") as record:
        run_pull(place, record)
        apply_undo(place, record, make_undo(place, RunId(run), TicketId(id)))
    house.advance(130)
    place = house.place()
    undo = make_undo_of_span(place, since, house.clock.now(), TicketId(id))
    assert (undo.plan.is_empty, undo.as_before) == (True, (id,))
    with recorded(place, "undo") as record:
        apply_undo(place, record, undo)
    assert [held.ticket_id for held in cycle(house).planned.plan.held] == [id]

    undo, _ = take_back(house, middle)
    assert [change.ticket_id for change in undo.plan.ticket_changes] == [id]
    assert looks(house)[id] == after[id]
    quiet = cycle(house).planned.plan
    assert (quiet.is_empty, quiet.held) == (True, ())


def test_a_time_in_which_nothing_was_written_is_refused(house: House) -> None:
    """As is a ticket that no run of the time changed."""
    cycle(house)
    now = house.clock.now()
    with pytest.raises(Rejected, match=r"no run begun from .* wrote anything"):
        make_undo_of_span(house.place(), now, now + SECOND)
    with pytest.raises(Rejected, match="changed ticket 999"):
        make_undo_of_span(house.place(), now - timedelta(days=1), now, TicketId(999))
