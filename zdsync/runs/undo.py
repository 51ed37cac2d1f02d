"""Undo: a run's journal becomes the plan that takes it back, carried out like any other plan; what it restores is held."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from zdsync.errors import Rejected, RuleError
from zdsync.model import Account, Case, Event, Hold, HoldReason, RunId, Stream, TicketId, UserId
from zdsync.plan.invert import AsBefore, LeftAlone, TakenBack, Written, invert
from zdsync.plan.model import Plan, TicketChange, ViewSwitch
from zdsync.plan.views import invert_view
from zdsync.ports import OPEN_OUTCOMES, JournalEntry, Outcome, Run
from zdsync.runs.cycle import IN_PART, Record, Workplace, keep_rules, run_apply
from zdsync.runs.outcomes import Applied
from zdsync.runs.plan import Judge, make_judge, mirror_until
from zdsync.runs.pull import pull

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """Something that an undo does not restore: a ticket or account object, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Undo:
    """What taking a run back would do.

    `left` are the tickets and views that are left alone; `stays` is what Zendesk cannot restore of the others, and
    the groups; `as_before` are the tickets that already are as they were before the run.
    """

    run: Run
    plan: Plan
    left: tuple[Told, ...] = ()
    stays: tuple[Told, ...] = ()
    as_before: tuple[TicketId, ...] = ()


def make_undo(place: Workplace, run_id: RunId, ticket_id: TicketId | None = None) -> Undo:
    """The plan that takes a run back, or one ticket of it, from the tickets' state at this moment; writes nothing.

    To be called after a pull: what the export withholds of its last minutes is fetched here, ticket by ticket.
    Raises Rejected for an unknown run, and for a ticket that the run did not change.
    """
    run, entries = _read_run(place, run_id, ticket_id)
    tickets = [entry for entry in entries if entry.object == "ticket" and _may_be_done(entry)]
    objects = [entry for entry in entries if entry.object != "ticket" and entry.outcome is Outcome.APPLIED]
    if objects:
        streams = (Stream.GROUPS, Stream.VIEWS)
        pull(place.source, place.mirror, place.clock, start=place.start, streams=streams)
    cases = _read_cases(place, [TicketId(entry.object_id or 0) for entry in tickets])
    account = place.mirror.read_account()
    judge = _judge(place, run)
    made = _Gathered(account, place.tag_prefix, judge)
    made.take_objects(objects, run_id)
    made.take_tickets(tickets, cases)
    plan = Plan(
        account=place.account,
        made_at=place.clock.now(),
        mirror_until=mirror_until(place.mirror),
        rules_digest=judge.rules.rules.digest if judge else run.rules_digest or "",
        unsolved=place.mirror.count_unsolved(),
        account_changes=tuple(made.switches),
        ticket_changes=tuple(sorted(made.changes, key=lambda change: change.ticket_id)),
    )
    return Undo(run, plan, tuple(made.left), tuple(made.stays), tuple(made.as_before))


def apply_undo(place: Workplace, record: Record, undo: Undo) -> Applied:
    """Carry the undo out, and hold what it restores until the rules change or a release.

    What the undone run itself held, it holds no longer: taking an undo back gives its tickets to the rules again.
    """
    record.rules_digest = undo.plan.rules_digest
    record.figures["changes"] = len(undo.plan.ticket_changes) + len(undo.plan.account_changes)
    ids = [change.ticket_id for change in undo.plan.ticket_changes]
    held_before = place.mirror.read_held_by(undo.run.id, ids)
    place.mirror.record_holds([_hold(place, record, undo, id) for id in ids if id not in held_before])
    applied = run_apply(place, record, undo.plan)
    written = place.journal.read_entries(run_id=record.run.id)
    done = [entry for entry in written if entry.object == "ticket" and entry.outcome is Outcome.APPLIED]
    restored = [TicketId(entry.object_id or 0) for entry in done]
    place.mirror.end_holds((*restored, *undo.as_before), place.clock.now(), run_id=undo.run.id)
    if undo.left:
        record.exit_code = IN_PART
    return applied


def _hold(place: Workplace, record: Record, undo: Undo, ticket_id: TicketId) -> Hold:
    return Hold(
        ticket_id,
        HoldReason.UNDO,
        place.clock.now(),
        rules_digest=undo.plan.rules_digest,
        run_id=record.run.id,
    )


def _judge(place: Workplace, run: Run) -> Judge | None:
    """The present rules; None while they cannot be used, which is no reason not to take a run back."""
    now = place.clock.now()
    try:
        rules = place.rules()
        judge = make_judge(place.mirror, rules, now, tag_prefix=place.tag_prefix)
    except RuleError:
        log.warning("undo.rules_unusable", extra={"run_id": run.id})
        return None
    keep_rules(place.mirror, rules, now)
    return judge


def _read_run(
    place: Workplace, run_id: RunId, ticket_id: TicketId | None
) -> tuple[Run, tuple[JournalEntry, ...]]:
    run = place.mirror.read_run(run_id)
    if run is None:
        raise Rejected(f"there is no run {run_id}", status=404, hint="`zdsync runs` lists the latest ones")
    entries = place.journal.read_entries(run_id=run_id, ticket_id=ticket_id)
    if ticket_id is not None and not entries:
        raise Rejected(
            f"run {run_id} did not change ticket {ticket_id}",
            status=404,
            hint=f"`zdsync runs {run_id}` lists what it changed",
        )
    return run, entries


def _may_be_done(entry: JournalEntry) -> bool:
    return entry.outcome is Outcome.APPLIED or entry.outcome in OPEN_OUTCOMES


def _read_cases(place: Workplace, ids: Sequence[TicketId]) -> Mapping[TicketId, Case]:
    """The tickets as they are in Zendesk now, each with every event; those that are gone are missing."""
    if not ids:
        return {}
    page = place.source.fetch_tickets(ids)
    place.mirror.record_page(page, None, place.clock.now())
    alive = {TicketId(row["id"]) for row in page.rows.get(Stream.TICKETS.value, ())}
    fresh = dict(_fresh_events(place, alive))
    _fetch_authors(place, fresh.values())
    cases = {case.ticket.id: case for case in place.mirror.read_cases(alive)}
    return {id: replace(case, events=fresh.get(id, case.events)) for id, case in cases.items()}


def _fresh_events(place: Workplace, ids: Iterable[TicketId]) -> Iterator[tuple[TicketId, tuple[Event, ...]]]:
    """The whole history of each ticket that changed after the events mirrored; one request for each of these."""
    for case in place.mirror.read_cases(frozenset(ids)):
        until = case.events_until
        if until is None or case.ticket.updated_at >= until:
            yield case.ticket.id, place.source.fetch_events(case.ticket.id)


def _fetch_authors(place: Workplace, histories: Iterable[tuple[Event, ...]]) -> None:
    """Mirror the people behind these events, so that a new agent's change counts as a person's."""
    staff = place.mirror.read_account().staff
    authors = {event.author_id for history in histories for event in history}
    unknown = sorted(UserId(id) for id in authors if id is not None and id > 0 and id not in staff)
    if unknown:
        place.mirror.record_page(place.source.fetch_users(unknown), None, place.clock.now())


class _Gathered:
    """What becomes of each journal entry, entry by entry."""

    def __init__(self, account: Account, tag_prefix: str, judge: Judge | None) -> None:
        self.changes: list[TicketChange] = []
        self.switches: list[ViewSwitch] = []
        self.left: list[Told] = []
        self.stays: list[Told] = []
        self.as_before: list[TicketId] = []
        self._account, self._tag_prefix, self._judge = account, tag_prefix, judge

    def take_objects(self, entries: Iterable[JournalEntry], run_id: RunId) -> None:
        for entry in entries:
            name = f"{entry.object} {entry.name!r}"
            if entry.object != "view" or entry.object_id is None:
                self.stays.append(Told(name, "zdsync deletes nothing in Zendesk"))
                continue
            reason = f"takes back run {run_id}"
            found = invert_view(entry.object_id, entry.before, entry.after, self._account, reason=reason)
            if isinstance(found, ViewSwitch):
                self.switches.append(found)
            elif found is not None:
                self.left.append(Told(name, found))

    def take_tickets(self, entries: Iterable[JournalEntry], cases: Mapping[TicketId, Case]) -> None:
        for entry in entries:
            case = cases.get(TicketId(entry.object_id or 0))
            if case is None:
                self.left.append(Told(entry.name, "the ticket is gone"))
            elif entry.outcome is not Outcome.APPLIED:
                self.left.append(Told(entry.name, "whether it was changed is not known yet; try again later"))
            else:
                self._take(entry, case)

    def _take(self, entry: JournalEntry, case: Case) -> None:
        match invert(_written(entry, case), case, self._account, tag_prefix=self._tag_prefix):
            case TakenBack(change, stays):
                private = self._private_rule(case)
                if private is not None:
                    reason = f"rule {private} keeps private data where it is; mend the rule first"
                    self.left.append(Told(entry.name, reason))
                    return
                self.changes.append(change)
                self.stays.extend(Told(entry.name, sentence) for sentence in stays)
            case LeftAlone(reason):
                self.left.append(Told(entry.name, reason))
            case AsBefore():
                self.as_before.append(case.ticket.id)

    def _private_rule(self, case: Case) -> str | None:
        """The rule that would move the ticket again at once, since no hold keeps private data in an open queue."""
        if self._judge is None:
            return None
        rule = self._judge.judge(case, even_if_settling=True).decision.rule
        return rule.id if rule is not None and rule.then.private_only else None


def _written(entry: JournalEntry, case: Case) -> Written:
    return Written(
        ticket_id=case.ticket.id,
        run_id=entry.run_id,
        key=entry.key,
        rule=entry.rule,
        before=entry.before,
        after=entry.after,
        stamp=entry.updated_stamp or entry.intended_at,
        has_note=entry.note_digest is not None,
    )
