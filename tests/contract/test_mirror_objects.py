"""Groups and views known by id, and views that an undo wrote last, on both databases."""

from __future__ import annotations

from dataclasses import replace

from tests.contract.test_mirror_journal import entry
from tests.unit.mirror.rows import at
from zdsync.mirror.store import MirrorStore
from zdsync.model import RunId
from zdsync.ports.journal import Outcome
from zdsync.ports.runs import Run


def test_ids_are_kept_until_others_come(mirror: MirrorStore) -> None:
    """Each under its kind and key; what is not told again stays."""
    mirror.record_known({("group", "frontline"): 1, ("view", "1"): 11})
    mirror.record_known({})
    mirror.record_known({("view", "1"): 12})
    assert mirror.read_account().known == {("group", "frontline"): 1, ("view", "1"): 12}


def wrote(mirror: MirrorStore, run: str, command: str, outcome: Outcome = Outcome.APPLIED) -> None:
    """A run that wrote view 11 as its only change."""
    mirror.open_run(Run(RunId(run), command, "https://acme.zendesk.com", at(0)))
    mirror.journal.record_intents([replace(entry(f"{run}:view", run, 11), object="view")])
    mirror.journal.record_outcomes([(f"{run}:view", outcome, "")], at(1))


def test_the_latest_change_of_a_view_tells_whose_it_is(mirror: MirrorStore) -> None:
    """An undo's, with its rules once it has ended; a later run's change, but no refused one, makes it the rules' again."""
    wrote(mirror, "one", "run")
    assert mirror.read_account().undone_views == {}
    wrote(mirror, "two", "undo")
    assert mirror.read_account().undone_views == {11: None}
    run = Run(RunId("two"), "undo", "https://acme.zendesk.com", at(0), ended_at=at(2), rules_digest="d1")
    mirror.close_run(run)
    wrote(mirror, "three", "run", Outcome.REJECTED)
    assert mirror.read_account().undone_views == {11: "d1"}
    wrote(mirror, "four", "apply")
    assert mirror.read_account().undone_views == {}
