"""A quarter of account life: every ticket is moved when, where and why an independent model says, to the moment."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.fakes.clock import FakeClock
from tests.faults.quarter_hours import STEP
from tests.faults.quarter_model import CUSTOMER, MACHINE, PERSON, Act, Deed, Track, expected
from tests.faults.quarter_rules import RULES
from tests.house import House
from zdsync.rules.load import load_rules
from zdsync.runs.cycle import Workplace, run_cycle
from zdsync.sandbox.app import make_sandbox
from zdsync.sandbox.control import Control
from zdsync.sandbox.records import Audit, Change, Comment

START = datetime(2026, 10, 12, 6, 0, tzinfo=UTC)
END = datetime(2027, 1, 11, 18, 0, tzinfo=UTC)
"""Over the changes of the clock in London (25 October) and New York (1 November), and the holidays of both."""
PERIOD = timedelta(minutes=30)
"""People act twice an hour: so that several of their deeds share a run."""
TICKETS = 60 if os.environ.get("ZDSYNC_TEST_AT_SIZE") else 12
SUBJECTS = ("It does not work", "Password reset", "Where is my order?", "Invoice")
GROUPS = ("Help bot", "Frontline", "Specialists", "Engineering")
OURS = frozenset({"needs_info", "with_vendor", "stuck"})
DEEDS = (
    "reply reply customer note group status solve escalate_please rma fix_released filled tier untag".split()
)
AFTERWARDS = "customer rate rate rest".split()
"""What happens to a ticket that is solved."""


class StillClock(FakeClock):
    """Time stands still while a run works, so that what it writes bears the moment at which it was due."""

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass
class Quarter(House):
    """The account before its first ticket, and the people who will work in it."""

    def __post_init__(self) -> None:
        self.sandbox = make_sandbox(0, self.seed, START, rate_limits=False)
        self.control = Control(self.sandbox)
        self.clock = StillClock(START)
        for trigger in self.sandbox.world.tables["triggers"].values():
            trigger["active"] = False

    def move_to(self, at: datetime) -> None:
        seconds = (at - self.clock.now()).total_seconds()
        if seconds > 0:
            self.advance(seconds)


@dataclass
class People:
    """Customers and agents: what each ticket will live through, drawn when it happens."""

    house: Quarter
    chance: Random
    alive: dict[int, datetime] = field(default_factory=dict)
    """The next time at which something happens to a ticket."""
    happened: Counter[str] = field(default_factory=Counter)

    def live(self, at: datetime, arrivals: int) -> bool:
        """Let happen what happens at this moment; whether anything does."""
        touched = sorted(id for id, when in self.alive.items() if when <= at)
        if arrivals or touched:
            self.house.move_to(at)
        for _ in range(arrivals):
            self.open()
        for id in touched:
            self.act(id)
        return bool(arrivals or touched)

    def open(self) -> None:
        """A customer writes."""
        fields: dict[str, Any] = {
            "priority": self.chance.choice([None, None, "low", "low", "normal", "high", "urgent"]),
            "type": self.chance.choice([None, "question", "incident", "incident"]),
        }
        id = self.house.control.customer_creates(self.chance.choice(SUBJECTS), fields=fields)
        self.alive[id] = self._later(0.4)

    def _later(self, days: float) -> datetime:
        """Some time from now; mostly soon, sometimes after a week of silence."""
        wait = timedelta(days=self.chance.expovariate(1 / days) * (8 if self.chance.random() < 0.1 else 1))
        return self.house.clock.now() + PERIOD * max(1, round(wait / PERIOD))

    def act(self, id: int) -> None:
        """Something happens to a ticket, until it comes to rest or is closed."""
        status = self.house.sandbox.world.tickets[id].status
        deed = self.chance.choice(AFTERWARDS if status == "solved" else DEEDS)
        self.happened[deed] += 1
        if deed == "rest" or status == "closed":
            del self.alive[id]
            return
        self._do(id, deed)
        self.alive[id] = self._later(1.5)

    def _do(self, id: int, deed: str) -> None:
        control, chance = self.house.control, self.chance
        match deed:
            case "reply":
                control.agent_replies(id, changes={"status": chance.choice(["open", "pending", "hold"])})
            case "customer":
                control.customer_replies(id)
            case "note":
                control.agent_notes(id)
            case "solve":
                control.solve(id)
            case "rate":
                control.rate(id, chance.choice(["good", "bad", "bad"]))
            case "group":
                control.change(id, {"group": chance.choice(GROUPS)})
            case "status":
                control.change(id, {"status": chance.choice(["open", "pending", "hold"])})
            case "filled":
                control.change(id, {"fields": {"error_message": "E 42"}})
            case _:
                self._tag(id, deed)

    def _tag(self, id: int, deed: str) -> None:
        """An agent asks by a tag, takes ours away, or chooses another tier by its tag."""
        tags = set(self.house.sandbox.world.tickets[id].tags)
        tiers = {tag for tag in tags if tag.startswith("tier_")}
        if deed == "untag":
            tags -= OURS
        elif deed != "tier":
            tags |= {deed}
        elif tiers:
            tags = (tags - tiers) | {f"tier_{self.chance.randrange(4)}"}
        self.house.control.change(id, {"tags": sorted(tags)})


def test_a_quarter(sqlite_url: str, tmp_path: Path) -> None:
    """Clocks, gates, vendors, respect, limits and outages: the account's history of our moves is the model's."""
    house = Quarter(sqlite_url, seed=13)
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "rules.yaml").write_text(RULES)
    runs = _play(house, folder, Random(13))
    deeds = _deeds(house)
    asleep = dict.fromkeys(_steps(*_OUTAGES), True)
    told = {id: expected(of_one, START, END, asleep) for id, of_one in deeds.items()}
    wrong = {id: _difference(house, id, track) for id, track in told.items()}
    assert not {id: text for id, text in wrong.items() if text}
    made = [act for track in told.values() for act in track.acts]
    acted = {"", *"asked basics fixed known money no-reply rest too-long unsolved urgent vendor".split()}
    if TICKETS >= 60:
        acted |= {"bad-rating", "quiet", "supplier"}
    assert {act.rule for act in made} >= acted, runs
    assert any("stuck" in act.added for act in made)


_OUTAGES = (
    (datetime(2026, 10, 25, 0, 0, tzinfo=UTC), datetime(2026, 10, 26, 11, 20, tzinfo=UTC)),
    (datetime(2026, 11, 3, 9, 0, tzinfo=UTC), datetime(2026, 11, 3, 16, 40, tzinfo=UTC)),
    (datetime(2026, 12, 24, 12, 0, tzinfo=UTC), datetime(2026, 12, 29, 8, 5, tzinfo=UTC)),
)


def _steps(*spans: tuple[datetime, datetime]) -> Iterator[datetime]:
    for start, until in spans:
        yield from (start + STEP * number for number in range(int((until - start) / STEP)))


def _play(house: Quarter, folder: Path, chance: Random) -> int:
    """Let the quarter go by, with a run wherever something is due or has happened, and at some other moments."""
    people, looks, runs = People(house, chance), Random(house.seed), 0
    arrivals = [START + PERIOD * chance.randrange(int((END - START) / PERIOD * 0.85)) for _ in range(TICKETS)]
    asleep = frozenset(_steps(*_OUTAGES))
    place: Workplace | None = None
    run_at = START
    for at in _steps((START, END)):
        is_stirred = people.live(at, arrivals.count(at))
        if at in asleep:
            place, run_at = None, at
        elif at >= run_at or looks.random() < 0.001:
            house.move_to(at)
            place = place or house.place(rules=lambda: load_rules(folder), start=START - timedelta(days=1))
            cycle = run_cycle(place)
            runs += 1
            assert cycle.exit_code in {0, 3}, "what changes in the very second is left for the next run"
            run_at = at + STEP if cycle.planned.plan.ticket_changes else _due(house)
        if is_stirred:
            run_at = min(run_at, at + STEP)
    house.close()
    return runs


def _due(house: Quarter) -> datetime:
    """When the product says that the next ticket falls due."""
    ((text,),) = house.query("select min(due_at) from zdsync_due")
    return END + STEP if text is None else datetime.fromisoformat(str(text)).replace(tzinfo=UTC)


# What others did, and what we did, as the account has it


def _deeds(house: Quarter) -> dict[int, list[Deed]]:
    return {
        id: [_deed(house, audit) for audit in row.audits if not _is_ours(audit)]
        for id, row in house.sandbox.world.tickets.items()
    }


def _is_ours(audit: Audit) -> bool:
    return "zdsync" in (audit.custom or {})


def _deed(house: Quarter, audit: Audit) -> Deed:
    names = {"group_id": "group", "assignee_id": "assignee"}
    fields: dict[str, Any] = {}
    added: set[str] = set()
    removed: set[str] = set()
    is_public = False
    for event in audit.events:
        if isinstance(event, Comment):
            is_public = event.is_public
        elif isinstance(event, Change) and event.field == "tags":
            added, removed = set(event.new) - set(event.old or ()), set(event.old or ()) - set(event.new)
        elif isinstance(event, Change):
            fields[_field_name(house, names.get(event.field, event.field))] = event.new
        elif event.kind == "SatisfactionRating":
            fields["satisfaction"] = event.data["score"]
    if fields.get("group") is not None:
        fields["group"] = house.group_names()[fields["group"]]
    who = _who(house, audit.author_id)
    return Deed(_moment(audit), who, fields, tuple(sorted(added)), tuple(sorted(removed)), is_public)


def _who(house: Quarter, author_id: int) -> str:
    author = house.sandbox.world.users.get(author_id)
    if author is None or "bot" in author.tags:
        return MACHINE
    return PERSON if author.is_agent else CUSTOMER


def _field_name(house: Quarter, name: str) -> str:
    return str(house.sandbox.world.tables["ticket_fields"][int(name)]["key"]) if name.isdigit() else name


def _moment(audit: Audit) -> datetime:
    return datetime.fromtimestamp(audit.at, UTC)


def _acts(house: Quarter, id: int) -> Iterator[Act]:
    """Our own updates of a ticket, with the rules that the journal names."""
    rules = dict(house.query(f"select key, rule from zdsync_changes where object_id = {id}"))
    names = house.group_names()
    for audit in house.our_audits(id):
        rule = rules[(audit.custom or {})["zdsync"]]
        changes = {event.field: event for event in audit.events if isinstance(event, Change)}
        tags = changes.get("tags", Change("tags", (), ()))
        group, status = changes.get("group_id"), changes.get("status")
        yield Act(
            _moment(audit),
            rule,
            tuple(sorted(set(tags.new) - set(tags.old))),
            tuple(sorted(set(tags.old) - set(tags.new))),
            names[group.new] if group else None,
            status.new if status else None,
            any(isinstance(event, Comment) for event in audit.events),
        )


def _difference(house: Quarter, id: int, track: Track) -> str:
    """Where the account and the model part, in words; empty when they agree to the end."""
    found, wanted = list(_acts(house, id)), track.acts
    for number in range(max(len(found), len(wanted))):
        one = found[number] if number < len(found) else None
        other = wanted[number] if number < len(wanted) else None
        if one != other and not _is_same_but_told(one, other, found[:number]):
            return f"number {number}: the account has {one}, the model {other}"
    row = house.sandbox.world.tickets[id]
    ends = (frozenset(row.tags), house.group(id), row.status)
    return "" if ends == (frozenset(track.tags), track.group, track.status) else f"ends as {ends}"


def _is_same_but_told(one: Act | None, other: Act | None, earlier: list[Act]) -> bool:
    """Whether only the note is missing where the same rule has left one before: the same text is never written twice."""
    if (
        one is None
        or other is None
        or one.is_told
        or not any(a.is_told and a.rule == one.rule for a in earlier)
    ):
        return False
    return replace(one, is_told=True) == other


pytestmark = pytest.mark.slow
