"""Open hours as rows: SQL counts the minutes that the clocks count, and rows are renewed when they must be."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import text

from tests.house import NOW, House
from tests.unit.mirror import rows
from tests.unit.mirror.rows import at, content, record_page, tickets_page
from zdsync.calendars import ALWAYS, DAY, Calendar, Week
from zdsync.mirror.store import MirrorStore
from zdsync.mirror.tables_own import calendar_open, zdsync_calendars
from zdsync.rules.load import load_rules
from zdsync.runs.cycle import run_cycle
from zdsync.runs.plan import make_judge

OFFICE = tuple((day * DAY + 540, day * DAY + 1050) for day in range(5))
EDITED = tuple((day * DAY + 480, day * DAY + 1080) for day in range(5))
HOLIDAY = frozenset({date(2026, 11, 9)})
UK = Calendar(
    "uk",
    [
        Week("Europe/London", OFFICE, HOLIDAY),
        Week("Europe/London", EDITED, HOLIDAY, date(2026, 11, 4)),
    ],
)
NIGHTS = Calendar(
    "nights", [Week("Australia/Lord_Howe", tuple((day * DAY + 1320, day * DAY + 1800) for day in range(7)))]
)
SHUT = Calendar("shut", [Week("UTC", ())])


def pull(mirror: MirrorStore, *tickets: dict[str, Any]) -> None:
    record_page(mirror, tickets_page(*tickets, served=10))


def open_rows(mirror: MirrorStore) -> list[tuple[str, datetime, datetime]]:
    return sorted(
        (row["calendar"], row["opens_at"], row["closes_at"]) for row in content(mirror, calendar_open)
    )


def covered(mirror: MirrorStore) -> dict[str, tuple[datetime, datetime]]:
    found = content(mirror, zdsync_calendars)
    return {row["calendar"]: (row["covered_from"], row["covered_until"]) for row in found}


def test_sql_counts_what_the_clocks_count(mirror: MirrorStore) -> None:
    """The documented question of either database, on tickets of all lengths, over an edit and a holiday."""
    random = Random(5)
    spans = [(random.randrange(0, 20 * DAY), random.randrange(0, 20 * DAY)) for _ in range(40)]
    tickets = [
        rows.ticket(id, start + length, created_at=at(start)) for id, (start, length) in enumerate(spans, 1)
    ]
    pull(mirror, *tickets)
    mirror.record_calendars({"uk": UK, "nights": NIGHTS}, at(0))
    page = (Path(__file__).parents[2] / "docs" / "mirror.md").read_text("utf-8")
    for name, calendar in (("uk", UK), ("nights", NIGHTS)):
        kind = "sqlite" if mirror.database.is_sqlite else "postgresql"
        (question,) = re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)
        with mirror.database.reading() as connection:
            told = [tuple(row) for row in connection.execute(text(question.replace("'uk'", f"'{name}'")))]
        assert told == [
            (id, calendar.elapsed(at(start), at(start + length)) // 60)
            for id, (start, length) in enumerate(spans, 1)
        ]


def test_rows_reach_from_the_oldest_ticket_to_a_year_ahead(mirror: MirrorStore) -> None:
    """A calendar that is always open is one interval, one that is never open none."""
    pull(mirror, rows.ticket(1, created_at=datetime(2026, 3, 14, 8, tzinfo=UTC)), rows.ticket(2))
    mirror.record_calendars({"uk": UK, "always": ALWAYS, "shut": SHUT}, at(0))
    first, last = datetime(2026, 3, 1, tzinfo=UTC), at(0) + timedelta(days=400)
    assert covered(mirror) == dict.fromkeys(("uk", "always", "shut"), (first, last))
    uk = [("uk", *span) for span in UK.open_spans(first, last)]
    assert open_rows(mirror) == [("always", first, last), *uk]


def test_an_empty_mirror_begins_now(mirror: MirrorStore) -> None:
    mirror.record_calendars({"always": ALWAYS}, at(60))
    assert covered(mirror)["always"][0] == datetime(2026, 11, 1, tzinfo=UTC)


def test_rows_are_written_anew_only_when_they_must_be(mirror: MirrorStore) -> None:
    """When hours changed, an older ticket came, or a year is no longer ahead; and those of no calendar go."""
    pull(mirror, rows.ticket(1))
    both = {"uk": UK, "nights": NIGHTS}
    mirror.record_calendars(both, at(0))
    first = covered(mirror)
    assert set(first) == {"uk", "nights"}
    mirror.record_calendars(both, at(29 * DAY))
    assert covered(mirror) == first
    edited = Calendar("uk", [Week("Europe/London", OFFICE, HOLIDAY)])
    mirror.record_calendars({**both, "uk": edited}, at(10 * DAY))
    assert covered(mirror) == {**first, "uk": (first["uk"][0], at(410 * DAY))}
    mirror.record_calendars(both, at(31 * DAY))
    assert covered(mirror)["nights"][1] == covered(mirror)["uk"][1] == at(431 * DAY)
    pull(mirror, rows.ticket(2, created_at=at(-40 * DAY)))
    mirror.record_calendars({"uk": UK}, at(31 * DAY))
    assert covered(mirror) == {"uk": (datetime(2026, 9, 1, tzinfo=UTC), at(431 * DAY))}
    assert {row[0] for row in open_rows(mirror)} == {"uk"}
    mirror.record_calendars({}, at(31 * DAY))
    assert not covered(mirror)
    assert not open_rows(mirror)


RULES = """
version: 1
tiers:
  1: {name: Frontline, group: Frontline, calendar: zendesk:UK office}
  2: {name: Specialists, group: Specialists, calendar: always}
calendars:
  always: {timezone: UTC, open: {mon-sun: 00:00-24:00}}
assign:
  - {id: fast, why: Asked in open hours, all: [created_at: {within: zendesk:UK office}], then: {tier: 2}}
  - {id: rest, why: Somebody takes it, then: {tier: 1}}
"""


def test_a_run_keeps_the_hours_that_the_account_had(tmp_path: Path) -> None:
    """A schedule of the account, mirrored, named by a tier and a condition; changed at noon, it holds from that day on."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "rules.yaml").write_text(RULES)
    house = House(f"sqlite:///{tmp_path}/mirror.db", tickets=40)
    place = house.place(rules=lambda: load_rules(folder), is_shadow=True)
    run_cycle(place)
    (uk,) = (
        row
        for row in house.sandbox.world.tables["business_hours/schedules"].values()
        if row["name"] == "UK office"
    )
    uk["intervals"] = [{"start_time": DAY + 600, "end_time": DAY + 720}]
    uk["updated_at"] = NOW.isoformat()
    house.advance(2 * 3600)
    run_cycle(place)
    mondays = house.query(
        "SELECT opens_at FROM calendar_open WHERE calendar = 'zendesk:UK office' "
        "AND opens_at BETWEEN '2026-11-16' AND '2026-11-24' ORDER BY opens_at"
    )
    assert mondays == [
        (f"2026-11-{day} {hour}:00:00",)
        for day, hour in ((16, "09"), (17, "09"), (18, "09"), (19, "09"), (23, "10"))
    ]
    judge = make_judge(place.mirror, load_rules(folder), house.clock.now(), tag_prefix="tier_")
    office = judge.rules.calendar_of(judge.rules.rules.tiers[0])
    fast, _ = judge.rules.assign
    answers = [(case, fast.matches(judge.judge(case).facts)) for case in place.mirror.read_cases()]
    assert all(answer is office.is_open(case.ticket.created_at) for case, answer in answers)
    assert {answer for _, answer in answers} == {True, False}
    house.close()
