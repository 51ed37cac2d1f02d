"""A small account with a clock that stands still, and a session that reaches it without a port."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from zdsync.sandbox.app import Sandbox, make_sandbox
from zdsync.sandbox.records import Ticket
from zdsync.sandbox.transport import WsgiAdapter

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
HOST = "https://example.zendesk.com"


@dataclass
class Api:
    """The account as an API client sees it, and the sandbox behind it."""

    sandbox: Sandbox
    session: requests.Session

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        url = path if path.startswith("http") else f"{HOST}/api/v2/{path}"
        return self.session.request(method, url, timeout=60, **more)

    def get(self, path: str, **params: Any) -> Any:
        response = self.call("GET", path, params=params or None)
        assert response.status_code == 200, response.text
        return response.json()

    def put(self, path: str, body: Any) -> requests.Response:
        return self.call("PUT", path, json=body)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.call("POST", path, json=body)

    def job(self, response: requests.Response) -> Any:
        """Poll a job to its end."""
        assert response.status_code == 200, response.text
        row = response.json()["job_status"]
        for _ in range(5):
            if row["status"] not in ("queued", "working"):
                return row
            row = self.get(row["url"])["job_status"]
        return row

    def first(self, wanted: Callable[[Ticket], bool]) -> Ticket:
        return next(t for t in self.sandbox.world.tickets.values() if not t.is_deleted and wanted(t))

    def new_ticket(self) -> Ticket:
        """A fresh e-mail ticket nobody has touched."""
        return self.sandbox.world.tickets[self.sandbox.control.customer_creates("Help me", "It is broken.")]

    def group(self, name: str) -> int:
        return int(self.sandbox.world.by_name("groups", name)["id"])


def connect(sandbox: Sandbox, email: str = "admin@example.com", token: str = "sandbox-token") -> Api:
    session = requests.Session()
    session.mount("https://", WsgiAdapter(sandbox))
    session.auth = (f"{email}/token", token)
    return Api(sandbox, session)


@pytest.fixture
def api() -> Api:
    return connect(make_sandbox(120, now=NOW))


@pytest.fixture(scope="session")
def large() -> Api:
    """A bigger account that tests only read."""
    return connect(make_sandbox(1500, now=NOW, rate_limits=False))
