"""Jobs in flight: several of Zendesk's bulk tasks under way at once, asked after together, none waited for for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from zdsync.ports.account import AccountWriter, ItemResult, TicketUpdate
from zdsync.ports.clock import Clock

_FIRST_PAUSE_S = 1.0
_LAST_PAUSE_S = 5.0


class Flights:
    """The jobs handed over and not yet seen to end; each is given `patience_s` seconds from when it was added."""

    def __init__(self, writer: AccountWriter, clock: Clock, *, patience_s: float) -> None:
        self._writer = writer
        self._clock = clock
        self._patience = timedelta(seconds=patience_s)
        self._updates: dict[str, Sequence[TicketUpdate]] = {}
        self._since: dict[str, datetime] = {}

    def __len__(self) -> int:
        return len(self._updates)

    def add(self, job_id: str, updates: Sequence[TicketUpdate]) -> None:
        self._updates[job_id] = updates
        self._since[job_id] = self._clock.now()

    def wait(self) -> Mapping[str, tuple[ItemResult, ...] | None]:
        """Results by job of those that end next, with growing pauses; None for a job whose time is over.

        The jobs returned are no longer in flight. Empty only when none was. No job is asked after at once: none has
        ended by then.
        """
        pause = _FIRST_PAUSE_S
        if self._updates and self._clock.now() - min(self._since.values()) < timedelta(seconds=pause):
            self._clock.sleep(pause)
        while self._updates:
            landed = {**self._overdue(), **self._writer.fetch_results(self._updates)}
            if landed:
                for job_id in landed:
                    del self._updates[job_id], self._since[job_id]
                return landed
            self._clock.sleep(pause)
            pause = min(pause * 1.5, _LAST_PAUSE_S)
        return {}

    def _overdue(self) -> dict[str, None]:
        now = self._clock.now()
        return dict.fromkeys(id for id, since in self._since.items() if now - since >= self._patience)
