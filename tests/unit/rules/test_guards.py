"""Guards: which values are looked at before any rule is asked."""

from __future__ import annotations

import pytest

from tests.unit.rules.build import AREA, HEAD, VERSION, compiled
from zdsync.rules.guards import guarding
from zdsync.rules.sources import Read, Record, Source, Words

TAIL = "  - {id: rest, why: w, then: {tier: 1}}\n"


def on(attribute: str) -> Source:
    return Source(Record.TICKET, attribute)


def looked_at(*rules: str) -> frozenset[Read]:
    lines = "".join(f"  - {{id: r{n}, why: w, {rule}, then: {{tier: 2}}}}\n" for n, rule in enumerate(rules))
    return guarding(compiled(f"{HEAD}assign:\n{lines}{TAIL}").assign)


@pytest.mark.parametrize(
    ("rules", "reads"),
    [
        (["all: [channel: web]"], {on("channel")}),
        (["all: [channel: web, type: problem]", "all: [type: problem]"], {on("type")}),
        (["all: [channel: {is_not: web}, type: problem]"], {on("type")}),
        (["all: [replies: {at_least: 1}, type: problem]"], {on("type")}),
        (["all: [replies: {at_least: 1}, type: {is_not: problem}]"], {Source(Record.FACTS, "replies")}),
        (["all: [status: {less_than: solved}, replies: {at_least: 1}]"], {Source(Record.FACTS, "replies")}),
        (["all: [status: open, subject: {starts_with: Re}]"], {on("status")}),
        (["any: [channel: web, type: problem]"], {on("channel"), on("type")}),
        (
            ["any: [channel: web, type: problem]", "all: [type: task, channel: web]"],
            {on("channel"), on("type")},
        ),
        (["any: [channel: web, subject: {starts_with: Re}]"], set()),
        (["all: [subject: {starts_with: Re}]"], set()),
        (["all: [text: {contains: refund}, channel: {is_not: web}]"], {Words("text")}),
        (["all: [Area: technical, App version: {present: true}]"], {Source(Record.TICKET, key=AREA)}),
    ],
)
def test_what_is_looked_at(rules: list[str], reads: set[Read]) -> None:
    """One value for each rule where one will do, shared with other rules, and of those rather one that rules much out."""
    assert looked_at(*rules) == reads


def test_parts_of_named_conditions_are_guards() -> None:
    """All of a named condition's `any` together, and any one of its `all`."""
    text = f"""{HEAD}
conditions:
  either: {{any: [channel: web, type: problem]}}
  both: {{all: [channel: web, type: problem]}}
assign:
  - {{id: a, why: w, all: [either], then: {{tier: 2}}}}
"""
    rules = compiled(text + "  - {id: b, why: w, all: [both], then: {tier: 2}}\n" + TAIL).assign
    assert guarding(rules[:1]) == {on("channel"), on("type")}
    assert len(guarding(rules[1:2])) == 1


def test_a_text_field_of_the_account_has_no_clue() -> None:
    """Too many values occur in it."""
    assert looked_at("all: [App version: '3.1']") == frozenset()
    assert VERSION not in {read.key for read in looked_at("all: [channel: web]") if isinstance(read, Source)}
