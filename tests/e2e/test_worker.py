"""The worker as it runs unattended: its window answers, its webhook is told, and neither can stop it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.e2e.conftest import House


@dataclass
class Chat:
    """A chat tool's webhook; with each message it looks through the worker's window (none for port 0)."""

    url: str = ""
    port: int = 0
    messages: list[str] = field(default_factory=list)
    seen: list[dict[str, tuple[int, str]]] = field(default_factory=list)

    def receive(self, text: str) -> None:
        self.messages.append(text)
        if not self.port:
            return
        paths = ("/healthz", "/readyz", "/metrics", "/")
        self.seen.append({path: self._ask(path) for path in paths})

    @property
    def troubles(self) -> list[str]:
        """What was told of runs; whether a ticket's private data is told of hangs on what has just come in."""
        return [text for text in self.messages if "private data came" not in text]

    def _ask(self, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


@pytest.fixture
def chat() -> Iterator[Chat]:
    """A webhook that takes messages, and a free port for the worker."""
    chat = Chat()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            chat.receive(json.loads(body)["text"])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    chat.url = f"http://127.0.0.1:{server.server_port}/services/s3cret"
    with socket.create_server(("127.0.0.1", 0)) as free:
        chat.port = free.getsockname()[1]
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_breach_is_told_while_the_window_answers(house: House, chat: Chat) -> None:
    """One message for three cycles over the limit; the window shows a living worker on a fresh mirror meanwhile."""
    ended = house.run(
        "worker",
        "--cycles",
        "3",
        ZDSYNC_SCHEDULE="every 1s",
        ZDSYNC_MAX_CHANGES="1",
        ZDSYNC_HTTP=f"127.0.0.1:{chat.port}",
        ZDSYNC_ALERT_URL=chat.url,
        ZDSYNC_LOG="json",
    )
    assert ended.code == 4, ended
    (message,) = chat.troubles
    assert message.startswith(f"zdsync, {house.url}: guard: ")
    seen = chat.seen[chat.messages.index(message)]
    assert seen["/healthz"] == (200, "ok\n")
    assert seen["/readyz"][0] == 200
    assert "zdsync_last_run_exit_code 4\n" in seen["/metrics"][1]
    assert "exit 4" in seen["/"][1]
    logged = [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]
    events = [entry["event"] for entry in logged]
    assert events.count("web.listening") == 1
    assert events.count("watch.trouble") == 1
    assert events.count("cycle.failed") == 3
    assert "s3cret" not in ended.err


def test_one_run_under_cron_tells_once(house: House, chat: Chat) -> None:
    """`run` again and again is as unattended as a worker: it tells a breach once, and its end."""
    chat.port = 0
    for _ in range(2):
        assert house.run("run", ZDSYNC_MAX_CHANGES="1", ZDSYNC_ALERT_URL=chat.url).code == 4
    house.ok("run", ZDSYNC_ALERT_URL=chat.url)
    assert [text.partition(": ")[2][:6] for text in chat.troubles] == ["guard:", "over: "]


def test_a_busy_port_and_a_dead_webhook_stop_nobody(house: House, chat: Chat) -> None:
    """Both are warnings without the webhook's address; the cycles go on."""
    with socket.create_server(("127.0.0.1", chat.port)), socket.create_server(("127.0.0.1", 0)) as gone:
        dead = f"http://127.0.0.1:{gone.getsockname()[1]}/services/s3cret"
        gone.close()
        ended = house.run(
            "worker",
            "--cycles",
            "2",
            ZDSYNC_SCHEDULE="every 1s",
            ZDSYNC_MAX_CHANGES="1",
            ZDSYNC_HTTP=f"127.0.0.1:{chat.port}",
            ZDSYNC_ALERT_URL=dead,
            ZDSYNC_LOG="json",
        )
    assert ended.code == 4
    assert "web.port_in_use" in ended.err
    assert ended.err.count("alert.not_sent") - ended.err.count("notice.told") == 2
    assert "s3cret" not in ended.err
    assert house.ok("runs", "--json").document[1]["exit"] == 4
