"""Who is behind an event: a person's hand, a customer, a bot, a rule of the account, zdsync, or the system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from zdsync.model import Event, FieldChange, User, UserId

SYSTEM = UserId(-1)
"""The author of what Zendesk does by itself.  Source: developer.zendesk.com, "Ticket Audits" (read 2026-11)."""
_BOT_TAG = "bot"
"""An agent whose user record carries this tag answers by machine: its replies and moves are no person's."""


class Actor(StrEnum):
    """Whose doing an event is."""

    PERSON = "person"
    CUSTOMER = "customer"
    BOT = "bot"
    RULE = "rule"
    """A trigger, an automation, or other machinery of the account."""
    ZDSYNC = "zdsync"
    SYSTEM = "system"


def actor_of(event: Event, staff: Mapping[UserId, User]) -> Actor:
    """Whose doing the event itself is; what triggers changed within it is always a rule's.

    Our own updates are told by their key, since an OAuth worker acts as a real user.
    """
    if event.key is not None:
        return Actor.ZDSYNC
    if event.rel is not None:
        return Actor.RULE
    return author_kind(event.author_id, staff)


def author_kind(author_id: UserId | None, staff: Mapping[UserId, User]) -> Actor:
    """What kind of author this is; whoever is neither agent, admin nor the system is a customer."""
    author = staff.get(author_id) if author_id is not None else None
    if author is not None and author.is_staff:
        return Actor.BOT if _BOT_TAG in author.tags else Actor.PERSON
    return Actor.SYSTEM if author_id is None or author_id == SYSTEM else Actor.CUSTOMER


def is_person(event: Event, staff: Mapping[UserId, User]) -> bool:
    """Whether an agent or admin did this by hand: no rule, no bot, no customer, no system, and not we ourselves."""
    return actor_of(event, staff) is Actor.PERSON


def tag_steps(change: FieldChange) -> Iterator[tuple[str, bool]]:
    """(tag, True) for each added, (tag, False) for each removed tag of a change of tags; the removed ones first."""
    for tags, is_added in ((change.previous, False), (change.value, True)):
        if isinstance(tags, tuple):
            for tag in tags:
                yield tag, is_added
