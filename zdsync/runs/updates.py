"""A ticket's change as it goes out and as the journal keeps it, and what of it a ticket read back does not show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zdsync.model import FieldValue, GroupId, RunId, TicketId
from zdsync.plan.model import TicketChange
from zdsync.ports.account import TicketUpdate
from zdsync.ports.journal import JournalEntry, Outcome
from zdsync.runs.outcomes import Ended
from zdsync.streams import Record

BATCH_SIZE = 100
"""Zendesk's own limit for update_many. Source: developer.zendesk.com, "Tickets" (read 2026-11)."""

_READ_BACK = ("group_id", "assignee_id", "priority", "type", "status")


@dataclass(frozen=True, slots=True)
class Item:
    """One ticket's change on its way: what was decided, and the update that says so."""

    change: TicketChange
    update: TicketUpdate

    @property
    def ticket_id(self) -> TicketId:
        return self.change.ticket_id

    @property
    def name(self) -> str:
        return ticket_name(self.ticket_id)

    def ended(self, outcome: Outcome, detail: str = "") -> Ended:
        return Ended(self.update.key, self.name, outcome, detail)


def ticket_name(ticket_id: TicketId) -> str:
    """What the journal and the command line call a ticket."""
    return f"ticket {ticket_id}"


def make_item(change: TicketChange, group_id: GroupId | None, key: str) -> Item:
    """The update for a change; `group_id` is the group it moves to, by the id that may be new."""
    update = TicketUpdate(
        ticket_id=change.ticket_id,
        updated_stamp=change.updated_stamp,
        key=key,
        fields=api_fields(change, group_id),
        add_tags=change.add_tags,
        remove_tags=change.remove_tags,
        all_tags=change.tags,
        note=change.note,
    )
    return Item(change, update)


def in_batches(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """As many at a time as one request takes, read only when asked for."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH_SIZE:
            yield tuple(batch)
            batch = []
    if batch:
        yield tuple(batch)


def api_fields(change: TicketChange, group_id: GroupId | None) -> dict[str, Any]:
    """A change's fields as the API names them.

    An assignee who is no member of the new group is cleared in the same update: Zendesk would else refuse the move or
    clear the assignee by itself.
    """
    fields = _by_name((diff.field, diff.after) for diff in change.fields)
    if group_id is not None:
        fields["group_id"] = group_id
    if change.assignee_before is not None:
        fields["assignee_id"] = None
    if change.follower is not None:
        fields["followers"] = [{"user_id": change.follower, "action": "put"}]
    return fields


def entry_of(item: Item, run_id: RunId, at: datetime) -> JournalEntry:
    """The intent, as it stands in the journal before Zendesk is asked."""
    change, after, before = item.change, dict(item.update.fields), _before(item.change)
    if change.add_tags or change.remove_tags:
        after["tags"] = list(change.tags)
        before["tags"] = sorted((set(change.tags) - set(change.add_tags)) | set(change.remove_tags))
    return JournalEntry(
        key=item.update.key,
        run_id=run_id,
        object="ticket",
        object_id=change.ticket_id,
        name=item.name,
        rule=change.rule,
        reason=change.reason,
        before=before,
        after=after,
        outcome=Outcome.INTENDED,
        intended_at=at,
        note_digest=change.note_digest,
        updated_stamp=change.updated_stamp,
        kind=change.kind,
        notify=", ".join(name for name in change.notify if name),
    )


def _before(change: TicketChange) -> dict[str, Any]:
    before = _by_name((diff.field, diff.before) for diff in change.fields)
    if change.group is not None:
        before["group_id"] = change.group_before.id if change.group_before else None
    if change.assignee_before is not None:
        before["assignee_id"] = change.assignee_before
    return before


def _by_name(values: Iterable[tuple[str, FieldValue]]) -> dict[str, Any]:
    """Values by the API's names, custom fields by id under `custom_fields`."""
    fields: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for field, value in values:
        parent, _, id = field.partition(".")
        if parent == "custom_fields":
            custom[id] = list(value) if isinstance(value, tuple) else value
        else:
            fields[field] = value
    if custom:
        fields["custom_fields"] = custom
    return fields


def difference(item: Item, row: Record) -> str:
    """What of an applied change the ticket does not show; empty when all is as asked.

    Tags that the account ignored or spells otherwise, and what a trigger answered within the same update.
    """
    tags = set(row["tags"] or ())
    parts = []
    if missing := sorted(set(item.update.add_tags) - tags):
        parts.append(f"tags not added: {', '.join(missing)}")
    if kept := sorted(set(item.update.remove_tags) & tags):
        parts.append(f"tags not removed: {', '.join(kept)}")
    asked = item.update.fields
    parts += [
        f"{name.removesuffix('_id')} is {row[name]}, not {asked[name]}"
        for name in _READ_BACK
        if name in asked and row[name] != asked[name]
    ]
    return "; ".join(parts)
