"""The mirror as the use cases see it: pages in, cases and figures out, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import text as sql

from zdsync.account import Account, NativeNames, NativeRule
from zdsync.calendars import Calendar
from zdsync.mirror import account as account_reader
from zdsync.mirror import calendars as calendar_rows
from zdsync.mirror import (
    cases,
    figures,
    habits,
    holds,
    missing,
    native,
    notices,
    objects,
    pages,
    pruning,
    runs,
    streams,
    way,
    wide,
)
from zdsync.mirror.base import UNSOLVED_ALIVE, unsolved_index
from zdsync.mirror.engine import Database
from zdsync.mirror.journal import ChangeJournal
from zdsync.mirror.lease import AdvisoryLease, FileLease
from zdsync.mirror.migrate import migrate, require_current
from zdsync.mirror.repairs import RowRepairs
from zdsync.model import Case, Hold, RunId, TicketId, UserId
from zdsync.plan.guard import Habit
from zdsync.plan.model import ComingUp
from zdsync.ports.clock import Clock
from zdsync.ports.mirror import Lease
from zdsync.ports.runs import DecisionRecord, Run, StreamStatus
from zdsync.ports.way import Agenda, Joined, Notice, Standing, Way
from zdsync.streams import Checkpoint, Page, Record, Stream
from zdsync.tiers.model import Forecast

if TYPE_CHECKING:
    from zdsync.mirror.insight import RowInsight

log = logging.getLogger(__name__)


def open_mirror(
    url: str, *, clock: Clock, read_only: bool = False, busy_timeout_s: float = 30.0
) -> MirrorStore:
    """Open the database at `url`, made or brought to the present schema first; close it when done.

    `read_only` changes nothing, works while a worker writes, and refuses a database without a present mirror.
    `busy_timeout_s` is how long a write waits for another program's. Raises MirrorError, or ConfigError for a URL
    that names no SQLite or PostgreSQL database.
    """
    database = Database(url, read_only=read_only, busy_timeout_s=busy_timeout_s)
    try:
        (require_current if read_only else migrate)(database)
    except BaseException:
        database.close()
        raise
    return MirrorStore(database, clock)


class MirrorStore:
    """The port `Mirror`; `journal`, `repairs` and `insight` are the ports of those names on the same database, `lease` its lock."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.journal = ChangeJournal(database)
        self.repairs = RowRepairs(database)
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.database.close()

    @property
    def insight(self) -> RowInsight:
        """Loaded by those who report: it brings along all that is known of clocks and targets."""
        from zdsync.mirror.insight import RowInsight

        return RowInsight(self.database)

    def lease(self) -> Lease:
        """The lock that makes this process the only one to change the mirror and the account; take it with `with`."""
        if self.database.is_sqlite:
            path = self.database.path.resolve()
            return FileLease(self.database, path.with_name(f"{path.name}.lock"))
        return AdvisoryLease(self.database)

    def bind(self, account: str) -> None:
        with self.database.writing() as connection:
            streams.bind(connection, account, self._clock.now(), self.database.place)

    def read_checkpoint(self, stream: Stream) -> Checkpoint | None:
        with self.database.reading() as connection:
            return streams.read_checkpoint(connection, stream)

    def record_page(self, page: Page, checkpoint: Checkpoint | None, at: datetime) -> int:
        with self.database.writing() as connection:
            if streams.is_outdated(connection, page):
                log.warning("mirror.outdated_list", extra={"stream": page.stream.value})
                return 0
            written = pages.record_rows(connection, page, at)
            if checkpoint is not None:
                streams.record_checkpoint(connection, page, checkpoint, at)
        wide.renew_after(self.database, page)
        return written

    def record_skipped(self, stream: Stream, reason: str, at: datetime) -> None:
        with self.database.writing() as connection:
            streams.record_skipped(connection, stream, reason, at)

    def read_account(self) -> Account:
        with self.database.reading() as connection:
            return account_reader.read_account(connection)

    def record_known(self, known: Mapping[tuple[str, str], int]) -> None:
        with self.database.reading() as connection:
            is_known = objects.read_known(connection).items() >= known.items()
        if not is_known:
            with self.database.writing() as connection:
                objects.record_known(connection, known)

    def read_account_name(self) -> str | None:
        """The account this database mirrors, None before the first pull."""
        with self.database.reading() as connection:
            return streams.read_account_name(connection)

    def read_cases(self, ids: Collection[TicketId] | None = None) -> Iterator[Case]:
        return cases.read_cases(self.database, ids)

    def read_latest_ids(self, since: datetime, most: int) -> tuple[TicketId, ...]:
        with self.database.reading() as connection:
            return native.read_latest_ids(connection, since, most)

    def read_native_rules(self) -> tuple[NativeRule, ...]:
        with self.database.reading() as connection:
            return native.read_native_rules(connection)

    def read_native_names(self) -> NativeNames:
        with self.database.reading() as connection:
            return native.read_native_names(connection)

    def read_missing(self, stream: Stream) -> tuple[int, ...]:
        with self.database.reading() as connection:
            return missing.read_missing(connection, stream)

    def record_absent(self, stream: Stream, ids: Collection[int], at: datetime) -> None:
        with self.database.writing() as connection:
            missing.record_absent(connection, stream, ids, at)

    def count_unsolved(self) -> int:
        index = unsolved_index(is_sqlite=self.database.is_sqlite)
        with self.database.reading() as connection:
            return connection.scalar(sql(f"SELECT count(*) FROM tickets {index} WHERE {UNSOLVED_ALIVE}")) or 0  # noqa: S608 - our own constants

    def read_streams(self) -> tuple[StreamStatus, ...]:
        with self.database.reading() as connection:
            return streams.read_streams(connection)

    def open_run(self, run: Run) -> None:
        with self.database.writing() as connection:
            runs.open_run(connection, run)

    def close_run(self, run: Run) -> None:
        with self.database.writing() as connection:
            runs.close_run(connection, run)

    def read_runs(self, limit: int = 20) -> tuple[Run, ...]:
        with self.database.reading() as connection:
            return runs.read_runs(connection, limit)

    def record_decisions(self, decisions: Sequence[DecisionRecord]) -> None:
        with self.database.writing() as connection:
            runs.record_decisions(connection, decisions)

    def read_decision(self, ticket_id: TicketId, at: datetime) -> DecisionRecord | None:
        with self.database.reading() as connection:
            return runs.read_decision(connection, ticket_id, at)

    def read_run(self, run_id: RunId) -> Run | None:
        with self.database.reading() as connection:
            return runs.read_run(connection, run_id)

    def read_runs_that_wrote(self, since: datetime, until: datetime) -> tuple[Run, ...]:
        with self.database.reading() as connection:
            return runs.read_runs_that_wrote(connection, since, until)

    def read_habit(self, writer: UserId | None) -> Habit:
        with self.database.reading() as connection:
            return habits.read_habit(connection, writer)

    def record_holds(self, new: Sequence[Hold]) -> None:
        with self.database.writing(durable=True) as connection:
            holds.record_holds(connection, new)

    def end_holds(
        self, ticket_ids: Collection[TicketId], at: datetime, *, run_id: RunId | None = None
    ) -> int:
        with self.database.writing(durable=True) as connection:
            return holds.end_holds(connection, ticket_ids, at, run_id=run_id)

    def read_held_by(self, run_id: RunId, ticket_ids: Collection[TicketId]) -> frozenset[TicketId]:
        with self.database.reading() as connection:
            return holds.read_held_by(connection, run_id, ticket_ids)

    def read_forecasts(self, since: datetime) -> tuple[Forecast, ...]:
        with self.database.reading() as connection:
            return runs.read_forecasts(connection, since)

    def read_agenda(self, epoch: str, now: datetime) -> Agenda:
        with self.database.reading() as connection:
            return way.read_agenda(connection, epoch, now)

    def read_standing(self, without: Collection[TicketId]) -> Standing:
        with self.database.reading() as connection:
            return way.read_standing(connection, without)

    def read_coming(self) -> tuple[ComingUp, ...]:
        with self.database.reading() as connection:
            return way.read_coming(connection)

    def read_joined(self) -> Iterator[Joined]:
        with self.database.reading() as connection:
            yield from way.read_joined(connection)

    def record_ways(self, ways: Sequence[Way], agenda: Agenda, at: datetime) -> None:
        with self.database.writing() as connection:
            way.record_ways(connection, ways, agenda, at)

    def read_untold(self) -> tuple[Notice, ...]:
        with self.database.reading() as connection:
            return notices.read_untold(connection)

    def record_told(self, told: Sequence[Notice], at: datetime) -> None:
        with self.database.writing() as connection:
            notices.record_told(connection, told, at)

    def record_epoch(self, epoch: str, ladder: str, agenda: Agenda, at: datetime) -> None:
        with self.database.writing() as connection:
            way.record_epoch(connection, epoch, ladder, agenda, at)

    def record_ruleset(self, digest: str, text: str, at: datetime) -> None:
        with self.database.writing() as connection:
            runs.record_ruleset(connection, digest, text, at)

    def record_calendars(self, calendars: Mapping[str, Calendar], at: datetime) -> None:
        calendar_rows.record_calendars(self.database, calendars, at)

    def prune(self, before: datetime, most: int) -> int:
        with self.database.writing() as connection:
            return pruning.prune(connection, before, most)

    def read_figures(self, *, tag_prefix: str = "tier_") -> Mapping[str, Sequence[Record]]:
        with self.database.reading() as connection:
            return figures.read_figures(connection, self._clock.now(), tag_prefix)
