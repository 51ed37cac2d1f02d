"""Hidden by several rules together: what is reported is certain, and over sets and intervals nothing is missed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.rules import reference
from tests.unit.rules.build import HEAD, TAIL, facts, told
from tests.unit.rules.test_oracle import LEAVES, conditions, tickets
from zdsync.facts import Facts
from zdsync.rules.cover import cover_together
from zdsync.rules.logic import Branch
from zdsync.rules.model import Condition, Operator

PREFIX = "ignore:\n"


def ignoring(*bodies: str) -> list[str]:
    """What lint says of rules with these conditions, in order."""
    rules = "".join(f"  - {{id: r{number}, why: w, {body}}}\n" for number, body in enumerate(bodies))
    text = (
        HEAD
        + PREFIX
        + rules
        + "assign:\n  - {id: b, why: w, all: [tags: {includes: [b]}], then: {tier: 2}}\n"
    )
    return [
        message
        for message in told(text + TAIL.replace("assign:\n", ""))
        if "hidden-rule" in message and "'b' can" not in message
    ]


@pytest.mark.parametrize(
    ("bodies", "by"),
    [
        (
            (
                "all: [priority: {at_most: normal}]",
                "all: [priority: {at_least: high}]",
                "all: [type: incident]",
            ),
            (0, 1),
        ),
        (
            ("all: [replies: {less_than: 3}]", "all: [replies: {greater_than: 2}]", "all: [channel: web]"),
            (0, 1),
        ),
        (("all: [due_at: present]", "all: [due_at: not_present]", "all: [channel: web]"), (0, 1)),
        (("all: [group: none]", "all: [group: {is_not: none}]", "all: [channel: web]"), (0, 1)),
        (("all: [tags: {includes: [vip]}]", "all: [tags: {excludes: [vip]}]", "all: [channel: web]"), (0, 1)),
        (
            (
                "all: [type: [incident, problem]]",
                "all: [type: task]",
                "all: [type: [none, question]]",
                "all: [status: new]",
            ),
            (0, 1, 2),
        ),
        (
            (
                "all: [{type: incident}, {priority: {at_least: high}}]",
                "all: [{type: incident}, {priority: {less_than: high}}]",
                "all: [{type: incident}, {channel: web}]",
            ),
            (0, 1),
        ),
        (
            (
                "all: [text: {contains: [refund]}]",
                "all: [text: {excludes_words: [refund]}]",
                "all: [channel: web]",
            ),
            (0, 1),
        ),
        (
            (
                "all: [text: {contains: [refund]}]",
                "all: [channel: email]",
                "any: [text: {contains_phrase: [my refund please]}, channel: email]",
            ),
            (0, 1),
        ),
        (
            (
                "all: [organization.mrr: {less_than: 10}]",
                "all: [organization.mrr: {at_least: 10}]",
                "all: [organization.mrr: present]",
            ),
            (0, 1),
        ),
        (
            (
                "all: [text: {detects: [iban]}]",
                "all: [text: {detects: [email, phone]}]",
                "all: [text: {detects: [email, iban]}]",
            ),
            (0, 1),
        ),
    ],
)
def test_a_rule_hidden_by_several(bodies: tuple[str, ...], by: tuple[int, ...]) -> None:
    """The message names exactly the rules that it takes to hide it."""
    (message,) = ignoring(*bodies)
    assert f"'r{len(bodies) - 1}' can never win: " in message
    assert message.count("(line ") == len(by)
    assert all(f"'r{number}' (line" in message for number in by)


@pytest.mark.parametrize(
    "bodies",
    [
        (
            "all: [organization.mrr: {less_than: 10}]",
            "all: [organization.mrr: {at_least: 10}]",
            "all: [channel: web]",
        ),
        ("all: [replies: {less_than: 3}]", "all: [replies: {greater_than: 3}]", "all: [channel: web]"),
        ("all: [area: {is_not: billing}]", "all: [area: {is_not: technical}]", "all: [channel: web]"),
        ("all: [tags: {includes: [a]}]", "all: [tags: {includes: [b]}]", "all: [tags: present]"),
        ("all: [text: {starts_with: [a]}]", "all: [text: {excludes_words: [a]}]", "all: [channel: web]"),
        ("all: [type: incident], mode: shadow", "all: [type: {is_not: incident}]", "all: [channel: web]"),
        (
            "all: [type: incident], until: 2027-01-01",
            "all: [type: {is_not: incident}]",
            "all: [channel: web]",
        ),
    ],
)
def test_a_rule_that_some_ticket_reaches(bodies: tuple[str, ...]) -> None:
    """A missing value, a number between, an option that answers to two names, a rule that is not always on."""
    assert ignoring(*bodies) == []


def test_work_is_bounded() -> None:
    """Sets of fifty rules with many words on many fields are answered at once; giving up means no."""
    asked = [
        Condition(f"field {n % 9}", Operator.INCLUDES, tuple(f"w{n}{m}" for m in range(5)))
        for n in range(300)
    ]
    earlier = [(one, asked[(7 * number) % 300]) for number, one in enumerate(asked)]
    assert not cover_together(earlier, [(asked[0],)], most=1_000)
    each = [(Condition("replies", Operator.IS, (n,)),) for n in range(99)]
    later = [(Condition("replies", Operator.AT_MOST, (98,)),)]
    assert cover_together(each, later)
    assert not cover_together(each, later, most=1_000)


def test_a_field_of_unknown_kind() -> None:
    """Offline nothing is known of a custom field; what follows by words alone is still found."""
    high, named = Condition("mrr", Operator.AT_LEAST, (10,)), Condition("mrr", Operator.IS, ("much",))
    assert cover_together([(high,), (replace(high, operator=Operator.LESS_THAN),)], [(high, named)])
    assert not cover_together([(high,)], [(named,)])


# Against brute force

SMALL: dict[str, tuple[list[str], list[Any]]] = {
    "status": (["is", "is_not", "less_than", "at_most", "at_least"], ["new", "pending", "solved"]),
    "priority": (
        ["is", "is_not", "at_most", "at_least", "present", "not_present"],
        ["none", "normal", "urgent"],
    ),
    "type": (["is", "is_not", "present", "not_present"], ["none", "incident", "question"]),
    "replies": (["is", "is_not", "less_than", "at_least"], [0, 1, 2]),
    "tags": (["includes", "excludes", "includes_all", "present", "not_present"], ["a", "b"]),
}
EVERY = [
    facts(status=status, priority=priority, type=type, replies=replies, tags=tags)
    for status, priority, type, replies, tags in product(
        reference.STATUSES,
        [None, *reference.PRIORITIES[1:]],
        [None, "incident", "question", "task"],
        range(5),
        [(), ("a",), ("b",), ("a", "b"), ("c",)],
    )
]
"""Each ticket that these conditions can tell from others, and a few more."""


@st.composite
def small_conditions(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(sorted(SMALL)))
    operators, values = SMALL[field]
    operator = Operator(draw(st.sampled_from(operators)))
    if operator in (Operator.PRESENT, Operator.NOT_PRESENT):
        return Condition(field, operator)
    most = 1 if "_than" in operator or "at_" in operator else 2
    return Condition(
        field, operator, tuple(draw(st.lists(st.sampled_from(values), min_size=1, max_size=most)))
    )


SMALL_BRANCHES = st.lists(small_conditions(), min_size=1, max_size=2).map(tuple)


def holds(branch: Branch, subject: Facts) -> bool:
    return all(reference.holds(condition, subject) for condition in branch)


@cache
def holding(condition: Condition) -> frozenset[int]:
    """The numbers of the tickets of the small world of which it holds."""
    return frozenset(number for number, one in enumerate(EVERY) if reference.holds(condition, one))


def matching(branch: Branch) -> frozenset[int]:
    return frozenset.intersection(*map(holding, branch))


@settings(max_examples=150, deadline=None)
@given(st.lists(SMALL_BRANCHES, min_size=1, max_size=6), SMALL_BRANCHES)
def test_over_sets_and_intervals_the_answer_is_that_of_brute_force(
    earlier: list[Branch], later: Branch
) -> None:
    """Every ticket of a small world is tried: yes exactly when none is left."""
    assume(matching(later))
    left = matching(later).difference(*map(matching, earlier))
    assert cover_together(earlier, [later]) is (not left)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.lists(tickets(), min_size=1, max_size=4))
def test_what_is_said_to_be_covered_is(data: st.DataObject, subjects: list[Facts]) -> None:
    """Any fields and operators, a condition beside its opposite: no random ticket contradicts a yes."""
    split = data.draw(conditions())
    both = [(split,), (replace(split, operator=_OPPOSITE.get(split.operator, split.operator)),)]
    earlier = [*both, *data.draw(st.lists(st.lists(LEAVES, min_size=1, max_size=2).map(tuple), max_size=3))]
    later = tuple(data.draw(st.lists(LEAVES, min_size=1, max_size=2)))
    if cover_together(earlier, [later]):  # type: ignore[arg-type,list-item]
        for subject in subjects:
            assert not holds(later, subject) or any(holds(branch, subject) for branch in earlier)  # type: ignore[arg-type]


_OPPOSITE = {
    Operator.IS: Operator.IS_NOT,
    Operator.IS_NOT: Operator.IS,
    Operator.PRESENT: Operator.NOT_PRESENT,
    Operator.NOT_PRESENT: Operator.PRESENT,
    Operator.INCLUDES: Operator.EXCLUDES,
    Operator.EXCLUDES: Operator.INCLUDES,
    Operator.CONTAINS: Operator.EXCLUDES_WORDS,
    Operator.EXCLUDES_WORDS: Operator.CONTAINS,
    Operator.LESS_THAN: Operator.AT_LEAST,
    Operator.AT_LEAST: Operator.LESS_THAN,
    Operator.AT_MOST: Operator.GREATER_THAN,
    Operator.GREATER_THAN: Operator.AT_MOST,
}
