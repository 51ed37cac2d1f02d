"""Zendesk's request limits: account, endpoint and per-ticket windows, with both header spellings."""

from __future__ import annotations

from dataclasses import dataclass, field

from zdsync.sandbox import unverified

#: Requests a minute by Suite plan.
PER_MINUTE = {"team": 200, "growth": 400, "professional": 400, "enterprise": 700, "enterprise_plus": 2500}


@dataclass(frozen=True, slots=True)
class Bucket:
    """At most `total` requests in a window of `seconds`."""

    total: int
    seconds: int = 60


#: Source: developer.zendesk.com, "Rate limits", and recorded headers.
BUCKETS = {
    "incremental-exports": Bucket(10),
    "tickets-update": Bucket(100),
    "per-ticket-updates": Bucket(30, 600),
    "tickets-index": Bucket(100),
    "tickets-index-deep-pagination": Bucket(50),
    "tags-index": Bucket(100),
    "deleted-tickets-index": Bucket(10),
    "deleted-tickets-index-deep-pagination": Bucket(5),
    "deleted-tickets-destroy": Bucket(1000),
    "tickets-destroy": Bucket(400),
    "search-export": Bucket(100),
    "search-index": Bucket(2500),
    "views-count-many": Bucket(6),
    "per-view-execute": Bucket(5),
    "per-view-count": Bucket(5),
    "views-preview": Bucket(5),
    "per-user-updates": Bucket(5),
    "users-update": Bucket(60),
    "per-organization-updates": Bucket(5),
    "ticket-field-options": Bucket(100),
    "incremental-sample": Bucket(10, 1200),
    "ticket-request-create-by-user-and-ip": Bucket(300),
}


@dataclass(slots=True)
class Limits:
    """How much one account may ask. `spelling` is "2025" or "2023", after the header names then in use."""

    per_minute: int = 700
    buckets: dict[str, Bucket] = field(default_factory=lambda: dict(BUCKETS))
    spelling: str = "2025"
    jobs: int = 30

    @classmethod
    def of_plan(cls, plan: str) -> Limits:
        """The limits of a Suite plan: team, growth, professional, enterprise or enterprise_plus."""
        return cls(PER_MINUTE[plan])

    @classmethod
    def trial(cls) -> Limits:
        """The limits of a sandbox or trial account, which are narrower in places."""
        return cls(200, BUCKETS | {"tickets-update": Bucket(20)})

    @classmethod
    def high_volume(cls) -> Limits:
        """The limits of the High Volume add-on."""
        buckets = BUCKETS | {"incremental-exports": Bucket(30), "tickets-update": Bucket(300)}
        buckets["tickets-index"] = Bucket(300)
        return cls(2500, buckets)


@dataclass(slots=True)
class _Window:
    until: float
    used: int = 0


class Meter:
    """Counts requests in fixed windows; a refused request is not counted."""

    def __init__(self, limits: Limits | None) -> None:
        self.limits = limits
        self._windows: dict[str, _Window] = {}

    def charge(
        self, buckets: tuple[tuple[str, str], ...], now: float, *, is_counted: bool = False
    ) -> dict[str, str]:
        """Count one request in the account's window and in each (bucket, subject); return its headers.

        `is_counted` says that the account's window has it already. Raises the 429 answer, headers
        included, when any window is full.
        """
        if self.limits is None:
            return {}
        account = self._window("account", Bucket(self.limits.per_minute), now)
        windows = [
            (name, bucket, self._window(f"{name}/{subject}", bucket, now))
            for name, subject in buckets
            if (bucket := self.limits.buckets.get(name)) is not None
        ]
        full = [window for _, bucket, window in windows if window.used >= bucket.total]
        if not is_counted and account.used >= self.limits.per_minute:
            full.append(account)
        if not full:
            account.used += not is_counted
            for _, _, window in windows:
                window.used += 1
        headers = self._headers(account, windows, now)
        if full:
            error = unverified.rate_limited(max(1, round(max(w.until for w in full) - now + 0.499)))
            error.headers |= headers
            raise error
        return headers

    def _window(self, key: str, bucket: Bucket, now: float) -> _Window:
        window = self._windows.get(key)
        if window is None or now >= window.until:
            if len(self._windows) > 10_000:
                self._windows = {k: w for k, w in self._windows.items() if now < w.until}
            window = self._windows[key] = _Window(now + bucket.seconds)
        return window

    def _headers(
        self, account: _Window, windows: list[tuple[str, Bucket, _Window]], now: float
    ) -> dict[str, str]:
        assert self.limits is not None
        old = self.limits.spelling == "2023"
        short, long = ("rate-limit", "rate-limit") if old else ("ratelimit", "ratelimit")
        total = self.limits.per_minute
        left = total - account.used
        headers = {
            "X-Rate-Limit": str(total),
            "X-Rate-Limit-Remaining": str(left),
            f"{short}{'' if old else '-limit'}": str(total),
            f"{short}-remaining": str(left),
            f"{short}-reset": str(max(0, int(account.until - now))),
        }
        for name, bucket, window in windows:
            rest = f"remaining={bucket.total - window.used}; resets={max(0, int(window.until - now))}"
            headers[f"zendesk-{long}-{name}"] = f"total={bucket.total}; {rest}"
        return headers
