"""Log lines: one form, honest fields, no secret anywhere."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from zdsync.log import configure_logging
from zdsync.settings import LogForm

log = logging.getLogger("zdsync.test")


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    """Each test leaves the loggers as it found them."""
    names = ["", "zdsync", "zenpy", "urllib3", "apscheduler", "alembic", "sqlalchemy", "werkzeug"]
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    logging.captureWarnings(capture=False)
    logging.getLogger().removeHandler(our_handler())
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def our_handler() -> logging.Handler:
    return next(handler for handler in logging.getLogger().handlers if handler.get_name() == "zdsync")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def configure(form: LogForm = LogForm.JSON, *secrets: str, level: int = logging.INFO) -> io.StringIO:
    stream = io.StringIO()
    configure_logging(form, secrets=secrets, level=level, stream=stream)
    return stream


def entry(stream: io.StringIO) -> dict[str, Any]:
    (line,) = stream.getvalue().splitlines()
    value = json.loads(line)
    assert isinstance(value, dict)
    return value


def test_json_line_holds_event_and_fields() -> None:
    """A line is one JSON object: when, how grave, what, and the fields with their types."""
    stream = configure()
    log.info("pull.page", extra={"stream": "tickets", "count": 1000, "is_last": False, "at_cursor": None})
    line = entry(stream)
    assert datetime.fromisoformat(line.pop("at")).tzinfo is not None
    assert line == {
        "level": "info",
        "event": "pull.page",
        "logger": "zdsync.test",
        "stream": "tickets",
        "count": 1000,
        "is_last": False,
        "at_cursor": None,
    }


def test_text_line_stays_one_line() -> None:
    """Fields follow the event as name=value; what could forge a field or a line is quoted."""
    stream = configure(LogForm.TEXT)
    when = datetime(2026, 11, 22, tzinfo=UTC)
    log.warning(
        "apply.conflict", extra={"ticket_id": 7, "rule": 'a b="c"', "detail": "x\ny", "due": when, "no": ""}
    )
    (line,) = stream.getvalue().splitlines()
    assert line[8:] == (
        ' WARNING apply.conflict ticket_id=7 rule="a b=\\"c\\"" detail="x\\ny" due=2026-11-22T00:00:00+00:00 no=""'
    )


def test_auto_is_text_on_a_terminal_only() -> None:
    """People get text, machines JSON."""
    stream = Terminal()
    configure_logging(LogForm.AUTO, stream=stream)
    log.info("run.done")
    assert "INFO" in stream.getvalue()
    assert entry_of(configure(LogForm.AUTO))["event"] == "run.done"


def entry_of(stream: io.StringIO) -> dict[str, Any]:
    log.info("run.done")
    return entry(stream)


@pytest.mark.parametrize("form", [LogForm.JSON, LogForm.TEXT])
def test_secrets_are_blanked_everywhere(form: LogForm) -> None:
    """In the message, its arguments, fields at any depth, keys, other objects and tracebacks, as is or URL-quoted."""
    stream = configure(form, "s3cr/et", "p\"w'd")
    try:
        raise RuntimeError("denied for s3cr/et")
    except RuntimeError:
        log.exception(
            "call %s s3cr/et",
            "Bearer s3cr/et",
            extra={
                "url": "https://x.test/?t=s3cr%2Fet",
                "deep": [{"s3cr/et": ("s3cr/et", {"n": "p\"w'd"})}],
                "error": ValueError("s3cr/et"),
            },
            stack_info=True,
        )
    text = stream.getvalue()
    assert "RuntimeError: denied for ********" in text
    assert "s3cr" not in text
    assert "w'd" not in text


def test_a_very_short_secret_does_not_garble_the_log() -> None:
    """A password of three letters is no secret; blanking it would spoil every word."""
    stream = configure(LogForm.JSON, "pul", "")
    log.info("pull.page")
    assert entry(stream)["event"] == "pull.page"


def test_chatty_libraries_are_quiet() -> None:
    """zenpy's debug lines hold payloads: they never come out, not even with -v; our own do."""
    stream = configure(level=logging.DEBUG)
    for name in ("zenpy.lib.api", "urllib3.connectionpool", "apscheduler.scheduler"):
        logging.getLogger(name).info("payload")
    log.debug("ticket.decided", extra={"ticket_id": 3})
    assert entry(stream)["ticket_id"] == 3


def test_debug_needs_verbose_and_the_later_call_wins() -> None:
    """Configuring twice gives each line once, in the later form."""
    first = configure()
    second = configure(LogForm.TEXT)
    log.debug("ticket.decided")
    log.info("run.done")
    assert first.getvalue() == ""
    assert second.getvalue().endswith(" INFO    run.done\n")


def test_a_crooked_call_still_leaves_a_line() -> None:
    """Arguments that do not fit the message are shown beside it instead of being lost."""
    stream = configure(LogForm.JSON, "s3cret")
    our_handler().handle(logging.makeLogRecord({"msg": "count %d", "args": ("s3cret",), "levelname": "INFO"}))
    assert entry(stream)["event"] == "count %d ('********',)"


def test_a_traceback_follows_or_is_a_field() -> None:
    """JSON keeps a traceback inside its one line."""
    stream = configure()
    try:
        raise KeyError("x")
    except KeyError:
        log.exception("cycle.crashed")
    assert "KeyError: 'x'" in entry(stream)["trace"]
