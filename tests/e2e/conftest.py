"""The real command line against the sandbox over real HTTP, on SQLite and on PostgreSQL."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from zdsync.cli.main import main
from zdsync.cli.trial import sandbox_settings
from zdsync.sandbox.app import Sandbox, make_sandbox
from zdsync.sandbox.control import Control
from zdsync.sandbox.server import serve

RULES = Path(__file__).parents[2] / "rules"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


@dataclass
class House:
    """An account, a mirror and a command line between them."""

    sandbox: Sandbox
    control: Control
    url: str
    database_url: str
    patch: pytest.MonkeyPatch
    settings: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, **settings: str) -> Ended:
        """One command, as typed; `settings` for this call only."""
        with self.patch.context() as patch:
            for name, value in {**self.settings, **settings}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["zdsync", *words])
            out, err = io.StringIO(), io.StringIO()
            with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
                main()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 1, out.getvalue(), err.getvalue())

    def ok(self, *words: str, **settings: str) -> Ended:
        """A command that must end with 0."""
        ended = self.run(*words, **settings)
        assert ended.code == 0, ended
        return ended


@pytest.fixture
def house(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A seeded account of 600 tickets on a free port, nothing mirrored yet."""
    sandbox = make_sandbox(tickets=600, seed=3, rate_limits=False)
    server = serve(sandbox)
    monkeypatch.chdir(tmp_path)
    settings = {
        **sandbox_settings(server.url),
        "ZDSYNC_DATABASE_URL": database_url,
        "ZDSYNC_RULES": str(RULES),
        "ZDSYNC_HTTP": "",
    }
    try:
        yield House(sandbox, Control(sandbox), server.url, database_url, monkeypatch, settings)
    finally:
        server.close()
