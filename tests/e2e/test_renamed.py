"""Things renamed in Zendesk between two runs: rules go on, the check tells, the patch mends."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import RULES
from tests.e2e.test_rules import Run, run  # noqa: F401 - a fixture
from tests.house import House
from zdsync.rules.load import load_rules
from zdsync.runs.cycle import run_cycle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped rules."""
    shutil.copytree(RULES, tmp_path / "rules")
    return tmp_path / "rules"


def test_a_renamed_field_and_option(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """A cycle later the same rules load and decide; `rules check` warns of each place, `rules fmt --renamed` writes it."""
    text = (folder / "20-assign.yaml").read_text()
    (folder / "20-assign.yaml").write_text(text.replace("area: billing", "area: Billing money"))
    url = f"sqlite:///{folder.parent}/mirror.db"
    house = House(url, tickets=60)
    option = house.control.add_option("Area", "Billing money", "billing_money")
    place = house.place(rules=lambda: load_rules(folder))
    run_cycle(place)
    house.advance(3700)
    house.control.rename_field("Area", "Contact reason")
    field = next(
        row
        for row in house.sandbox.world.tables["ticket_fields"].values()
        if row["title"] == "Contact reason"
    )
    (choice,) = [one for one in field["custom_field_options"] if one["id"] == option]
    choice |= {"name": "Invoices", "value": "invoices"}
    house.sandbox.world.forget_caches()
    decided = run_cycle(place).planned.plan
    assert decided.counts
    house.close()

    monkeypatch.setenv("ZDSYNC_DATABASE_URL", url)
    ended = run("rules", "check")
    assert ended.code == 0, ended
    told = [line for line in ended.out.splitlines() if "[renamed]" in line]
    assert any("the field 'area' is called 'Contact reason' by now" in line for line in told)
    assert any("'Billing money' is called 'Invoices' by now" in line for line in told)
    assert run("rules", "fmt", "--renamed", "--check").code == 5
    ended = run("rules", "fmt", "--renamed")
    assert "-      - area: Billing money\n+      - Contact reason: Invoices\n" in ended.out
    assert "[renamed]" not in run("rules", "check").out
    assert run("rules", "fmt", "--renamed").out.endswith("in order\n")


def test_without_a_mirror_nobody_can_tell(run: Run) -> None:  # noqa: F811
    """The command says what is missing."""
    ended = run("rules", "fmt", "--renamed")
    assert ended.code == 2
    assert "zdsync pull" in ended.err
