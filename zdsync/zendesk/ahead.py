"""The next page of an export is asked for while this one is converted and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Thread

import requests

from zdsync.errors import ZdsyncError

Params = Mapping[str, str | int]


class Ahead:
    """One request begun before it is wanted, in a thread of its own.

    Nothing depends on it: when it fails, or something else is asked for, all is as if it had never been begun. So it is
    neither repeated nor told of. Whoever asks for anything calls `take` first, which waits for its end: there is never
    more than one request under way.
    """

    def __init__(self, send: Callable[[str, Params], requests.Response]) -> None:
        self._send = send
        self._asked: tuple[str, Params] | None = None
        self._response: requests.Response | None = None
        self._thread: Thread | None = None

    def begin(self, url: str, params: Params) -> None:
        """Ask for this; the answer waits for `take`."""
        self.take(url, {})
        self._asked = (url, dict(params))
        self._thread = Thread(target=self._ask, args=self._asked, name="zendesk-ahead", daemon=True)
        self._thread.start()

    def _ask(self, url: str, params: Params) -> None:
        with suppress(ZdsyncError):
            self._response = self._send(url, params)

    def take(self, url: str, params: Params | None) -> requests.Response | None:
        """The answer to exactly this request, if it was begun and went well; afterwards nothing is under way."""
        if self._thread is None:
            return None
        self._thread.join()
        asked, response = self._asked, self._response
        self._thread = self._asked = self._response = None
        return response if asked == (url, params) else None
