"""First answers kept for their Idempotency-Key, two hours long."""

from __future__ import annotations

import hashlib

import orjson

from zdsync.sandbox.answers import ApiError, Json, Reply
from zdsync.sandbox.call import Call

KEY_LIFE_S = 7200
MAX_KEY = 255


def first_answer(call: Call) -> Reply | None:
    """The kept answer to this Idempotency-Key; keys live two hours, and fit one body only."""
    key = call.request.headers.get("Idempotency-Key")
    if not key:
        return None
    if len(key) > MAX_KEY:
        text = f"The idempotency key is longer than {MAX_KEY} characters"
        raise ApiError(400, {"error": "IdempotentRequestError", "description": text})
    now, kept = call.world.clock.time(), call.first_answers
    for old in [old for old, entry in kept.items() if now - entry[0] >= KEY_LIFE_S]:
        del kept[old]
    if key not in kept:
        call.headers["x-idempotency-lookup"] = "miss"
        return None
    _, digest, body = kept[key]
    if digest != _digest(call):
        text = "Request parameters don't match the given idempotency key"
        raise ApiError(400, {"error": "IdempotentRequestError", "description": text})
    return Reply(orjson.loads(body), 201, {"x-idempotency-lookup": "hit"})


def keep_answer(call: Call, body: Json) -> None:
    key = call.request.headers.get("Idempotency-Key")
    if key:
        call.first_answers[key] = (call.world.clock.time(), _digest(call), orjson.dumps(body))


def _digest(call: Call) -> str:
    return hashlib.sha256(call.request.get_data()).hexdigest()
