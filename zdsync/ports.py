"""What the use cases need from the world, written from their side; adapters fit these, never the other way round."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from zdsync.calendars import Calendar
from zdsync.model import (
    Account,
    Case,
    Checkpoint,
    Event,
    FieldId,
    FieldOption,
    Group,
    Hold,
    JoinKeys,
    NativeNames,
    NativeRule,
    OrganizationId,
    Page,
    Record,
    RunId,
    Stream,
    TicketId,
    UserId,
    View,
)
from zdsync.plan.guard import Habit
from zdsync.plan.model import ComingUp, ViewForm
from zdsync.tiers.shadow import Forecast


class Clock(Protocol):
    """Time as an argument, so that the core stays pure and tests never sleep."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait; raises Stopped when a signal asks for a clean stop meanwhile."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are in the account: the base address and the user that our credentials act as."""

    account: str
    user_id: UserId
    role: str


class TicketSource(Protocol):
    """The account, read side. Every method may raise Transient, Denied or Rejected."""

    def fetch_identity(self) -> Identity:
        """The acting user; raises Denied when Zendesk answers as to an anonymous visitor."""

    def fetch_pages(self, stream: Stream, checkpoint: Checkpoint | None, start: datetime) -> Iterator[Page]:
        """Yield what changed in `stream` since `checkpoint` (or `start` on the first pull), page by page.

        Safe to stop after any page when its cursor was recorded. A row may return on a later page; the newer
        version wins. Zendesk withholds the latest minute. Lists (no export) come as one whole page.
        """

    def fetch_unsolved(self, before: datetime) -> Iterator[Page]:
        """Yield the unsolved tickets last updated before `before`, which an export that starts there leaves out."""

    def fetch_tickets(self, ids: Sequence[TicketId]) -> Page:
        """The present state of these tickets (any number; asked for in hundreds); missing ones are left out."""

    def fetch_users(self, ids: Sequence[UserId]) -> Page:
        """These users, in hundreds; missing ones are left out."""

    def fetch_organizations(self, ids: Sequence[OrganizationId]) -> Page:
        """These organizations, in hundreds; missing ones are left out."""

    def count_tickets(self, since: datetime, until: datetime) -> int:
        """Tickets created from `since` to before `until` that are not deleted, as the search index counts them."""

    def fetch_events(self, ticket_id: TicketId) -> tuple[Event, ...]:
        """A ticket's audits, oldest first, our own marks included (`Event.key`)."""

    def fetch_history(self, ticket_id: TicketId) -> Page:
        """The same audits as rows for the mirror: what the export of events will bring, only sooner."""


@dataclass(frozen=True, slots=True)
class TicketUpdate:
    """One ticket's write. `updated_stamp` is the `updated_at` we decided on: Zendesk refuses if it moved since.

    `fields` holds group_id, assignee_id, priority, type, status and `custom_fields` ({id: value}) as the API names
    them. `note` becomes an internal comment, always with `public: false`. `key` marks the audit as ours.
    """

    ticket_id: TicketId
    updated_stamp: datetime
    key: str
    fields: Mapping[str, Any]
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    all_tags: tuple[str, ...] = ()
    """The full list after the change, for accounts that do not take deltas in the batch form."""
    note: str | None = None


class ItemOutcome(StrEnum):
    """How Zendesk's job ended for one ticket."""

    APPLIED = "applied"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One ticket's result in a finished job; `detail` is Zendesk's own word for a refusal.

    `fields` are the ticket fields that Zendesk names as its reason, such as required ones that are empty.
    """

    ticket_id: TicketId
    outcome: ItemOutcome
    detail: str = ""
    fields: tuple[FieldId, ...] = ()


TAGS_IGNORED = "tags ignored"
"""`ItemResult.detail` of an APPLIED item whose tags the account left alone: it takes no deltas in a batch."""


class AccountWriter(Protocol):
    """The account, write side. Never repeats a request whose outcome is unknown."""

    def submit_updates(self, updates: Sequence[TicketUpdate]) -> str:
        """Hand over at most 100 updates as one job; the job's id.

        Raises Unreachable when the reply was lost: the job may or may not exist. Raises RateLimited or
        Unavailable only when Zendesk surely did nothing.
        """

    def fetch_results(
        self, jobs: Mapping[str, Sequence[TicketUpdate]]
    ) -> Mapping[str, tuple[ItemResult, ...]]:
        """Ask after all these jobs at once; of each that has ended, a result for each of its updates, in their order.

        Jobs still under way are left out. Items that their job does not mention, and all items of a job that was
        killed, failed as a whole or is no longer known, are UNKNOWN.
        """

    def create_group(self, name: str, description: str) -> Group:
        """A new group; raises Rejected when Zendesk refuses."""

    def create_tier_field(self, title: str, options: Sequence[FieldOption]) -> int:
        """A new drop-down ticket field for agents; its id. Raises Rejected when Zendesk refuses."""

    def add_option(self, field_id: int, option: FieldOption) -> None:
        """One more option for a drop-down field, the others untouched; raises Rejected when Zendesk refuses."""

    def create_view(self, form: ViewForm, description: str) -> View:
        """A new shared view of this form; it stands last among the views unless the form says where."""

    def update_view(self, view_id: int, form: ViewForm) -> None:
        """Bring a view to `form`; what the form does not tell stays. Raises Rejected when Zendesk refuses."""

    def switch_view(self, view_id: int, *, is_active: bool) -> None:
        """Show a view to agents or hide it, changing nothing else of it; raises Rejected when Zendesk refuses."""


class Outcome(StrEnum):
    """What became of one intended change, as the journal keeps it."""

    INTENDED = "intended"
    SENT = "sent"
    APPLIED = "applied"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    NOT_APPLIED = "not_applied"


OPEN_OUTCOMES = frozenset({Outcome.INTENDED, Outcome.SENT, Outcome.UNKNOWN})
"""Entries that a later start has to resolve by looking at the account."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One intended change of one ticket or account object: intent, before, after and outcome, append-only.

    `key` marks the audit in Zendesk. `before` and `after` hold only what changes (API names; `tags` as lists).
    `object` is `ticket`, `group`, `field` or `view`; `object_id` is None for an object yet to be created.
    """

    key: str
    run_id: RunId
    object: str
    object_id: int | None
    name: str
    rule: str
    reason: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    outcome: Outcome
    intended_at: datetime
    note_digest: str | None = None
    updated_stamp: datetime | None = None
    job_id: str | None = None
    detail: str = ""
    settled_at: datetime | None = None
    kind: str = ""
    """Of a ticket's change, `TicketChange.kind`."""
    notify: str = ""
    """Who is to be told once it is made; empty for nobody."""


class Journal(Protocol):
    """What was meant, what happened. Written before Zendesk is."""

    def record_intents(self, entries: Sequence[JournalEntry]) -> None:
        """Store new entries (outcome INTENDED), one transaction."""

    def record_sent(self, keys: Sequence[str], job_id: str) -> None:
        """These entries are now in Zendesk's job `job_id`."""

    def record_outcomes(
        self,
        outcomes: Sequence[tuple[str, Outcome, str]],
        at: datetime,
        object_ids: Mapping[str, int] | None = None,
    ) -> None:
        """Store (key, outcome, detail) for each, and the ids that created objects got."""

    def read_open(self) -> tuple[JournalEntry, ...]:
        """Entries in OPEN_OUTCOMES, oldest first."""

    def read_entries(
        self, run_id: RunId | None = None, ticket_id: TicketId | None = None
    ) -> tuple[JournalEntry, ...]:
        """Entries of a run or a ticket, oldest first."""

    def read_busy(self, ticket_ids: Collection[TicketId], since: datetime, most: int) -> frozenset[TicketId]:
        """Those of the tickets that we have updated so many times since then, or may have."""

    def read_contradicted(self, since: datetime) -> tuple[JournalEntry, ...]:
        """Ticket entries of runs begun after `since` that count as not done, though an event mirrored bears their key."""

    def read_public_notes(self, since: datetime) -> tuple[JournalEntry, ...]:
        """Ticket entries of runs begun after `since` whose event, as mirrored, has a comment the customer can see."""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a command that changes the mirror or the account; `figures` are counts by name.

    `unsolved` and `user_id`, the tickets it found and the user it wrote as, are what the guard of later runs goes by.
    """

    id: RunId
    command: str
    account: str
    started_at: datetime
    ended_at: datetime | None = None
    exit_code: int | None = None
    message: str = ""
    figures: Mapping[str, int] | None = None
    rules_digest: str | None = None
    unsolved: int | None = None
    user_id: UserId | None = None


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A ticket's decision, kept whenever it differs from the last one kept."""

    ticket_id: TicketId
    run_id: RunId
    decided_at: datetime
    outcome: str
    rule: str
    tier: str | None
    rules_digest: str
    reason: str


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How far a stream has come; `skipped` tells why it is not pulled, empty otherwise."""

    stream: Stream
    rows: int
    complete_until: datetime | None
    pulled_at: datetime | None
    skipped: str = ""
    skipped_at: datetime | None = None
    missing: int = 0
    """What is still to be asked for one by one; of events, tickets without their history."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """Which unsolved tickets to decide: those that were touched or fell due; `ids` None means every one.

    `touched` and `finished` (tickets that are not unsolved, whose stays alone are to be told) count how often each was
    touched, so that what happens meanwhile is not lost.
    """

    ids: frozenset[TicketId] | None
    touched: Mapping[TicketId, int] = field(default_factory=dict)
    finished: Mapping[TicketId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What was decided earlier of tickets that need no new decision: how many by outcome, and those that wait, why."""

    counts: Mapping[str, int] = field(default_factory=dict)
    waiting: tuple[tuple[TicketId, str], ...] = ()
    contested: Mapping[str, int] = field(default_factory=dict)
    """Those that the account's own rules keep undoing, by our rule."""


@dataclass(frozen=True, slots=True)
class StayRecord:
    """One stay as the mirror keeps it: the columns of tier_stays but ticket and place."""

    tier: str
    rank: int | None
    entered_at: datetime
    left_at: datetime | None
    entered_by: str
    entered_by_id: UserId | None
    through: str
    zdsync_key: str | None
    rule: str
    why: str
    basis: str
    calendar: str
    business_minutes: int | None


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """One target as the mirror keeps it: the columns of tier_targets but the ticket."""

    kind: str
    position: int
    tier: str
    priority: str | None
    promised: str
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    state: str
    calendar: str
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells whether somebody looks after an unsolved ticket; a moment is None for what is not so.

    `unknown_clock` tells why nobody can know who waits for whom: its `history` is not whole, or its messages stand in
    a `transcript` that is not read; empty when it is known.
    """

    waiting_since: datetime | None = None
    unassigned_since: datetime | None = None
    status_since: datetime | None = None
    touched_at: datetime | None = None
    unknown_clock: str = ""


class NoticeKind(StrEnum):
    """Of what about tickets people are told."""

    CHANGE = "change"
    """A change that was made, by a rule that says who is to hear of it."""
    LIMITED = "limited"
    """It would move once more than `move_limit` allows."""
    CONTRADICTED = "contradicted"
    """Tag and group contradict each other again after a repair."""
    PRIVATE = "private"
    """Private data came over a public channel."""
    WARNING = "warning"
    """The clock of a rule is over its `warn_at`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about a ticket that somebody is to be told, once, until it is over; `key` is that of a change made."""

    ticket_id: TicketId
    kind: NoticeKind
    rule: str = ""
    audience: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One ticket's decision and way, to be kept: `outcome` is empty for a ticket that is not unsolved.

    `is_pending` says that it is to be decided again in the next run whatever happens: it was to be changed, or waits
    for its events. `external` is a digest of the rows of other tables that it was decided by, empty for none. `notices`
    are those that hold now; None leaves them as they were.
    """

    ticket_id: TicketId
    outcome: str = ""
    rule: str = ""
    reason: str = ""
    due_at: datetime | None = None
    is_pending: bool = False
    coming: ComingUp | None = None
    external: str = ""
    stays: tuple[StayRecord, ...] | None = ()
    """None for a ticket whose events the mirror has no more: the stays that were told stand."""
    targets: tuple[TargetRecord, ...] | None = ()
    """None for a ticket whose history is not whole: the targets that were told stand."""
    signs: Signs = Signs()
    notices: tuple[Notice, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """What rows of other tables are found by for a decided ticket, and the digest of those it was decided by."""

    ticket_id: TicketId
    keys: JoinKeys
    external: str


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


class Alerts(Protocol):
    """Where people hear of what needs them."""

    def send(self, text: str) -> bool:
        """Tell them, waiting a few seconds at most; False when it did not get through. Never raises."""
