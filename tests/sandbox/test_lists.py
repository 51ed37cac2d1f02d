"""Cursor and offset pages, search, and their limits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Api


def walk(api: Api, path: str, rows: str) -> list[Any]:
    """All rows of a cursor-paged list."""
    body = api.get(path)
    found = list(body[rows])
    while body["meta"]["has_more"]:
        body = api.get(body["links"]["next"])
        found += body[rows]
    return found


@pytest.mark.parametrize("rows", ["users", "organizations", "group_memberships", "ticket_fields", "tickets"])
def test_cursor_and_offset_pages_agree(large: Api, rows: str) -> None:
    """Both dialects give every row once."""
    by_cursor = [
        row["id"]
        for row in walk(
            large, f"{rows}?page[size]=7" if rows != "tickets" else "tickets?page[size]=100", rows
        )
    ]
    assert len(by_cursor) == len(set(by_cursor))
    body = large.get(f"{rows}?per_page=100&page=1")
    by_offset = [row["id"] for row in body[rows]]
    while body["next_page"]:
        body = large.get(body["next_page"])
        by_offset += [row["id"] for row in body[rows]]
    assert by_cursor == by_offset
    assert body["count"] == len(by_offset)


def test_cursor_page_backwards(large: Api) -> None:
    """`links.prev` leads back to the page before; on the first one to nothing, as recorded bodies have it."""
    first = large.get("users?page[size]=5")
    second = large.get(first["links"]["next"])
    assert large.get(second["links"]["prev"])["users"] == first["users"]
    before = large.get(first["links"]["prev"])
    assert (before["users"], before["meta"]) == ([], {"has_more": False})


def test_empty_page_has_no_cursors(api: Api) -> None:
    """`after_cursor` is missing, not null."""
    body = api.get("bookmarks?page[size]=10")
    assert body["meta"] == {"has_more": False}


def test_offset_depth(large: Api) -> None:
    """Offset pages end at ten thousand rows."""
    answer = large.call("GET", "tickets?page=101&per_page=100")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "InvalidPaginationDepth"


def test_ticket_sorts(large: Api) -> None:
    """Cursor pages sort by id, updated_at and status only."""
    down = large.get("tickets?page[size]=50&sort=-updated_at")["tickets"]
    assert [row["updated_at"] for row in down] == sorted((row["updated_at"] for row in down), reverse=True)
    answer = large.call("GET", "tickets?page[size]=5&sort=created_at")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "InvalidPaginationParameter")
    assert large.call("GET", "tickets?page[size]=500").status_code == 400


def test_lists_leave_out_archived_and_robot_tickets(large: Api) -> None:
    """What the list hides, show and export still give."""
    listed = {row["id"] for row in walk(large, "tickets?page[size]=100", "tickets")}
    world = large.sandbox.world
    now = world.clock.now()
    old = [
        t
        for t in world.tickets.values()
        if t.status == "closed" and now - t.updated > 120 * 86_400 and not t.is_deleted
    ]
    assert old
    assert not listed & {t.id for t in old}
    assert not listed & world.ai_agent_tickets
    assert large.get(f"tickets/{old[0].id}")["ticket"]["status"] == "closed"


def test_show_many_keeps_the_order_asked_for(large: Api) -> None:
    """Unknown ids are left out without an error."""
    idents = [t.id for t in large.sandbox.world.tickets.values() if not t.is_deleted][:4][::-1]
    rows = large.get("tickets/show_many", ids=",".join(map(str, [*idents, 10**12])))["tickets"]
    assert [row["id"] for row in rows] == idents


def test_search(large: Api) -> None:
    """Filters by key, counts beyond a thousand, refuses pages beyond it."""
    rows = large.get("search", query="type:ticket status:new")["results"]
    assert rows
    assert {row["status"] for row in rows} == {"new"}
    assert {row["result_type"] for row in rows} == {"ticket"}
    everything = large.get("search", query="type:ticket")
    assert everything["count"] > 1000
    deep = large.call("GET", "search?query=type:ticket&page=11&per_page=100")
    assert (deep.status_code, deep.json()["error"]) == (422, "invalid")


def test_search_export(large: Api) -> None:
    """Cursor pages without a cap; the type is required."""
    assert large.call("GET", "search/export?query=x").status_code == 400
    rows = walk(large, "search/export?filter[type]=ticket&query=&page[size]=1000", "results")
    assert len(rows) == sum(1 for t in large.sandbox.world.tickets.values() if not t.is_deleted)


def test_satisfaction_ratings(large: Api) -> None:
    """Ratings filter by score and time."""
    bad = large.get("satisfaction_ratings?score=bad&page[size]=100")["satisfaction_ratings"]
    assert {row["score"] for row in bad} == {"bad"}
    received = walk(large, "satisfaction_ratings?score=received&page[size]=100", "satisfaction_ratings")
    assert len(received) == len(large.sandbox.world.tables["satisfaction_ratings"])
