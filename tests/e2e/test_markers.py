"""Personal data planted wherever people write: after full cycles nothing of it is in database, logs, plans or reports."""

from __future__ import annotations

import json
import logging
import re
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
_DIGITS = re.compile(r"\D")


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
        Comment(f"See the file. {SAID}", True, ticket.requester_id, f"<p>{SAID}</p>", (file,)),
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
    """The markers in a text, however it escapes or spaces them."""
    digits = [marker for marker in MARKERS if len(_DIGITS.sub("", marker)) > 9]
    pieces = "".join(_DIGITS.sub("", said))
    assert digits
    return [marker for marker in MARKERS if marker in said] + [
        marker for marker in digits if _DIGITS.sub("", marker) in pieces and marker.replace(" ", "") in said
    ]


@pytest.mark.parametrize("bodies", ["masked", "none"])
def test_no_marker_is_found_anywhere(house: House, bodies: str, caplog: pytest.LogCaptureFixture) -> None:
    """Not while the write-ahead log still stands, nor in what is logged, planned, explained, recorded or reported."""
    house.sandbox.world.tickets.clear()
    house.sandbox.world.log.clear()
    house.sandbox.world.ticket_index.fill(())
    for table in ("satisfaction_ratings",):
        house.sandbox.world.tables[table].clear()
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
            house.run("explain", str(ticket.id), "--json"),
            house.run("rules", "record", str(ticket.id)),
            house.run("report"),
            house.run("runs", "--json"),
            house.ok("query", "SELECT * FROM ticket_comments", "--json"),
        ]
        said = stored(house.database_url)
    reader.dispose()
    said |= {str(number): ended.out + ended.err for number, ended in enumerate(told)}
    said |= {file: Path(file).read_text("utf-8") for file in ("plan.json", "plan.html")}
    formatter = EventFormatter(is_text=False)
    said["log"] = "\n".join(formatter.format(record) for record in caplog.records)
    assert json.loads(said["log"].splitlines()[0])
    for place, words in said.items():
        assert marked(words) == [], place
        assert bodies == "masked" or WORDS not in words, place
    assert bodies == "none" or WORDS in "".join(said.values())
    counts = json.loads(
        house.ok("query", "SELECT detector, SUM(count) AS n FROM text_findings GROUP BY 1", "--json").out
    )
    assert {row["detector"] for row in counts["rows"]} == {"payment_card", "iban", "email", "phone"}, counts
