"""The control door over HTTP: every action of Control as POST /sandbox/{name}."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from zdsync.sandbox.answers import ApiError, Reply

if TYPE_CHECKING:
    from werkzeug.wrappers import Request
from zdsync.sandbox.control import Control

READS = frozenset({"now", "truth", "requests"})


def control_reply(control: Control, request: Request) -> Reply:
    """Answer one call under /sandbox/."""
    name = request.path.removeprefix("/sandbox/").strip("/")
    action: Callable[..., Any] | None = None if name.startswith("_") else getattr(control, name, None)
    if action is None or not callable(action):
        names = sorted(key for key in vars(Control) if not key.startswith("_"))
        return Reply({"error": f"no action {name!r}", "actions": names}, 404)
    if request.method == "GET":
        if name not in READS:
            return Reply({"error": f"{name} needs POST"}, 405)
        arguments = {k: int(v) if v.isdigit() else v for k, v in request.args.items()}
    else:
        arguments = orjson.loads(request.get_data() or b"{}")
    try:
        return Reply({"result": action(**arguments)})
    except ApiError as error:
        return Reply({"error": str(error), "body": error.body}, 422)
    except (LookupError, TypeError, ValueError) as error:
        return Reply({"error": str(error)}, 400)
