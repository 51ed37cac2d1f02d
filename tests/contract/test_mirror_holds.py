"""Holds in the mirror, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.test_mirror_journal import entry
from tests.unit.mirror import rows
from tests.unit.mirror.rows import at, record_page, tickets_page
from zdsync.mirror.store import MirrorStore
from zdsync.model import Hold, HoldReason, RunId, TicketId
from zdsync.ports.journal import Outcome
from zdsync.ports.runs import Run


@pytest.fixture(autouse=True)
def _tickets(mirror: MirrorStore) -> None:
    record_page(mirror, tickets_page(rows.ticket(1), rows.ticket(2)))


def by_hand(id: int = 1, minutes: float = 0, **values: Any) -> Hold:
    return Hold(TicketId(id), HoldReason.MANUAL, at(minutes), **values)


def by_undo(id: int = 1, run: str = "u1") -> Hold:
    return Hold(TicketId(id), HoldReason.UNDO, at(0), rules_digest="d1", run_id=RunId(run))


def standing(mirror: MirrorStore) -> dict[int, tuple[Hold, ...]]:
    return {case.ticket.id: case.holds for case in mirror.read_cases()}


def undone(mirror: MirrorStore, outcome: Outcome, run: str = "u1", id: int = 1) -> None:
    """The journal of an undo that ended so."""
    mirror.journal.record_intents([entry(f"{run}:{id}", run, id)])
    mirror.journal.record_outcomes([(f"{run}:{id}", outcome, "")], at(1))


def test_a_hold_comes_with_its_ticket(mirror: MirrorStore) -> None:
    """Every field comes back as it was set, on this ticket alone; holding nothing is harmless."""
    hold = by_hand(until=at(90))
    mirror.record_holds([hold])
    mirror.record_holds([])
    assert standing(mirror) == {1: (hold,), 2: ()}


def test_a_hold_by_hand_replaces_the_one_before(mirror: MirrorStore) -> None:
    """The lead's last word stands, and an undo's hold beside it."""
    undone(mirror, Outcome.APPLIED)
    mirror.record_holds([by_undo(), by_hand(), by_hand(2)])
    mirror.record_holds([by_hand(minutes=5, until=at(9))])
    assert standing(mirror) == {1: (by_undo(), by_hand(minutes=5, until=at(9))), 2: (by_hand(2),)}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_undo_holds_what_it_restored(mirror: MirrorStore, outcome: Outcome) -> None:
    """Its hold counts once its change of this ticket is applied, and not when it was another's or another run's."""
    mirror.record_holds([by_undo(), by_undo(2)])
    undone(mirror, Outcome.APPLIED, "another run")
    assert standing(mirror) == {1: (), 2: ()}
    undone(mirror, outcome)
    assert standing(mirror) == {1: (by_undo(),) if outcome is Outcome.APPLIED else (), 2: ()}


def test_a_release_ends_every_hold(mirror: MirrorStore) -> None:
    """All of the ticket's holds end, each once; other tickets stay held."""
    undone(mirror, Outcome.APPLIED)
    mirror.record_holds([by_undo(), by_hand(), by_hand(2)])
    assert mirror.end_holds([TicketId(1)], at(9)) == 2
    assert mirror.end_holds([TicketId(1)], at(10)) == 0
    assert standing(mirror) == {1: (), 2: (by_hand(2),)}


def test_the_holds_of_one_run_can_be_ended(mirror: MirrorStore) -> None:
    """Only that run's; that it held the ticket stays known."""
    undone(mirror, Outcome.APPLIED)
    mirror.record_holds([by_undo(), by_hand()])
    assert mirror.end_holds([TicketId(1), TicketId(2)], at(9), run_id=RunId("u1")) == 1
    assert standing(mirror)[1] == (by_hand(),)
    assert mirror.read_held_by(RunId("u1"), [TicketId(1), TicketId(2)]) == {1}
    assert mirror.read_held_by(RunId("u2"), [TicketId(1)]) == frozenset()


def test_a_run_is_found_by_its_id(mirror: MirrorStore) -> None:
    """The run as it was opened; None for an id that never was one."""
    run = Run(RunId("r1"), "run", "https://acme.zendesk.com", at(0))
    mirror.open_run(run)
    assert mirror.read_run(RunId("r1")) == run
    assert mirror.read_run(RunId("r2")) is None
