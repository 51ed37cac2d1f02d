"""Search finds by words and keys, stops at a thousand, and exports with cursors that die."""

from __future__ import annotations

import base64

import pytest

from tests.sandbox.conftest import Api


def test_a_thousand_results(large: Api) -> None:
    """`count` tells how many there are, pages end at a thousand."""
    total = large.get("search/count", query="type:ticket")["count"]
    body = large.get("search", query="type:ticket", per_page=100, page=10)
    assert total > 1000
    assert (body["count"], len(body["results"]), body["next_page"]) == (total, 100, None)
    answer = large.call("GET", "search", params={"query": "type:ticket", "per_page": 100, "page": 11})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert large.call("GET", "search").status_code == 400


def test_offset_pages_only(large: Api) -> None:
    """Cursor parameters are ignored."""
    body = large.get("search", query="type:group", **{"page[size]": 2})
    assert "meta" not in body
    assert {row["result_type"] for row in body["results"]} == {"group"}


def test_order_and_sideloads(large: Api) -> None:
    """Newest first unless told otherwise; `tickets(users)` brings the people."""
    body = large.get("search", query="status:open", include="tickets(users,groups)", per_page=20)
    created = [row["created_at"] for row in body["results"]]
    assert created == sorted(created, reverse=True)
    requesters = {row["requester_id"] for row in body["results"]}
    assert requesters <= {row["id"] for row in body["users"]}
    assert body["groups"]
    up = large.get("search", query="type:ticket", sort_by="updated_at", sort_order="asc")["results"]
    assert [row["updated_at"] for row in up] == sorted(row["updated_at"] for row in up)


def test_export_pages(large: Api) -> None:
    """All of one type, newest first, once each."""
    path = "search/export?filter[type]=ticket&query=&page[size]=400"
    body = large.get(path)
    rows = [row["id"] for row in body["results"]]
    assert body["links"]["prev"] is None
    while body["meta"]["has_more"]:
        body = large.get(body["links"]["next"])
        rows += [row["id"] for row in body["results"]]
    assert body["links"]["next"] is None
    assert "count" not in body
    assert len(rows) == len(set(rows)) == large.get("search/count", query="type:ticket")["count"]


@pytest.mark.parametrize(
    "query", ["query=x", "filter[type]=view&query=", "filter[type]=ticket&query=type:user"]
)
def test_export_needs_one_type(large: Api, query: str) -> None:
    """The filter is required, must be known, and the query must not contradict it."""
    assert large.call("GET", f"search/export?{query}").status_code == 400


def test_export_takes_the_type_in_the_query_too(large: Api) -> None:
    """As recorded traffic has it."""
    assert large.get("search/export?filter[type]=user&query=type:user")["results"]


def test_cursors_die_after_an_hour(api: Api) -> None:
    """Then, and when they are nonsense, the answer is 400."""
    following = api.get("search/export?filter[type]=ticket&query=&page[size]=5")["links"]["next"]
    api.sandbox.control.advance(3599)
    assert api.call("GET", following).status_code == 200
    api.sandbox.control.advance(1)
    assert api.call("GET", following).status_code == 400
    for cursor in ("nonsense", base64.b64encode(b"{}").decode()):
        params = {"filter[type]": "ticket", "query": "", "page[after]": cursor}
        assert api.call("GET", "search/export", params=params).status_code == 400
