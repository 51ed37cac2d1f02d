"""The analyst's commands, as typed."""

from __future__ import annotations

import csv
import io

from sqlalchemy import create_engine, text

from tests.e2e.conftest import House


def test_query_and_schema(house: House) -> None:
    """Tables for people, JSON and CSV for scripts, a limit that says so, and exit 2 for what is no question."""
    house.ok("pull", "--stream", "groups", "--stream", "ticket_fields")
    question = "SELECT name, deleted FROM groups ORDER BY name"
    found = house.ok("query", question, "--json").document
    assert [row["name"] for row in found] == sorted(row["name"] for row in found)
    assert len(found) == 5
    rows = list(csv.reader(io.StringIO(house.ok("query", question, "--csv").out)))
    assert rows[0] == ["name", "deleted"]
    assert [row[0] for row in rows[1:]] == [row["name"] for row in found]
    shown = house.ok("query", question, "--limit", "2")
    assert "2 rows" in shown.out
    assert "only the first 2 rows" in shown.err
    hostile = house.ok(
        "query",
        "SELECT 'a' || chr(27) || '[2J' AS x"
        if "postgres" in house.database_url
        else "SELECT 'a' || char(27) || '[2J' AS x",
    )
    assert "\x1b[2J" not in hostile.out
    refused = house.run("query", "DELETE FROM groups")
    assert refused.code == 2
    assert len(house.ok("query", question, "--json").document) == 5
    assert house.run("query", question, "--json", "--csv").code == 2
    schema = {relation["name"]: relation for relation in house.ok("schema", "--json").document}
    assert schema["tickets_wide"]["kind"] == "view"
    assert "area" in [column["name"] for column in schema["tickets_wide"]["columns"]]
    assert "One row per ticket tag" not in house.ok("schema", "tickets").out
    assert house.run("schema", "nowhere").code == 2


def test_verify_tells_and_mends(house: House) -> None:
    """Exit 0 and "equal" when nothing differs, exit 3 when something did, and 0 again after; --full reads all again."""
    house.ok("pull", "--since", "all")
    house.control.advance(120)
    verified = house.ok("pull", "--since", "all", "--verify")
    assert "All is equal." in verified.out
    engine = create_engine(house.database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE organizations SET name = 'x'"))
    engine.dispose()
    found = house.run("pull", "--since", "all", "--verify", "--json")
    assert found.code == 3
    assert found.document["verified"]["differed"]["organizations"] > 0
    house.ok("pull", "--since", "all", "--full")
    house.ok("pull", "--since", "all", "--verify")
