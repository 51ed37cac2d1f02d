"""The port `Queries` on SQLite and PostgreSQL: rows in order, nothing changed, faults in the database's own words."""

from __future__ import annotations

import pytest

from tests.unit.mirror import rows
from tests.unit.mirror.rows import page, record_page
from zdsync.errors import ConfigError, MirrorError
from zdsync.mirror.external import SqlQueries
from zdsync.mirror.store import MirrorStore
from zdsync.ports.mirror import QueryFault
from zdsync.streams import Stream


@pytest.fixture
def filled(mirror: MirrorStore) -> None:
    """Three brands in a mirror."""
    brands = [rows.record("brands", id=id, name=f"Brand {id}") for id in (1, 2, 3)]
    record_page(mirror, page(Stream.BRANDS, 1, whole=True, brands=brands))


@pytest.mark.usefixtures("filled")
def test_the_mirror_and_other_databases_are_asked_alike(database_url: str) -> None:
    """Names first, then rows, also more than one batch of them; either by the mirror's address or a setting's."""
    queries = SqlQueries(database_url, {"CRM_DATABASE_URL": database_url})
    for setting in ("", "CRM_DATABASE_URL"):
        asked = queries.read("SELECT id, name, NULL AS nil FROM brands ORDER BY id;", setting)
        assert [tuple(row) for row in asked] == [
            ("id", "name", "nil"),
            (1, "Brand 1", None),
            (2, "Brand 2", None),
            (3, "Brand 3", None),
        ]
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) SELECT i FROM n"
    assert sum(1 for _ in queries.read(many, "")) == 12_001


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM brands", "SELECT 1; SELECT 2", "", "SELECT x FROM nowhere", "CREATE TABLE x (i int)"],
)
def test_what_is_no_question_is_refused(database_url: str, statement: str) -> None:
    """Nothing but one SELECT that the database understands."""
    with pytest.raises(QueryFault):
        list(SqlQueries(database_url, {}).read(statement, ""))


def test_a_setting_that_is_missing_is_named(database_url: str) -> None:
    """With an example of what it holds."""
    with pytest.raises(ConfigError) as raised:
        list(SqlQueries(database_url, {}).read("SELECT 1", "CRM_DATABASE_URL"))
    assert "CRM_DATABASE_URL, which is not set" in str(raised.value)
    assert "CRM_DATABASE_URL=postgresql" in raised.value.hint


def test_a_database_that_is_not_there_stops_the_run() -> None:
    """Deciding without the table would misplace tickets."""
    with pytest.raises(MirrorError):
        list(SqlQueries("sqlite:////nowhere/at/all.db", {}).read("SELECT 1", ""))
