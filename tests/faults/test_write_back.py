"""Write-back when Zendesk or people get in the way: batches in flight, conflicts, refusals, jobs that end badly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults.changes import (
    LABEL,
    applied,
    before_the_first_write,
    label,
    labels,
    new_tickets,
    plan_of,
    solve,
)
from tests.house import RULES, House
from zdsync.errors import RateLimited, Rejected
from zdsync.model import FieldId, TicketId, UserId
from zdsync.plan.model import FieldDiff, GroupRef
from zdsync.ports.journal import JournalEntry, Outcome
from zdsync.report.plans import change_text
from zdsync.rules.load import load_rules
from zdsync.runs.cycle import DONE, IN_PART, Workplace, recorded, run_apply, run_cycle

UPDATE, READ_BACK = "PUT /tickets/update_many", "GET /tickets/show_many"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An account of forty tickets, nothing mirrored yet."""
    made = House(f"sqlite:///{tmp_path}/mirror.db")
    yield made
    made.close()


@pytest.fixture
def settled(house: House) -> House:
    """The same after its first cycle, two minutes later, and with one new ticket for tier 2."""
    run_cycle(house.place())
    house.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    house.advance(130)
    return house


def newest(house: House) -> int:
    return max(house.sandbox.world.tickets)


def entries(place: Workplace, id: int) -> list[JournalEntry]:
    return list(place.journal.read_entries(ticket_id=TicketId(id)))


def notes(house: House, id: int) -> list[Any]:
    """Our comments on a ticket."""
    audits = house.our_audits(id)
    return [event for audit in audits for event in audit.events if hasattr(event, "is_public")]


# Batches


def test_a_thousand_changes_cost_ten_requests_and_ten_read_backs(house: House) -> None:
    """Ten batches, ten readings, few polls: jobs are in flight together, and never more than four."""
    plan = labels(house, new_tickets(house, 1000))
    house.sandbox.request_log.clear()
    together: list[int] = []
    house.clock = type(house.clock)(house.clock.now(), on_sleep=lambda s: _watch(house, together, s))
    assert applied(house.place(), plan).outcomes == Counter({Outcome.APPLIED: 1000})
    asked = house.sandbox.request_log.by_endpoint
    assert (asked[UPDATE], asked[READ_BACK]) == (10, 10)
    assert asked["GET /job_statuses/show_many"] <= 20
    assert max(together) == 4


def _watch(house: House, together: list[int], seconds: float) -> None:
    together.append(sum(job.is_open for job in house.sandbox.jobs.recent()))
    house.control.advance(seconds)


def test_too_many_jobs_are_waited_out(house: House) -> None:
    """When the account has no room for another job, the batch waits, and nothing is lost or sent twice."""
    house.sandbox.jobs.limit = 2
    ids = new_tickets(house, 500)
    assert applied(house.place(), labels(house, ids)).outcomes == Counter({Outcome.APPLIED: 500})
    assert house.sandbox.request_log.by_status[429] > 0
    assert all(len(house.our_audits(id)) == 1 for id in ids)


@pytest.mark.parametrize("fault", ["job_killed", "job_half_failed", "job_late", "job_stuck"])
def test_jobs_that_end_badly_end_in_known_outcomes(house: House, fault: str) -> None:
    """Each item of a killed, half-failed, late or stuck job is known in the end, and written once."""
    ids = new_tickets(house, 250)
    house.control.fault(fault, count=1, seconds=90)
    place = house.place()
    done = applied(place, labels(house, ids))
    assert sum(done.outcomes.values()) == 250
    assert {entry.object_id for entry in place.journal.read_open()} == (
        set(ids[:100]) if fault == "job_stuck" else set()
    )
    for id in ids:
        (entry,) = entries(place, id)
        was_written = LABEL in house.tags(id)
        assert (entry.outcome is Outcome.APPLIED) == was_written == bool(house.our_audits(id))


def test_a_stuck_job_keeps_its_tickets_out_of_plans_until_it_is_forgotten(settled: House) -> None:
    """While nobody knows how a job ends its tickets are not planned; Zendesk forgets it, and they are written."""
    id = newest(settled)
    settled.control.fault("job_stuck")
    assert run_cycle(settled.place()).exit_code == IN_PART
    settled.advance(130)
    waiting = run_cycle(settled.place())
    assert waiting.planned.plan.counts["unresolved"] == 1
    assert not settled.our_audits(id)
    settled.advance(90_000)
    run_cycle(settled.place())
    assert "tier_2" in settled.tags(id)
    assert len(settled.our_audits(id)) == 1


@pytest.mark.parametrize("fault", ["reset_after", "cut_body", "reset_before", "504"])
def test_a_lost_reply_never_makes_a_second_note(settled: House, fault: str) -> None:
    """Whether the batch arrived or not: one update and one note in the end, and the journal says so."""
    id = newest(settled)
    settled.control.fault(fault, pattern="PUT .*update_many")
    run_cycle(settled.place())
    for _ in range(3):
        settled.advance(130)
        ended = run_cycle(settled.place())
    assert ended.planned.plan.is_empty
    assert len(settled.our_audits(id)) == len(notes(settled, id)) == 1
    outcomes = [entry.outcome for entry in entries(settled.place(), id)]
    assert outcomes[-1] is Outcome.APPLIED
    assert outcomes.count(Outcome.APPLIED) == 1


def test_a_batch_that_zendesk_carries_out_long_after_is_put_right(settled: House) -> None:
    """A reply lost, the job hours late: the journal learns of it from the events, and nothing is written twice."""
    id = newest(settled)
    settled.control.fault("reset_after", pattern="PUT .*update_many")
    settled.control.fault("job_late", seconds=400)
    run_cycle(settled.place())
    for _ in range(6):
        settled.advance(130)
        run_cycle(settled.place())
    assert len(settled.our_audits(id)) == len(notes(settled, id)) == 1
    applied_ones = [e for e in entries(settled.place(), id) if e.outcome is Outcome.APPLIED]
    assert len(applied_ones) == 1


def test_a_conflict_of_the_whole_batch_loses_nothing(settled: House) -> None:
    """A 409 to the request itself is a conflict of every ticket in it: decided again, written once."""
    settled.control.fault("409", pattern="PUT .*update_many")
    ended = run_cycle(settled.place())
    assert (ended.exit_code, ended.applied and ended.applied.decided_again) == (DONE, 1)
    assert "tier_2" in settled.tags(newest(settled))


# Conflicts


def test_a_conflict_is_decided_again_in_the_same_cycle(settled: House) -> None:
    """A customer's reply between decision and write delays the ticket by seconds, not by a cycle; the note is left once."""
    id = newest(settled)
    place = settled.place(before_the_first_write(lambda _: settled.control.customer_replies(id)))
    ended = run_cycle(place)
    assert (ended.exit_code, ended.applied and ended.applied.decided_again) == (DONE, 1)
    assert "tier_2" in settled.tags(id)
    assert len(notes(settled, id)) == 1
    assert [entry.outcome for entry in entries(place, id)] == [Outcome.CONFLICT, Outcome.APPLIED]
    settled.advance(130)
    assert run_cycle(settled.place()).planned.plan.is_empty


def test_a_persons_move_wins_and_the_tag_follows_at_once(settled: House) -> None:
    """An agent who moves a ticket under our hands is followed in the second decision, not overruled."""
    id = newest(settled)
    place = settled.place(
        before_the_first_write(lambda _: settled.control.change(id, {"group": "Engineering"}))
    )
    assert run_cycle(place).exit_code == DONE
    assert (settled.group(id), "tier_3" in settled.tags(id)) == ("Engineering", True)
    assert not notes(settled, id)


def test_a_second_decision_may_find_nothing_to_do(settled: House) -> None:
    """When the person already did what we would do, the journal says that nothing was left to do."""
    id = newest(settled)
    changes = {"group": "Specialists", "tags": [*settled.tags(id), "tier_2"]}
    place = settled.place(before_the_first_write(lambda _: settled.control.change(id, changes)))
    assert run_cycle(place).exit_code == DONE
    (entry,) = entries(place, id)
    assert entry.outcome is Outcome.CONFLICT
    assert "nothing to do" in entry.detail
    assert not settled.our_audits(id)


def test_a_ticket_that_keeps_changing_is_left_for_the_next_run(settled: House) -> None:
    """A second conflict is listed and left; the next cycle takes the ticket up again."""
    id = newest(settled)

    def wrap(name: str, port: Any) -> Any:
        return _Unlucky(port, settled, id) if name == "writer" else port

    ended = run_cycle(settled.place(wrap))
    assert ended.exit_code == IN_PART
    assert ended.applied is not None
    assert [(left.name, left.outcome) for left in ended.applied.left] == [(f"ticket {id}", Outcome.CONFLICT)]
    assert not settled.our_audits(id)
    settled.advance(130)
    run_cycle(settled.place())
    assert "tier_2" in settled.tags(id)


class _Unlucky:
    """A writer whose every batch comes a moment after the customer has written again."""

    def __init__(self, port: Any, house: House, id: int) -> None:
        self._port, self._house, self._id = port, house, id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def submit_updates(self, updates: Any) -> Any:
        """The same, too late."""
        self._house.control.customer_replies(self._id)
        return self._port.submit_updates(updates)


def test_a_ticket_changed_within_the_second_is_not_decided_again(settled: House) -> None:
    """Stamps count seconds: what somebody changes at this very moment is left to the next run."""
    id = newest(settled)

    def wrap(name: str, port: Any) -> Any:
        if name == "writer":
            return _Unlucky(port, settled, id)
        return _Restless(port, settled, id) if name == "source" else port

    ended = run_cycle(settled.place(wrap))
    assert ended.applied is not None
    assert [left.detail for left in ended.applied.left] == ["somebody is changing it"]


class _Restless:
    """A source before which the customer writes once more."""

    def __init__(self, port: Any, house: House, id: int) -> None:
        self._port, self._house, self._id = port, house, id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def fetch_tickets(self, ids: Any) -> Any:
        """The same, just after another word."""
        if self._id in ids:
            self._house.control.customer_replies(self._id)
        return self._port.fetch_tickets(ids)


@pytest.mark.parametrize(("deed", "word"), [("close", "closed"), ("delete", "gone")])
def test_closed_or_deleted_meanwhile_is_skipped_with_the_reason(settled: House, deed: str, word: str) -> None:
    """What can no longer be changed is no conflict to be tried again."""
    id = newest(settled)
    place = settled.place(before_the_first_write(lambda _: getattr(settled.control, deed)(id)))
    ended = run_cycle(place)
    assert ended.exit_code == IN_PART
    (entry,) = entries(place, id)
    assert entry.outcome is Outcome.SKIPPED
    assert word in entry.detail


def test_solved_meanwhile_is_skipped_with_the_reason(settled: House) -> None:
    """An agent who solves the ticket under our hands is done with it, and so are we."""
    id = newest(settled)
    place = settled.place(before_the_first_write(lambda _: settled.control.solve(id)))
    run_cycle(place)
    (entry,) = entries(place, id)
    assert (entry.outcome, entry.detail) == (Outcome.SKIPPED, "the ticket is solved")


# Refusals and differences


def test_required_fields_are_named(house: House) -> None:
    """A ticket that cannot be solved without its required fields is rejected, and says which they are."""
    (id,) = new_tickets(house, 1)
    field = house.sandbox.world.custom_fields()[0]
    field["required"] = True
    place = house.place()
    done = applied(place, plan_of(house, [solve(house, id)]))
    assert done.outcomes == Counter({Outcome.REJECTED: 1})
    (entry,) = entries(place, id)
    assert field["title"] in entry.detail
    assert not house.our_audits(id)


def test_an_assignee_who_cannot_go_along_is_cleared_on_purpose(settled: House) -> None:
    """The plan shows it, the update says it, the journal can take it back."""
    id = newest(settled)
    settled.control.change(id, {"group": "Frontline", "assignee": "agent@example.com"}, channel="api")
    before = settled.sandbox.world.tickets[id]
    agent = before.assignee_id
    engineering = next(key for key, name in settled.group_names().items() if name == "Engineering")
    settled.advance(130)
    change = label(
        settled,
        id,
        group=GroupRef("Engineering", None),
        group_before=GroupRef("Frontline", None),
        assignee_before=UserId(agent or 0),
    )
    assert "assignee cleared" in change_text(change)
    place = settled.place()
    assert applied(place, plan_of(settled, [change])).is_whole
    row = settled.sandbox.world.tickets[id]
    assert (row.group_id, row.assignee_id) == (engineering, None)
    entry = entries(place, id)[-1]
    assert (entry.before["assignee_id"], entry.after["assignee_id"]) == (agent, None)


def test_ignored_tags_are_sent_whole_in_the_same_run(settled: House) -> None:
    """An account without tag deltas gets the full list at the end of the run, so that even single runs get through."""
    settled.control.set_options(tag_deltas_in_batch=False)
    id = newest(settled)
    before = settled.tags(id)
    ended = run_cycle(settled.place())
    assert settled.tags(id) == before | {"tier_2"}
    assert len(notes(settled, id)) == 1
    first, second = entries(settled.place(), id)
    assert (first.outcome, second.outcome) == (Outcome.APPLIED, Outcome.APPLIED)
    assert first.detail == "tags ignored: tags not added: tier_2"
    assert ended.exit_code == DONE
    settled.advance(130)
    assert run_cycle(settled.place()).planned.plan.is_empty


def test_what_a_trigger_answers_is_in_the_journal(house: House) -> None:
    """Zendesk says that it was applied; the ticket shows otherwise, and the entry says what differs."""
    (id,) = new_tickets(house, 1)
    conditions = {"all": [{"field": "current_tags", "operator": "includes", "value": LABEL}], "any": []}
    actions = [{"field": "remove_tags", "value": LABEL}, {"field": "priority", "value": "low"}]
    house.sandbox.world.add_row(
        "triggers",
        {"title": "No labels", "active": True, "position": 9, "conditions": conditions, "actions": actions},
    )
    place = house.place()
    change = label(house, id, fields=(FieldDiff("priority", None, "high"),))
    done = applied(place, plan_of(house, [change]))
    assert done.is_whole
    (entry,) = entries(place, id)
    assert entry.detail == f"tags not added: {LABEL}; priority is low, not high"


def test_a_trigger_that_undoes_us_is_given_way(settled: House) -> None:
    """After two writes that a native trigger set back the ticket is left alone, counted, and noted once.

    Without a move limit, which would end the quarrel in its own way.
    """
    id = newest(settled)
    frontline = next(key for key, name in settled.group_names().items() if name == "Frontline")
    conditions = {"all": [{"field": "current_tags", "operator": "includes", "value": "tier_2"}], "any": []}
    actions = [{"field": "group_id", "value": str(frontline)}]
    settled.sandbox.world.add_row(
        "triggers",
        {"title": "All to us", "active": True, "position": 9, "conditions": conditions, "actions": actions},
    )
    decisions = []
    for _ in range(5):
        ended = run_cycle(settled.place(rules=lambda: replace(load_rules(RULES), move_limit=None)))
        decisions += [each for each in ended.planned.decisions if each.ticket_id == id]
        settled.advance(130)
    assert ended.planned.plan.is_empty
    assert ended.planned.plan.counts["contested"] == 1
    assert len(settled.our_audits(id)) == 2
    assert len(notes(settled, id)) == 1
    assert decisions[-1].reason == "a trigger of the account undoes it (group_id)"


class _FieldsNamed:
    """A writer whose refusals name a field by its id alone."""

    def __init__(self, port: Any, *ids: int) -> None:
        self._port, self._ids = port, ids

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def fetch_results(self, jobs: Any) -> Any:
        """The same, with fields."""
        fields = tuple(FieldId(id) for id in self._ids)
        found = self._port.fetch_results(jobs)
        return {job: tuple(replace(item, fields=fields) for item in items) for job, items in found.items()}


def test_fields_told_by_id_are_named_by_title(settled: House) -> None:
    """The journal speaks of fields as the account's people do; one that is not mirrored goes by its id."""
    id = newest(settled)
    field = settled.sandbox.world.custom_fields()[0]
    field["required"] = True
    place = settled.place(lambda name, port: _FieldsNamed(port, field["id"], 5) if name == "writer" else port)
    applied(place, plan_of(settled, [solve(settled, id)]))
    assert entries(place, id)[-1].detail.endswith(f"({field['title']}, field 5)")


def test_a_group_that_could_not_be_made_skips_its_tickets(house: House) -> None:
    """Nothing is sent for a ticket whose group does not exist; the rest of the plan is carried out."""
    one, other = new_tickets(house, 2)
    changes = [label(house, one, group=GroupRef("Nowhere", None)), label(house, other)]
    done = applied(house.place(), plan_of(house, changes))
    assert done.outcomes == Counter({Outcome.SKIPPED: 1, Outcome.APPLIED: 1})
    assert done.left[0].detail == "there is no group 'Nowhere'"


def _raising(error: Exception) -> Any:
    def act(_updates: Any) -> None:
        raise error

    return before_the_first_write(act)


def test_a_refused_batch_is_rejected_as_a_whole_and_the_next_one_goes_out(house: House) -> None:
    """One bad request does not stop the run."""
    ids = new_tickets(house, 150)
    place = house.place(_raising(Rejected("TooManyValues", status=400)))
    done = applied(place, labels(house, ids))
    assert done.outcomes == Counter({Outcome.REJECTED: 100, Outcome.APPLIED: 50})


def test_an_account_out_of_reach_ends_the_run_with_nothing_in_doubt(house: House) -> None:
    """What surely did not happen is told so in the journal before the error goes on to the operator."""
    ids = new_tickets(house, 3)
    place = house.place(_raising(RateLimited("429", retry_after_s=None)))
    with pytest.raises(RateLimited):
        applied(place, labels(house, ids))
    assert [entries(place, id)[0].outcome for id in ids] == [Outcome.NOT_APPLIED] * 3


def test_a_lost_batch_that_was_done_meanwhile_is_told_as_done(house: House) -> None:
    """At the end of the run lost batches are looked for once more, so that its figures say what is so."""
    ids = new_tickets(house, 150)
    house.sandbox.jobs.polls = 99
    house.control.fault("reset_after", pattern="PUT .*update_many")
    place = house.place()
    with recorded(place, "apply") as record:
        done = run_apply(place, record, labels(house, ids))
    assert done.outcomes == Counter({Outcome.APPLIED: 150})
    assert record.exit_code == DONE
    assert place.journal.read_open() == ()
