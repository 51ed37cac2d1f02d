"""Requests are signed by the credentials given, tokens are renewed in time, and no secret shows."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
import responses
from responses import matchers

from tests.unit.zendesk.support import API, SITE, StillClock, make_account, update
from zdsync.errors import Denied, Unavailable
from zdsync.zendesk.auth import signer_for
from zdsync.zendesk.credentials import ApiToken, Credentials, OAuthClient, OAuthToken

TOKENS = f"{SITE}/oauth/tokens"
ME = f"{API}/users/me.json"
BATCH = f"{API}/tickets/update_many.json"
CLIENT = OAuthClient("worker", "s3cret")
USER = {"user": {"id": 5, "role": "admin"}}


def _grant(token: str, **fields: Any) -> dict[str, Any]:
    return {
        "access_token": token,
        "token_type": "bearer",
        "scope": "read write",
        "expires_in": 1800,
        **fields,
    }


def _authorizations(url: str) -> list[str | None]:
    return [call.request.headers.get("Authorization") for call in responses.calls if call.request.url == url]


@responses.activate
def test_token_is_fetched_once_and_used() -> None:
    """Client credentials become one token, used for every request of its life."""
    asked = {
        "grant_type": "client_credentials",
        "client_id": "worker",
        "client_secret": "s3cret",
        "scope": "read write",
    }
    responses.post(TOKENS, json=_grant("one"), match=[matchers.json_params_matcher(asked)])
    responses.get(ME, json=USER)
    account = make_account(credentials=CLIENT)
    account.fetch_identity()
    account.fetch_identity()
    assert _authorizations(ME) == ["Bearer one", "Bearer one"]
    assert _authorizations(TOKENS) == [None]


@responses.activate
def test_token_is_renewed_ahead_of_its_end() -> None:
    """A token with under two minutes to live is replaced before it is refused."""
    clock = StillClock()
    responses.post(TOKENS, json=_grant("one"))
    responses.post(TOKENS, json=_grant("two"))
    responses.get(ME, json=USER)
    account = make_account(clock, credentials=CLIENT)
    account.fetch_identity()
    clock.moment += timedelta(minutes=28, seconds=1)
    account.fetch_identity()
    assert _authorizations(ME) == ["Bearer one", "Bearer two"]


@responses.activate
def test_refused_token_is_renewed_once() -> None:
    """A token revoked early is replaced and the request sent again; a second refusal counts."""
    responses.post(TOKENS, json=_grant("one"))
    responses.post(TOKENS, json=_grant("two"))
    responses.put(BATCH, status=401, json={"error": "invalid_token"})
    responses.put(BATCH, json={"job_status": {"id": "V3-1"}})
    assert make_account(credentials=CLIENT).submit_updates([update()]) == "V3-1"
    assert _authorizations(BATCH) == ["Bearer one", "Bearer two"]


@responses.activate
def test_second_refusal_is_denied() -> None:
    """When the fresh token is refused as well, credentials are wrong."""
    responses.post(TOKENS, json=_grant("one"))
    responses.get(ME, status=401, json={"error": "invalid_token"})
    with pytest.raises(Denied):
        make_account(credentials=CLIENT).fetch_identity()
    assert len(_authorizations(ME)) == 2


@responses.activate
def test_missing_scope_is_denied_by_name() -> None:
    """A token that was granted less than asked is refused here, since every call would end in a 403."""
    responses.post(TOKENS, json=_grant("one", scope="read"))
    with pytest.raises(Denied, match="lacks the scope write") as caught:
        make_account(credentials=CLIENT).fetch_identity()
    assert "OAuth clients" in caught.value.hint


@pytest.mark.parametrize(("status", "error"), [(401, "invalid_client"), (400, "invalid_scope")])
@responses.activate
def test_refused_client_is_denied_with_a_remedy(status: int, error: str) -> None:
    """A wrong client id, secret or scope ends at once, naming the settings and no secret."""
    responses.post(TOKENS, status=status, json={"error": error, "error_description": "…"})
    with pytest.raises(Denied, match=error) as caught:
        make_account(credentials=CLIENT).fetch_identity()
    assert "ZENDESK_CLIENT_ID" in caught.value.hint
    assert "s3cret" not in f"{caught.value}{caught.value.hint}"
    assert len(responses.calls) == 1


@responses.activate
def test_token_endpoint_of_no_account_points_at_the_subdomain() -> None:
    """Where there is no account there is no token endpoint either: the subdomain is wrong, not the client."""
    responses.post(TOKENS, status=404, json={"error": {"title": "No help desk at acme.zendesk.com"}})
    with pytest.raises(Denied) as caught:
        make_account(credentials=CLIENT).fetch_identity()
    assert "ZENDESK_SUBDOMAIN" in caught.value.hint


@responses.activate
def test_answer_without_a_token_is_denied() -> None:
    """A token endpoint that answers without a token has refused."""
    responses.post(TOKENS, json={"odd": True})
    with pytest.raises(Denied, match="no access token"):
        make_account(credentials=CLIENT).fetch_identity()


@responses.activate
def test_token_that_never_ends_is_kept() -> None:
    """Clients from before 2026 get tokens without an end and, in old answers, without a scope."""
    clock = StillClock()
    responses.post(TOKENS, json={"access_token": "one", "token_type": "bearer"})
    responses.get(ME, json=USER)
    account = make_account(clock, credentials=CLIENT)
    account.fetch_identity()
    clock.moment += timedelta(days=90)
    account.fetch_identity()
    assert _authorizations(ME) == ["Bearer one", "Bearer one"]


@responses.activate
def test_token_endpoint_in_trouble_leaves_a_write_undone() -> None:
    """Without a token nothing was sent: a write may say so for sure."""
    responses.post(TOKENS, status=502)
    with pytest.raises(Unavailable):
        make_account(credentials=CLIENT).submit_updates([update()])
    assert _authorizations(BATCH) == []


@responses.activate
def test_api_token_works_and_warns_of_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """The legacy way signs as `email/token`; the log names the day it ends, and no secret."""
    responses.get(ME, json=USER)
    with caplog.at_level(logging.DEBUG):
        make_account(credentials=ApiToken("ann@example.com", "t0ken")).fetch_identity()
    assert _authorizations(ME) == ["Basic YW5uQGV4YW1wbGUuY29tL3Rva2VuOnQwa2Vu"]
    warning = next(record for record in caplog.records if record.message == "auth.api_token")
    assert warning.__dict__["stops_on"] == "2027-04-30"
    assert "t0ken" not in caplog.text


@responses.activate
def test_requests_say_who_asks_and_keep_no_cookies() -> None:
    """Every request names zdsync; a session cookie from an answer is not sent back."""
    responses.get(ME, json=USER, headers={"Set-Cookie": "_session=abc; Path=/"})
    account = make_account()
    account.fetch_identity()
    account.fetch_identity()
    last = responses.calls[-1].request
    assert str(last.headers["User-Agent"]).startswith("zdsync/")
    assert "Cookie" not in last.headers


@pytest.mark.parametrize("credentials", [CLIENT, OAuthToken("s3cret"), ApiToken("ann@example.com", "s3cret")])
@responses.activate
def test_no_secret_shows_anywhere(credentials: Credentials, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the log at its most talkative nor what objects say of themselves holds a secret."""
    responses.post(TOKENS, json=_grant("t0ken"))
    responses.get(ME, json=USER)
    with caplog.at_level(logging.DEBUG):
        account = make_account(credentials=credentials)
        account.fetch_identity()
    signer = signer_for(credentials, StillClock(), lambda body: _grant("t0ken"))
    said = f"{caplog.records}{caplog.text}{credentials!r}{account!r}{signer!r}"
    said += "".join(str(record.__dict__) for record in caplog.records)
    assert "s3cret" not in said
    assert "t0ken" not in said


@responses.activate
def test_nobody_else_gets_a_signed_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """zenpy's own environment variables cannot send our signature to another host."""
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", "elsewhere.example")
    with pytest.raises(Denied, match="another host"):
        make_account().create_group("Tier 1", "ours")
    assert len(responses.calls) == 0
