"""A ticket's way through the tiers and its clocks' beginnings, folded from its events; nothing is kept as a counter.

stay         an unbroken time in one tier
move         the step from one stay to the next; the first placing of a ticket is none
basis        what told the tier: its tier tag, or, before zdsync had tagged the ticket, the tier of its group
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from zdsync.actors import Actor, actor_of, author_kind, tag_steps
from zdsync.calendars import ALWAYS, Calendar
from zdsync.model import Case, Event, FieldChange, FieldValue, GroupId, UserId

RUNNING = frozenset({"new", "open"})
"""Statuses in which the team has the ball; clocks that can stand still do so in all others."""
_DONE = frozenset({"solved", "closed", "deleted"})
_PLACE = frozenset({"group_id", "assignee_id", "status", "custom_status_id"})
"""Fields that go with the move of a ticket."""
MOVED_ON = frozenset({"escalated", "deescalated"})
"""Kinds of our own changes that move a ticket after its placing."""
_MERGED = "closed_by_merge"
"""Zendesk's tag on a ticket that was merged into another (unverified)."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The tiers of a rule set as a history shows them: keys from the lowest up, tags, groups, calendars by key."""

    tag_prefix: str = "tier_"
    keys: tuple[str, ...] = ()
    tiers_of_group: Mapping[GroupId, tuple[str, ...]] = field(default_factory=dict)
    sensitive: frozenset[GroupId] = frozenset()
    """Groups that may hold private data: a ticket of any tier may sit there."""
    calendars: Mapping[str, Calendar] = field(default_factory=dict)

    def tier_of_tag(self, tag: str) -> str | None:
        """The tier that a tag claims; None when it is no tier tag of these tiers."""
        key = tag.removeprefix(self.tag_prefix)
        return key if key != tag and key in self.keys else None

    def calendar(self, tier: str | None) -> Calendar:
        """The tier's business time; round the clock for a tier without calendar, and for no tier."""
        return self.calendars.get(tier or "", ALWAYS)

    def is_above(self, tier: str, other: str) -> bool:
        return self.keys.index(tier) > self.keys.index(other)


class Basis(StrEnum):
    """What told the tier at the beginning of a stay."""

    TAG = "tag"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Stay:
    """An unbroken time in one tier. `by`, `author_id`, `key` and `through` tell what brought the ticket there.

    `key` is our own mark when it was zdsync, `through` the machinery (trigger, automation) when it was a rule.
    `left_at` is when it went to another tier or to none, or was solved; None while it is there. A stay that begins
    with a reopening is a new one; what is moved while it is solved stays there for no time.
    """

    tier: str
    entered_at: datetime
    left_at: datetime | None
    by: Actor
    basis: Basis
    author_id: UserId | None = None
    key: str | None = None
    through: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """From one tier to another; the actor is that of the stay it leads to."""

    at: datetime
    origin: str
    to: str
    by: Actor
    author_id: UserId | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A time during which something held; `until` None means that it still does."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Journey:
    """What happened to a ticket, as far as tiers and clocks need it.

    `governed_since` is when a tier tag first stood on it: before, zdsync was not there and no clock of a move counts.
    """

    stays: tuple[Stay, ...] = ()
    statuses: tuple[tuple[datetime, str], ...] = ()
    """Each status with the moment from which it held, oldest first."""
    waiting_since: datetime | None = None
    """The oldest public comment of a customer that no person has answered publicly; None when all are answered."""
    unassigned_since: datetime | None = None
    others_did_at: datetime | None = None
    """When anybody but zdsync last did anything."""
    first_reply_at: datetime | None = None
    """The first public reply by a person, a comment that opened the ticket not counted."""
    solved_at: datetime | None = None
    """When it was last solved or closed; None while it is unsolved."""
    governed_since: datetime | None = None
    is_stirred: bool = False
    """Whether anybody but zdsync has done anything since it came to its tier, or in that very update beside it."""
    is_out: bool = False
    """Merged into another or deleted: no more a request of its own."""
    tier: str | None = field(init=False, repr=False, compare=False)
    """The tier in which the ticket is, or was when it was solved; None when it has none."""
    moves: tuple[Move, ...] = field(init=False, repr=False, compare=False)
    """Every step from one tier to another, oldest first, also where the ticket had no tier in between."""

    def __post_init__(self) -> None:
        """What is asked of every ticket many times over is told once."""
        object.__setattr__(self, "tier", self._tier())
        object.__setattr__(self, "moves", tuple(self._moves()) if len(self.stays) > 1 else ())

    def _tier(self) -> str | None:
        last = self.stays[-1] if self.stays else None
        if last is None or (last.left_at is not None and not self._is_done_since(last.left_at)):
            return None
        return last.tier

    def _is_done_since(self, at: datetime) -> bool:
        """Whether the ticket was solved by then and has not been reopened."""
        return self.solved_at is not None and self.solved_at <= at

    def _moves(self) -> Iterator[Move]:
        for before, stay in pairwise(self.stays):
            if before.tier != stay.tier:
                yield Move(stay.entered_at, before.tier, stay.tier, stay.by, stay.author_id, stay.key)

    @property
    def previous_tier(self) -> str | None:
        """The tier before the present one; None when there was none."""
        return self.moves[-1].origin if self.moves else None

    def entered_at(self) -> datetime | None:
        """Since when the present stay counts for clocks: not before zdsync was there. None without a tier."""
        if self.tier is None or self.governed_since is None:
            return None
        return max(self.stays[-1].entered_at, self.governed_since)

    def running(self, since: datetime, until: datetime) -> tuple[Span, ...]:
        """The times from `since` on in which the ticket was new or open; `until` is now, where the last may be open-ended."""
        spans: list[Span] = []
        ends = (*(at for at, _ in self.statuses[1:]), None)
        for (begin, status), end in zip(self.statuses, ends, strict=True):
            if status not in RUNNING or (end is not None and end <= since) or begin > until:
                continue
            start = max(begin, since)
            if spans and spans[-1].until == start:
                spans[-1] = Span(spans[-1].since, end)
            else:
                spans.append(Span(start, end))
        return tuple(spans)

    @property
    def status_since(self) -> datetime | None:
        return self.statuses[-1][0] if self.statuses else None


def travel(case: Case, ladder: Ladder) -> Journey:
    """Fold a ticket's events, oldest first; of a history that is not whole only what it tells is known."""
    walk = _Walk(case, ladder)
    for event in case.events:
        walk.take(event)
    return walk.journey()


class _Walk:
    """The fold; filled by `take`, read once by `journey`."""

    def __init__(self, case: Case, ladder: Ladder) -> None:
        self.case, self.ladder = case, ladder
        self.group: GroupId | None = None
        self.tags: dict[str, datetime] = {}
        self.tier: str | None = None
        self.stays: list[Stay] = []
        self.statuses: list[tuple[datetime, str]] = []
        self.is_done = False
        self.waiting_since: datetime | None = None
        self.unassigned_since: datetime | None = case.ticket.created_at
        self.others_did_at: datetime | None = None
        self.first_reply_at: datetime | None = None
        self.governed_since: datetime | None = None
        self.is_stirred = False

    def take(self, event: Event) -> None:
        actor = actor_of(event, self.case.staff)
        before = self.tier, self.governed_since
        for change in event.changes:
            self._take_field(event, change, actor)
        self._step(event, event.changes, actor)
        for change in event.rule_changes:
            self._take_field(event, change, Actor.RULE)
        self._step(event, event.rule_changes, Actor.RULE)
        self._take_comments(event, actor)
        self._stir(event, actor, is_new_here=before != (self.tier, self.governed_since))

    def _stir(self, event: Event, actor: Actor, *, is_new_here: bool) -> None:
        """Who comes to a tier comes to rest there, but for what else was done in that very update."""
        if actor is not Actor.ZDSYNC:
            self.others_did_at = event.created_at
            self.is_stirred = not is_new_here or self._does_more(event)
        elif is_new_here or self._is_moved_on(event):
            self.is_stirred = False

    def _does_more(self, event: Event) -> bool:
        """Whether the event changes anything beside the place: a field, or a tag that is no tier's."""
        for change in (*event.changes, *event.rule_changes):
            if change.field != "tags" and change.field not in _PLACE:
                return True
            if change.field == "tags" and any(
                not self.ladder.tier_of_tag(tag) for tag, _ in tag_steps(change)
            ):
                return True
        return False

    def _is_moved_on(self, event: Event) -> bool:
        own = self.case.own_changes.get(event.key or "")
        return own is not None and own.kind in MOVED_ON

    def _take_field(self, event: Event, change: FieldChange, actor: Actor) -> None:
        if change.field == "status" and isinstance(change.value, str):
            if not self.statuses:
                self.statuses.append((self.case.ticket.created_at, _text(change.previous) or change.value))
            if self.statuses[-1][1] != change.value:
                self.statuses.append((event.created_at, change.value))
            self._solve_or_reopen(event, actor)
        elif change.field == "assignee_id":
            if change.value is not None:
                self.unassigned_since = None
            elif self.unassigned_since is None:
                self.unassigned_since = event.created_at

    def _take_comments(self, event: Event, actor: Actor) -> None:
        for comment in event.comments:
            if not comment.is_public:
                continue
            if self._is_customers(comment.author_id):
                self.waiting_since = self.waiting_since or comment.created_at
            elif actor is Actor.PERSON and not event.is_create:
                self.waiting_since = None
                self.first_reply_at = self.first_reply_at or comment.created_at

    def _is_customers(self, author_id: UserId | None) -> bool:
        """A requester is the customer of the ticket, also one who is an agent elsewhere."""
        is_requester = author_id is not None and author_id == self.case.ticket.requester_id
        return is_requester or author_kind(author_id, self.case.staff) is Actor.CUSTOMER

    # Tiers

    def _step(self, event: Event, changes: tuple[FieldChange, ...], actor: Actor) -> None:
        """What changes of group and tier tags, made at once by one actor, mean for the tier."""
        is_moved = is_tagged = is_untagged = False
        for change in changes:
            if change.field == "group_id":
                is_moved = True
                self.group = _group(change.value)
            elif change.field == "tags":
                for tag, is_added in tag_steps(change):
                    tier = self.ladder.tier_of_tag(tag)
                    if tier is None:
                        continue
                    if is_added:
                        is_tagged = True
                        self.tags[tier] = event.created_at
                    else:
                        self.tags.pop(tier, None)
                        is_untagged = is_untagged or tier == self.tier
        if is_tagged and self.governed_since is None:
            self.governed_since = event.created_at
        if is_moved or is_tagged or is_untagged:
            self._place(event, actor, is_moved=is_moved, is_tagged=is_tagged, is_untagged=is_untagged)

    def _place(
        self, event: Event, actor: Actor, *, is_moved: bool, is_tagged: bool, is_untagged: bool
    ) -> None:
        here = () if self.group is None else self.ladder.tiers_of_group.get(self.group, ())
        is_silent = not here or self.group in self.ladder.sensitive
        if is_tagged or (self.tags and (is_untagged or is_silent)):
            newest = max(sorted(self.tags), key=lambda one: (self.tags[one], one in here))
            self._enter(event, actor, newest, Basis.TAG)
        elif is_untagged and self.tier not in here:
            self._enter(event, actor, here[0] if here else None, Basis.GROUP)
        elif is_moved and not here:
            self._enter(event, actor, None, Basis.GROUP)
        elif is_moved and self.tier not in here and not is_silent:
            self._enter(event, actor, here[0], Basis.GROUP)

    def _enter(self, event: Event, actor: Actor, tier: str | None, basis: Basis) -> None:
        if tier == self.tier:
            return
        self._leave(event.created_at)
        self.tier = tier
        if tier is not None:
            self._stay(event, actor, tier, basis)

    def _solve_or_reopen(self, event: Event, actor: Actor) -> None:
        was_done, self.is_done = self.is_done, self.statuses[-1][1] in _DONE
        if self.is_done:
            self._leave(event.created_at)
        elif was_done and self.tier is not None:
            self._stay(event, actor, self.tier, self.stays[-1].basis)

    def _stay(self, event: Event, actor: Actor, tier: str, basis: Basis) -> None:
        at = event.created_at
        through = event.rel or ("trigger" if actor is Actor.RULE else "")
        key = event.key if actor is Actor.ZDSYNC else None
        left_at = at if self.is_done else None
        self.stays.append(Stay(tier, at, left_at, actor, basis, event.author_id, key, through))

    def _leave(self, at: datetime) -> None:
        """End the present stay, if there is one that has not ended."""
        if self.stays and self.stays[-1].left_at is None:
            self.stays[-1] = replace(self.stays[-1], left_at=at)

    def journey(self) -> Journey:
        ticket = self.case.ticket
        statuses = self.statuses or [(ticket.created_at, ticket.status)]
        if statuses[-1][1] != ticket.status:
            statuses.append((ticket.updated_at, ticket.status))
        solved_at = _solved_at(statuses)
        if solved_at is not None and self.tier is not None:
            self._leave(max(solved_at, self.stays[-1].entered_at))
        return Journey(
            stays=tuple(self.stays),
            statuses=tuple(statuses),
            waiting_since=self.waiting_since,
            unassigned_since=self.unassigned_since if ticket.assignee_id is None else None,
            others_did_at=self.others_did_at,
            first_reply_at=self.first_reply_at,
            solved_at=solved_at,
            governed_since=self.governed_since,
            is_stirred=self.is_stirred,
            is_out=ticket.status == "deleted" or _MERGED in ticket.tags,
        )


def _solved_at(statuses: list[tuple[datetime, str]]) -> datetime | None:
    """When the last unbroken time of being done began."""
    begun: datetime | None = None
    for at, status in reversed(statuses):
        if status not in _DONE:
            break
        begun = at
    return begun


def _group(value: FieldValue) -> GroupId | None:
    return GroupId(value) if isinstance(value, int) else None


def _text(value: FieldValue) -> str | None:
    return value if isinstance(value, str) and value else None
