"""What a run need not decide again: the epoch by which all was decided, and the book in which each decision is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from zdsync.account import Account
from zdsync.facts import Facts
from zdsync.journey import Journey, Stay, travel
from zdsync.model import Case, OwnChange, TicketId, User
from zdsync.plan.model import ComingUp
from zdsync.ports.mirror import Mirror
from zdsync.ports.way import Agenda, Notice, NoticeKind, Signs, StayRecord, TargetRecord, Way
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.evaluate import is_on
from zdsync.rules.external import rows_digest, rows_of
from zdsync.rules.former import former_names
from zdsync.rules.model import External
from zdsync.rules.vocabulary import plain
from zdsync.tiers.clocks import TRANSCRIPTS
from zdsync.tiers.due import ComingMove, Outlook
from zdsync.tiers.model import Decision, Verdict
from zdsync.tiers.promises import TierTarget, promised

VERSION = 2
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
    """A digest of what tells the tiers, groups, targets and business time of a ticket's stays."""
    ladder = rules.ladder
    return _digest(
        {
            "version": VERSION,
            "prefix": ladder.tag_prefix,
            "keys": ladder.keys,
            "groups": sorted((id, keys) for id, keys in ladder.tiers_of_group.items()),
            "sensitive": sorted(ladder.sensitive),
            "targets": [[tier.key, [asdict(each) for each in tier.targets]] for tier in rules.rules.tiers],
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

    def take(self, facts: Facts, decision: Decision, ahead: Outlook, *, is_changed: bool) -> None:
        """Note what was decided of an unsolved ticket, what lies ahead of it, and whether it is to be changed."""
        self._add(
            Way(
                ticket_id=facts.current.id,
                outcome=decision.verdict.value,
                rule=decision.rule_id,
                reason=decision.reason,
                due_at=ahead.due_at,
                is_pending=is_changed or decision.verdict in _RETRIED,
                coming=nearest(ahead.warnings),
                external=rows_digest(facts.external),
                stays=tuple(_stays(facts.journey, facts.own_changes, self.rules)),
                targets=tuple(map(_target_record, ahead.targets)) if facts.has_whole_history else None,
                signs=_signs(facts),
                notices=None if decision.verdict in _RETRIED else tuple(_notices(facts, decision, ahead)),
            )
        )

    def take_finished(self, cases: Iterable[Case]) -> None:
        """Note the stays and targets of tickets that are not unsolved."""
        for case in cases:
            journey = travel(case, self.rules.ladder)
            stays = _stays(journey, case.own_changes, self.rules)
            targets = promised(case.ticket, journey, self.rules, self.at)
            self._add(
                Way(
                    case.ticket.id,
                    stays=tuple(stays) if case.events else None,
                    targets=tuple(map(_target_record, targets)) if case.has_whole_history else None,
                )
            )

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


def nearest(warnings: tuple[ComingMove, ...]) -> ComingUp | None:
    """The first of the moves that come closer."""
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


def _target_record(target: TierTarget) -> TargetRecord:
    hours, end = target.hours, target.ended_at
    return TargetRecord(
        kind=target.kind.value,
        position=target.position,
        tier=target.tier,
        priority=target.priority,
        promised=str(target.length),
        started_at=target.started_at,
        due_at=target.due_at,
        ended_at=end,
        state=target.state.value,
        calendar="" if hours.is_always else hours.name,
        minutes=None if end is None else target.elapsed_s // 60,
    )


def _signs(facts: Facts) -> Signs:
    journey = facts.journey
    unknown = "transcript" if facts.current.channel in TRANSCRIPTS else ""
    return Signs(
        waiting_since=None if unknown else journey.waiting_since,
        unassigned_since=journey.unassigned_since,
        status_since=journey.status_since,
        touched_at=journey.others_did_at,
        unknown_clock=unknown if facts.has_whole_history else "history",
    )


def _notices(facts: Facts, decision: Decision, ahead: Outlook) -> Iterator[Notice]:
    """What somebody is to be told of the ticket as long as it lasts; a change is told once it is made."""
    id, rule = decision.ticket_id, decision.rule
    audience = ", ".join(name for name in decision.notify if name)
    if decision.verdict is Verdict.LIMITED:
        yield Notice(id, NoticeKind.LIMITED, audience=audience)
    elif decision.verdict is Verdict.HELD and decision.notify:
        yield Notice(id, NoticeKind.CONTRADICTED, audience=audience)
    elif rule is not None and rule.then.private_only and facts.detected_publicly:
        yield Notice(id, NoticeKind.PRIVATE, rule.id, audience)
    for warning in ahead.warnings:
        yield Notice(id, NoticeKind.WARNING, warning.rule.id)
