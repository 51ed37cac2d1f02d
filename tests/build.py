"""Small builders of core values: only what a test says matters, the rest is ordinary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from zdsync.account import Account, Group
from zdsync.model import (
    Case,
    Comment,
    Event,
    FieldChange,
    FieldValue,
    GroupId,
    Ticket,
    TicketId,
    User,
    UserId,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CUSTOMER, AGENT, OTHER_AGENT, BOT, WORKER = (UserId(number) for number in (900, 10, 11, 12, 13))
HELP_BOT, FRONTLINE, SPECIALISTS, ENGINEERING, MARKETING = (GroupId(number) for number in (1, 2, 3, 4, 5))

STAFF = {
    AGENT: User(AGENT, "Ada", role="agent"),
    OTHER_AGENT: User(OTHER_AGENT, "Bo", role="agent"),
    BOT: User(BOT, "Answer bot", role="agent", tags=frozenset({"bot"})),
    WORKER: User(WORKER, "Worker", role="admin"),
}

ACCOUNT = Account(
    groups=(
        Group(HELP_BOT, "Help bot"),
        Group(FRONTLINE, "Frontline"),
        Group(SPECIALISTS, "Specialists"),
        Group(ENGINEERING, "Engineering"),
        Group(MARKETING, "Marketing"),
    ),
    staff=STAFF,
)


def moment(minutes: float = 0) -> datetime:
    """So many minutes before NOW, when negative; after it, when positive."""
    return NOW + timedelta(minutes=minutes)


def ticket(id: int = 1, **given: Any) -> Ticket:
    """An open ticket of a customer, an hour old, quiet since."""
    ordinary: dict[str, Any] = {
        "created_at": moment(-60),
        "updated_at": moment(-30),
        "status": "open",
        "subject": "Help",
        "description": "Something is wrong",
        "requester_id": CUSTOMER,
    }
    if "tags" in given:
        given["tags"] = frozenset(given["tags"])
    return Ticket(id=TicketId(id), **{**ordinary, **given})


def event(
    author: UserId | None = CUSTOMER,
    *changes: tuple[str, FieldValue] | tuple[str, FieldValue, FieldValue],
    id: int = 0,
    at: float = -50,
    reply: str | None = None,
    note: str | None = None,
    key: str | None = None,
    rel: str | None = None,
    is_create: bool = False,
    by_rule: Sequence[tuple[str, FieldValue]] = (),
) -> Event:
    """One audit: changes as (field, value[, previous]), a public `reply` or private `note`."""
    texts = [(reply, True)] * (reply is not None) + [(note, False)] * (note is not None)
    return Event(
        id=id,
        ticket_id=TicketId(1),
        created_at=moment(at),
        author_id=author,
        key=key,
        rel=rel,
        is_create=is_create,
        changes=tuple(FieldChange(*change) for change in changes),
        rule_changes=tuple(FieldChange(*change) for change in by_rule),
        comments=tuple(
            Comment(id * 10 + n, moment(at), author, pub, str(text)) for n, (text, pub) in enumerate(texts)
        ),
    )


def created(*changes: tuple[str, FieldValue], author: UserId = CUSTOMER, at: float = -60) -> Event:
    """The audit that opens a ticket."""
    return event(author, *changes, at=at, is_create=True, reply="Something is wrong")


def case(*events: Event, ticket: Ticket | None = None, **given: Any) -> Case:
    """A ticket with its whole history, complete until a minute ago."""
    subject = ticket if ticket is not None else globals()["ticket"]()
    history = events or (created(),)
    numbered = tuple(replace(one, id=number, ticket_id=subject.id) for number, one in enumerate(history, 1))
    ordinary: dict[str, Any] = {
        "requester": User(CUSTOMER, "Cy", email="cy@example.com", role="end-user"),
        "staff": STAFF,
        "events_until": moment(-1),
    }
    return Case(subject, events=numbered, **{**ordinary, **given})
