"""Laws of undo under random rules and histories: it restores or declines, and never touches what a person changed since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import assume, given
from hypothesis import event as hypothesis_event
from hypothesis import strategies as st

from tests.build import AGENT, BOT, CUSTOMER, moment
from tests.property.test_laws import (
    FOREIGN_TAGS,
    GROUPS,
    LAW_ACCOUNT,
    OWN_TAGS,
    TEXT_FIELD,
    TIER_TAGS,
    World,
    judge,
    rule_sets,
    worlds,
)
from zdsync.model import Ticket, TicketId
from zdsync.plan.invert import AsBefore, LeftAlone, TakenBack, Written, invert
from zdsync.plan.model import TicketChange
from zdsync.rules.compiled import CompiledRules

Later = Sequence[tuple[Any, Any, tuple[str, ...], tuple[str, ...], dict[str, Any], str | None]]

_tags = st.lists(st.sampled_from([*OWN_TAGS, *FOREIGN_TAGS, *TIER_TAGS]), unique=True, max_size=2).map(tuple)
_fields = st.fixed_dictionaries(
    {},
    optional={
        "group_id": st.none() | st.sampled_from(GROUPS),
        "priority": st.sampled_from(["low", "high"]),
        "assignee_id": st.none() | st.just(AGENT),
        "status": st.sampled_from(["open", "pending", "solved"]),
        str(TEXT_FIELD): st.sampled_from(["anvil", "rocket"]),
    },
)
_later = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([AGENT, BOT]), st.none(), _tags, _tags, _fields, st.none() | st.just("Hi")),
        st.tuples(st.just(AGENT), st.just("trigger"), _tags, _tags, _fields, st.none()),
        st.tuples(st.just(CUSTOMER), st.none(), st.just(()), st.just(()), st.just({}), st.just("News?")),
    ),
    max_size=2,
)


def applied(world: World, change: TicketChange) -> Written:
    """Carry a change out, and what the journal knows of it then."""
    before = world.ticket
    world.apply(change)
    key = world.events[-1].key
    assert key is not None
    names = [diff.field.removeprefix("custom_fields.") for diff in change.fields]
    names += ["group_id"] * (change.group is not None) + ["assignee_id"] * (
        change.assignee_before is not None
    )
    then, now = journaled(before, names), journaled(world.ticket, names)
    return Written(TicketId(1), ("run",), key, change.rule, then, now, before.updated_at, has_note=True)


def journaled(ticket: Ticket, names: Sequence[str]) -> dict[str, Any]:
    plain = {name: value(ticket, name) for name in names if not name.isdecimal()}
    custom = {name: value(ticket, name) for name in names if name.isdecimal()}
    return {**plain, "custom_fields": custom, "tags": sorted(ticket.tags)}


def value(ticket: Ticket, name: str) -> Any:
    return ticket.custom_fields.get(TEXT_FIELD) if name.isdecimal() else getattr(ticket, name)


def live_on(world: World, later: Later) -> None:
    for author, rel, add, remove, fields, reply in later:
        world.write(author, rel=rel, add=add, remove=remove, reply=reply, **fields)


@given(worlds(), rule_sets(), _later)
def test_undo_restores_or_declines(world: World, rules: CompiledRules, later: Later) -> None:
    """Afterwards every field and tag of the change is as before it, or the ticket is as people left it."""
    _, change = judge(world, rules)
    assume(change is not None)
    assert change is not None
    before = world.ticket
    written = applied(world, change)
    live_on(world, later)
    now = world.ticket
    found = invert(written, world.case(), LAW_ACCOUNT, tag_prefix="tier_")
    hypothesis_event(type(found).__name__)
    if not isinstance(found, TakenBack):
        if not later:
            assert isinstance(found, LeftAlone)
            assert "Zendesk cannot restore" in found.reason or "several tier tags" in found.reason
        return
    world.apply(found.change)
    stays = " ".join(found.stays)
    for name in written.fields:
        if name.removesuffix("_id") not in stays:
            assert value(world.ticket, name) == value(before, name)
    for tag in written.added_tags | written.removed_tags:
        assert (tag in world.ticket.tags) is (tag in before.tags)
    others = (now.tags ^ world.ticket.tags) - written.added_tags - written.removed_tags
    assert not others
    assert sum(tag.startswith("tier_") for tag in world.ticket.tags) <= 1
    assert isinstance(invert(written, world.case(), LAW_ACCOUNT, tag_prefix="tier_"), AsBefore)


@given(worlds(), rule_sets(), _later)
def test_undo_never_touches_what_a_person_changed_since(
    world: World, rules: CompiledRules, later: Later
) -> None:
    """No field and no tag that an agent has changed after our update is different after an undo."""
    _, change = judge(world, rules)
    assume(change is not None)
    assert change is not None
    written = applied(world, change)
    seen = len(world.events)
    live_on(world, later)
    now = world.ticket
    found = invert(written, world.case(), LAW_ACCOUNT, tag_prefix="tier_")
    if not isinstance(found, TakenBack):
        return
    assert found.change.updated_stamp == now.updated_at < moment()
    world.apply(found.change)
    for event in world.events[seen:-1]:
        if event.author_id != AGENT or event.rel is not None:
            continue
        for each in event.changes:
            if each.field == "tags":
                touched = {*each.value, *each.previous}  # type: ignore[misc]
                assert not touched & (now.tags ^ world.ticket.tags)
            else:
                assert value(world.ticket, each.field) == value(now, each.field)
