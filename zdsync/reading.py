"""Settings become a mirror opened for reading: all that a command loads which neither pulls nor writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zdsync.config import Settings
from zdsync.mirror.external import SqlQueries
from zdsync.mirror.store import MirrorStore, open_mirror
from zdsync.ports.clock import Clock
from zdsync.ports.mirror import Queries
from zdsync.rules.model import RuleSet


@dataclass(frozen=True, slots=True)
class Reading:
    """A mirror opened for reading, beside whatever is written meanwhile."""

    mirror: MirrorStore
    rules_folder: Path
    queries: Queries | None = None

    def rules(self) -> RuleSet:
        """The rule files as they stand now, with the external tables that they ask about; raises RuleError.

        What reads and understands rules is loaded here: many a reader has no use for it.
        """
        from zdsync.rules.load import load_rules
        from zdsync.runs.external import with_tables

        return with_tables(load_rules(self.rules_folder), self.queries)


def queries(settings: Settings) -> SqlQueries:
    """Where external tables come from that are no files."""
    return SqlQueries(settings.database_url, settings.databases)


@contextmanager
def open_reading(settings: Settings, clock: Clock) -> Iterator[Reading]:
    with open_mirror(settings.database_url, clock=clock, read_only=True) as mirror:
        yield Reading(mirror, settings.rules, queries(settings))
