"""Actors: a person's hand is told from customers, bots, rules of the account, the system and zdsync itself."""

from __future__ import annotations

import pytest

from tests.build import AGENT, BOT, CUSTOMER, STAFF, WORKER, event
from zdsync.actors import SYSTEM, Actor, actor_of, author_kind, is_person, tag_steps
from zdsync.model import Event, FieldChange, UserId

STRANGER = UserId(4711)


@pytest.mark.parametrize(
    ("deed", "actor"),
    [
        (event(AGENT), Actor.PERSON),
        (event(CUSTOMER), Actor.CUSTOMER),
        (event(STRANGER), Actor.CUSTOMER),
        (event(BOT), Actor.BOT),
        (event(AGENT, rel="trigger"), Actor.RULE),
        (event(None, rel="automation"), Actor.RULE),
        (event(None), Actor.SYSTEM),
        (event(SYSTEM), Actor.SYSTEM),
        (event(WORKER), Actor.PERSON),
        (event(WORKER, key="run-1:1"), Actor.ZDSYNC),
        (event(AGENT, key="run-1:1", rel="trigger"), Actor.ZDSYNC),
    ],
)
def test_whose_doing_an_event_is(deed: Event, actor: Actor) -> None:
    """The author alone does not tell: our key comes first, then the machinery, then who the author is."""
    assert actor_of(deed, STAFF) is actor
    assert is_person(deed, STAFF) is (actor is Actor.PERSON)


def test_without_staff_everybody_is_a_customer() -> None:
    """Who is not known as agent or admin answers nobody and moves nothing by hand."""
    assert author_kind(AGENT, {}) is Actor.CUSTOMER


def test_steps_of_tags() -> None:
    """Removed tags come before added ones; anything but lists of tags has no steps."""
    assert list(tag_steps(FieldChange("tags", ("a", "b"), ("c",)))) == [
        ("c", False),
        ("a", True),
        ("b", True),
    ]
    assert list(tag_steps(FieldChange("tags", None, None))) == []
