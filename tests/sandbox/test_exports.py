"""The incremental exports keep Zendesk's rules of time, order and repetition."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import HOST, NOW, Api

START = int(NOW.timestamp())


def pages(api: Api, path: str, rows: str) -> list[Any]:
    """All rows of a cursor export."""
    found, body = [], api.get(path)
    found += body[rows]
    while not body["end_of_stream"]:
        body = api.get(body["after_url"])
        found += body[rows]
    return found


def test_cursor_pages_hold_every_ticket_once(large: Api) -> None:
    """Small pages and one large page give the same rows in order of (generated_timestamp, id)."""
    rows = pages(large, "incremental/tickets/cursor.json?start_time=0&per_page=170", "tickets")
    keys = [(row["generated_timestamp"], row["id"]) for row in rows]
    assert keys == sorted(set(keys))
    visible = {t.id for t in large.sandbox.world.tickets.values() if t.support_type == "agent"}
    assert {row["id"] for row in rows} == visible
    assert rows == pages(large, "incremental/tickets/cursor.json?start_time=0", "tickets")


def test_cursor_envelope(large: Api) -> None:
    """`after_url` keeps the other parameters, and the last cursor resumes with nothing."""
    body = large.get("incremental/tickets/cursor?start_time=0&per_page=3&include=users,groups,organizations")
    assert body["after_url"].startswith(f"{HOST}/api/v2/incremental/tickets/cursor.json?")
    assert "per_page=3" in body["after_url"]
    assert "start_time" not in body["after_url"]
    assert body["before_url"] is None
    assert body["before_cursor"] is None
    requesters = {row["requester_id"] for row in body["tickets"]}
    assert requesters <= {user["id"] for user in body["users"]}
    end = large.get("incremental/tickets/cursor", start_time=START - 200)
    while not end["end_of_stream"]:
        end = large.get(end["after_url"])
    again = large.get(end["after_url"])
    assert again["tickets"] == []
    assert again["after_cursor"] == end["after_cursor"]


def test_the_last_minute_is_withheld(api: Api) -> None:
    """A change shows only when it is sixty seconds old, in tickets and in events."""
    cursor = pages_end(api)
    ticket = api.new_ticket()
    assert api.get(f"incremental/tickets/cursor?cursor={cursor}")["tickets"] == []
    api.sandbox.control.advance(59)
    assert api.get(f"incremental/tickets/cursor?cursor={cursor}")["tickets"] == []
    api.sandbox.control.advance(1)
    assert [row["id"] for row in api.get(f"incremental/tickets/cursor?cursor={cursor}")["tickets"]] == [
        ticket.id
    ]
    events = api.get("incremental/ticket_events", start_time=START - 1)["ticket_events"]
    assert [row["ticket_id"] for row in events] == [ticket.id]


def pages_end(api: Api) -> str:
    body = api.get("incremental/tickets/cursor?start_time=0")
    assert body["end_of_stream"]
    return str(body["after_cursor"]).replace("=", "%3D")


@pytest.mark.parametrize("path", ["tickets/cursor", "tickets", "ticket_events", "users", "organizations"])
def test_too_recent_start_time(api: Api, path: str) -> None:
    """start_time must be more than a minute old, and must be there."""
    answer = api.call("GET", f"incremental/{path}?start_time={START - 30}")
    assert answer.status_code == 400
    assert "60 seconds" in answer.text
    assert api.call("GET", f"incremental/{path}").status_code == 400


def test_system_changes_move_only_the_generated_timestamp(api: Api) -> None:
    """The row comes again with its old updated_at."""
    ticket = api.first(lambda t: t.status == "closed")
    api.sandbox.control.system_touch(ticket.id)
    api.sandbox.control.advance(61)
    rows = api.get("incremental/tickets/cursor", start_time=START - 60)["tickets"]
    row = next(row for row in rows if row["id"] == ticket.id)
    assert row["generated_timestamp"] == START
    assert row["updated_at"] < "2026-11-20T15:00:00Z"


def test_several_changes_are_one_row_and_several_events(api: Api) -> None:
    """The ticket export shows the latest state, the event export each step."""
    ticket = api.new_ticket()
    for priority in ("low", "high", "urgent"):
        api.sandbox.control.advance(10)
        api.sandbox.control.change(ticket.id, {"priority": priority})
    api.sandbox.control.advance(61)
    rows = api.get("incremental/tickets/cursor", start_time=START - 60)["tickets"]
    assert [row["priority"] for row in rows if row["id"] == ticket.id] == ["urgent"]
    events = api.get("incremental/ticket_events", start_time=START - 1)["ticket_events"]
    steps = [child.get("priority") for row in events for child in row["child_events"] if "priority" in child]
    assert steps == ["low", "high", "urgent"]


def test_time_pages_repeat_their_boundary(large: Api) -> None:
    """Each next page starts at the last row's second, so that row comes again; nothing is missed."""
    body = large.get("incremental/tickets.json?start_time=0&per_page=100")
    seen = [row["id"] for row in body["tickets"]]
    assert body["count"] == 100
    for _ in range(50):
        if body["end_of_stream"]:
            break
        last = body["tickets"][-1]["id"]
        assert body["next_page"].endswith(f"start_time={body['end_time']}")
        body = large.get(body["next_page"])
        assert last in [row["id"] for row in body["tickets"]]
        seen += [row["id"] for row in body["tickets"]]
    assert body["next_page"] is not None
    assert len(set(seen)) == len(large.sandbox.world.tickets) - len(large.sandbox.world.ai_agent_tickets)
    assert len(seen) > len(set(seen))


def test_support_type_scope(large: Api) -> None:
    """Tickets only an AI agent handled are absent unless asked for."""
    robots = large.sandbox.world.ai_agent_tickets
    everything = pages(large, "incremental/tickets/cursor?start_time=0&support_type_scope=all", "tickets")
    assert {row["id"] for row in everything} == set(large.sandbox.world.tickets)
    only = pages(large, "incremental/tickets/cursor?start_time=0&support_type_scope=ai_agent", "tickets")
    assert {row["id"] for row in only} == robots


def test_deleted_and_scrubbed_rows(large: Api) -> None:
    """Only exports say `deleted`; scrubbed rows have lost their text, tags and fields."""
    rows = {row["id"]: row for row in pages(large, "incremental/tickets/cursor?start_time=0", "tickets")}
    for ticket in large.sandbox.world.tickets.values():
        if ticket.id in rows:
            assert (rows[ticket.id]["status"] == "deleted") == ticket.is_deleted
    scrubbed = next(t for t in large.sandbox.world.tickets.values() if t.is_scrubbed)
    row = rows[scrubbed.id]
    assert (row["subject"], row["raw_subject"], row["description"]) == ("SCRUBBED", "SCRUBBED", "X")
    assert (row["tags"], row["custom_fields"], row["fields"]) == ([], [], [])
    gone = pages(large, "incremental/tickets/cursor?start_time=0&exclude_deleted=true", "tickets")
    assert not [row for row in gone if row["status"] == "deleted"]
    assert large.call("GET", f"tickets/{scrubbed.id}").status_code == 404


def test_event_rows(api: Api) -> None:
    """Changed fields are keys, tags come as differences, comments in full with the sideload only."""
    ticket = api.new_ticket()
    area = api.sandbox.world.by_name("ticket_fields", "Area")["id"]
    body = {
        "tags": ["a", "b"],
        "custom_fields": [{"id": area, "value": "billing"}],
        "comment": {"body": "look", "public": False},
        "metadata": {"zdsync": "key-1"},
    }
    assert api.put(f"tickets/{ticket.id}", {"ticket": body}).status_code == 200
    api.sandbox.control.advance(61)
    full = api.get("incremental/ticket_events", start_time=START, include="comment_events")["ticket_events"][
        -1
    ]
    bare = api.get("incremental/ticket_events", start_time=START)["ticket_events"][-1]
    assert full["event_type"] == "Audit"
    assert full["metadata"]["custom"] == {"zdsync": "key-1"}
    kinds = [child["event_type"] for child in full["child_events"]]
    assert kinds[0] == "Comment"
    assert set(kinds[1:]) == {"Change"}
    comment = full["child_events"][0]
    assert (comment["body"], comment["public"], comment["audit_id"]) == ("look", False, full["id"])
    assert bare["child_events"][0]["comment_public"] is False
    assert "body" not in bare["child_events"][0]
    tags = next(child for child in full["child_events"] if "added_tags" in child)
    assert tags["removed_tags"] == []
    assert "billing" in tags["added_tags"]
    assert any(child.get("custom_ticket_fields") == {str(area): "billing"} for child in full["child_events"])


def test_a_full_second_blocks_small_time_pages(api: Api) -> None:
    """Time paging cannot advance past a second with more rows than a page, as on the real API."""
    for _ in range(6):
        api.new_ticket()
    api.sandbox.control.advance(61)
    body = api.get("incremental/ticket_events", start_time=START, per_page=5)
    assert body["end_time"] == START
    assert not body["end_of_stream"]
    assert api.get("incremental/ticket_events", start_time=START, per_page=6)["end_of_stream"]


def test_users_and_organizations(api: Api) -> None:
    """Both exports follow changes by time."""
    world = api.sandbox.world
    user = next(u for u in world.users.values() if u.role == "end-user")
    organization = next(iter(world.organizations.values()))
    api.sandbox.control.change_user(user.id, {"name": "New Name"})
    api.sandbox.control.change_organization(organization.id, {"name": "New Co"})
    api.sandbox.control.advance(61)
    for path in ("users/cursor", "users"):
        rows = api.get(f"incremental/{path}", start_time=START - 60)["users"]
        assert [row["name"] for row in rows] == ["New Name"]
    rows = api.get("incremental/organizations", start_time=START - 60)["organizations"]
    assert [row["name"] for row in rows] == ["New Co"]


def test_metric_sets_and_metric_events(large: Api) -> None:
    """Metrics follow from the audits: a solved ticket has its times, a deleted one none."""
    rows = pages(large, "incremental/tickets/cursor?start_time=0&include=metric_sets", "tickets")
    assert all(row["metric_set"] is None for row in rows if row["status"] == "deleted")
    solved = [row for row in rows if row["status"] in ("solved", "closed")]
    assert all(row["metric_set"]["solved_at"] for row in solved if "closed_by_merge" not in row["tags"])
    assert any(row["metric_set"]["reopens"] for row in rows if row["metric_set"])
    assert all(row["metric_set"]["replies"] == 0 for row in rows if row["status"] == "new")
    events = large.get("incremental/ticket_metric_events?start_time=0&per_page=500")
    assert 0 < len(events["ticket_metric_events"]) <= 500
    assert {"id", "ticket_id", "metric", "instance_id", "type", "time"} <= set(
        events["ticket_metric_events"][0]
    )


def walk_time(api: Api, path: str, rows: str) -> list[Any]:
    """All rows of a time export, the repeated ones too."""
    body = api.get(path)
    found = list(body[rows])
    while not body["end_of_stream"]:
        body = api.get(body["next_page"])
        found += body[rows]
    return found


def test_time_pages_repeat_their_last_second(large: Api) -> None:
    """At least one row comes twice at every page; without repeats it is the cursor export."""
    path = "incremental/tickets?start_time=0&per_page=200&support_type_scope=all"
    rows = walk_time(large, path, "tickets")
    once = {(row["id"], row["generated_timestamp"]) for row in rows}
    assert len(rows) >= len(once) + len(once) // 200
    cursor = pages(large, "incremental/tickets/cursor?start_time=0&support_type_scope=all", "tickets")
    assert once == {(row["id"], row["generated_timestamp"]) for row in cursor}


def test_a_second_fuller_than_the_page_cannot_be_passed_by_time(api: Api) -> None:
    """`end_time` stays `start_time`, and the stream has not ended: cursors get through."""
    for _ in range(12):
        api.new_ticket()
    api.sandbox.control.advance(120)
    body = api.get("incremental/tickets", start_time=START, per_page=10)
    assert (body["end_time"], body["end_of_stream"], body["count"]) == (START, False, 10)
    assert api.get(body["next_page"])["tickets"] == body["tickets"]
    rows = pages(api, f"incremental/tickets/cursor?start_time={START}&per_page=10", "tickets")
    assert len(rows) == 12


def test_support_types(large: Api) -> None:
    """Agent tickets by default; those of the AI agent alone, or all, on request."""
    world = large.sandbox.world
    robots = world.ai_agent_tickets
    assert robots
    for scope, wanted in (
        ("agent", world.tickets.keys() - robots),
        ("ai_agent", robots),
        ("all", world.tickets),
    ):
        path = f"incremental/tickets/cursor?start_time=0&support_type_scope={scope}"
        assert {row["id"] for row in pages(large, path, "tickets")} == set(wanted)


def test_metric_events_in_both_dialects(large: Api) -> None:
    """By time, or by cursor when `page[size]` is given; deleted tickets can be left out."""
    timed = {row["id"] for row in walk_time(large, "incremental/ticket_metric_events?start_time=0", ROWS)}
    body = large.get("incremental/ticket_metric_events?start_time=0&page[size]=100")
    assert len(body[ROWS]) == 100
    paged = [row["id"] for row in body[ROWS]]
    start = int(NOW.timestamp()) - 30 * 86_400
    body = large.get("incremental/ticket_metric_events", start_time=start, **{"page[size]": 100})
    while body["meta"]["has_more"]:
        paged += [row["id"] for row in body[ROWS]]
        body = large.get(body["links"]["next"])
    assert set(paged) <= timed
    living = walk_time(large, "incremental/ticket_metric_events?start_time=0&exclude_deleted=true", ROWS)
    deleted = {t.id for t in large.sandbox.world.tickets.values() if t.is_deleted}
    assert not deleted & {row["ticket_id"] for row in living}


ROWS = "ticket_metric_events"


def test_people_come_with_their_identities(large: Api) -> None:
    """Sideloads of the users export."""
    body = large.get(
        "incremental/users/cursor?start_time=0&per_page=50&include=identities,groups,organizations"
    )
    ids = {row["id"] for row in body["users"]}
    assert {row["user_id"] for row in body["identities"]} <= ids
    assert body["organizations"]
    assert body["groups"]


@pytest.mark.parametrize(
    "resource", ["tickets", "users", "organizations", "ticket_events", "ticket_metric_events"]
)
def test_samples(api: Api, resource: str) -> None:
    """Fifty rows at most, ten calls in twenty minutes."""
    body = api.get(f"incremental/{resource}/sample?start_time=0")
    assert 0 < len(body[resource]) <= 50
    assert body["count"] == len(body[resource])
    for _ in range(9):
        assert api.call("GET", f"incremental/{resource}/sample?start_time=0").status_code == 200
    assert api.call("GET", f"incremental/{resource}/sample?start_time=0").status_code == 429
    api.sandbox.control.advance(1200)
    assert api.call("GET", "incremental/views/sample?start_time=0").status_code == 404
