"""Turn: of several workers on one database one leads and the others stand by, until it is gone."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from zdsync.errors import LeaseTaken
from zdsync.ports.clock import Clock
from zdsync.ports.mirror import Lease

log = logging.getLogger(__name__)

POLL_S = 5.0
"""How often a worker that stands by asks: with the 20 seconds until the server misses a machine, under 30 in all."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is to change a mirror."""

    lease: Lease
    clock: Clock

    def take(self) -> None:
        """Return when this process has the lease, however long another one keeps it.

        Raises Stopped when a signal asks for it meanwhile, and MirrorError when the database cannot be asked.
        """
        is_told = False
        while not self.lease.is_held():
            try:
                self.lease.__enter__()
            except LeaseTaken as err:
                if not is_told:
                    log.info("worker.stands_by", extra={"detail": err.message})
                    is_told = True
                self.clock.sleep(POLL_S)
            else:
                log.info("worker.leads")
