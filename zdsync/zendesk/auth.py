"""Signing requests: a token fetched and renewed ahead of its end, a ready token, or a legacy API token.

Source: developer.zendesk.com, "OAuth Tokens for Grant Types" and "Migrating from API tokens to OAuth access tokens"
(read 2026-11).
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

from zdsync.errors import Denied, Rejected, Transient, Unavailable
from zdsync.ports.clock import Clock
from zdsync.zendesk.credentials import ApiToken, Credentials, OAuthClient, OAuthToken
from zdsync.zendesk.retry import WRONG_PLACE

log = logging.getLogger(__name__)

SCOPES = ("read", "write")
TOKEN_PATH = "/oauth/tokens"  # noqa: S105 - a path
API_TOKENS_END = "2027-04-30"

RENEW_AHEAD_S = 120.0
"""A token is renewed this long before its end, or at half its life if that is later."""

TokenRequest = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Posts a body to TOKEN_PATH, once and unsigned, and gives the answer's body; the request in need is repeated."""


class Signer(Protocol):
    """Knows the value of the Authorization header."""

    def header(self) -> str:
        """The header to send now; raises Denied, or Unavailable when no token could be had."""

    def renew(self) -> bool:
        """After a 401: get a fresh secret. False when there is none to get."""


@dataclass(frozen=True, slots=True)
class FixedSigner:
    """A secret that stays as it is."""

    value: str

    def __repr__(self) -> str:
        return "FixedSigner()"

    def header(self) -> str:
        return self.value

    def renew(self) -> bool:
        return False


class TokenSigner:
    """OAuth client credentials: asks for a token when there is none or its end is near.

    There is no refresh token in this grant: a new token is simply asked for. Tokens of newer clients live 30 minutes.
    """

    def __init__(self, client: OAuthClient, clock: Clock, ask: TokenRequest) -> None:
        self._client = client
        self._clock = clock
        self._ask = ask
        self._token = ""
        self._renew_at: float | None = None

    def header(self) -> str:
        if not self._token or (
            self._renew_at is not None and self._clock.now().timestamp() >= self._renew_at
        ):
            self._fetch()
        return f"Bearer {self._token}"

    def renew(self) -> bool:
        self._fetch()
        return True

    def _fetch(self) -> None:
        body = {
            "grant_type": "client_credentials",
            "client_id": self._client.client_id,
            "client_secret": self._client.client_secret,
            "scope": " ".join(SCOPES),
        }
        answer = self._asked(body)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise Denied("Zendesk gave no access token for the OAuth client", hint=_CHECK_CLIENT)
        _check_scope(answer.get("scope"))
        self._token = token
        self._renew_at = _renewal(self._clock.now().timestamp(), answer.get("expires_in"))
        log.info("auth.token", extra={"expires_in_s": answer.get("expires_in")})

    def _asked(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._ask(body)
        except (Denied, Rejected) as err:
            if err.hint == WRONG_PLACE:
                raise
            raise Denied(f"Zendesk refused the OAuth client: {err.message}", hint=_CHECK_CLIENT) from err
        except Transient as err:
            # The request that needs the token has not been sent, whatever became of the token.
            raise Unavailable(f"no access token: {err.message}", status=503, hint=err.hint) from err


_CHECK_CLIENT = (
    "check ZENDESK_CLIENT_ID (the client's unique identifier) and ZENDESK_CLIENT_SECRET; the client must be "
    "confidential and allow the scopes read and write (Admin Center, Apps and integrations, OAuth clients)"
)


def _renewal(now: float, expires_in: object) -> float | None:
    if not isinstance(expires_in, int | float):
        return None
    return now + max(expires_in - RENEW_AHEAD_S, expires_in / 2)


def _check_scope(granted: object) -> None:
    """Zendesk issues tokens even for scopes it does not know, and then answers every call with 403."""
    if not isinstance(granted, str):
        return
    missing = [scope for scope in SCOPES if scope not in granted.split()]
    if missing:
        raise Denied(
            f"the OAuth client's token lacks the scope {' and '.join(missing)}",
            hint="grant the client the scopes read and write (Admin Center, Apps and integrations, OAuth clients)",
        )


def signer_for(credentials: Credentials, clock: Clock, ask: TokenRequest) -> Signer:
    """The signer of these credentials; warns about an API token, which stops working on a known day."""
    match credentials:
        case OAuthClient():
            return TokenSigner(credentials, clock, ask)
        case OAuthToken(token):
            return FixedSigner(f"Bearer {token}")
        case ApiToken(email, token):
            log.warning(
                "auth.api_token", extra={"stops_on": API_TOKENS_END, "instead": "OAuth client credentials"}
            )
            pair = base64.b64encode(f"{email}/token:{token}".encode()).decode()
            return FixedSigner(f"Basic {pair}")
        case _:
            assert_never(credentials)
