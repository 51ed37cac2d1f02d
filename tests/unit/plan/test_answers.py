"""What the account's own rules make of a plan: true, false or not known, condition by condition."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.build import AGENT, FRONTLINE, SPECIALISTS, moment, ticket
from zdsync.account import NativeRule
from zdsync.model import FieldId, TicketId
from zdsync.plan.answers import estimate_answers
from zdsync.plan.model import FieldDiff, GroupRef, NativeAnswer, TicketChange

TICKET = ticket(
    status="open",
    priority="normal",
    group_id=FRONTLINE,
    assignee_id=AGENT,
    tags={"foreign", "tier_1"},
    custom_fields={FieldId(7): "billing", FieldId(8): True, FieldId(9): ("a", "b")},
)
CHANGE = TicketChange(
    TicketId(1),
    moment(),
    "assigned",
    "billing",
    "Money",
    "2",
    fields=(FieldDiff("priority", "normal", "high"), FieldDiff("custom_fields.7", "billing", "refund")),
    group=GroupRef("Specialists", SPECIALISTS),
    assignee_before=AGENT,
    add_tags=("tier_2",),
    remove_tags=("tier_1",),
    note="Handed over",
)
LABEL = TicketChange(TicketId(1), moment(), "labelled", "seen", "A label", None, add_tags=("seen",))

Conditions = list[tuple[str, str, str]]


def native(every: Conditions, some: Conditions | None = None, **given: Any) -> NativeRule:
    ordinary: dict[str, Any] = {"kind": "trigger", "id": 5, "title": "Tell them"}
    return NativeRule(**{**ordinary, **given}, conditions_all=tuple(every), conditions_any=tuple(some or ()))


def judged(rule: NativeRule, change: TicketChange = CHANGE) -> bool | None:
    """Whether the rule would answer the one update."""
    answers = estimate_answers([(change, TICKET)], [rule])
    return None if answers and not answers[0].likely else bool(answers)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (("status", "is", "open"), True),
        (("status", "less_than", "solved"), True),
        (("status", "greater_than", "solved"), False),
        (("status", "less_than", "strange"), None),
        (("priority", "is", "normal"), False),
        (("priority", "greater_than", "normal"), True),
        (("priority", "less_than", ""), False),
        (("priority", "is_not", "low"), True),
        (("type", "is", ""), True),
        (("group_id", "is", str(SPECIALISTS)), True),
        (("group_id", "is_not", str(SPECIALISTS)), False),
        (("group_id", "is", "current_groups"), None),
        (("assignee_id", "is", ""), True),
        (("assignee_id", "is", "current_user"), None),
        (("current_tags", "includes", "tier_2 x"), True),
        (("current_tags", "includes", "tier_1"), False),
        (("current_tags", "not_includes", "tier_1"), True),
        (("current_tags", "matches", "tier_1"), None),
        (("custom_fields_7", "is", "refund"), True),
        (("custom_fields_8", "is", "true"), True),
        (("custom_fields_9", "is", "a b"), True),
        (("custom_fields_10", "present", ""), False),
        (("custom_fields_10", "not_present", ""), True),
        (("custom_fields_7", "within_previous_n_days", "3"), None),
        (("priority", "changed", ""), True),
        (("type", "changed", ""), False),
        (("type", "not_changed", ""), True),
        (("group_id", "value", str(SPECIALISTS)), True),
        (("group_id", "not_value", str(SPECIALISTS)), False),
        (("group_id", "value_previous", str(FRONTLINE)), True),
        (("group_id", "not_value_previous", str(FRONTLINE)), False),
        (("status", "value", "open"), False),
        (("reopens", "changed", ""), False),
        (("update_type", "is", "Change"), True),
        (("update_type", "is", "Create"), False),
        (("comment_is_public", "is", "false"), True),
        (("comment_is_public", "is", "not_relevant"), True),
        (("comment_is_public", "is", "true"), False),
        (("comment_is_public", "is", "requester_can_see_comment"), False),
        (("role", "is", "agent"), True),
        (("role", "is", "end_user"), False),
        (("role", "is", "12"), None),
        (("in_business_hours", "is", "true"), None),
    ],
)
def test_one_condition(condition: tuple[str, str, str], holds: bool | None) -> None:
    """Asked of the ticket as our update leaves it, and of the update itself."""
    assert judged(native([condition])) is holds


TRUE, FALSE, UNKNOWN = ("status", "is", "open"), ("status", "is", "new"), ("in_business_hours", "is", "true")


@pytest.mark.parametrize(
    ("every", "some", "holds"),
    [
        ([], [], True),
        ([TRUE, UNKNOWN], [], None),
        ([FALSE, UNKNOWN], [], False),
        ([TRUE], [FALSE, TRUE, UNKNOWN], True),
        ([TRUE], [FALSE, UNKNOWN], None),
        ([TRUE], [FALSE], False),
        ([UNKNOWN], [FALSE], False),
    ],
)
def test_all_and_any(every: Conditions, some: Conditions, holds: bool | None) -> None:
    """What is not known decides nothing that something known decides."""
    assert judged(native(every, some)) is holds


def test_an_update_without_a_note_has_no_comment() -> None:
    """A rule that asks for one is not set off by it; the group stays the ticket's."""
    assert judged(native([("comment_is_public", "is", "false")]), LABEL) is False
    assert judged(native([("group_id", "is", str(FRONTLINE))]), LABEL) is True


def test_nobody_asks_for_a_group_yet_to_be_made() -> None:
    """It has no id that a native rule could name."""
    change = replace(CHANGE, group=GroupRef("New", None))
    assert judged(native([("group_id", "is", str(FRONTLINE))]), change) is False
    assert judged(native([("group_id", "changed", "")]), change) is True


def test_automations_come_later_and_only_where_we_write_what_they_ask_for() -> None:
    """They find every other ticket without us; when their time comes is not known here."""
    by_tag = native([("current_tags", "includes", "tier_2"), ("NEW", "greater_than", "4")], kind="automation")
    assert judged(by_tag) is None
    assert judged(native([("priority", "is", "high")], kind="automation")) is None
    assert judged(native([TRUE], kind="automation")) is False
    assert judged(native([("current_tags", "includes", "tier_9")], kind="automation")) is False


def test_answers_are_counted_and_the_busiest_come_first() -> None:
    """By what is sure, then by what may be; rules that surely answer nothing are left out."""
    urgent = native([("priority", "is", "high")], id=1, title="Urgent")
    hours = native([UNKNOWN], id=2, title="Hours", notifies=True)
    every = native([], id=3, title="Every")
    never = native([FALSE], id=4)
    updates = [(CHANGE, TICKET), (LABEL, TICKET)]
    assert estimate_answers(updates, [never, hours, urgent, every]) == (
        NativeAnswer("trigger", 3, "Every", 2, 2, notifies=False),
        NativeAnswer("trigger", 1, "Urgent", 1, 1, notifies=False),
        NativeAnswer("trigger", 2, "Hours", 0, 2, notifies=True),
    )
