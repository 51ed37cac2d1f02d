"""Every error zdsync raises on purpose, cut by what the operator does next.

ZdsyncError                 message: what happened, to which ticket or file; hint: what to do now
├─ ConfigError              mend the settings                                          exit 2
├─ RuleError                mend the rule files; carries every problem                 exit 2
├─ GuardBreach              read the plan, raise a limit or mend a rule; nothing was written    exit 4
├─ PlanRefused              make the plan again; nothing was written                   exit 4
├─ Transient                wait and try again                                         exit 1
│  ├─ RateLimited           … for `retry_after_s`
│  ├─ Unavailable           Zendesk answered with a 5xx
│  └─ Unreachable           no answer arrived; a write may or may not have happened
├─ Conflict                 fetch again, decide again, once; then leave it to the next run
├─ Rejected                 skip this ticket or object, record it, go on; too many → stop    exit 3
├─ Denied                   stop: credentials, role or scope                           exit 1
├─ PublicNote               stop: a customer saw a note of ours                        exit 1
├─ MirrorError              stop: what cannot be recorded is not done                  exit 1
│  ├─ LeaseTaken            another process works on this mirror: wait, or stop it
│  └─ LeaseLost             ours was freed; another process may have it by now
└─ Stopped                  a signal asked for a clean stop                            exit 130
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class ZdsyncError(Exception):
    """The root of the tree; `str()` is the message, `hint` the next move."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(ZdsyncError):
    """Settings are missing or wrong; the message lists every fault."""

    exit_code = 2


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in a rule file, located so that an editor can jump to it (lines and columns from 1)."""

    file: str
    line: int
    column: int
    message: str
    id: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        mark = f" [{self.id}]" if self.id else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{mark}"


class RuleError(ZdsyncError):
    """Rule files cannot be used; `problems` holds every fault found, in file order."""

    exit_code = 2

    def __init__(self, problems: tuple[Problem, ...], *, hint: str = "") -> None:
        lines = "\n".join(str(problem) for problem in problems)
        super().__init__(lines, hint=hint or "mend the lines above; `zdsync rules check` shows them again")
        self.problems = problems


class GuardBreach(ZdsyncError):
    """A plan is larger than its limits; nothing was written."""

    exit_code = 4


class PlanRefused(ZdsyncError):
    """A plan file is too old, edited, or made for other rules or another account; nothing was written."""

    exit_code = 4


class Transient(ZdsyncError):
    """Trying again later may succeed."""


class RateLimited(Transient):
    """Zendesk asked us to wait (429, or 503 with Retry-After)."""

    def __init__(self, message: str, *, retry_after_s: float | None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class Unavailable(Transient):
    """Zendesk answered with a 5xx."""

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class Unreachable(Transient):
    """No complete answer arrived; for a write the outcome is unknown."""


class Conflict(ZdsyncError):
    """The ticket changed between our reading and our writing."""


class Rejected(ZdsyncError):
    """Zendesk refused this one object (4xx other than the classes here); others may go on.

    `status` is the HTTP status, `code` Zendesk's error word (messages come in the account's language).
    """

    exit_code = 3

    def __init__(self, message: str, *, status: int, code: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code


class Denied(ZdsyncError):
    """Credentials, role, scope or plan do not allow it."""


class PublicNote(ZdsyncError):
    """An internal note of ours came back as a comment that the customer can see; nothing more was written."""


class MirrorError(ZdsyncError):
    """The database cannot be opened, written or trusted."""


class LeaseTaken(MirrorError):
    """Another process is working on this mirror."""


class LeaseLost(MirrorError):
    """The lease was freed under us; this process writes nothing more until it has taken it again."""


class Stopped(ZdsyncError):
    """A signal asked for a clean stop; everything up to the last whole step is recorded."""

    exit_code = 130
