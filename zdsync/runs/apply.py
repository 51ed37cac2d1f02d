"""Apply: intent, write, outcome, read-back, batch by batch; every change ends in an outcome that the journal knows."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from sys import maxsize

from zdsync.errors import Conflict, Denied, Rejected, Transient, Unreachable
from zdsync.model import GroupId, RunId, TicketId
from zdsync.plan.model import Plan, TicketChange
from zdsync.ports.account import TAGS_IGNORED, AccountWriter, ItemOutcome, ItemResult, TicketSource
from zdsync.ports.clock import Clock
from zdsync.ports.journal import Journal, Outcome
from zdsync.ports.mirror import Mirror
from zdsync.runs.account_objects import AccountObjects
from zdsync.runs.flights import Flights
from zdsync.runs.outcomes import Applied, Ended, settle
from zdsync.runs.resolve import from_ticket
from zdsync.runs.second_look import Look
from zdsync.runs.updates import BATCH_SIZE, Item, difference, entry_of, in_batches, make_item, ticket_name
from zdsync.streams import Record

log = logging.getLogger(__name__)

IN_FLIGHT = 4
"""Jobs under way at once: enough to hide Zendesk's queue, far under the thirty that an account may have."""

_JOB_PATIENCE_S = 600.0

MOST_UPDATES = 15
_BUSY_FOR = timedelta(minutes=10)
"""Half of the 30 updates of one ticket that Zendesk allows a user in ten minutes; the rest is for people and other tools
that share the login. Source: developer.zendesk.com, "Rate limits" (read 2026-11)."""

_JOURNAL_OUTCOME = {
    ItemOutcome.APPLIED: Outcome.APPLIED,
    ItemOutcome.CONFLICT: Outcome.CONFLICT,
    ItemOutcome.REJECTED: Outcome.REJECTED,
    ItemOutcome.UNKNOWN: Outcome.UNKNOWN,
}

Undone = dict[TicketId, Ended]
"""Tickets that moved on under us, or whose tags the account left alone; journaled, and not yet counted."""


@dataclass(frozen=True, slots=True)
class Applier:
    """The one narrow door to a customer's Zendesk.

    With `second_look`, tickets in conflict, and those whose tags the account left alone, are decided again and written
    once more at the end; without, they stay as they are.
    """

    source: TicketSource
    writer: AccountWriter
    mirror: Mirror
    journal: Journal
    clock: Clock
    run_id: RunId
    second_look: Look | None = None

    def apply(self, plan: Plan, *, limit: int | None = None) -> Applied:
        """Execute a plan: groups, views, then tickets in batches of 100 (the first `limit` of them).

        What is kept of a change that went well is its count. When Zendesk rejects most of what it is sent, and more
        than MANY_REJECTED, nothing more is sent. Raises Transient or Denied when Zendesk is out of
        reach; whatever was under way is then in the journal without an outcome and is resolved at the next start.
        """
        done = Applied()
        objects = AccountObjects(self.source, self.writer, self.mirror, self.journal, self.clock, self.run_id)
        group_ids = objects.apply(plan, done)
        changes = islice(plan.ticket_changes, limit)
        before = done.outcomes.total()
        undone = self._write(self._items(changes, group_ids, done), done)
        if done.is_refused(len(undone)):
            ended = done.outcomes.total() - before + len(undone)
            done.unsent = min(len(plan.ticket_changes), limit or maxsize) - ended
            log.warning("apply.refused", extra={"unsent": done.unsent})
        elif self.second_look is not None and undone:
            again = list(self._decided_again(self.second_look, undone, done))
            items = self._items(again, group_ids, done, mark=":again")
            undone = self._write(items, done)
        for end in undone.values():
            done.note(end.name, end.outcome, end.detail)
        return done

    def _items(
        self,
        changes: Iterable[TicketChange],
        group_ids: Mapping[str, GroupId],
        done: Applied,
        *,
        mark: str = "",
    ) -> Iterator[Item]:
        """Each change with its update; those whose group could not be made are skipped."""
        for change in changes:
            group = change.group
            id = group_ids.get(group.name.casefold()) if group is not None else None
            if group is not None and id is None:
                name, why = ticket_name(change.ticket_id), f"there is no group {group.name!r}"
                done.note(name, Outcome.SKIPPED, why)
                continue
            yield make_item(change, id, f"{self.run_id}:{change.ticket_id}{mark}")

    # Batches

    def _write(self, items: Iterable[Item], done: Applied) -> Undone:
        """Send everything in batches, a few jobs at a time; what would have to be written once more."""
        batches = in_batches(items)
        flights = Flights(self.writer, self.clock, patience_s=_JOB_PATIENCE_S)
        flying: dict[str, Sequence[Item]] = {}
        undone: Undone = {}
        while True:
            while (
                len(flying) < IN_FLIGHT and not done.is_refused(len(undone)) and (batch := next(batches, ()))
            ):
                due = self._not_busy(batch, done)
                job_id = self._send(due, done, undone) if due else None
                if job_id is not None:
                    flying[job_id] = due
                    flights.add(job_id, [item.update for item in due])
            if not flying:
                return undone
            for job_id, results in flights.wait().items():
                landed = flying.pop(job_id)
                if results is None:
                    self._give_up(job_id, landed, done)
                else:
                    self._land(landed, results, done, undone)

    def _not_busy(self, batch: Sequence[Item], done: Applied) -> Sequence[Item]:
        """The batch without the tickets that Zendesk would soon refuse to take another update of."""
        since = self.clock.now() - _BUSY_FOR
        busy = self.journal.read_busy([item.ticket_id for item in batch], since, MOST_UPDATES)
        for item in batch:
            if item.ticket_id in busy:
                why = f"updated {MOST_UPDATES} times within ten minutes; it waits for a later run"
                done.note(item.name, Outcome.SKIPPED, why)
        return [item for item in batch if item.ticket_id not in busy] if busy else batch

    def _send(self, batch: Sequence[Item], done: Applied, undone: Undone) -> str | None:
        """Journal a batch and hand it over; the job's id, or None when the whole batch already has its outcome."""
        now = self.clock.now()
        self.journal.record_intents([entry_of(item, self.run_id, now) for item in batch])
        try:
            job_id = self.writer.submit_updates([item.update for item in batch])
        except Rejected as err:
            self._settle(batch, Outcome.REJECTED, err.message, done)
        except Conflict as err:
            ends = {item.ticket_id: item.ended(Outcome.CONFLICT, err.message) for item in batch}
            self._record(ends.values())
            undone.update(ends)
        except Unreachable as err:
            self._settle(batch, Outcome.UNKNOWN, err.message, done)
        except (Transient, Denied) as err:
            self._settle(batch, Outcome.NOT_APPLIED, err.message, done)
            raise
        else:
            self.journal.record_sent([item.update.key for item in batch], job_id)
            return job_id
        return None

    def _give_up(self, job_id: str, batch: Sequence[Item], done: Applied) -> None:
        """Leave a job that does not end to the next start; its tickets stay out of plans until then."""
        log.warning("apply.job_stuck", extra={"job_id": job_id, "count": len(batch)})
        for item in batch:
            done.note(item.name, Outcome.UNKNOWN, f"job {job_id} has not ended yet")

    def _land(
        self, batch: Sequence[Item], results: Sequence[ItemResult], done: Applied, undone: Undone
    ) -> None:
        """Mirror what the tickets show, and journal how each change ended in the light of it.

        In this order: a process killed between the two asks the job again, and never plans on an old mirror.
        """
        seen = self._read_back(batch, results)
        self._record(seen)
        for item, end in zip(batch, seen, strict=True):
            if end.outcome is Outcome.CONFLICT or end.detail.startswith(TAGS_IGNORED):
                undone[item.ticket_id] = end
            else:
                done.note(end.name, end.outcome, end.detail)
        counts = Counter(end.outcome.value for end in seen)
        log.info("apply.batch", extra={"count": len(batch), **counts})

    def _read_back(self, batch: Sequence[Item], results: Sequence[ItemResult]) -> list[Ended]:
        """Fetch and mirror what was written, and say how each change ended in the light of it."""
        page = self.source.fetch_tickets([item.ticket_id for item in batch])
        self.mirror.record_page(page, None, self.clock.now())
        rows = {row["id"]: row for row in page.rows.get("tickets", ())}
        return [
            item.ended(*self._seen(item, result, rows.get(item.ticket_id)))
            for item, result in zip(batch, results, strict=True)
        ]

    def _seen(self, item: Item, result: ItemResult, row: Record | None) -> tuple[Outcome, str]:
        """One change's outcome and detail, the ticket being known as it is now; None when it is gone."""
        outcome = _JOURNAL_OUTCOME[result.outcome]
        if outcome is Outcome.UNKNOWN:
            return from_ticket(self.source, item.update, row)
        if outcome is Outcome.APPLIED:
            differs = difference(item, row) if row is not None else ""
            if differs:
                log.warning("apply.differs", extra={"ticket_id": item.ticket_id})
            return outcome, ": ".join(filter(None, (result.detail, differs)))
        if row is None:
            return Outcome.SKIPPED, "the ticket is gone"
        if row["status"] == "closed":
            return Outcome.SKIPPED, "the ticket was closed meanwhile"
        return outcome, self._named(result)

    def _named(self, result: ItemResult) -> str:
        """Zendesk's refusal, with the titles of the fields it is about."""
        if not result.fields:
            return result.detail
        titles = {field.id: field.title for field in self.mirror.read_account().ticket_fields}
        named = (titles.get(id, f"field {id}") for id in result.fields)
        return f"{result.detail} ({', '.join(named)})"

    # Once more

    def _decided_again(self, second_look: Look, undone: Undone, done: Applied) -> Iterator[TicketChange]:
        """The changes that are due now, one batch at most; what is not to be written is settled here."""
        left = dict(undone)
        for again in second_look.decide(list(undone)[:BATCH_SIZE]):
            end = left[again.ticket_id]
            if again.outcome is None:
                del left[again.ticket_id]
                done.decided_again += 1
            elif end.outcome is Outcome.CONFLICT:
                left[again.ticket_id] = replace(end, outcome=again.outcome, detail=again.reason)
                self._record((left[again.ticket_id],))
            if again.change is not None:
                yield again.change
            elif again.outcome is None:
                self._record((replace(end, detail=f"decided again, nothing to do: {again.reason}"),))
        for end in left.values():
            done.note(end.name, end.outcome, end.detail)

    # Outcomes

    def _settle(self, batch: Sequence[Item], outcome: Outcome, detail: str, done: Applied) -> None:
        settle(self.journal, self.clock, done, [item.ended(outcome, detail) for item in batch])

    def _record(self, ends: Iterable[Ended]) -> None:
        """Journal outcomes without counting them yet."""
        rows = [(end.key, end.outcome, end.detail) for end in ends]
        if rows:
            self.journal.record_outcomes(rows, self.clock.now())
