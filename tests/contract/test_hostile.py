"""Whatever an account may hold comes through whole: odd texts, odd numbers, nothing at all, crowds in one second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.house import URL, House
from zdsync.detect import TextFilter
from zdsync.runs.pull import pull
from zdsync.sandbox.auth import CLIENT_ID, CLIENT_SECRET
from zdsync.sandbox.records import Change
from zdsync.sandbox.transport import WsgiAdapter
from zdsync.streams import Stream
from zdsync.zendesk.account import connect
from zdsync.zendesk.credentials import OAuthClient

TEXTS = {
    "nul": ("a\x00b", "a\ufffdb"),
    "controls": ("".join(map(chr, range(1, 32))) + "\x7f\x85\u2028", None),
    "half a pair": ("\ud83d and \ude00", "\ufffd and \ufffd"),
    "emoji": ("\U0001f469\u200d\U0001f469\u200d\U0001f467 e\u0301", None),
    "right to left": ("\u202eشكرا\u202c שלום", None),
    "sql": ("'); DROP TABLE tickets; --", None),
    "copy": ("a\tb\\N\n\\.\r\n", None),
    "long": ("Ä" * 60_000, None),
}
"""What somebody writes, and what of it a database can keep where that is not all."""
BIG, HUGE = 2**53 + 1, 10**30


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    house = House(database_url, tickets=5)
    try:
        yield house
    finally:
        house.close()


class NullAdapter(WsgiAdapter):
    """Answers as the sandbox does, but one ticket consists of nulls, and numbers are as large as they please."""

    ticket = 0

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = super().send(request, *args, **kwargs)
        if "/incremental/tickets/" in (request.url or ""):
            body = response.json()
            for row in body["tickets"]:
                if row["id"] == self.ticket:
                    kept = {"id", "updated_at", "generated_timestamp"}
                    row.update(dict.fromkeys(row.keys() - kept))
                elif row["custom_fields"]:
                    row["custom_fields"][0]["value"] = BIG
                    row["custom_fields"][1]["value"] = HUGE
            response._content = json.dumps(body).encode()
        return response


def test_hostile_texts_come_through(house: House) -> None:
    """In subject, description, comments and fields; the ticket's own status is not a field of that title."""
    ids = {}
    for name, (text, _) in TEXTS.items():
        field = {"id": house.control._field("delivery_state")["id"], "value": text}
        fields = {"custom_fields": [field], "tags": ["hostile"]}
        ids[name] = house.control.customer_creates(text, text, fields=fields)
        house.control.agent_notes(ids[name], text)
    for title in ("Status", "status", "'); DROP TABLE tickets; --", 'a "quoted" title', "\x00", "Reference"):
        house.control.rename_field(house.control._field("error_message")["id"], title)
        place = house.place()
        house.advance(3700)
        pull(place.source, place.mirror, place.clock, start=place.start)
    for name, (text, kept) in TEXTS.items():
        wanted = text if kept is None else kept
        query = f"select status, subject, description, raw, custom_fields from tickets where id = {ids[name]}"
        ((status, subject, description, raw, fields),) = house.query(query)
        assert (status, subject, description) == ("new", wanted, wanted), name
        assert json.loads(raw)["subject"] == wanted
        assert wanted in [field["value"] for field in json.loads(fields)]
        said = house.query(f"select body, plain_body, raw from ticket_comments where ticket_id = {ids[name]}")
        assert {body for body, _, _ in said} == {wanted}
        assert {json.loads(raw)["plain_body"] for _, _, raw in said} == {wanted}
        ((wide,),) = house.query(f"select status from tickets_wide where id = {ids[name]}")
        assert wide == "new"
    assert len(house.query("select tag from ticket_tags where tag = 'hostile'")) == len(TEXTS)


def test_nulls_and_numbers_without_bound_come_through(house: House) -> None:
    """A ticket of nulls is a row of nulls; a number beyond 64 bits stands in `raw` with all its digits."""
    ids = sorted(house.sandbox.world.tickets)
    adapter = NullAdapter(house.sandbox)
    adapter.ticket = ids[0]
    source = connect(
        URL,
        OAuthClient(CLIENT_ID, CLIENT_SECRET),
        rate_share=1.0,
        clock=house.clock,
        text_filter=TextFilter("masked"),
        transport=adapter,
    )
    place = house.place(source=source)
    house.advance(120)
    pull(place.source, place.mirror, place.clock, start=place.start)
    null = f"select status, subject, requester_id, tags, custom_fields, via_channel from tickets where id = {ids[0]}"
    assert house.query(null) == [(None, None, None, "[]", "[]", None)]
    ((raw, fields),) = house.query(f"select raw, custom_fields from tickets where id = {ids[1]}")
    assert [field["value"] for field in json.loads(fields)][:2] == [BIG, HUGE]
    assert f": {HUGE}" in raw
    assert len(house.query("select * from tickets_wide")) == len(ids)
    assert list(place.mirror.read_cases())


def test_a_crowd_in_one_second_loses_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a full page of one second the export by time tells nothing: those tickets are read one by one, a few per pull."""
    monkeypatch.setattr("zdsync.runs.pull.HISTORIES_PER_PULL", 30)
    world = house.sandbox.world
    place = house.place()
    for number in range(1050):
        house.control.customer_creates(f"Ticket {number}", "Hello")
    house.advance(120)
    pull(place.source, place.mirror, place.clock, start=place.start, respect_cadence=True)
    for id in range(6, 1056):
        ticket, status = world.tickets[id], world.tickets[id].status
        ticket.status = "closed"
        world.record(ticket, world.clock.now(), -1, "rule", (Change("status", status, "closed"),))
    pulls = 0
    while not pulls or place.mirror.read_missing(Stream.EVENTS):
        house.advance(120)
        pull(place.source, place.mirror, place.clock, start=place.start, respect_cadence=True)
        pulls += 1
        assert pulls < 9
    assert pulls > 1
    events = [id for (id,) in house.query("select id from ticket_events")]
    assert sorted(events) == sorted(audit.id for audit in world.log)
    statuses = house.query("select status, count(*) from tickets where id > 5 group by status")
    assert statuses == [("closed", 1050)]
