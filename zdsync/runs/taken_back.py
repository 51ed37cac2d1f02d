"""Gathered: the journal entries of runs, ticket by ticket and view by view, become changes that take them back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zdsync.account import Account
from zdsync.model import Case, TicketId
from zdsync.plan.invert import AsBefore, LeftAlone, TakenBack, Written, invert, told_runs
from zdsync.plan.model import TicketChange, ViewSwitch, ViewUpdate
from zdsync.plan.views import invert_view
from zdsync.ports.journal import JournalEntry, Outcome
from zdsync.runs.plan import Judge


@dataclass(frozen=True, slots=True)
class Told:
    """Something that an undo does not restore: a ticket or account object, and why."""

    name: str
    reason: str
    ticket_id: TicketId | None = None


class Gathered:
    """What becomes of each ticket and account object that the entries are about."""

    def __init__(self, account: Account, tag_prefix: str, judge: Judge | None) -> None:
        self.changes: list[TicketChange] = []
        self.switches: list[ViewSwitch | ViewUpdate] = []
        self.left: list[Told] = []
        self.stays: list[Told] = []
        self.as_before: list[TicketId] = []
        self._account, self._tag_prefix, self._judge = account, tag_prefix, judge

    def take_objects(self, entries: Iterable[JournalEntry]) -> None:
        """Views go back step by step, the latest first; all else stays."""
        of_object: defaultdict[tuple[str, str, int | None], list[JournalEntry]] = defaultdict(list)
        for entry in entries:
            is_view = entry.object == "view" and entry.object_id is not None
            of_object[entry.object, "" if is_view else entry.name, entry.object_id].append(entry)
        for done in of_object.values():
            self._take_object(done)

    def _take_object(self, done: Sequence[JournalEntry]) -> None:
        last = done[-1]
        name = f"{last.object} {last.name!r}"
        if last.object != "view" or last.object_id is None:
            self.stays.append(Told(name, "zdsync deletes nothing in Zendesk"))
            return
        steps = [(entry.before, entry.after) for entry in done]
        reason = f"takes back {told_runs([entry.run_id for entry in done])}"
        found = invert_view(last.object_id, steps, self._account, reason=reason)
        if isinstance(found, ViewSwitch | ViewUpdate):
            self.switches.append(found)
        elif found is not None:
            self.left.append(Told(name, found))

    def take_tickets(self, entries: Iterable[JournalEntry], cases: Iterable[Case]) -> None:
        of_ticket: defaultdict[int | None, list[JournalEntry]] = defaultdict(list)
        for entry in entries:
            of_ticket[entry.object_id].append(entry)
        for case in cases:
            done = of_ticket.pop(case.ticket.id)
            if all(entry.outcome is Outcome.APPLIED for entry in done):
                self._take(done, case)
            else:
                self._leave(done, "whether it was changed is not known yet; try again later")
        for done in of_ticket.values():
            self._leave(done, "the ticket is gone")

    def _leave(self, done: Sequence[JournalEntry], reason: str) -> None:
        self.left.append(Told(done[0].name, reason, TicketId(done[0].object_id or 0)))

    def _take(self, done: Sequence[JournalEntry], case: Case) -> None:
        match invert(_written(done, case), case, self._account, tag_prefix=self._tag_prefix):
            case TakenBack(change, stays):
                private = self._private_rule(case)
                if private is not None:
                    self._leave(done, f"rule {private} keeps private data where it is; mend the rule first")
                    return
                self.changes.append(change)
                self.stays.extend(Told(done[0].name, sentence) for sentence in stays)
            case LeftAlone(reason):
                self._leave(done, reason)
            case AsBefore():
                self.as_before.append(case.ticket.id)

    def _private_rule(self, case: Case) -> str | None:
        """The rule that would move the ticket again at once, since no hold keeps private data in an open queue."""
        if self._judge is None:
            return None
        rule = self._judge.judge(case, even_if_settling=True).decision.rule
        return rule.id if rule is not None and rule.then.private_only else None


def _written(done: Sequence[JournalEntry], case: Case) -> Written:
    """What the entries wrote to one ticket, oldest first: one update, two after a second look, or those of many runs."""
    first, last = done[0], done[-1]
    return Written(
        ticket_id=case.ticket.id,
        runs=tuple(dict.fromkeys(entry.run_id for entry in done)),
        key=first.key,
        rule=last.rule,
        before={**_merged([entry.before for entry in reversed(done)]), "tags": _tags(done, at_first=True)},
        after={**_merged([entry.after for entry in done]), "tags": _tags(done, at_first=False)},
        stamp=first.updated_stamp or first.intended_at,
        has_note=any(entry.note_digest is not None for entry in done),
    )


def _merged(sides: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One side of several updates; of what more than one names, the last holds."""
    merged: dict[str, Any] = {}
    for side in sides:
        custom = {**merged.get("custom_fields", {}), **side.get("custom_fields", {})}
        merged |= {**side, "custom_fields": custom}
    return merged


def _tags(done: Sequence[JournalEntry], *, at_first: bool) -> list[str]:
    """Those of the tags that the entries added or removed which the ticket had before the first or after the last.

    Entries hold the whole list; a tag that somebody else gave the ticket between two of them is none of ours.
    """
    there: dict[str, bool] = {}
    for entry in done:
        before, after = set(entry.before.get("tags", ())), set(entry.after.get("tags", ()))
        for tag in before ^ after:
            there[tag] = there.get(tag, tag in before) if at_first else tag in after
    return sorted(tag for tag, is_there in there.items() if is_there)
