"""The account in SQL as the use cases need it: reading, writing, comparing, asking, and the lock on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from zdsync.account import Account, NativeNames, NativeRule
from zdsync.calendars import Calendar
from zdsync.model import Case, Hold, RunId, TicketId, UserId
from zdsync.plan.guard import Habit
from zdsync.plan.model import ComingUp
from zdsync.ports.runs import DecisionRecord, Run, StreamStatus
from zdsync.ports.way import Agenda, Joined, Notice, Standing, Way
from zdsync.streams import Checkpoint, Page, Record, Stream
from zdsync.tiers.model import Forecast


class Repairs(Protocol):
    """What compares a mirror with its account and mends it. Every method may raise MirrorError."""

    def bury_unseen(
        self, stream: Stream, seen: Mapping[str, Collection[int]], since: datetime, until: datetime
    ) -> int:
        """After a whole export of what changed between `since` and `until`: tombstones for rows it should have brought.

        `seen` holds the ids that came, by table. The number of rows buried.
        """

    def read_sample(self, stream: Stream, size: int) -> tuple[int, ...]:
        """Ids of living rows, chosen by chance; of events the tickets whose events are to be compared."""

    def mend(self, page: Page, asked: Collection[int], until: datetime, at: datetime) -> int:
        """Compare rows with the answer about the objects `asked` for, and make them equal; how many were not.

        Objects changed after `until`, up to when the mirror is complete, are not judged. Those that the account does
        not have become tombstones. Of events only those are looked at that the mirror lacks.
        """

    def count_created(self, since: datetime, until: datetime) -> int:
        """Living tickets created from `since` to before `until`."""


class Mirror(Protocol):
    """The account in SQL. Every method may raise MirrorError."""

    @property
    def repairs(self) -> Repairs:
        """The means to compare and mend it."""

    def bind(self, account: str) -> None:
        """Tie this database to an account on first use; raises MirrorError if it mirrors another one."""

    def read_account_name(self) -> str | None:
        """The account that this database is tied to, None before the first use."""

    def read_checkpoint(self, stream: Stream) -> Checkpoint | None: ...

    def record_page(self, page: Page, checkpoint: Checkpoint | None, at: datetime) -> int:
        """Upsert a page's rows and store its checkpoint, in one transaction; the number of rows that were new or newer.

        Replaying a page, or a page of older versions, changes nothing. A whole page turns rows it lacks into tombstones.
        """

    def record_skipped(self, stream: Stream, reason: str, at: datetime) -> None:
        """Remember that the plan or role does not allow `stream`."""

    def read_account(self) -> Account: ...

    def record_known(self, objects: Mapping[tuple[str, str], int]) -> None:
        """Remember by which id each of these groups and views is known (`Account.known`); others stay as they are."""

    def read_cases(self, ids: Collection[TicketId] | None = None) -> Iterator[Case]:
        """Unsolved tickets (or exactly `ids`, of any status) with all that is known of each, by ascending id."""

    def read_latest_ids(self, since: datetime, most: int) -> tuple[TicketId, ...]:
        """At most so many of the tickets updated since then, of any status, by ascending id; the latest ones if more."""

    def read_native_rules(self) -> tuple[NativeRule, ...]:
        """The account's triggers and automations that are switched on, as far as mirrored."""

    def read_native_names(self) -> NativeNames:
        """What macros and triggers are called, for rules that name one."""

    def read_missing(self, stream: Stream) -> tuple[int, ...]:
        """Users, organizations or groups that tickets, comments or events name and the mirror lacks.

        Among the users is −1, the author of what the system does. Of events it is the tickets whose history is to be
        read one by one: first those with comments that were redacted or made private since they were mirrored, then
        unsolved ones whose creation no export brought, the newest first.
        """

    def record_absent(self, stream: Stream, ids: Collection[int], at: datetime) -> None:
        """Keep a deleted row without content for each of these, which the account does not have, so that joins find it.

        They are not missing any more. Of events, only that is so: these tickets' history is not asked for again. Should the account bring one after all, its row takes the stub's place.
        """

    def count_unsolved(self) -> int: ...

    def read_streams(self) -> tuple[StreamStatus, ...]: ...

    def open_run(self, run: Run) -> None: ...

    def close_run(self, run: Run) -> None: ...

    def read_runs(self, limit: int = 20) -> tuple[Run, ...]:
        """Newest first."""

    def read_run(self, run_id: RunId) -> Run | None:
        """The run of that id, None when there never was one."""

    def read_runs_that_wrote(self, since: datetime, until: datetime) -> tuple[Run, ...]:
        """Runs begun from `since` to `until`, both included, that the journal has entries of, oldest first."""

    def read_habit(self, writer: UserId | None) -> Habit:
        """What earlier runs that ended well tell the guard about the next one, which would write as `writer`."""

    def record_holds(self, new: Sequence[Hold]) -> None:
        """Hold these tickets; survives a power cut.

        A hold by hand takes the place of the ticket's earlier one. One set by an undo counts from the moment the
        journal knows that this run's change of the ticket is applied, so that it may be recorded before.
        """

    def end_holds(
        self, ticket_ids: Collection[TicketId], at: datetime, *, run_id: RunId | None = None
    ) -> int:
        """End every hold on these tickets, or those that one run has set; how many there were."""

    def read_held_by(self, run_id: RunId, ticket_ids: Collection[TicketId]) -> frozenset[TicketId]:
        """Those of the tickets that this run has held, also when the hold has ended."""

    def record_decisions(self, decisions: Sequence[DecisionRecord]) -> None:
        """Keep those that differ from the ticket's last kept decision (outcome, rule, tier, rules)."""

    def read_decision(self, ticket_id: TicketId, at: datetime) -> DecisionRecord | None:
        """The ticket's decision that was the latest one kept at that moment."""

    def read_forecasts(self, since: datetime) -> tuple[Forecast, ...]:
        """Kept decisions of rules since then, oldest first, with zdsync's first applied write to each ticket after it."""

    def read_agenda(self, epoch: str, now: datetime) -> Agenda:
        """The tickets to decide at `now` by `epoch`, a digest of all that decides besides the tickets themselves."""

    def read_standing(self, without: Collection[TicketId]) -> Standing:
        """What was decided of the other unsolved tickets."""

    def read_joined(self) -> Iterator[Joined]:
        """Every unsolved ticket that was decided, in no order; to be read to its end."""

    def read_coming(self) -> tuple[ComingUp, ...]:
        """The moves that somebody wants to be warned of, the nearest first, as of the latest run."""

    def record_ways(self, ways: Sequence[Way], agenda: Agenda, at: datetime) -> None:
        """Keep decisions and stays of these tickets, and take them off the agenda."""

    def read_untold(self) -> tuple[Notice, ...]:
        """What nobody was told of yet, by kind, rule and ticket: what holds since the latest runs, and changes made."""

    def record_told(self, notices: Sequence[Notice], at: datetime) -> None:
        """These were told: not again before they are over."""

    def record_epoch(self, epoch: str, ladder: str, agenda: Agenda, at: datetime) -> None:
        """Every unsolved ticket is decided by `epoch` now. With another `ladder` finished tickets get their stays anew."""

    def record_ruleset(self, digest: str, text: str, at: datetime) -> None:
        """Keep a rule text by digest, once."""

    def record_calendars(self, calendars: Mapping[str, Calendar], at: datetime) -> None:
        """Keep the open intervals of these calendars, and of no others, by name.

        They reach from the oldest ticket to over a year after `at`, and are written anew when a definition has changed.
        """

    def prune(self, before: datetime, most: int) -> int:
        """Take away what happened on closed or deleted tickets that nobody has changed since `before`; how many there were.

        At most so many tickets, the oldest first. Their events, comments and metric events go, and `raw` of what stays.
        Pages do not bring it back; a ticket that changes all the same is kept from then on as any other.
        """

    def read_figures(self) -> Mapping[str, Sequence[Record]]:
        """What the text report shows, by name of the table in it."""


class QueryFault(Exception):
    """The database does not understand the query, or it is no question; the text says which."""


class Queries(Protocol):
    """Databases that the rules' external tables come from. What asks may raise MirrorError, ConfigError or QueryFault."""

    def read(self, query: str, setting: str) -> Iterator[Sequence[Any]]:
        """The names of the columns, then the rows, of one SELECT to the mirror, or to the database that `setting` names."""


class Lease(Protocol):
    """The lock that lets one process at a time change a mirror; freed when the process dies.

    From when it is taken until it is left, its mirror refuses every write with LeaseLost while the lock is not ours.
    """

    def __enter__(self) -> None:
        """Take it, or take it again; raises LeaseTaken naming the holder when another process has it."""

    def __exit__(self, *exc_info: object) -> None: ...

    def is_held(self) -> bool:
        """Whether the lock is ours at this moment, as the system that keeps it says; may raise MirrorError."""
