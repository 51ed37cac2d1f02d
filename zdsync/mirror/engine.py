"""Connecting: SQLite or PostgreSQL by URL, tuned so that readers and the one writer never block each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy import text as sql
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from zdsync.errors import ConfigError, MirrorError
from zdsync.mirror.faults import told_as_mirror_error

WRITE_LOCK = 0x7A64_7379
"""First half of our PostgreSQL advisory locks; the other half tells schemas of one database apart."""

_TAKE_TURN = sql(
    "SELECT pg_advisory_xact_lock(:ours, hashtext(current_schema())), set_config('synchronous_commit', :waits, true)"
)
"""PostgreSQL's transactions are whole after a crash all the same; only a durable one waits until it is on disk."""

_CONNECT_TIMEOUT_S = 10


class Database:
    """An open database: `reading` gives one consistent state, `writing` one whole transaction or nothing."""

    def __init__(self, url: str, *, read_only: bool = False, busy_timeout_s: float = 30.0) -> None:
        self.url = parse_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.place = str(self.path) if self.is_sqlite else _shown(self.url)
        self.read_only = read_only
        with told_as_mirror_error(self.place):
            if self.is_sqlite:
                self.engine = _sqlite_engine(self.path, read_only=read_only, busy_timeout_s=busy_timeout_s)
                self._readers = self.engine
            else:
                self.engine = _postgres_engine(self.url, read_only=read_only)
                self._readers = self.engine.execution_options(isolation_level="REPEATABLE READ")
        self._writers = self.engine.execution_options(zdsync_writes=True)
        self._durable = self.engine.execution_options(zdsync_writes=True, zdsync_durable=True)
        self.fence: Callable[[Connection], None] | None = None
        """Asked at the beginning of each write; raises LeaseLost when this process may not write any more."""

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.url.database or "").absolute()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which every statement sees the same state; raises MirrorError."""
        with told_as_mirror_error(self.place), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Connection]:
        """A transaction, committed at the end of the block, rolled back by any error; raises MirrorError.

        One writer at a time. `durable` survives a power cut too, not only the death of the process.
        """
        engine = self._durable if durable else self._writers
        with told_as_mirror_error(self.place), engine.begin() as connection:
            if not self.is_sqlite:
                connection.execute(_TAKE_TURN, {"ours": WRITE_LOCK, "waits": "on" if durable else "off"})
            if self.fence is not None:
                self.fence(connection)
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def parse_url(url: str) -> URL:
    """The database's address with its driver; raises ConfigError for what is neither SQLite nor PostgreSQL."""
    hint = (
        "set ZDSYNC_DATABASE_URL to sqlite:///zdsync.db or postgresql+psycopg://user:password@host/database"
    )
    try:
        parsed = make_url(url)
    except ArgumentError as err:
        raise ConfigError("the database's address cannot be read", hint=hint) from err
    backend = parsed.get_backend_name()
    if backend in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigError(f"{backend} is not supported as a database", hint=hint)
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigError("a SQLite mirror needs a file", hint=hint)
    return parsed.set(drivername="sqlite+pysqlite")


def _shown(url: URL) -> str:
    """The address as messages show it: no password, no session options."""
    return url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)


def _sqlite_engine(path: Path, *, read_only: bool, busy_timeout_s: float) -> Engine:
    mode = "ro" if read_only else "rwc"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _tune(connection, read_only=read_only)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)
    event.listen(engine, "begin", _begin)
    return engine


def _tune(connection: sqlite3.Connection, *, read_only: bool) -> None:
    """Write-ahead log, so that readers see the last commit while the writer works.

    Source: sqlite.org, "Write-Ahead Logging" (read 2026-11).
    """
    if not read_only:
        # A ticket with its JSON fills a page of the usual 4 kB and spills; it only counts for a file yet to be made.
        connection.execute("PRAGMA page_size=16384")
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA cache_size=-16384")
    connection.execute("PRAGMA temp_store=MEMORY")


def _begin(connection: Connection) -> None:
    """Begin the transaction ourselves: Python's sqlite3 would begin late, and let DDL and reads fall outside.

    A writer takes the lock at once, waiting its turn; taking it halfway would fail without waiting.
    """
    options = connection.get_execution_options()
    safety = "FULL" if options.get("zdsync_durable") else "NORMAL"
    connection.exec_driver_sql(f"PRAGMA synchronous={safety}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("zdsync_writes") else "BEGIN")


def _postgres_engine(url: URL, *, read_only: bool) -> Engine:
    options = [_asked_for(url), "-c timezone=UTC"]
    if read_only:
        options.append("-c default_transaction_read_only=on")
    arguments: dict[str, Any] = {
        "options": " ".join(filter(None, options)),
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "application_name": "zdsync",
    }
    try:
        return create_engine(url, pool_pre_ping=True, connect_args=arguments, hide_parameters=True)
    except ModuleNotFoundError as err:
        raise MirrorError(
            "PostgreSQL needs a driver that is not installed", hint="pip install 'zdsync-worker[postgres]'"
        ) from err


def _asked_for(url: URL) -> str:
    """Session options that the URL itself sets, such as a search path for one schema per account."""
    options = url.query.get("options", "")
    return options if isinstance(options, str) else " ".join(options)
