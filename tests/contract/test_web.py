"""The worker's window over real HTTP on a mirror that was filled by real cycles, on SQLite and PostgreSQL."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse

import pytest

from tests.house import House
from zdsync.errors import MirrorError
from zdsync.mirror.store import open_mirror
from zdsync.reading import Reading
from zdsync.runs.cycle import run_cycle
from zdsync.schedule import Pokes
from zdsync.settings import Listen
from zdsync.web.pulse import Pulse
from zdsync.web.server import Site, serving

PATHS = ("/", "/healthz", "/readyz", "/metrics")
SAMPLE = re.compile(r'(zdsync_[a-z_]+)(?:\{([a-z_]+)="([a-z_0-9]+)"\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)')


@dataclass
class Window:
    """A worker's window, asked as a probe would."""

    house: House
    pulse: Pulse
    site: Site
    port: int

    def ask(self, path: str, method: str = "GET") -> tuple[HTTPResponse, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response, response.read().decode()
        finally:
            connection.close()

    def status(self, path: str) -> tuple[int, str]:
        response, text = self.ask(path)
        return response.status, text.strip()

    def metrics(self) -> dict[tuple[str, str], float]:
        """Every sample by name and label value; each line has the form that Prometheus reads."""
        response, text = self.ask("/metrics")
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        found: dict[tuple[str, str], float] = {}
        declared = re.findall(r"^# TYPE (zdsync_\w+) (?:gauge|counter)$", text, re.MULTILINE)
        assert len(declared) == len(set(declared))
        for line in text.splitlines():
            if line.startswith("#"):
                assert re.fullmatch(r"# (HELP zdsync_\w+ .+|TYPE zdsync_\w+ (gauge|counter))", line), line
                continue
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            assert sample[1] in declared
            assert (sample[1], sample[3] or "") not in found
            found[sample[1].removeprefix("zdsync_"), sample[3] or ""] = float(sample[4])
        return found


@pytest.fixture
def window(database_url: str) -> Iterator[Window]:
    """The window of a worker that runs every minute and has not begun yet."""
    house = House(database_url)
    pulse = Pulse(house.clock, lambda began: began + timedelta(minutes=1))
    pokes = Pokes()

    @contextmanager
    def open_reading() -> Iterator[Reading]:
        with open_mirror(database_url, clock=house.clock, read_only=True) as mirror:
            yield Reading(mirror, mirror.database.path)

    site = Site(pulse, open_reading, timedelta(minutes=15), "tier_", "apply", pokes.poke)
    with serving(Listen("127.0.0.1", 0), site) as port:
        assert port is not None
        yield Window(house, pulse, site, port)
    house.close()


def cycle(window: Window) -> None:
    place = window.house.place()
    window.pulse.time(lambda: run_cycle(place))


def test_before_the_first_cycle(window: Window) -> None:
    """Alive, not ready, and everything answers."""
    assert window.status("/healthz") == (200, "ok")
    code, text = window.status("/readyz")
    assert code == 503
    assert "mirror" in text
    assert window.metrics()["runs_total", "0"] == 0
    assert window.status("/")[0] == 200


def test_after_cycles(window: Window) -> None:
    """Ready; figures of the last run and plan, of the process, and of each stream."""
    cycle(window)
    window.house.advance(60)
    cycle(window)
    assert window.status("/readyz")[0] == 200
    found = window.metrics()
    assert found["healthy", ""] == found["mirror_readable", ""] == 1
    assert found["runs_total", "0"] == 2
    assert found["changes_total", "applied"] > 0
    assert found["changes_total", "conflict"] == found["changes_total", "rejected"] == 0
    assert found["unsettled_writes", ""] == 0
    assert found["last_run_exit_code", ""] == 0
    assert 0 <= found["mirror_lag_seconds", ""] < 180
    assert found["stream_lag_seconds", "tickets"] < 180
    assert sum(count for (name, _), count in found.items() if name == "tickets") == len(
        window.house.unsolved()
    )
    assert found["next_run_timestamp_seconds", ""] > found["last_run_ended_timestamp_seconds", ""]


def test_a_stale_mirror_is_not_ready(window: Window) -> None:
    """Behind by more than the limit: 503, with how far; the worker still lives until it is overdue."""
    cycle(window)
    window.house.clock.advance(16 * 60)
    code, text = window.status("/readyz")
    assert code == 503
    assert "17 min behind" in text
    code, text = window.status("/healthz")
    assert code == 503
    assert "has not begun" in text
    assert window.metrics()["healthy", ""] == 0


def test_readers_do_not_wait_for_the_writer(window: Window) -> None:
    """In the middle of a write every path answers, with what was committed before."""
    cycle(window)
    place = window.house.open_mirrors[-1]
    with place.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM zdsync_checkpoints")
        assert window.status("/readyz")[0] == 200
        for path in PATHS:
            assert window.status(path)[0] == 200


def test_the_page(window: Window) -> None:
    """Self-contained, with tiers, runs and streams, and the security policy that lets its own style through."""
    cycle(window)
    response, text = window.ask("/")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    for word in ("Unsolved tickets by tier", "Runs, newest first", "sandbox.zendesk.com", "ticket_events"):
        assert word in text
    assert not re.search(r"(?:src|href|url\(|@import|<script|https?://)", text)
    assert "prefers-color-scheme" in text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    people = [user.name for user in window.house.sandbox.world.users.values()]
    assert people
    assert not [name for name in people if name in text]


def test_the_page_is_made_once_for_many(window: Window) -> None:
    """Whoever asks within five seconds gets the same page; later a new one."""
    cycle(window)
    first = window.status("/")
    window.house.clock.advance(4)
    assert window.status("/") == first
    window.house.clock.advance(2)
    assert window.status("/") != first


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_the_body(window: Window, path: str) -> None:
    """Same status and length, nothing after the headers."""
    response, text = window.ask(path, "HEAD")
    full, body = window.ask(path)
    assert (response.status, text) == (full.status, "")
    assert response.headers["Content-Length"] == str(len(body.encode()))


@pytest.mark.parametrize("path", ["/healthz/", "/nowhere", "/%2e%2e/etc/passwd", "*"])
def test_unknown_paths(window: Window, path: str) -> None:
    """404, without repeating what was asked for."""
    code, text = window.status(path)
    assert (code, text) == (404, "there are /, /healthz, /readyz and /metrics")


def test_a_query_changes_nothing(window: Window) -> None:
    """Some probes add one against caches."""
    assert window.status("/healthz?t=1") == (200, "ok")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_reading(window: Window, method: str) -> None:
    """Nothing can be changed through the window."""
    response, _ = window.ask("/healthz", method)
    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD"


def test_an_unreadable_mirror(window: Window) -> None:
    """Health answers all the same, metrics leave out what they cannot know, nothing quotes the database."""

    def open_reading() -> AbstractContextManager[Reading]:
        raise MirrorError("postgresql://zdsync@db.internal/zdsync does not answer")

    window.site.open_reading = open_reading
    assert window.status("/healthz") == (200, "ok")
    assert window.status("/readyz") == (503, "the mirror cannot be read; see the worker's log")
    found = window.metrics()
    assert found["mirror_readable", ""] == 0
    assert ("mirror_lag_seconds", "") not in found
    code, text = window.status("/")
    assert code == 200
    assert "cannot be read" in text
    assert "db.internal" not in text


def test_a_fault_of_ours_is_a_500(window: Window, caplog: pytest.LogCaptureFixture) -> None:
    """What nobody foresaw is logged and told without details; the next request is answered again."""

    def open_reading() -> AbstractContextManager[Reading]:
        raise LookupError("secret")

    good, window.site.open_reading = window.site.open_reading, open_reading
    assert window.status("/metrics") == (500, "this failed; see the worker's log")
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "web.request_failed"
    ]
    window.site.open_reading = good
    assert window.status("/metrics")[0] == 200


def test_a_busy_port_is_a_warning(window: Window, caplog: pytest.LogCaptureFixture) -> None:
    """The worker goes on without a window."""
    with serving(Listen("127.0.0.1", window.port), window.site) as port:
        assert port is None
    (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert (record.getMessage(), record.__dict__["port"]) == ("web.port_in_use", window.port)


def test_an_address_of_another_machine_is_a_warning(window: Window, caplog: pytest.LogCaptureFixture) -> None:
    """So is an address that this machine does not have."""
    with serving(Listen("192.0.2.1", 0), window.site) as port:
        assert port is None
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "web.cannot_listen"
    ]


def test_ipv6(window: Window) -> None:
    """An IPv6 address is served as well."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with serving(Listen("::1", 0), window.site) as port:
        if port is None:
            pytest.skip("this machine has no IPv6 loopback")
        connection = HTTPConnection("::1", port, timeout=20)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()


def test_a_client_that_leaves_is_no_fault(window: Window, capfd: pytest.CaptureFixture[str]) -> None:
    """Half a request, then silence: nothing on stderr, the next one is answered."""
    with socket.create_connection(("127.0.0.1", window.port)) as half:
        half.sendall(b"GET /metrics HTT")
    assert window.status("/healthz") == (200, "ok")
    assert capfd.readouterr().err == ""
