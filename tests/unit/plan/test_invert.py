"""Undo of one update: whole or not at all, never over a person's change, and what Zendesk cannot restore is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.build import (
    ACCOUNT,
    AGENT,
    BOT,
    ENGINEERING,
    FRONTLINE,
    OTHER_AGENT,
    SPECIALISTS,
    STAFF,
    WORKER,
    case,
    created,
    event,
    moment,
    ticket,
)
from zdsync.account import Group
from zdsync.model import Case, Event, FieldId, GroupId, Ticket, TicketId
from zdsync.plan.invert import AsBefore, Inverse, LeftAlone, TakenBack, Written, invert, told_runs
from zdsync.plan.model import FieldDiff, TicketChange

RUN, KEY = "run-1", "run-1:1"
FIELD = FieldId(700)
MOVE: dict[str, Any] = {
    "before": {"group_id": FRONTLINE, "assignee_id": AGENT, "tags": ["foreign", "tier_1"]},
    "after": {"group_id": SPECIALISTS, "assignee_id": None, "tags": ["foreign", "tier_2"]},
}
MOVED = ticket(group_id=SPECIALISTS, tags={"foreign", "tier_2"})
OURS = event(
    WORKER, ("group_id", SPECIALISTS, FRONTLINE), ("tags", ("tier_2",), ("tier_1",)), key=KEY, at=-40
)


def written(*, has_note: bool = False, **given: Any) -> Written:
    values = {"before": {}, "after": {}, **given}
    return Written(TicketId(1), (RUN,), KEY, "billing", stamp=moment(-45), has_note=has_note, **values)


def take_back(done: Written, now: Ticket = MOVED, *later: Event, **given: Any) -> Inverse:
    return invert(done, case(created(), OURS, *later, ticket=now, **given), ACCOUNT, tag_prefix="tier_")


def change_of(found: Inverse) -> TicketChange:
    assert isinstance(found, TakenBack), found
    return found.change


def reason_of(found: Inverse) -> str:
    assert isinstance(found, LeftAlone), found
    return found.reason


def test_a_move_goes_back_whole() -> None:
    """Group, assignee and tier tag as they were, under the ticket's present stamp; foreign tags are not named."""
    change = change_of(take_back(written(**MOVE)))
    assert (change.kind, change.tier, change.updated_stamp) == ("undone", "1", MOVED.updated_at)
    assert change.reason == "takes back run run-1"
    assert (change.group, change.group_before) != (None, None)
    assert change.group is not None
    assert change.group.id == FRONTLINE
    assert change.fields == (FieldDiff("assignee_id", None, AGENT),)
    assert (change.add_tags, change.remove_tags) == (("tier_1",), ("tier_2",))
    assert change.tags == ("foreign", "tier_1")


def test_fields_go_back() -> None:
    """Plain and custom fields get their old values; lists and numbers are compared as Zendesk keeps them."""
    done = written(
        before={"priority": "low", "custom_fields": {"700": None, "701": ["a"]}},
        after={"priority": "high", "custom_fields": {"700": "5", "701": ["b", "c"]}},
    )
    now = ticket(priority="high", custom_fields={FIELD: 5, FieldId(701): ("c", "b")})
    change = change_of(take_back(done, now))
    assert change.fields == (
        FieldDiff("priority", "high", "low"),
        FieldDiff("custom_fields.700", 5, None),
        FieldDiff("custom_fields.701", ("c", "b"), ("a",)),
    )
    assert (change.group, change.assignee_before, change.tier) == (None, None, None)


def test_a_ticket_goes_back_to_no_group() -> None:
    """A ticket that was in no group leaves the one it was moved to."""
    done = written(before={"group_id": None}, after={"group_id": SPECIALISTS})
    change = change_of(take_back(done))
    assert change.fields == (FieldDiff("group_id", SPECIALISTS, None),)
    assert change.group is None


@pytest.mark.parametrize(
    ("later", "now"),
    [
        (event(AGENT, reply="We look into it", at=-30), MOVED),
        (event(AGENT, note="For the record", at=-30), MOVED),
        (
            event(AGENT, ("subject", "Other"), ("tags", ("hot",), ()), at=-30),
            replace(MOVED, tags=MOVED.tags | {"hot"}),
        ),
        (event(AGENT, ("status", "pending", "open"), at=-30), replace(MOVED, status="pending")),
        (event(None, ("priority", "high"), rel="trigger", at=-30), replace(MOVED, priority="high")),
        (event(BOT, ("type", "question"), at=-30), replace(MOVED, type="question")),
        (event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=-50), MOVED),
    ],
    ids=["reply", "note", "other tags", "status", "trigger", "bot", "before our update"],
)
def test_what_does_not_matter(later: Event, now: Ticket) -> None:
    """Replies, notes, other fields, foreign tags, rules and bots elsewhere, and anything before our update."""
    history = (created(), later, OURS) if later.created_at < OURS.created_at else (created(), OURS, later)
    found = invert(written(**MOVE), case(*history, ticket=now), ACCOUNT, tag_prefix="tier_")
    change = change_of(found)
    assert set(change.tags) == (now.tags - {"tier_2"}) | {"tier_1"}
    assert not {*change.add_tags, *change.remove_tags} & {"foreign", "hot"}


@pytest.mark.parametrize(
    ("later", "now", "reason"),
    [
        (
            event(AGENT, ("group_id", ENGINEERING, SPECIALISTS), at=-30),
            replace(MOVED, group_id=ENGINEERING),
            "group has changed since, by a person",
        ),
        (
            event(None, ("group_id", ENGINEERING, SPECIALISTS), rel="trigger", at=-30),
            replace(MOVED, group_id=ENGINEERING),
            "group has changed since, by a customer, bot or rule",
        ),
        (
            event(AGENT, reply="Hi", by_rule=(("group_id", ENGINEERING),), at=-30),
            replace(MOVED, group_id=ENGINEERING),
            "group has changed since, by a trigger or automation",
        ),
        (
            event(WORKER, ("group_id", ENGINEERING, SPECIALISTS), key="run-2:1", at=-30),
            replace(MOVED, group_id=ENGINEERING),
            "group has changed since, by run run-2",
        ),
        (
            event(AGENT, ("tags", (), ("tier_2",)), at=-30),
            replace(MOVED, tags=frozenset({"foreign"})),
            "tag tier_2 was removed since, by a person",
        ),
        (
            event(AGENT, ("tags", ("tier_1",), ()), at=-30),
            replace(MOVED, tags=MOVED.tags | {"tier_1"}),
            "tag tier_1 was added since, by a person",
        ),
        (
            event(AGENT, ("assignee_id", OTHER_AGENT), at=-30),
            replace(MOVED, assignee_id=OTHER_AGENT),
            "assignee has changed since, by a person",
        ),
        (
            event(OTHER_AGENT, reply="Hi", at=-30),
            replace(MOVED, group_id=ENGINEERING),
            "group has changed since, by somebody",
        ),
    ],
    ids=["group", "trigger", "trigger on a reply", "later run", "tag out", "tag in", "assigned", "unseen"],
)
def test_what_no_longer_holds_is_left_alone(later: Event, now: Ticket, reason: str) -> None:
    """A changed value keeps the whole ticket out, whoever changed it; the reason says what and who."""
    assert reason_of(take_back(written(**MOVE), now, later)) == reason


def test_an_undo_that_came_half_way_goes_on() -> None:
    """What one of our runs has put back already is no obstacle to the rest; what anybody else has, is."""
    now = replace(MOVED, group_id=FRONTLINE, assignee_id=AGENT)
    back = [("group_id", FRONTLINE, SPECIALISTS), ("assignee_id", AGENT, None)]
    ours = event(WORKER, *back, key="run-2:1", at=-30)
    change = change_of(take_back(written(**MOVE), now, ours))
    assert (change.group, change.fields, change.tags) == (None, (), ("foreign", "tier_1"))
    group_alone = written(
        before={"group_id": FRONTLINE, "tags": ["tier_1"]},
        after={"group_id": SPECIALISTS, "tags": ["tier_2"]},
    )
    change = change_of(take_back(group_alone, now, ours))
    assert (change.group, change.assignee_before, change.add_tags) == (None, None, ("tier_1",))
    rule = event(None, *back, rel="trigger", at=-30)
    assert "group has changed since" in reason_of(take_back(written(**MOVE), now, rule))


def test_a_persons_choice_of_the_same_value_counts() -> None:
    """Changed away and back by a person: the value is as we wrote it, and it is theirs now."""
    away = event(AGENT, ("group_id", ENGINEERING, SPECIALISTS), at=-30)
    back = event(AGENT, ("group_id", SPECIALISTS, ENGINEERING), at=-20)
    reason = reason_of(take_back(written(**MOVE), MOVED, away, back))
    assert reason == "a person changed the same on 2026-11-20 11:30 UTC"
    rules = [replace(one, author_id=None, rel="trigger") for one in (away, back)]
    assert change_of(take_back(written(**MOVE), MOVED, *rules)).group is not None


def test_a_ticket_that_somebody_took_stays() -> None:
    """Where nobody had the ticket, a person who has assigned it since keeps it in its group."""
    done = written(before={"group_id": FRONTLINE}, after={"group_id": SPECIALISTS})
    now = replace(MOVED, assignee_id=OTHER_AGENT)
    assigned = event(OTHER_AGENT, ("assignee_id", OTHER_AGENT), reply="Mine", at=-30)
    assert "a person changed the same" in reason_of(take_back(done, now, assigned))


def test_whom_a_rule_assigned_is_cleared() -> None:
    """An assignee whom only a rule has chosen, and who is not of the old group, cannot go back with the ticket."""
    done = written(before={"group_id": FRONTLINE}, after={"group_id": SPECIALISTS})
    now = replace(MOVED, assignee_id=OTHER_AGENT)
    by_rule = event(None, ("assignee_id", OTHER_AGENT), rel="trigger", at=-30)
    assert change_of(take_back(done, now, by_rule)).assignee_before == OTHER_AGENT
    assert change_of(take_back(done, now)).assignee_before is None
    account = replace(ACCOUNT, members={FRONTLINE: frozenset({OTHER_AGENT})})
    found = invert(done, case(created(), OURS, by_rule, ticket=now), account, tag_prefix="tier_")
    assert change_of(found).assignee_before is None


def test_an_undo_is_inverted_like_any_update() -> None:
    """What an undo gave back is taken again: the group moves on, and the assignee who came back is cleared."""
    done = written(before=MOVE["after"], after=MOVE["before"])
    now = ticket(group_id=FRONTLINE, assignee_id=AGENT, tags={"foreign", "tier_1"})
    change = change_of(take_back(done, now))
    assert change.group is not None
    assert (change.group.id, change.assignee_before, change.fields) == (SPECIALISTS, AGENT, ())
    assert (change.add_tags, change.remove_tags) == (("tier_2",), ("tier_1",))


def test_without_our_event_everything_after_the_stamp_counts() -> None:
    """When our own update is not among the events, what came after the moment we decided on is later."""
    early, late = (event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=at) for at in (-45, -44))
    for one, is_back in ((early, True), (late, False)):
        found = invert(written(**MOVE), case(created(), one, ticket=MOVED), ACCOUNT, tag_prefix="tier_")
        assert isinstance(found, TakenBack) is is_back


@pytest.mark.parametrize(
    ("name", "before", "after", "sentence"),
    [
        ("status", "new", "open", "status stays open: a ticket never goes back to new"),
        ("priority", None, "high", "priority stays high: Zendesk cannot empty it"),
        ("type", None, "incident", "type stays incident: Zendesk cannot empty it"),
    ],
)
def test_what_zendesk_cannot_restore_is_told(
    name: str, before: str | None, after: str, sentence: str
) -> None:
    """The rest goes back and the sentence is told, also in the note; alone, it is the reason to leave the ticket."""
    changed: dict[str, Any] = {name: after}
    now = replace(MOVED, **changed)
    done = written(
        before={**MOVE["before"], name: before}, after={**MOVE["after"], name: after}, has_note=True
    )
    found = take_back(done, now)
    change = change_of(found)
    assert isinstance(found, TakenBack)
    assert found.stays == (sentence,)
    assert name not in {diff.field for diff in change.fields}
    assert change.note is not None
    assert f"Not restored: {sentence}." in change.note
    alone = written(before={name: before}, after={name: after})
    assert reason_of(take_back(alone, now)) == f"Zendesk cannot restore it: {sentence}"


@pytest.mark.parametrize(
    "agent",
    [
        None,
        replace(STAFF[AGENT], is_suspended=True),
        replace(STAFF[AGENT], is_active=False),
    ],
)
def test_an_assignee_who_left_does_not_come_back(agent: Any) -> None:
    """Somebody who is no agent any more cannot have the ticket; it goes back without an assignee."""
    staff = {id: user for id, user in {**STAFF, AGENT: agent}.items() if user is not None}
    found = take_back(written(**MOVE), MOVED, staff=staff)
    assert change_of(found).fields == ()
    assert isinstance(found, TakenBack)
    assert found.stays == ("assignee stays empty: the former one can no longer have the ticket",)


def test_an_assignee_who_changed_groups_does_not_come_back() -> None:
    """Where members are mirrored, only a member of the old group comes back."""
    for members, is_back in ((frozenset({AGENT}), True), (frozenset({BOT}), False)):
        account = replace(ACCOUNT, members={FRONTLINE: members})
        given = case(created(), OURS, ticket=MOVED)
        change = change_of(invert(written(**MOVE), given, account, tag_prefix="tier_"))
        assert bool(change.fields) is is_back


def test_a_note_is_answered_once() -> None:
    """Where we left a note, one more says that it no longer holds; never twice, and never where there was none."""
    done = written(**MOVE, has_note=True)
    change = change_of(take_back(done))
    assert change.note is not None
    assert "run run-1 by rule billing" in change.note
    assert change.note_digest is not None
    again = take_back(done, MOVED, notes_written=frozenset({change.note_digest}))
    assert (change_of(again).note, change_of(again).note_digest) == (None, None)
    assert change_of(take_back(written(**MOVE))).note is None
    note = change_of(take_back(replace(done, rule=""))).note
    assert note is not None
    assert "what run run-1 did here" in note


@pytest.mark.parametrize("status", ["closed", "deleted"])
def test_closed_tickets_are_left_alone(status: str) -> None:
    """Zendesk lets nobody change them."""
    assert status in reason_of(take_back(written(**MOVE), replace(MOVED, status=status)))


def test_a_solved_ticket_goes_back() -> None:
    """Solving it changed nothing that we wrote."""
    solved = event(AGENT, ("status", "solved", "open"), reply="Done", at=-30)
    change = change_of(take_back(written(**MOVE), replace(MOVED, status="solved"), solved))
    assert change.group is not None


@pytest.mark.parametrize("groups", [(), (Group(FRONTLINE, "Frontline", is_deleted=True),)])
def test_a_group_that_is_gone(groups: tuple[Group, ...]) -> None:
    """A ticket whose former group no longer exists stays where it is, tags and all."""
    account = replace(ACCOUNT, groups=groups)
    found = invert(written(**MOVE), case(created(), OURS, ticket=MOVED), account, tag_prefix="tier_")
    assert "is gone" in reason_of(found)


def test_two_tier_tags_never_come_back() -> None:
    """An undo that would leave a ticket with two tier tags is not made."""
    done = written(before={"tags": ["tier_1", "tier_2"]}, after={"tags": ["tier_2"]})
    reason = reason_of(take_back(done, ticket(tags={"tier_2"})))
    assert reason == "it would then carry several tier tags: tier_1, tier_2"
    other = event(AGENT, ("tags", ("tier_3",), ()), at=-30)
    reason = reason_of(take_back(written(**MOVE), replace(MOVED, tags=MOVED.tags | {"tier_3"}), other))
    assert reason == "it would then carry several tier tags: tier_1, tier_3"


@pytest.mark.parametrize(
    "later",
    [event(AGENT, ("group_id", FRONTLINE, SPECIALISTS), at=-30), event(WORKER, key="run-2:1", at=-30)],
)
def test_a_ticket_that_is_as_before_needs_nothing(later: Event) -> None:
    """Whoever brought it back, an undo or a person: nothing is left to do."""
    now = ticket(group_id=FRONTLINE, assignee_id=AGENT, tags={"foreign", "tier_1"})
    assert take_back(written(**MOVE), now, later) == AsBefore()


def test_nothing_written_is_nothing_to_restore() -> None:
    """An update that changed no field and no tag is taken back as it is."""
    assert take_back(written()) == AsBefore()


def test_groups_may_have_been_renamed() -> None:
    """A group is known by its id; the plan names it as it is called now."""
    account = replace(ACCOUNT, groups=(Group(GroupId(FRONTLINE), "First line"), *ACCOUNT.groups[2:]))
    given: Case = case(created(), OURS, ticket=MOVED)
    change = change_of(invert(written(**MOVE), given, account, tag_prefix="tier_"))
    assert change.group is not None
    assert change.group.name == "First line"


def test_several_runs_are_named() -> None:
    """The reason and the note tell every run that is taken back, each once."""
    done = replace(written(has_note=True, **MOVE), runs=("run-1", "run-2"))
    change = change_of(take_back(done))
    assert change.reason == "takes back runs run-1, run-2"
    assert "what runs run-1, run-2 by rule billing did here" in (change.note or "")
    assert told_runs(["run-1", "run-1"]) == "run run-1"


def test_who_came_between_two_runs_does_not_come_back() -> None:
    """The first run moved the ticket, a bot was assigned, the second run cleared it: before both there was nobody.

    Whoever had it before the first run and was cleared by the second comes back, also where our event is not mirrored.
    """
    values: dict[str, Any] = {
        "before": {"group_id": None, "assignee_id": AGENT},
        "after": {"group_id": SPECIALISTS, "assignee_id": None},
    }
    done = replace(written(**values), runs=("run-1", "run-2"))
    cleared = event(WORKER, ("assignee_id", None, AGENT), key="run-2:1", at=-20)
    assigned = event(BOT, ("assignee_id", AGENT, None), at=-30)
    now = ticket(group_id=SPECIALISTS)
    found = take_back(done, now, assigned, cleared)
    assert isinstance(found, TakenBack)
    assert found.stays == (
        "assignee stays empty: the one who was cleared came after the first of these runs",
    )
    assert [diff.field for diff in found.change.fields] == ["group_id"]
    there_before = change_of(take_back(done, now, cleared))
    assert [diff.field for diff in there_before.fields] == ["group_id", "assignee_id"]
    unseen = invert(done, case(created(), cleared, ticket=now), ACCOUNT, tag_prefix="tier_")
    assert [diff.field for diff in change_of(unseen).fields] == ["group_id", "assignee_id"]
