"""Hands `requests` calls to a sandbox in the same process: no port, no thread."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class WsgiAdapter(BaseAdapter):
    """Mount it on a session: `session.mount("https://example.zendesk.com", WsgiAdapter(sandbox))`.

    A sandbox that breaks the connection raises here what the real adapter raises: ConnectionError
    before an answer, ChunkedEncodingError inside one, ReadTimeout when it is slower than the timeout.
    """

    def __init__(self, app: WSGIApplication) -> None:
        super().__init__()
        self.app = app

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - the base class names these
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,  # noqa: ARG002
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        environ = _environ(request)
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ARG001
            head[:] = [status, headers]
            return head.append

        try:
            parts = iter(self.app(environ, start_response))
            first = next(parts, b"")
        except ConnectionResetError as err:
            raise requests.exceptions.ConnectionError(("Connection aborted.", err), request=request) from err
        limit = timeout[1] if isinstance(timeout, tuple) else timeout
        if limit is not None and environ.get("zdsync.slow_s", 0) > limit:
            raise requests.exceptions.ReadTimeout(f"Read timed out. (read timeout={limit})", request=request)
        return _response(request, head[0], head[1], _body(request, first, parts))

    def close(self) -> None:
        """Nothing is held open."""


def post_local(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    """Call a webhook on this machine: the status and the answer, or 0 when nobody answers in ten seconds."""
    try:
        response = requests.post(url, data=body, headers=headers, timeout=10, allow_redirects=False)
    except requests.RequestException as err:
        return 0, type(err).__name__
    return response.status_code, response.text[:1000]


def _body(request: requests.PreparedRequest, first: bytes, parts: Iterator[bytes]) -> bytes:
    data = [first]
    try:
        data.extend(parts)
    except ConnectionResetError as err:
        raise requests.exceptions.ChunkedEncodingError(
            ("Connection broken: IncompleteRead", err), request=request
        ) from err
    return b"".join(data)


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    url = urlsplit(request.url or "")
    sent = request.body or b""
    body = sent.encode() if isinstance(sent, str) else sent
    port = url.port or (443 if url.scheme == "https" else 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path, "latin-1"),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname or "localhost",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": url.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "zdsync.in_process": True,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


def _response(
    request: requests.PreparedRequest, status: str, headers: list[tuple[str, str]], data: bytes
) -> requests.Response:
    code, _, reason = status.partition(" ")
    response = requests.Response()
    response.status_code, response.reason = int(code), reason
    response.headers = CaseInsensitiveDict(headers)
    response.url = request.url or ""
    response.request = request
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response.raw = HTTPResponse(
        body=io.BytesIO(data),
        headers=dict(headers),
        status=int(code),
        reason=reason,
        preload_content=False,
    )
    return response
