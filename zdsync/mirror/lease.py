"""The lease: one process at a time may change a mirror; the system frees it when that process dies, even by kill -9."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy import text as sql

from zdsync.errors import MirrorError
from zdsync.mirror.engine import Database
from zdsync.mirror.faults import told_as_mirror_error

_LEASE = 0x7A64_736C
"""First half of the lease's advisory lock; the other half tells schemas of one database apart."""

_HINT = "wait for it to end, or stop it; `zdsync status` shows its runs"


class FileLease:
    """The port `Lease` for SQLite: a lock on a file beside the database, which names its holder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def __enter__(self) -> None:
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
            raise MirrorError(f"{holder} is already working on this mirror", hint=_HINT) from err
        with suppress(OSError):  # a full disk has no room for our name; the lock holds all the same
            os.ftruncate(file, 0)
            os.write(file, f"zdsync {_holder()}\n".encode())
        self._file = file

    def __exit__(self, *exc_info: object) -> None:
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None


class AdvisoryLease:
    """The port `Lease` for PostgreSQL: an advisory lock held by a connection of its own, which names its holder."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def __enter__(self) -> None:
        with told_as_mirror_error(self._database.place):
            connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                self._take(connection)
            except BaseException:
                connection.invalidate()
                connection.close()
                raise
        self._connection = connection

    def __exit__(self, *exc_info: object) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _take(self, connection: Connection) -> None:
        ours = {"ours": _LEASE}
        if connection.scalar(sql("SELECT pg_try_advisory_lock(:ours, hashtext(current_schema()))"), ours):
            name = {"name": f"zdsync {_holder()}"[:63]}
            connection.execute(sql("SELECT set_config('application_name', :name, false)"), name)
            return
        holder = connection.scalar(
            sql(
                "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :ours AND l.objsubid = 2"
                " AND l.objid = hashtext(current_schema())::bigint & 4294967295"
                " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            ours,
        )
        raise MirrorError(f"{holder or 'another process'} is already working on this mirror", hint=_HINT)


def _holder() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"
