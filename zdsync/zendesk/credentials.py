"""The three ways to sign in, as values that never show their secret."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """OAuth client credentials, the recommended way: tokens are fetched and renewed by us."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OAuthToken:
    """A ready access token; nobody renews it."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A legacy API token of one user.

    Source: developer.zendesk.com, "Migrating from API tokens to OAuth access tokens" (read 2026-11): all API tokens
    stop on 2027-04-30.
    """

    email: str
    token: str = field(repr=False)


Credentials = OAuthClient | OAuthToken | ApiToken
