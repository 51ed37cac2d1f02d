"""A sandbox account in a process of its own, and its control door."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from zdsync.cli.trial import sandbox_settings
from zdsync.sandbox.auth import OAUTH_TOKEN
from zdsync.schedule import SystemClock

ZDSYNC = (str(Path(sys.executable).with_name("zdsync")),)

DAYS = 390


@dataclass(frozen=True, slots=True)
class Account:
    """A running sandbox without rate limits."""

    url: str
    token: str = OAUTH_TOKEN

    @property
    def settings(self) -> dict[str, str]:
        """What makes zdsync use it, with no guard in the way; no seeded object is older than the start."""
        limits = {
            "ZDSYNC_START": f"{DAYS} days ago",
            "ZDSYNC_MAX_CHANGES": "1000000",
            "ZDSYNC_MAX_SHARE": "1",
        }
        return {**sandbox_settings(self.url), **limits, "ZDSYNC_HTTP": ""}

    def act(self, action: str, **arguments: Any) -> Any:
        """One call of the control door."""
        answer = requests.post(f"{self.url}/sandbox/{action}", json=arguments, timeout=60)
        answer.raise_for_status()
        return answer.json()["result"]

    def requests(self) -> dict[str, Any]:
        """What was asked since the last call, by kind; the count begins anew."""
        counts = self.act("requests")
        self.act("reset_requests")
        return dict(counts)

    def unsolved(self, count: int) -> list[int]:
        """Ids of so many unsolved tickets, at most 100."""
        found = requests.get(
            f"{self.url}/api/v2/search/export.json",
            params={"query": "status<solved", "filter[type]": "ticket", "page[size]": str(count)},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
        )
        return [int(ticket["id"]) for ticket in found.json()["results"]]

    def change(self, tickets: list[int]) -> None:
        """The requester of each ticket writes again."""
        for ticket in tickets:
            self.act("customer_replies", ticket=ticket)

    def create(self, count: int) -> None:
        """So many new tickets, each of a customer."""
        for number in range(count):
            self.act(
                "customer_creates", subject="Refund please", body=f"You charged me twice, order {number}."
            )

    @staticmethod
    def wait() -> None:
        """Until the exports, which withhold the latest minute, show what has happened.

        The account's own clock could be moved instead, but zdsync's would stay behind and ask again for what is known.
        """
        SystemClock().sleep(65)


@contextmanager
def serving(tickets: int) -> Iterator[Account]:
    """An account of so many tickets, gone afterwards."""
    command = [*ZDSYNC, "sandbox", "--port", "0", "--tickets", str(tickets), "--no-limits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as sandbox:  # noqa: S603 - our own command
        assert sandbox.stdout is not None, "it was asked for"
        found = re.search(r"http://\S+?(?=;)", sandbox.stdout.readline())
        if found is None:
            raise SystemExit("the sandbox did not start")
        try:
            yield Account(found.group())
        finally:
            sandbox.terminate()
