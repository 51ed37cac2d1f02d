"""A note that comes back public stops everything, and nothing else is written until somebody has made it internal."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.house import URL, House
from zdsync.detect import TextFilter
from zdsync.errors import PublicNote
from zdsync.runs.cycle import recorded, run_apply, run_cycle
from zdsync.sandbox.auth import CLIENT_ID, CLIENT_SECRET
from zdsync.sandbox.records import Comment
from zdsync.sandbox.transport import WsgiAdapter
from zdsync.schedule import FATAL
from zdsync.zendesk.account import ZendeskAccount, connect
from zdsync.zendesk.credentials import OAuthClient

WRITE = "PUT /tickets/update_many"


class BentHouse(House):
    """An account behind a proxy that, once bent, makes every comment public."""

    is_bent = False

    def account(self) -> ZendeskAccount:
        return connect(
            URL,
            OAuthClient(CLIENT_ID, CLIENT_SECRET),
            rate_share=1.0,
            clock=self.clock,
            text_filter=TextFilter("masked"),
            transport=WsgiAdapter(self.bent),
        )

    def bent(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The sandbox, for requests that were tampered with on their way."""
        if self.is_bent and environ["REQUEST_METHOD"] == "PUT":
            body = orjson.loads(environ["wsgi.input"].read())
            for item in body.get("tickets", ()):
                if "comment" in item:
                    item["comment"]["public"] = True
            data = orjson.dumps(body)
            environ |= {"wsgi.input": io.BytesIO(data), "CONTENT_LENGTH": str(len(data))}
        return self.sandbox(environ, start_response)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[BentHouse]:
    """An account whose newest ticket has just got a note that everybody can read."""
    made = BentHouse(f"sqlite:///{tmp_path}/mirror.db")
    run_cycle(made.place())
    made.control.customer_creates("Refund please", "You charged me twice, I want a refund.")
    made.advance(130)
    made.is_bent = True
    run_cycle(made.place())
    made.advance(130)
    yield made
    made.close()


def make_internal(house: House) -> None:
    """An agent hides our public notes from the customer."""
    for audit in house.sandbox.world.log:
        if (audit.custom or {}).get("zdsync"):
            for event in audit.events:
                if isinstance(event, Comment):
                    event.is_public = False


def test_a_public_note_stops_the_worker(house: BentHouse, caplog: pytest.LogCaptureFixture) -> None:
    """Told as an error with the ticket and the next move, with exit code 1, in every later cycle too."""
    number = max(house.sandbox.world.tickets)
    house.control.customer_creates("Refund please", "Where is my refund?")
    house.advance(130)
    house.sandbox.request_log.clear()
    for _ in range(2):
        with caplog.at_level(logging.ERROR), pytest.raises(PublicNote) as stopped:
            run_cycle(house.place())
        assert str(number) in stopped.value.message
        assert stopped.value.hint
        assert stopped.value.exit_code == 1
        house.advance(130)
    assert "note.public" in [record.message for record in caplog.records]
    assert isinstance(stopped.value, FATAL)
    assert house.sandbox.request_log.by_endpoint[WRITE] == 0


def test_no_plan_is_carried_out_either(house: BentHouse) -> None:
    """`apply` and `undo` go through the same door."""
    with pytest.raises(PublicNote):
        run_cycle(house.place())
    place = house.place()
    with recorded(place, "apply") as record, pytest.raises(PublicNote):
        run_apply(place, record, run_cycle(house.place(), is_dry=True).planned.plan)


def test_shadow_mode_goes_on_mirroring(house: BentHouse) -> None:
    """Who writes nothing need not stop."""
    assert run_cycle(replace(house.place(), is_shadow=True)).applied is None


def test_a_note_made_internal_since_stops_nothing(house: BentHouse) -> None:
    """Once somebody has mended it in Zendesk, the worker notices by itself and goes on."""
    make_internal(house)
    assert run_cycle(house.place()).exit_code == 0
