"""What rules may ask about a ticket, derived from its case: who touched it, what people chose, its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from zdsync.actors import is_person, tag_steps
from zdsync.journey import Journey, Ladder, travel
from zdsync.model import (
    Case,
    Event,
    ExternalRow,
    FieldChange,
    FieldValue,
    Hold,
    Organization,
    OwnChange,
    Ticket,
    User,
    UserId,
)
from zdsync.text import fold_words, joined

_DONE = frozenset({"solved", "closed"})


@dataclass(frozen=True, slots=True)
class Touch:
    """The first time a person took a ticket in hand: when, and by what ("replied", "chose the group", …)."""

    at: datetime
    how: str


_UNDONE = "undone"
"""The kind of our own changes by which a lead takes earlier ones back."""
_ANSWER = timedelta(hours=1)
"""A rule that changes within it what we wrote answers our write: triggers at once, automations once an hour."""
_LOST_OFTEN = 2
_PAUSE = timedelta(days=1)
"""How long we leave alone what rules set back again and again; then we try once more."""


@dataclass(frozen=True, slots=True)
class _Tug:
    """Our latest write of one field or tag, and how many in a row up to it a rule has set back."""

    written_at: datetime
    lost: int = 0
    lost_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """A ticket's case, judged: everything a condition can read, nothing that changes while rules run.

    `ticket` is the ticket as it would be without zdsync's own writes, and what conditions read; `current` is the
    ticket as it stands, and what a change is measured against. So no rule can feed on its own effect.
    `person_fields` are the fields (API names, custom ones by id as text) whose latest change was a person's;
    `person_tags` maps each tag that a person was the last to add (True) or remove (False).
    `tag_added_at` tells when each tag was last added, `own_tag_adds` how often we have added it.
    `undone` names what the account's own rules set back each time we write it: fields, and tags as `tag tier_2`.
    Counts are of mirrored history.
    """

    ticket: Ticket
    current: Ticket
    now: datetime
    requester: User | None = None
    organization: Organization | None = None
    staff: Mapping[UserId, User] = field(default_factory=dict, repr=False)
    is_settling: bool = False
    touch: Touch | None = None
    person_fields: frozenset[str] = frozenset()
    person_tags: Mapping[str, bool] = field(default_factory=dict)
    tag_added_at: Mapping[str, datetime] = field(default_factory=dict)
    own_tag_adds: Mapping[str, int] = field(default_factory=dict)
    group_chosen_at: datetime | None = None
    """When a person last chose the group; None if the latest choice was not a person's."""
    replies: int = 0
    reopens: int = 0
    group_stations: int = 0
    assignee_stations: int = 0
    attachments: int = 0
    comment: str = ""
    """The latest comment's text, public or not; a note of ours is none."""
    public_comments: tuple[str, ...] = ()
    detected: frozenset[str] = frozenset()
    """Names of the detectors that found something in the ticket's texts."""
    detected_publicly: frozenset[str] = frozenset()
    """Those of them that found something in a text that the customer sees."""
    notes_written: frozenset[str] = frozenset()
    holds: tuple[Hold, ...] = ()
    undone: frozenset[str] = frozenset()
    repaired_at: datetime | None = None
    """When we last mended a contradiction of tag and group that no person has touched since."""
    undone_until: datetime | None = None
    """When the first of `undone` is tried once more."""
    tags_by_us: frozenset[str] = frozenset()
    """Tags on the ticket that we were the last to add."""
    unfollowed: tuple[tuple[datetime, FieldChange], ...] = ()
    """Our own changes since anybody else last did anything, oldest first; an undo is its lead's doing."""
    has_whole_history: bool = True
    journey: Journey = field(default_factory=Journey)
    own_changes: Mapping[str, OwnChange] = field(default_factory=dict, repr=False)
    """What the journal knows of our own updates, by the key in their audit."""
    sla_breached: bool | None = None
    """Whether Zendesk has counted a breach of an SLA target; None when that is not mirrored."""
    in_business_hours: bool = True
    """Whether the calendar of the ticket's tier is open at `now`."""
    external: Mapping[str, ExternalRow] = field(default_factory=dict)
    _folded: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    _listed: dict[str, Sequence[str]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def tier(self) -> str | None:
        """The key of the tier the ticket is in; None when it is in none."""
        return self.journey.tier

    @property
    def previous_tier(self) -> str | None:
        return self.journey.previous_tier

    @property
    def moves(self) -> int:
        """How often it went from one tier to another, whoever moved it."""
        return len(self.journey.moves)

    def words(self, name: str) -> str:
        """`subject`, `description`, `comment` or `text` folded for whole-word search; computed once."""
        known = self._folded.get(name)
        if known is None:
            known = self._folded[name] = joined(self.listed(name))
        return known

    def listed(self, name: str) -> Sequence[str]:
        """Its folded words one by one; computed once."""
        known = self._listed.get(name)
        if known is None:
            known = self._listed[name] = fold_words(self.plain(name))
        return known

    def plain(self, name: str) -> str:
        """`subject`, `description`, `comment`, or `text`: subject, description and public comments.

        Zendesk's description is the first comment once more; it is read once.
        """
        ticket = self.ticket
        match name:
            case "text":
                comments = self.public_comments
                if comments and comments[0] == ticket.description:
                    comments = comments[1:]
                return "\n".join((ticket.subject, ticket.description, *comments))
            case "subject":
                return ticket.subject
            case "description":
                return ticket.description
            case _:
                return self.comment


def derive(case: Case, now: datetime, ladder: Ladder) -> Facts:
    """Judge a case at `now`. Same case, same moment, same facts; no order of events but their own matters."""
    history = _History(case, ladder.tag_prefix)
    journey = travel(case, ladder)
    for event in case.events:
        history.take(event)
    return Facts(
        ticket=history.ticket_without_us(),
        current=case.ticket,
        now=now,
        requester=case.requester,
        organization=case.organization,
        staff=case.staff,
        is_settling=case.events_until is None or case.ticket.updated_at >= case.events_until,
        touch=history.touch,
        person_fields=frozenset(history.by_person),
        person_tags=history.tags_by_person,
        tag_added_at=history.tag_added_at,
        own_tag_adds=history.own_tag_adds,
        group_chosen_at=history.group_chosen_at,
        replies=history.replies,
        reopens=history.reopens,
        group_stations=history.group_stations,
        assignee_stations=history.assignee_stations,
        attachments=history.attachments,
        comment=history.comment,
        public_comments=tuple(history.public_comments),
        detected=frozenset(finding.detector for finding in case.findings),
        detected_publicly=frozenset(finding.detector for finding in case.findings if finding.is_public),
        notes_written=case.notes_written,
        holds=case.holds,
        undone=history.undone(now),
        repaired_at=history.repaired_at,
        undone_until=history.undone_until(now),
        tags_by_us=frozenset(tag for tag, was_added in history.tags_by_us.items() if was_added),
        unfollowed=tuple(history.unfollowed),
        has_whole_history=case.has_whole_history,
        journey=journey,
        own_changes=case.own_changes,
        sla_breached=case.sla_breached,
        in_business_hours=ladder.calendar(journey.tier).is_open(now),
        external=case.external,
    )


class _History:
    """The fold over a ticket's events, oldest first; filled by `take`, read once by `derive`."""

    def __init__(self, case: Case, tag_prefix: str) -> None:
        self.case = case
        self.tag_prefix = tag_prefix
        self.touch: Touch | None = None
        if not case.has_whole_history:
            self.touch = Touch(case.ticket.created_at, "was in hand before the mirrored history begins")
        self.by_person: set[str] = set()
        self.tags_by_person: dict[str, bool] = {}
        self.tag_added_at: dict[str, datetime] = {}
        self.own_tag_adds: dict[str, int] = {}
        self.before_us: dict[str, FieldValue] = {}
        self.tags_by_us: dict[str, bool] = {}
        self.unfollowed: list[tuple[datetime, FieldChange]] = []
        self.others_at: datetime | None = None
        self.is_ours_latest = False
        self.tugs: dict[str, _Tug] = {}
        self.group_chosen_at: datetime | None = None
        self.repaired_at: datetime | None = None
        self.replies = self.reopens = self.group_stations = self.assignee_stations = self.attachments = 0
        self.comment = ""
        self.public_comments: list[str] = []

    def take(self, event: Event) -> None:
        by_person = is_person(event, self.case.staff)
        by_us = event.key is not None
        for change in event.changes:
            self._take_change(event, change, by_person=by_person, by_us=by_us)
            self._take_tugs(event, change, by_person=by_person, by_us=by_us, by_rule=event.rel is not None)
        for change in event.rule_changes:
            self._take_change(event, change, by_person=False, by_us=False)
            self._take_tugs(event, change, by_person=False, by_us=False, by_rule=True)
        self._take_comments(event, by_person=by_person)
        own = self.case.own_changes.get(event.key) if event.key is not None else None
        self.others_at = self.others_at if by_us else event.created_at
        self.is_ours_latest = by_us
        if not by_us or (own is not None and own.kind == _UNDONE):
            self.unfollowed.clear()
        else:
            self.unfollowed += ((event.created_at, change) for change in event.changes)
        if own is not None and own.kind == "repaired":
            self.repaired_at = event.created_at
        if by_person and self.touch is None:
            how = next(self._hands_on(event), None)
            self.touch = Touch(event.created_at, how) if how else None

    def _take_change(self, event: Event, change: FieldChange, *, by_person: bool, by_us: bool) -> None:
        if change.field == "tags":
            self._take_tags(event, change, by_person=by_person, by_us=by_us)
            return
        self._count_stations(change)
        if by_us:
            self.before_us.setdefault(change.field, change.previous)
        else:
            self.before_us.pop(change.field, None)
        if not by_person:
            self.by_person.discard(change.field)
        elif not event.is_create or change.value not in (None, "", ()):
            self.by_person.add(change.field)
        if change.field == "group_id":
            self.group_chosen_at = event.created_at if by_person else None
            self.repaired_at = None if by_person else self.repaired_at

    def _take_tags(self, event: Event, change: FieldChange, *, by_person: bool, by_us: bool) -> None:
        for tag, is_added in tag_steps(change):
            if is_added:
                self.tag_added_at[tag] = event.created_at
                if by_us:
                    self.own_tag_adds[tag] = self.own_tag_adds.get(tag, 0) + 1
            if by_us:
                self.tags_by_us.setdefault(tag, is_added)
            else:
                self.tags_by_us.pop(tag, None)
            if by_person and tag.startswith(self.tag_prefix):
                self.repaired_at = None
            if by_person:
                self.tags_by_person[tag] = is_added
            else:
                self.tags_by_person.pop(tag, None)

    def _take_tugs(
        self, event: Event, change: FieldChange, *, by_person: bool, by_us: bool, by_rule: bool
    ) -> None:
        """Who prevails between us and the account's rules; a person's hand ends the quarrel."""
        is_tags = change.field == "tags"
        for name in (f"tag {tag}" for tag, _ in tag_steps(change)) if is_tags else (change.field,):
            tug = self.tugs.get(name)
            if by_us:
                self.tugs[name] = _Tug(event.created_at, tug.lost if tug and tug.lost_at else 0)
            elif by_person:
                self.tugs.pop(name, None)
            elif by_rule and tug and tug.lost_at is None and event.created_at - tug.written_at <= _ANSWER:
                self.tugs[name] = replace(tug, lost=tug.lost + 1, lost_at=event.created_at)

    def undone(self, now: datetime) -> frozenset[str]:
        return frozenset(self._undone(now))

    def undone_until(self, now: datetime) -> datetime | None:
        return min((lost_at + _PAUSE for lost_at in self._undone(now).values()), default=None)

    def _undone(self, now: datetime) -> dict[str, datetime]:
        return {
            name: tug.lost_at
            for name, tug in self.tugs.items()
            if tug.lost >= _LOST_OFTEN and tug.lost_at is not None and now - tug.lost_at < _PAUSE
        }

    def _count_stations(self, change: FieldChange) -> None:
        if change.field == "group_id" and change.value is not None:
            self.group_stations += 1
        elif change.field == "assignee_id" and change.value is not None:
            self.assignee_stations += 1
        elif change.field == "status" and change.previous in _DONE and change.value not in _DONE:
            self.reopens += 1

    def _take_comments(self, event: Event, *, by_person: bool) -> None:
        for comment in event.comments:
            self.comment = comment.body if event.key is None else self.comment
            self.attachments += comment.attachments
            if comment.is_public:
                self.public_comments.append(comment.body)
                self.replies += by_person and not event.is_create

    def _hands_on(self, event: Event) -> Iterator[str]:
        """What in a person's event takes the ticket in hand; nothing for a mere label or private note."""
        if not event.is_create and any(comment.is_public for comment in event.comments):
            yield "replied"
        for change in event.changes:
            if change.field == "group_id" and change.value is not None:
                yield "chose the group"
            elif change.field == "assignee_id" and change.value is not None:
                yield "assigned it"
            elif change.field == "priority" and not event.is_create:
                yield "chose the priority"
            elif change.field == "tags" and any(
                tag.startswith(self.tag_prefix) for tag, _ in tag_steps(change)
            ):
                yield "chose the tier"

    def ticket_without_us(self) -> Ticket:
        """The ticket with every field and tag that we were the last to change put back, and the time of its last update."""
        ticket = self.case.ticket
        if self.is_ours_latest and self.others_at is not None:
            ticket = replace(ticket, updated_at=self.others_at)
        if not self.before_us and not self.tags_by_us:
            return ticket
        tags = set(ticket.tags)
        for tag, was_added in self.tags_by_us.items():
            (tags.discard if was_added else tags.add)(tag)
        return _with_values(ticket, tags, self.before_us)


def put_back(ticket: Ticket, changes: Sequence[FieldChange]) -> Ticket:
    """The ticket as it was before its latest changes, which come oldest first."""
    tags, fields = set(ticket.tags), dict[str, FieldValue]()
    for change in reversed(changes):
        if change.field == "tags":
            for tag, was_added in tag_steps(change):
                (tags.discard if was_added else tags.add)(tag)
        else:
            fields[change.field] = change.previous
    return _with_values(ticket, tags, fields)


def _with_values(ticket: Ticket, tags: Iterable[str], fields: Mapping[str, FieldValue]) -> Ticket:
    """The ticket with other tags and other values of fields, by their names in the history."""
    plain = {name: value for name, value in fields.items() if name in _PLAIN_FIELDS}
    custom = {**ticket.custom_fields}
    for name, value in fields.items():
        if name.isdigit():
            custom[int(name)] = value  # type: ignore[index]
    return replace(ticket, tags=frozenset(tags), custom_fields=custom, **plain)  # type: ignore[arg-type]


_PLAIN_FIELDS = frozenset({"group_id", "assignee_id", "priority", "type", "status"})
