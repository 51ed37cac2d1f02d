"""Retention: what is older than `ZDSYNC_RETENTION` goes, a bounded number of tickets per run."""

from __future__ import annotations

import logging
from datetime import timedelta

from zdsync.ports.clock import Clock
from zdsync.ports.mirror import Mirror

log = logging.getLogger(__name__)

PER_RUN = 500
"""A minute's cycle prunes as many; a backlog of a million tickets is worked off in a day and a half."""
BATCH = 100
"""Per transaction, so that nobody waits for long."""


def prune(mirror: Mirror, clock: Clock, retention: timedelta | None) -> int:
    """Prune tickets closed for longer than `retention` (None: never); how many."""
    if retention is None:
        return 0
    before, total = clock.now() - retention, 0
    while total < PER_RUN:
        pruned = mirror.prune(before, BATCH)
        total += pruned
        if pruned < BATCH:
            break
    if total:
        log.info("retention.pruned", extra={"tickets": total})
    return total
