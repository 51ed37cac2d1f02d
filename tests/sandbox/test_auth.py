"""Who gets in, as whom, and what they may do."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import HOST, Api, connect
from zdsync.sandbox.auth import OAuthClient


def token(api: Api, **more: Any) -> requests.Response:
    body = {"grant_type": "client_credentials", "client_id": "zdsync", "client_secret": "sandbox-secret"}
    return requests.Session.request(
        api.session, "POST", f"{HOST}/oauth/tokens", json={**body, "scope": "read write", **more}
    )


def with_bearer(api: Api, access: str) -> Api:
    other = connect(api.sandbox)
    other.session.auth = None
    other.session.headers["Authorization"] = f"Bearer {access}"
    return other


def test_me_without_credentials_is_an_anonymous_200(api: Api) -> None:
    """The trap of every health check: 200, and a user whose id is null."""
    api.session.auth = None
    assert api.get("users/me.json")["user"]["id"] is None
    assert api.get("users/me.json")["user"]["name"] == "Anonymous user"
    answer = api.call("GET", "tickets.json")
    assert (answer.status_code, answer.json()) == (401, {"error": "Couldn't authenticate you"})


def test_a_wrong_api_token_is_refused(api: Api) -> None:
    """A wrong token gives 401 even on /users/me; a password counts as nobody."""
    wrong = connect(api.sandbox, token="nonsense")
    assert wrong.call("GET", "users/me").status_code == 401
    wrong.session.auth = ("admin@example.com", "password")
    assert wrong.get("users/me")["user"]["id"] is None


def test_client_credentials(api: Api) -> None:
    """The token carries its scopes and its end, and stops working then."""
    answer = token(api, expires_in=300)
    body = answer.json()
    assert (body["token_type"], body["scope"], body["expires_in"]) == ("bearer", "read write", 300)
    bearer = with_bearer(api, body["access_token"])
    assert bearer.get("users/me")["user"]["role"] == "admin"
    api.sandbox.control.advance(301)
    late = bearer.call("GET", "users/me")
    assert late.status_code == 401
    assert late.json()["error"] == "invalid_token"


def test_a_token_tells_what_it_may_do(api: Api) -> None:
    """Any OAuth token may ask for its own scopes and end, whatever they are; nothing else has any."""
    access = token(api, scope="tickets:read", expires_in=300).json()["access_token"]
    told = with_bearer(api, access).get("oauth/tokens/current")["token"]
    assert told["scopes"] == ["tickets:read"]
    assert told["expires_at"] == "2026-11-20T15:05:00Z"
    assert api.call("GET", "oauth/tokens/current").status_code == 404


@pytest.mark.parametrize(
    ("more", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"expires_in": 10}, 400, "invalid_request"),
    ],
)
def test_refused_token_requests(api: Api, more: dict[str, Any], status: int, error: str) -> None:
    """Each refusal has its OAuth error word."""
    answer = token(api, **more)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_unknown_scope_is_granted_and_useless(api: Api) -> None:
    """Zendesk issues the token and answers every call with 403."""
    answer = token(api, scope="everything")
    assert answer.status_code == 201
    refused = with_bearer(api, answer.json()["access_token"]).call("GET", "groups")
    assert refused.status_code == 403
    assert refused.json()["error"]["title"] == "Forbidden"


def test_scope_beyond_the_clients_ceiling(api: Api) -> None:
    """A client limited to reading cannot ask for writing."""
    api.sandbox.credentials.clients["reader"] = OAuthClient("s", ceiling=frozenset({"read"}))
    answer = token(api, client_id="reader", client_secret="s")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_read_scope_cannot_write_and_narrow_scope_cannot_audit(api: Api) -> None:
    """tickets:read shows tickets but not their audits, and nothing else."""
    ticket = api.new_ticket()
    reader = with_bearer(api, token(api, scope="read").json()["access_token"])
    assert reader.put(f"tickets/{ticket.id}", {"ticket": {"priority": "low"}}).status_code == 403
    narrow = with_bearer(api, token(api, scope="tickets:read").json()["access_token"])
    assert narrow.call("GET", f"tickets/{ticket.id}").status_code == 200
    assert narrow.call("GET", f"tickets/{ticket.id}/audits").status_code == 403
    assert narrow.call("GET", "groups").status_code == 403


def test_roles(api: Api) -> None:
    """Exports and SLA policies need an admin; agents read tickets."""
    agent = connect(api.sandbox, "agent@example.com")
    assert agent.call("GET", "incremental/tickets/cursor?start_time=0").status_code == 403
    assert agent.call("GET", "slas/policies").status_code == 403
    assert agent.call("GET", "tickets?page[size]=1").status_code == 200


def test_plan_limits(api: Api) -> None:
    """Endpoints outside the plan answer the object-shaped 403."""
    api.sandbox.control.set_options(denied=["slas", "business_hours"])
    answer = api.call("GET", "slas/policies")
    assert answer.status_code == 403
    assert set(answer.json()["error"]) == {"title", "message"}
