"""Opening a database: migrations, one writer among many readers, the lease, and every failure told with a remedy."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, inspect, text

from tests.fakes.clock import FakeClock
from tests.unit.mirror import rows
from tests.unit.mirror.rows import record_page, tickets_page
from zdsync.errors import ConfigError, MirrorError
from zdsync.mirror import migrate as migrations
from zdsync.mirror.engine import Database
from zdsync.mirror.migrate import MIGRATIONS, REVISION_TABLE
from zdsync.mirror.schema import DERIVED, METADATA, MIRRORED, OWN, REVISION
from zdsync.mirror.store import MirrorStore, open_mirror
from zdsync.model import TicketId

CLOCK = FakeClock()


def test_migrations_end_at_the_schema(empty_url: str) -> None:
    """An empty database that was migrated has exactly the tables, columns, indexes and comments of the metadata."""
    with open_mirror(empty_url, clock=CLOCK) as mirror, mirror.database.reading() as connection:
        options = {"version_table": REVISION_TABLE, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []


def test_partial_indexes_are_partial_in_the_database(mirror: MirrorStore) -> None:
    """Those, and no others, of which the schema says which rows they hold; SQLite keeps the condition word for word."""
    wanted = {
        str(index.name): str(index.info["where"])
        for table in METADATA.tables.values()
        for index in table.indexes
        if "where" in index.info
    }
    with mirror.database.reading() as connection:
        found = {
            str(index["name"]): str(index["dialect_options"][f"{connection.dialect.name}_where"])
            for indexes in inspect(connection).get_multi_indexes().values()
            for index in indexes
            if f"{connection.dialect.name}_where" in index.get("dialect_options", {})
        }
    assert found.keys() == wanted.keys()
    assert found == wanted or not mirror.database.is_sqlite


def test_the_newest_revision_is_the_one_expected() -> None:
    """What `migrate` looks for is the head of the revisions that are shipped."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_every_table_and_column_is_documented() -> None:
    """The descriptions are documentation; none is missing, and every table is of one of the three kinds."""
    for table in METADATA.tables.values():
        assert table.comment
        assert all(column.comment for column in table.columns), table.name
    assert set(METADATA.tables.values()) == {*MIRRORED.values(), *DERIVED, *OWN}


def test_opening_again_keeps_everything(database_url: str) -> None:
    """A database of the present schema is used as it is."""
    for _ in range(2):
        with open_mirror(database_url, clock=CLOCK) as mirror:
            record_page(mirror, tickets_page(rows.ticket(1)))
            assert mirror.count_unsolved() == 1


def test_a_migration_that_fails_leaves_nothing_behind(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables and revision come together or not at all, so that the next start can try again."""

    def fail(*_args: object, **_kw: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migrations.log, "info", fail)
        with pytest.raises(KeyboardInterrupt):
            open_mirror(empty_url, clock=CLOCK)
    database = Database(empty_url)
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == []
    database.close()
    open_mirror(empty_url, clock=CLOCK).close()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_newer_schema_is_refused(mirror: MirrorStore, database_url: str, *, read_only: bool) -> None:
    """What a later version wrote is neither read nor changed by this one."""
    with mirror.database.writing() as connection:
        connection.execute(text(f"UPDATE {REVISION_TABLE} SET version_num = 'beyond'"))
    with pytest.raises(MirrorError, match="beyond") as caught:
        open_mirror(database_url, clock=CLOCK, read_only=read_only)
    assert "upgrade" in caught.value.hint


def test_reading_needs_a_mirror(empty_url: str, tmp_path: Path) -> None:
    """A reading command on a database without mirror says what to run, and makes nothing."""
    with pytest.raises(MirrorError) as caught:
        open_mirror(empty_url, clock=CLOCK, read_only=True)
    assert "zdsync pull" in caught.value.hint
    assert list(tmp_path.glob("*.db*")) == []


def test_reading_works_while_a_worker_writes(mirror: MirrorStore, database_url: str) -> None:
    """A reader sees the last commit without waiting, and holds up no writer; it cannot write."""
    record_page(mirror, tickets_page(rows.ticket(1)))
    with open_mirror(database_url, clock=CLOCK, read_only=True, busy_timeout_s=0.1) as reader:
        with mirror.database.writing() as writing:
            writing.execute(text("UPDATE tickets SET status = 'solved'"))
            assert reader.count_unsolved() == 1
        cases = reader.read_cases([TicketId(1)])
        assert next(cases).ticket.status == "solved"
        record_page(mirror, tickets_page(rows.ticket(1, 5)))
        assert reader.count_unsolved() == 1
        with pytest.raises(MirrorError, match="cannot be written"):
            record_page(reader, tickets_page(rows.ticket(2)))


def test_reading_is_one_state(mirror: MirrorStore) -> None:
    """Statements of one reading agree, whatever is committed between them."""
    record_page(mirror, tickets_page(rows.ticket(1)))
    count = text("SELECT count(*) FROM tickets")
    with mirror.database.reading() as connection:
        assert connection.scalar(count) == 1
        record_page(mirror, tickets_page(rows.ticket(2)))
        assert connection.scalar(count) == 1


def test_writers_take_turns(mirror: MirrorStore) -> None:
    """Two threads that record pages at once both succeed, one after the other."""

    def write(first: int) -> None:
        for id in range(first, first + 20):
            record_page(mirror, tickets_page(rows.ticket(id, tags=["a"])))

    threads = [threading.Thread(target=write, args=(first,)) for first in (1, 101)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mirror.count_unsolved() == 40


def test_one_holds_the_lease_and_a_second_is_told_who(mirror: MirrorStore, database_url: str) -> None:
    """The second holder learns process and host of the first, and gets the lease once it is free."""
    with open_mirror(database_url, clock=CLOCK) as other:
        holder = rf"process {os.getpid()} on {socket.gethostname()}"
        with mirror.lease(), pytest.raises(MirrorError, match=holder), other.lease():
            pass
        with other.lease():
            pass
        with mirror.lease():
            pass


HOLDER = """
import sys
from tests.fakes.clock import FakeClock
from zdsync.mirror.store import open_mirror
mirror = open_mirror(sys.argv[1], clock=FakeClock())
with mirror.lease():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lease_of_a_killed_process_is_free(mirror: MirrorStore, database_url: str) -> None:
    """kill -9 leaves no lock that somebody would have to remove by hand."""
    command = [sys.executable, "-c", HOLDER, database_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(MirrorError, match=f"process {holder.pid}"), mirror.lease():
            pass
        holder.kill()
        holder.wait()
    with _eventually(mirror):
        pass


def _eventually(mirror: MirrorStore) -> _Retried:
    return _Retried(mirror)


class _Retried:
    """The lease as soon as the database server has noticed the death, within ten seconds."""

    def __init__(self, mirror: MirrorStore) -> None:
        self.leases = (mirror.lease() for _ in range(1000))
        self.pause = threading.Event()

    def __enter__(self) -> None:
        for lease in self.leases:
            try:
                lease.__enter__()
            except MirrorError:
                self.pause.wait(0.01)
            else:
                self.lease = lease
                return
        pytest.fail("the lease stayed taken")

    def __exit__(self, *exc_info: object) -> None:
        self.lease.__exit__(*exc_info)


def test_schemas_of_one_database_are_mirrors_apart(empty_postgres_url: str) -> None:
    """One schema per account, chosen by the URL's own options: own tables, own lease."""
    boss = Database(empty_postgres_url)
    with boss.writing() as connection:
        connection.execute(text("CREATE SCHEMA a"))
        connection.execute(text("CREATE SCHEMA b"))
    boss.close()
    mark = "&" if "?" in empty_postgres_url else "?"
    urls = [f"{empty_postgres_url}{mark}options=-csearch_path%3D{schema}" for schema in ("a", "b")]
    with open_mirror(urls[0], clock=CLOCK) as first, open_mirror(urls[1], clock=CLOCK) as second:
        record_page(first, tickets_page(rows.ticket(1)))
        assert second.count_unsolved() == 0
        with first.lease(), second.lease():
            pass


@pytest.fixture
def locked(sqlite_url: str) -> Iterator[str]:
    """A mirror that another program is writing to."""
    open_mirror(sqlite_url, clock=CLOCK).close()
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield sqlite_url
    other.close()


def test_a_locked_database_is_told_as_such(locked: str) -> None:
    """A writer that waits in vain says so; reading goes on."""
    with open_mirror(locked, clock=CLOCK, busy_timeout_s=0.05) as mirror:
        with pytest.raises(MirrorError, match="locked by another program"):
            record_page(mirror, tickets_page(rows.ticket(1)))
        assert mirror.count_unsolved() == 0


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    """Pointing at the wrong file names the mistake and does not touch the file."""
    path = tmp_path / "notes.txt"
    path.write_text("shopping list, " * 200)
    with pytest.raises(MirrorError, match="not a SQLite database"):
        open_mirror(f"sqlite:///{path}", clock=CLOCK)
    assert path.read_text() == "shopping list, " * 200


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    """SQLite makes files, not folders."""
    with pytest.raises(MirrorError, match="cannot be opened") as caught:
        open_mirror(f"sqlite:///{tmp_path / 'nowhere' / 'mirror.db'}", clock=CLOCK)
    assert "folder" in caught.value.hint


def test_a_full_disk_is_told_and_nothing_is_half_written(sqlite_url: str) -> None:
    """The page that finds no room is not recorded; the next step is to make room."""
    with open_mirror(sqlite_url, clock=CLOCK) as mirror:
        record_page(mirror, tickets_page(rows.ticket(1)))
        with mirror.database.reading() as connection:
            pages = connection.scalar(text("PRAGMA page_count"))
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
        with pytest.raises(MirrorError, match="no room left"):
            record_page(
                mirror, tickets_page(*(rows.ticket(id, description="x" * 9000) for id in range(2, 99)))
            )
        assert mirror.count_unsolved() == 1


def test_paths_may_hold_any_character(tmp_path: Path) -> None:
    """Signs that mean something in addresses are part of a file's name."""
    path = tmp_path / "a b#c%20d" / "mirror 100%.db"
    path.parent.mkdir()
    url = URL.create("sqlite", database=str(path)).render_as_string()
    with open_mirror(url, clock=CLOCK) as mirror, mirror.lease():
        assert mirror.count_unsolved() == 0
    assert path.exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://user:secret@host/db", "mysql is not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_an_address_of_another_kind_is_a_wrong_setting(url: str, message: str) -> None:
    """What is neither a SQLite file nor PostgreSQL is refused before anything is opened, without its password."""
    with pytest.raises(ConfigError, match=message) as caught:
        open_mirror(url, clock=CLOCK)
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL without psycopg says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MirrorError) as caught:
        open_mirror("postgresql://localhost/zdsync", clock=CLOCK)
    assert "zdsync-worker[postgres]" in caught.value.hint


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("postgresql+psycopg://u:secret@no-such-host.invalid/db", "no such host"),
        ("postgresql+psycopg://u:secret@127.0.0.1:1/db", "does not answer"),
    ],
)
def test_a_server_that_cannot_be_reached_is_told(address: str, message: str) -> None:
    """Host and port are to be checked; the password stays secret."""
    with pytest.raises(MirrorError, match=message) as caught:
        open_mirror(address, clock=CLOCK)
    assert "secret" not in str(caught.value) + caught.value.hint


def test_a_database_that_does_not_exist_is_told(postgres_server: str) -> None:
    """The server answers, the database is missing."""
    address = postgres_server.replace("/postgres?", "/nowhere?")
    with pytest.raises(MirrorError, match="does not exist"):
        open_mirror(address, clock=CLOCK)


@pytest.mark.postgres
def test_postgres_waits_for_the_disk_where_it_must(postgres_url: str) -> None:
    """A durable transaction is on disk when it has ended; a page's need not be, and is pulled again if it was lost."""
    database = Database(postgres_url)
    told = []
    for durable in (True, False):
        with database.writing(durable=durable) as connection:
            told.append(connection.scalar(text("SHOW synchronous_commit")))
    with database.reading() as connection:
        told.append(connection.scalar(text("SHOW synchronous_commit")))
    database.close()
    assert told == ["on", "off", "on"]
