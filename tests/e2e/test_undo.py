"""Undo as an admin meets it: a run taken back, people's changes kept, the next run quiet, a release, the undo undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.house import House
from zdsync.errors import Rejected, RuleError
from zdsync.model import RunId, TicketId
from zdsync.plan.model import UNDONE
from zdsync.ports.journal import Outcome
from zdsync.rules.model import RuleSet
from zdsync.runs.cycle import Cycle, recorded, run_cycle, run_pull, settle_open
from zdsync.runs.holds import release
from zdsync.runs.outcomes import Applied
from zdsync.runs.undo import Undo, apply_undo, make_undo
from zdsync.sandbox.records import User

Look = dict[int, tuple[Any, ...]]


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    """An account whose first run will tag old tickets, and move some new ones."""
    house = House(sqlite_url, tickets=45)
    for _ in range(6):
        house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    house.advance(130)
    yield house
    house.close()


def looks(house: House) -> Look:
    """Everything about each ticket that zdsync may change."""
    world = house.sandbox.world
    return {
        id: (
            row.tags,
            row.group_id,
            row.assignee_id,
            row.priority,
            row.type,
            row.status,
            tuple(sorted(row.fields.items())),
        )
        for id, row in world.tickets.items()
    }


def cycle(house: House) -> Cycle:
    ended = run_cycle(house.place())
    house.advance(130)
    return ended


def take_back(house: House, run_id: str, ticket: int | None = None) -> tuple[Undo, Applied, int]:
    """What the command does: the undo, how it was applied, and the exit code."""
    place = house.place()
    with recorded(place, "undo") as record:
        settle_open(place)
        run_pull(place, record, respect_cadence=True)
        undo = make_undo(place, RunId(run_id), TicketId(ticket) if ticket else None)
        applied = apply_undo(place, record, undo)
    house.advance(130)
    return undo, applied, record.exit_code


def applied_tickets(house: House, run_id: str) -> set[int]:
    """Tickets that the run changed."""
    entries = house.open_mirrors[-1].journal.read_entries(run_id=RunId(run_id))
    is_done = [entry for entry in entries if entry.object == "ticket" and entry.outcome is Outcome.APPLIED]
    return {entry.object_id or 0 for entry in is_done}


def test_a_run_is_taken_back(house: House) -> None:
    """Every ticket looks as before the run, and the next runs leave it so; taking it back twice changes nothing."""
    before = looks(house)
    run = cycle(house).run_id
    changed = applied_tickets(house, run)
    undo, applied, code = take_back(house, run)
    left = {told.name: told.reason for told in undo.left}
    assert all("keeps private data" in reason for reason in left.values())
    assert (applied.is_whole, code) == (True, 3 if left else 0)
    told = {*left, *(told.name for told in undo.stays if told.name.startswith("ticket "))}
    assert {f"ticket {id}" for id, look in looks(house).items() if look != before[id]} == told, undo
    restored = {change.ticket_id for change in undo.plan.ticket_changes}
    assert restored == {id for id in changed if f"ticket {id}" not in left}
    assert {change.kind for change in undo.plan.ticket_changes} == {UNDONE}

    for _ in range(2):
        again = cycle(house)
        assert again.planned.plan.is_empty
    held = {held.ticket_id for held in again.planned.plan.held}
    assert held == restored & set(house.unsolved())
    assert again.planned.plan.counts["held"] == len(held)
    house.assert_mirror_is_true()

    twice, nothing, _ = take_back(house, run)
    assert (twice.plan.is_empty, nothing.outcomes.total()) == (True, 0)
    assert set(twice.as_before) == restored


def test_what_people_touched_is_left_to_them(house: House) -> None:
    """A group, tag or field that a person changed since keeps the ticket out; a note or another field does not."""
    before = looks(house)
    run = cycle(house).run_id
    tickets = iter(movable(house, run))
    regrouped, untagged, noted, renamed, late = (next(tickets) for _ in range(5))
    house.control.change(regrouped, {"group": "Help bot"})
    house.control.change(
        untagged, {"tags": [tag for tag in house.tags(untagged) if not tag.startswith("tier_")]}
    )
    house.control.agent_notes(noted)
    house.control.change(renamed, {"subject": "Another subject"})
    house.advance(130)
    run_pull_only(house)
    house.control.change(late, {"group": "Help bot"})
    people = looks(house)

    undo, _, code = take_back(house, run)
    assert code == 3
    left = {told.name: told.reason for told in undo.left if "private data" not in told.reason}
    assert left == {
        f"ticket {regrouped}": "group has changed since, by a person",
        f"ticket {untagged}": left[f"ticket {untagged}"],
        f"ticket {late}": "group has changed since, by a person",
    }
    assert "was removed since, by a person" in left[f"ticket {untagged}"]
    after = looks(house)
    for id in (regrouped, untagged, late):
        assert after[id] == people[id]
    for id in (noted, renamed):
        assert after[id] == before[id]


def test_private_data_stays_where_it_is(house: House) -> None:
    """No hold keeps it in an open queue: the undo leaves it alone as long as a private_only rule claims it."""
    ticket = house.control.customer_creates("My card", "Please charge 4111 1111 1111 1111 for it.")
    house.advance(130)
    run = cycle(house).run_id
    assert house.group(ticket) == "Privacy desk"
    after = looks(house)
    undo, _, code = take_back(house, run, ticket)
    assert [told.reason for told in undo.left] == [
        "rule sensitive-data keeps private data where it is; mend the rule first"
    ]
    assert (code, looks(house)) == (3, after)


def test_a_new_agents_choice_counts(house: House) -> None:
    """Somebody who joined after the users were last mirrored is a person all the same."""
    run = cycle(house).run_id
    ticket = movable(house, run)[0]
    group = house.group(ticket)
    world = house.sandbox.world
    now = world.clock.now()
    agent = world.add_user(User(world.new_id(), "Newcomer", "newcomer@example.com", "agent", now, now))
    for name in ("Help bot", group):
        house.control.change(ticket, {"group": name}, agent=agent.id)
    undo, _, _ = take_back(house, run, ticket)
    (left,) = undo.left
    assert left.name == f"ticket {ticket}"
    assert left.reason.startswith("a person changed the same on")


def test_accounts_that_take_no_tag_deltas(house: House) -> None:
    """The run wrote each ticket twice, since its first batch lost the tags, and so does the undo; all is as before."""
    house.control.set_options(tag_deltas_in_batch=False)
    before = looks(house)
    run = cycle(house).run_id
    ticket = movable(house, run)[0]
    assert len(house.our_audits(ticket)) == 2
    undo, applied, _ = take_back(house, run)
    assert applied.decided_again > 0
    told = {told.name for told in (*undo.left, *undo.stays) if told.name.startswith("ticket ")}
    assert {f"ticket {id}" for id, look in looks(house).items() if look != before[id]} == told
    assert cycle(house).planned.plan.is_empty


def test_a_ticket_that_changes_while_it_is_taken_back(house: House) -> None:
    """A reply in between is read, and the ticket goes back; a move in between is a person's, and stays."""
    before = looks(house)
    run = cycle(house).run_id
    replied, regrouped = movable(house, run)[:2]
    place = house.place()
    with recorded(place, "undo") as record:
        run_pull(place, record)
        undo = make_undo(place, run)
        house.advance(5)
        house.control.customer_replies(replied)
        house.control.change(regrouped, {"group": "Help bot"})
        applied = apply_undo(place, record, undo)
    assert record.exit_code == 3
    assert [(left.name, left.outcome, left.detail) for left in applied.left] == [
        (f"ticket {regrouped}", Outcome.CONFLICT, "group has changed since, by a person")
    ]
    assert looks(house)[replied] == before[replied]
    assert house.group(regrouped) == "Help bot"


def test_a_write_without_known_outcome_is_listed(house: House) -> None:
    """While Zendesk's job has not ended nobody can say what there is to take back."""
    run = cycle(house).run_id
    ticket = movable(house, run)[0]
    with recorded(house.place(), "run") as record:
        journal = house.open_mirrors[-1].journal
        journal.record_outcomes([(f"{run}:{ticket}", Outcome.UNKNOWN, "")], house.clock.now())
        undo = make_undo(house.place(), run, TicketId(ticket))
    assert record.exit_code == 0
    assert [told.reason for told in undo.left] == ["whether it was changed is not known yet; try again later"]


def movable(house: House, run_id: str) -> list[int]:
    """Tickets that the run moved, that can go back whole, in order."""
    entries = house.open_mirrors[-1].journal.read_entries(run_id=RunId(run_id))
    return [
        entry.object_id or 0
        for entry in entries
        if entry.object == "ticket"
        and entry.after.keys() <= {"group_id", "assignee_id", "tags"}
        and "group_id" in entry.after
        and house.group(entry.object_id or 0) != "Privacy desk"
    ]


def run_pull_only(house: House) -> None:
    place = house.place()
    with recorded(place, "pull") as record:
        run_pull(place, record)


def test_one_ticket_of_a_run(house: House) -> None:
    """Only that ticket goes back; views and all other tickets stay as the run left them."""
    before = looks(house)
    run = cycle(house).run_id
    after = looks(house)
    ticket = movable(house, run)[0]
    undo, _, code = take_back(house, run, ticket)
    assert (code, undo.plan.account_changes) == (0, ())
    assert looks(house) == after | {ticket: before[ticket]}


def test_views_are_switched_off_and_groups_stay(house: House) -> None:
    """The run's views are hidden, unless somebody changed one since; its groups stay; no run makes them again."""
    run = cycle(house).run_id
    views = house.sandbox.world.tables["views"]
    made = [row for row in views.values() if row["title"].startswith("Tier ")]
    assert len(made) == 4
    made[0]["title"] = "Our own queue"
    undo, _, code = take_back(house, run)
    assert code == 3
    assert [row["active"] for row in made] == [True, False, False, False]
    assert ("view 'Tier 0 - deflected'", "somebody has changed it since") in {
        (told.name, told.reason) for told in undo.left
    }
    assert ("group 'Privacy desk'", "zdsync deletes nothing in Zendesk") in {
        (told.name, told.reason) for told in undo.stays
    }
    titles = {
        change.title for change in cycle(house).planned.plan.account_changes if hasattr(change, "title")
    }
    assert titles == {"Tier 0 - deflected"}


def test_a_release_gives_the_ticket_back_to_the_rules(house: House) -> None:
    """After a release the next run does what the undone run had done, without a second hand-over note."""
    run = cycle(house).run_id
    after = looks(house)
    ticket = movable(house, run)[0]
    take_back(house, run)
    assert release(house.open_mirrors[-1], house.clock, TicketId(ticket)) == 1
    again = cycle(house)
    assert [change.ticket_id for change in again.planned.plan.ticket_changes] == [ticket]
    assert looks(house)[ticket] == after[ticket]
    bodies = [
        event.body for audit in house.our_audits(ticket) for event in audit.events if hasattr(event, "body")
    ]
    assert len(bodies) == len(set(bodies))
    assert sum(body.startswith("Taken back") for body in bodies) <= 1


def test_changed_rules_end_the_hold(house: House) -> None:
    """Other rules decide the restored tickets afresh."""
    run = cycle(house).run_id
    undo, _, _ = take_back(house, run)
    rules = house.place().rules()
    changed = run_cycle(house.place(rules=lambda: replace(rules, digest="other")))
    assert changed.planned.plan.held == ()
    wanted = {change.ticket_id for change in undo.plan.ticket_changes} & set(house.unsolved())
    assert {change.ticket_id for change in changed.planned.plan.ticket_changes} == wanted


def test_rules_that_cannot_be_used_do_not_stop_an_undo(house: House) -> None:
    """The hold then lasts with the rules that the run was decided by."""
    before = looks(house)
    run = cycle(house).run_id
    ticket = movable(house, run)[0]

    def broken() -> RuleSet:
        raise RuleError(())

    place = house.place(rules=broken)
    with recorded(place, "undo") as record:
        run_pull(place, record)
        apply_undo(place, record, make_undo(place, RunId(run), TicketId(ticket)))
    assert looks(house)[ticket] == before[ticket]
    house.advance(130)
    assert cycle(house).planned.plan.is_empty


def test_an_undo_can_be_undone(house: House) -> None:
    """Its tickets and views are again as the run left them and follow the rules; a third undo takes them back again."""
    before = looks(house)
    run = cycle(house).run_id
    after = looks(house)
    first, _, _ = take_back(house, run)
    back = looks(house)
    undo_run = house.open_mirrors[-1].read_runs(1)[0]
    assert undo_run.command == "undo"
    second, _, _ = take_back(house, undo_run.id)
    assert looks(house) == after
    assert all(row["active"] for row in house.sandbox.world.tables["views"].values())
    again = cycle(house).planned.plan
    assert (again.is_empty, again.held) == (True, ())

    redo_run = next(run for run in house.open_mirrors[-1].read_runs(5) if run.command == "undo")
    take_back(house, redo_run.id)
    assert looks(house) == back
    third = cycle(house).planned.plan
    assert (third.is_empty, bool(third.held)) == (True, True)
    assert before.keys() == back.keys()
    assert len(second.plan.ticket_changes) == len(first.plan.ticket_changes)


def test_what_is_not_known_is_refused(house: House) -> None:
    """An unknown run, or a ticket that the run did not change, is an error with a way out."""
    run = cycle(house).run_id
    with pytest.raises(Rejected, match="there is no run nowhere"):
        make_undo(house.place(), RunId("nowhere"))
    with pytest.raises(Rejected, match="did not change ticket 999"):
        make_undo(house.place(), RunId(run), TicketId(999))


def test_tickets_that_are_closed_or_gone_are_listed(house: House) -> None:
    """Zendesk lets nobody change a closed ticket; a deleted one is told as gone."""
    run = cycle(house).run_id
    closed, gone = movable(house, run)[:2]
    house.control.close(closed)
    house.control.delete(gone)
    undo, _, code = take_back(house, run)
    assert code == 3
    reasons = {told.name: told.reason for told in undo.left}
    assert reasons[f"ticket {closed}"] == "the ticket is closed; Zendesk lets nobody change it"
    assert reasons[f"ticket {gone}"] == "the ticket is gone"
