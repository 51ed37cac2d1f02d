"""The lease: one process at a time may change a mirror; the system frees it when that process dies, even by kill -9.

A lock can be lost without its holder noticing: the database server restarts, the network between the two breaks, somebody
deletes the lock file. So each write asks within its own transaction whether the lock is still ours. Writers take turns,
and whoever takes the lease next begins with a write; what we commit before it, the next holder sees.
"""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from zdsync.errors import LeaseLost, LeaseTaken, MirrorError
from zdsync.mirror.engine import Database
from zdsync.mirror.faults import told_as_mirror_error

_LEASE = 0x7A64_736C
"""First half of the lease's advisory lock; the other half tells schemas of one database apart."""

_HINT = "wait for it to end, or stop it; `zdsync status` shows its runs"

NOTICED_SOON = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
    "idle_session_timeout": "0",
}
"""So that the server frees the lease of a machine that is gone after 20 seconds instead of two hours, and never that of
one which is only quiet. Source: PostgreSQL's documentation, "Connection Settings" (read 2026-11)."""

_OURS = (
    " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :ours AND l.objsubid = 2"
    " AND l.objid = hashtext(current_schema())::bigint & 4294967295"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_HOLDER = sql(f"SELECT a.application_name{_OURS}")
_IS_OURS = sql(f"SELECT count(*){_OURS} AND l.pid = :pid AND a.backend_start::text = :since")
_SESSION = sql("SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()")
_TRY = sql("SELECT pg_try_advisory_lock(:ours, hashtext(current_schema()))")
_SET = sql("SELECT set_config(name, :value, false) FROM pg_settings WHERE name = :name")


class FileLease:
    """The port `Lease` for SQLite: a lock on a file beside the database, which names its holder."""

    def __init__(self, database: Database, path: Path) -> None:
        self._database = database
        self._path = path
        self._file: int | None = None

    def __enter__(self) -> None:
        self._let_go()
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as err:
            raise MirrorError(
                f"the lock file {self._path} cannot be written: {err.strerror}",
                hint="give this user write access to the database's folder",
            ) from err
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            holder = os.read(file, 200).decode(errors="replace").strip() or "another process"
            os.close(file)
            raise LeaseTaken(f"{holder} is already working on this mirror", hint=_HINT) from err
        with suppress(OSError):  # a full disk has no room for our name; the lock holds all the same
            os.ftruncate(file, 0)
            os.write(file, f"zdsync {_holder()}\n".encode())
        self._file = file
        self._database.fence = self._refuse_if_lost

    def __exit__(self, *exc_info: object) -> None:
        if self._file is not None:
            os.ftruncate(self._file, 0)
            self._let_go()
            self._database.fence = None

    def is_held(self) -> bool:
        if self._file is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except OSError:
            return False

    def _let_go(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _refuse_if_lost(self, _connection: Connection) -> None:
        if not self.is_held():
            raise _lost(f"the lock file {self._path} was removed")


class _Session(NamedTuple):
    """A connection to the server for as long as it lasts: process ids are given again."""

    pid: int
    since: str


class AdvisoryLease:
    """The port `Lease` for PostgreSQL: an advisory lock held by a connection of its own, which names its holder."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._session: _Session | None = None

    def __enter__(self) -> None:
        self._let_go()
        with told_as_mirror_error(self._database.place):
            connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                self._session = self._take(connection)
            except BaseException:
                connection.invalidate()
                connection.close()
                raise
        self._connection = connection
        self._database.fence = self._refuse_if_lost

    def __exit__(self, *exc_info: object) -> None:
        self._let_go()
        self._database.fence = None

    def is_held(self) -> bool:
        if self._session is None:
            return False
        with self._database.reading() as connection:
            return self._is_ours(connection)

    def _take(self, connection: Connection) -> _Session:
        ours = {"ours": _LEASE}
        if connection.scalar(_TRY, ours):
            settings = {**NOTICED_SOON, "application_name": f"zdsync {_holder()}"[:63]}
            connection.execute(_SET, [{"name": name, "value": value} for name, value in settings.items()])
            return _Session(*connection.execute(_SESSION).one())
        holder = connection.scalar(_HOLDER, ours) or "another process"
        raise LeaseTaken(f"{holder} is already working on this mirror", hint=_HINT)

    def _let_go(self) -> None:
        """Close the connection, which may be dead already; the server frees what it held."""
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.invalidate()
                self._connection.close()
        self._connection = self._session = None

    def _is_ours(self, connection: Connection) -> bool:
        """Asked on another connection than the lease's own, so that a dead one cannot keep us waiting."""
        assert self._session is not None, "asked only while we believe to have it"
        return bool(connection.scalar(_IS_OURS, {"ours": _LEASE, **self._session._asdict()}))

    def _refuse_if_lost(self, connection: Connection) -> None:
        if self._session is None or not self._is_ours(connection):
            raise _lost(f"{self._database.place} no longer holds our lock")


def _lost(why: str) -> LeaseLost:
    return LeaseLost(
        f"{why}, another process may be working on this mirror; nothing more was written",
        hint="a worker takes the lock again by itself, or stands by; run any other command again",
    )


def _holder() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"
