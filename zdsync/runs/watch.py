"""Watch: what of a cycle's end needs people, told once, and again only when its cause changes or it is over."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from zdsync.errors import GuardBreach, MirrorError, RuleError, Stopped, ZdsyncError
from zdsync.model import RunId
from zdsync.plan.model import Plan
from zdsync.ports.alerts import Alerts
from zdsync.ports.journal import JournalEntry, Outcome
from zdsync.ports.runs import Run
from zdsync.runs.cycle import RULES_PAUSED, Cycle, Workplace, run_cycle
from zdsync.runs.freshness import mirror_until
from zdsync.runs.notices import tell_notices
from zdsync.runs.outcomes import MANY_REJECTED
from zdsync.runs.pauses import paused_rules

log = logging.getLogger(__name__)

_PASSING = re.compile(r"\(request [^)]*\)|\d+")
"""What differs from one failure to the next of the same cause."""

_LONGEST = 600


class Kind(StrEnum):
    """What may be wrong after a cycle."""

    FAILED = "failed"
    BREACH = "breach"
    REFUSED = "refused"
    PAUSED = "paused"
    UNSETTLED = "unsettled"
    LAG = "lag"


_OVER = {
    Kind.FAILED: "runs no longer fail",
    Kind.BREACH: "the plan is within its limits again",
    Kind.REFUSED: "Zendesk takes our updates again",
    Kind.PAUSED: "no rule is paused any more",
    Kind.UNSETTLED: "the outcome of every write is known again",
    Kind.LAG: "the mirror is fresh again",
}
_LEVELS = {
    Kind.REFUSED: logging.WARNING,
    Kind.PAUSED: logging.WARNING,
    Kind.UNSETTLED: logging.WARNING,
    Kind.LAG: logging.WARNING,
}
"""The others end the run with an error, which speaks for itself."""

_WELL = {0, 3, Stopped.exit_code}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that needs people: troubles of one kind and cause are the same, however `text` differs."""

    cause: str
    text: str


Findings = dict[Kind, Trouble | None]
"""What was found of each kind, None for well; a kind that could not be judged is left out."""


class Watch:
    """Runs cycles and tells people of troubles: one message per kind and cause until the kind clears, then one more.

    Messages name the account, counts, limits, runs and our own error messages, rules and numbers of tickets, nothing
    of what a ticket says. What did not get through is told after the next cycle. A new process takes what the last recorded run left as already told,
    so that a worker restarted again and again, or `zdsync run` under cron, does not repeat itself.
    """

    def __init__(self, place: Workplace, alerts: Alerts | None, max_lag: timedelta) -> None:
        self._place = place
        self._alerts = alerts
        self._max_lag = max_lag
        self._told: dict[Kind, set[str]] = {}
        for kind, trouble in self._left_behind():
            self._told[kind] = {trouble.cause}

    def run_cycle(self) -> Cycle:
        """One cycle; its errors pass through after they were told."""
        try:
            ended = run_cycle(self._place)
        except Stopped:
            raise
        except Exception as err:
            self._tell_changes(self._find(err))
            self._tell_notices()
            raise
        refused = _refused(ended.run_id, ended.applied.refusal) if ended.applied else None
        paused = _paused(ended.planned.plan)
        self._tell_changes({**self._find(None), Kind.REFUSED: refused, Kind.PAUSED: paused})
        self._tell_notices()
        return ended

    def _tell_notices(self) -> None:
        """What the mirror knows that somebody is to be told of tickets; also of a cycle that failed on the way."""
        try:
            tell_notices(self._place.mirror, self._place.clock, self._send, is_shadow=self._place.is_shadow)
        except MirrorError:
            log.warning("watch.mirror_unreadable")

    def _find(self, error: Exception | None) -> Findings:
        found: Findings = {Kind.FAILED: None}
        if isinstance(error, GuardBreach):
            found[Kind.BREACH] = Trouble(_cause(error.message), _in_words(error))
        elif error is not None:
            found[Kind.FAILED] = Trouble(_cause(_message(error)), _in_words(error))
        else:
            found[Kind.BREACH] = None
        try:
            found[Kind.UNSETTLED] = _unsettled(self._place.journal.read_open())
            found[Kind.LAG] = self._lag(self._place.clock.now())
        except MirrorError:
            log.warning("watch.mirror_unreadable")
        return found

    def _lag(self, at: datetime) -> Trouble | None:
        """Too old a mirror; one that was never filled is told as a failed run."""
        until = mirror_until(self._place.mirror)
        if until is None or at - until <= self._max_lag:
            return None
        minutes, limit = ((span.total_seconds() // 60) for span in (at - until, self._max_lag))
        text = f"the mirror is {minutes:.0f} min behind the account; ZDSYNC_MAX_LAG allows {limit:.0f} min"
        return Trouble("", text)

    def _left_behind(self) -> Iterator[tuple[Kind, Trouble]]:
        """What stood when the last recorded cycle ended."""
        recent = self._place.mirror.read_runs(50)
        last = next((run for run in recent if run.command == "run" and run.ended_at), None)
        if last is None or last.ended_at is None:
            return
        if last.exit_code not in _WELL:
            yield _kind_of(last), Trouble(_cause(last.message), "")
        elif (last.figures or {}).get(Outcome.REJECTED.value, 0) > MANY_REJECTED and last.message:
            yield Kind.REFUSED, Trouble("", "")
        if paused := (last.figures or {}).get(RULES_PAUSED, 0):
            yield Kind.PAUSED, Trouble(str(paused), "")
        before = tuple(
            entry for entry in self._place.journal.read_open() if entry.intended_at <= last.ended_at
        )
        if unsettled := _unsettled(before):
            yield Kind.UNSETTLED, unsettled
        if lag := self._lag(last.ended_at):
            yield Kind.LAG, lag

    def _tell_changes(self, found: Findings) -> None:
        for kind, trouble in found.items():
            told = self._told.setdefault(kind, set())
            if trouble is None and told:
                log.info("watch.cleared", extra={"kind": kind.value})
                if not self._send(f"over: {_OVER[kind]}"):
                    return
                told.clear()
            elif trouble is not None and trouble.cause not in told:
                log.log(_LEVELS.get(kind, logging.INFO), "watch.trouble", extra={"kind": kind.value})
                if not self._send(trouble.text):
                    return
                told.add(trouble.cause)

    def _send(self, text: str) -> bool:
        if self._alerts is None:
            return True
        return self._alerts.send(f"zdsync, {self._place.account}: {text}"[:_LONGEST])


def _refused(run_id: RunId, refusal: str) -> Trouble | None:
    """A run that ended well says nothing but that it was refused too much."""
    if not refusal:
        return None
    return Trouble(
        "", f"{refusal}; the run has stopped; `zdsync runs {run_id}` lists them with Zendesk's words"
    )


def _paused(plan: Plan) -> Trouble | None:
    """Rules that wait; the run list keeps how many they were, and one more of them is another cause."""
    paused = paused_rules(plan)
    text = "; ".join(f"rule {notice.name} {notice.message}" for notice in paused)
    return Trouble(str(len(paused)), text) if paused else None


def _unsettled(entries: tuple[JournalEntry, ...]) -> Trouble | None:
    if not entries:
        return None
    runs = sorted({entry.run_id for entry in entries})
    named = ", ".join(runs[:3]) + (f" and {len(runs) - 3} more" if len(runs) > 3 else "")
    text = f"writes without known outcome: {len(entries)}, of run {named}; `zdsync runs RUN` lists them"
    return Trouble(",".join(runs), text)


def _kind_of(run: Run) -> Kind:
    return Kind.BREACH if run.exit_code == GuardBreach.exit_code else Kind.FAILED


def _cause(message: str) -> str:
    """The message without what passes: counts, positions, request ids."""
    return _PASSING.sub("", message)


def _message(error: Exception) -> str:
    """As the run list keeps it."""
    return error.message if isinstance(error, ZdsyncError) else type(error).__name__


def _in_words(error: Exception) -> str:
    """What happened and what to do. Of rule files only where the first fault is: their text may name people."""
    match error:
        case RuleError():
            first, count = error.problems[0], len(error.problems)
            place = f"{first.file}:{first.line}:{first.column}"
            return f"the rules cannot be used, {count} faults, the first in {place}; see `zdsync rules check`"
        case GuardBreach():
            return f"guard: {error.message}; what to do: {error.hint}"
        case ZdsyncError():
            return f"a run failed: {error.message}" + (f"; what to do: {error.hint}" if error.hint else "")
        case _:
            return f"a run broke off with {type(error).__name__}; the worker's log tells where"
