"""A month of an account's life under turmoil: at its end the mirror is the account, on both databases the same."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text

from tests.faults.chaos import FAULTS, KilledError, Turmoil
from tests.faults.deeds import DEEDS
from tests.faults.expected import LISTS, Expected, columns_of, event_rows, plain, without_empty_fields
from tests.faults.month import MARKERS, Month
from tests.house import NOW, House
from zdsync.errors import ZdsyncError
from zdsync.mirror.columns import moment_as_text
from zdsync.mirror.schema import METADATA, MIRRORED
from zdsync.mirror.views import VIEWS
from zdsync.mirror.wide import NAMES
from zdsync.runs.pull import pull
from zdsync.runs.verify import verify
from zdsync.streams import Stream

SEEDS = [int(seed) for seed in os.environ.get("ZDSYNC_TEST_MONTHS", "1").split(",")]
DAYS, DEEDS_A_DAY = 30, 9
START = NOW - timedelta(days=400)

Row = dict[str, Any]


OF_TICKETS = frozenset(
    "ticket_events ticket_comments ticket_metrics ticket_metric_events satisfaction_ratings".split()
)
"""Tables whose rows come with tickets, and are compared with what became of these."""


class Played:
    """A month that was lived and mirrored, and the rows that came of it."""

    def __init__(self, url: str, seed: int) -> None:
        random.seed(seed)
        self.house = House(url, tickets=40, seed=seed)
        self.month = Month(self.house, seed, DEEDS)
        self.turmoil = Turmoil(self.month, seed)
        for _ in range(DAYS):
            for _ in range(self.month.chance.randrange(1, 3)):
                self.month.live(DEEDS_A_DAY // 2, 8)
                self._pull()
        self._settle()
        self.expected = Expected(self.house.control, self.house.sandbox.world)
        self.rows = {table.name: self._read(select(table)) for table in METADATA.tables.values()}

    def _pull(self) -> None:
        self.turmoil.begin()
        chance = self.turmoil.chance.random()
        try:
            place = self.house.place(self.turmoil.wrap)
            pull(
                place.source,
                place.mirror,
                place.clock,
                start=START,
                respect_cadence=chance < 0.8,
                is_full=chance > 0.95,
            )
            if chance < 0.1:
                verify(place.source, place.mirror, place.clock, start=START)
        except (KilledError, ZdsyncError) as err:
            self.turmoil.happened[type(err).__name__] += 1
        self.house.control.clear_faults()
        self.house.close()

    def _settle(self) -> None:
        """No ticket is left on hold, where time alone changes its figures; then two quiet pulls."""
        self.turmoil.is_on = False
        self.house.control.clear_faults()
        for ticket in list(self.house.sandbox.world.living_tickets()):
            if ticket.status == "hold":
                self.house.control.change(ticket.id, {"status": "open"})
        for _ in range(2):
            self.house.advance(3700)
            place = self.house.place()
            pull(place.source, place.mirror, place.clock, start=START, respect_cadence=False)
            while place.mirror.read_missing(Stream.EVENTS):
                pull(place.source, place.mirror, place.clock, start=START, streams=[Stream.EVENTS])
            self.house.close()

    def _read(self, statement: Any) -> list[Row]:
        engine = create_engine(self.house.url)
        with engine.connect() as connection:
            rows = [dict(row._mapping) for row in connection.execute(statement)]
        engine.dispose()
        return sorted(rows, key=lambda row: str([row[name] for name in list(row)[:3]]))

    def read_views(self) -> Mapping[str, list[Row]]:
        return {
            name: self._read(text(f"SELECT * FROM {name}")) for name in (*(v.name for v in VIEWS), *NAMES)
        }

    def mirrored(self, table: str) -> dict[Any, Row]:
        key = "name" if table == "tags" else "id"
        return {row[key]: row for row in self.rows[table]}


def differing(table: str, found: Row, wanted: Row) -> dict[str, tuple[Any, Any]]:
    """The columns in which a mirrored row is not the expected one, and the keys of `raw`; what is there, what should be."""
    names = [column.name for column in columns_of(MIRRORED[table]) if column.name not in _LEFT_OUT]
    pairs = {name: (found[name], wanted[name]) for name in names}
    keys = (found["raw"].keys() | wanted["raw"].keys()) - _LEFT_OUT
    pairs |= {f"raw.{key}": (found["raw"].get(key), wanted["raw"].get(key)) for key in sorted(keys)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


_LEFT_OUT = frozenset({"url", "generated_timestamp"})
"""Addresses depend on who asks."""


def assert_alive_are_true(played: Played, table: str) -> None:
    """Exactly the account's living objects live in the mirror, each as the account has it."""
    mirrored, wanted = played.mirrored(table), played.expected.rows[table]
    living = {key for key, row in wanted.items() if not is_gone(table, row["raw"])}
    assert {key for key, row in mirrored.items() if row["deleted_at"] is None} == living, table
    for key in living:
        found, expected = mirrored[key], wanted[key]
        if table == "tickets":
            found, expected = without_empty_fields(found), without_empty_fields(expected)
        assert differing(table, found, expected) == {}, (table, key)


def is_gone(table: str, raw: Row) -> bool:
    """Whether the object itself says that it is deleted."""
    match table:
        case "tickets":
            return bool(raw["status"] == "deleted")
        case "users":
            return raw["active"] is False
        case "organizations":
            return raw["deleted_at"] is not None
        case "groups":
            return bool(raw["deleted"])
        case "brands":
            return bool(raw["is_deleted"])
        case _:
            return False


def assert_dead_tell_it(played: Played) -> None:
    """A deleted ticket, person or company has a tombstone that is its last state, and says so as the account does."""
    for table in ("tickets", "users", "organizations"):
        mirrored = played.mirrored(table)
        for key, row in played.expected.rows[table].items():
            if is_gone(table, row["raw"]) and key in mirrored:
                found, expected = mirrored[key], row
                if table == "tickets":
                    found, expected = without_empty_fields(found), without_empty_fields(expected)
                assert differing(table, found, expected) == {}, (table, key)
        stubs = set(mirrored) - set(played.expected.rows[table])
        assert stubs <= {-1}
        assert all(mirrored[key]["raw"] == {} for key in stubs)


def assert_history_is_kept(played: Played) -> None:
    """What a list no longer has is a tombstone in some state that the account did have; kept versions are such states too."""
    names = {**LISTS, "schedule_holidays": "holidays"}
    states = played.month.states
    for table, theirs in names.items():
        for key, row in played.mirrored(table).items():
            if row["deleted_at"] is not None and row["raw"]:
                raw = {name: value for name, value in row["raw"].items() if name != "url"}
                known = [plain(state) for state in states[theirs][key]]
                if table == "schedule_holidays":
                    known = [{k: v for k, v in state.items() if k != "schedule_id"} for state in known]
                if table == "satisfaction_ratings":
                    continue
                assert raw in known, (table, raw, known)
    last: dict[tuple[str, int], Row] = {}
    for row in sorted(played.rows["kept_versions"], key=lambda row: row["valid_from"]):
        key = row["table_name"], row["id"]
        before = last.get(key)
        assert before is None or before["valid_until"] <= row["valid_from"]
        last[key] = row
    for table in ("sla_policies", "schedules", "schedule_holidays"):
        holding = {
            id: row["raw"] for (name, id), row in last.items() if name == table and row["valid_until"] is None
        }
        alive = {id: row["raw"] for id, row in played.mirrored(table).items() if row["deleted_at"] is None}
        assert holding == alive


def assert_updates_are_true(played: Played) -> None:
    """Every update and comment is there, in the shape of the export or of audits; of scrubbed tickets at most the fact."""
    world = played.house.sandbox.world
    events, comments = played.mirrored("ticket_events"), played.mirrored("ticket_comments")
    for ticket in world.tickets.values():
        shapes = [list(event_rows(world, ticket, as_audits=shape)) for shape in (False, True)]
        for exported, audited in zip(*shapes, strict=True):
            pairs = [(exported[0], audited[0], events.pop(exported[0]["id"], None), "ticket_events")]
            pairs += [
                (one, other, comments.pop(one["id"], None), "ticket_comments")
                for one, other in zip(exported[1], audited[1], strict=True)
            ]
            for one, other, found, table in pairs:
                if ticket.is_scrubbed:
                    assert found is None or (found["raw"] == {} and found["deleted_at"] is not None), found
                elif found is not None and ticket.is_deleted and found["raw"] == {}:
                    assert any(
                        getattr(e, "kind", "") == "CommentRedactionEvent"
                        for a in ticket.audits
                        for e in a.events
                    )
                else:
                    assert found is not None, (table, one)
                    assert found["deleted_at"] is None
                    wanted = as_told(
                        one if "child_events" in found["raw"] or "via_reference_id" in found["raw"] else other
                    )
                    assert differing(table, as_told(found), wanted) == {}, (table, found["id"])
    assert (events, comments) == ({}, {})


def as_told(row: Row) -> Row:
    """A row without what the sandbox shows differently once people, rules or channels are renamed: names in `via`."""
    if "changes" in row:
        row = row | {"changes": [change | {"rel": bool(change.get("rel"))} for change in row["changes"]]}
        row = row | {"via_rel": bool(row["via_rel"])}
    return row | {"raw": _without_names(row["raw"])}


def _without_names(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_names(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_names(item) for key, item in value.items() if key != "source"}
    return value


def assert_derived_are_true(played: Played) -> None:
    """Tags of living tickets, findings of texts that are there, and nothing else."""
    world = played.house.sandbox.world
    tags = {(ticket.id, tag) for ticket in world.living_tickets() for tag in ticket.tags}
    assert {(row["ticket_id"], row["tag"]) for row in played.rows["ticket_tags"]} == tags
    found = {
        (row["ticket_id"], row["comment_id"], row["detector"]): (row["is_public"], row["count"])
        for row in played.rows["text_findings"]
    }
    alive = {key: value for key, value in found.items() if not world.tickets[key[0]].is_deleted}
    wanted = {
        key: value for key, value in played.expected.findings.items() if not world.tickets[key[0]].is_deleted
    }
    assert alive == wanted
    assert not [key for key in found if world.tickets[key[0]].is_scrubbed]


def assert_nothing_forbidden_is_left(played: Played) -> None:
    """No personal marker stands in a text, and no word that the account has redacted or scrubbed anywhere."""
    for table, rows in played.rows.items():
        said = str(rows)
        assert not [word for word in played.month.erased if word in said], table
        if table not in ("users", "organizations"):
            assert not [marker for marker in MARKERS if marker in said], table


def assert_ratings_and_measures_are_true(played: Played) -> None:
    """Ratings, Zendesk's measures and its clocks: as the account has them, while the ticket is not gone."""
    world = played.house.sandbox.world
    for table in ("satisfaction_ratings", "ticket_metrics", "ticket_metric_events"):
        mirrored, wanted = played.mirrored(table), played.expected.rows[table]
        assert mirrored.keys() <= wanted.keys()
        for key, expected in wanted.items():
            ticket = world.tickets[expected["ticket_id"]]
            if not ticket.is_deleted or (table != "ticket_metrics" and not ticket.is_scrubbed):
                assert differing(table, mirrored[key], expected) == {}, (table, key)
                assert mirrored[key]["deleted_at"] is None
            elif table == "satisfaction_ratings" and key in mirrored:
                found = mirrored[key]
                assert (found["raw"], found["comment"], found["deleted_at"] is None) == ({}, None, False)


def assert_deletions_are_dated(played: Played) -> None:
    """A ticket's tombstone tells when it was deleted, or when the system last touched it since."""
    mirrored = played.mirrored("tickets")
    for ticket in played.house.sandbox.world.tickets.values():
        if ticket.deleted_at is not None:
            moment = mirrored[ticket.id]["deleted_at"].timestamp()
            assert ticket.deleted_at <= moment <= ticket.generated


def comparable(row: Row) -> Row:
    """A view's row as both databases tell it: SQLite knows no booleans nor times, PostgreSQL puts spaces into JSON."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment_as_text(value)
    if isinstance(value, str) and value.startswith("["):
        with suppress(ValueError):
            return json.loads(value)
    return int(value) if isinstance(value, bool) else value


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("seed", SEEDS)
def test_at_the_end_of_a_month_the_mirror_is_the_account(
    sqlite_url: str, postgres_url: str, seed: int
) -> None:
    """Every table is the account's row by row, deleted objects are tombstones, and both databases hold the same."""
    both = [Played(url, seed) for url in (sqlite_url, postgres_url)]
    for played in both:
        for table in sorted(MIRRORED.keys() - OF_TICKETS):
            assert_alive_are_true(played, table)
        assert_dead_tell_it(played)
        assert_updates_are_true(played)
        assert_history_is_kept(played)
        assert_derived_are_true(played)
        assert_ratings_and_measures_are_true(played)
        assert_deletions_are_dated(played)
        assert_nothing_forbidden_is_left(played)
    one, other = both
    assert one.turmoil.happened == other.turmoil.happened
    for table in METADATA.tables.keys() - {
        "zdsync_touched"
    }:  # killed at other steps, it counts more or fewer
        assert one.rows[table] == other.rows[table], table
    views, others = one.read_views(), other.read_views()
    for name in views:
        assert [comparable(row) for row in views[name]] == [comparable(row) for row in others[name]], name
    assert one.turmoil.happened.keys() >= {"killed", "late page", "deeds meanwhile", *FAULTS}
    assert len(one.month.done) > len(DEEDS) - 3
