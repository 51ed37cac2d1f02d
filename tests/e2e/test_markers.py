"""Personal data planted wherever people write: after full cycles nothing of it is in database, logs, plans or reports."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.e2e.conftest import House
from tests.faults.month import MARKERS
from zdsync.log import EventFormatter
from zdsync.sandbox.records import Comment, Notice, Ticket

WORDS = "Rumpelstiltskin lives in the old mill"
"""What is no personal datum to any detector, yet somebody's text."""
SAID = f"{WORDS}: {', '.join(MARKERS)}."


def plant(house: House) -> Ticket:
    """A ticket that says all of it in every place where people, apps and telephones write."""
    control, world = house.control, house.sandbox.world
    fields = [{"id": control._field(key)["id"], "value": SAID} for key in ("error_message", "reference")]
    id = control.customer_creates(f"Subject {SAID}", SAID, fields={"custom_fields": fields})
    ticket = world.tickets[id]
    control.agent_notes(id, SAID)
    control.agent_replies(
        id, SAID, changes={"subject": f"Again {SAID}", "fields": {"steps_to_reproduce": SAID}}
    )
    file = {
        "id": world.new_id(),
        "file_name": f"{SAID}.pdf",
        "content_url": f"https://x.example/?name={SAID}",
    }
    events: list[Any] = [
        Comment(f"See the file. {SAID}", bool(id), ticket.requester_id, f"<p>{SAID}</p>", (file,)),
        Notice(
            "VoiceComment", {"data": {"from": "+44 20 7946 0958", "transcription_text": SAID}, "body": SAID}
        ),
        Notice("EmailCcChange", {"current_email_ccs": ["marker.jane@private.example"]}),
        Notice("Notification", {"subject": SAID, "body": SAID, "recipients": [ticket.requester_id]}),
        Notice("ChatEndedEvent", {"value": {"history": [{"message": SAID}]}}),
        Notice("External", {"resource": "1", "body": SAID}),
    ]
    world.record(
        ticket, world.clock.now(), ticket.requester_id, "email", events, custom={"app": {"note": SAID}}
    )
    control.solve(id, body=SAID)
    control.rate(id, "bad", SAID)
    control.reopen(id, SAID)
    return ticket


def stored(url: str) -> dict[str, str]:
    """Every text in the database: of a file its bytes with its log's, of a server each column of each relation."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        return {
            file.name: file.read_bytes().decode("utf-8", "replace")
            for file in path.parent.glob(f"{path.name}*")
        }
    engine = create_engine(url)
    with engine.connect() as connection:
        found = inspect(connection)
        names = [*found.get_table_names(), *found.get_view_names()]
        said = {
            name: str(connection.execute(text(f'SELECT t::text FROM "{name}" t')).all()) for name in names
        }
    engine.dispose()
    return said


def marked(said: str) -> list[str]:
    """The markers in a text, spaced or not."""
    return [marker for marker in MARKERS if marker in said or marker.replace(" ", "") in said]


@pytest.mark.parametrize("bodies", ["masked", "none", "full"])
def test_no_marker_is_found_anywhere(house: House, bodies: str, caplog: pytest.LogCaptureFixture) -> None:
    """Not while the write-ahead log still stands, nor in what is logged, planned, explained, recorded or reported.

    Texts that are kept on purpose stand in the database and in notes, and still in no log or recorded case.
    """
    world = house.sandbox.world
    world.tickets.clear()
    world.log.clear()
    world.ticket_index.fill(())
    world.tables["satisfaction_ratings"].clear()
    ticket = plant(house)
    house.control.advance(120)
    caplog.set_level(logging.DEBUG)
    house.settings["ZDSYNC_BODIES"] = bodies
    reader = create_engine(house.database_url)
    with reader.connect() as connection:
        house.ok("-v", "pull", "--verify")
        connection.execute(text("SELECT COUNT(*) FROM tickets"))
        house.control.redact(ticket.id, "mill")
        house.control.advance(120)
        told = [
            house.ok("-v", "run", "--dry-run"),
            house.run("plan", "--out", "plan.json", "--html", "plan.html"),
            house.run("rules", "record", str(ticket.id)),
            house.run("runs", "--json"),
            house.run("report"),
        ]
        kept = stored(house.database_url)
        kept["explain"] = house.run("explain", str(ticket.id), "--json").out
        kept["query"] = house.ok("query", "SELECT * FROM ticket_comments", "--json").out
    reader.dispose()
    assert len(kept) > 4
    said = {str(number): ended.out + ended.err for number, ended in enumerate(told)}
    kept |= {file: Path(file).read_text("utf-8") for file in ("plan.json", "plan.html")}
    formatter = EventFormatter(is_text=False)
    said["log"] = "\n".join(formatter.format(record) for record in caplog.records)
    if bodies == "full":
        assert set(marked(kept["query"])) == set(MARKERS)
    for place, words in (said if bodies == "full" else said | kept).items():
        assert marked(words) == [], place
        assert bodies != "none" or WORDS not in words, place
    assert (WORDS in kept["query"]) == (bodies != "none")
    question = "SELECT detector, SUM(count) AS n FROM text_findings GROUP BY 1"
    found = json.loads(house.ok("query", question, "--json").out)
    assert {row["detector"] for row in found} == {"payment_card", "iban", "email", "phone"}
