"""The second look: a ticket that changed between decision and write is fetched anew and decided again, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from zdsync.model import TicketId
from zdsync.plan.model import TicketChange
from zdsync.ports.account import TicketSource
from zdsync.ports.clock import Clock
from zdsync.ports.journal import Outcome
from zdsync.ports.mirror import Mirror
from zdsync.runs.plan import Judge
from zdsync.runs.pull import fill_in_users
from zdsync.tiers.model import Verdict

PAUSE_S = 3.0
_STILL_MOVING = timedelta(seconds=2)
"""Stamps count whole seconds: what changed this lately may change again without its stamp telling."""


@dataclass(frozen=True, slots=True)
class Again:
    """A ticket decided again: the change that is due now, or why there is none.

    `outcome` is set when the ticket is left alone for now; None with no change means that all is as it should be.
    """

    ticket_id: TicketId
    change: TicketChange | None
    reason: str
    outcome: Outcome | None = None


class Look(Protocol):
    """What decides anew of tickets that could not be written as they were decided."""

    def decide(self, ids: Sequence[TicketId]) -> Iterator[Again]:
        """One answer for each ticket; none for those that are gone."""


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Fetches tickets and their audits into the mirror, and asks the judge of this very moment."""

    source: TicketSource
    mirror: Mirror
    clock: Clock
    make_judge: Callable[[datetime], Judge]

    def decide(self, ids: Sequence[TicketId]) -> Iterator[Again]:
        """One answer for each ticket; none for those that are gone. One request per ticket, for its audits."""
        self.clock.sleep(PAUSE_S)
        page = self.source.fetch_tickets(ids)
        self.mirror.record_page(page, None, self.clock.now())
        quiet: list[TicketId] = []
        for row in page.rows.get("tickets", ()):
            if row["updated_at"] > page.served_at - _STILL_MOVING:
                yield Again(TicketId(row["id"]), None, "somebody is changing it", Outcome.CONFLICT)
                continue
            quiet.append(TicketId(row["id"]))
        for id in quiet:
            self.mirror.record_page(self.source.fetch_history(id), None, self.clock.now())
        fill_in_users(self.source, self.mirror, self.clock)
        yield from self._judged(quiet, page.served_at)

    def _judged(self, ids: Sequence[TicketId], known_until: datetime) -> Iterator[Again]:
        judge = self.make_judge(self.clock.now())
        for case in self.mirror.read_cases(ids):
            judged = judge.judge(replace(case, events_until=known_until))
            decision = judged.decision
            is_finished = decision.verdict is Verdict.FINISHED
            outcome = Outcome.SKIPPED if is_finished else None
            yield Again(case.ticket.id, judged.change, decision.reason, outcome)
