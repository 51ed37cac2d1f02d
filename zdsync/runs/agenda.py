"""What a run need not decide again: the epoch by which all was decided, and the book in which each decision is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from zdsync.facts import Facts
from zdsync.journey import Journey, Stay, travel
from zdsync.model import Account, Case, OwnChange, TicketId, User
from zdsync.ports import Agenda, ComingUp, Mirror, StayRecord, Way
from zdsync.rules.compile import CompiledRules
from zdsync.rules.evaluate import is_on
from zdsync.rules.external import rows_digest, rows_of
from zdsync.rules.former import former_names
from zdsync.rules.model import External
from zdsync.rules.vocabulary import plain
from zdsync.tiers.due import ComingMove, outlook
from zdsync.tiers.model import Decision, Verdict

VERSION = 1
"""Raised whenever this version of zdsync decides otherwise than the one before on the same ticket."""
_CHUNK = 500
_RETRIED = frozenset({Verdict.SETTLING, Verdict.UNRESOLVED})
"""What is decided again in the next run, whatever happens to the ticket."""


def epoch_of(account: Account, rules: CompiledRules, today: date) -> str:
    """A digest of everything but the ticket, its people and their rows that a decision depends on; another one decides all anew."""
    known = {
        "version": VERSION,
        "rules": rules.rules.digest,
        "former_names": former_names(account, plain),
        "prefix": rules.tag_prefix,
        "on": [rule.id for rule in rules.rules.rules if is_on(rule, today)],
        "ladder": ladder_digest(rules),
        "calendars": {name: repr(calendar) for name, calendar in rules.calendars.items()},
        "groups": [[each.id, each.name, each.is_deleted] for each in account.groups],
        "fields": [asdict(each) for each in account.ticket_fields],
        "people_fields": [asdict(each) for each in (*account.user_fields, *account.organization_fields)],
        "named": [
            [each.id, each.name] for each in (*account.brands, *account.forms, *account.custom_statuses)
        ],
        "staff": [_staff(user) for user in account.staff.values()],
    }
    return _digest(known)


def ladder_digest(rules: CompiledRules) -> str:
    """A digest of what tells the tiers, groups and business time of a ticket's stays."""
    ladder = rules.ladder
    return _digest(
        {
            "version": VERSION,
            "prefix": ladder.tag_prefix,
            "keys": ladder.keys,
            "groups": sorted((id, keys) for id, keys in ladder.tiers_of_group.items()),
            "sensitive": sorted(ladder.sensitive),
            "calendars": {key: repr(calendar) for key, calendar in ladder.calendars.items()},
        }
    )


def rejoined(mirror: Mirror, externals: Sequence[External]) -> frozenset[TicketId]:
    """The unsolved tickets that have other rows in external tables than those they were decided by."""
    if not any(each.table for each in externals):
        return frozenset()
    return frozenset(
        one.ticket_id
        for one in mirror.read_joined()
        if rows_digest(rows_of(one.keys, externals)) != one.external
    )


def _staff(user: User) -> list[Any]:
    return [user.id, user.role, sorted(user.tags), user.name, user.email]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(slots=True)
class Notebook:
    """Keeps decisions and ways in the mirror, some hundred at a time, so that memory does not grow with their number."""

    mirror: Mirror
    agenda: Agenda
    rules: CompiledRules
    at: datetime
    _ways: list[Way] = field(default_factory=list)

    def take(self, facts: Facts, decision: Decision, *, is_changed: bool) -> None:
        """Note what was decided of an unsolved ticket, and whether it is to be changed."""
        ahead = outlook(facts, self.rules)
        self._add(
            Way(
                ticket_id=facts.current.id,
                outcome=decision.verdict.value,
                rule=decision.rule_id,
                reason=decision.reason,
                due_at=ahead.due_at,
                is_pending=is_changed or decision.verdict in _RETRIED,
                coming=_nearest(ahead.warnings),
                external=rows_digest(facts.external),
                stays=tuple(_stays(facts.journey, facts.own_changes, self.rules)),
            )
        )

    def take_finished(self, cases: Iterable[Case]) -> None:
        """Note the stays of tickets that are not unsolved."""
        for case in cases:
            stays = _stays(travel(case, self.rules.ladder), case.own_changes, self.rules)
            self._add(Way(case.ticket.id, stays=tuple(stays) if case.events else None))

    def close(self, epoch: str, gone: Iterable[TicketId] = ()) -> None:
        """Keep the rest; `gone` are tickets on the agenda that the mirror does not have."""
        for id in gone:
            self._add(Way(id))
        self._flush()
        self.mirror.record_epoch(epoch, ladder_digest(self.rules), self.agenda, self.at)

    def _add(self, way: Way) -> None:
        self._ways.append(way)
        if len(self._ways) == _CHUNK:
            self._flush()

    def _flush(self) -> None:
        if self._ways:
            self.mirror.record_ways(self._ways, self.agenda, self.at)
            self._ways.clear()


def _nearest(warnings: tuple[ComingMove, ...]) -> ComingUp | None:
    first = min(warnings, key=lambda one: one.due_at, default=None)
    return None if first is None else ComingUp(first.ticket_id, first.rule.id, first.due_at)


def _stays(
    journey: Journey, own_changes: Mapping[str, OwnChange], rules: CompiledRules
) -> Iterator[StayRecord]:
    """A ticket's stays as the mirror keeps them; none for one that was deleted or merged into another."""
    if not journey.is_out:
        for stay in journey.stays:
            yield _record(stay, own_changes.get(stay.key or ""), rules)


def _record(stay: Stay, own: OwnChange | None, rules: CompiledRules) -> StayRecord:
    calendar = rules.ladder.calendar(stay.tier)
    minutes = None if stay.left_at is None else calendar.elapsed(stay.entered_at, stay.left_at) // 60
    return StayRecord(
        tier=stay.tier,
        rank=rules.ladder.keys.index(stay.tier) if stay.tier in rules.ladder.keys else None,
        entered_at=stay.entered_at,
        left_at=stay.left_at,
        entered_by=stay.by.value,
        entered_by_id=stay.author_id,
        through=stay.through,
        zdsync_key=stay.key,
        rule=own.rule if own else "",
        why=own.reason if own else "",
        basis=stay.basis.value,
        calendar="" if calendar.is_always else calendar.name,
        business_minutes=minutes,
    )
