"""Zendesk's background jobs: what became of each ticket in one, and how many of ours are under way.

Source: recorded job statuses, and developer.zendesk.com, "Job Statuses" (read 2026-11). `completed` does not mean
success: a recorded job was completed with 148 of 151 items failed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from zdsync.detect import TextFilter
from zdsync.errors import RateLimited, Rejected
from zdsync.model import FieldId
from zdsync.ports.account import ItemOutcome, ItemResult, TicketUpdate
from zdsync.zendesk.client import Client
from zdsync.zendesk.columns import as_int

log = logging.getLogger(__name__)

ACCOUNT_JOBS = 30
"""Jobs an account may have queued and running at once."""
JOBS_AT_ONCE = 100
"""Jobs asked after in one request."""
LOOK_EVERY_S = 2.0
LONGEST_WAIT_S = 600.0
DETAIL_LENGTH = 200

_UNDER_WAY = frozenset({"queued", "working"})


class Jobs:
    """Looks jobs up, and keeps count of those handed over and not yet seen to end."""

    def __init__(self, client: Client, rate_share: float, text_filter: TextFilter) -> None:
        self._client = client
        self._filter = text_filter
        self._allowed = max(1, int(ACCOUNT_JOBS * rate_share))
        self._open: set[str] = set()

    def opened(self, job_id: str) -> None:
        self._open.add(job_id)

    def wait_for_room(self) -> None:
        """Return when one more job keeps to our share. Raises RateLimited when that takes over ten minutes."""
        waited_s = 0.0
        while len(self._open) >= self._allowed:
            self._forget_ended()
            if len(self._open) < self._allowed:
                return
            if waited_s >= LONGEST_WAIT_S:
                raise RateLimited(
                    f"{len(self._open)} jobs are still under way after {waited_s:.0f} s",
                    retry_after_s=None,
                    hint="Zendesk is slow with bulk updates; the next run goes on",
                )
            self._client.clock.sleep(LOOK_EVERY_S)
            waited_s += LOOK_EVERY_S

    def _forget_ended(self) -> None:
        """Those not under way, or no longer known, have ended."""
        self._open &= {job_id for job_id, job in self._look_up(self._open).items() if _is_under_way(job)}

    def _look_up(self, job_ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
        """The jobs that the account knows of these, asked for together."""
        wanted = sorted(job_ids)
        found: dict[str, Mapping[str, Any]] = {}
        for first in range(0, len(wanted), JOBS_AT_ONCE):
            ids = ",".join(wanted[first : first + JOBS_AT_ONCE])
            jobs = self._client.get("job_statuses/show_many.json", {"ids": ids}).body.get("job_statuses")
            known = [job for job in jobs if isinstance(job, dict)] if isinstance(jobs, list) else []
            found |= {str(job.get("id")): job for job in known}
        return found

    def _look_for(self, job_id: str) -> Mapping[str, Any]:
        """One job that the list left out; empty when it is forgotten."""
        try:
            job = self._client.get(f"job_statuses/{job_id}.json").body.get("job_status")
        except Rejected as err:
            if err.status != 404:
                raise
            return {}
        return job if isinstance(job, dict) else {}

    def fetch_ended(self, job_ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
        """The statuses of those jobs that have ended; a forgotten one has ended, with an empty status."""
        found = self._look_up(job_ids)
        jobs = {job_id: found.get(job_id) or self._look_for(job_id) for job_id in job_ids}
        ended = {job_id: job for job_id, job in jobs.items() if not _is_under_way(job)}
        self._open -= ended.keys()
        return ended

    def results(self, jobs: Mapping[str, Sequence[TicketUpdate]]) -> dict[str, tuple[ItemResult, ...]]:
        """As `AccountWriter.fetch_results`."""
        results = {}
        for job_id, status in self.fetch_ended(jobs).items():
            found = results[job_id] = results_in(status, jobs[job_id], self._filter)
            failed = sum(result.outcome is not ItemOutcome.APPLIED for result in found)
            log.info("job.ended", extra={"job_id": job_id, "count": len(found), "not_applied": failed})
        return results


def _is_under_way(job: Mapping[str, Any]) -> bool:
    return job.get("status") in _UNDER_WAY


def results_in(
    status: Mapping[str, Any], updates: Sequence[TicketUpdate], text_filter: TextFilter
) -> tuple[ItemResult, ...]:
    """One result for each update, in their order: by the ticket's id where the job tells it, else by position."""
    items = status.get("results")
    items = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    by_id = {as_int(item.get("id")): item for item in items}
    by_index = {as_int(item.get("index")): item for item in items if as_int(item.get("id")) is None}
    return tuple(
        _result(update, by_id.get(update.ticket_id) or by_index.get(position), text_filter)
        for position, update in enumerate(updates)
    )


def _result(update: TicketUpdate, item: Mapping[str, Any] | None, text_filter: TextFilter) -> ItemResult:
    if item is None:
        return ItemResult(update.ticket_id, ItemOutcome.UNKNOWN)
    if item.get("success") is True and not item.get("error"):
        return ItemResult(update.ticket_id, ItemOutcome.APPLIED)
    outcome = ItemOutcome.CONFLICT if _is_conflict(item) else ItemOutcome.REJECTED
    return ItemResult(update.ticket_id, outcome, _detail(item, text_filter), _fields(item))


def _is_conflict(item: Mapping[str, Any]) -> bool:
    """Whether the ticket had moved on. No refused ticket has been recorded: the word is taken wherever it stands."""
    return "conflict" in f"{item.get('error')} {item.get('details')}".casefold()


def _detail(item: Mapping[str, Any], text_filter: TextFilter) -> str:
    """Zendesk's word and sentence for a refusal, masked like any text of a ticket."""
    error, details = item.get("error"), item.get("details")
    said = [error] if isinstance(error, str) else []
    said += [details] if isinstance(details, str) else [fault["description"] for fault in _faults(details)]
    masked, _ = text_filter(": ".join(said)[:DETAIL_LENGTH])
    return masked


def _fields(item: Mapping[str, Any]) -> tuple[FieldId, ...]:
    ids = (as_int(fault.get("ticket_field_id")) for fault in _faults(item.get("details")))
    return tuple(FieldId(id) for id in ids if id is not None)


def _faults(details: Any) -> list[dict[str, Any]]:
    """What a refused ticket lists by field: `{"base": [{"description", "error", "ticket_field_id"}]}`.

    Source: 422 answers to solving a ticket without its required fields (as users of zenpy report them).
    """
    listed = details.values() if isinstance(details, dict) else ()
    faults = [fault for found in listed if isinstance(found, list) for fault in found]
    return [
        fault for fault in faults if isinstance(fault, dict) and isinstance(fault.get("description"), str)
    ]
