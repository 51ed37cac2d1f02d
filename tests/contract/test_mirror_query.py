"""Questions in SQL: answered from either database, unable to change anything; and the catalogue of what can be asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from tests.fakes.clock import FakeClock
from tests.unit.mirror import rows
from tests.unit.mirror.rows import at, page, record_page, tickets_page
from zdsync.mirror.catalogue import read_catalogue
from zdsync.mirror.engine import Database
from zdsync.mirror.migrate import REVISION_TABLE
from zdsync.mirror.query import Answer, QueryRefused, run_query
from zdsync.mirror.store import MirrorStore, open_mirror
from zdsync.streams import Stream


@pytest.fixture
def database(mirror: MirrorStore, database_url: str) -> Iterator[Database]:
    """Three tickets, opened for reading."""
    fields = [rows.record("ticket_fields", id=9, title="Area", type="text")]
    record_page(mirror, page(Stream.TICKET_FIELDS, 1, whole=True, ticket_fields=fields))
    record_page(mirror, tickets_page(*(rows.ticket(id, due_at=at(0)) for id in (1, 2, 3))))
    with open_mirror(database_url, clock=FakeClock(), read_only=True) as reader:
        yield reader.database


def test_an_answer_is_plain(database: Database) -> None:
    """Names are distinct, times are UTC text, sums are numbers; a semicolon at the end is no second statement."""
    question = "SELECT id, id, due_at, NULL AS nil, 'a' AS a FROM tickets ORDER BY id DESC;\n"
    assert run_query(database, question, limit=2) == Answer(
        ("id", "id_2", "due_at", "nil", "a"),
        ((3, 3, "2026-11-01 08:00:00", None, "a"), (2, 2, "2026-11-01 08:00:00", None, "a")),
        is_cut=True,
    )
    counted = run_query(
        database, "WITH t AS (SELECT id FROM tickets) SELECT SUM(id), AVG(id) FROM t", limit=9
    )
    assert (counted.rows, counted.is_cut) == (((6, 2),), False)
    assert run_query(database, "SELECT area FROM tickets_wide", limit=9).rows == ((None,),) * 3


FORBIDDEN = [
    "DELETE FROM tickets",
    "UPDATE tickets SET status = 'closed'",
    "INSERT INTO ticket_tags VALUES (1, 'x')",
    "DROP TABLE tickets",
    "DROP VIEW tickets_wide",
    "CREATE TABLE x (id integer)",
    "CREATE TEMP TABLE x (id integer)",
    "CREATE TEMP VIEW x AS SELECT 1",
    "SELECT 1; DELETE FROM tickets",
    "SELECT 1; SELECT 2",
    "COMMIT",
    "COMMIT; DELETE FROM tickets",
    "BEGIN",
    "ROLLBACK; DELETE FROM tickets",
    "WITH gone AS (DELETE FROM tickets RETURNING id) SELECT * FROM gone",
    "ATTACH DATABASE 'other.db' AS other",
    "PRAGMA query_only = off",
    "PRAGMA writable_schema = on",
    "SELECT * FROM pragma_table_info('tickets')",
    "VACUUM INTO 'copy.db'",
    "VACUUM",
    "SELECT load_extension('x')",
    "SELECT 1 INTO x",
    "SELECT * FROM tickets FOR UPDATE",
    "SET default_transaction_read_only = off",
    "SET TRANSACTION READ WRITE",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "COPY tickets TO 'tickets.csv'",
    "DO $$ BEGIN DELETE FROM tickets; END $$",
    "SELECT nextval('zdsync_changes_id_seq')",
    "SELECT lo_create(1)",
    "CALL x()",
    "SELECT nonsense FROM nowhere",
    "",
    " ; ",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_nothing_but_a_question_is_run(database: Database, mirror: MirrorStore, statement: str) -> None:
    """Refused with words; every row is still there, and the next question is answered."""
    with pytest.raises(QueryRefused) as caught:
        run_query(database, statement, limit=5)
    assert str(caught.value)
    assert run_query(database, "SELECT COUNT(*) FROM tickets", limit=5).rows == ((3,),)
    with mirror.database.reading() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM tickets WHERE status = 'open'")) == 3
        assert set(inspect(connection).get_table_names()) == {
            relation.name for relation in read_catalogue(mirror.database) if not relation.is_view
        } | {REVISION_TABLE}


DEEDS = [
    "SELECT pg_terminate_backend(0)",
    "SELECT pg_cancel_backend(0)",
    "SELECT pg_reload_conf()",
    "SELECT pg_stat_reset()",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_notify('a', 'b')",
    "SELECT pg_logical_emit_message(false, 'a', 'b')",
    "SELECT pg_read_file('postgresql.conf', 0, 10)",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT query_to_xml('SELECT 1', true, true, '')",
    'SELECT "pg_reload_conf" /* ( */ ()',
    "SELECT pg_catalog.PG_RELOAD_CONF -- (\n ()",
    'SELECT U&"pg\\005freload_conf"()',
    "SELECT u&\"pg!005freload_conf\" UESCAPE '!' ()",
]


@pytest.mark.postgres
@pytest.mark.parametrize("statement", DEEDS)
def test_no_function_with_side_effects_is_called(postgres_url: str, statement: str) -> None:
    """What a read-only transaction would let through is refused however it is spelt; what only tells is not."""
    with open_mirror(postgres_url, clock=FakeClock()):
        pass
    with open_mirror(postgres_url, clock=FakeClock(), read_only=True) as reader:
        with pytest.raises(QueryRefused, match=r"more than read|as they are"):
            run_query(reader.database, statement, limit=5)
        harmless = "SELECT count(*), random() < 2, now() > clock_timestamp(), 'reload_conf' FROM tickets"
        assert run_query(reader.database, harmless, limit=5).rows[0][0] == 0


def test_an_endless_question_ends(database: Database) -> None:
    """A question that takes too long is stopped and said to have been."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    with pytest.raises(QueryRefused, match=r"too long|timeout"):
        run_query(database, endless, limit=1, timeout_s=0.2)


def test_everything_that_can_be_asked_is_in_the_catalogue(mirror: MirrorStore, database: Database) -> None:
    """Each table, view and column of the database is there with a sentence, in the database's own order for views."""
    catalogue = {relation.name: relation for relation in read_catalogue(database)}
    with mirror.database.reading() as connection:
        found = inspect(connection)
        assert catalogue.keys() == {*found.get_table_names(), *found.get_view_names()} - {REVISION_TABLE}
        for name, relation in catalogue.items():
            shown = [column["name"] for column in found.get_columns(name)]
            assert sorted(shown) == sorted(column.name for column in relation.columns), name
            assert relation.is_view == (name in found.get_view_names())
            if relation.is_view:
                assert shown == [column.name for column in relation.columns]
    assert all(relation.comment for relation in catalogue.values())
    described = [column for relation in catalogue.values() for column in relation.columns]
    assert [column for column in described if not column.comment or not column.type] == []


def test_the_documented_questions_are_answered(database: Database) -> None:
    """Every example of docs/mirror.md runs on either database."""
    page_ = Path(__file__).parents[2] / "docs" / "mirror.md"
    questions = re.findall(r"```sql\n(.*?)```", page_.read_text("utf-8"), re.DOTALL)
    assert len(questions) == 6
    for question in questions:
        assert run_query(database, question, limit=5).columns


@pytest.mark.postgres
def test_postgres_shows_the_descriptions_of_views(postgres_url: str) -> None:
    """Tools that read PostgreSQL's own comments see what the catalogue says."""
    with open_mirror(postgres_url, clock=FakeClock()) as mirror, mirror.database.reading() as connection:
        for relation in read_catalogue(mirror.database):
            name = {"name": relation.name}
            said = connection.scalar(text("SELECT obj_description(CAST(:name AS regclass))"), name)
            assert said == relation.comment
            columns = "SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = CAST(:name AS regclass)"
            comments = connection.scalars(text(f"{columns} AND attnum > 0 AND NOT attisdropped"), name)
            assert set(comments) == {column.comment for column in relation.columns}


def test_the_catalogue_is_json(database: Database) -> None:
    """Nothing in it needs a special encoder."""
    columns = [column for relation in read_catalogue(database) for column in relation.columns]
    assert json.dumps([(column.name, column.type, column.comment) for column in columns])
