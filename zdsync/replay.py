"""A ticket as it was: its case rolled back to a moment by its own history, and what that history cannot tell."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from zdsync.model import Case, Event, FieldChange, FieldId, FieldValue, Finding, Ticket

_NAMES: Mapping[str, str] = {
    **{
        name: name
        for name in "status priority type group_id assignee_id requester_id organization_id".split()
    },
    **{name: name for name in "subject brand_id custom_status_id due_at".split()},
    "ticket_form_id": "form_id",
    "satisfaction_score": "satisfaction",
}
"""Fields of a ticket by the name that events have for them."""
_FIELDS: Mapping[str, str] = {
    "group_id": "group",
    "assignee_id": "assignee",
    "requester_id": "requester",
    "organization_id": "organization",
    "brand_id": "brand",
    "form_id": "form",
}
"""What rules call a field that is told apart here; others bear the same name."""
_TEXTS = frozenset({"status", "subject"})
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Rewound:
    """A case as of a moment. `unknown` names what is told as it is now because no history says what it was then.

    These are fields as rules call them, or whole records: `requester`, `organization`, external tables, `holds`.
    """

    case: Case
    at: datetime
    unknown: frozenset[str] = frozenset()


class Replay:
    """The states a ticket went through, from one walk back over its events; `at` is then a look-up.

    Total: any case has a state at any moment since the ticket was opened. Where events and ticket contradict each other
    the events are believed for the past and the ticket for the present. With half a history only what lies before its
    first event stays as that event found it.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        self._times = [event.created_at for event in case.events]
        self._doubtful: set[str] = set()
        self._tickets = self._walk_back()

    def moments(self) -> tuple[datetime, ...]:
        """When the ticket changed, each moment once, oldest first."""
        return tuple(dict.fromkeys(self._times))

    def at(self, moment: datetime) -> Rewound | None:
        """The case after every event up to and at `moment`; None before the ticket was opened."""
        case = self._case
        if moment < case.ticket.created_at:
            return None
        count = bisect_right(self._times, moment)
        if count == len(self._times) and moment >= case.ticket.updated_at:
            return Rewound(case, moment, frozenset(self._unknown(case)) - self._doubtful)
        events = case.events[:count]
        keys = {event.key for event in events}
        ticket = self._tickets[count]
        is_settled = case.events_until is not None and moment < case.events_until
        then = replace(
            case,
            ticket=ticket,
            requester=case.requester if ticket.requester_id == case.ticket.requester_id else None,
            organization=case.organization if ticket.organization_id == case.ticket.organization_id else None,
            events=events,
            findings=self._findings(count),
            events_until=moment + _INSTANT if is_settled else case.events_until,
            notes_written=frozenset(),
            holds=tuple(hold for hold in case.holds if hold.since <= moment) if case.holds else (),
            own_changes={key: own for key, own in case.own_changes.items() if key in keys},
        )
        return Rewound(then, moment, frozenset(self._unknown(then)))

    def _findings(self, count: int) -> tuple[Finding, ...]:
        """Those of texts that were there after so many events."""
        case = self._case
        if not case.findings:
            return ()
        later = {comment.id for event in case.events[count:] for comment in event.comments}
        return tuple(finding for finding in case.findings if finding.comment_id not in later)

    def _unknown(self, then: Case) -> Iterator[str]:
        """Records have no history; a hold that has ended leaves no trace in a case."""
        now = self._case.ticket
        if now.requester_id is not None:
            yield "requester"
        if now.organization_id is not None or then.ticket.organization_id is not None:
            yield "organization"
        yield "holds"
        if self._case.sla_breached:
            yield "sla"
        yield from self._case.external
        yield from self._doubtful
        versions = {finding.version for finding in self._case.findings}
        if len(versions) > 1:
            yield "findings"

    def _walk_back(self) -> list[Ticket]:
        """The ticket before its first event, after the first, the second, and so on."""
        state = _State(self._case.ticket)
        events = self._case.events
        self._doubtful = {_FIELDS.get(name, name) for name in state.believe(events)}
        tickets: list[Ticket] = []
        for event in reversed(events):
            tickets.append(state.ticket(event.created_at))
            for change in reversed((*event.changes, *event.rule_changes)):
                state.take_back(change)
        tickets.append(state.ticket(self._case.ticket.created_at))
        tickets.reverse()
        return tickets


class _State:
    """A ticket's fields on the way back."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket
        self._plain: dict[str, Any] = {}
        self._custom: dict[FieldId, FieldValue] = {}
        self._tags: frozenset[str] = ticket.tags

    def believe(self, events: tuple[Event, ...]) -> tuple[str, ...]:
        """Set what changed without an event back to what the last event made it; those fields.

        So Zendesk closes tickets, and so an export can run ahead of the events.
        """
        last: dict[str, FieldChange] = {}
        for event in events:
            for change in (*event.changes, *event.rule_changes):
                if change.field in _NAMES:
                    last[change.field] = change
        found = []
        for field, change in last.items():
            name = _NAMES[field]
            value = _as_kept(name, change.value)
            if value != getattr(self._ticket, name):
                self._plain[name] = value
                found.append(name)
        return tuple(found)

    def take_back(self, change: FieldChange) -> None:
        field = change.field
        if field == "tags":
            self._tags = self._tags.difference(_tags(change.value)).union(_tags(change.previous))
        elif field.isdecimal():
            id = FieldId(int(field))
            now = self._custom.get(id, self._ticket.custom_fields.get(id))
            self._custom[id] = _in_kind_of(now, change.previous)
        elif field in _NAMES:
            self._plain[_NAMES[field]] = _as_kept(_NAMES[field], change.previous)

    def ticket(self, updated_at: datetime) -> Ticket:
        """The ticket as the state has it."""
        custom = (
            {**self._ticket.custom_fields, **self._custom} if self._custom else self._ticket.custom_fields
        )
        self._ticket = replace(
            self._ticket, updated_at=updated_at, tags=self._tags, custom_fields=custom, **self._plain
        )
        self._plain, self._custom = {}, {}
        return self._ticket


def _as_kept(name: str, value: FieldValue) -> Any:
    """An event's value as the ticket keeps it."""
    if name == "due_at":
        return _moment(value)
    return (value or "") if name in _TEXTS else None if value == "" else value


def _in_kind_of(now: FieldValue, then: FieldValue) -> FieldValue:
    """Events have checkboxes and multi-selects as text where the ticket has true, false and lists."""
    match now:
        case bool() if isinstance(then, str):
            return then.casefold() in {"true", "1"}
        case tuple() if isinstance(then, str):
            return tuple(then.split())
    return then


def _moment(value: FieldValue) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _tags(value: FieldValue) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
