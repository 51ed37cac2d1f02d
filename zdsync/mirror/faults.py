"""Database errors as MirrorError, in one place: what happened, to which database, and what to do about it."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from zdsync.errors import MirrorError

_REMEDIES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("database is locked", "database table is locked"),
        "{place} is locked by another program",
        "end the program that is writing to it (reading does not lock it) and try again",
    ),
    (
        ("readonly database", "read-only transaction", "attempt to write a readonly"),
        "{place} cannot be written",
        "give this user write access to the database file and to its folder, or use another database",
    ),
    (
        ("unable to open database file",),
        "{place} cannot be opened",
        "check that its folder exists and that this user may read and write there",
    ),
    (
        ("file is not a database", "file is encrypted"),
        "{place} is not a SQLite database",
        "let ZDSYNC_DATABASE_URL name another file; this one was left as it is",
    ),
    (
        ("disk is full", "no space left", "disk quota"),
        "no room left on the disk of {place}",
        "free some space and run the command again; it goes on where it stopped",
    ),
    (
        ("disk image is malformed",),
        "{place} is damaged",
        "bring back a copy, or pull the account again into a new file",
    ),
    (
        ("could not translate host name", "failed to resolve host", "name or service not known"),
        "there is no such host in {place}",
        "check the host in ZDSYNC_DATABASE_URL",
    ),
    (
        ("password authentication failed", "no password supplied", 'fatal:  role "'),
        "{place} refuses the user or password",
        "check the user and password in ZDSYNC_DATABASE_URL",
    ),
    (
        ("connection refused", "connection timeout", "timeout expired", "no such file or directory"),
        "{place} does not answer",
        "check that the database server runs, and the host and port in ZDSYNC_DATABASE_URL",
    ),
    (
        ("does not exist",),
        "{place}: {detail}",
        "create the database, or let ZDSYNC_DATABASE_URL name another one",
    ),
    (
        ("permission denied", "must be owner"),
        "{place} does not allow it: {detail}",
        "grant this user the right to create and write tables in its schema",
    ),
    (
        (
            "server closed the connection",
            "terminating connection",
            "consuming input failed",
            "connection is closed",
        ),
        "the connection to {place} broke",
        "run the command again; it goes on where it stopped",
    ),
)


@contextmanager
def told_as_mirror_error(place: str) -> Iterator[None]:
    """Turn any error of SQLAlchemy or a driver inside the block into a MirrorError about `place`."""
    try:
        yield
    except database_errors() as err:
        raise as_mirror_error(err, place) from err


def as_mirror_error(err: Exception, place: str) -> MirrorError:
    """The MirrorError for `err`. Statements and their values, which may hold text of tickets, stay out of it."""
    original = err.orig if isinstance(err, DBAPIError) and err.orig is not None else err
    text = str(original)
    known = text.lower()
    detail = text.strip().splitlines()[0] if text.strip() else type(original).__name__
    detail = detail.rpartition("FATAL:")[2].strip()
    for marks, message, hint in _REMEDIES:
        if any(mark in known for mark in marks):
            return MirrorError(message.format(place=place, detail=detail), hint=hint)
    return MirrorError(
        f"{place} refused: {detail}",
        hint="nothing of this step was recorded; `zdsync doctor` checks the database",
    )


def database_errors() -> tuple[type[Exception], ...]:
    """SQLAlchemy's errors and those of the drivers loaded, which a raw cursor lets through."""
    psycopg = sys.modules.get("psycopg")
    loaded = (psycopg.Error,) if psycopg is not None else ()
    return (SQLAlchemyError, sqlite3.Error, *loaded)
