"""What the run list and the journal tell the guard, on both databases."""

from __future__ import annotations

from typing import Any

from tests.contract.test_mirror_journal import entry
from tests.unit.mirror.rows import at
from zdsync.mirror.store import MirrorStore
from zdsync.model import RunId, UserId
from zdsync.plan.guard import Habit
from zdsync.ports.journal import Outcome
from zdsync.ports.runs import Run

ACCOUNT = "https://acme.zendesk.com"


def record(mirror: MirrorStore, id: str, minute: float, command: str = "run", **values: Any) -> None:
    """A run that ended, and by rule the tickets it changed (`changed`)."""
    changed: dict[str, int] = values.pop("changed", {})
    mirror.open_run(Run(RunId(id), command, ACCOUNT, at(minute)))
    ended = {"exit_code": 0, **values}
    mirror.close_run(Run(RunId(id), command, ACCOUNT, at(minute), at(minute), **ended))
    mirror.journal.record_intents(
        [
            entry(f"{id}-{rule}-{number}", run=id, object_id=number, rule=rule, outcome=Outcome.APPLIED)
            for rule, count in changed.items()
            for number in range(count)
        ]
    )


def test_a_new_installation_has_no_habits(mirror: MirrorStore) -> None:
    """Nothing recorded, nothing to compare with; runs of older versions tell nothing either."""
    assert mirror.read_habit(UserId(7)) == Habit()
    record(mirror, "old", 1)
    assert mirror.read_habit(UserId(7)) == Habit()


def test_size_and_writer_are_those_of_runs_that_ended_well(mirror: MirrorStore) -> None:
    """A run that the guard stopped is no measure, however often it is tried again; one done in part is."""
    record(mirror, "a", 1, unsolved=900, user_id=UserId(7))
    record(mirror, "b", 2, unsolved=800, exit_code=3)
    record(mirror, "c", 3, unsolved=2, user_id=UserId(8), exit_code=4)
    record(mirror, "d", 4, unsolved=2, user_id=UserId(8), exit_code=1)
    assert mirror.read_habit(UserId(8)) == Habit(unsolved=800, writer=UserId(7))


def test_whoever_wrote_once_is_known(mirror: MirrorStore) -> None:
    """An admin who applies a plan and the worker may take turns."""
    record(mirror, "a", 1, user_id=UserId(7))
    record(mirror, "b", 2, "apply", user_id=UserId(8))
    assert mirror.read_habit(UserId(7)).writer == 7
    assert mirror.read_habit(UserId(8)).writer == 8
    assert mirror.read_habit(UserId(9)).writer == 8
    assert mirror.read_habit(None).writer == 8


def test_a_rule_is_known_by_its_largest_run(mirror: MirrorStore) -> None:
    """Of tickets that several rules label each rule counts; changes of no rule, not applied, or undone do not."""
    record(mirror, "a", 1, changed={"vip": 3, "refunds": 1})
    record(mirror, "b", 2, "apply", changed={"vip": 2, "vip, late": 2, "": 5})
    record(mirror, "c", 3, "undo", changed={"vip": 9})
    mirror.journal.record_intents([entry("x", run="b", rule="late", outcome=Outcome.CONFLICT)])
    assert mirror.read_habit(None).largest == {"vip": 4, "refunds": 1, "late": 2}


def test_only_the_latest_runs_that_wrote_tell_a_habit(mirror: MirrorStore) -> None:
    """What a rule did twenty writing runs ago is forgotten; quiet runs between them do not count."""
    record(mirror, "first", 0, changed={"vip": 5})
    for number in range(1, 20):
        record(mirror, f"r{number}", number, changed={"vip": 1})
        record(mirror, f"quiet{number}", number + 0.5)
    assert mirror.read_habit(None).largest == {"vip": 5}
    record(mirror, "last", 20, changed={"vip": 1})
    assert mirror.read_habit(None).largest == {"vip": 1}
