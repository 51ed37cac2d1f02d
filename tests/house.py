"""An account, a mirror and everything between them in one process, on clocks that the test moves together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from tests.fakes.clock import FakeClock
from zdsync.detect import TextFilter
from zdsync.mirror.store import MirrorStore, open_mirror
from zdsync.model import RunId
from zdsync.plan.model import Limits
from zdsync.rules.load import load_rules
from zdsync.runs.cycle import Workplace
from zdsync.sandbox.app import Sandbox, make_sandbox
from zdsync.sandbox.auth import CLIENT_ID, CLIENT_SECRET
from zdsync.sandbox.control import Control
from zdsync.sandbox.transport import WsgiAdapter
from zdsync.zendesk.account import ZendeskAccount, connect
from zdsync.zendesk.credentials import OAuthClient

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RULES = Path(__file__).parents[1] / "rules"
URL = "https://sandbox.zendesk.com"
_TIER_GROUPS = {"Help bot": "tier_0", "Frontline": "tier_1", "Specialists": "tier_2", "Engineering": "tier_3"}

Wrap = Callable[[str, Any], Any]


@dataclass
class House:
    """A seeded sandbox and one database address; `place` opens a fresh set of adapters, as a new process would."""

    url: str
    tickets: int = 40
    seed: int = 5
    sandbox: Sandbox = field(init=False)
    control: Control = field(init=False)
    clock: FakeClock = field(init=False)
    open_mirrors: list[MirrorStore] = field(default_factory=list)
    _run_numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.sandbox = make_sandbox(self.tickets, self.seed, NOW, rate_limits=False)
        self.control = Control(self.sandbox)
        self.clock = FakeClock(NOW, on_sleep=self.control.advance)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.control.advance(seconds)

    def account(self) -> ZendeskAccount:
        return connect(
            URL,
            OAuthClient(CLIENT_ID, CLIENT_SECRET),
            rate_share=1.0,
            clock=self.clock,
            text_filter=TextFilter("masked"),
            transport=WsgiAdapter(self.sandbox),
        )

    def place(self, wrap: Wrap = lambda _name, port: port, **given: Any) -> Workplace:
        """A workplace of a new process; `wrap` may put something around each port."""
        account = self.account()
        mirror = open_mirror(self.url, clock=self.clock)
        self.open_mirrors.append(mirror)
        ordinary: dict[str, Any] = {
            "account": URL,
            "source": wrap("source", account),
            "writer": wrap("writer", account),
            "mirror": wrap("mirror", mirror),
            "journal": wrap("journal", mirror.journal),
            "clock": self.clock,
            "rules": lambda: load_rules(RULES),
            "new_run_id": lambda _now: RunId(f"run-{next(self._run_numbers)}"),
            "start": NOW - timedelta(days=400),
            "tag_prefix": "tier_",
            "limits": Limits(max_changes=500, max_share=1.0),
            "is_shadow": False,
        }
        return Workplace(**{**ordinary, **given})

    def close(self) -> None:
        while self.open_mirrors:
            self.open_mirrors.pop().close()

    # What is so

    def tags(self, ticket_id: int) -> frozenset[str]:
        return frozenset(self.sandbox.world.tickets[ticket_id].tags)

    def group(self, ticket_id: int) -> str | None:
        return self.group_names().get(self.sandbox.world.tickets[ticket_id].group_id or 0)

    def group_names(self) -> dict[int, str]:
        return {row["id"]: row["name"] for row in self.sandbox.world.tables["groups"].values()}

    def unsolved(self) -> list[int]:
        world = self.sandbox.world
        unsolved = {"new", "open", "pending", "hold"}
        return [id for id, row in world.tickets.items() if row.status in unsolved and not row.is_deleted]

    def our_audits(self, ticket_id: int) -> list[Any]:
        """The ticket's audits that carry our mark."""
        audits = self.sandbox.world.tickets[ticket_id].audits
        return [audit for audit in audits if (audit.custom or {}).get("zdsync")]

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the mirror, read by other means than the product's."""
        engine = create_engine(self.url)
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(text(statement))]
        engine.dispose()
        return rows

    def assert_mirror_is_true(self) -> None:
        """Every living ticket, event and comment of the account stands in the mirror as the account has it."""
        world = self.sandbox.world
        mirrored = self.query(
            "select id, status, group_id, assignee_id, priority from tickets where deleted_at is null"
        )
        wanted = {
            (row.id, row.status, row.group_id, row.assignee_id, row.priority)
            for row in world.tickets.values()
            if not row.is_deleted
        }
        assert set(mirrored) == wanted
        tags = set(self.query("select ticket_id, tag from ticket_tags"))
        assert tags == {
            (row.id, tag) for row in world.tickets.values() if not row.is_deleted for tag in row.tags
        }
        events = [id for (id,) in self.query("select id from ticket_events")]
        assert sorted(events) == sorted(audit.id for audit in world.log)

    def assert_tiers_are_right(self) -> None:
        """No ticket has two tier tags; a tagged one is in a group of its tier, or holds private data."""
        for id in self.unsolved():
            claims = [tag for tag in self.tags(id) if tag.startswith("tier_")]
            assert len(claims) <= 1, id
            if claims:
                group = self.group(id)
                assert group == "Privacy desk" or _TIER_GROUPS.get(str(group)) == claims[0], (
                    id,
                    group,
                    claims,
                )
