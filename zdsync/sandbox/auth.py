"""Who is calling and what they may do: API tokens, OAuth tokens, scopes and roles."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass, field

from zdsync.sandbox.answers import ApiError, Json, forbidden, unauthenticated
from zdsync.sandbox.records import User
from zdsync.sandbox.world import World

ADMIN_EMAIL = "admin@example.com"
AGENT_EMAIL = "agent@example.com"
LIGHT_AGENT_EMAIL = "light@example.com"
API_TOKEN = "sandbox-token"  # noqa: S105 - a documented credential of a local toy account
OAUTH_TOKEN = "sandbox-oauth-token"  # noqa: S105
CLIENT_ID = "zdsync"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105

#: Resources that have scopes of their own.
SCOPED = frozenset(
    {
        "tickets",
        "users",
        "organizations",
        "auditlogs",
        "hc",
        "apps",
        "triggers",
        "automations",
        "targets",
        "webhooks",
        "macros",
        "requests",
        "satisfaction_ratings",
        "dynamic_content",
        "ticket_views",
        "any_channel",
        "web_widget",
        "zis",
    }
)
_DEFAULT_LIFE_S, _MIN_LIFE_S, _MAX_LIFE_S = 1800, 300, 172_800


@dataclass(slots=True)
class OAuthClient:
    """A confidential OAuth client; its tokens act as `email`."""

    secret: str
    email: str = ADMIN_EMAIL
    ceiling: frozenset[str] | None = None


@dataclass(slots=True)
class Grant:
    """An access token's owner, scopes and end; `expires` None never ends."""

    email: str
    scopes: frozenset[str]
    expires: float | None
    number: int = 1


@dataclass(slots=True)
class Credentials:
    """Everything that opens this account."""

    api_tokens: frozenset[str] = frozenset({API_TOKEN})
    clients: dict[str, OAuthClient] = field(default_factory=lambda: {CLIENT_ID: OAuthClient(CLIENT_SECRET)})
    grants: dict[str, Grant] = field(
        default_factory=lambda: {OAUTH_TOKEN: Grant(ADMIN_EMAIL, frozenset({"read", "write"}), None)}
    )

    def issue(self, body: Json, now: float) -> Json:
        """Answer `POST /oauth/tokens`.

        An unknown scope is granted and useless; a scope beyond the client's ceiling is refused.

        Source: developer.zendesk.com, "OAuth Tokens for Grant Types".
        """
        if body.get("grant_type") != "client_credentials":
            raise _oauth_error(400, "unsupported_grant_type", "The grant type is not supported")
        client = self.clients.get(str(body.get("client_id")))
        if client is None or not secrets.compare_digest(client.secret, str(body.get("client_secret"))):
            raise _oauth_error(401, "invalid_client", "Client authentication failed")
        scopes = frozenset(str(body.get("scope") or "read").split())
        if client.ceiling is not None and not scopes <= client.ceiling:
            raise _oauth_error(400, "invalid_scope", "The requested scope is invalid, unknown, or malformed")
        asked = str(body.get("expires_in") or _DEFAULT_LIFE_S)
        life = int(asked) if asked.isdigit() else 0
        if not _MIN_LIFE_S <= life <= _MAX_LIFE_S:
            raise _oauth_error(400, "invalid_request", "expires_in must be between 300 and 172800")
        token = secrets.token_hex(32)
        self.grants = {
            key: grant for key, grant in self.grants.items() if grant.expires is None or grant.expires > now
        }
        self.grants[token] = Grant(client.email, scopes, now + life, len(self.grants) + 1)
        return {
            "access_token": token,
            "refresh_token": None,
            "token_type": "bearer",
            "scope": " ".join(sorted(scopes)),
            "expires_in": life,
            "refresh_token_expires_in": None,
        }

    def expire_all(self) -> None:
        """End every OAuth token that can end, as an administrator's revocation does."""
        self.grants = {key: grant for key, grant in self.grants.items() if grant.expires is None}

    def identify(self, header: str | None, world: World, now: float) -> Caller | None:
        """The caller behind an Authorization header.

        None stands for nobody: no header, or a password. Raises 401 for a wrong token.
        """
        if not header:
            return None
        kind, _, rest = header.partition(" ")
        if kind.lower() == "bearer":
            return self._bearer(rest.strip(), world, now)
        if kind.lower() != "basic":
            raise unauthenticated()
        try:
            name, _, token = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as err:
            raise unauthenticated() from err
        if not name.endswith("/token"):
            return None
        user_id = world.emails.get(name.removesuffix("/token").lower())
        if token not in self.api_tokens or user_id is None or not world.users[user_id].is_agent:
            raise unauthenticated()
        return Caller(world.users[user_id], None)

    def _bearer(self, token: str, world: World, now: float) -> Caller:
        grant = self.grants.get(token)
        if grant is None or (grant.expires is not None and grant.expires <= now):
            text = "The access token provided is expired, revoked, malformed or invalid for other reasons."
            raise _oauth_error(401, "invalid_token", text)
        return Caller(world.find_user(grant.email), grant.scopes, grant)


def _oauth_error(status: int, error: str, description: str) -> ApiError:
    return ApiError(status, {"error": error, "error_description": description})


@dataclass(slots=True)
class Caller:
    """A recognised user; `scopes` None means an API token, which has no scopes, `expires` None that it never ends."""

    user: User
    scopes: frozenset[str] | None
    grant: Grant | None = None

    def require(self, resource: str, *, write: bool, only_global: bool = False) -> None:
        """Raise the object-shaped 403 when no granted scope covers the call."""
        if self.scopes is None or resource == "any":
            return
        verb = "write" if write else "read"
        wanted = {verb}
        if not only_global and resource in SCOPED:
            wanted.add(f"{resource}:{verb}")
        if not self.scopes & wanted:
            raise forbidden(f"You are missing the following required scopes: {', '.join(sorted(wanted))}")

    def require_admin(self) -> None:
        if self.user.role != "admin":
            raise forbidden()


def anonymous_row(base: str) -> Json:
    """What `/users/me` answers without credentials: 200, and a user without id."""
    return {
        "id": None,
        "url": f"{base}/api/v2/users/.json",
        "name": "Anonymous user",
        "email": "invalid@example.com",
        "created_at": None,
        "updated_at": None,
        "time_zone": "London",
        "iana_time_zone": "Europe/London",
        "phone": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": None,
        "role": "end-user",
        "verified": False,
        "active": False,
        "tags": [],
        "suspended": False,
        "user_fields": {},
    }
