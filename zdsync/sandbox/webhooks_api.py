"""Handlers for webhooks: the objects, their secrets, their invocations."""

from __future__ import annotations

import orjson

from zdsync.sandbox.answers import ApiError, Json, Reply, not_found
from zdsync.sandbox.call import Call
from zdsync.sandbox.idents import ulid
from zdsync.sandbox.lists import Down, paginate
from zdsync.sandbox.records import Invocation
from zdsync.sandbox.render import iso
from zdsync.sandbox.webhooks import CONDITIONAL, fire, secret_of

_REQUIRED = ("name", "status", "endpoint", "http_method", "request_format")
_KEYS = (*_REQUIRED, "description", "subscriptions", "authentication", "custom_headers")


def _refuse(detail: str) -> ApiError:
    return ApiError(
        400, {"errors": [{"code": "InvalidParameter", "title": "Invalid parameter", "detail": detail}]}
    )


def _webhook(call: Call, ident: str) -> Json:
    row = call.world.named["webhooks"].get(ident)
    if row is None:
        raise not_found()
    return row


def _shown(row: Json) -> Json:
    """Passwords and tokens never come back."""
    shown = {key: value for key, value in row.items() if not key.startswith("_")}
    if row.get("authentication"):
        kept = {key: value for key, value in row["authentication"]["data"].items() if key == "username"}
        shown["authentication"] = {**row["authentication"], "data": kept}
    return shown


def _check(row: Json) -> None:
    for name in _REQUIRED:
        if not row.get(name):
            raise _refuse(f"{name} is required")
    if not row["subscriptions"]:
        raise _refuse("subscriptions is required")
    is_conditional = CONDITIONAL in row["subscriptions"]
    if is_conditional and len(row["subscriptions"]) > 1:
        raise _refuse("conditional_ticket_events stands alone")
    if not is_conditional and (row["http_method"], row["request_format"]) != ("POST", "json"):
        raise _refuse("event subscriptions need POST and json")


def list_webhooks(call: Call) -> Reply:
    """Cursor pages only; by name and status on request."""
    name, status = call.arg("filter[name_contains]") or "", call.arg("filter[status]")
    rows = [
        row
        for row in call.world.named["webhooks"].values()
        if name.lower() in row["name"].lower() and status in (None, row["status"])
    ]
    rows.sort(key=lambda row: row["id"])
    return Reply(paginate(call, "webhooks", rows, _shown, cursor_only=True)[0])


def create(call: Call) -> Reply:
    given, now = call.body_of("webhook"), iso(call.world.clock.now())
    row: Json = {"id": ulid(call.world.new_id(), call.world.clock.now())}
    row |= {key: given[key] for key in _KEYS if key in given}
    row["subscriptions"] = list(given.get("subscriptions") or [CONDITIONAL])
    row |= {"created_at": now, "created_by": str(call.user.id), "_resets": 0}
    _check(row)
    call.world.named["webhooks"][row["id"]] = row
    return Reply({"webhook": _shown(row)}, 201)


def show(call: Call, ident: str) -> Reply:
    return Reply({"webhook": _shown(_webhook(call, ident))})


def update(call: Call, ident: str) -> Reply:
    """PUT replaces, PATCH changes; the kind of subscription stays."""
    row, given = _webhook(call, ident), call.body_of("webhook")
    changed = row | {key: given[key] for key in _KEYS if key in given}
    if (CONDITIONAL in changed["subscriptions"]) != (CONDITIONAL in row["subscriptions"]):
        raise _refuse("the kind of subscription cannot be changed")
    _check(changed)
    row |= changed | {"updated_at": iso(call.world.clock.now()), "updated_by": str(call.user.id)}
    return Reply(None, 204)


def delete(call: Call, ident: str) -> Reply:
    del call.world.named["webhooks"][_webhook(call, ident)["id"]]
    return Reply(None, 204)


def secret(call: Call, ident: str) -> Reply:
    """GET shows the signing secret, POST makes a new one."""
    row = _webhook(call, ident)
    if call.request.method == "POST":
        row["_resets"] += 1
    answer = {"signing_secret": {"secret": secret_of(row), "algorithm": "SHA256"}}
    return Reply(answer, 201 if call.request.method == "POST" else 200)


def _invocation_row(made: Invocation) -> Json:
    return {
        "id": made.id,
        "status_code": made.status_code,
        "status": made.status,
        "latest_completed_at": iso(made.at),
    }


def invocations(call: Call, ident: str) -> Reply:
    """The calls of a webhook, newest first."""
    _webhook(call, ident)
    rows = sorted(call.world.invocations.get(ident, ()), key=lambda made: Down(made.id))
    key = lambda made: Down(made.id)  # noqa: E731
    return Reply(paginate(call, "invocations", rows, _invocation_row, key=key, cursor_only=True)[0])


def attempts(call: Call, ident: str, invocation: str) -> Reply:
    for made in call.world.invocations.get(ident, ()):
        if made.id == invocation:
            sent = [{"key": key, "value": value} for key, value in made.headers.items()]
            row = {
                "id": made.id,
                "invocation_id": made.id,
                "status_code": made.status_code,
                "status": made.status,
                "request": {"headers": sent, "payload": made.body.decode()},
                "response": {"headers": [], "payload": made.answer},
                "completed_at": iso(made.at),
            }
            return Reply({"attempts": [row]})
    raise not_found()


def test(call: Call) -> Reply:
    """`POST /webhooks/test`: fires a webhook once with the payload given."""
    row = _webhook(call, call.arg("webhook_id") or "")
    given = call.json().get("request") or {}
    payload = given.get("payload")
    made = fire(
        call.world, row, payload.encode() if isinstance(payload, str) else orjson.dumps(payload or {})
    )
    return Reply({"response": {"headers": [], "status_code": made.status_code, "payload": made.answer}})
