"""`rules check` with a mirror: rules that nothing matches, neighbours whose order decides, triggers in the way."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.e2e.conftest import House as Commands
from tests.house import NOW, House
from zdsync.account import NativeRule
from zdsync.rules.load import load_rules
from zdsync.runs.check_history import check_history
from zdsync.runs.cycle import recorded, run_pull

RULES = """
version: 1
own_tags: [vip]
tiers:
  1: {name: Frontline, group: Frontline}
  2: {name: Specialists, group: Specialists}
assign:
  - {id: answered, why: y, all: [replies: {at_least: 1}], then: {tier: 2}}
  - {id: handed, why: y, all: [group_stations: {at_least: 1}], then: {tier: 1}}
  - {id: never, why: y, all: [replies: {at_least: 1000}], then: {tier: 2}}
  - {id: switched-off, why: y, enabled: false, all: [replies: {at_least: 2000}], then: {tier: 1}}
  - {id: twin, why: y, all: [replies: {at_least: 0}], then: {tier: 1}}
  - {id: rest, why: y, then: {tier: 1}}
"""


@pytest.fixture
def account(tmp_path: Path) -> House:
    return House(f"sqlite:///{tmp_path}/mirror.db", tickets=400, seed=3)


def test_what_the_latest_tickets_tell(account: House, tmp_path: Path) -> None:
    """A rule that matched nothing, and by how many tickets an order matters; rules that are off and twins are left out."""
    place = account.place()
    with recorded(place, "pull") as record:
        run_pull(place, record)
    (tmp_path / "all.yaml").write_text(RULES)
    rules = load_rules(tmp_path)
    found = check_history(place.mirror, rules, tag_prefix="tier_", now=NOW)
    ids = place.mirror.read_latest_ids(NOW - timedelta(days=90), 5_000)
    never, handed = (
        next(p for p in found if p.id == "not-seen"),
        next(p for p in found if p.id == "order-matters"),
    )
    assert never.message == f"'never' matches none of {len(ids)} tickets of the last 90 days"
    assert handed.message.startswith("'handed' would take ")
    assert handed.message.endswith("were it above 'answered'; make sure that the order is meant")
    assert [p.id for p in found].count("not-seen") == 1
    assert [p.id for p in found].count("order-matters") == 1
    assert check_history(place.mirror, rules, tag_prefix="tier_", now=NOW + timedelta(days=400)) == ()
    account.close()


def test_the_mirror_gives_the_latest_tickets_and_native_rules(account: House) -> None:
    """The latest ones when there are too many, by id; triggers and automations that are on, with what they change."""
    place = account.place()
    with recorded(place, "pull") as record:
        run_pull(place, record)
    every = place.mirror.read_latest_ids(NOW - timedelta(days=9_000), 5_000)
    few = place.mirror.read_latest_ids(NOW - timedelta(days=9_000), 10)
    assert sorted(every) == list(every)
    assert len(few) == 10
    updated = dict(account.query("select id, updated_at from tickets"))
    assert min(updated[id] for id in few) >= max(updated[id] for id in set(every) - set(few))
    natives = place.mirror.read_native_rules()
    assert {native.kind for native in natives} == {"trigger", "automation"}
    closing = next(native for native in natives if native.kind == "automation")
    assert isinstance(closing, NativeRule)
    assert closing.actions == (("status", "closed"),)
    assert ("status", "is", "solved") in closing.conditions_all
    account.close()


def test_gates_name_what_the_account_has(account: House, tmp_path: Path) -> None:
    """An unknown macro is an error once macros are mirrored; conditions of moves count among what was never seen."""
    place = account.place()
    with recorded(place, "pull") as record:
        run_pull(place, record)
    names = place.mirror.read_native_names()
    assert names.macros
    assert names.triggers
    (tmp_path / "all.yaml").write_text(
        RULES
        + f"require: [{{id: gate, why: y, before_tier: 2, fields: [due_at], missing: {{macro: Nobody's}}, asks_by: '{names.triggers[0]}'}}]\n"
        + "escalate: [{id: up, why: y, from: 1, to: 2, all: [replies: {at_least: 1000}]}]\n"
    )
    found = check_history(place.mirror, load_rules(tmp_path), tag_prefix="tier_", now=NOW)
    (error,) = [problem for problem in found if not problem.is_warning]
    assert (error.id, error.message.partition(" is ")[0]) == ("unknown-name", "no macro 'Nobody's'")
    assert "'up' matches none" in " ".join(problem.message for problem in found)
    account.close()


def test_the_command_warns_and_strict_counts_it(house: Commands) -> None:
    """Warnings come with exit 0, and 5 with --strict; without a mirror there are none."""
    assert house.ok("rules", "check").out.endswith("no problems\n")
    house.ok("pull")
    told = house.ok("rules", "check").out
    assert "[not-seen] (warning)" in told or "[order-matters] (warning)" in told
    assert house.run("rules", "check", "--strict").code == 5
