"""A poke reaches the worker of this machine through its window, and nobody else's gets in."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from http.client import HTTPConnection

import pytest

from tests.fakes.clock import FakeClock
from zdsync.errors import MirrorError, Unreachable
from zdsync.reading import Reading
from zdsync.runs.cycle import Cycle
from zdsync.settings import Listen
from zdsync.web.poke import HEADER, may_poke, send_poke
from zdsync.web.pulse import Pulse
from zdsync.web.server import Site, serving


def no_mirror() -> AbstractContextManager[Reading]:
    raise MirrorError("none")


@pytest.fixture
def pulse() -> Pulse:
    return Pulse(FakeClock(), lambda began: began + timedelta(minutes=1))


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def port(pulse: Pulse, asked: list[str]) -> Iterator[int]:
    """The window of a worker that remembers being poked."""
    site = Site(pulse, no_mirror, timedelta(minutes=15), "tier_", "apply", lambda: asked.append("poke"))
    with serving(Listen("127.0.0.1", 0), site) as port:
        assert port is not None
        yield port


def status(port: int, method: str, path: str, **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse().status
    connection.close()
    return answer


def test_a_poke_is_heard(port: int, pulse: Pulse, asked: list[str]) -> None:
    """It says whether a cycle begins now or after the one under way."""
    assert send_poke(Listen("127.0.0.1", port)) == "a cycle begins now"
    answers: list[str] = []

    def cycle() -> Cycle:
        answers.append(send_poke(Listen("0.0.0.0", port)))
        raise MirrorError("over")

    with pytest.raises(MirrorError):
        pulse.time(cycle)
    assert answers == ["a cycle begins after the one under way"]
    assert asked == ["poke", "poke"]


def test_a_web_page_cannot_poke(port: int, asked: list[str]) -> None:
    """What comes without our header is refused, as is every other way to write."""
    assert status(port, "POST", "/poke") == 403
    assert status(port, "GET", "/poke", **{HEADER: "1"}) == 404
    assert status(port, "POST", "/", **{HEADER: "1"}) == 405
    assert status(port, "OPTIONS", "/poke") == 405
    assert asked == []


@pytest.mark.parametrize(
    ("peer", "may"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.7", False),
        ("::ffff:10.0.0.7", False),
        ("fe80::1%eth0", False),
    ],
)
def test_only_this_machine(peer: str, may: bool) -> None:
    """Whatever the window listens on."""
    assert may_poke(peer) is may


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("host", ["", "::", "127.0.0.1"])
def test_nobody_there(host: str) -> None:
    """The message says what to look at."""
    with pytest.raises(Unreachable) as caught:
        send_poke(Listen(host, free_port()))
    assert "no worker answers" in caught.value.message
    assert "zdsync run" in caught.value.hint


def test_another_program_there(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers otherwise is told by its answer."""
    refuse: Callable[[str], bool] = lambda _: False  # noqa: E731 - a constant function
    monkeypatch.setattr("zdsync.web.poke.may_poke", refuse)
    with pytest.raises(Unreachable, match="403"):
        send_poke(Listen("127.0.0.1", port))
