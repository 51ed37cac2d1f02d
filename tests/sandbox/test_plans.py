"""What a plan, a role or a token does not allow answers 403 with an error object."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import HOST, NOW, Api, connect
from zdsync.sandbox.app import make_sandbox
from zdsync.sandbox.auth import CLIENT_ID, CLIENT_SECRET
from zdsync.sandbox.call import Options
from zdsync.sandbox.limits import Limits
from zdsync.sandbox.transport import WsgiAdapter


@pytest.mark.parametrize(
    ("plan", "denied", "allowed"),
    [
        ("team", ("slas/policies", "business_hours/schedules", "audit_logs", "queues"), ("tickets", "views")),
        (
            "growth",
            ("queues", "custom_roles", "routing/attributes"),
            ("slas/policies", "satisfaction_ratings"),
        ),
        ("professional", ("audit_logs", "incremental/routing/attributes"), ("queues", "slas/policies")),
        ("enterprise", (), ("audit_logs", "routing/attributes", "workspaces")),
    ],
)
def test_plans(plan: str, denied: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    """Each plan has its features and its requests a minute."""
    sandbox = make_sandbox(5, now=NOW, options=Options.of_plan(plan), rate_limits=Limits.of_plan(plan))
    api = connect(sandbox)
    for path in denied:
        answer = api.call("GET", path)
        assert answer.status_code == 403
        assert answer.json()["error"]["title"] == "Forbidden"
    for path in allowed:
        assert api.call("GET", path).status_code == 200
    wanted = {"team": "200", "growth": "400", "professional": "400", "enterprise": "700"}[plan]
    assert api.call("GET", "groups").headers["X-Rate-Limit"] == wanted


ADMIN_ONLY = (
    "slas/policies",
    "queues",
    "satisfaction_ratings",
    "audit_logs",
    "webhooks",
    "incremental/tickets/cursor?start_time=0",
    "incremental/routing/attributes",
    "guide/survey_responses",
    "deleted_users",
)


@pytest.mark.parametrize("path", ADMIN_ONLY)
def test_admins_only(api: Api, path: str) -> None:
    """An agent is refused where an admin is not."""
    agent = connect(api.sandbox, "agent@example.com")
    assert agent.call("GET", path).status_code == 403
    assert api.call("GET", path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "custom_statuses", {"custom_status": {"status_category": "open", "agent_label": "x"}}),
        ("POST", "imports/tickets", {"ticket": {"comment": {"body": "x"}}}),
        ("POST", "targets", {"target": {"title": "x", "type": "y"}}),
        ("POST", "business_hours/schedules", {"schedule": {"name": "x", "time_zone": "London"}}),
        ("POST", "routing/attributes", {"attribute": {"name": "x"}}),
    ],
)
def test_agents_do_not_configure(api: Api, method: str, path: str, body: Any) -> None:
    """Writing the configuration takes an admin."""
    agent = connect(api.sandbox, "agent@example.com")
    assert agent.call(method, path, json=body).status_code == 403
    assert api.call(method, path, json=body).status_code == 201


def token(api: Api, scope: str, *, as_form: bool = False) -> requests.Session:
    """A session with a token of this scope."""
    session = requests.Session()
    session.mount("https://", WsgiAdapter(api.sandbox))
    given = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    sent: Any = {"data" if as_form else "json": given | {"scope": scope}}
    answer = session.post(f"{HOST}/oauth/tokens", timeout=60, **sent)
    assert answer.status_code == 201, answer.text
    assert answer.json()["scope"] == " ".join(sorted(scope.split()))
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session


def status(session: requests.Session, path: str, method: str = "GET") -> int:
    return session.request(method, f"{HOST}/api/v2/{path}", timeout=60).status_code


def test_narrow_scopes(api: Api) -> None:
    """`tickets:read` reads tickets but not their audits; an unknown scope is granted and opens nothing."""
    tickets, unknown = token(api, "tickets:read"), token(api, "sunshine:everything")
    ident = api.new_ticket().id
    assert status(tickets, f"tickets/{ident}") == 200
    assert status(tickets, f"tickets/{ident}/audits") == 403
    assert status(tickets, "ticket_audits") == 403
    assert status(tickets, "users") == 403
    assert status(tickets, f"tickets/{ident}", "DELETE") == 403
    assert status(token(api, "tickets:write"), f"tickets/{ident}", "DELETE") == 204
    assert {status(unknown, path) for path in ("tickets", "users", "groups", "search?query=x")} == {403}
    assert status(token(api, "ticket_views:read"), "views") == 200
    assert status(token(api, "auditlogs:read"), "audit_logs") == 200


def test_tokens_by_form(api: Api) -> None:
    """OAuth clients that send a form are served as those that send JSON; nonsense is 400."""
    assert status(token(api, "read", as_form=True), "tickets") == 200
    session = requests.Session()
    session.mount("https://", WsgiAdapter(api.sandbox))
    for body in ("{", "[]"):
        assert session.post(f"{HOST}/oauth/tokens", data=body, timeout=60).status_code == 400
    given = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    wrong = session.post(f"{HOST}/oauth/tokens", json=given | {"expires_in": "long"}, timeout=60)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_request")


def test_the_token_of_the_call(api: Api) -> None:
    """It tells its scopes and end, and can be revoked; an API token is none."""
    session = token(api, "tickets:read users:read")
    shown = session.get(f"{HOST}/api/v2/oauth/tokens/current", timeout=60).json()["token"]
    assert shown["scopes"] == ["tickets:read", "users:read"]
    assert shown["expires_at"] == "2026-11-20T15:30:00Z"
    assert status(session, "oauth/tokens/current", "DELETE") == 204
    assert status(session, "tickets") == 401
    assert api.call("GET", "oauth/tokens/current").status_code == 404
