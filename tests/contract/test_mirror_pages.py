"""Pages into the mirror: versions, replays, tombstones, derived tables and checkpoints, on both databases."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.mirror import rows
from tests.unit.mirror.rows import at, content, page, record_page, tickets_page
from zdsync.errors import MirrorError
from zdsync.mirror.schema import DERIVED, MIRRORED
from zdsync.mirror.store import MirrorStore
from zdsync.mirror.tables_own import zdsync_checkpoints, zdsync_missing
from zdsync.mirror.tables_tickets import text_findings, ticket_comments, ticket_tags, tickets
from zdsync.streams import Checkpoint, Page, Stream

GROUPS = MIRRORED["groups"]
USERS = MIRRORED["users"]


def the(mirror: MirrorStore, table: Any, id: int) -> dict[str, Any]:
    return next(row for row in content(mirror, table) if row["id"] == id)


def test_every_value_comes_back_as_it_went_in(mirror: MirrorStore) -> None:
    """Texts of any content and size, 64-bit ids, aware moments, JSON and nulls are kept exactly."""
    hostile: dict[str, Any] = {
        "subject": '\'; DROP TABLE tickets; --\t"quoted" \\N \\. 100 % ? :name %s',
        "description": "ünïcødé 🦊👩‍👩‍👧 \u202e " + "long " * 12_000 + "\r\n",
        "external_id": "",
        "requester_id": 2**63 - 1,
        "due_at": datetime(2026, 3, 29, 1, 30, 0, 250_000, tzinfo=UTC),
        "custom_fields": [{"id": 2**63 - 1, "value": "SELECT 1"}, {"id": 2, "value": [True, None, 1.5]}],
        "raw": {"nested": {"deep": ["\\", '"', "\n", "𝕏"]}, "n": -(2**63)},
        "tags": ["a'b", "größe", "x,y"],
    }
    record_page(mirror, tickets_page(rows.ticket(2**63 - 1, **hostile)))
    stored = the(mirror, tickets, 2**63 - 1)
    assert {name: stored[name] for name in hostile} == hostile
    assert stored["created_at"].tzinfo is UTC
    assert stored["priority"] is None
    assert {row["tag"] for row in content(mirror, ticket_tags)} == set(hostile["tags"])


def test_rows_of_every_table_are_taken(mirror: MirrorStore) -> None:
    """Each mirrored table takes a row of its columns, and tells when it was written."""
    for number, name in enumerate(MIRRORED, start=1):
        key = {"name": str(number)} if name == "tags" else {"id": number}
        one: dict[str, Any] = {name: [rows.record(name, **key)]}
        assert mirror.record_page(page(Stream.TICKETS, **one), None, at(1)) == 1
        assert content(mirror, MIRRORED[name], without=())[0]["synced_at"] == at(1)


def test_a_replayed_page_changes_nothing(mirror: MirrorStore) -> None:
    """The second time a page arrives, no row counts as new and none is written."""
    first = tickets_page(rows.ticket(1, tags=["a"]), rows.ticket(2), users=[rows.user(900)])
    assert mirror.record_page(first, None, at(1)) == 3
    assert mirror.record_page(first, None, at(2)) == 0
    assert all(row["synced_at"] == at(1) for row in content(mirror, tickets, without=()))


def test_a_page_of_known_and_unknown_rows_writes_both(mirror: MirrorStore) -> None:
    """Rows that the mirror lacks, has, has differently and has deleted may come together, in any table."""
    record_page(
        mirror,
        tickets_page(
            rows.ticket(1, tags=["a"]), rows.ticket(3, tags=["c"]), users=[rows.user(900), rows.user(902)]
        ),
    )
    mixed = tickets_page(
        rows.ticket(1, tags=["a"]),
        rows.ticket(2, tags=["b", "a"]),
        rows.ticket(3, 5, tags=["c", "d"], status="pending"),
        rows.ticket(4, 5, status="deleted"),
        users=[rows.user(900), rows.user(901), rows.user(902, 5, active=False)],
    )
    assert record_page(mirror, mixed) == 5
    assert {row["id"]: row["status"] for row in content(mirror, tickets)} == {
        1: "open",
        2: "open",
        3: "pending",
        4: "deleted",
    }
    tags = {(row["ticket_id"], row["tag"]) for row in content(mirror, ticket_tags)}
    assert tags == {(1, "a"), (2, "a"), (2, "b"), (3, "c"), (3, "d")}
    users = {row["id"]: row["deleted_at"] for row in content(mirror, USERS, without=())}
    assert users == {900: None, 901: None, 902: at(5)}


def test_an_older_version_never_replaces_a_newer_one(mirror: MirrorStore) -> None:
    """A late page loses, also for tags; an equally old row that differs wins, since it came later."""
    record_page(mirror, tickets_page(rows.ticket(1, 20, status="pending", tags=["new"])))
    assert record_page(mirror, tickets_page(rows.ticket(1, 10, status="open", tags=["old"]))) == 0
    assert the(mirror, tickets, 1)["status"] == "pending"
    assert content(mirror, ticket_tags) == [{"ticket_id": 1, "tag": "new"}]
    assert record_page(mirror, tickets_page(rows.ticket(1, 20, status="hold", tags=["new"]))) == 1
    assert the(mirror, tickets, 1)["status"] == "hold"


def test_a_ticket_without_generated_timestamp_is_as_old_as_its_update(mirror: MirrorStore) -> None:
    """Tickets read back after a write (which carry no generated_timestamp) replace older exports, and only those."""
    record_page(mirror, tickets_page(rows.ticket(1, 10)))
    assert record_page(mirror, tickets_page(rows.ticket(1, 5, generated_timestamp=None, priority="low"))) == 0
    assert (
        record_page(mirror, tickets_page(rows.ticket(1, 12, generated_timestamp=None, priority="high"))) == 1
    )
    assert record_page(mirror, tickets_page(rows.ticket(1, 11, priority="urgent"))) == 0
    assert the(mirror, tickets, 1)["priority"] == "high"


def test_of_one_ticket_twice_in_a_page_the_newest_stays(mirror: MirrorStore) -> None:
    """A page may hold a row several times; the newest is written, of equally old ones the last."""
    twice = [rows.ticket(1, 9, subject="late"), rows.ticket(1, 5), rows.ticket(1, 9, subject="last")]
    assert record_page(mirror, tickets_page(*twice)) == 1
    assert the(mirror, tickets, 1)["subject"] == "last"


def test_tags_follow_the_ticket(mirror: MirrorStore) -> None:
    """ticket_tags holds exactly the tags of the accepted row."""
    record_page(mirror, tickets_page(rows.ticket(1, 1, tags=["a", "b"])))
    record_page(mirror, tickets_page(rows.ticket(1, 2, tags=["b", "c"])))
    assert [row["tag"] for row in content(mirror, ticket_tags)] == ["b", "c"]


def test_a_deleted_ticket_becomes_a_tombstone_and_may_return(mirror: MirrorStore) -> None:
    """Deletion keeps the row, dates it, and takes its tags; a restored ticket has both again."""
    record_page(mirror, tickets_page(rows.ticket(1, 1, tags=["a"])))
    record_page(mirror, tickets_page(rows.ticket(1, 2, status="deleted", tags=["a"])))
    assert the(mirror, tickets, 1)["deleted_at"] == at(2)
    assert content(mirror, ticket_tags) == []
    assert mirror.count_unsolved() == 0
    record_page(mirror, tickets_page(rows.ticket(1, 3, tags=["a"])))
    assert the(mirror, tickets, 1)["deleted_at"] is None
    assert content(mirror, ticket_tags) == [{"ticket_id": 1, "tag": "a"}]


def test_a_whole_list_turns_what_it_lacks_into_tombstones(mirror: MirrorStore) -> None:
    """A group missing from the list is gone; only the list, no side-loaded row, brings it back."""
    record_page(mirror, page(Stream.GROUPS, 1, whole=True, groups=[rows.group(1), rows.group(2)]))
    assert record_page(mirror, page(Stream.GROUPS, 2, whole=True, groups=[rows.group(1)])) == 1
    assert the(mirror, GROUPS, 2)["deleted_at"] == at(2)
    record_page(mirror, tickets_page(served=3, groups=[rows.group(2, 3, name="Renamed")]))
    assert the(mirror, GROUPS, 2)["name"] == "Renamed"
    assert the(mirror, GROUPS, 2)["deleted_at"] == at(2)
    record_page(mirror, page(Stream.GROUPS, 4, whole=True, groups=[rows.group(1), rows.group(2, 3)]))
    assert the(mirror, GROUPS, 2)["deleted_at"] is None
    assert the(mirror, GROUPS, 1)["deleted_at"] is None


def test_a_schedule_takes_its_holidays_along(mirror: MirrorStore) -> None:
    """Holidays that the list of schedules came without are gone; a tag is known by its name."""
    holiday = rows.record("schedule_holidays", id=5, schedule_id=1)
    schedule = rows.record("schedules", id=1, updated_at=at(0))
    for minutes, holidays in ((1, [holiday]), (2, [])):
        listed = page(Stream.SCHEDULES, minutes, whole=True, schedules=[schedule], schedule_holidays=holidays)
        record_page(mirror, listed)
    assert the(mirror, MIRRORED["schedule_holidays"], 5)["deleted_at"] == at(2)
    used = [rows.record("tags", name=name, count=1) for name in ("a", "b")]
    record_page(mirror, page(Stream.TAGS, 3, whole=True, tags=used))
    record_page(mirror, page(Stream.TAGS, 4, whole=True, tags=used[1:]))
    tags = content(mirror, MIRRORED["tags"])
    assert [(tag["name"], tag["deleted_at"]) for tag in tags] == [("a", at(4)), ("b", None)]


def test_an_outdated_whole_list_changes_nothing(mirror: MirrorStore) -> None:
    """A list served before the one recorded last neither brings back nor takes away."""
    record_page(mirror, page(Stream.GROUPS, 5, whole=True, groups=[rows.group(1)]))
    assert record_page(mirror, page(Stream.GROUPS, 4, whole=True, groups=[rows.group(2)])) == 0
    assert [row["id"] for row in content(mirror, GROUPS)] == [1]


def test_a_side_loaded_group_that_says_it_is_deleted_is_gone(mirror: MirrorStore) -> None:
    """Zendesk's own mark of deletion counts wherever it comes from; a deleted user is told by `active`."""
    record_page(
        mirror, tickets_page(groups=[rows.group(1, 7, deleted=True)], users=[rows.user(2, 8, active=False)])
    )
    assert the(mirror, GROUPS, 1)["deleted_at"] == at(7)
    assert the(mirror, USERS, 2)["deleted_at"] == at(8)


def test_options_are_whole_for_the_fields_of_the_page(mirror: MirrorStore) -> None:
    """An option that its field no longer lists is gone; options of fields not in the page stay."""

    def option(id: int, field: int) -> dict[str, Any]:
        return rows.record(
            "ticket_field_options", id=id, ticket_field_id=field, name=f"O{id}", value=f"v{id}", position=id
        )

    def field(id: int) -> dict[str, Any]:
        return rows.record("ticket_fields", id=id, title=f"F{id}", type="tagger", updated_at=at(0))

    both = [option(11, 1), option(12, 1), option(21, 2)]
    record_page(
        mirror,
        page(
            Stream.TICKET_FIELDS, 1, whole=True, ticket_fields=[field(1), field(2)], ticket_field_options=both
        ),
    )
    record_page(
        mirror, page(Stream.TICKET_FIELDS, 2, ticket_fields=[field(1)], ticket_field_options=[option(12, 1)])
    )
    fields = mirror.read_account().ticket_fields
    assert [(f.id, [o.value for o in f.options]) for f in fields] == [(1, ["v12"]), (2, ["v21"])]
    record_page(mirror, page(Stream.TICKET_FIELDS, 3, whole=True, ticket_fields=[field(1)]))
    assert [(f.id, f.options) for f in mirror.read_account().ticket_fields] == [(1, ())]


def test_a_redaction_replaces_a_comment_and_stays(mirror: MirrorStore) -> None:
    """The same comment served later with another body wins; the page it replaced cannot take it back."""
    first = page(Stream.EVENTS, 1, ticket_comments=[rows.comment(5, 1, 50, body="my card is 4111")])
    later = page(Stream.EVENTS, 9, ticket_comments=[rows.comment(5, 1, 50, body="my card is ▇▇▇▇")])
    record_page(mirror, first)
    assert record_page(mirror, later) == 1
    assert record_page(mirror, first) == 0
    assert the(mirror, ticket_comments, 5)["body"] == "my card is ▇▇▇▇"


def test_findings_belong_to_the_row_that_they_came_with(mirror: MirrorStore) -> None:
    """An accepted ticket or comment brings its findings and loses its former ones; others are left alone."""
    record_page(mirror, tickets_page(rows.ticket(1, 5), text_findings=[rows.finding(1, 0, "iban")]))
    written = page(
        Stream.EVENTS,
        6,
        ticket_comments=[rows.comment(7, 1, 70)],
        text_findings=[rows.finding(1, 7, "card", count=2), rows.finding(1, 8, "stray")],
    )
    record_page(mirror, written)
    record_page(mirror, tickets_page(rows.ticket(1, 4), text_findings=[rows.finding(1, 0, "stale")]))
    assert [(f["comment_id"], f["detector"]) for f in content(mirror, text_findings)] == [
        (0, "iban"),
        (7, "card"),
    ]
    record_page(mirror, tickets_page(rows.ticket(1, 6), text_findings=[rows.finding(1, 0, "email")]))
    record_page(mirror, page(Stream.EVENTS, 8, ticket_comments=[rows.comment(7, 1, 70, body="▇")]))
    assert [(f["comment_id"], f["detector"]) for f in content(mirror, text_findings)] == [(0, "email")]


def test_users_named_but_lacking_are_listed_until_they_come(mirror: MirrorStore) -> None:
    """Requesters, submitters, assignees, authors and updaters without a user row, the system (-1) among them."""
    record_page(
        mirror, tickets_page(rows.ticket(1, assignee_id=3, submitter_id=None), users=[rows.user(900)])
    )
    named = page(
        Stream.EVENTS,
        ticket_comments=[rows.comment(5, 1, 50, author_id=4), rows.comment(6, 1, 50, author_id=-1)],
        ticket_events=[rows.event(50, 1, updater_id=5), rows.event(51, 1, updater_id=-1)],
    )
    record_page(mirror, named)
    assert mirror.read_missing(Stream.USERS) == (-1, 3, 4, 5)
    record_page(mirror, page(Stream.USERS, users=[rows.user(4), rows.user(5)]))
    record_page(mirror, named)
    assert mirror.read_missing(Stream.USERS) == (-1, 3)


def test_organizations_and_groups_that_tickets_name_are_listed(mirror: MirrorStore) -> None:
    """Those that came along with the ticket or before it are not missing."""
    record_page(mirror, page(Stream.GROUPS, groups=[rows.group(6)]))
    tickets_ = [
        rows.ticket(1, group_id=6, organization_id=60),
        rows.ticket(2, group_id=7),
        rows.ticket(3, group_id=8),
    ]
    record_page(mirror, tickets_page(*tickets_, groups=[rows.group(7)]))
    assert mirror.read_missing(Stream.ORGANIZATIONS) == (60,)
    assert mirror.read_missing(Stream.GROUPS) == (8,)


@pytest.mark.parametrize("stream", [Stream.USERS, Stream.ORGANIZATIONS, Stream.GROUPS])
def test_what_the_account_does_not_have_gets_a_stub(mirror: MirrorStore, stream: Stream) -> None:
    """A deleted row without content, for joins; never asked for again; a row of the account's own replaces it."""
    record_page(mirror, tickets_page(rows.ticket(1, requester_id=5, organization_id=5, group_id=5)))
    for minutes in (1, 2):
        mirror.record_absent(stream, [5], at(minutes))
    record_page(mirror, tickets_page(rows.ticket(1, 1, requester_id=5, organization_id=5, group_id=5)))
    assert 5 not in mirror.read_missing(stream)
    stub = the(mirror, MIRRORED[stream.value], 5)
    assert (stub["name"], stub["raw"], stub["version"]) == ("", {}, 0)
    assert stub["deleted_at"] == at(2)
    assert stub.get("role") is None
    record = {"users": rows.user, "organizations": rows.organization, "groups": rows.group}[stream.value](5)
    record_page(mirror, Page(stream, {stream.value: [record]}, at(3), is_whole=stream is Stream.GROUPS))
    found = the(mirror, MIRRORED[stream.value], 5)
    assert (found["name"], found["deleted_at"]) == (record["name"], None)
    mirror.record_absent(stream, [5], at(9))
    assert the(mirror, MIRRORED[stream.value], 5) == found


def test_a_checkpoint_is_stored_with_its_page(mirror: MirrorStore) -> None:
    """What was given comes back; a page without checkpoint leaves it alone."""
    assert mirror.read_checkpoint(Stream.TICKETS) is None
    checkpoint = Checkpoint(Stream.TICKETS, "YWJj==", at(3))
    mirror.record_page(tickets_page(rows.ticket(1)), checkpoint, at(4))
    mirror.record_page(tickets_page(rows.ticket(2)), None, at(5))
    assert mirror.read_checkpoint(Stream.TICKETS) == checkpoint
    assert content(mirror, zdsync_checkpoints)[0]["pulled_at"] == at(4)


def test_a_page_that_cannot_be_written_leaves_no_trace(mirror: MirrorStore) -> None:
    """Rows, tags, missing users and checkpoint go back together when one row is refused."""
    bad = tickets_page(rows.ticket(1, tags=["a"]), users=[rows.user(2**70)])
    with pytest.raises(MirrorError, match="users"):
        record_page(mirror, bad)
    assert content(mirror, tickets) == content(mirror, ticket_tags) == content(mirror, zdsync_missing) == []
    assert mirror.read_checkpoint(Stream.TICKETS) is None


KILLED = """
import os, sys
from tests.fakes.clock import FakeClock
from tests.unit.mirror import rows
from zdsync.mirror import streams
from zdsync.mirror.store import open_mirror

def die(*_args: object) -> None:
    os.kill(os.getpid(), 9)

streams.record_checkpoint = die
store = open_mirror(sys.argv[1], clock=FakeClock())
rows.record_page(store, rows.tickets_page(rows.ticket(1, 5, tags=["late"]), rows.ticket(2)))
"""


def test_kill_between_rows_and_checkpoint_separates_nothing(mirror: MirrorStore, database_url: str) -> None:
    """A process killed after the rows and before the checkpoint has written neither, and blocks nobody."""
    record_page(mirror, tickets_page(rows.ticket(1, 1, tags=["early"])))
    died = subprocess.run([sys.executable, "-c", KILLED, database_url], check=False, timeout=60)
    assert died.returncode == -9
    assert [row["id"] for row in content(mirror, tickets)] == [1]
    assert content(mirror, ticket_tags) == [{"ticket_id": 1, "tag": "early"}]
    assert record_page(mirror, tickets_page(rows.ticket(1, 5, tags=["late"]), rows.ticket(2))) == 2


def _history(draw: st.DataObject) -> list[Page]:
    """Pages of a small world, in which a version of a row always has the same content."""
    pages = []
    for served in range(draw.draw(st.integers(2, 6), label="pages")):
        versions = draw.draw(
            st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5)), max_size=5), label="rows"
        )
        found = [rows.finding(id, 0, f"d{version}") for id, version in versions if version % 2]
        tickets_ = [
            rows.ticket(
                id, version, status=("open", "deleted", "solved")[version % 3], tags=[f"t{version}", "all"]
            )
            for id, version in versions
        ]
        users = [rows.user(id, version, name=f"{id}.{version}") for id, version in versions]
        comments = [rows.comment(id * 10, id, 1, body=f"{served}") for id, _ in versions]
        pages.append(
            tickets_page(
                *tickets_, served=served, users=users, ticket_comments=comments, text_findings=_last(found)
            )
        )
    return pages


def _last(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of several versions of a ticket in a page, the findings of the newest, as the one who makes pages sees to it."""
    newest: dict[int, dict[str, Any]] = {}
    for each in found:
        known = newest.get(each["ticket_id"])
        if known is None or each["detector"] >= known["detector"]:
            newest[each["ticket_id"]] = each
    return list(newest.values())


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_replayed_and_shuffled_give_the_same_mirror(mirror: MirrorStore, data: st.DataObject) -> None:
    """Whatever order pages arrive in, and however often, tickets, tags, users and comments end the same."""
    pages = _history(data)
    tables = (tickets, ticket_tags, USERS, ticket_comments)
    _empty(mirror)
    for each in pages:
        record_page(mirror, each)
    expected = [content(mirror, table) for table in tables]
    _empty(mirror)
    again = pages + data.draw(st.lists(st.sampled_from(pages), max_size=4), label="replayed")
    random.Random(data.draw(st.integers(0, 999), label="order")).shuffle(again)
    for each in again:
        record_page(mirror, each)
    assert [content(mirror, table) for table in tables] == expected


def _empty(mirror: MirrorStore) -> None:
    with mirror.database.writing() as connection:
        for table in (*MIRRORED.values(), *DERIVED, zdsync_missing):
            connection.execute(table.delete())
