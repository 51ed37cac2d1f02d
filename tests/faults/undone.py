"""What an undo of everything owes each ticket, worked out from the account's own audits and not from the product's."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.house import House
from zdsync.errors import ZdsyncError
from zdsync.plan.model import Limits
from zdsync.ports.journal import JournalEntry, Outcome
from zdsync.runs.cycle import recorded, run_cycle, run_pull, settle_open
from zdsync.runs.undo import Undo, apply_undo, make_undo_of_span
from zdsync.sandbox.records import Audit, Change, Ticket

WIDE = Limits(max_changes=10_000, max_share=1.0)
MAY_STAY = re.compile(r"private data|is closed|is gone|Zendesk cannot|several tier tags|former group")
"""Reasons for which a ticket that nobody touched may be left alone."""

Look = dict[str, Any]


def look(ticket: Ticket) -> Look:
    """Everything about a ticket that zdsync may change, tags one by one."""
    plain = {
        name: getattr(ticket, name) for name in ("group_id", "assignee_id", "priority", "type", "status")
    }
    fields = {str(id): value for id, value in ticket.fields.items()}
    return {**plain, **fields, **{f"tag {tag}": True for tag in ticket.tags}}


@dataclass
class Written:
    """What all our updates together did to one ticket: each thing's value before the first and after the last."""

    before: Look = field(default_factory=dict)
    after: Look = field(default_factory=dict)
    is_touched: bool = False
    """Whether a person changed one of these things after our first update, or the ticket shows it otherwise."""


def written(ticket: Ticket, entries: Sequence[JournalEntry], people: frozenset[int]) -> Written:
    """`entries` are the ticket's applied ones; of their audits only what they name counts as ours."""
    found, keys, names = Written(), {entry.key for entry in entries}, set(_names(entries))
    has_begun = False
    for audit in ticket.audits:
        is_ours = (audit.custom or {}).get("zdsync") in keys
        has_begun |= is_ours
        for name, old, new in _steps(audit, is_ours=is_ours):
            is_choice = name == "assignee_id" and "group_id" in names
            if is_ours and name in names:
                found.before.setdefault(name, old)
                found.after[name] = new
            elif not is_ours and has_begun and audit.author_id in people and (name in names or is_choice):
                found.is_touched = True
    now = look(ticket)
    found.is_touched |= any(now.get(name) != (value or None) for name, value in found.after.items())
    return found


def _names(entries: Sequence[JournalEntry]) -> Iterator[str]:
    for entry in entries:
        tags = set(entry.before.get("tags", ())) ^ set(entry.after.get("tags", ()))
        yield from (f"tag {tag}" for tag in tags)
        yield from map(str, entry.after.get("custom_fields", {}))
        yield from (name for name in entry.after if name not in {"tags", "custom_fields"})


def _steps(audit: Audit, *, is_ours: bool) -> Iterator[tuple[str, Any, Any]]:
    """The changes of an audit, tags one by one; of ours without what triggers added."""
    for event in audit.events:
        if not isinstance(event, Change) or (is_ours and event.rule is not None):
            continue
        if event.field != "tags":
            yield event.field, event.old, event.new
            continue
        old, new = set(event.old or ()), set(event.new or ())
        yield from ((f"tag {tag}", tag in old or None, tag in new or None) for tag in old ^ new)


def take_everything_back(house: House, since: datetime, **given: Any) -> Undo:
    """The undo of all runs since then, called until it comes through; the last one."""
    for _ in range(6):
        place = house.place(**given)
        try:
            with recorded(place, "undo") as record:
                settle_open(place)
                run_pull(place, record, respect_cadence=True)
                undo = make_undo_of_span(place, since, place.clock.now())
                applied = apply_undo(place, record, undo)
        except ZdsyncError:
            applied = None
        house.close()
        house.advance(130)
        if applied is not None and applied.is_whole and undo.plan.is_empty:
            return undo
        house.control.clear_faults()
    raise AssertionError("the undo does not come to an end")


def assert_everything_goes_back(house: House, entries: Mapping[str, JournalEntry], since: datetime) -> int:
    """The undo of everything, carried out while Zendesk still stumbles; how many tickets it restored.

    What nobody touched is as before our first update, or told with a reason of Zendesk's; everything else is as it was
    and told; no foreign tag is lost; and the next run leaves it all alone.
    """
    of_ticket: defaultdict[int, list[JournalEntry]] = defaultdict(list)
    for entry in entries.values():
        if entry.object == "ticket" and entry.outcome is Outcome.APPLIED:
            of_ticket[entry.object_id or 0].append(entry)
    tickets = house.sandbox.world.tickets
    users = house.sandbox.world.users.values()
    people = frozenset(user.id for user in users if user.role != "end-user" and "bot" not in user.tags)
    owed = {id: written(tickets[id], done, people) for id, done in of_ticket.items()}
    now = {id: look(ticket) for id, ticket in tickets.items()}

    for kind in ("reset_after", "409", "429", "job_half_failed", "cut_body", "503"):
        house.control.fault(kind, pattern="PUT .*update_many|show_many")
    undo = take_everything_back(house, since)
    reasons = {int(told.ticket_id or 0): told.reason for told in undo.left}
    stays = {told.ticket_id for told in undo.stays} | {told.name for told in undo.stays}
    restored = 0
    for id, ticket in tickets.items():
        after = look(ticket)
        change = owed.get(id, Written())
        if change.is_touched or id in reasons:
            assert after == now[id], id
            assert change.is_touched or MAY_STAY.search(reasons[id]), (id, reasons[id])
            continue
        wanted = {**now[id], **change.before}
        different = {name for name in {*after, *wanted} if after.get(name) != wanted.get(name)}
        if not change.before:
            assert not different, (id, different)
        assert different <= {"priority", "type", "status", "assignee_id"}, (id, different)
        assert not different or f"ticket {id}" in stays or _cannot(different, change.before), (id, different)
        restored += bool(change.before)

    ended = run_cycle(house.place(limits=WIDE))
    assert ended.planned.plan.is_empty, ended.planned.plan.ticket_changes[:3]
    assert {id for id, ticket in tickets.items() if look(ticket) != now[id]} <= set(owed)
    house.close()
    return restored


def _cannot(different: set[str], before: Look) -> bool:
    """What Zendesk never gives back: a status of new, a priority or type that was empty; and who may have a ticket."""
    return all(name == "assignee_id" or before.get(name) in {None, "new"} for name in different)
