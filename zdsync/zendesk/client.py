"""Our `requests.Session` under zenpy: timeouts, no hidden retry, limits, our errors, and JSON read once."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from zenpy import Zenpy

from zdsync.errors import Denied, Unavailable, Unreachable
from zdsync.ports.clock import Clock
from zdsync.zendesk import retry
from zdsync.zendesk.ahead import Ahead, Params
from zdsync.zendesk.auth import TOKEN_PATH, signer_for
from zdsync.zendesk.credentials import Credentials
from zdsync.zendesk.limits import Limiter

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 90.0
TIMEOUT = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)

Made = TypeVar("Made")

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_HUGE = b"0" * 20
"""Digits of a number that 64 bits may not hold."""
_AFTER_DIGITS = re.compile(rb"[^0]")
_BEFORE_NUMBER = frozenset(b":[, \t\r\n-")
"""What stands before a number in JSON; within a text, most of all in an account number, many digits do no harm."""
_ODD_TEXT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
"""The escape of a NUL character or of half a surrogate pair."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SUBDOMAIN = re.compile(r"https://(?P<name>[a-z0-9][a-z0-9-]*)\.zendesk\.com", re.IGNORECASE)
_IGNORED_KEYS = re.compile(r"unpermitted_keys\W{1,4}\[(.*?)\]")
_ALWAYS_WARNED = frozenset({"ticket.id", "tickets.id"})
"""Zendesk warns of the id of every update, and needs it all the same (recorded answers)."""
_QUOTED = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """One JSON answer: its body, when it was served, its size, and the keys of ours that Zendesk ignored.

    `is_clean` says that the body holds neither NUL characters nor lone surrogates.
    """

    body: dict[str, Any]
    served_at: datetime
    size_bytes: int
    is_clean: bool = True
    ignored_keys: tuple[str, ...] = ()


class Detour(HTTPAdapter):
    """Sends what is addressed to `origin` to `base_url` instead; callers see the address they wrote.

    zenpy can only spell https://{subdomain}.zendesk.com, and judges answers by the address they came from.
    """

    def __init__(self, origin: str, base_url: str, carrier: BaseAdapter) -> None:
        super().__init__(max_retries=0)
        self._origin = origin
        self._base_url = base_url
        self._carrier = carrier
        self._is_local = urlsplit(base_url).hostname in _LOOPBACK

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        sent = request.copy()
        sent.url = self._base_url + (request.url or "").removeprefix(self._origin)
        if self._is_local:
            kwargs["proxies"] = {}
        response = self._carrier.send(sent, *args, **kwargs)
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        self._carrier.close()


class ZendeskSession(requests.Session):
    """A signed, paced session whose every failure is one of our errors."""

    authorized = True
    """zenpy asks this before it would sign by itself."""

    def __init__(self, base_url: str, origin: str, limiter: Limiter, carrier: BaseAdapter) -> None:
        super().__init__()
        self._base_url = base_url
        self._origin = origin
        self._limiter = limiter
        self._header: Callable[[], str] = str
        self._renew: Callable[[], bool] = bool
        self.headers.update({"User-Agent": user_agent(), "Accept": "application/json"})
        # An authentication of our own, though empty, keeps requests from looking into ~/.netrc.
        self.auth = lambda request: request
        # A session cookie must not stand in for the signature.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        for prefix in ("https://", "http://"):
            self.mount(prefix, carrier)
        if base_url != origin:
            self.mount(origin, Detour(origin, base_url, carrier))

    def sign_with(self, header: Callable[[], str], renew: Callable[[], bool]) -> None:
        self._header, self._renew = header, renew

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        # A redirect would leave the account (an unknown subdomain does that): it is an error, never followed.
        kwargs["allow_redirects"] = False
        kwargs.setdefault("timeout", TIMEOUT)
        return super().request(method, url, *args, **kwargs)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        if not (request.url or "").startswith(f"{self._origin}/"):
            raise Denied(
                f"a request for another host than {self._base_url} was not signed",
                hint="unset ZENPY_FORCE_NETLOC and ZENPY_FORCE_SCHEME; ZENDESK_URL says where the account is",
            )
        if urlsplit(request.url or "").path == TOKEN_PATH:
            return _checked(self._exchange(request, **kwargs))
        response = self._signed(request, **kwargs)
        if response.status_code == 401 and self._renew():
            response = self._signed(request, **kwargs)
        return _checked(response)

    def _signed(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        method, path = request.method or "", urlsplit(request.url or "").path
        self._limiter.wait(method, path)
        signed = request.copy()
        signed.headers["Authorization"] = self._header()
        response = self._exchange(signed, **kwargs)
        self._limiter.observe(method, path, response.status_code, response.headers)
        return response

    def _exchange(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        try:
            return super().send(request, **kwargs)
        except requests.RequestException as err:
            raise retry.unreachable(err, request, self._base_url) from err


class Client:
    """The account's API: JSON over the session, and zenpy for account objects."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        rate_share: float,
        clock: Clock,
        transport: BaseAdapter | None = None,
    ) -> None:
        self.clock = clock
        self._origin, subdomain = _origin(base_url)
        carrier = transport or HTTPAdapter(max_retries=0)
        self._limiter = Limiter(clock, rate_share)
        self._session = ZendeskSession(base_url.rstrip("/"), self._origin, self._limiter, carrier)
        self._ahead = Ahead(lambda url, params: self._session.request("GET", url, params=params))
        self._is_remote = transport is None
        signer = signer_for(credentials, clock, self._ask_token)
        self._session.sign_with(signer.header, signer.renew)
        self._warned: set[tuple[str, ...]] = set()
        # Below WARNING zenpy's loggers print whole payloads.
        logging.getLogger("zenpy").setLevel(logging.WARNING)
        self.zenpy = Zenpy(subdomain=subdomain, session=self._session, timeout=TIMEOUT, disable_cache=True)

    def close(self) -> None:
        self._session.close()

    @property
    def limits_told(self) -> Mapping[str, int]:
        """Requests a minute by bucket, as answers have named them so far."""
        return self._limiter.told

    def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        patience: retry.Patience = retry.READING,
        worth: retry.Worth | None = None,
    ) -> Answer:
        """A JSON object, asked for until it comes; `path` as zenpy's endpoints spell it, e.g. `users/me.json`."""
        return retry.read(lambda: self._call("GET", path, params), self.clock, patience=patience, worth=worth)

    def expect(self, path: str, params: Params) -> None:
        """Begin to ask for what `get` will be asked for next, unless that had to wait for a limit.

        Sent once, without repetition: `get` asks in its own manner when this fails.
        """
        url = self._url(path)
        if self._is_remote and self._limiter.is_free("GET", urlsplit(url).path):
            self._ahead.begin(url, params)

    def put(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Send once, again only if Zendesk surely did nothing. Raises Unreachable when the reply was lost."""
        return retry.write(lambda: self._call("PUT", path, None, body), self.clock)

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """As `put`: something new, asked for once."""
        return retry.write(lambda: self._call("POST", path, None, body), self.clock)

    def make(self, create: Callable[[], Made]) -> Made:
        """Run a zenpy call that creates something, under the policy for writes."""
        self._ahead.take("", None)
        return retry.write(create, self.clock)

    def _call(
        self, method: str, path: str, params: Params | None, body: Mapping[str, Any] | None = None
    ) -> Answer:
        url = self._url(path)
        data = None if body is None else orjson.dumps(body)
        headers = None if body is None else {"Content-Type": "application/json"}
        response = self._ahead.take(url, params)
        if response is None:
            response = self._session.request(method, url, params=params, data=data, headers=headers)
        parsed, is_clean = parse_body(response)
        return Answer(
            parsed, self._served_at(response), len(response.content), is_clean, self._ignored(path, response)
        )

    def _url(self, path: str) -> str:
        return f"{self._origin}/api/v2/{path}"

    def _ask_token(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"{self._origin}{TOKEN_PATH}"
        return parse_body(self._session.post(url, json=body))[0]

    def _served_at(self, response: requests.Response) -> datetime:
        """The server's time when it began to answer: an export withholds the minute before that."""
        took = timedelta(seconds=int(response.elapsed.total_seconds()))
        try:
            return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC) - took
        except (KeyError, ValueError):
            return self.clock.now() - took

    def _ignored(self, path: str, response: requests.Response) -> tuple[str, ...]:
        """The keys that Zendesk says it ignored; each set is warned about once."""
        keys = ignored_keys(response.headers.get("x-zendesk-api-warn", ""))
        told = tuple(key for key in keys if key not in _ALWAYS_WARNED)
        if told and (path, *told) not in self._warned:
            self._warned.add((path, *told))
            log.warning("zendesk.api_warn", extra={"path": path, "ignored_keys": ", ".join(told)})
        return keys


def user_agent() -> str:
    """`zdsync/1.2.3 (python-requests/2.32)`."""
    try:
        ours = version("zdsync-worker")
    except PackageNotFoundError:
        ours = "source"
    return f"zdsync/{ours} ({requests.utils.default_user_agent()})"


def ignored_keys(warning: str) -> tuple[str, ...]:
    """The `unpermitted_keys` of an `x-zendesk-api-warn` header, without positions, sorted.

    The header is the text of a Ruby hash: `…:unpermitted_keys=>["custom_status.id"], :invalid_values=>[]…`.
    """
    found = _IGNORED_KEYS.search(warning)
    if not found:
        return ()
    return tuple(sorted({re.sub(r"\.\d+\b|\[\d+\]", "", key) for key in _QUOTED.findall(found[1])}))


def parse_body(response: requests.Response) -> tuple[dict[str, Any], bool]:
    """A JSON object and whether its texts are clean; the quick parser first, the tolerant one for what it refuses.

    Raises Unavailable for a page that is no JSON (after a write Unreachable: it may have been carried out),
    Unreachable for JSON that is cut short.
    """
    content = response.content
    body, is_clean = None, True
    if not has_huge_number(content):
        try:
            body, is_clean = orjson.loads(content), rb"\u0000" not in content
        except orjson.JSONDecodeError:
            body = None
    if body is None:
        body, is_clean = _parse_tolerantly(response), not _ODD_TEXT.search(content)
    if not isinstance(body, dict):
        raise _unreadable(response)
    return body, is_clean


def has_huge_number(content: bytes) -> bool:
    """Whether JSON may hold a number that 64 bits do not; runs of digits are looked for by their shape, which is quick."""
    shape = content.translate(_DIGITS)
    at = shape.find(_HUGE)
    while at >= 0:
        if content[at] != ord("0") and at > 0 and content[at - 1] in _BEFORE_NUMBER:
            return True
        after = _AFTER_DIGITS.search(shape, at + len(_HUGE))
        at = -1 if after is None else shape.find(_HUGE, after.end())
    return False


def _parse_tolerantly(response: requests.Response) -> Any:
    try:
        return json.loads(response.content.decode("utf-8", "replace"))
    except ValueError as err:
        raise _unreadable(response) from err


def _unreadable(response: requests.Response) -> Unavailable | Unreachable:
    message = (
        f"{response.request.method} {urlsplit(response.url).path} answered with something other than JSON"
    )
    if response.request.method == "GET" and "html" in response.headers.get("Content-Type", ""):
        return Unavailable(message, status=response.status_code, hint="check ZENDESK_URL and the proxy")
    return Unreachable(message, hint="the answer was cut short or replaced on its way; check the proxy")


def _checked(response: requests.Response) -> requests.Response:
    error = retry.error_of(response)
    if error is not None:
        raise error
    return response


def _origin(base_url: str) -> tuple[str, str]:
    """The address zenpy will write, and the subdomain it makes it from (a stand-in for foreign addresses)."""
    match = _SUBDOMAIN.match(base_url)
    subdomain = match["name"].lower() if match else "account"
    return f"https://{subdomain}.zendesk.com", subdomain
