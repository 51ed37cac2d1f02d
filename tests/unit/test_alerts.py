"""The webhook gets Slack's JSON; whatever it answers, nothing is raised and no log line shows its address."""

from __future__ import annotations

import json

import pytest
import requests
import responses

from zdsync.alerts import TIMEOUT_S, Webhook

URL = "https://hooks.example.com/services/T000/B000/s3cret"


@responses.activate
def test_a_message_is_posted_as_json() -> None:
    """One POST with `text`, Slack's three signs escaped, a timeout, and no redirect followed."""
    responses.post(URL, body="ok", match=[responses.matchers.request_kwargs_matcher({"timeout": TIMEOUT_S})])
    assert Webhook(URL).send("5 < 6 & <!channel>")
    (call,) = responses.calls
    assert json.loads(call.request.body or "") == {"text": "5 &lt; 6 &amp; &lt;!channel&gt;"}
    assert call.request.headers["Content-Type"] == "application/json"


@responses.activate
@pytest.mark.parametrize("status", [302, 400, 404, 500])
def test_a_refusal_is_only_logged(caplog: pytest.LogCaptureFixture, status: int) -> None:
    """Anything but a success counts as not sent; the log tells the status and nothing of the address."""
    responses.post(URL, status=status, body="no_service", headers={"Location": "https://example.com/"})
    assert not Webhook(URL).send("text")
    assert len(responses.calls) == 1
    (record,) = caplog.records
    assert (record.getMessage(), record.__dict__["status"]) == ("alert.not_sent", status)
    assert "s3cret" not in str(record.__dict__)


@responses.activate
@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectTimeout(URL),
        requests.ReadTimeout(URL),
        requests.ConnectionError(URL),
        requests.TooManyRedirects(URL),
    ],
)
def test_no_answer_is_only_logged(caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    """The error's own text holds the address, so only its kind is logged."""
    responses.post(URL, body=error)
    assert not Webhook(URL).send("text")
    (record,) = caplog.records
    assert record.__dict__["error"] == type(error).__name__
    assert "s3cret" not in str(record.__dict__)
    assert "s3cret" not in repr(Webhook(URL))
