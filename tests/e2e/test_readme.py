"""The README shows what zdsync really prints, and every command in it exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import House
from zdsync.cli.main import zdsync
from zdsync.model import TicketId
from zdsync.report.explain import explanation_lines
from zdsync.report.plans import plan_lines
from zdsync.rules.load import load_rules
from zdsync.rules.parse import parse_files
from zdsync.runs.answers import with_answers
from zdsync.runs.cycle import recorded, run_plan, run_pull
from zdsync.runs.explain import explain

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"(?<=<!-- plan -->\n).*?(?=<!-- /plan -->)", re.DOTALL)


def shown(house: House) -> Iterator[str]:
    """A plan and one explanation, as the commands print them."""
    place = house.place()
    with recorded(place, "plan") as record:
        run_pull(place, record)
        plan = with_answers(place.mirror, run_plan(place, record).plan)
    yield "What the shipped rules make of a small made-up account:\n"
    yield "```text\n$ zdsync plan"
    yield from (line.rstrip() for line in plan_lines(plan))
    changes = [change for change in plan.ticket_changes if change.kind == "assigned"]
    order = [rule.id for rule in load_rules(ROOT / "rules").assign[:-1]]
    told = max((change for change in changes if change.rule in order), key=lambda one: order.index(one.rule))
    yield f"\n$ zdsync explain {told.ticket_id}"
    found = explain(
        place.mirror, place.journal, place.rules(), place.clock, TicketId(told.ticket_id), tag_prefix="tier_"
    )
    yield from explanation_lines(found)
    yield "```\n"


def test_the_plan_in_the_readme_is_real(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The README's plan and explanation are what the code prints; `pytest --update-golden` renews them."""
    house = House(f"sqlite:///{tmp_path}/mirror.db", tickets=900, seed=11)
    text = "\n".join(shown(house))
    house.close()
    readme = README.read_text(encoding="utf-8")
    if request.config.getoption("--update-golden"):
        README.write_text(BLOCK.sub(lambda _: text, readme), encoding="utf-8")
        return
    found = BLOCK.search(readme)
    assert found is not None
    assert found[0] == text


def test_every_command_in_the_documents_exists() -> None:
    """Each `zdsync WORD` in README, CHANGELOG and .env.example is a command of the program."""
    texts = [README, ROOT / "CHANGELOG.md", ROOT / ".env.example", *(ROOT / "docs").glob("*.md")]
    for path in texts:
        for word in re.findall(r"(?:`|\$ )zdsync ([a-z]+)", path.read_text(encoding="utf-8")):
            assert word in zdsync.commands, f"{path.name}: zdsync {word}"


def test_the_rules_in_the_readme_load() -> None:
    """The README's examples of rules are ones that the parser takes, given a ladder."""
    examples = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    ladder = """
version: 1
own_tags: [vip]
tiers:
  1: {name: Frontline, group: Frontline}
  2: {name: Specialists, group: Specialists}
  3: {name: Experts, group: Engineering}
"""
    names = ("20-assign.yaml", "30-moves.yaml")
    rules, problems = parse_files([("00-tiers.yaml", ladder), *zip(names, examples, strict=True)])
    assert rules is not None, problems
    ids = [rule.id for rule in (*rules.assign, *rules.moves, *rules.require)]
    assert ids == ["vip-urgent", "everything-else", "no-answer", "incident-details"]
