"""Counts of what was asked of the sandbox, for tests and benchmarks."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class RequestLog:
    """How often each endpoint and bucket was called, and the latest thousand requests."""

    total: int = 0
    by_endpoint: Counter[str] = field(default_factory=Counter)
    by_bucket: Counter[str] = field(default_factory=Counter)
    by_status: Counter[int] = field(default_factory=Counter)
    latest: deque[tuple[float, str, int]] = field(default_factory=lambda: deque(maxlen=1000))

    def note(self, at: float, line: str, endpoint: str, buckets: Iterable[str], status: int) -> None:
        self.total += 1
        self.by_endpoint[endpoint] += 1
        self.by_bucket.update(buckets)
        self.by_status[status] += 1
        self.latest.append((at, line, status))

    def clear(self) -> None:
        self.total = 0
        for counter in (self.by_endpoint, self.by_bucket, self.by_status, self.latest):
            counter.clear()

    def as_dict(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "by_endpoint": dict(self.by_endpoint),
            "by_bucket": dict(self.by_bucket),
            "by_status": {str(status): count for status, count in self.by_status.items()},
        }
