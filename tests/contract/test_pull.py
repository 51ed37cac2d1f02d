"""A whole account pulled into each database: what must hold of every row, and what a pull may cost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.house import NOW, House
from zdsync.model import TicketId
from zdsync.runs.cycle import Workplace
from zdsync.runs.pull import Ceiling, Pulled, pull
from zdsync.runs.verify import verify
from zdsync.streams import Stream
from zdsync.zendesk import pages


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    house = House(database_url)
    try:
        yield house
    finally:
        house.close()


def pulled(house: House, place: Workplace, *, respect_cadence: bool = True) -> Pulled:
    """One pull, two minutes after the one before."""
    house.advance(120)
    return pull(place.source, place.mirror, place.clock, start=place.start, respect_cadence=respect_cadence)


def asked(house: House) -> dict[str, int]:
    """Requests since the last time this was asked, by endpoint."""
    counts: dict[str, int] = house.control.requests()["by_endpoint"]
    house.control.reset_requests()
    return counts


def test_no_join_loses_a_ticket_and_nobody_is_asked_for_twice(house: House) -> None:
    """Erased people, deleted organizations and groups, and the system have rows that joins find, and one request each."""
    world = house.sandbox.world
    ids = sorted(house.unsolved())[:3]
    customer = world.tickets[ids[0]].requester_id
    company = next(ticket.organization_id for ticket in world.tickets.values() if ticket.organization_id)
    world.users[customer].is_erased = True
    world.users[customer].updated = int((NOW - timedelta(days=900)).timestamp())
    house.control.close(ids[1])
    world.organizations[company].deleted_at = world.clock.now()
    place = house.place()
    pulled(house, place)
    asked(house)
    for table, column in (
        ("users", "requester_id"),
        ("organizations", "organization_id"),
        ("groups", "group_id"),
    ):
        lost = f"select t.id from tickets t left join {table} o on o.id = t.{column} where o.id is null"
        assert house.query(f"{lost} and t.{column} is not null") == []
    assert house.query("select name, role, version from users where id = -1") == [("", None, 0)]
    for id in ids[2:]:
        house.control.agent_replies(id)
    pulled(house, place)
    assert not [name for name in asked(house) if "show_many" in name]
    assert [place.mirror.read_missing(stream) for stream in (Stream.USERS, Stream.GROUPS)] == [(), ()]


TABLES = {
    **{table: table for table in ("groups", "group_memberships", "ticket_fields", "user_fields")},
    **{
        table: table
        for table in ("organization_fields", "ticket_forms", "brands", "custom_statuses", "views")
    },
    **{table: table for table in ("triggers", "automations", "macros", "satisfaction_ratings")},
    "sla_policies": "slas/policies",
    "schedules": "business_hours/schedules",
    "ticket_metric_events": "ticket_metric_events",
}


def test_every_table_equals_the_account(house: House) -> None:
    """After changes of every kind, each living row is the account's, and nothing of the account is lacking."""
    place = house.place()
    pulled(house, place)
    control, world = house.control, house.sandbox.world
    ids = sorted(house.unsolved())
    control.rate(ids[0], "bad", "Too slow")
    control.solve(ids[1])
    schedule = next(iter(world.tables["business_hours/schedules"].values()))
    schedule["intervals"] = schedule["intervals"][1:]
    world.holidays[schedule["id"]] = world.holidays[schedule["id"]][:1]
    del world.tables["macros"][next(iter(world.tables["macros"]))]
    house.advance(3700)
    pulled(house, place, respect_cadence=False)
    for table, name in TABLES.items():
        found = house.query(f"select id, raw from {table} where deleted_at is null")
        wanted = {row["id"]: row for row in control.truth(name) if not row.get("deleted")}
        mirrored = {id: json.loads(raw) for id, raw in found}
        assert {id: {k: v for k, v in raw.items() if k != "url"} for id, raw in mirrored.items()} == {
            id: json.loads(json.dumps(row)) for id, row in wanted.items()
        }, table
    holidays = [(row["id"], id) for id, rows in world.holidays.items() for row in rows]
    alive = "select id, schedule_id from schedule_holidays where deleted_at is null order by id"
    assert house.query(alive) == sorted(holidays)
    ended = "select id from kept_versions where valid_until is not null order by table_name, id"
    assert len(house.query(ended)) == 3
    recent = world.clock.now() - 60 * 86_400
    used = {tag for ticket in world.living_tickets() if ticket.updated >= recent for tag in ticket.tags}
    assert {name for (name,) in house.query("select name from tags where deleted_at is null")} == used


def test_a_deleted_organization_is_a_tombstone(house: House) -> None:
    """The export tells when; the row stays for the tickets that name it."""
    place = house.place()
    pulled(house, place)
    company = next(iter(house.sandbox.world.organizations.values()))
    company.deleted_at = house.sandbox.world.clock.now()
    house.sandbox.world.touch_organization(company, company.deleted_at)
    pulled(house, place, respect_cadence=False)
    gone = f"select name, deleted_at is not null from organizations where id = {company.id}"
    assert house.query(gone) == [(company.name, True)]


def test_a_fast_cycle_spends_two_exports(house: House) -> None:
    """Over an hour, no cycle needs more than a third export; users, organizations and metric events take turns."""
    place = house.place()
    pulled(house, place)
    asked(house)
    counts = []
    for _ in range(30):
        pulled(house, place)
        requests = asked(house)
        counts.append(sum(count for name, count in requests.items() if "/incremental/" in name))
        assert sum(requests.values()) <= (30 if len(counts) == 30 else 4)
    assert max(counts) == 3
    assert sum(counts) <= 2 * 30 + 3 * 4


def test_what_the_account_does_not_allow_is_asked_for_at_its_time(house: House) -> None:
    """A refused stream is skipped with its reason until its cadence comes round, and not asked for in every cycle."""
    house.control.set_options(denied=["slas/policies"])
    place = house.place()
    assert Stream.SLA_POLICIES in pulled(house, place).skipped
    (status,) = (one for one in place.mirror.read_streams() if one.stream is Stream.SLA_POLICIES)
    assert status.skipped
    assert Stream.SLA_POLICIES not in pulled(house, place).skipped
    house.control.set_options(denied=[])
    house.advance(3600)
    assert pulled(house, place).rows[Stream.SLA_POLICIES] == 1


def rows_of(house: House) -> dict[str, list[tuple[object, ...]]]:
    """Everything living in the mirror but when it was written."""
    columns = {
        "tickets": "id, status, group_id, subject, tags",
        "ticket_tags": "ticket_id, tag",
        "users": "id, name, email",
        "organizations": "id, name",
        "ticket_events": "id, ticket_id, updater_id",
        "ticket_comments": "id, body",
    }
    alive = {table: "" if table == "ticket_tags" else " where deleted_at is null" for table in columns}
    return {
        table: house.query(f"select {names} from {table}{alive[table]} order by 1, 2")
        for table, names in columns.items()
    }


def spoil(house: House, *statements: str) -> None:
    engine = create_engine(house.url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_a_full_pull_mends_everything_and_buries_what_is_gone(house: House) -> None:
    """Rows that were spoiled, lost or never existed are as the account has them; readers never see less."""
    place = house.place()
    pulled(house, place)
    before = rows_of(house)
    (one, other), user = (
        house.query("select id, id from tickets order by id limit 2"),
        "update users set name = 'x'",
    )
    spoil(
        house,
        f"update tickets set subject = 'spoiled', tags = '[]' where id = {one[0]}",
        f"delete from ticket_tags where ticket_id = {one[0]}",
        f"delete from tickets where id = {other[0]}",
        f"{user} where id in (select requester_id from tickets)",
        "insert into tickets (id, version, synced_at, updated_at, tags) select 999999, max(version) - 5,"
        " max(synced_at), max(updated_at), '[]' from tickets",
        "insert into ticket_comments (id, ticket_id, version, synced_at, created_at, body)"
        " select 5, 1, 0, max(synced_at), max(created_at), 'ghost' from ticket_comments",
        "delete from ticket_comments where id in (select id from ticket_comments where id > 5 limit 3)",
    )
    checkpoint = place.mirror.read_checkpoint(Stream.TICKETS)
    house.advance(120)
    pull(place.source, place.mirror, place.clock, start=place.start, is_full=True)
    found = rows_of(house)
    for table, wanted in before.items():
        assert found[table] == wanted, table
    assert house.query("select deleted_at is not null from tickets where id = 999999") == [(True,)]
    assert place.mirror.read_checkpoint(Stream.TICKETS) != checkpoint
    pulled(house, place)
    assert rows_of(house) == before


def test_a_full_pull_that_is_killed_leaves_the_place_of_ordinary_pulls(house: House) -> None:
    """No checkpoint moves before the last page of its stream."""
    place = house.place()
    pulled(house, place)
    checkpoints = {stream: place.mirror.read_checkpoint(stream) for stream in Stream}

    for stream in (Stream.USERS, Stream.TICKETS, Stream.EVENTS):
        with pytest.raises(KeyboardInterrupt):
            pull(
                Killed(place.source),
                place.mirror,
                place.clock,
                start=place.start,
                streams=[stream],
                is_full=True,
            )
        assert place.mirror.read_checkpoint(stream) == checkpoints[stream]


class Killed:
    """A source whose first page is its last deed, though more would follow."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def fetch_pages(self, *args: Any) -> Iterator[Any]:
        page = next(self._source.fetch_pages(*args))
        yield replace(page, end_of_stream=False)
        raise KeyboardInterrupt


def test_verify_finds_and_mends_what_differs(house: House) -> None:
    """Nothing differs after a pull; what was spoiled is found by its sample, told and mended, in a handful of requests."""
    place = house.place()
    pulled(house, place)
    pulled(house, place, respect_cadence=False)
    asked(house)
    fine = verify(place.source, place.mirror, place.clock, start=place.start)
    assert fine.is_equal
    assert fine.compared.keys() == {Stream.TICKETS, Stream.USERS, Stream.ORGANIZATIONS, Stream.EVENTS}
    assert sum(asked(house).values()) <= 12
    assert fine.counted is not None
    assert fine.counted[0] == fine.counted[1]
    before = rows_of(house)
    ids = [id for (id,) in house.query("select id from tickets where deleted_at is null order by id limit 3")]
    ghost = "insert into tickets (id, version, synced_at, updated_at, tags) select 999999, 5, max(synced_at),"
    spoil(
        house,
        f"update tickets set subject = 'spoiled', tags = '[]' where id = {ids[0]}",
        f"delete from ticket_tags where ticket_id = {ids[0]}",
        f"update tickets set deleted_at = synced_at where id = {ids[1]}",
        f"{ghost} max(updated_at), '[]' from tickets",
        "update organizations set name = 'x'",
    )
    found = verify(place.source, place.mirror, place.clock, start=place.start)
    assert not found.is_equal
    assert found.differed[Stream.TICKETS] == 2
    assert found.differed[Stream.ORGANIZATIONS] == len(before["organizations"])
    spoil(house, f"update tickets set deleted_at = null where id = {ids[1]}")
    assert rows_of(house) == before
    assert verify(place.source, place.mirror, place.clock, start=place.start).is_equal


def saying(house: House, word: str) -> list[str]:
    """Tables that hold the word anywhere."""
    tables = "tickets users organizations ticket_events ticket_comments satisfaction_ratings text_findings"
    return [table for table in tables.split() if word in str(house.query(f"select * from {table}"))]


def test_old_unsolved_tickets_get_their_history_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few per pull, told in the status, whatever is killed between; then every case is whole and nobody asks again."""
    monkeypatch.setattr("zdsync.runs.pull.HISTORIES_PER_PULL", 2)
    place = house.place(start=NOW - timedelta(hours=1))
    numbers = []
    for _ in range(20):
        pulled(house, place)
        numbers.append(asked(house).get("GET /tickets/<int:ident>/audits", 0))
        house.close()
        place = house.place(start=NOW - timedelta(hours=1))
        status = next(one for one in place.mirror.read_streams() if one.stream is Stream.EVENTS)
        if not place.mirror.read_missing(Stream.EVENTS):
            break
        assert status.missing > 0
    assert len(numbers) > 1
    assert max(numbers) == 2
    began = (NOW - timedelta(hours=1)).timestamp()
    old = [id for id in house.unsolved() if house.sandbox.world.tickets[id].created < began]
    assert sum(numbers) == len(old)
    cases = list(place.mirror.read_cases())
    assert len(cases) == len(house.unsolved())
    assert all(case.has_whole_history for case in cases)
    house.control.customer_creates()
    house.control.agent_replies(cases[0].ticket.id)
    for _ in range(2):
        pulled(house, place)
    assert "GET /tickets/<int:ident>/audits" not in asked(house)


def test_a_ticket_that_comes_back_gets_its_history(house: House) -> None:
    """One solved before the mirror began is read when it is reopened, as soon as the account allows it."""
    place = house.place(start=NOW - timedelta(minutes=1))
    for _ in range(6):
        pulled(house, place)
    asked(house)
    solved = next(id for id, row in house.sandbox.world.tickets.items() if row.status == "solved")
    house.control.reopen(solved)
    house.control.set_options(denied=[f"tickets/{solved}/audits"])
    pulled(house, place)
    assert place.mirror.read_missing(Stream.EVENTS) == (solved,)
    house.control.set_options(denied=[])
    pulled(house, place)
    (case,) = place.mirror.read_cases([TicketId(solved)])
    assert case.has_whole_history


def test_what_was_redacted_is_nowhere(house: House) -> None:
    """The comment, its event, its raw forms and the description say it no more; one more request for that ticket."""
    place = house.place()
    ticket = house.control.customer_creates("A secret", "The word is Rumpelstiltskin.")
    house.control.agent_notes(ticket, "Rumpelstiltskin? Noted.")
    house.advance(9)
    house.control.customer_creates()
    pulled(house, place)
    pulled(house, place)
    assert saying(house, "Rumpelstiltskin")
    asked(house)
    assert house.control.redact(ticket, "Rumpelstiltskin") == 2
    pulled(house, place)
    assert saying(house, "Rumpelstiltskin") == []
    assert asked(house)["GET /tickets/<int:ident>/audits"] == 1
    pulled(house, place)
    assert "GET /tickets/<int:ident>/audits" not in asked(house)


def test_what_was_scrubbed_is_nowhere(house: House) -> None:
    """A ticket deleted for good keeps its events and comments as empty tombstones."""
    place = house.place()
    ticket = house.control.customer_creates("About Rumpelstiltskin", "Rumpelstiltskin, 4111 1111 1111 1111")
    house.control.agent_replies(ticket, "Hello Rumpelstiltskin")
    house.control.rate(ticket, "bad", "Rumpelstiltskin!")
    pulled(house, place)
    pulled(house, place, respect_cadence=False)
    assert saying(house, "Rumpelstiltskin")
    house.control.destroy(ticket)
    pulled(house, place)
    assert saying(house, "Rumpelstiltskin") == []
    assert house.query(f"select count(*) from text_findings where ticket_id = {ticket}") == [(0,)]
    alive = f"where ticket_id = {ticket} and deleted_at is null"
    for table in ("ticket_events", "ticket_comments"):
        assert house.query(f"select count(*) from {table} {alive}") == [(0,)]
        assert house.query(f"select count(*) from {table} where ticket_id = {ticket}") > [(0,)]


def test_people_and_organizations_follow_the_account(house: House) -> None:
    """Renamed, moved, merged and erased: the newest state replaces the old one, raw included."""
    place = house.place()
    pulled(house, place)
    control, world = house.control, house.sandbox.world
    one, other, erased = [user for user in world.users.values() if user.role == "end-user" and user.email][:3]
    company = next(iter(world.organizations))
    gone = erased.name, str(erased.email)
    assert all(saying(house, word) for word in gone)
    control.change_user(one.id, {"name": "New name", "tags": ["moved"]})
    control.merge_users(one.id, other.id)
    control.delete_user(erased.id, permanently=True)
    control.change_organization(company, {"name": "New company", "domain_names": ["new.example"]})
    pulled(house, place, respect_cadence=False)
    assert house.query(f"select name, deleted_at is not null from users where id = {one.id}") == [
        ("New name", True)
    ]
    assert house.query(f"select name from organizations where id = {company}") == [("New company",)]
    row = str(house.query(f"select * from users where id = {erased.id}"))
    assert not [word for word in gone if word in row]


def test_people_found_missing_lose_their_data(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody whom the account does not know any more is emptied by the comparison, even if no export tells."""
    place = house.place()
    pulled(house, place)
    pulled(house, place, respect_cadence=False)
    monkeypatch.setattr("zdsync.runs.verify.SAMPLE", 10_000)
    ((id,),) = house.query("select max(id) from users where role = 'end-user' and deleted_at is null")
    house.sandbox.world.users[id].is_erased = True
    found = verify(place.source, place.mirror, place.clock, start=place.start)
    assert found.differed[Stream.USERS] == 1
    row = house.query(f"select name, email, raw, deleted_at is not null from users where id = {id}")
    assert row == [("", None, "{}", True)]


@pytest.mark.parametrize("ceiling", [Ceiling(2, timedelta(hours=1)), Ceiling(999, timedelta(0))])
def test_a_pull_ends_at_its_ceiling_and_the_next_one_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch, ceiling: Ceiling
) -> None:
    """By pages or by time: what was recorded stays, streams not reached wait, and it is told where the pull ended."""
    for stream in (Stream.TICKETS, Stream.EVENTS):
        small = replace(pages.EXPORTS[stream], page_size=60 if stream is Stream.EVENTS else 15)
        exports: Any = pages.EXPORTS
        monkeypatch.setitem(exports, stream, small)
    place = house.place()
    house.advance(120)
    cuts: list[Stream | None] = [Stream.TICKETS]
    rows: list[int] = []
    while cuts[-1] is not None:
        pulled = pull(
            place.source,
            place.mirror,
            place.clock,
            start=place.start,
            ceiling=ceiling,
            streams=[Stream.TICKETS, Stream.EVENTS],
        )
        cuts.append(pulled.cut)
        ((count,),) = house.query("select count(*) from tickets")
        rows.append(count)
        assert len(cuts) < 200
    assert {Stream.TICKETS, Stream.EVENTS} <= set(cuts[1:])
    assert rows[0] < rows[-1] == len(house.sandbox.world.tickets)
    house.assert_mirror_is_true()
