"""What the doctor finds, and what it needs to look at: findings, and the doors through which it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from zdsync.ports.account import Identity
from zdsync.streams import Stream


class Grade(StrEnum):
    """How a check came out. A warning stops nothing; what was not checked waits for an earlier fault to be mended."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    NOT_CHECKED = "not checked"


STOPS, MUST_BE_MENDED = 1, 2
"""Exit codes of faults: credentials, account and database stop zdsync; settings and rules are its owner's to mend."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's: what was looked at, how it is, and what to do about it (empty: nothing)."""

    check: str
    grade: Grade
    text: str
    remedy: str = ""
    exit_code: int = 0


def ok(check: str, text: str, remedy: str = "") -> Finding:
    return Finding(check, Grade.OK, text, remedy)


def warning(check: str, text: str, remedy: str) -> Finding:
    return Finding(check, Grade.WARNING, text, remedy)


def fault(check: str, text: str, remedy: str, *, exit_code: int = STOPS) -> Finding:
    return Finding(check, Grade.FAULT, text, remedy, exit_code)


def not_checked(check: str, why: str) -> Finding:
    return Finding(check, Grade.NOT_CHECKED, why)


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who the account says that we are, and how far our clock is ahead of its own (negative: behind)."""

    identity: Identity
    ahead: timedelta


@dataclass(frozen=True, slots=True)
class Grant:
    """What an OAuth token may do, and when it ends; None when it does not say."""

    scopes: frozenset[str]
    ends_at: datetime | None


class AccountProbe(Protocol):
    """Looks at what the account allows: nothing is written, nothing that it answers is kept.

    Each method is one request and may raise Transient, Denied or Rejected.
    """

    def fetch_introduction(self) -> Introduction:
        """The acting user; raises Denied when Zendesk answers as to an anonymous visitor."""

    def fetch_grant(self) -> Grant | None:
        """The rights of the token in use; None when it cannot be told, as of an API token."""

    def fetch_little(self, stream: Stream) -> None:
        """As little of the stream as can be asked for; raises Denied or Rejected when role, scope or plan forbid it."""

    def read_limits(self) -> Mapping[str, int]:
        """Requests a minute by bucket, as the answers so far told; empty when the account names no limits."""


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """A database as it stands. Sizes in bytes, None where they cannot be seen from here.

    `revision` is the schema's, None without a mirror; `wanted` is this version's, and `is_older` says that the former
    is one that this version can bring up to date. `account` is the one it mirrors. `log_bytes` is what SQLite has not
    yet taken over from its write-ahead log; `oldest_reader` how long ago the oldest open transaction began.
    """

    place: str
    revision: str | None
    wanted: str
    is_older: bool
    account: str | None
    size_bytes: int | None
    free_bytes: int | None
    log_bytes: int | None
    oldest_reader: timedelta | None


class DatabaseProbe(Protocol):
    """Looks at the database and leaves it as it is. Every method may raise MirrorError."""

    def read_state(self) -> DatabaseState: ...

    def try_writing(self) -> None:
        """Write and take it back; raises MirrorError when this process may not, or there is no room."""
