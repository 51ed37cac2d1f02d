"""What the tests of the Zendesk adapter share: a clock that only sleeping moves, and an account on mocked HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from zdsync.detect import TextFilter
from zdsync.model import TicketId
from zdsync.ports.account import TicketUpdate
from zdsync.zendesk.account import ZendeskAccount, connect
from zdsync.zendesk.credentials import Credentials, OAuthToken

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
SITE = "https://acme.zendesk.com"
API = f"{SITE}/api/v2"
STAMP = "2026-11-20T10:00:00Z"


class StillClock:
    """Stands at NOW until somebody sleeps; remembers the naps."""

    def __init__(self) -> None:
        self.moment = NOW
        self.naps: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.moment += timedelta(seconds=seconds)


def make_account(
    clock: StillClock | None = None,
    *,
    base_url: str = SITE,
    credentials: Credentials | None = None,
    share: float = 1.0,
    text_filter: TextFilter | None = None,
) -> ZendeskAccount:
    return connect(
        base_url,
        credentials or OAuthToken("made-up"),
        rate_share=share,
        clock=clock or StillClock(),
        text_filter=text_filter or TextFilter("masked"),
    )


def ticket(ident: int = 1, **fields: Any) -> dict[str, Any]:
    """A ticket as the export gives it, shortened."""
    return {
        "id": ident,
        "url": f"{API}/tickets/{ident}.json",
        "created_at": STAMP,
        "updated_at": STAMP,
        "generated_timestamp": EPOCH - 1000,
        "subject": "Printer on fire",
        "raw_subject": "Printer on fire",
        "description": "It burns.",
        "status": "open",
        "is_public": True,
        "via": {"channel": "email", "source": {"from": {}, "to": {}, "rel": None}},
        "tags": ["vip"],
        "custom_fields": [],
        "satisfaction_rating": {"score": "unoffered"},
        **fields,
    }


def update(ident: int = 1, **fields: Any) -> TicketUpdate:
    values: dict[str, Any] = {
        "ticket_id": TicketId(ident),
        "updated_stamp": datetime(2026, 11, 20, 10, tzinfo=UTC),
        "key": f"run/{ident}",
        "fields": {"group_id": 7},
        **fields,
    }
    return TicketUpdate(**values)
