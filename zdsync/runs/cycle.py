"""One cycle: resolve, pull, plan, guard, apply, record. What `run` does once and the worker again and again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from zdsync.errors import GuardBreach, PlanRefused, ZdsyncError
from zdsync.model import RunId, UserId
from zdsync.plan.codec import LIFETIME
from zdsync.plan.guard import guard
from zdsync.plan.model import Breach, Limits, Plan
from zdsync.ports.account import AccountWriter, TicketSource
from zdsync.ports.clock import Clock
from zdsync.ports.journal import Journal, Outcome
from zdsync.ports.mirror import Mirror
from zdsync.ports.runs import Run
from zdsync.rules.model import RuleSet
from zdsync.runs.apply import Applier
from zdsync.runs.freshness import mirror_until
from zdsync.runs.outcomes import Applied, Ended
from zdsync.runs.pauses import paused_rules, with_pauses
from zdsync.runs.plan import Judge, Planned, make_judge, make_plan
from zdsync.runs.public_notes import refuse_public_notes
from zdsync.runs.pull import IN_A_CYCLE, Pulled, pull
from zdsync.runs.resolve import resolve, settle_belied
from zdsync.runs.retention import prune
from zdsync.runs.second_look import Look, SecondLook

log = logging.getLogger(__name__)

FRESH = timedelta(minutes=15)
"""A mirror older than this is no ground to write on."""

DONE, IN_PART = 0, 3
RULES_PAUSED = "rules_paused"
"""The figure of a run under which it keeps how many rules were paused."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """Everything a run works with, bound to one account and one mirror."""

    account: str
    source: TicketSource
    writer: AccountWriter
    mirror: Mirror
    journal: Journal
    clock: Clock
    rules: Callable[[], RuleSet]
    """Reads the rule files afresh, so that a worker notices edits; raises RuleError."""
    new_run_id: Callable[[datetime], RunId]
    start: datetime
    tag_prefix: str
    limits: Limits
    is_shadow: bool
    retention: timedelta | None = None
    """How long what happened on closed tickets is kept; None: for ever."""
    take_turn: Callable[[], None] = lambda: None
    """Comes back when this process may change the mirror; asked before each cycle."""


@dataclass(slots=True)
class Record:
    """What a run writes into the run list when it ends."""

    run: Run
    figures: dict[str, int] = field(default_factory=dict)
    exit_code: int = DONE
    message: str = ""
    rules_digest: str | None = None
    unsolved: int | None = None
    user_id: UserId | None = None


@contextmanager
def recorded(place: Workplace, command: str) -> Iterator[Record]:
    """Open a run, and close it with its figures and exit code whatever happens inside.

    A new database is tied to the account only when that has answered: a mistyped subdomain leaves no trace in it.
    """
    if place.mirror.read_account_name() is None:
        place.source.fetch_identity()
    now = place.clock.now()
    run = Run(place.new_run_id(now), command, place.account, now)
    place.mirror.bind(place.account)
    place.mirror.open_run(run)
    record = Record(run)
    try:
        yield record
    except ZdsyncError as err:
        record.exit_code, record.message = err.exit_code, err.message
        raise
    except BaseException as err:
        record.exit_code, record.message = 1, type(err).__name__
        raise
    finally:
        ended = replace(
            run,
            ended_at=place.clock.now(),
            exit_code=record.exit_code,
            message=record.message,
            figures=record.figures,
            rules_digest=record.rules_digest,
            unsolved=record.unsolved,
            user_id=record.user_id,
        )
        place.mirror.close_run(ended)


@dataclass(frozen=True, slots=True)
class Cycle:
    """How a cycle ended."""

    run_id: RunId
    pulled: Pulled
    planned: Planned
    applied: Applied | None
    """None when nothing was to be written: shadow mode or a dry run."""
    exit_code: int


def run_cycle(place: Workplace, *, is_dry: bool = False) -> Cycle:
    """Pull, decide, and (unless shadow or dry) write what the guard lets pass.

    Raises GuardBreach after pulling and recording the decisions when the plan is over its limits; rule files that
    cannot be used raise RuleError only after the pull, so that the mirror stays fresh while somebody mends them.
    """
    place.take_turn()
    with recorded(place, "run") as record:
        run_id = record.run.id
        settle_open(place)
        pulled = run_pull(place, record, respect_cadence=True)
        planned = run_plan(place, record)
        place.mirror.record_decisions(planned.records(run_id))
        record.figures["pruned"] = prune(place.mirror, place.clock, place.retention)
        if not is_dry:
            record.unsolved = planned.plan.unsolved
        if place.is_shadow or is_dry:
            return Cycle(run_id, pulled, planned, None, DONE)
        refuse_public_notes(place.source, place.mirror, place.journal, place.clock)
        refuse_breach(place, record, planned.plan)
        applied = run_apply(place, record, planned.plan, second_look=make_second_look(place))
        return Cycle(run_id, pulled, planned, applied, record.exit_code)


def settle_open(place: Workplace) -> tuple[Ended, ...]:
    """Find out what became of writes that a stopped run left without outcome; those settled."""
    return resolve(place.source, place.writer, place.mirror, place.journal, place.clock)


def run_pull(place: Workplace, record: Record, *, respect_cadence: bool = False) -> Pulled:
    pulled = pull(
        place.source,
        place.mirror,
        place.clock,
        start=place.start,
        respect_cadence=respect_cadence,
        ceiling=IN_A_CYCLE,
    )
    settle_belied(place.journal, place.clock)
    record.figures |= {f"pulled_{stream.value}": count for stream, count in pulled.rows.items()}
    return pulled


def run_plan(place: Workplace, record: Record) -> Planned:
    """Plan by the rules as they stand on disk now, keeping their text by digest."""
    rules = place.rules()
    planned = with_pauses(
        make_plan(
            place.mirror,
            place.journal,
            rules,
            place.clock,
            account=place.account,
            tag_prefix=place.tag_prefix,
            is_kept=True,
        ),
        rules,
    )
    keep_rules(place.mirror, rules, place.clock.now())
    place.mirror.record_calendars(planned.calendars, place.clock.now())
    place.mirror.record_known(planned.known)
    record.rules_digest = rules.digest
    record.figures |= {f"tickets_{name}": count for name, count in planned.plan.counts.items()}
    if paused := paused_rules(planned.plan):
        record.figures[RULES_PAUSED] = len(paused)
    record.figures["changes"] = len(planned.plan.ticket_changes) + len(planned.plan.account_changes)
    return planned


def keep_rules(mirror: Mirror, rules: RuleSet, at: datetime) -> None:
    text = "\n".join(f"# {name}\n{text}" for name, text in rules.sources)
    mirror.record_ruleset(rules.digest, text, at)


def make_second_look(place: Workplace) -> SecondLook:
    """Tickets that change while a cycle writes are decided by the rules as they stand then."""

    def judge(now: datetime) -> Judge:
        return make_judge(place.mirror, place.rules(), now, tag_prefix=place.tag_prefix)

    return SecondLook(place.source, place.mirror, place.clock, judge)


def run_apply(
    place: Workplace,
    record: Record,
    plan: Plan,
    *,
    limit: int | None = None,
    second_look: Look | None = None,
) -> Applied:
    """Execute a plan and look once more for outcomes that stayed unknown.

    Raises PublicNote, before anything is written, when a note of ours was seen by a customer.
    """
    refuse_public_notes(place.source, place.mirror, place.journal, place.clock)
    _sign(place, record, plan)
    applier = Applier(
        place.source, place.writer, place.mirror, place.journal, place.clock, record.run.id, second_look
    )
    applied = applier.apply(plan, limit=limit)
    if applied.outcomes[Outcome.UNKNOWN]:
        for end in settle_open(place):
            applied.learn(end.name, end.outcome, end.detail)
    record.figures |= {outcome.value: count for outcome, count in applied.outcomes.items()}
    record.figures["decided_again"] = applied.decided_again
    record.exit_code = DONE if applied.is_whole else IN_PART
    record.message = applied.refusal
    return applied


def _sign(place: Workplace, record: Record, plan: Plan) -> None:
    """Note on the run who writes, once, if anything is to be written."""
    if record.user_id is None and not plan.is_empty:
        record.user_id = place.source.fetch_identity().user_id


def find_breaches(place: Workplace, record: Record, plan: Plan) -> tuple[Breach, ...]:
    """The limits that the plan is over, by what earlier runs did and by who would write now."""
    _sign(place, record, plan)
    return guard(plan, place.limits, place.mirror.read_habit(record.user_id), writer=record.user_id)


def refuse_breach(place: Workplace, record: Record, plan: Plan) -> None:
    """Raise GuardBreach when the plan is over a limit."""
    breaches = find_breaches(place, record, plan)
    if breaches:
        raise GuardBreach(
            "; ".join(breach.message for breach in breaches) + "; nothing was written",
            hint="read it with `zdsync plan --out plan.json`, then `zdsync apply plan.json`, or raise the limit",
        )


def refuse_unfit(plan: Plan, place: Workplace, rules_digest: str) -> None:
    """Raise PlanRefused for a plan that is too old, or was made for another account or by other rules."""
    now = place.clock.now()
    again = "make the plan again with `zdsync plan --out FILE`"
    if plan.account != place.account:
        raise PlanRefused(f"this plan is for {plan.account}, not for {place.account}", hint=again)
    if now - plan.made_at > LIFETIME:
        raise PlanRefused(f"this plan was made {_age(now - plan.made_at)} ago, over 24 h", hint=again)
    if plan.rules_digest != rules_digest:
        raise PlanRefused("the rules have changed since this plan was made", hint=again)


def refuse_stale(place: Workplace) -> None:
    """Raise PlanRefused when the mirror is too old to write on."""
    until = mirror_until(place.mirror)
    now = place.clock.now()
    if until is None or now - until > FRESH:
        age = "was never filled" if until is None else f"is {_age(now - until)} old"
        raise PlanRefused(f"the mirror {age}; nothing was written", hint="run `zdsync pull`, then plan again")


def refuse_shadow(place: Workplace) -> None:
    """Raise PlanRefused in shadow mode, which never writes."""
    if place.is_shadow:
        raise PlanRefused(
            "ZDSYNC_MODE is shadow, which never writes; nothing was written",
            hint="set ZDSYNC_MODE=apply once the plans look right",
        )


def _age(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
