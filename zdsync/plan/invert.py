"""Undo as a value: what runs did to a ticket becomes the change that takes it back, or the reason why it stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zdsync.account import Account
from zdsync.actors import is_person
from zdsync.model import Case, Event, FieldChange, FieldId, FieldValue, GroupId, Ticket, TicketId, UserId
from zdsync.plan.model import UNDONE, FieldDiff, GroupRef, TicketChange
from zdsync.tiers.notes import note_digest
from zdsync.tiers.state import tier_tags

_NEVER_EMPTY = frozenset({"priority", "type"})
"""Once set, these are taken as never empty again; no reference says so, and an undo does not promise what may fail."""
_A_RUN = "run "


@dataclass(frozen=True, slots=True)
class Written:
    """What one run, or several in a row, wrote to one ticket: only what changed, by the API's names.

    `before` is as it was before the first update, `after` as the last one left it. `stamp` is the ticket's
    `updated_at` that the first was decided on; `key` marks that one among the ticket's events. `runs` are oldest first.
    """

    ticket_id: TicketId
    runs: tuple[str, ...]
    key: str
    rule: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    stamp: datetime
    has_note: bool

    @property
    def fields(self) -> dict[str, tuple[FieldValue, FieldValue]]:
        """(before, after) of each field but tags; custom fields by id as text, as events name them."""
        before, after = _flat(self.before), _flat(self.after)
        return {name: (before.get(name), after[name]) for name in after}

    @property
    def added_tags(self) -> frozenset[str]:
        return frozenset(self.after.get("tags", ())) - frozenset(self.before.get("tags", ()))

    @property
    def removed_tags(self) -> frozenset[str]:
        return frozenset(self.before.get("tags", ())) - frozenset(self.after.get("tags", ()))


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The change that takes an update back, and what of it stays because Zendesk cannot restore it."""

    change: TicketChange
    stays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """An update that is not taken back, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class AsBefore:
    """A ticket that already is as it was before the update."""


Inverse = TakenBack | LeftAlone | AsBefore


def invert(written: Written, case: Case, account: Account, *, tag_prefix: str) -> Inverse:
    """Take one update back, whole or not at all, if the ticket still holds what was written.

    It does when each field and tag that the update changed has the value it was given, and no person has changed
    one of them since; what people changed elsewhere on the ticket, replies, and what rules did to other fields do
    not matter. A move back also asks that no person has assigned the ticket since. `case` is the ticket as it is
    now with every event until now.
    """
    ticket = case.ticket
    if ticket.status in {"closed", "deleted"}:
        return LeftAlone(f"the ticket is {ticket.status}; Zendesk lets nobody change it")
    back, stays = _restorable(written, case, account)
    if _is_as_before(written, ticket, back):
        return AsBefore()
    obstacle = _touched(written, case) or _obstacle(written, ticket, back, account, tag_prefix)
    if obstacle:
        return LeftAlone(obstacle)
    if not back and not written.added_tags and not written.removed_tags:
        return LeftAlone(f"Zendesk cannot restore it: {'; '.join(stays)}")
    return TakenBack(_change(written, case, back, stays, account, tag_prefix), stays)


def told_runs(runs: Sequence[str]) -> str:
    """The runs by name, each once: `run A`, or `runs A, B, C`."""
    names = dict.fromkeys(runs)
    return f"run{'s' * (len(names) > 1)} {', '.join(names)}"


def _flat(values: Mapping[str, Any]) -> dict[str, FieldValue]:
    plain = {name: value for name, value in values.items() if name not in {"tags", "custom_fields"}}
    custom = values.get("custom_fields", {})
    return {**plain, **{str(id): _value(value) for id, value in custom.items()}}


def _value(value: Any) -> FieldValue:
    return tuple(value) if isinstance(value, list) else value


def _restorable(
    written: Written, case: Case, account: Account
) -> tuple[dict[str, FieldValue], tuple[str, ...]]:
    """The fields that Zendesk lets us put back, with their values, and in words those that it does not."""
    back: dict[str, FieldValue] = {}
    stays: list[str] = []
    for name, (before, after) in written.fields.items():
        if name == "status" and before == "new":
            stays.append(f"status stays {after}: a ticket never goes back to new")
        elif name in _NEVER_EMPTY and before is None:
            stays.append(f"{name} stays {after}: Zendesk cannot empty it")
        elif name == "assignee_id" and before is not None and not _can_have_it(written, case, account):
            stays.append("assignee stays empty: the former one can no longer have the ticket")
        elif name == "assignee_id" and before is not None and _came_later(before, written, case):
            stays.append("assignee stays empty: the one who was cleared came after the first of these runs")
        else:
            back[name] = before
    return back, tuple(stays)


def _can_have_it(written: Written, case: Case, account: Account) -> bool:
    """Whether the assignee who was cleared is still an active agent, of the group as far as members are mirrored."""
    assignee, group = written.before.get("assignee_id"), written.before.get("group_id")
    agent = case.staff.get(assignee) if assignee is not None else None
    if agent is None or agent.is_suspended or not agent.is_active:
        return False
    members = _members(account, group)
    return members is None or agent.id in members


def _came_later(assignee: FieldValue, written: Written, case: Case) -> bool:
    """Whether the assignee whom one of several runs cleared got the ticket only after the first of them.

    It then had another group than the one it goes back to, in which nobody says that the assignee can be.
    """
    if len(written.runs) == 1:
        return False
    changes = (
        change
        for event in _since(written, case.events)
        for change in (*event.changes, *event.rule_changes)
        if change.field == "assignee_id"
    )
    first = next(changes, None)
    return first is not None and first.previous != assignee


def _members(account: Account, group_id: FieldValue) -> frozenset[UserId] | None:
    """A group's agents; None when they are not mirrored."""
    return account.members.get(GroupId(group_id)) if isinstance(group_id, int) else None


def _is_as_before(written: Written, ticket: Ticket, back: Mapping[str, FieldValue]) -> bool:
    """Whether nothing is left to be put back, and there was something, or never anything at all."""
    if not back and not written.added_tags and not written.removed_tags:
        return not written.fields
    return (
        all(_is_same(_read(ticket, name), before) for name, before in back.items())
        and not written.added_tags & ticket.tags
        and written.removed_tags <= ticket.tags
    )


def _read(ticket: Ticket, name: str) -> FieldValue:
    if name.isdecimal():
        return ticket.custom_fields.get(FieldId(int(name)))
    value: FieldValue = getattr(ticket, name)
    return value


def _is_same(one: FieldValue, other: FieldValue) -> bool:
    """Equal as Zendesk keeps it: nothing is nothing, lists have no order, numbers may come as text."""
    if one in (None, "", ()) or other in (None, "", ()):
        return one in (None, "", ()) and other in (None, "", ())
    if isinstance(one, tuple) and isinstance(other, tuple):
        return frozenset(one) == frozenset(other)
    return one == other or str(one) == str(other)


def _touched(written: Written, case: Case) -> str | None:
    """Why the ticket no longer holds what was written; None when it does."""
    later = _later(written, case.events)
    for what, field, tag, is_back in _no_longer(written, case.ticket):
        author = _author(later, field, tag, case)
        if not (is_back and author.startswith(_A_RUN)):
            return f"{what} since, by {author}"
    names = {*written.fields} | ({"assignee_id"} if "group_id" in written.fields else set())
    tags = written.added_tags | written.removed_tags
    for event in later:
        if is_person(event, case.staff) and any(_is_about(change, names, tags) for change in event.changes):
            return f"a person changed the same on {event.created_at:%Y-%m-%d %H:%M} UTC"
    return None


def _no_longer(written: Written, ticket: Ticket) -> Iterator[tuple[str, str, str, bool]]:
    """What differs from what was written: in words, the field, the tag if it is one, and whether it is as before.

    What a run of ours has put back already, in an undo that came half way, is no obstacle to the rest.
    """
    for name, (before, after) in written.fields.items():
        now = _read(ticket, name)
        if not _is_same(now, after):
            yield f"{_title(name)} has changed", name, "", _is_same(now, before)
    for tag in sorted(written.added_tags - ticket.tags):
        yield f"tag {tag} was removed", "tags", tag, True
    for tag in sorted(written.removed_tags & ticket.tags):
        yield f"tag {tag} was added", "tags", tag, True


def _title(name: str) -> str:
    return f"field {name}" if name.isdecimal() else name.removesuffix("_id")


def _later(written: Written, events: Sequence[Event]) -> Sequence[Event]:
    """The events after ours; when ours is not among them, those after the moment it was decided on."""
    later = _since(written, events)
    return later[1:] if later and later[0].key == written.key else later


def _since(written: Written, events: Sequence[Event]) -> Sequence[Event]:
    """The same with ours at their head."""
    for position in range(len(events) - 1, -1, -1):
        if events[position].key == written.key:
            return events[position:]
    return [event for event in events if event.created_at > written.stamp]


def _author(later: Sequence[Event], field: str, tag: str, case: Case) -> str:
    """Who changed the field last, as far as the events tell."""
    names, tags = {field}, frozenset({tag})
    for event in reversed(later):
        if any(_is_about(change, names, tags) for change in event.rule_changes):
            return "a trigger or automation"
        if any(_is_about(change, names, tags) for change in event.changes):
            if event.key is not None:
                return f"{_A_RUN}{event.key.partition(':')[0]}"
            return "a person" if is_person(event, case.staff) else "a customer, bot or rule"
    return "somebody"


def _is_about(change: FieldChange, names: set[str], tags: frozenset[str]) -> bool:
    if change.field != "tags":
        return change.field in names
    both = (change.value, change.previous)
    return any(tag in tags for side in both if isinstance(side, tuple) for tag in side)


def _obstacle(
    written: Written, ticket: Ticket, back: Mapping[str, FieldValue], account: Account, tag_prefix: str
) -> str | None:
    """What keeps an untouched ticket from going back."""
    claims = tier_tags(_tags_after(written, ticket), tag_prefix)
    if len(claims) > 1:
        return f"it would then carry several tier tags: {', '.join(claims)}"
    group_id = back.get("group_id")
    if group_id is not None:
        group = next((group for group in account.groups if group.id == group_id), None)
        if group is None or group.is_deleted:
            return f"its former group {group.name if group else group_id} is gone"
    return None


def _tags_after(written: Written, ticket: Ticket) -> frozenset[str]:
    return (ticket.tags - written.added_tags) | written.removed_tags


def _change(
    written: Written,
    case: Case,
    back: Mapping[str, FieldValue],
    stays: Sequence[str],
    account: Account,
    tag_prefix: str,
) -> TicketChange:
    ticket = case.ticket
    tags = _tags_after(written, ticket)
    group = None if back.get("group_id") == ticket.group_id else _group(account, back.get("group_id"))
    note, digest = _note(written, case, stays)
    claims = tier_tags(tags, tag_prefix)
    return TicketChange(
        ticket_id=ticket.id,
        updated_stamp=ticket.updated_at,
        kind=UNDONE,
        rule="",
        reason=f"takes back {told_runs(written.runs)}",
        tier=claims[0].removeprefix(tag_prefix) if claims else None,
        fields=tuple(_diffs(ticket, back)),
        group=group,
        group_before=_group(account, ticket.group_id) if group else None,
        assignee_before=_leaving(written, case, back, account),
        add_tags=tuple(sorted(tags - ticket.tags)),
        remove_tags=tuple(sorted(ticket.tags - tags)),
        tags=tuple(sorted(tags)),
        note=note,
        note_digest=digest,
    )


def _group(account: Account, id: Any) -> GroupRef | None:
    group = account.group(id)
    return GroupRef(group.name, group.id) if group else None


def _diffs(ticket: Ticket, back: Mapping[str, FieldValue]) -> Iterator[FieldDiff]:
    """Fields to be put back. The group stands apart, unless the ticket goes back to none."""
    for name, before in back.items():
        now = _read(ticket, name)
        is_apart = (name == "group_id" and before is not None) or (name == "assignee_id" and before is None)
        if not is_apart and not _is_same(now, before):
            yield FieldDiff(f"custom_fields.{name}" if name.isdecimal() else name, now, before)


def _leaving(written: Written, case: Case, back: Mapping[str, FieldValue], account: Account) -> UserId | None:
    """The assignee who cannot go back with the ticket: whom we put there, or a rule has put there since."""
    assignee = case.ticket.assignee_id
    if assignee is None or "group_id" not in back:
        return None
    if "assignee_id" in written.fields:
        return assignee if back.get("assignee_id") is None else None
    if back["group_id"] == case.ticket.group_id:
        return None
    is_new = any(
        _is_about(change, {"assignee_id"}, frozenset())
        for event in _later(written, case.events)
        for change in (*event.changes, *event.rule_changes)
    )
    members = _members(account, back["group_id"]) or frozenset()
    return assignee if is_new and assignee not in members else None


def _note(written: Written, case: Case, stays: Sequence[str]) -> tuple[str | None, str | None]:
    """Where we left a note, one more says that it no longer holds; never the same one twice."""
    if not written.has_note:
        return None, None
    rule = f" by rule {written.rule}" if written.rule else ""
    lines = [
        f"Taken back: what {told_runs(written.runs)}{rule} did here, and the note it left, no longer hold."
    ]
    lines += [f"Not restored: {sentence}." for sentence in stays]
    note = "\n".join((*lines, "Left by zdsync."))
    digest = note_digest(case.ticket.id, note)
    return (None, None) if digest in case.notes_written else (note, digest)
