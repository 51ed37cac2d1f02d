"""The sandbox as a WSGI application: one request in, one Zendesk answer out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from zdsync.sandbox import routes
from zdsync.sandbox.answers import (
    ApiError,
    Json,
    Reply,
    bad_request,
    forbidden,
    invalid_endpoint,
    unauthenticated,
)
from zdsync.sandbox.auth import Credentials
from zdsync.sandbox.call import Call, Options
from zdsync.sandbox.clock import SandboxClock
from zdsync.sandbox.control import Control
from zdsync.sandbox.control_door import control_reply
from zdsync.sandbox.endpoints import Endpoint
from zdsync.sandbox.faults import Fault, Faults
from zdsync.sandbox.hourly import Hourly
from zdsync.sandbox.jobs import Jobs
from zdsync.sandbox.limits import Limits, Meter
from zdsync.sandbox.request_log import RequestLog
from zdsync.sandbox.seed.build import seed_world
from zdsync.sandbox.transport import post_local
from zdsync.sandbox.webhooks import is_loopback
from zdsync.sandbox.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_JSON = "application/json; charset=utf-8"


@dataclass(slots=True)
class _Matched:
    endpoint: Endpoint
    arguments: dict[str, Any]


class Sandbox:
    """A small Zendesk account behind a WSGI interface; safe to call from several threads."""

    def __init__(
        self,
        world: World,
        *,
        limits: Limits | None = None,
        credentials: Credentials | None = None,
        faults: Faults | None = None,
        options: Options | None = None,
    ) -> None:
        self.world = world
        self.clock = world.clock
        self.meter = Meter(limits)
        self.credentials = credentials or Credentials()
        self.faults = faults or Faults()
        self.options = options or Options()
        self.jobs = Jobs(world)
        self.jobs.limit = limits.jobs if limits else None
        self.hourly = Hourly(world)
        self.request_log = RequestLog()
        self.lock = threading.RLock()
        self.control = Control(self)
        self._first_answers: dict[str, tuple[float, str, bytes]] = {}
        self._map = routes.build()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path.startswith("/sandbox/"):
            with self.lock:
                response = self._render(control_reply(self.control, request), {})
            return response(environ, start_response)
        fault = self._strike(request)
        response = self._answer(request, fault)
        self.deliver()
        if fault is not None and fault.kind == "reset_after":
            raise ConnectionResetError("the connection was reset after the request was handled")
        if fault is not None and fault.kind == "cut_body":
            return _cut(response, environ, start_response)
        return response(environ, start_response)

    def deliver(self) -> None:
        """Call the webhooks that are waiting, outside the lock; those of other machines are only noted."""
        with self.lock:
            waiting, self.world.outbox = self.world.outbox, []
        for made in waiting:
            webhook = self.world.named["webhooks"].get(made.webhook_id)
            if webhook is None or not is_loopback(webhook["endpoint"]):
                made.status, made.answer = "terminated", "the sandbox calls this machine only"
                continue
            made.status_code, made.answer = post_local(webhook["endpoint"], made.body, made.headers)
            made.status = "success" if 200 <= made.status_code < 300 else "failed"

    def _strike(self, request: Request) -> Fault | None:
        """The fault that hits this request; breaks or delays it right here if it says so."""
        with self.lock:
            target = request.full_path if request.query_string else request.path
            fault = self.faults.take(request.method, target)
        if fault is None:
            return None
        if fault.kind == "reset_before":
            raise ConnectionResetError("the connection was reset before the request was handled")
        if fault.kind == "slow":
            if request.environ.get("zdsync.in_process"):
                request.environ["zdsync.slow_s"] = fault.seconds
            else:
                threading.Event().wait(fault.seconds)
        if fault.kind == "expired_token":
            self.credentials.expire_all()
        return fault

    def _answer(self, request: Request, fault: Fault | None) -> Response:
        with self.lock:
            self.hourly.tick()
            self.jobs.tick()
            self.world.settle()
            headers: dict[str, str] = {}
            seen: list[str] = ["(none)"]
            buckets: list[str] = []
            try:
                if fault is not None and fault.kind.isdigit():
                    raise fault.answer()
                reply = self._handle(request, headers, seen, buckets)
            except ApiError as error:
                reply = Reply(error.body, error.status, error.headers)
            line = f"{request.method} {request.path}"
            self.request_log.note(self.clock.time(), line, seen[0], buckets, reply.status)
            return self._render(reply, headers)

    def _handle(
        self, request: Request, headers: dict[str, str], seen: list[str], buckets: list[str]
    ) -> Reply:
        now = self.clock.time()
        path = request.path.rstrip("/").removesuffix(".json")
        if path == "/oauth/tokens" and request.method == "POST":
            seen[0] = "POST /oauth/tokens"
            return Reply(self.credentials.issue(_token_request(request), now), 201)
        matched = self._match(path, request.method)
        endpoint = matched.endpoint
        seen[0] = endpoint.name
        caller = self.credentials.identify(request.headers.get("Authorization"), self.world, now)
        if caller is None and not endpoint.open_to_all:
            raise unauthenticated()
        if caller is not None and not endpoint.open_to_all:
            caller.require(endpoint.resource, write=request.method != "GET", only_global=endpoint.only_global)
            if endpoint.admin:
                caller.require_admin()
        if any(path.startswith(f"/api/v2/{prefix}") for prefix in self.options.denied):
            raise forbidden("Your plan does not include this feature.")
        buckets += endpoint.buckets
        subject = f"{matched.arguments.get('ident', '')}/{caller.user.id if caller else 0}"
        headers |= self.meter.charge(tuple((name, _subject(name, subject)) for name in endpoint.buckets), now)

        def charge(name: str) -> None:
            buckets.append(name)
            headers.update(self.meter.charge(((name, ""),), now, is_counted=True))

        base = request.host_url.rstrip("/")
        call = Call(
            self.world, self.jobs, self.options, request, base, caller, path, self._first_answers, charge
        )
        try:
            reply = endpoint.handler(call, **matched.arguments)
        except (ValueError, TypeError, KeyError, AttributeError) as err:
            # A number that is none, a list where an object should be: whoever sent it is told so.
            raise bad_request(f"The request could not be understood: {err!r}") from err
        finally:
            headers |= call.headers | _warning(endpoint, call)
        return reply

    def _match(self, path: str, method: str) -> _Matched:
        adapter = self._map.bind("sandbox")
        try:
            endpoint, arguments = adapter.match(path, method=method)
        except MethodNotAllowed as err:
            raise ApiError(405, {"error": "MethodNotAllowed", "description": "Not allowed"}) from err
        except HTTPException as err:
            raise invalid_endpoint() from err
        return _Matched(endpoint, dict(arguments))

    def _render(self, reply: Reply, headers: dict[str, str]) -> Response:
        body = reply.body
        if body is None:
            data, kind = b"", _JSON
        elif isinstance(body, str):
            data, kind = body.encode(), "text/html" if body.startswith("<") else "text/plain"
        else:
            data, kind = _encoded(body), _JSON
        response = Response(data, reply.status, content_type=kind)
        response.headers["Date"] = http_date(self.clock.time())
        response.headers["X-Zendesk-API-Version"] = "v2"
        response.headers["X-Request-Id"] = f"sandbox-{self.request_log.total:08d}"
        for name, value in (headers | reply.headers).items():
            response.headers[name] = value
        return response


def _token_request(request: Request) -> Json:
    """The fields of a token request, sent as JSON or as a form."""
    if request.mimetype == "application/x-www-form-urlencoded":
        return dict(request.form.items())
    try:
        body = orjson.loads(request.get_data() or b"{}")
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise bad_request("Server could not parse the request")
    return body


def _encoded(body: object) -> bytes:
    """JSON; with escapes, as Zendesk writes half a surrogate pair, where the quick encoder refuses the body."""
    try:
        return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(body).encode()


def _subject(bucket: str, subject: str) -> str:
    """Whose window a bucket is: the account's, or that of one row and one caller."""
    if bucket.endswith("by-user-and-ip"):
        return subject.rpartition("/")[2]
    return subject if bucket.startswith("per-") else ""


def _warning(endpoint: Endpoint, call: Call) -> dict[str, str]:
    if not call.unpermitted:
        return {}
    handler = getattr(endpoint.handler, "func", endpoint.handler)
    keys = ", ".join(f'"{key}"' for key in call.unpermitted)
    controller = call.path.split("/")[3]
    text = f':controller=>"{controller}", :action=>"{handler.__name__}"'
    return {
        "x-zendesk-api-warn": f"{{:allowed_parameters=>{{{text}, "
        f":unpermitted_keys=>[{keys}], :invalid_values=>[]}}}}"
    }


def _cut(response: Response, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Promise the whole body, send half, then break the connection."""
    data = response.get_data()
    start_response(response.status, response.get_wsgi_headers(environ).to_wsgi_list())
    yield data[: len(data) // 2]
    raise ConnectionResetError("the connection was reset in the middle of the body")


def make_sandbox(
    tickets: int = 5000,
    seed: int = 1,
    now: datetime | float | None = None,
    *,
    rate_limits: bool | Limits = True,
    frozen: bool | None = None,
    options: Options | None = None,
    credentials: Credentials | None = None,
) -> Sandbox:
    """A seeded sandbox.

    The same `tickets`, `seed` and `now` give the same account. With `now` the clock stands still at it
    until `control.advance`, unless `frozen` is False; without, it runs with real time. `rate_limits`
    False takes every limit away, a `Limits` sets others.
    """
    clock = SandboxClock(now, frozen=frozen)
    world = World(clock)
    seed_world(world, tickets, seed)
    limits = rate_limits if isinstance(rate_limits, Limits) else (Limits() if rate_limits else None)
    return Sandbox(world, limits=limits, options=options, credentials=credentials)
