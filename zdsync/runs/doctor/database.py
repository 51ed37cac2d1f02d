"""Is the database there, ours, of the present schema, with room, and writable?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TypeAlias

from zdsync.errors import MirrorError
from zdsync.runs.doctor.model import DatabaseProbe, DatabaseState, Finding, fault, not_checked, ok, warning

DATABASE, SCHEMA, BOUND, ROOM, READERS, WRITING = (
    "database",
    "schema",
    "mirrored account",
    "free disk",
    "readers",
    "writing",
)
CHECKS = (DATABASE, SCHEMA, BOUND, ROOM, READERS, WRITING)

MIB = 2**20
LITTLE_ROOM, NO_ROOM = 1024 * MIB, 64 * MIB
LARGE_LOG = 512 * MIB
"""SQLite takes its log over every few megabytes, unless a reader holds on to an old state."""
LONG_READING = timedelta(hours=1)

Opened: TypeAlias = AbstractContextManager[DatabaseProbe]


def examine_database(opened: Opened, account: str | None) -> Iterator[Finding]:
    """One finding per check, in the order of CHECKS; `account` is the one that the settings name, if they do."""
    try:
        with opened as probe:
            state = probe.read_state()
            yield ok(DATABASE, _described(state))
            yield _schema(state)
            yield _bound(state, account)
            yield _room(state)
            yield _readers(state)
            yield _writing(probe)
    except MirrorError as err:
        yield fault(DATABASE, err.message, err.hint)
        yield from (not_checked(check, "the database cannot be read") for check in CHECKS[1:])


def _described(state: DatabaseState) -> str:
    size = "" if state.size_bytes is None else f", {_size(state.size_bytes)}"
    return f"{state.place}{size}"


def _schema(state: DatabaseState) -> Finding:
    if state.revision is None:
        return ok(SCHEMA, "no mirror yet; the first `zdsync pull` makes it")
    if state.revision == state.wanted:
        return ok(SCHEMA, f"revision {state.wanted}")
    text = f"revision {state.revision}, this version of zdsync has {state.wanted}"
    if state.is_older:
        return warning(
            SCHEMA, text, "the next `zdsync pull` or run brings it up to date; reading waits for that"
        )
    return fault(SCHEMA, text, "upgrade zdsync-worker, or let ZDSYNC_DATABASE_URL name another database")


def _bound(state: DatabaseState, account: str | None) -> Finding:
    if state.account is None:
        return ok(BOUND, "none yet; the first pull ties the database to one")
    if account is None:
        return not_checked(BOUND, f"it mirrors {state.account}; the settings name no account")
    if state.account == account:
        return ok(BOUND, account)
    return fault(
        BOUND,
        f"the database mirrors {state.account}, the settings name {account}",
        "use one database per account: let ZDSYNC_DATABASE_URL name another one, or mend ZENDESK_SUBDOMAIN",
    )


def _room(state: DatabaseState) -> Finding:
    if state.free_bytes is None:
        return not_checked(ROOM, "the database server's disk cannot be seen from here")
    text = f"{_size(state.free_bytes)} free"
    if state.free_bytes < NO_ROOM:
        return fault(ROOM, text, "free some space: a pull that finds no room stops")
    if state.free_bytes < LITTLE_ROOM:
        return warning(ROOM, text, "free some space, or set ZDSYNC_RETENTION to keep less")
    return ok(ROOM, text)


def _readers(state: DatabaseState) -> Finding:
    if state.log_bytes is not None and state.log_bytes > LARGE_LOG:
        return warning(
            READERS,
            f"the write-ahead log has grown to {_size(state.log_bytes)}",
            "end the program that has been reading for long; the log is taken over once nobody needs it",
        )
    if state.oldest_reader is not None and state.oldest_reader > LONG_READING:
        hours = state.oldest_reader / timedelta(hours=1)
        return warning(
            READERS,
            f"a transaction has been open for {hours:.1f} h",
            "end it (see pg_stat_activity): PostgreSQL keeps every row replaced since then",
        )
    return ok(READERS, "nobody holds an old state")


def _writing(probe: DatabaseProbe) -> Finding:
    try:
        probe.try_writing()
    except MirrorError as err:
        return fault(WRITING, err.message, err.hint)
    return ok(WRITING, "allowed")


def _size(size: int) -> str:
    return f"{size / MIB:,.1f} MiB" if size < 1024 * MIB else f"{size / 1024 / MIB:,.1f} GiB"
