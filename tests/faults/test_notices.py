"""People hear of single tickets by number, once for as long as it lasts, whatever restarts meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.alerts import FakeAlerts
from tests.faults.test_watch import MAX_LAG
from tests.house import URL, House
from zdsync.model import TicketId
from zdsync.ports.journal import Outcome
from zdsync.rules.load import load_rules
from zdsync.runs.notices import SHOWN
from zdsync.runs.watch import Watch

RULES = """
version: 1
own_tags: [asked, sensitive]
sensitive_groups: [Privacy desk]
move_limit: {at_most: 1, per: 7 days, then: {notify: leads}}
tiers:
  1: {name: Frontline, group: Frontline}
  2: {name: Specialists, group: Specialists}
  3: {name: Experts, group: Engineering}
ignore: [{id: old, why: Not ours, all: [tags: {excludes: [tested]}]}]
assign:
  - {id: secret, why: Private, any: [text: {detects: [payment_card]}], then: {tier: 2, group: Privacy desk, private_only: true}}
  - {id: rest, why: Somebody takes it, then: {tier: 1}}
escalate:
  - {id: late, why: Nobody answered, from: 1, to: 2, after: {unanswered: 4 hours}, warn_at: 75%, then: {notify: desk}}
  - {id: later, why: Nobody answered, from: 2, to: 3, after: {unanswered: 1 hour}}
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(f"sqlite:///{tmp_path}/mirror.db", tickets=5, seed=6)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "all.yaml").write_text(RULES)
    yield house
    house.close()


@pytest.fixture
def alerts() -> FakeAlerts:
    return FakeAlerts()


def cycle(house: House, tmp_path: Path, alerts: FakeAlerts | None, **given: Any) -> None:
    """One cycle of a new process, two minutes later."""
    house.advance(120)
    rules = load_rules(tmp_path / "rules")
    Watch(house.place(rules=lambda: rules, **given), alerts, MAX_LAG).run_cycle()


def asks(house: House, body: str = "Please help.") -> int:
    return house.control.customer_creates("Hello", body, fields={"tags": ["tested"]})


def told(alerts: FakeAlerts) -> list[str]:
    """What was sent since the last time."""
    sent = [text.removeprefix(f"zdsync, {URL}: ") for text in alerts.sent]
    alerts.sent.clear()
    return sent


def test_from_warning_to_limit(house: House, alerts: FakeAlerts, tmp_path: Path) -> None:
    """A clock that is close, the change it makes, and the limit that keeps the next one back: each once, in its time."""
    id = asks(house)
    cycle(house, tmp_path, alerts)
    cycle(house, tmp_path, alerts)
    assert told(alerts) == []
    house.advance(3 * 3600)
    for _ in range(3):
        cycle(house, tmp_path, alerts)
    assert told(alerts) == [f"rule late will soon move ticket #{id}; `zdsync report` tells when"]
    house.advance(3600)
    cycle(house, tmp_path, alerts)
    assert told(alerts) == [f"for desk: rule late has acted on ticket #{id}"]
    cycle(house, tmp_path, alerts)
    house.advance(2 * 3600)
    for _ in range(3):
        cycle(house, tmp_path, alerts)
    assert told(alerts) == [
        f"for leads: ticket #{id} would move again, but for the move limit; a person has to choose the tier"
    ]


def test_what_is_over_may_be_told_again(house: House, alerts: FakeAlerts, tmp_path: Path) -> None:
    """An answer ends the warning; the next question that waits as long is another one."""
    id = asks(house)
    cycle(house, tmp_path, alerts)
    house.advance(3 * 3600)
    for _ in range(2):
        cycle(house, tmp_path, alerts)
    house.control.agent_replies(id)
    cycle(house, tmp_path, alerts)
    house.control.customer_replies(id)
    cycle(house, tmp_path, alerts)
    house.advance(3 * 3600)
    for _ in range(2):
        cycle(house, tmp_path, alerts)
    assert told(alerts) == [f"rule late will soon move ticket #{id}; `zdsync report` tells when"] * 2


def test_private_data_in_public(house: House, alerts: FakeAlerts, tmp_path: Path) -> None:
    """Leads hear that it came over a public channel, also while zdsync only watches, and never what it was."""
    id = asks(house, "My card is 4111 1111 1111 1111")
    for _ in range(3):
        cycle(house, tmp_path, alerts, is_shadow=True)
    assert told(alerts) == [f"private data came over a public channel in ticket #{id} (rule secret)"]


def test_while_it_only_watches_nothing_comes(house: House, alerts: FakeAlerts, tmp_path: Path) -> None:
    """A warning of a move that shadow mode will not make is kept for the day on which zdsync writes."""
    id = asks(house)
    cycle(house, tmp_path, alerts)
    house.advance(3 * 3600)
    for _ in range(2):
        cycle(house, tmp_path, alerts, is_shadow=True)
    assert told(alerts) == []
    cycle(house, tmp_path, alerts)
    assert told(alerts) == [f"rule late will soon move ticket #{id}; `zdsync report` tells when"]


def test_what_did_not_get_through_is_told_later(house: House, alerts: FakeAlerts, tmp_path: Path) -> None:
    """Also by another process; without a webhook nothing is kept for later."""
    id = asks(house)
    cycle(house, tmp_path, alerts)
    house.advance(4 * 3600)
    alerts.is_down = True
    cycle(house, tmp_path, alerts)
    alerts.is_down = False
    cycle(house, tmp_path, alerts)
    cycle(house, tmp_path, alerts)
    assert told(alerts) == [f"for desk: rule late has acted on ticket #{id}"]
    asks(house)
    cycle(house, tmp_path, None)
    house.advance(3 * 3600)
    cycle(house, tmp_path, None)
    cycle(house, tmp_path, alerts)
    assert told(alerts) == []


def test_only_what_was_written_is_told(house: House, alerts: FakeAlerts, tmp_path: Path) -> None:
    """A change whose outcome is unknown is told once it is known to be made, and not when it was not."""
    id = asks(house)
    cycle(house, tmp_path, alerts)
    house.advance(4 * 3600)
    house.control.fault("job_stuck")
    cycle(house, tmp_path, alerts)
    assert [text for text in told(alerts) if "rule late" in text] == []
    mirror = house.open_mirrors[-1]
    (stuck,) = mirror.journal.read_open()
    assert (stuck.object_id, stuck.notify) == (TicketId(id), "desk")
    mirror.journal.record_outcomes([(stuck.key, Outcome.NOT_APPLIED, "")], house.clock.now())
    assert mirror.read_untold() == ()
    mirror.journal.record_outcomes([(stuck.key, Outcome.APPLIED, "")], house.clock.now())
    assert [notice.key for notice in mirror.read_untold()] == [stuck.key]


def test_a_long_list_is_cut(house: House, alerts: FakeAlerts, tmp_path: Path) -> None:
    """So many tickets are named, the rest counted; one message, however many tickets."""
    ids = [asks(house) for _ in range(SHOWN + 2)]
    cycle(house, tmp_path, alerts)
    house.advance(3 * 3600)
    cycle(house, tmp_path, alerts)
    (text,) = told(alerts)
    assert text.startswith(f"rule late will soon move tickets #{ids[0]}, ")
    assert " and 2 more; " in text


def test_tag_and_group_that_contradict_each_other_again(
    house: House, alerts: FakeAlerts, tmp_path: Path
) -> None:
    """What a run has mended once and somebody's machine broke again waits for a person, who hears of it."""
    id = asks(house)
    cycle(house, tmp_path, alerts)
    person, machine = _members(house)
    house.control.change_user(machine, {"tags": ["bot"]})
    house.advance(15 * 60)
    house.control.agent_replies(id, agent=person)
    cycle(house, tmp_path, alerts)
    for group in ("Specialists", "Frontline", "Engineering"):
        house.control.change(id, {"group": group}, agent=machine)
        for _ in range(2):
            cycle(house, tmp_path, alerts)
    assert told(alerts) == [
        f"tag and group contradict each other again after a repair on ticket #{id}; a person has to choose"
    ]


def _members(house: House) -> list[int]:
    """Two agents of the first line."""
    group = next(number for number, name in house.group_names().items() if name == "Frontline")
    return sorted(house.sandbox.world.members[group])[:2]


def test_an_unreadable_mirror_is_no_reason_to_fail(
    house: House, alerts: FakeAlerts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be read is told after the next cycle; the cycle has ended well."""
    from zdsync.errors import MirrorError
    from zdsync.mirror.store import MirrorStore

    def broken(_self: object) -> Any:
        raise MirrorError("locked")

    with monkeypatch.context() as patch:
        patch.setattr(MirrorStore, "read_untold", broken)
        cycle(house, tmp_path, alerts)
    assert told(alerts) == []
