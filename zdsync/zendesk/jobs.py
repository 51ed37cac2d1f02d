"""Zendesk's background jobs: what became of each ticket in one, and how many of ours are under way.

Source: recorded job statuses, and developer.zendesk.com, "Job Statuses" (read 2026-11). `completed` does not mean
success: a recorded job was completed with 148 of 151 items failed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from zdsync.detect import TextFilter
from zdsync.errors import RateLimited, Rejected
from zdsync.ports import ItemOutcome, ItemResult, TicketUpdate
from zdsync.zendesk.client import Client
from zdsync.zendesk.columns import as_int

log = logging.getLogger(__name__)

ACCOUNT_JOBS = 30
"""Jobs an account may have queued and running at once."""
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
        """Ask for all open jobs at once; those not under way, or no longer known, have ended."""
        answer = self._client.get("job_statuses/show_many.json", {"ids": ",".join(sorted(self._open))})
        found = answer.body.get("job_statuses")
        jobs = [job for job in found if isinstance(job, dict)] if isinstance(found, list) else []
        self._open &= {str(job.get("id")) for job in jobs if job.get("status") in _UNDER_WAY}

    def fetch(self, job_id: str) -> Mapping[str, Any] | None:
        """The job's status once it has ended, None while it is under way; a forgotten job has ended."""
        try:
            answer = self._client.get(f"job_statuses/{job_id}.json")
        except Rejected as err:
            if err.status != 404:
                raise
            self._open.discard(job_id)
            return {}
        status = answer.body.get("job_status")
        status = status if isinstance(status, dict) else {}
        if status.get("status") in _UNDER_WAY:
            return None
        self._open.discard(job_id)
        return status

    def results(self, job_id: str, updates: Sequence[TicketUpdate]) -> tuple[ItemResult, ...] | None:
        """As `AccountWriter.fetch_results`."""
        status = self.fetch(job_id)
        if status is None:
            return None
        found = results_in(status, updates, self._filter)
        failed = sum(result.outcome is not ItemOutcome.APPLIED for result in found)
        log.info("job.ended", extra={"job_id": job_id, "count": len(found), "not_applied": failed})
        return found


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
    return ItemResult(update.ticket_id, outcome, _detail(item, text_filter))


def _is_conflict(item: Mapping[str, Any]) -> bool:
    """Whether the ticket had moved on. No refused ticket has been recorded: the word is taken wherever it stands."""
    return "conflict" in f"{item.get('error')} {item.get('details')}".casefold()


def _detail(item: Mapping[str, Any], text_filter: TextFilter) -> str:
    """Zendesk's word and sentence for a refusal, masked like any text of a ticket."""
    said = [item[key] for key in ("error", "details") if isinstance(item.get(key), str)]
    masked, _ = text_filter(": ".join(said)[:DETAIL_LENGTH])
    return masked
