"""How changes ended: each outcome goes into the journal first, and is then counted for whoever asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zdsync.ports.clock import Clock
from zdsync.ports.journal import Journal, Outcome


@dataclass(frozen=True, slots=True)
class Left:
    """A change that did not happen, or not for sure: what, how it ended, and Zendesk's word for it."""

    name: str
    outcome: Outcome
    detail: str


MANY_REJECTED = 100
"""Up to so many refusals a run goes on whatever their share: one bad batch is no bad plan."""


@dataclass(slots=True)
class Applied:
    """How an apply ended: outcomes counted, and everything that is not simply done.

    `decided_again` counts tickets in conflict whose second decision was carried out or found nothing to do, `unsent`
    those that were not sent because Zendesk had refused too many before them.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    left: list[Left] = field(default_factory=list)
    decided_again: int = 0
    unsent: int = 0

    def note(self, name: str, outcome: Outcome, detail: str = "") -> None:
        self.outcomes[outcome] += 1
        if outcome is not Outcome.APPLIED or detail:
            self.left.append(Left(name, outcome, detail))

    def learn(self, name: str, outcome: Outcome, detail: str) -> None:
        """Put the outcome of a change that was UNKNOWN in its place."""
        for place, left in enumerate(self.left):
            if (left.name, left.outcome) == (name, Outcome.UNKNOWN):
                del self.left[place]
                self.outcomes -= Counter([Outcome.UNKNOWN])
                self.note(name, outcome, detail)
                return

    @property
    def is_whole(self) -> bool:
        return all(outcome is Outcome.APPLIED for outcome in self.outcomes)

    def is_refused(self, conflicts: int = 0) -> bool:
        """Whether Zendesk refuses so much that the fault is not with single tickets; `conflicts` are not counted yet."""
        rejected = self.outcomes[Outcome.REJECTED]
        return rejected > MANY_REJECTED and 2 * rejected > self.outcomes.total() + conflicts

    @property
    def refusal(self) -> str:
        """In words that too much was refused; empty when it was not."""
        if not self.is_refused():
            return ""
        rejected = self.outcomes[Outcome.REJECTED]
        rest = f", and {self.unsent:,} were not sent" if self.unsent else ""
        return f"Zendesk rejected {rejected:,} of {self.outcomes.total():,} updates{rest}"


@dataclass(frozen=True, slots=True)
class Ended:
    """One journal entry's end: its key, what it was about, how it ended, and Zendesk's word for it."""

    key: str
    name: str
    outcome: Outcome
    detail: str = ""


def settle(
    journal: Journal,
    clock: Clock,
    done: Applied,
    ends: Sequence[Ended],
    object_ids: Mapping[str, int] | None = None,
) -> None:
    """Write outcomes into the journal, with the ids of created objects by key, and count them."""
    rows = [(end.key, end.outcome, end.detail) for end in ends]
    journal.record_outcomes(rows, clock.now(), object_ids)
    for end in ends:
        done.note(end.name, end.outcome, end.detail)
