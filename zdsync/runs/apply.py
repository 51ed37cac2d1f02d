"""Apply: intent, write, outcome, read-back, batch by batch; every change ends in an outcome that the journal knows."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zdsync.errors import Denied, Rejected, Transient, Unreachable
from zdsync.model import GroupId, Record, RunId, TicketId
from zdsync.plan.model import Plan, TicketChange
from zdsync.ports import (
    AccountWriter,
    Clock,
    ItemOutcome,
    ItemResult,
    Journal,
    JournalEntry,
    Mirror,
    Outcome,
    TicketSource,
    TicketUpdate,
)
from zdsync.runs.account_objects import AccountObjects
from zdsync.runs.outcomes import Applied, Ended, settle

log = logging.getLogger(__name__)

BATCH_SIZE = 100
"""Zendesk's own limit for update_many. Source: developer.zendesk.com, "Tickets" (read 2026-11)."""

_JOB_PATIENCE_S = 600.0
_FIRST_POLL_S = 0.5
_LAST_POLL_S = 5.0

_JOURNAL_OUTCOME = {
    ItemOutcome.APPLIED: Outcome.APPLIED,
    ItemOutcome.CONFLICT: Outcome.CONFLICT,
    ItemOutcome.REJECTED: Outcome.REJECTED,
    ItemOutcome.UNKNOWN: Outcome.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Applier:
    """The one narrow door to a customer's Zendesk."""

    source: TicketSource
    writer: AccountWriter
    mirror: Mirror
    journal: Journal
    clock: Clock
    run_id: RunId

    def apply(self, plan: Plan, *, limit: int | None = None) -> Applied:
        """Execute a plan: groups, views, then tickets in batches of 100 (the first `limit` of them).

        Raises Transient or Denied when Zendesk is out of reach; whatever was under way is then in the journal
        without an outcome and is resolved at the next start.
        """
        done = Applied()
        objects = AccountObjects(self.source, self.writer, self.mirror, self.journal, self.clock, self.run_id)
        group_ids = objects.apply(plan, done)
        changes = plan.ticket_changes if limit is None else plan.ticket_changes[:limit]
        ready = tuple(self._with_known_groups(changes, group_ids, done))
        for start in range(0, len(ready), BATCH_SIZE):
            self._apply_batch(ready[start : start + BATCH_SIZE], done)
        return done

    def _with_known_groups(
        self, changes: Sequence[TicketChange], group_ids: Mapping[str, GroupId], done: Applied
    ) -> Iterator[tuple[TicketChange, GroupId | None]]:
        """Each change with the id of the group it moves to; those whose group could not be made are skipped."""
        for change in changes:
            if change.group is None:
                yield change, None
                continue
            id = group_ids.get(change.group.name.casefold())
            if id is None:
                done.note(
                    _name(change.ticket_id), Outcome.SKIPPED, f"there is no group {change.group.name!r}"
                )
            else:
                yield change, id

    def _apply_batch(self, batch: Sequence[tuple[TicketChange, GroupId | None]], done: Applied) -> None:
        updates = [self._update(change, group_id) for change, group_id in batch]
        entries = [
            self._ticket_entry(change, update) for (change, _), update in zip(batch, updates, strict=True)
        ]
        self.journal.record_intents(entries)
        job_id = self._submit(updates, done)
        if job_id is None:
            return
        self.journal.record_sent([update.key for update in updates], job_id)
        results = wait_for_job(self.writer, self.clock, job_id, updates)
        if results is None:
            for update in updates:
                done.note(_name(update.ticket_id), Outcome.UNKNOWN, f"job {job_id} has not ended yet")
            return
        self._record_results(results, batch, updates, done)

    def _submit(self, updates: Sequence[TicketUpdate], done: Applied) -> str | None:
        """The job's id, or None when the whole batch already has its outcome."""
        try:
            return self.writer.submit_updates(updates)
        except Rejected as err:
            self._settle_all(updates, Outcome.REJECTED, err.message, done)
        except Unreachable as err:
            self._settle_all(updates, Outcome.UNKNOWN, err.message, done)
        except (Transient, Denied) as err:
            self._settle_all(updates, Outcome.NOT_APPLIED, err.message, done)
            raise
        return None

    def _record_results(
        self,
        results: Sequence[ItemResult],
        batch: Sequence[tuple[TicketChange, GroupId | None]],
        updates: Sequence[TicketUpdate],
        done: Applied,
    ) -> None:
        keys = {update.ticket_id: update.key for update in updates}
        outcomes = {result.ticket_id: _JOURNAL_OUTCOME[result.outcome] for result in results}
        details = {result.ticket_id: result.detail for result in results}
        at = self.clock.now()
        self.journal.record_outcomes(
            [(keys[id], outcome, details[id]) for id, outcome in outcomes.items()], at
        )
        differences = self._read_back(batch, outcomes)
        if differences:
            self.journal.record_outcomes(
                [(keys[id], Outcome.APPLIED, text) for id, text in differences.items()], at
            )
        for id, outcome in outcomes.items():
            done.note(_name(id), outcome, differences.get(id, details[id]))
        log.info("apply.batch", extra={"count": len(batch), **_by_name(outcomes.values())})

    def _read_back(
        self, batch: Sequence[tuple[TicketChange, GroupId | None]], outcomes: Mapping[TicketId, Outcome]
    ) -> dict[TicketId, str]:
        """Fetch and mirror what was written; where an applied change does not show, what differs."""
        page = self.source.fetch_tickets(list(outcomes))
        self.mirror.record_page(page, None, self.clock.now())
        rows = {row["id"]: row for row in page.rows.get("tickets", ())}
        found: dict[TicketId, str] = {}
        for change, group_id in batch:
            id = change.ticket_id
            if outcomes.get(id) is Outcome.APPLIED and id in rows:
                difference = _difference(change, group_id, rows[id])
                if difference:
                    found[id] = difference
                    log.warning("apply.differs", extra={"ticket_id": id})
        return found

    def _update(self, change: TicketChange, group_id: GroupId | None) -> TicketUpdate:
        return TicketUpdate(
            ticket_id=change.ticket_id,
            updated_stamp=change.updated_stamp,
            key=f"{self.run_id}:{change.ticket_id}",
            fields=api_fields(change, group_id),
            add_tags=change.add_tags,
            remove_tags=change.remove_tags,
            all_tags=change.tags,
            note=change.note,
        )

    def _ticket_entry(self, change: TicketChange, update: TicketUpdate) -> JournalEntry:
        after = dict(update.fields)
        before = _before(change)
        if change.add_tags or change.remove_tags:
            after["tags"] = list(change.tags)
            before["tags"] = sorted((set(change.tags) - set(change.add_tags)) | set(change.remove_tags))
        return JournalEntry(
            key=update.key,
            run_id=self.run_id,
            object="ticket",
            object_id=change.ticket_id,
            name=_name(change.ticket_id),
            rule=change.rule,
            reason=change.reason,
            before=before,
            after=after,
            outcome=Outcome.INTENDED,
            intended_at=self.clock.now(),
            note_digest=change.note_digest,
            updated_stamp=change.updated_stamp,
        )

    def _settle_all(
        self, updates: Sequence[TicketUpdate], outcome: Outcome, detail: str, done: Applied
    ) -> None:
        ends = [Ended(update.key, _name(update.ticket_id), outcome, detail) for update in updates]
        settle(self.journal, self.clock, done, ends)


def wait_for_job(
    writer: AccountWriter,
    clock: Clock,
    job_id: str,
    updates: Sequence[TicketUpdate],
    *,
    patience_s: float = _JOB_PATIENCE_S,
) -> tuple[ItemResult, ...] | None:
    """The job's results, asked for with growing pauses; None when it has not ended in `patience_s`."""
    waited, pause = 0.0, _FIRST_POLL_S
    while True:
        results = writer.fetch_results(job_id, updates)
        if results is not None or waited >= patience_s:
            return results
        clock.sleep(pause)
        waited += pause
        pause = min(pause * 1.5, _LAST_POLL_S)


def api_fields(change: TicketChange, group_id: GroupId | None) -> dict[str, Any]:
    """A change's fields as the API names them; a new group comes with an assignee only if one may stay."""
    fields: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for diff in change.fields:
        parent, _, id = diff.field.partition(".")
        if parent == "custom_fields":
            custom[id] = list(diff.after) if isinstance(diff.after, tuple) else diff.after
        else:
            fields[diff.field] = diff.after
    if custom:
        fields["custom_fields"] = custom
    if group_id is not None:
        fields["group_id"] = group_id
    if change.assignee_before is not None:
        fields["assignee_id"] = None
    return fields


def _before(change: TicketChange) -> dict[str, Any]:
    before: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for diff in change.fields:
        parent, _, id = diff.field.partition(".")
        if parent == "custom_fields":
            custom[id] = list(diff.before) if isinstance(diff.before, tuple) else diff.before
        else:
            before[diff.field] = diff.before
    if custom:
        before["custom_fields"] = custom
    if change.group is not None:
        before["group_id"] = change.group_before.id if change.group_before else None
    if change.assignee_before is not None:
        before["assignee_id"] = change.assignee_before
    return before


def _difference(change: TicketChange, group_id: GroupId | None, row: Record) -> str:
    """What of an applied change the ticket does not show; empty when all is as asked."""
    tags = set(row["tags"] or ())
    parts = []
    if missing := sorted(set(change.add_tags) - tags):
        parts.append(f"tags not added: {', '.join(missing)}")
    if kept := sorted(set(change.remove_tags) & tags):
        parts.append(f"tags not removed: {', '.join(kept)}")
    if group_id is not None and row["group_id"] != group_id:
        parts.append(f"group is {row['group_id']}, not {group_id}")
    return "; ".join(parts)


def _name(ticket_id: TicketId) -> str:
    return f"ticket {ticket_id}"


def _by_name(outcomes: Any) -> dict[str, int]:
    return {outcome.value: count for outcome, count in Counter(outcomes).items()}
