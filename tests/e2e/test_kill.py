"""kill -9 of the real command in the middle of its requests, then the command again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import RULES, House
from zdsync.cli.trial import sandbox_settings
from zdsync.sandbox.app import make_sandbox
from zdsync.sandbox.control import Control
from zdsync.sandbox.server import serve

COMMAND = Path(sys.executable).with_name("zdsync")


@dataclass
class Sniper:
    """A WSGI wrapper that kills the client at one of its requests, before or after the account has acted."""

    app: Any
    kill_at: int = 0
    is_after: bool = False
    victim: int | None = None
    seen: int = 0
    last: int = 0
    """The number of the last request that the commands under fire made."""

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        with self.lock:
            self.seen += 1
            is_hit = self.victim is not None and self.seen == self.kill_at
        if is_hit and not self.is_after:
            self._shoot()
        answer: Iterable[bytes] = self.app(environ, start_response)
        if is_hit and self.is_after:
            self._shoot()
        return answer

    def _shoot(self) -> None:
        assert self.victim is not None, "only called with one"
        os.kill(self.victim, signal.SIGKILL)


def play(folder: Path, kill_at: int, *, is_after: bool) -> tuple[House, Sniper, list[int]]:
    """Pull and apply as two commands with one kill -9 among their requests; each command is run again if it died."""
    sandbox = make_sandbox(tickets=150, seed=4, rate_limits=False)
    sniper = Sniper(sandbox, kill_at, is_after)
    server = serve(sniper)
    settings = {
        **sandbox_settings(server.url),
        "ZDSYNC_DATABASE_URL": f"sqlite:///{folder}/mirror-{kill_at}-{is_after}.db",
        "ZDSYNC_RULES": str(RULES),
        "ZDSYNC_MAX_SHARE": "1",
        "PATH": os.environ["PATH"],
    }
    codes = []
    try:
        for words in (["pull"], ["apply", "--yes"]):
            code = _run(words, settings, sniper)
            if code == -signal.SIGKILL:
                codes.append(code)
                code = _run(words, settings, None)
            assert code == 0, words
        sniper.last = sniper.seen
        Control(sandbox).advance(120)
        assert _run(["pull"], settings, None) == 0
        assert _run(["plan", "--exit-code"], settings, None) == 0
    finally:
        server.close()
    house = House(
        sandbox, Control(sandbox), server.url, settings["ZDSYNC_DATABASE_URL"], pytest.MonkeyPatch()
    )
    return house, sniper, codes


def _run(words: list[str], settings: dict[str, str], sniper: Sniper | None) -> int:
    with subprocess.Popen(
        [COMMAND, *words], env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        if sniper is not None:
            sniper.victim = process.pid
        code = process.wait()
    if sniper is not None:
        sniper.victim = None
    return code


def ends_of(house: House) -> dict[int, tuple[Any, ...]]:
    world = house.sandbox.world
    unsolved = [row for row in world.tickets.values() if row.status in {"new", "open", "pending", "hold"}]
    return {
        row.id: (
            sorted(row.tags),
            world.tables["groups"][row.group_id]["name"] if row.group_id else None,
            sum(1 for audit in row.audits if audit.custom),
        )
        for row in unsolved
    }


@pytest.mark.slow
def test_kill_nine(tmp_path: Path) -> None:
    """Whichever request the process dies at, the end is the same: every change once, every note once, nothing lost."""
    house, sniper, codes = play(tmp_path, 0, is_after=False)
    assert codes == []
    wanted = ends_of(house)
    assert any(audits == 1 for _, _, audits in wanted.values())
    pulling, applying = range(2, sniper.last - 12, 9), range(sniper.last - 12, sniper.last + 1)
    for number, kill_at in enumerate((*pulling, *applying)):
        house, _, codes = play(tmp_path, kill_at, is_after=number % 2 == 1)
        assert codes == [-signal.SIGKILL], kill_at
        assert ends_of(house) == wanted, kill_at
