"""What a support lead sees of escalation, through the commands, on an account that has lived through a day of it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Ended
from tests.house import NOW, House
from zdsync.cli.main import main
from zdsync.errors import MirrorError, Rejected
from zdsync.mirror.store import open_mirror
from zdsync.model import TicketId
from zdsync.report.explain import explanation_json, explanation_lines, rule_lines
from zdsync.report.plans import plan_lines
from zdsync.report.sweep import sweep_tables
from zdsync.rules.load import load_rules
from zdsync.rules.model import Condition, Operator
from zdsync.runs.cycle import Workplace, run_cycle
from zdsync.runs.explain import explain, explain_rule
from zdsync.runs.plan import make_plan
from zdsync.runs.sweep import Crack, Patience, sweep
from zdsync.runs.timeline import timeline

RULES = """
version: 1
own_tags: [needs_info]
calendars: {day: {timezone: UTC, open: {mon-sun: 06:00-22:00}}}
tiers:
  1: {name: Frontline, group: Frontline, calendar: day, targets: {first_reply: 2 business_hours, in_tier: 3 business_hours}}
  2: {name: Specialists, group: Specialists, calendar: day, targets: {solve: 2 days}}
  3: {name: Experts, group: Engineering}
ignore: [{id: old, why: Not ours, all: [tags: {excludes: [tested]}]}]
assign:
  - {id: hard, why: Hard, all: [tags: {includes: [hard]}], then: {tier: 2}}
  - {id: rest, why: Somebody takes it, then: {tier: 1}}
require:
  - {id: facts, why: Nobody can start without, before_tier: 2, all: [tags: {includes: [hard]}], attachment: true}
escalate:
  - {id: late, why: Nobody answered, from: 1, to: 2, after: {unanswered: 4 business_hours}, warn_at: 50%}
  - {id: hot, why: It burns, from: 1, to: 3, all: [priority: urgent]}
deescalate:
  - {id: quiet, why: Waiting on the customer, from: 2, to: 1, all: [status: pending], after: {in_status: 5 days}}
"""


@dataclass
class Day:
    """The account after its day; tickets by what happened to them."""

    house: House
    folder: Path
    bounced: int
    warned: int
    gated: int
    chat: int
    lost: int
    done: int

    def place(self) -> Workplace:
        return self.house.place(rules=lambda: load_rules(self.folder / "rules"))

    def cycle(self, minutes: float = 2) -> None:
        self.house.advance(minutes * 60)
        run_cycle(self.place())
        self.house.close()


def lived(folder: Path) -> Day:
    """Friday 12:00 to 18:30: what is asked, escalated, sent back, answered, forgotten."""
    (folder / "rules").mkdir()
    (folder / "rules" / "all.yaml").write_text(RULES)
    house = House(f"sqlite:///{folder}/mirror.db", tickets=10, seed=6)
    control = house.control

    def asks(*tags: str, **given: Any) -> int:
        return control.customer_creates("Hello", "Please help.", fields={"tags": ["tested", *tags]}, **given)

    bounced, gated, chat, lost, done = asks(), asks("hard"), asks(channel="chat"), asks(), asks()
    day = Day(house, folder, bounced, 0, gated, chat, lost, done)
    day.cycle()
    groups = {name: number for number, name in house.group_names().items()}
    ada, bo = sorted(house.sandbox.world.members[groups["Frontline"]])[:2]
    control.solve(done, agent=ada)
    control.agent_replies(lost, agent=ada, changes={"assignee_id": bo})
    day.cycle(60)
    control.change_user(bo, {"is_suspended": True})
    house.advance(3 * 3600)
    day.cycle()
    control.change(bounced, {"group": "Frontline"}, agent=ada)
    day.warned = asks()
    day.cycle()
    day.cycle(130)
    return day


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Lived once; no test of this file changes it."""
    return lived(tmp_path_factory.mktemp("day"))


@pytest.fixture
def command(day: Day, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """A command as typed, on the day's mirror."""
    monkeypatch.chdir(day.folder)
    monkeypatch.setenv("ZDSYNC_DATABASE_URL", day.house.url)
    monkeypatch.setenv("ZDSYNC_RULES", str(day.folder / "rules"))

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["zdsync", *words])
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
        return Ended(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    return run


def found(day: Day, patience: Patience | None = None) -> dict[tuple[int, str], Crack]:
    with open_mirror(day.house.url, clock=day.house.clock, read_only=True) as mirror:
        cracks = sweep(
            mirror,
            mirror.insight,
            load_rules(day.folder / "rules"),
            day.house.clock,
            tag_prefix="tier_",
            patience=patience or Patience(),
        )
    return {(crack.row.ticket_id, crack.row.crack): crack for crack in cracks}


def test_the_sweep_finds_what_is_forgotten(day: Day) -> None:
    """Each with how long, counted in open time where that counts, and who could act; nothing that is recent."""
    cracks = found(day)
    assert {key for key in cracks if key[1] != "empty_group"} == {
        (day.bounced, "ping_pong"),
        (day.lost, "lost_assignee"),
        (day.chat, "unknown_clock"),
    }
    assert all(crack.helpers for key, crack in cracks.items() if key[1] == "lost_assignee")
    strict = Patience(
        no_owner=timedelta(hours=6), unanswered=timedelta(hours=6), waiting=timedelta(), grace=timedelta()
    )
    impatient = found(day, strict)
    unanswered = impatient[day.gated, "unanswered"]
    assert (unanswered.is_open_time, unanswered.row.tier) == (True, "1")
    assert unanswered.lasted is not None
    assert timedelta(hours=6) <= unanswered.lasted < timedelta(hours=7)
    assert (day.warned, "unanswered") not in impatient


def test_the_sweep_command(command: Callable[..., Ended], day: Day) -> None:
    """Exit 5 while there is anything; text and JSON tell the same."""
    told = command("sweep", "--no-owner", "3650d", "--unanswered", "3650d", "--waiting", "3650d")
    assert told.code == 5
    assert "Sent to and fro between tiers" in told.out
    assert "may be forgotten" in told.out
    document = command("sweep", "--json").document
    assert document["kinds"]["ping_pong"] == 1
    lost = next(one for one in document["cracks"] if one["crack"] == "lost_assignee")
    assert (lost["ticket"], lost["tier"], lost["group"]) == (day.lost, "1", "Frontline")
    assert lost["who_could_act"]
    assert command("sweep", "--no-owner", "soon").code == 2


def test_a_long_sweep_is_cut(day: Day) -> None:
    """Some tickets of each kind, and how many there are; all of them when asked."""
    crack = found(day)[day.bounced, "ping_pong"]
    (table,) = sweep_tables([crack] * 25)
    assert (len(table.rows), table.title) == (20, "Sent to and fro between tiers (25, the first 20)")
    (table,) = sweep_tables([crack] * 25, is_whole=True)
    assert len(table.rows) == 25


def test_nothing_to_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account in which all is well ends with 0; one that was never pulled says what to do."""
    from zdsync.report.sweep import summary

    assert summary(()) == "Nothing falls through the cracks."
    house = House(f"sqlite:///{tmp_path}/mirror.db", tickets=1)
    place = house.place()
    mirror = house.open_mirrors[-1]
    with pytest.raises(MirrorError):
        sweep(mirror, mirror.insight, place.rules(), place.clock, tag_prefix="tier_", patience=Patience())
    house.close()


def test_the_timeline_tells_the_story(day: Day, command: Callable[..., Ended]) -> None:
    """In order of time: created, placed, escalated, sent back, with who, why and how long, our changes and decisions."""
    document = command("timeline", str(day.bounced), "--json").document
    story = [(one["kind"], one["text"]) for one in document["timeline"]]
    told = [text for kind, text in story if kind in {"stay", "move", "left"}]
    assert told[0].startswith("placed in tier 1 by zdsync: Somebody takes it (rule rest)")
    assert told[1].startswith("left tier 1 after 4 h")
    assert told[2] == "moved from tier 1 to 2 by zdsync: Nobody answered (rule late)"
    assert told[3] == "left tier 2 after 0 min of open time"
    assert told[4].startswith("moved from tier 2 to 1 by ")
    assert [text.partition(":")[0] for kind, text in story if kind == "decision"][:2] == [
        "assigned by rest",
        "escalated by late",
    ]
    assert sum(kind == "change" for kind, _ in story) >= 2
    times = [one["at"] for one in document["timeline"]]
    assert times == sorted(times)
    assert command("timeline", str(day.bounced)).out.startswith(f"Ticket {day.bounced}, times in UTC\n")
    assert command("timeline", "999999").code == 3


def test_the_story_of_an_old_and_a_held_ticket(tmp_path: Path) -> None:
    """What is not known is said, and holds and solved tickets have their lines, too."""
    from zdsync.runs.holds import hold

    house = House(f"sqlite:///{tmp_path}/mirror.db", tickets=30, seed=6)
    place = house.place()
    run_cycle(place)
    mirror = house.open_mirrors[-1]
    ids = [TicketId(id) for (id,) in house.query("select id from tickets order by id")]
    hold(mirror, place.clock, ids[0], timedelta(hours=1))
    hold(mirror, place.clock, ids[1])
    stories = {
        id: timeline(
            mirror, mirror.journal, mirror.insight, place.rules(), place.clock, id, tag_prefix="tier_"
        )
        for id in ids
    }
    assert any(one.text == "held by hand, until 2026-11-20 13:00 UTC" for one in stories[ids[0]])
    assert any(one.text == "held by hand, until it is released" for one in stories[ids[1]])
    texts = [one.text for story in stories.values() for one in story]
    assert "first public reply by a person" in texts
    assert any("told by its group" in text for text in texts)
    with pytest.raises(Rejected):
        timeline(
            mirror, mirror.journal, mirror.insight, place.rules(), place.clock, TicketId(0), tag_prefix="t"
        )
    house.close()


def told_of(day: Day, id: int) -> tuple[list[str], dict[str, Any]]:
    with open_mirror(day.house.url, clock=day.house.clock, read_only=True) as mirror:
        rules = load_rules(day.folder / "rules")
        answer = explain(mirror, mirror.journal, rules, day.house.clock, TicketId(id), tag_prefix="tier_")
    return list(explanation_lines(answer)), explanation_json(answer)["ahead"]


def test_explain_shows_the_clocks(day: Day) -> None:
    """Of the rules for the tier the ticket is in: what each counts, what is left, targets, and what comes next."""
    lines, ahead = told_of(day, day.warned)
    text = "\n".join(lines)
    assert "Rules that could move it on:\n  late → tier 2: its conditions hold (no conditions)" in text
    assert "The customer has waited for an answer for 2 h 1" in text
    assert "  hot → tier 3: Looked at priority: it is none, the rule wants urgent." in text
    assert "Target: first reply within 2 business hours (tier 1): missed" in text
    assert "Falls due next: " in text
    late, hot = ahead["moves"]
    assert (late["clock"]["is_running"], late["clock"]["is_reached"], late["clock"]["calendar"]) == (
        True,
        False,
        "day",
    )
    assert late["clock"]["counted"]
    assert (hot["clock"], hot["matches"]) == (None, False)
    assert [one["state"] for one in ahead["targets"]] == ["missed", "due"]
    assert ahead["due_next"]["because"] == "target"


def test_explain_shows_what_keeps_a_ticket_back(day: Day) -> None:
    """A gate with what is missing, the respect for a person, and a clock that nobody can know."""
    lines, ahead = told_of(day, day.gated)
    assert lines[2].startswith("Gated: it waits before tier 2 until this is known: ")
    assert ahead["gates"] == [{"rule": "facts", "before_tier": "2", "missing": ["an attachment"]}]
    assert any(line.startswith("Missing before tier 2: ") for line in lines)
    lines, ahead = told_of(day, day.bounced)
    assert ahead["left_alone"][0].startswith("a person moved it from tier 2 to tier 1; left to them until ")
    assert f"Left alone: {ahead['left_alone'][0]}" in lines
    _, ahead = told_of(day, day.chat)
    assert "transcript" in ahead["moves"][0]["hindrance"]
    lines, ahead = told_of(day, day.done)
    assert (ahead["moves"], ahead["due_next"]) == ([], None)


def test_one_rule_is_explained_with_its_clock(day: Day) -> None:
    """Why a rule whose conditions hold has not moved the ticket yet, or cannot."""
    with open_mirror(day.house.url, clock=day.house.clock, read_only=True) as mirror:
        rules = load_rules(day.folder / "rules")

        def answer(id: int, rule: str) -> list[str]:
            answer = explain_rule(
                mirror, mirror.journal, rules, day.house.clock, TicketId(id), rule, tag_prefix="tier_"
            )
            return list(rule_lines(answer))

        told = answer(day.warned, "late")
        assert any(line.startswith("It waits for its clock: ") for line in told)
        assert any(" to go, due " in line for line in told)
        assert any("transcript" in line for line in answer(day.chat, "late"))
        new = Condition("status", Operator.IS, ("new",))
        rules = replace(rules, escalate=(rules.escalate[0], replace(rules.escalate[1], all=(new,))))
        assert "But it cannot act: nothing has happened to the ticket since it came to its tier." in answer(
            day.warned, "hot"
        )


def test_the_plan_tells_what_waits_and_what_comes(day: Day) -> None:
    """Counts in words, tickets that wait with the reason, and moves of which rules warn."""
    with open_mirror(day.house.url, clock=day.house.clock, read_only=True) as mirror:
        rules = load_rules(day.folder / "rules")
        plan = make_plan(mirror, mirror.journal, rules, day.house.clock, account="x", tag_prefix="tier_").plan
    text = "\n".join(plan_lines(plan))
    assert "1 left to a person's move" in text
    assert "1 waiting for something missing" in text
    assert f"  > #{day.warned}  late will move it at 2026-11-20 20:" in text
    assert f"  = #{day.gated}  it waits before tier 2" in text


def test_the_report_tells_what_breaches_next(day: Day, command: Callable[..., Ended]) -> None:
    """Moves and targets by time, what is missed, and how targets were kept, beside the tables that were there."""
    document = command("report", "--json").document
    assert {"tiers", "breaches_next", "missed", "targets"} <= document.keys()
    first = document["breaches_next"][0]
    assert {row["ticket"] for row in document["breaches_next"]} >= {day.warned}
    assert first["when"] <= document["breaches_next"][-1]["when"]
    assert {row["ticket"] for row in document["missed"]} >= {day.gated, day.warned}
    sums = {(row["tier"], row["target"]): row for row in document["targets"]}
    assert sums["1", "first reply"]["met"] >= 1
    assert sums["1", "first reply"]["met of done"]
    told = command("report")
    assert "What breaches next" in told.out
    assert "Missed and still to be done" in told.out


def test_ping_pong_is_counted(day: Day, command: Callable[..., Ended]) -> None:
    """By pair of tiers, with its cost; since a day if asked."""
    document = command("report", "pingpong", "--json").document
    (pair,) = document["pairs"]
    assert (pair["home"], pair["away"], pair["returns"], pair["by"]) == ("1", "2", 1, {"person": 1})
    assert document["matrix"] == {"1": {"2": 1}}
    assert [one["ticket"] for one in document["tickets"]] == [day.bounced]
    told = command("report", "pingpong").out
    assert "Tickets that came back to the tier they had left" in told
    assert "1 returns in all" in told
    late = (NOW + timedelta(days=1)).date().isoformat()
    assert json.loads(command("report", "pingpong", "--since", late, "--json").out)["pairs"] == []
    assert "none" in command("report", "pingpong", "--since", late).out
    assert command("report", "pingpong", "--since", "soon").code == 2


def test_a_poke_without_a_worker(command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    """Says that none answers, or that the window is switched off."""
    monkeypatch.setenv("ZDSYNC_HTTP", "127.0.0.1:9")
    told = command("poke")
    assert (told.code, "no worker answers" in told.err) == (1, True)
    monkeypatch.setenv("ZDSYNC_HTTP", "")
    assert command("poke").code == 2
