"""One form for every log line: text on a terminal, JSON elsewhere, on stderr, with every known secret blanked."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO
from urllib.parse import quote

import orjson

from zdsync.settings import LogForm

BLANK = "********"
_LEAST_SECRET = 4
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_CHATTY = ("alembic", "apscheduler", "sqlalchemy", "urllib3", "werkzeug", "zenpy")
"""Libraries that say too much below WARNING; zenpy's debug lines carry whole payloads."""


def configure_logging(
    form: LogForm,
    *,
    secrets: Iterable[str] = (),
    level: int = logging.INFO,
    stream: TextIO | None = None,
) -> None:
    """Send all log lines to `stream` (stderr), our own from `level`, other libraries' from WARNING.

    May be called again: the later call replaces the earlier one.
    """
    stream = stream or sys.stderr
    is_text = form is LogForm.TEXT or (form is LogForm.AUTO and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.set_name("zdsync")
    handler.setFormatter(EventFormatter(is_text=is_text))
    handler.addFilter(Redactor(secrets))
    root = logging.getLogger()
    for earlier in [one for one in root.handlers if one.get_name() == "zdsync"]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("zdsync").setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


class Redactor(logging.Filter):
    """Blanks the given secrets wherever they stand in a record: message, fields, traceback.

    A text under 4 characters is not taken for a secret: blanking it would garble every line.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        forms = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
        self._secrets = sorted((form for form in forms if len(form) >= _LEAST_SECRET), key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.blank(_message(record)), None
        if record.exc_info and record.exc_info[1]:
            record.exc_text = "".join(traceback.format_exception(record.exc_info[1])).rstrip()
            record.exc_info = None
        record.exc_text = self.blank(record.exc_text)
        record.stack_info = self.blank(record.stack_info)
        for name, value in fields_of(record).items():
            record.__dict__[name] = self.blank(value)
        return True

    def blank(self, value: Any) -> Any:
        """`value` with the secrets blanked in every text inside it."""
        match value:
            case None | bool() | int() | float() | datetime():
                return value
            case str():
                for secret in self._secrets:
                    value = value.replace(secret, BLANK)
                return value
            case Mapping():
                return {self.blank(str(key)): self.blank(one) for key, one in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.blank(one) for one in value]
            case _:
                return self.blank(str(value))


class EventFormatter(logging.Formatter):
    """A line per record: time (UTC), level, event name, fields; a traceback follows (text) or is a field (JSON)."""

    def __init__(self, *, is_text: bool) -> None:
        super().__init__()
        self._is_text = is_text

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        trace = record.exc_text or (self.formatException(record.exc_info) if record.exc_info else "")
        if self._is_text:
            fields = "".join(f" {name}={_as_word(value)}" for name, value in fields_of(record).items())
            line = f"{at:%H:%M:%S} {record.levelname:<7} {_message(record)}{fields}"
            return f"{line}\n{trace}" if trace else line
        entry = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": _message(record),
            "logger": record.name,
        }
        entry = {**entry, **fields_of(record), **entry, **({"trace": trace} if trace else {})}
        return orjson.dumps(entry, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller gave as `extra`, in the order given."""
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


def _message(record: logging.LogRecord) -> str:
    """The record's message; arguments that do not fit it are no reason to lose the line."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args}"


def _as_word(value: Any) -> str:
    """A value that stays one word on its line, quoted when it holds spaces or anything that could forge a field."""
    text = "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
    is_plain = text.isprintable() and not any(sign in text for sign in ' "=')
    return text if text and is_plain else orjson.dumps(text).decode()
