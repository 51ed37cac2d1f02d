"""Handlers for the token of the call itself."""

from __future__ import annotations

from zdsync.sandbox.answers import Reply, not_found
from zdsync.sandbox.call import Call
from zdsync.sandbox.render import iso


def current_token(call: Call) -> Reply:
    """GET shows the token a call came with, its scopes and end; DELETE revokes it."""
    caller = call.caller
    if caller is None or caller.grant is None:
        raise not_found()
    grant = caller.grant
    if call.request.method == "DELETE":
        grant.expires = 0.0
        return Reply(None, 204)
    shown = {
        "id": grant.number,
        "user_id": call.user.id,
        "scopes": sorted(grant.scopes),
        "expires_at": None if grant.expires is None else iso(int(grant.expires)),
    }
    return Reply({"token": shown})
