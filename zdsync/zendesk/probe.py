"""Looking at an account without reading it: who we are there, what we may do, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from requests.adapters import BaseAdapter

from zdsync.errors import Denied, Rejected
from zdsync.model import UserId
from zdsync.ports.account import Identity
from zdsync.ports.clock import Clock
from zdsync.runs.doctor.model import Grant, Introduction
from zdsync.streams import Stream
from zdsync.zendesk import retry
from zdsync.zendesk.client import Client
from zdsync.zendesk.columns import as_int, as_time
from zdsync.zendesk.credentials import ApiToken, Credentials
from zdsync.zendesk.pages import EXPORTS, LISTS, list_path

_ME = "users/me.json"
_TOKEN = "oauth/tokens/current.json"  # noqa: S105 - a path
_LATELY = timedelta(hours=1)
"""An export that starts so long ago is taken for well begun even by a clock that differs from ours."""


class ZendeskProbe:
    """Implements the port `AccountProbe`."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        rate_share: float,
        clock: Clock,
        transport: BaseAdapter | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._has_scopes = not isinstance(credentials, ApiToken)
        self._client = Client(base_url, credentials, rate_share=rate_share, clock=clock, transport=transport)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def fetch_introduction(self) -> Introduction:
        return fetch_introduction(self._client, self._base_url)

    def fetch_grant(self) -> Grant | None:
        """As the port says.

        Source: OpenAPI document of 2026-07, "Show Current Token".
        """
        if not self._has_scopes:
            return None
        token = self._client.get(_TOKEN, patience=retry.PROBING).body.get("token")
        if not isinstance(token, dict) or not isinstance(token.get("scopes"), list):
            raise Rejected(f"GET /api/v2/{_TOKEN} names no scopes", status=200)
        return Grant(frozenset(map(str, token["scopes"])), as_time(token.get("expires_at")))

    def fetch_little(self, stream: Stream) -> None:
        path, params = self._smallest(stream)
        self._client.get(path, params, patience=retry.PROBING)

    def _smallest(self, stream: Stream) -> tuple[str, Mapping[str, str | int]]:
        if stream in LISTS or stream is Stream.RATINGS:
            return list_path(stream), {"page[size]": 1}
        since = self._client.clock.now() - _LATELY
        return EXPORTS[stream].path, {"start_time": int(since.timestamp()), "per_page": 1}

    def read_limits(self) -> Mapping[str, int]:
        return self._client.limits_told


def fetch_introduction(client: Client, base_url: str) -> Introduction:
    """As the port says; a clock counts as ours while the answer's date lies between asking and having it.

    Source: `GET /users/me` answers 200 with "Anonymous user" and a null id when credentials are missing or a
    password was sent (live probes, 2026-08).
    """
    asked_at = client.clock.now().astimezone(UTC)
    answer = client.get(_ME, patience=retry.PROBING)
    user: Any = answer.body.get("user")
    user_id = as_int(user.get("id")) if isinstance(user, dict) else None
    if user_id is None:
        raise Denied(
            f"{base_url} answered as to an anonymous visitor",
            hint="check the credentials: Zendesk did not recognise them as a user's",
        )
    identity = Identity(base_url, UserId(user_id), str(user.get("role") or ""))
    return Introduction(identity, _ahead(asked_at, client.clock.now(), answer.served_at))


def _ahead(asked_at: datetime, had_at: datetime, served_at: datetime) -> timedelta:
    """How far the clock that told `asked_at` and `had_at` is ahead of the one that told `served_at`, at least."""
    return asked_at - served_at if served_at < asked_at else min(had_at - served_at, timedelta(0))
