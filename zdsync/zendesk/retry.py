"""What an answer means for the operator, and the one policy that decides whether a request is repeated.

Bodies of errors have no common shape and speak the account's language, so only Zendesk's own code words are read
from them; their sentences are left out since they may quote a ticket.

Source: developer.zendesk.com, "Responses" and "Rate limits" (read 2026-11), and recorded answers.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson
import requests
import tenacity
from urllib3.exceptions import NameResolutionError, NewConnectionError

from zdsync.errors import (
    Conflict,
    Denied,
    RateLimited,
    Rejected,
    Transient,
    Unavailable,
    Unreachable,
    ZdsyncError,
)
from zdsync.ports.clock import Clock
from zdsync.zendesk.limits import retry_after_s

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_WORD = re.compile(r"[A-Za-z][\w.:/-]{0,79}(?![\w'])")
_SIGN_IN = (
    "check the credentials: ZENDESK_CLIENT_ID and ZENDESK_CLIENT_SECRET, ZENDESK_OAUTH_TOKEN, "
    "or ZENDESK_EMAIL and ZENDESK_API_TOKEN"
)
_MAY_NOT = "let the credentials act as an admin, grant the scopes read and write, and see whether the plan has this feature"
WRONG_PLACE = (
    "check ZENDESK_SUBDOMAIN (or ZENDESK_URL): this address does not answer as a Zendesk account does"
)
_ALWAYS_THERE = ("/users/me.json", "/oauth/tokens")
_TROUBLE = "Zendesk is in trouble: see status.zendesk.com; the next run goes on"
_PASSING = frozenset({408, 409})
"""Refusals that pass when they answer a read: nothing can collide with reading (seen by the Singer tap)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request is worth repeating: attempts in all, and seconds spent waiting between them."""

    attempts: int
    wait_s: float


READING = Patience(attempts=6, wait_s=300)
PROBING = Patience(attempts=2, wait_s=60)
WRITING = Patience(attempts=15, wait_s=600)
"""Ten minutes: what it takes to get a place among the account's thirty jobs."""

Worth = Callable[[BaseException], bool]


def read(
    call: Callable[[], Answer], clock: Clock, *, patience: Patience = READING, worth: Worth | None = None
) -> Answer:
    """Ask until there is an answer: after Transient errors (those `worth` it), at growing intervals with jitter.

    Raises the last error when patience ends. `Retry-After` is kept to the second.
    """
    return _repeat(call, clock, patience, worth or (lambda error: isinstance(error, Transient)))


def write(call: Callable[[], Answer], clock: Clock) -> Answer:
    """Send, and again only when Zendesk surely did nothing (429, 503): never after a lost reply."""
    return _repeat(call, clock, WRITING, lambda error: isinstance(error, RateLimited | Unavailable))


def _repeat(call: Callable[[], Answer], clock: Clock, patience: Patience, worth: Worth) -> Answer:
    growing = tenacity.wait_exponential_jitter(initial=1, max=60, jitter=1)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        told = error.retry_after_s if isinstance(error, RateLimited) else None
        return growing(state) if told is None else told

    def stop(state: tenacity.RetryCallState) -> bool:
        spent = state.idle_for + (state.upcoming_sleep or 0.0)
        return state.attempt_number >= patience.attempts or spent > patience.wait_s

    repeated = tenacity.Retrying(
        retry=tenacity.retry_if_exception(worth),
        wait=wait,
        stop=stop,
        sleep=clock.sleep,
        before_sleep=_log_retry,
        reraise=True,
    )
    return repeated(call)


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    fields = {
        "attempt": state.attempt_number,
        "wait_s": round(state.upcoming_sleep, 3),
        "error": type(error).__name__,
    }
    log.info("zendesk.retry", extra=fields)


def is_too_large(error: BaseException) -> bool:
    """Whether an export should be asked for fewer rows: 504, 413, or an answer that took too long.

    Source: a 504 "upstream request timeout" on exports ends with a smaller `per_page` (estuary connector, 2026).
    """
    if isinstance(error, Unavailable):
        return error.status == 504
    if isinstance(error, Rejected):
        return error.status == 413
    return isinstance(error, Unreachable) and isinstance(error.__cause__, requests.ReadTimeout)


def unreachable(
    error: requests.RequestException, request: requests.PreparedRequest, base_url: str
) -> Unreachable:
    """The error for a request that got no complete answer from `base_url`."""
    kind = type(error).__name__
    hint = "check ZENDESK_SUBDOMAIN (or ZENDESK_URL), the network and the proxy"
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, NameResolutionError):
        return Unreachable(
            f"there is no host {urlsplit(base_url).hostname}, or no way to look it up", hint=hint
        )
    if isinstance(reason, NewConnectionError) and not isinstance(error, requests.ConnectTimeout):
        return Unreachable(f"nothing answers at {base_url}", hint=hint)
    if isinstance(error, requests.exceptions.SSLError):
        hint = "the certificate was not accepted: check ZENDESK_URL and the proxy's certificate"
    return Unreachable(f"{base_url} gave no complete answer to {_named(request)} ({kind})", hint=hint)


def error_of(response: requests.Response) -> ZdsyncError | None:
    """The error that an answer stands for; None for a success.

    A write answered with a 5xx other than 503 may have happened: Unreachable.
    """
    status = response.status_code
    if 200 <= status < 300:
        return None
    code = code_of(response)
    message = (
        f"{_named(response.request)} answered {status}{f' {code}' if code else ''}{_request_id(response)}"
    )
    if status >= 500:
        return _server_error(response, message)
    if status in _PASSING and response.request.method == "GET":
        return Unavailable(message, status=status, hint=_TROUBLE)
    match status:
        case 401:
            return Denied(message, hint=_SIGN_IN)
        case 403:
            return Denied(message, hint=_MAY_NOT)
        case 409:
            return Conflict(message, hint="the object changed meanwhile; the next run decides again")
        case 429:
            return RateLimited(
                message, retry_after_s=retry_after_s(response.headers), hint="wait; the limit is shared"
            )
    if status < 400 or (status == 404 and _is_wrong_place(response)):
        return Denied(message, hint=WRONG_PLACE)
    return Rejected(message, status=status, code=code)


def _server_error(response: requests.Response, message: str) -> Transient:
    status, hint = response.status_code, _TROUBLE
    wait_s = retry_after_s(response.headers)
    if status == 503:
        if wait_s is not None:
            return RateLimited(message, retry_after_s=wait_s, hint=hint)
        return Unavailable(message, status=status, hint=hint)
    if response.request.method in ("GET", "HEAD"):
        return Unavailable(message, status=status, hint=hint)
    return Unreachable(f"{message}; it may have been carried out", hint=hint)


def code_of(response: requests.Response) -> str:
    """Zendesk's error word and, of a refused record, the fields with their words: `RecordInvalid: base BlankValue`."""
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return ""
    return code_in(body) if isinstance(body, dict) else ""


def code_in(body: Mapping[str, Any]) -> str:
    """As `code_of`, from a body already read."""
    error = body.get("error")
    if isinstance(error, dict):
        error = error.get("code") or error.get("title")
    errors = body.get("errors")
    if error is None and isinstance(errors, list) and errors and isinstance(errors[0], dict):
        error = errors[0].get("code") or errors[0].get("title")
    word = _word(error)
    details = body.get("details")
    named = ", ".join(_detail_words(details)) if isinstance(details, dict) else ""
    return f"{word}: {named}" if word and named else word


def _detail_words(details: Mapping[str, Any]) -> list[str]:
    words = []
    for field, faults in details.items():
        kinds = (
            [_word(fault.get("error")) for fault in faults if isinstance(fault, dict)]
            if isinstance(faults, list)
            else []
        )
        words.append(" ".join(filter(None, (_word(field), *kinds))))
    return words


def _word(value: object) -> str:
    match = _WORD.match(value) if isinstance(value, str) else None
    return match[0] if match else ""


def _is_wrong_place(response: requests.Response) -> bool:
    """Whether a 404 says that there is no account: a page for people, or no such thing as we ourselves."""
    path = response.request.path_url.partition("?")[0]
    return path.endswith(_ALWAYS_THERE) or "json" not in response.headers.get("Content-Type", "")


def _named(request: requests.PreparedRequest) -> str:
    """Method and path, without the query."""
    return f"{request.method} {request.path_url.partition('?')[0]}"


def _request_id(response: requests.Response) -> str:
    ident = response.headers.get("x-request-id")
    return f" (request {ident})" if ident else ""
