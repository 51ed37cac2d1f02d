"""Facts: who touched a ticket, what people chose, and the ticket as it would be without us."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import (
    AGENT,
    BOT,
    CUSTOMER,
    ENGINEERING,
    FRONTLINE,
    SPECIALISTS,
    WORKER,
    case,
    created,
    event,
    moment,
    ticket,
)
from zdsync.facts import Facts, derive
from zdsync.journey import Ladder
from zdsync.model import Case, Event, FieldId, Finding, OwnChange, TicketId
from zdsync.text import fold

OURS = "run-1:1"


def facts(given: Case) -> Facts:
    return derive(given, moment(), Ladder())


@pytest.mark.parametrize(
    ("deed", "how"),
    [
        (event(AGENT, reply="Hello"), "replied"),
        (event(AGENT, ("group_id", SPECIALISTS)), "chose the group"),
        (event(AGENT, ("assignee_id", AGENT)), "assigned it"),
        (event(AGENT, ("priority", "high", None)), "chose the priority"),
        (event(AGENT, ("tags", ("tier_2",), ())), "chose the tier"),
        (created(("group_id", FRONTLINE), author=AGENT), "chose the group"),
    ],
)
def test_a_persons_hand_touches(deed: Event, how: str) -> None:
    """A public reply, an assignment, or a choice of group, tier or priority by a person takes a ticket in hand."""
    touch = facts(case(created(), deed)).touch
    assert touch is not None
    assert touch.how == how


@pytest.mark.parametrize(
    "deed",
    [
        event(CUSTOMER, reply="Any news?"),
        event(CUSTOMER, ("priority", "urgent")),
        event(AGENT, note="Looks odd"),
        event(AGENT, ("status", "pending", "open")),
        event(AGENT, ("tags", ("odd",), ())),
        event(BOT, reply="Have you tried our article?"),
        event(BOT, ("group_id", FRONTLINE)),
        event(AGENT, ("group_id", FRONTLINE), rel="trigger"),
        event(None, ("group_id", FRONTLINE)),
        event(WORKER, ("group_id", SPECIALISTS), ("priority", "high"), key=OURS),
        event(CUSTOMER, reply="It broke", by_rule=[("group_id", FRONTLINE)]),
    ],
)
def test_no_person_no_touch(deed: Event) -> None:
    """Customers, notes, labels, bots, triggers, the system and our own writes leave a ticket untouched."""
    assert facts(case(created(), deed)).touch is None


def test_unknown_history_counts_as_touched() -> None:
    """A ticket whose beginning is not mirrored is treated as somebody's."""
    touch = facts(case(event(CUSTOMER, reply="Hi"), has_whole_history=False)).touch
    assert touch is not None
    assert "history" in touch.how


@pytest.mark.parametrize(("minutes", "is_settling"), [(-30, False), (-1, True), (0, True)])
def test_settling(minutes: float, is_settling: bool) -> None:
    """A ticket at or past the moment up to which events are complete is settling."""
    assert facts(case(ticket=ticket(updated_at=moment(minutes)))).is_settling is is_settling


def test_without_events_everything_settles() -> None:
    """Before any event was mirrored nothing can be decided."""
    assert facts(case(events_until=None)).is_settling


def test_our_own_writes_are_taken_back() -> None:
    """Conditions see the ticket as it would be without us, over several writes of ours."""
    now = ticket(
        group_id=SPECIALISTS,
        priority="urgent",
        tags={"vip", "tier_2", "foreign"},
        custom_fields={7: "billing"},
    )
    history = (
        created(("group_id", FRONTLINE), ("priority", "low")),
        event(WORKER, ("priority", "high", "low"), ("tags", ("vip", "tier_1"), ()), key=OURS, at=-40),
        event(WORKER, ("priority", "urgent", "high"), ("group_id", SPECIALISTS, FRONTLINE), key=OURS, at=-39),
        event(WORKER, ("tags", ("tier_2",), ("tier_1", "gone")), ("7", "billing", None), key=OURS, at=-38),
    )
    found = facts(case(*history, ticket=now))
    assert found.current == now
    assert found.ticket.priority == "low"
    assert found.ticket.group_id == FRONTLINE
    assert found.ticket.tags == {"foreign", "gone"}
    assert found.ticket.custom_fields == {FieldId(7): None}


def test_what_others_wrote_after_us_stays() -> None:
    """A value that somebody else set last is the world's, not ours."""
    history = (
        created(("priority", "low")),
        event(WORKER, ("priority", "high", "low"), ("tags", ("vip",), ()), key=OURS, at=-40),
        event(AGENT, ("priority", "normal", "high"), ("tags", ("vip",), ()), at=-30),
    )
    found = facts(case(*history, ticket=ticket(priority="normal", tags={"vip"})))
    assert found.ticket.priority == "normal"
    assert found.ticket.tags == {"vip"}


def test_people_choose() -> None:
    """The latest change of a field or tag tells whose choice it is."""
    history = (
        created(("type", "question")),
        event(AGENT, ("type", "incident", "question"), ("tags", ("a", "b"), ("c",)), at=-40),
        event(None, ("tags", ("b",), ()), at=-35),
        event(AGENT, ("priority", "high", None), at=-30),
        event(CUSTOMER, ("priority", "low", "high"), at=-20),
    )
    found = facts(case(*history))
    assert found.person_fields == {"type"}
    assert found.person_tags == {"a": True, "c": False}


def test_emptying_a_field_is_a_choice_too() -> None:
    """A field that a person emptied stays the person's."""
    history = (created(), event(AGENT, ("type", None, "incident")))
    assert "type" in facts(case(*history)).person_fields


def test_group_choice_and_tag_times() -> None:
    """The moment of a person's choice of group stands until something else moves the ticket."""
    moved = event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=-40)
    assert facts(case(created(), moved)).group_chosen_at == moment(-40)
    back = event(AGENT, ("group_id", FRONTLINE, SPECIALISTS), rel="trigger", at=-30)
    assert facts(case(created(), moved, back)).group_chosen_at is None
    tagged = event(WORKER, ("tags", ("tier_1",), ()), key=OURS, at=-20)
    found = facts(case(created(), tagged))
    assert found.tag_added_at == {"tier_1": moment(-20)}
    assert found.own_tag_adds == {"tier_1": 1}


def test_counts() -> None:
    """Replies are people's public ones; reopens leave solved; stations count what was set."""
    history = (
        created(("group_id", FRONTLINE)),
        event(AGENT, ("assignee_id", AGENT, None), ("status", "solved", "open"), reply="Done", at=-40),
        event(CUSTOMER, ("status", "open", "solved"), reply="Not done", at=-30),
        event(
            AGENT,
            ("group_id", SPECIALISTS, FRONTLINE),
            ("assignee_id", None, AGENT),
            note="Over to you",
            at=-20,
        ),
    )
    found = facts(case(*history))
    assert (found.replies, found.reopens, found.group_stations, found.assignee_stations) == (1, 1, 2, 1)
    assert found.comment == "Over to you"
    assert found.public_comments == ("Something is wrong", "Done", "Not done")
    assert found.plain("text") == "Help\nSomething is wrong\nDone\nNot done"


def test_our_own_updates_are_not_read() -> None:
    """Neither a note of ours as the latest comment, nor its time as that of the latest update."""
    told = event(WORKER, note="Handed over", key=OURS, at=-20)
    found = facts(case(created(), told, ticket=ticket(updated_at=moment(-20))))
    assert (found.comment, found.ticket.updated_at) == ("Something is wrong", moment(-60))
    answered = event(AGENT, reply="Hi", at=-10)
    found = facts(case(created(), told, answered, ticket=ticket(updated_at=moment(-10))))
    assert (found.comment, found.ticket.updated_at) == ("Hi", moment(-10))
    alone = facts(case(told, ticket=ticket(updated_at=moment(-20))))
    assert alone.ticket.updated_at == moment(-20)


def test_an_empty_field_on_opening_is_no_choice() -> None:
    """An agent who opens a ticket chose what is filled in, not what is left empty."""
    opened = created(("type", None), ("priority", "high"), author=AGENT)
    assert facts(case(opened)).person_fields == {"priority"}


def test_texts_and_findings() -> None:
    """Text is subject, description and public comments; findings are known by detector."""
    hit = Finding(TicketId(1), None, "iban", 1, is_public=True)
    found = facts(
        case(created(), event(AGENT, note="SECRET"), ticket=ticket(subject="Überweisung"), findings=(hit,))
    )
    assert " überweisung " in found.words("subject")
    assert " something is wrong " in found.words("text")
    assert "secret" not in found.words("text")
    assert found.words("comment") == " secret "
    assert found.words("description") is found.words("description")
    assert found.detected == {"iban"}


@given(st.text(max_size=12), st.text(max_size=12), st.lists(st.text(max_size=12), max_size=3))
def test_words_of_the_whole_text_are_those_of_its_parts(subject: str, body: str, comments: list[str]) -> None:
    """Folded part by part, the text is what it would be folded as one."""
    asked = ticket(subject=subject, description=body)
    found = replace(facts(case(ticket=asked)), public_comments=(body, *comments))
    assert found.words("text") == fold(found.plain("text"))


def _quarrel(*steps: tuple[str, float]) -> frozenset[str]:
    """What counts as undone after these moves of the group at these minutes: by us, a rule or a person; "in ours": a rule within our own update."""
    groups = {"we": SPECIALISTS, "rule": FRONTLINE, "person": ENGINEERING, "in ours": SPECIALISTS}
    events = [created()]
    for who, at in steps:
        change = ("group_id", groups[who])
        events.append(
            event(
                AGENT if who == "person" else WORKER if who in {"we", "in ours"} else None,
                change,
                at=at,
                key="run:1" if who in {"we", "in ours"} else None,
                rel="trigger" if who == "rule" else None,
                by_rule=[("group_id", FRONTLINE)] if who == "in ours" else (),
            )
        )
    return facts(case(*events)).undone


@pytest.mark.parametrize(
    ("steps", "is_undone"),
    [
        ([("we", -50), ("rule", -49)], False),
        ([("we", -50), ("rule", -49), ("we", -40), ("rule", -39)], True),
        ([("in ours", -50), ("in ours", -40)], True),
        ([("we", -50), ("rule", -49), ("we", -40)], False),
        ([("we", -50), ("we", -45), ("rule", -44), ("we", -40)], False),
        ([("we", -50), ("rule", -49), ("person", -45), ("we", -40), ("rule", -39)], False),
        ([("we", -500), ("rule", -400), ("we", -300), ("rule", -200)], False),
        ([("we", -2000), ("rule", -1999), ("we", -1900), ("rule", -1899)], False),
        ([("we", -2000), ("rule", -1999), ("we", -1900), ("rule", -1899), ("in ours", -30)], True),
        ([("rule", -50), ("rule", -40)], False),
    ],
)
def test_what_rules_of_the_account_undo(steps: list[tuple[str, float]], is_undone: bool) -> None:
    """Two writes in a row set back by rules, within the hour each, the last within a day; a person ends the quarrel."""
    assert _quarrel(*steps) == ({"group_id"} if is_undone else set())


def test_tags_that_rules_undo_are_named_one_by_one() -> None:
    """A trigger that removes one tag each time says nothing of the other."""
    ours = event(WORKER, ("tags", ("tier_2", "vip"), ()), key="run:1", at=-50)
    answer = event(None, ("tags", (), ("vip",)), rel="trigger", at=-49)
    again = event(WORKER, ("tags", ("vip",), ()), key="run:2", at=-40)
    last = event(None, ("tags", (), ("vip",)), rel="trigger", at=-39)
    known = facts(case(created(), ours, answer, again, last))
    assert known.undone == {"tag vip"}


def test_where_it_is_and_was() -> None:
    """Tier, previous tier and moves are those of its journey."""
    ladder = Ladder(keys=("1", "2"), tiers_of_group={FRONTLINE: ("1",), SPECIALISTS: ("2",)})
    moved = event(AGENT, ("group_id", SPECIALISTS, FRONTLINE), at=-40)
    known = derive(case(created(("group_id", FRONTLINE)), moved), moment(), ladder)
    assert (known.tier, known.previous_tier, known.moves) == ("2", "1", 1)


def test_a_repair_is_known_until_a_person_chooses() -> None:
    """By the journal; a person's group or tier tag ends it, an unknown update of ours is none."""
    ours = event(WORKER, ("tags", ("tier_2",), ("tier_1",)), key=OURS, at=-30)
    own = {OURS: OwnChange("repaired", "", "")}
    assert facts(case(created(), ours, own_changes=own)).repaired_at == moment(-30)
    assert facts(case(created(), ours)).repaired_at is None
    for later in (
        event(AGENT, ("group_id", FRONTLINE), at=-20),
        event(AGENT, ("tags", ("tier_1",), ()), at=-20),
    ):
        assert facts(case(created(), ours, later, own_changes=own)).repaired_at is None
    trigger = event(None, ("group_id", FRONTLINE), ("tags", ("tier_1",), ()), rel="trigger", at=-20)
    assert facts(case(created(), ours, trigger, own_changes=own)).repaired_at == moment(-30)
