"""The worker's window: health, metrics and a status page over HTTP, beside the cycles and never in their way.

/healthz  200 while the worker lives: a cycle under way gave a sign of life in the last ten minutes, or the next one is
          not more than five minutes overdue. A cycle that fails is alive: a restart would not mend what it fails on.
/readyz   200 while the mirror is not further behind the account than ZDSYNC_MAX_LAG.
/metrics  Prometheus' text form.
/         the status page.
/poke     POST, from this machine only: the next cycle begins at once, or right after the one under way.
"""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Lock, Thread
from typing import TypeVar

from zdsync.errors import MirrorError
from zdsync.reading import Reading
from zdsync.report.runs import freshness
from zdsync.report.tables import age_text
from zdsync.runs.freshness import mirror_until
from zdsync.settings import Listen
from zdsync.web import metrics, page, poke
from zdsync.web.pulse import Pulse

log = logging.getLogger(__name__)

PAGE_LIFE = timedelta(seconds=5)
"""The page counts rows, so that everybody who asks within this time gets the same one."""

_PLAIN = "text/plain; charset=utf-8"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{page.STYLE_DIGEST}'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to be sent."""

    status: int
    body: str
    content_type: str = _PLAIN


@dataclass(slots=True)
class Site:
    """What stands behind each path. Every answer opens the mirror afresh, for reading only."""

    pulse: Pulse
    open_reading: Callable[[], AbstractContextManager[Reading]]
    max_lag: timedelta
    tag_prefix: str
    mode: str
    ask_cycle: Callable[[], None]
    """Asks for a cycle at once."""
    _lock: Lock = field(default_factory=Lock)
    _page: tuple[datetime, str] | None = None

    def answer(self, path: str) -> Reply:
        match path:
            case "/":
                return Reply(200, self._status_page(), page.CONTENT_TYPE)
            case "/healthz":
                fault = self.pulse.beat().fault
                return Reply(503 if fault else 200, f"{fault or 'ok'}\n")
            case "/readyz":
                return self._ready()
            case "/metrics":
                mirrored = self._read(metrics.read_mirrored)
                return Reply(200, metrics.exposition(self.pulse.beat(), mirrored), metrics.CONTENT_TYPE)
            case _:
                return Reply(404, "there are /, /healthz, /readyz and /metrics\n")

    def take_poke(self, peer: str, *, is_meant: bool) -> Reply:
        """Begin a cycle; `is_meant` tells that the request bears the header that no web page can send."""
        if not (is_meant and poke.may_poke(peer)):
            return Reply(403, "only `zdsync poke` on this machine may ask for a cycle\n")
        self.ask_cycle()
        is_running = self.pulse.beat().is_running
        return Reply(202, f"a cycle begins {'after the one under way' if is_running else 'now'}\n")

    def _ready(self) -> Reply:
        until = self._read(lambda reading: (mirror_until(reading.mirror),))
        if until is None:
            return Reply(503, "the mirror cannot be read; see the worker's log\n")
        fresh = freshness(until[0], self.pulse.beat().at, self.max_lag)
        lag = "was never filled" if fresh.lag is None else f"is {age_text(fresh.lag)} behind the account"
        return Reply(503 if fresh.is_stale else 200, f"the mirror {lag}\n")

    def _status_page(self) -> str:
        with self._lock:
            beat = self.pulse.beat()
            if self._page is None or beat.at - self._page[0] > PAGE_LIFE:
                status = self._read(
                    lambda reading: page.read_status(reading, beat, tag_prefix=self.tag_prefix)
                )
                self._page = (beat.at, page.render(beat, status, max_lag=self.max_lag, mode=self.mode))
            return self._page[1]

    def _read(self, read: Callable[[Reading], _T]) -> _T | None:
        """What `read` finds in the mirror, None when that cannot be read."""
        try:
            with self.open_reading() as reading:
                return read(reading)
        except MirrorError as err:
            log.info("web.mirror_unreadable", extra={"detail": err.message})
            return None


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD, and POST of a poke; whatever else is asked for is refused."""

    server: _Server
    server_version = "zdsync"
    sys_version = ""
    timeout = 10

    def do_GET(self) -> None:
        try:
            reply = self.server.site.answer(self.path.partition("?")[0])
        except Exception:
            log.exception("web.request_failed")
            reply = Reply(500, "this failed; see the worker's log\n")
        self._reply(reply)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def do_POST(self) -> None:
        if self.path != poke.PATH:
            self._refuse()
            return
        is_meant = self.headers.get(poke.HEADER) is not None
        self._reply(self.server.site.take_poke(str(self.client_address[0]), is_meant=is_meant))

    def _refuse(self) -> None:
        self._reply(Reply(405, "only GET and HEAD\n"), Allow="GET, HEAD")

    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse  # noqa: N815

    def _reply(self, reply: Reply, **headers: str) -> None:
        body = reply.body.encode()
        self.send_response(reply.status)
        for name, value in {**_HEADERS, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """Probes ask every few seconds; nothing of it is worth a line."""


class _Server(ThreadingHTTPServer):
    """A thread per request; threads do not outlive the process."""

    daemon_threads = True

    def __init__(self, listen: Listen, site: Site) -> None:
        self.site = site
        if ":" in listen.host:
            self.address_family = socket.AF_INET6
        super().__init__((listen.host, listen.port), _Handler)

    def server_bind(self) -> None:
        """As the plain server: the one for HTTP asks the name service for our own name, which may take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - as in socketserver
        """What is left to fail is the connection."""
        log.info("web.client_left")


@contextmanager
def serving(listen: Listen, site: Site) -> Iterator[int | None]:
    """Answer requests while inside; the port, or None when it cannot be had: a warning, no reason to stop working."""
    try:
        server = _Server(listen, site)
    except OSError as err:
        is_taken = err.errno == errno.EADDRINUSE
        event = "web.port_in_use" if is_taken else "web.cannot_listen"
        log.warning(event, extra={"host": listen.host, "port": listen.port, "detail": err.strerror})
        yield None
        return
    thread = Thread(target=server.serve_forever, args=(0.1,), name="web", daemon=True)
    thread.start()
    log.info("web.listening", extra={"host": listen.host, "port": server.server_port})
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
