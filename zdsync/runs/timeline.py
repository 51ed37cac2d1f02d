"""Timeline: all that is known of one ticket's way, in the order of time: stays, clocks, decisions, our changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zdsync.actors import Actor
from zdsync.errors import Rejected
from zdsync.facts import Facts
from zdsync.journey import Stay
from zdsync.model import Case, TicketId, UserId
from zdsync.ports.clock import Clock
from zdsync.ports.journal import Journal, JournalEntry
from zdsync.ports.mirror import Mirror
from zdsync.ports.runs import DecisionRecord
from zdsync.rules.model import RuleSet
from zdsync.runs.insight import Insight
from zdsync.runs.look_ahead import LookAhead, look_ahead
from zdsync.runs.plan import Judge, make_judge
from zdsync.tiers.clock_words import moment_told, reading_told, target_told
from zdsync.tiers.notes import how_long


class Entry(StrEnum):
    """What kind of thing happened."""

    CREATED = "created"
    STATUS = "status"
    STAY = "stay"
    MOVE = "move"
    LEFT = "left"
    CLOCK = "clock"
    DECISION = "decision"
    CHANGE = "change"
    HOLD = "hold"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a ticket's story."""

    at: datetime
    kind: Entry
    text: str


def timeline(
    mirror: Mirror,
    journal: Journal,
    insight: Insight,
    rules: RuleSet,
    clock: Clock,
    ticket_id: TicketId,
    *,
    tag_prefix: str,
) -> tuple[Happening, ...]:
    """Everything about the ticket, oldest first, what lies ahead last; raises Rejected when it is not mirrored."""
    case = next(iter(mirror.read_cases({ticket_id})), None)
    if case is None:
        raise Rejected(
            f"ticket {ticket_id} is not in the mirror", status=404, hint="pull first, or check the number"
        )
    judge = make_judge(mirror, rules, clock.now(), tag_prefix=tag_prefix, journal=journal)
    judged = judge.judge(case, even_if_settling=True)
    found = [
        *_of_ticket(judged.facts),
        *_stays(case, judged.facts, judge),
        *_holds(case),
        *_decisions(insight.read_decisions(ticket_id)),
        *_changes(journal.read_entries(ticket_id=ticket_id)),
        *_clocks(judged.facts, look_ahead(judged, judge)),
    ]
    return tuple(sorted(found, key=lambda one: one.at))


def _of_ticket(facts: Facts) -> Iterator[Happening]:
    journey = facts.journey
    yield Happening(
        facts.current.created_at, Entry.CREATED, f"created through {facts.current.channel or '?'}"
    )
    if not facts.has_whole_history:
        yield Happening(
            facts.current.created_at, Entry.CREATED, "what happened before the mirrored history is not known"
        )
    for at, status in journey.statuses:
        yield Happening(at, Entry.STATUS, f"status {status}")
    if journey.first_reply_at is not None:
        yield Happening(journey.first_reply_at, Entry.CLOCK, "first public reply by a person")
    if journey.waiting_since is not None:
        yield Happening(journey.waiting_since, Entry.CLOCK, "the customer waits for an answer from here on")
    if journey.unassigned_since is not None:
        yield Happening(journey.unassigned_since, Entry.CLOCK, "nobody is assigned from here on")


def _stays(case: Case, facts: Facts, judge: Judge) -> Iterator[Happening]:
    before: str | None = None
    for stay in facts.journey.stays:
        is_move = before not in {None, stay.tier}
        step = f"moved from tier {before} to {stay.tier}" if is_move else f"placed in tier {stay.tier}"
        before = stay.tier
        own = case.own_changes.get(stay.key or "")
        why = f": {own.reason} (rule {own.rule})" if own and own.rule else ""
        basis = ", told by its group" if stay.basis == "group" else ""
        kind = Entry.MOVE if is_move else Entry.STAY
        yield Happening(stay.entered_at, kind, f"{step} by {_who(stay, case)}{basis}{why}")
        hours = judge.rules.ladder.calendar(stay.tier)
        if stay.left_at is not None:
            open_time = "" if hours.is_always else " of open time"
            spent = how_long(hours.elapsed(stay.entered_at, stay.left_at))
            yield Happening(stay.left_at, Entry.LEFT, f"left tier {stay.tier} after {spent}{open_time}")


def _who(stay: Stay, case: Case) -> str:
    if stay.by is Actor.RULE:
        return f"a rule of the account ({stay.through})"
    return _name(stay.author_id, case) if stay.by is Actor.PERSON else stay.by.value


def _name(id: UserId | None, case: Case) -> str:
    person = case.staff.get(id) if id is not None else None
    return person.name if person and person.name else "a person"


def _holds(case: Case) -> Iterator[Happening]:
    for hold in case.holds:
        end = f"until {hold.until:%Y-%m-%d %H:%M} UTC" if hold.until else "until it is released"
        how = f"by the undo {hold.run_id}" if hold.run_id else "by hand"
        yield Happening(hold.since, Entry.HOLD, f"held {how}, {end}")


def _decisions(kept: Sequence[DecisionRecord]) -> Iterator[Happening]:
    for one in kept:
        rule = f" by {one.rule}" if one.rule else ""
        yield Happening(one.decided_at, Entry.DECISION, f"{one.outcome}{rule}: {one.reason}")


def _changes(entries: Sequence[JournalEntry]) -> Iterator[Happening]:
    for entry in entries:
        what = entry.kind or "changed"
        rule = f" by {entry.rule}" if entry.rule else ""
        outcome = entry.outcome.value + (f" ({entry.detail})" if entry.detail else "")
        yield Happening(
            entry.intended_at, Entry.CHANGE, f"run {entry.run_id}: {what}{rule}, {outcome}; {_fields(entry)}"
        )


def _fields(entry: JournalEntry) -> str:
    return ", ".join(sorted(entry.after)) or "a note"


def _clocks(facts: Facts, ahead: LookAhead) -> Iterator[Happening]:
    """Clocks as they stand now, targets, and what comes."""
    for prospect in ahead.prospects:
        if prospect.reading is not None:
            told = reading_told(prospect.reading, facts.now)
            yield Happening(facts.now, Entry.CLOCK, f"{prospect.rule.id}: {told}")
    for target in ahead.targets:
        yield Happening(facts.now, Entry.CLOCK, f"target {target_told(target)}")
    if ahead.next is not None:
        yield Happening(
            ahead.next.at, Entry.AHEAD, f"falls due: {moment_told(ahead.next).partition(', ')[2]}"
        )
