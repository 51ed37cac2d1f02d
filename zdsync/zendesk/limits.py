"""Request limits: one bucket per limit that Zendesk tells in its headers, each used up to our share and no further.

Source: developer.zendesk.com, "Rate limits" (read 2026-11), and recorded headers of 2023 to 2025:
`x-rate-limit`, `ratelimit-*` (before 2025 `rate-limit-*`), `zendesk-ratelimit-<bucket>` (before `zendesk-rate-limit-`).
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from zdsync.ports.clock import Clock

log = logging.getLogger(__name__)

ACCOUNT = "account"
EXPORTS = "incremental-exports"
TICKET_UPDATES = "tickets-update"

WINDOW_S = 60.0
FIRST_LIMITS: Mapping[str, int] = {ACCOUNT: 200, EXPORTS: 10, TICKET_UPDATES: 100}
"""Requests a minute until the account tells its own: the smallest of the plans still sold."""

NOT_PACED = frozenset({"per-ticket-updates", "inflight-jobs"})
"""Buckets that count something else than requests of one kind a minute."""

_BUCKET = re.compile(r"zendesk-rate-?limit-(?P<name>.+)", re.IGNORECASE)
_PART = re.compile(r"(total|remaining|resets)\s*=\s*(\d+)")
_NUMBER = re.compile(r"(?<=/)\d+(?=[/.]|$)")


@dataclass(slots=True)
class Bucket:
    """One limit: at most `total` requests in any `window_s` seconds, of which we use our share."""

    total: int | None = None
    window_s: float = WINDOW_S
    blocked_until: float = 0.0
    sent: deque[float] = field(default_factory=deque)

    def free_at(self, now: float, share: float) -> float:
        """The earliest moment at which one more request keeps to the share."""
        while self.sent and self.sent[0] <= now - self.window_s:
            self.sent.popleft()
        if self.total is None:
            return self.blocked_until
        allowed = max(1, int(self.total * share))
        if len(self.sent) < allowed:
            return self.blocked_until
        return max(self.blocked_until, self.sent[-allowed] + self.window_s)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one answer said about a bucket; `resets_s` is None when it did not say."""

    total: int
    remaining: int | None
    resets_s: float | None


class Limiter:
    """Lets requests pass at the pace that `share` of each limit allows; waits through the clock."""

    def __init__(self, clock: Clock, share: float) -> None:
        self._clock = clock
        self._share = share
        self._buckets = {name: Bucket(total) for name, total in FIRST_LIMITS.items()}
        self._routes: dict[str, set[str]] = {}
        self._told: dict[str, int] = {}
        self._is_limited = True

    @property
    def told(self) -> Mapping[str, int]:
        """The size of each bucket that an answer has named."""
        return self._told

    def is_free(self, method: str, path: str) -> bool:
        """Whether a request may go at once."""
        now = self._clock.now().timestamp()
        return all(self._free_at(name, now) <= now for name in self._names(method, path))

    def wait(self, method: str, path: str) -> None:
        """Return when the request may go, and count it. Raises Stopped when a signal asks for a clean stop."""
        names = self._names(method, path)
        while True:
            now = self._clock.now().timestamp()
            free_at, name = max((self._free_at(name, now), name) for name in names)
            if free_at <= now:
                break
            log.debug("limit.wait", extra={"bucket": name, "wait_s": round(free_at - now, 3)})
            self._clock.sleep(free_at - now)
        for name in names:
            self._buckets[name].sent.append(now)

    def observe(self, method: str, path: str, status: int, headers: Mapping[str, str]) -> None:
        """Learn limits from an answer, and obey its `Retry-After` to the second."""
        now = self._clock.now().timestamp()
        readings = read_limits(headers)
        if readings or status < 300:
            # Zendesk names its limits in every answer; who names none (a local sandbox) has none.
            self._is_limited = bool(readings)
        for name, reading in readings.items():
            self._learn(method, path, name, reading, now)
        wait_s = retry_after_s(headers)
        if status == 429 and wait_s is not None:
            self._block(self._to_blame(method, path, readings), now + wait_s)

    def _learn(self, method: str, path: str, name: str, reading: Reading, now: float) -> None:
        bucket = self._buckets.setdefault(name, Bucket())
        self._told[name] = reading.total
        if name in NOT_PACED:
            return
        self._routes.setdefault(_route(method, path), set()).add(name)
        bucket.total = reading.total
        if reading.resets_s is not None:
            bucket.window_s = max(bucket.window_s, reading.resets_s)
            if reading.remaining == 0:
                self._block((name,), now + reading.resets_s)

    def _to_blame(self, method: str, path: str, readings: Mapping[str, Reading]) -> tuple[str, ...]:
        """The buckets behind a 429: those told empty, else the request's own, else the account's."""
        empty = tuple(name for name, reading in readings.items() if reading.remaining == 0)
        own = tuple(name for name in self._names(method, path) if name != ACCOUNT)
        return empty or own or (ACCOUNT,)

    def _block(self, names: tuple[str, ...], until: float) -> None:
        for name in names:
            bucket = self._buckets.setdefault(name, Bucket())
            bucket.blocked_until = max(bucket.blocked_until, until)

    def _free_at(self, name: str, now: float) -> float:
        bucket = self._buckets[name]
        return bucket.free_at(now, self._share) if self._is_limited else bucket.blocked_until

    def _names(self, method: str, path: str) -> set[str]:
        route = _route(method, path)
        names = {ACCOUNT} | self._routes.get(route, set())
        if "/incremental/" in path:
            names.add(EXPORTS)
        if route.startswith("PUT") and "/tickets/#" in route:
            names.add(TICKET_UPDATES)
        return names


def read_limits(headers: Mapping[str, str]) -> dict[str, Reading]:
    """Every limit that an answer names, by bucket; the account's under ACCOUNT."""
    lowered = {name.lower(): value for name, value in headers.items()}
    found = {}
    account = _read_account(lowered)
    if account is not None:
        found[ACCOUNT] = account
    for name, value in lowered.items():
        match = _BUCKET.fullmatch(name)
        parts = dict(_PART.findall(value)) if match else {}
        if match and "total" in parts:
            resets, remaining = parts.get("resets"), parts.get("remaining")
            found[match["name"]] = Reading(
                int(parts["total"]),
                None if remaining is None else int(remaining),
                None if resets is None else float(resets),
            )
    return found


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds of `Retry-After`; None when absent or not a number of seconds."""
    value = {name.lower(): value for name, value in headers.items()}.get("retry-after", "").strip()
    return float(value) if value.isdigit() else None


def _read_account(headers: Mapping[str, str]) -> Reading | None:
    total = _first(headers, "x-rate-limit", "ratelimit-limit", "rate-limit")
    if total is None:
        return None
    remaining = _first(headers, "x-rate-limit-remaining", "ratelimit-remaining", "rate-limit-remaining")
    resets = _first(headers, "ratelimit-reset", "rate-limit-reset")
    return Reading(total, remaining, None if resets is None else float(resets))


def _first(headers: Mapping[str, str], *names: str) -> int | None:
    return next((int(headers[name]) for name in names if headers.get(name, "").strip().isdigit()), None)


def _route(method: str, path: str) -> str:
    """`PUT /api/v2/tickets/#.json`: one name for requests that differ only in an id."""
    return f"{method} {_NUMBER.sub('#', path)}"
