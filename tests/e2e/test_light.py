"""What a command loads: the time of one with nothing to do is the loading of libraries."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.e2e.conftest import House

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TELLING = (
    "import atexit, sys\n"
    "from zdsync.cli.main import main\n"
    "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
    "main()"
)
"""The command line, which tells at its end what it has loaded."""

NETWORK = {"zenpy", "requests", "urllib3", "tenacity", "zdsync.zendesk.client", "zdsync.alerts"}
WRITING = {
    "alembic",
    "apscheduler",
    "zdsync.wiring",
    "zdsync.runs.cycle",
    "zdsync.runs.apply",
    "zdsync.runs.pull",
}
ELSEWHERE = {
    "psycopg",
    "sqlalchemy.dialects.postgresql",
    "werkzeug",
    "zdsync.web.server",
    "zdsync.sandbox.app",
}
REPORTING = {"zdsync.mirror.insight", "zdsync.report.plan_page"}
RULES = {"pydantic", "yaml", "zdsync.rules.parse", "zdsync.rules.compile", "zdsync.plan.account"}
TABLES = {"rich"}
"""What rules need, and what tables need, beside what no command with nothing to do has any use for."""


def test_a_command_with_nothing_to_do_loads_only_what_it_uses(house: House) -> None:
    """Neither network nor writing nor PostgreSQL for any; no rules for `status`, which asks about none; no tables elsewhere."""
    house.ok("pull")
    never = NETWORK | WRITING | ELSEWHERE | REPORTING
    for words, needless in (
        (("status",), RULES),
        (("plan",), TABLES),
        (("explain", "1"), TABLES),
        (("--help",), RULES | TABLES | {"sqlalchemy"}),
    ):
        told = subprocess.run(
            [sys.executable, "-c", TELLING, *words],
            env={**os.environ, **house.settings},
            capture_output=True,
            text=True,
            check=True,
        )
        loaded = set(told.stderr.splitlines()[-1].split())
        assert "zdsync.cli.look" in loaded
        assert loaded & (never | needless) == set(), words
