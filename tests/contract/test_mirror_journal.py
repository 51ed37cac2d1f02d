"""The journal: what was meant and what happened, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.mirror import rows
from tests.unit.mirror.rows import at, page, record_page
from zdsync.errors import MirrorError
from zdsync.mirror.store import MirrorStore
from zdsync.model import RunId, TicketId
from zdsync.ports.journal import OPEN_OUTCOMES, JournalEntry, Outcome
from zdsync.ports.runs import Run
from zdsync.runs.resolve import settle_belied
from zdsync.streams import Stream


def entry(key: str, run: str = "r1", object_id: int | None = 1, **values: Any) -> JournalEntry:
    usual: dict[str, Any] = {
        "object": "ticket",
        "name": "",
        "rule": "vip",
        "reason": "an important customer 🦊",
        "before": {"group_id": None, "tags": ["a"]},
        "after": {"group_id": 2**63 - 1, "tags": ["a", "tier_2"], "custom_fields.9": "x"},
        "outcome": Outcome.INTENDED,
        "intended_at": at(1),
        "note_digest": "d1",
        "updated_stamp": at(0),
    }
    return JournalEntry(key=key, run_id=RunId(run), object_id=object_id, **{**usual, **values})


def test_an_intent_comes_back_as_it_was_written(mirror: MirrorStore) -> None:
    """Every field, aware times and empty ones included; writing none is harmless."""
    entries = (entry("k1"), entry("k2", object="group", object_id=None, name="Experts", updated_stamp=None))
    mirror.journal.record_intents(entries)
    mirror.journal.record_intents([])
    assert mirror.journal.read_entries() == entries
    assert mirror.journal.read_open() == entries


def test_a_change_goes_from_intended_over_sent_to_its_outcome(mirror: MirrorStore) -> None:
    """Each step is kept with job, detail and time; only open ones are left to be resolved."""
    mirror.journal.record_intents([entry("k1"), entry("k2"), entry("k3")])
    mirror.journal.record_sent(["k1", "k2"], "job-7")
    assert [(e.key, e.outcome, e.job_id) for e in mirror.journal.read_open()] == [
        ("k1", Outcome.SENT, "job-7"),
        ("k2", Outcome.SENT, "job-7"),
        ("k3", Outcome.INTENDED, None),
    ]
    mirror.journal.record_outcomes(
        [("k1", Outcome.APPLIED, ""), ("k2", Outcome.UNKNOWN, "reply lost")], at(9)
    )
    (unknown, intended) = mirror.journal.read_open()
    assert (unknown.outcome, unknown.detail, unknown.settled_at) == (Outcome.UNKNOWN, "reply lost", None)
    assert intended == entry("k3")
    applied = replace(entry("k1"), outcome=Outcome.APPLIED, job_id="job-7", settled_at=at(9))
    assert mirror.journal.read_entries()[0] == applied


@pytest.mark.parametrize("outcome", list(Outcome))
def test_open_entries_are_those_of_open_outcomes(mirror: MirrorStore, outcome: Outcome) -> None:
    """Whatever the outcome, reading the open ones agrees with the port's definition."""
    mirror.journal.record_intents([entry("k")])
    mirror.journal.record_outcomes([("k", outcome, "")], at(2))
    assert bool(mirror.journal.read_open()) == (outcome in OPEN_OUTCOMES)


def test_a_created_object_gets_its_id(mirror: MirrorStore) -> None:
    """The id is stored with the outcome; an entry that has one keeps it."""
    mirror.journal.record_intents([entry("k1", object="view", object_id=None), entry("k2", object_id=5)])
    outcomes = [("k1", Outcome.APPLIED, ""), ("k2", Outcome.APPLIED, "")]
    mirror.journal.record_outcomes(outcomes, at(2), {"k1": 77})
    assert [e.object_id for e in mirror.journal.read_entries()] == [77, 5]


def test_entries_are_found_by_run_and_by_ticket(mirror: MirrorStore) -> None:
    """Oldest first; a group with the id of a ticket is not that ticket."""
    mirror.journal.record_intents([entry("k1", "r1", 1), entry("k2", "r2", 1), entry("k3", "r2", 2)])
    mirror.journal.record_intents([entry("k4", "r2", 1, object="group")])
    read = mirror.journal.read_entries
    assert [e.key for e in read(run_id=RunId("r2"))] == ["k2", "k3", "k4"]
    assert [e.key for e in read(ticket_id=TicketId(1))] == ["k1", "k2"]
    assert [e.key for e in read(RunId("r2"), TicketId(1))] == ["k2"]


def test_the_same_key_cannot_be_meant_twice(mirror: MirrorStore) -> None:
    """A key marks one change for ever; nothing of a batch that repeats one is written, and no text is told."""
    mirror.journal.record_intents([entry("k1")])
    with pytest.raises(MirrorError) as caught:
        mirror.journal.record_intents([entry("k2"), entry("k1")])
    assert "important customer" not in str(caught.value)
    assert [e.key for e in mirror.journal.read_entries()] == ["k1"]


def test_the_outcome_of_an_unknown_change_is_refused(mirror: MirrorStore) -> None:
    """Telling the journal of a key it never saw stops the run, and changes no other entry."""
    mirror.journal.record_intents([entry("k1")])
    with pytest.raises(MirrorError, match="lacks 1 of 2"):
        mirror.journal.record_outcomes([("k1", Outcome.APPLIED, ""), ("nowhere", Outcome.APPLIED, "")], at(2))
    with pytest.raises(MirrorError, match="lacks 1 of 1"):
        mirror.journal.record_sent(["nowhere"], "job")
    assert mirror.journal.read_open() == (entry("k1"),)


def _happened(mirror: MirrorStore, key: str, *, is_public: bool = False) -> None:
    """The export brings an update that bears this key, with a comment."""
    event = rows.event(7, 1, 3, zdsync_key=key)
    said = rows.comment(70, 1, 7, public=is_public)
    record_page(mirror, page(Stream.EVENTS, ticket_events=[event], ticket_comments=[said]))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_event_of_its_own_belies_an_entry(mirror: MirrorStore, outcome: Outcome) -> None:
    """What counted as not done and was done late is found once and put right; open and done entries are not touched."""
    mirror.open_run(Run(RunId("r1"), "run", "https://a.example.com", at(0)))
    mirror.journal.record_intents([entry("k1"), entry("k2", object_id=2)])
    mirror.journal.record_outcomes([("k1", outcome, ""), ("k2", Outcome.NOT_APPLIED, "")], at(2))
    assert mirror.journal.read_contradicted(at(-1)) == ()
    _happened(mirror, "k1")
    is_belied = outcome in {Outcome.NOT_APPLIED, Outcome.CONFLICT, Outcome.REJECTED}
    assert [each.key for each in mirror.journal.read_contradicted(at(-1))] == ["k1"] * is_belied
    assert mirror.journal.read_contradicted(at(1)) == ()
    assert settle_belied(mirror.journal, FakeClock(at(9))) == is_belied
    assert settle_belied(mirror.journal, FakeClock(at(9))) == 0
    assert mirror.journal.read_entries()[1].outcome is Outcome.NOT_APPLIED


def test_public_comments_of_our_own_are_found(mirror: MirrorStore) -> None:
    """A note of ours that a customer can see is told with its entry; internal ones, and others' comments, are not."""
    mirror.open_run(Run(RunId("r1"), "run", "https://a.example.com", at(0)))
    mirror.journal.record_intents([entry("k1"), entry("k2", object_id=2)])
    _happened(mirror, "k1")
    assert mirror.journal.read_public_notes(at(-1)) == ()
    _happened(mirror, "k1", is_public=True)
    assert [each.key for each in mirror.journal.read_public_notes(at(-1))] == ["k1"]
    _happened(mirror, "somebody else's", is_public=True)
    assert mirror.journal.read_public_notes(at(-1)) == ()


def test_tickets_that_were_updated_often_are_told(mirror: MirrorStore) -> None:
    """What was applied, or may yet be, counts; what Zendesk refused and what is long past does not."""
    entries = [entry(f"k{number}", intended_at=at(number)) for number in range(4)]
    mirror.journal.record_intents([*entries, entry("other", object_id=2, intended_at=at(3))])
    mirror.journal.record_outcomes([("k1", Outcome.APPLIED, "")], at(5))
    mirror.journal.record_outcomes([("k2", Outcome.CONFLICT, "")], at(5))
    both = (TicketId(1), TicketId(2))
    assert mirror.journal.read_busy(both, at(0), 3) == {1}
    assert mirror.journal.read_busy(both, at(1), 3) == frozenset()
    assert mirror.journal.read_busy(both, at(1), 1) == {1, 2}
    assert mirror.journal.read_busy((), at(0), 1) == frozenset()


def test_runs_that_wrote_are_found_by_the_time_they_began(mirror: MirrorStore) -> None:
    """Oldest first, both ends included; a run without an entry in the journal is none."""
    for number, id in enumerate(("r1", "r2", "quiet", "r3")):
        mirror.open_run(Run(RunId(id), "run", "https://acme.zendesk.com", at(number)))
    mirror.journal.record_intents([entry(f"k-{id}", run=id) for id in ("r3", "r2", "r1")])
    assert [run.id for run in mirror.read_runs_that_wrote(at(0), at(3))] == ["r1", "r2", "r3"]
    assert [run.id for run in mirror.read_runs_that_wrote(at(1), at(2))] == ["r2"]
