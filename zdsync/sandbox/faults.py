"""Faults on request: which calls fail, how often, and in which way."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zdsync.sandbox.answers import ApiError
from zdsync.sandbox.unverified import rate_limited, update_conflict

#: Kinds that answer with a status of their own.
STATUS_KINDS = ("429", "500", "502", "503", "504", "520", "409", "401")

#: Kinds that break the connection or delay it.
WIRE_KINDS = ("reset_before", "reset_after", "cut_body", "slow")

#: Kinds that decide how the next background jobs end.
JOB_KINDS = ("job_late", "job_killed", "job_stuck", "job_half_failed")

KINDS = (*STATUS_KINDS, *WIRE_KINDS, *JOB_KINDS, "expired_token")


@dataclass(slots=True)
class Fault:
    """Strike `count` calls that match, after letting `skip` of them pass.

    `pattern` is a regular expression searched in "METHOD /api/v2/path?query". `retry_after` goes into
    the header of 429 and 503; None leaves it out. `seconds` is the delay of `slow` and `job_late`.
    """

    kind: str
    pattern: str = "."
    count: int = 1
    skip: int = 0
    retry_after: int | None = None
    seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; one of {', '.join(KINDS)}")
        re.compile(self.pattern)

    def answer(self) -> ApiError:
        """The error reply of a status kind."""
        status = int(self.kind)
        if status == 429:
            return rate_limited(self.retry_after)
        if status == 409:
            return update_conflict()
        if status == 401:
            return ApiError(401, {"error": "Couldn't authenticate you"})
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if status == 504:
            return ApiError(status, "upstream request timeout", headers)
        return ApiError(status, f"<html><body><h1>{status}</h1></body></html>", headers)


class Faults:
    """The faults still to strike, in the order they were set."""

    def __init__(self, faults: list[Fault] | None = None) -> None:
        self.pending: list[Fault] = list(faults or ())

    def add(self, fault: Fault) -> None:
        self.pending.append(fault)

    def clear(self) -> None:
        self.pending.clear()

    def take(self, method: str, target: str) -> Fault | None:
        """The fault that strikes this call, used up by one."""
        line = f"{method} {target}"
        for fault in self.pending:
            if fault.kind in JOB_KINDS or not re.search(fault.pattern, line):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.count -= 1
            if fault.count <= 0:
                self.pending.remove(fault)
            return fault
        return None
