"""Every failure of a database is told as what happened and what to do, without the values of the statement."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from zdsync.errors import MirrorError
from zdsync.mirror.faults import as_mirror_error, told_as_mirror_error


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ("database is locked", "db is locked", "end the program"),
        ("attempt to write a readonly database", "cannot be written", "write access"),
        ("cannot execute INSERT in a read-only transaction", "cannot be written", "write access"),
        ("unable to open database file", "cannot be opened", "folder"),
        ("file is not a database", "is not a SQLite database", "another file"),
        ("database or disk is full", "no room left", "free some space"),
        ('could not extend file "base/1": No space left on device', "no room left", "free some space"),
        ("database disk image is malformed", "is damaged", "bring back a copy"),
        ("failed to resolve host 'pg.invalid': Name or service not known", "no such host", "check the host"),
        (
            'connection failed: FATAL:  password authentication failed for user "u"',
            "refuses the user",
            "password",
        ),
        ("fe_sendauth: no password supplied", "refuses the user", "password"),
        ("connection failed: Connection refused", "does not answer", "server runs"),
        (
            'failed: FATAL:  database "x" does not exist',
            'db: database "x" does not exist',
            "create the database",
        ),
        ('failed: FATAL:  role "x" does not exist', "refuses the user", "check the user"),
        (
            "permission denied for schema public\nLINE 1: CREATE",
            "does not allow it: permission denied",
            "grant",
        ),
        ("server closed the connection unexpectedly", "the connection to db broke", "run the command again"),
        ("something else\nDETAIL: Key (email)=(x@example.com)", "db refused: something else", "doctor"),
        ("", "db refused: OperationalError", "doctor"),
    ],
)
def test_what_a_driver_says_becomes_a_remedy(said: str, message: str, hint: str) -> None:
    """Known failures have their own sentence; of an unknown one only the first line is told."""
    error = as_mirror_error(sqlite3.OperationalError(said), "db")
    assert message in error.message
    assert hint in error.hint
    assert "@" not in error.message


def test_statements_and_values_stay_secret() -> None:
    """SQLAlchemy's own text holds statement and parameters; only the driver's word is passed on."""
    driver = sqlite3.OperationalError("no such table: x")
    told = as_mirror_error(OperationalError("INSERT secret", {"body": "secret"}, driver), "db")
    assert told.message == "db refused: no such table: x"


@pytest.mark.parametrize("kind", [sqlite3.DatabaseError, psycopg.DataError, OverflowError])
def test_only_errors_of_databases_are_translated(kind: type[Exception]) -> None:
    """An error of a driver keeps its cause; any other one passes as it is."""
    expected = kind if kind is OverflowError else MirrorError
    with pytest.raises(expected) as caught, told_as_mirror_error("db"):
        raise kind("odd")
    assert isinstance(caught.value if kind is OverflowError else caught.value.__cause__, kind)
