"""The database looked at as it stands, without making, upgrading or changing anything."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy import text as sql

from zdsync.errors import MirrorError
from zdsync.mirror.engine import Database
from zdsync.mirror.migrate import REVISION_TABLE, is_known_revision, read_revision
from zdsync.mirror.schema import REVISION
from zdsync.mirror.streams import read_account_name
from zdsync.runs.doctor.model import DatabaseState

_BUSY_S = 5.0
"""Long enough for the worker to finish the page that it is writing."""


class DatabaseDoor:
    """The port `DatabaseProbe` on the database at `url`; a SQLite file that is not there is not made."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._database = Database(url, read_only=True, busy_timeout_s=_BUSY_S)

    def close(self) -> None:
        self._database.close()

    def read_state(self) -> DatabaseState:
        if self._is_yet_to_be_made:
            return self._state(None, None)
        with self._database.reading() as connection:
            revision = read_revision(connection)
            account = None if revision is None else read_account_name(connection)
            return self._state(revision, account, connection)

    @property
    def _is_yet_to_be_made(self) -> bool:
        return self._database.is_sqlite and not self._database.path.exists()

    def _state(
        self, revision: str | None, account: str | None, connection: Connection | None = None
    ) -> DatabaseState:
        server = None if connection is None or self._database.is_sqlite else connection
        path = self._database.path if self._database.is_sqlite else None
        return DatabaseState(
            place=self._database.place,
            revision=revision,
            wanted=REVISION,
            is_older=revision is not None and revision != REVISION and is_known_revision(revision),
            account=account,
            size_bytes=_server_size(server) if server is not None else _size(path),
            free_bytes=None if path is None else _free(path.parent),
            log_bytes=None if path is None else _size(path.with_name(f"{path.name}-wal")),
            oldest_reader=None if server is None else _oldest_reader(server),
        )

    def try_writing(self) -> None:
        if self._is_yet_to_be_made:
            _require_writable(self._database.path.parent)
            return
        database = Database(self._url, busy_timeout_s=_BUSY_S)
        try:
            if database.is_sqlite:
                _require_writable(database.path.parent)
            with suppress(_TakenBack), database.writing() as connection:
                _write(connection)
                raise _TakenBack
        finally:
            database.close()


class _TakenBack(Exception):
    """Ends a transaction that was only tried."""


def _write(connection: Connection) -> None:
    """The least that needs every right and some room."""
    if read_revision(connection) is None:
        connection.exec_driver_sql("CREATE TABLE zdsync_probe (id INTEGER)")
    else:
        connection.exec_driver_sql(f"UPDATE {REVISION_TABLE} SET version_num = version_num")  # noqa: S608 - our own constant


def _require_writable(folder: Path) -> None:
    """SQLite keeps its log, and we our lock, beside the database."""
    if not folder.is_dir():
        raise MirrorError(f"the folder {folder} does not exist", hint="make it, or mend ZDSYNC_DATABASE_URL")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise MirrorError(
            f"the folder {folder} cannot be written",
            hint="give this user write access to it: the log and the lock stand beside the database",
        )


def _size(path: Path | None) -> int | None:
    return path.stat().st_size if path is not None and path.exists() else None


def _free(folder: Path) -> int | None:
    return shutil.disk_usage(folder).free if folder.is_dir() else None


def _server_size(connection: Connection) -> int:
    return int(connection.scalar(sql("SELECT pg_database_size(current_database())")) or 0)


def _oldest_reader(connection: Connection) -> timedelta | None:
    """Of other sessions on this database, as far as this user may see them."""
    oldest = (
        "SELECT max(clock_timestamp() - xact_start) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    found = connection.scalar(sql(oldest))
    return found if isinstance(found, timedelta) else None
