"""Turmoil under a pull: the process dies between any two of its steps, Zendesk stumbles, pages come late and twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import event

from tests.faults.month import Month
from zdsync.streams import Page

FAULTS = (
    "429",
    "429",
    "500",
    "502",
    "503",
    "504",
    "520",
    "reset_before",
    "reset_after",
    "cut_body",
    "expired_token",
)
PATHS = (
    "incremental",
    "incremental/ticket_events",
    "show_many",
    "audits",
    "page%5Bsize%5D",
    "business_hours",
    ".",
)
KEPT_PAGES = 30


class KilledError(BaseException):
    """The process ends here."""


class Turmoil:
    """Strikes at the steps of a pull, with a chance that the test sets."""

    def __init__(self, month: Month, seed: int) -> None:
        self.month = month
        self.chance = Random(seed)
        self.happened: Counter[str] = Counter()
        self.is_on = True
        self._kill_after: int | None = None
        self._pages: list[Page] = []

    def begin(self) -> None:
        """A new process: it may be one that dies."""
        self._kill_after = self.chance.randrange(60) if self.is_on and self.chance.random() < 0.5 else None
        for _ in range(self.chance.randrange(4) if self.is_on else 0):
            kind = self.chance.choice(FAULTS)
            wait = self.chance.choice([None, 3]) if kind in {"429", "503"} else None
            path, skip = self.chance.choice(PATHS), self.chance.randrange(3)
            self.month.control.fault(kind, pattern=path, skip=skip, retry_after=wait)
            self.happened[kind] += 1

    def step(self) -> None:
        """One moment between two steps."""
        if not self.is_on:
            return
        if self._kill_after is not None:
            self._kill_after -= 1
            if self._kill_after < 0:
                self.happened["killed"] += 1
                raise KilledError
        if self.chance.random() < 0.05:
            self.happened["deeds meanwhile"] += 1
            self.month.live(1, 0.01)

    def late_page(self) -> Page | None:
        """A page that was served before, perhaps long ago."""
        if not self.is_on or not self._pages or self.chance.random() > 0.15:
            return None
        self.happened["late page"] += 1
        return self.chance.choice(self._pages)

    def keep(self, page: Page) -> None:
        self._pages = [*self._pages[-KEPT_PAGES:], page]

    def wrap(self, name: str, port: Any) -> Any:
        """What is to be put around a port of this name."""
        match name:
            case "source":
                return _Source(port, self)
            case "mirror":
                return _Mirror(port, self)
            case _:
                return port


class _Source:
    """A source whose every answer may be the process's last."""

    def __init__(self, source: Any, turmoil: Turmoil) -> None:
        self._source, self._turmoil = source, turmoil

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._source, name)

        def call(*args: Any) -> Any:
            self._turmoil.step()
            found = method(*args)
            return self._pages(found) if name in {"fetch_pages", "fetch_unsolved"} else found

        return call

    def _pages(self, pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            self._turmoil.step()
            self._turmoil.keep(page)
            yield page
            self._turmoil.step()


class _Mirror:
    """A mirror that may lose its process before a write, right before its commit, and after it."""

    def __init__(self, mirror: Any, turmoil: Turmoil) -> None:
        self._mirror, self._turmoil = mirror, turmoil
        event.listen(mirror.database.engine, "commit", lambda _connection: turmoil.step())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mirror, name)

    def record_page(self, page: Page, checkpoint: Any, at: datetime) -> int:
        late = self._turmoil.late_page()
        if late is not None:
            self._mirror.record_page(late, None, at)
        self._turmoil.step()
        written: int = self._mirror.record_page(page, checkpoint, at)
        self._turmoil.step()
        late = self._turmoil.late_page()
        if late is not None:
            self._mirror.record_page(late, None, at)
        return written
