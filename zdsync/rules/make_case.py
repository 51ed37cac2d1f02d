"""A case of the test files becomes the same value that the mirror gives for a real ticket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from zdsync.account import Account
from zdsync.detect import DETECTORS, TextFilter
from zdsync.errors import Problem
from zdsync.model import (
    Case,
    Comment,
    Event,
    FieldChange,
    Finding,
    Hold,
    HoldReason,
    Organization,
    OrganizationId,
    Ticket,
    TicketId,
    User,
    UserId,
)
from zdsync.rules.case_rows import RowMaker
from zdsync.rules.case_values import ValueReader
from zdsync.rules.cases import CaseEvent, Given, RuleCase
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.model import RuleSet, Tier
from zdsync.rules.stand_in import TAG_CHANGES
from zdsync.rules.tree import Path, Value
from zdsync.rules.vocabulary import Vocabulary, plain

_SYSTEM, _AGENT, _BOT, _WORKER, _CUSTOMER = (UserId(number) for number in (-1, -2, -3, -4, -5))
"""Ids below zero are nobody's in an account."""
_STAFF = {
    _AGENT: User(_AGENT, "Agent", role="agent"),
    _BOT: User(_BOT, "Bot", role="agent", tags=frozenset({"bot"})),
    _WORKER: User(_WORKER, "zdsync", role="admin"),
}
_AUTHORS = {"customer": _CUSTOMER, "agent": _AGENT, "bot": _BOT, "trigger": _SYSTEM, "us": _WORKER}
_TIER, _BREACHED = "tier", "sla.breached"
_FIRST_DAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


Ladder = Mapping[str, tuple[str, Tier]]
"""Each tier and its tag, by key."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A ticket's case and the moment at which it is decided."""

    case: Case
    now: datetime


class CaseMaker:
    """Makes cases for one account, which must know every name but the tiers of `rules`; faults are gathered in `problems`.

    The `rules` tell which external tables there are.

    Texts go through the filter as they do when tickets are pulled: detectors see them whole, rules what is kept.
    """

    def __init__(self, account: Account, rules: RuleSet, text_filter: TextFilter, *, tag_prefix: str) -> None:
        self.problems: list[Problem] = []
        self._rows = RowMaker(rules)
        self._account = account
        self._ladder = {tier.key: (f"{tag_prefix}{tier.key}", tier) for tier in rules.tiers}
        self._vocabulary = Vocabulary(account)
        self._filter = text_filter

    def make(self, case: RuleCase) -> Staged:
        """The staged case; of a part that is faulty only what is sound."""
        making = _Making(case, self._account, self._ladder, self._vocabulary, self._filter, self.problems)
        staged = making.staged()
        rows = self._rows.make(case, self.problems)
        return Staged(replace(staged.case, external=rows), staged.now) if rows else staged


class _Making:
    """One case under way: `state` is the ticket by the API's names, as far as its history was told."""

    def __init__(
        self,
        case: RuleCase,
        account: Account,
        ladder: Ladder,
        vocabulary: Vocabulary,
        text_filter: TextFilter,
        problems: list[Problem],
    ) -> None:
        self.case = case
        self.account = account
        self.ladder = ladder
        self.version = text_filter.version
        self.values = ValueReader(account, vocabulary, text_filter, self._add)
        self.problems = problems
        self.state: dict[str, Any] = {}
        self.tags: frozenset[str] = frozenset()
        self.attachments = 0

    def staged(self) -> Staged:
        case = self.case
        number = case.ticket.get("id")
        id = TicketId(number if isinstance(number, int) and number > 0 else 1)
        files = case.ticket.get("attachments")
        self.attachments = files if isinstance(files, int) else 0
        given = {k: v for k, v in case.ticket.items() if k not in {"id", "attachments", _TIER, _BREACHED}}
        opening = tuple(self._steps(given, ("ticket",)))
        created, times, now = self._times()
        events = [self._opening(id, created, opening), *self._placing(id, created)]
        begun = len(events)
        for index, (event, at) in enumerate(zip(case.history, times, strict=True)):
            events.append(self._event(id, index + begun + 1, event, at, ("history", index, "changes")))
        organization = self._organization()
        requester = self._requester(organization)
        ticket = self._ticket(id, created, events[-1].created_at, organization)
        return Staged(
            Case(
                ticket=ticket,
                requester=requester,
                organization=organization,
                events=tuple(events if case.whole_history else events[begun:]),
                findings=self._findings(id),
                staff={**self.account.staff, **_STAFF},
                events_until=now + timedelta(minutes=1),
                has_whole_history=case.whole_history,
                holds=self._holds(id, created),
                sla_breached=self._breached(),
            ),
            now,
        )

    # Time

    def _times(self) -> tuple[datetime, tuple[datetime, ...], datetime]:
        """When it was opened, when each entry of the history happened, and when it is decided."""
        case = self.case
        fixed = [at for at in (case.at, *(event.at for event in case.history)) if at]
        spans = sum((event.after or timedelta(minutes=1) for event in case.history), timedelta(hours=1))
        created = self.state.pop("created_at", None) or (min(fixed) - spans if fixed else _FIRST_DAY)
        times: list[datetime] = []
        for index, event in enumerate(case.history):
            last = times[-1] if times else created
            at = event.at or last + (event.after or timedelta(minutes=1))
            if at < last:
                self._add(
                    Check.WRONG_VALUE, ("history", index, "at"), "it happened before the entry above it"
                )
            times.append(max(at, last))
        last = times[-1] if times else created
        now = case.at or last + timedelta(hours=1)
        if now < last:
            self._add(Check.WRONG_VALUE, ("at",), "the ticket is decided before its history is over")
        return created, tuple(times), max(now, last)

    # What is written, as the API has it

    def _steps(self, given: Given, path: Path) -> Iterator[FieldChange]:
        """Each field's change from the state so far, which moves along."""
        for name, value in given.items():
            place = (*path, name)
            if name in TAG_CHANGES or plain(name) == "tags":
                yield from self._tag_step(name, value, place)
                continue
            if name == _TIER:
                yield from self._tier_steps(value, place, is_group_given="group" in given)
                continue
            found = self.values.read(name, value, place)
            if found is not None:
                field, after = found
                before = self.state.get(field)
                self.state[field] = after
                if not isinstance(after, datetime) and before != after:
                    yield FieldChange(field, after, before)

    def _tag_step(self, name: str, value: Value, place: Path) -> Iterator[FieldChange]:
        tags = frozenset(str(tag) for tag in (value if isinstance(value, list) else [value]) if tag)
        if name == "tags" and place[0] != "ticket":
            message = f"write {' or '.join(f'`{word}:`' for word in TAG_CHANGES)}: a change adds or removes"
            self._add(Check.UNKNOWN_KEY, place, message)
            return
        yield from self._retagged(self.tags - tags if name == "remove_tags" else self.tags | tags)

    def _tier_steps(self, value: Value, place: Path, *, is_group_given: bool) -> Iterator[FieldChange]:
        """What a move to that tier changes: the tier tag, and the group unless it is told or is one of the tier's."""
        key = "none" if value is None else str(value)
        if key != "none" and key not in self.ladder:
            hint = nearest(key, self.ladder) or f"; tiers: {quoted(self.ladder)}"
            self._add(Check.UNKNOWN_NAME, place, f"no tier '{key[:80]}'{hint}")
            return
        others = self.tags - {tag for tag, _ in self.ladder.values()}
        if key == "none":
            yield from self._retagged(others)
            return
        tag, tier = self.ladder[key]
        yield from self._retagged(others | {tag})
        own = [group.id for name in tier.groups if (group := self.account.group_named(name))]
        if not is_group_given and self.state.get("group_id") not in own:
            yield from self._steps({"group": tier.group}, place)

    def _retagged(self, after: frozenset[str]) -> Iterator[FieldChange]:
        added, removed = sorted(after - self.tags), sorted(self.tags - after)
        self.tags = after
        if added or removed:
            yield FieldChange("tags", tuple(added), tuple(removed))

    # Events

    def _placing(self, id: TicketId, at: datetime) -> Iterator[Event]:
        """Our own update in the moment in which the ticket was opened, if the case says in which tier it is."""
        if _TIER in self.case.ticket:
            value, is_given = self.case.ticket[_TIER], self.state.get("group_id") is not None
            steps = tuple(self._tier_steps(value, ("ticket", _TIER), is_group_given=is_given))
            yield Event(2, id, at, _WORKER, "web", key="case-2", changes=steps)

    def _opening(self, id: TicketId, at: datetime, changes: tuple[FieldChange, ...]) -> Event:
        author = _AUTHORS[self.case.opened_by]
        body = self.state.get("description") or ""
        comment = Comment(1, at, author, is_public=True, body=body, attachments=self.attachments)
        return Event(1, id, at, author, "web", is_create=True, changes=changes, comments=(comment,))

    def _event(self, id: TicketId, number: int, event: CaseEvent, at: datetime, path: Path) -> Event:
        author = _AUTHORS[event.who]
        comments: list[Comment] = []
        for text, is_public in ((event.reply, True), (event.note, False)):
            if text is not None:
                kept = self.values.keep(text)
                files = event.attachments if not comments else 0
                comments.append(Comment(10 * number + is_public, at, author, is_public, kept, files))
        if event.attachments and not comments:
            self._add(Check.MISSING_KEY, path[:-1], "attachments come with a `reply:` or a `note:`")
        return Event(
            id=number,
            ticket_id=id,
            created_at=at,
            author_id=author,
            channel="web",
            rel="trigger" if event.who == "trigger" else None,
            key=f"case-{number}" if event.who == "us" else None,
            changes=tuple(self._steps(event.changes, path)),
            comments=tuple(comments),
        )

    # Records

    def _ticket(
        self, id: TicketId, created: datetime, updated: datetime, organization: Organization | None
    ) -> Ticket:
        custom = {int(name): value for name, value in self.state.items() if name.isdigit()}
        plainly = {name: value for name, value in self.state.items() if not name.isdigit()}
        given: dict[str, Any] = {
            "status": "new",
            "updated_at": updated,
            **plainly,
            "requester_id": _CUSTOMER,
            "organization_id": organization.id if organization else None,
        }
        for name in ("subject", "description", "channel"):
            given[name] = given.get(name) or ""
        return Ticket(id=id, created_at=created, tags=self.tags, custom_fields=custom, **given)  # type: ignore[arg-type]

    def _requester(self, organization: Organization | None) -> User:
        given = {plain(name): (name, value) for name, value in self.case.requester.items()}
        texts: dict[str, Any] = {
            word: _text(given.pop(word)[1])
            for word in ("name", "email", "role", "locale", "external_id")
            if word in given
        }
        if "language" in given:
            texts["locale"] = _text(given.pop("language")[1])
        tags = _tags(given.pop("tags", ("", None))[1])
        fields = self.values.read_record("requester", given, self.account.user_fields)
        ordinary: dict[str, Any] = {"name": "Customer", "role": "end-user", **texts}
        company = organization.id if organization else None
        return User(_CUSTOMER, organization_id=company, tags=tags, fields=fields, **ordinary)

    def _organization(self) -> Organization | None:
        if not self.case.organization:
            return None
        given = {plain(name): (name, value) for name, value in self.case.organization.items()}
        name = _text(given.pop("name", ("", "Company"))[1]) or ""
        external_id = _text(given.pop("external_id", ("", None))[1])
        domain = given.pop("domain", ("", None))[1]
        domains = tuple(map(str, domain)) if isinstance(domain, list) else (str(domain),) if domain else ()
        tags = _tags(given.pop("tags", ("", None))[1])
        fields = self.values.read_record("organization", given, self.account.organization_fields)
        return Organization(OrganizationId(1), name, external_id, domains, tags, fields)

    def _findings(self, id: TicketId) -> tuple[Finding, ...]:
        for index, name in enumerate(self.case.findings):
            if name not in DETECTORS:
                message = (
                    f"no detector '{name[:80]}'{nearest(name, DETECTORS)}; there are {quoted(DETECTORS)}"
                )
                self._add(Check.UNKNOWN_NAME, ("findings", index), message)
        names = sorted(self.values.found | set(self.case.findings))
        return tuple(Finding(id, None, name, self.version, is_public=True) for name in names)

    def _holds(self, id: TicketId, since: datetime) -> tuple[Hold, ...]:
        hold = self.case.hold
        return (Hold(id, HoldReason.MANUAL, since, hold.until),) if hold else ()

    def _breached(self) -> bool | None:
        answer = self.case.ticket.get(_BREACHED)
        if answer is not None and not isinstance(answer, bool):
            self._add(Check.WRONG_VALUE, ("ticket", _BREACHED), f"'{_BREACHED}' is true or false")
            return None
        return answer

    def _add(self, check: Check, path: Path, message: str) -> None:
        self.problems.append(problem(check, self.case.where(*path), message))


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _tags(value: Value) -> frozenset[str]:
    return frozenset(map(str, value if isinstance(value, list) else [value] if value else ()))
