"""Webhooks are signed, fired by triggers and by events, and never leave this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.sandbox.conftest import Api, connect

EVENT = "zen:event-type:ticket."


@dataclass
class Receiver:
    """What a listening service was sent; answers with `status`."""

    url: str = ""
    status: int = 200
    seen: list[Request] = field(default_factory=list)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        request.get_data(cache=True)
        self.seen.append(request)
        return Response("thanks", self.status)(environ, start_response)


@contextmanager
def listening() -> Iterator[Receiver]:
    receiver = Receiver()
    server = make_server("127.0.0.1", 0, receiver, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def webhook(api: Api, endpoint: str, *subscriptions: str, **more: Any) -> Any:
    given = {
        "name": "W",
        "status": "active",
        "endpoint": endpoint,
        "http_method": "POST",
        "request_format": "json",
        "subscriptions": list(subscriptions) or ["conditional_ticket_events"],
    }
    answer = api.post("webhooks", {"webhook": given | more})
    assert answer.status_code == 201, answer.text
    return answer.json()["webhook"]


def test_a_trigger_calls_a_webhook_with_a_signature(api: Api) -> None:
    """Base64 of HMAC-SHA256 over timestamp and raw body; placeholders are filled in."""
    with listening() as receiver:
        row = webhook(api, receiver.url)
        action = {"field": "notification_webhook", "value": [row["id"], '{"id": "{{ticket.id}}"}']}
        created = {"field": "update_type", "operator": "is", "value": "Create"}
        body = {"trigger": {"title": "T", "all": [created], "actions": [action]}}
        assert api.post("triggers", body).status_code == 201
        made = api.post("tickets", {"ticket": {"comment": {"body": "Hello"}}}).json()["ticket"]
    (request,) = receiver.seen
    assert request.get_json() == {"id": str(made["id"])}
    secret = api.get(f"webhooks/{row['id']}/signing_secret")["signing_secret"]
    assert secret["algorithm"] == "SHA256"
    stamp = request.headers["X-Zendesk-Webhook-Signature-Timestamp"]
    wanted = hmac.new(secret["secret"].encode(), stamp.encode() + request.get_data(), hashlib.sha256)
    assert request.headers["X-Zendesk-Webhook-Signature"] == base64.b64encode(wanted.digest()).decode()
    (invocation,) = api.get(f"webhooks/{row['id']}/invocations")["invocations"]
    assert (invocation["status"], invocation["status_code"]) == ("success", 200)
    path = f"webhooks/{row['id']}/invocations/{invocation['id']}/attempts"
    (attempt,) = api.get(path)["attempts"]
    assert attempt["request"]["payload"] == request.get_data(as_text=True)
    assert attempt["response"]["payload"] == "thanks"


def test_events_are_told_to_subscribers(api: Api) -> None:
    """One call for each event subscribed to; words in capitals; a refusal is noted as failed."""
    with listening() as receiver:
        receiver.status = 403
        wanted = ("created", "status_changed", "tags_changed", "comment_added", "soft_deleted")
        row = webhook(api, receiver.url, *(EVENT + name for name in wanted))
        ticket = api.new_ticket()
        assert api.sandbox.control.deliver() == 1
        note = {"status": "open", "tags": ["x"], "comment": {"body": "n", "public": False}, "priority": "low"}
        api.put(f"tickets/{ticket.id}", {"ticket": note})
        api.call("DELETE", f"tickets/{ticket.id}")
    payloads = [request.get_json() for request in receiver.seen]
    kinds = [payload["type"].removeprefix(EVENT) for payload in payloads]
    assert sorted(kinds) == sorted(wanted)
    status = payloads[kinds.index("status_changed")]
    assert status["event"] == {"current": "OPEN", "previous": "NEW"}
    assert (status["detail"]["status"], status["subject"]) == ("OPEN", f"zen:ticket:{ticket.id}")
    rows = api.get(f"webhooks/{row['id']}/invocations?page[size]=2")
    assert {one["status"] for one in rows["invocations"]} == {"failed"}
    assert rows["meta"]["has_more"]


def test_other_machines_are_never_called(api: Api) -> None:
    """The call is recorded as it would have been sent."""
    row = webhook(api, "https://hooks.example.com/x", EVENT + "created")
    api.post("tickets", {"ticket": {"comment": {"body": "Hello"}}})
    (invocation,) = api.get(f"webhooks/{row['id']}/invocations")["invocations"]
    assert (invocation["status"], invocation["status_code"]) == ("terminated", 0)


def test_nobody_answers(api: Api) -> None:
    """A connection that is refused leaves a failed call, and the update stands."""
    row = webhook(api, "http://127.0.0.1:9/", EVENT + "created")
    assert api.post("tickets", {"ticket": {"comment": {"body": "Hello"}}}).status_code == 201
    (invocation,) = api.get(f"webhooks/{row['id']}/invocations")["invocations"]
    assert (invocation["status"], invocation["status_code"]) == ("failed", 0)


def test_the_objects(api: Api) -> None:
    """Passwords stay inside, the kind of subscription stays, a secret can be made anew."""
    login = {"type": "basic_auth", "data": {"username": "u", "password": "p"}, "add_position": "header"}
    row = webhook(api, "https://example.com", authentication=login, name="Alarm bell")
    assert row["authentication"]["data"] == {"username": "u"}
    path = f"webhooks/{row['id']}"
    assert api.get(path)["webhook"] == row
    names = [one["name"] for one in api.get("webhooks?filter[name_contains]=alarm")["webhooks"]]
    assert names == ["Alarm bell"]
    assert len(api.get("webhooks?filter[status]=inactive")["webhooks"]) == 1
    assert api.put(path, {"webhook": {"name": "Bell"}}).status_code == 204
    assert api.get(path)["webhook"]["name"] == "Bell"
    kind = {"webhook": {"subscriptions": [EVENT + "created"]}}
    assert api.call("PATCH", path, json=kind).status_code == 400
    before = api.get(f"{path}/signing_secret")["signing_secret"]["secret"]
    assert api.post(f"{path}/signing_secret", {}).status_code == 201
    assert api.get(f"{path}/signing_secret")["signing_secret"]["secret"] != before
    tried = api.call("POST", f"webhooks/test?webhook_id={row['id']}", json={"request": {"payload": "{}"}})
    assert tried.status_code == 200
    assert api.call("GET", f"{path}/invocations/none/attempts").status_code == 404
    assert api.call("DELETE", path).status_code == 204
    assert api.call("GET", path).status_code == 404
    assert connect(api.sandbox, "agent@example.com").call("GET", "webhooks").status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"endpoint": None},
        {"subscriptions": [EVENT + "created"], "http_method": "GET"},
        {"subscriptions": [EVENT + "created", "conditional_ticket_events"]},
    ],
)
def test_what_is_refused(api: Api, wrong: Any) -> None:
    """Missing parts, events by other means than POST of JSON, and two kinds at once."""
    given = {"name": "W", "status": "active", "endpoint": "https://example.com", "http_method": "POST"}
    body = {"webhook": given | {"request_format": "json"} | wrong}
    answer = api.post("webhooks", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "InvalidParameter"
