"""Moves, gates, clocks, limits and targets as text: what is sound arrives whole, what is not is located."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.unit.rules.build import HEAD, TAIL, parse, rules
from zdsync.rules.lengths import Clock, Length, Unit
from zdsync.rules.model import (
    After,
    Condition,
    GateRule,
    MoveLimit,
    MoveRule,
    Operator,
    Promise,
    TargetKind,
    Vendor,
)
from zdsync.rules.spellings import read_length, read_share

TAGGED = "all: [tags: {includes: [please]}]"


def message(block: str, *, head: str = HEAD) -> str:
    """The one message about a set with this block, without the file."""
    found, problems = parse(head + block + "\n" + TAIL)
    assert found is None
    assert len(problems) == 1, list(map(str, problems))
    return str(problems[0])


def move(body: str, block: str = "escalate") -> MoveRule:
    found = rules(HEAD + f"{block}: [{{id: up, why: w, {body}}}]\n" + TAIL)
    (rule,) = found.moves
    return rule


def gate(body: str) -> GateRule:
    (rule,) = rules(HEAD + f"require: [{{id: it, why: w, {body}}}]\n" + TAIL).require
    return rule


def test_a_move_arrives_whole() -> None:
    """Every key of a move, with its clock, in the words of the rules."""
    rule = move(
        "owner: desk, mode: 10%, from: [0, 1], to: 2, even_if_held: true, all: [priority: high],"
        "after: {in_tier: 2 business_days}, warn_at: 75%, then: {group: Engineering, notify: leads}"
    )
    assert (rule.origins, rule.to, rule.even_if_held) == (("0", "1"), "2", True)
    assert rule.all == (Condition("priority", Operator.IS, ("high",)),)
    assert rule.after == After(Clock.IN_TIER, Length(2, Unit.BUSINESS_DAYS))
    assert (rule.warn_at, rule.share, rule.owner) == (Fraction(3, 4), Fraction(1, 10), "desk")
    assert (rule.then.group, rule.then.notify) == ("Engineering", "leads")
    assert rule.after is not None
    assert (rule.after.at.line, rule.after.at.column) == (8, 124)
    assert rule.marks["to"].column == 67


def test_a_move_needs_little() -> None:
    """From, to and a reason to move; nothing else is assumed."""
    rule = move(f"from: 2, to: previous, {TAGGED}", "deescalate")
    assert (rule.origins, rule.to, rule.after, rule.warn_at) == (("2",), "previous", None, None)
    assert (rule.even_if_held, rule.remind_after, rule.then.keep_assignee_as) == (False, None, None)


@pytest.mark.parametrize("body", ["keep_assignee_as: follower", "then: {keep_assignee_as: follower}"])
def test_what_becomes_of_the_assignee_may_stand_in_two_places(body: str) -> None:
    """At the rule, where it reads best, and in `then:`, where other outcomes stand."""
    rule = move(f"from: 1, to: 2, {TAGGED}, {body}")
    assert rule.then.keep_assignee_as == "follower"
    assert rule.then.marks["keep_assignee_as"].line == 8


def test_a_vendor_is_reminded_after_a_while() -> None:
    """`to: external` with the length on hold."""
    rule = move(f"from: 2, to: external, {TAGGED}, remind_after: 3 business_days")
    assert (rule.to, rule.remind_after) == ("external", Length(3, Unit.BUSINESS_DAYS))


def test_a_gate_arrives_whole() -> None:
    """What is asked, of whom not, and what is done while it is missing."""
    rule = gate(
        "before_tier: 2, any: [type: incident], fields: [App version, Weight], attachment: true, detects: iban,"
        'unless: [priority: urgent, tags: {includes: [vip]}], missing: {add_tags: [calm], macro: Ask, note: "Ask for {missing}"}, asks_by: Asker'
    )
    assert (rule.before_tier, rule.fields, rule.needs_attachment) == ("2", ("App version", "Weight"), True)
    assert (rule.detects, rule.missing_tags, rule.macro, rule.asks_by) == (
        ("iban",),
        ("calm",),
        "Ask",
        "Asker",
    )
    assert rule.then.note == "Ask for {missing}"
    assert rule.any == (Condition("type", Operator.IS, ("incident",)),)
    assert [one.field for one in rule.unless if isinstance(one, Condition)] == ["priority", "tags"]


def test_a_gate_needs_little() -> None:
    """A tier and one thing that must be known; what is missing is then only told in the note."""
    rule = gate("before_tier: 2, fields: Weight")
    assert rule == GateRule(id="it", why="w", before_tier="2", fields=("Weight",))


def test_the_set_says_what_holds_for_all_moves() -> None:
    """Respect, limit and vendor; without them 24 business hours, no limit, and the ordinary vendor tag."""
    found = rules(
        HEAD
        + "manual_override: {respect_for: 2 days}\nvendor: {tag: waiting, view: Waiting}\n"
        + "move_limit: {at_most: 3, per: 7 days, then: {add_tags: [calm], notify: leads}}\n"
        + TAIL
    )
    assert found.manual_override == Length(2, Unit.DAYS)
    assert found.move_limit == MoveLimit(3, Length(7, Unit.DAYS), ("calm",), "leads")
    assert found.vendor == Vendor("waiting", "Waiting")
    plain = rules(HEAD + TAIL)
    assert (str(plain.manual_override), plain.move_limit, plain.vendor) == (
        "24 business hours",
        None,
        Vendor(),
    )
    assert rules(HEAD + "move_limit: {at_most: 1, per: 1 day}\n" + TAIL).move_limit == MoveLimit(
        1, Length(1, Unit.DAYS)
    )


def test_a_tier_promises_one_length_or_lengths_by_priority() -> None:
    """`else` is for every priority without an entry of its own."""
    targets = (
        "targets: {first_reply: {urgent: 30 minutes, none: 1 day, else: 2 business_hours}, solve: 3 days}"
    )
    tier = rules(HEAD.replace("name: Frontline", f"name: Frontline, {targets}") + TAIL).tiers[0]
    assert tier.targets == (
        Promise(TargetKind.FIRST_REPLY, Length(30, Unit.MINUTES), "urgent"),
        Promise(TargetKind.FIRST_REPLY, Length(1, Unit.DAYS), "none"),
        Promise(TargetKind.FIRST_REPLY, Length(2, Unit.BUSINESS_HOURS)),
        Promise(TargetKind.SOLVE, Length(3, Unit.DAYS)),
    )
    promises = [tier.promise(TargetKind.FIRST_REPLY, priority) for priority in ("urgent", None, "low")]
    assert [str(promise.length) for promise in promises if promise] == [
        "30 minutes",
        "1 day",
        "2 business hours",
    ]
    assert tier.promise(TargetKind.IN_TIER, "urgent") is None


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30 minutes", Length(30, Unit.MINUTES)),
        ("1 minute", Length(1, Unit.MINUTES)),
        ("1 hours", Length(1, Unit.HOURS)),
        ("2 days", Length(2, Unit.DAYS)),
        ("90 business_minutes", Length(90, Unit.BUSINESS_MINUTES)),
        ("1 business_hour", Length(1, Unit.BUSINESS_HOURS)),
        ("99999 business_days", Length(99_999, Unit.BUSINESS_DAYS)),
        ("0 hours", None),
        ("2 hour", None),
        ("1.5 hours", None),
        ("-1 hours", None),
        ("4", None),
        ("hours", None),
        ("4 weeks", None),
        ("4hours", None),
        ("100000 days", None),
        ("4 Hours", None),
    ],
)
def test_a_length_is_a_whole_number_and_a_unit(text: str, length: Length | None) -> None:
    """Above 0; of one also without the s. Nothing else is guessed at."""
    assert read_length(text) == length


def test_a_length_reads_as_people_say_it() -> None:
    """One is singular, and the underscore is for files alone."""
    lengths = [Length(1, Unit.BUSINESS_DAYS), Length(4, Unit.BUSINESS_HOURS), Length(30, Unit.MINUTES)]
    assert list(map(str, lengths)) == ["1 business day", "4 business hours", "30 minutes"]
    assert [length.unit.is_business for length in lengths] == [True, True, False]
    assert [length.unit.seconds for length in lengths] == [86_400, 3_600, 60]


def test_a_share_is_above_nothing_and_at_most_all() -> None:
    """With or without a space; nothing else is one."""
    assert read_share("75 %") == Fraction(3, 4)
    assert read_share("100%") == Fraction(1)
    assert [read_share(text) for text in ("0%", "101%", "x")] == [None] * 3


UNITS = "units: minutes, hours, days, business_minutes, business_hours, business_days [wrong-value]"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("to: 2, all: [type: task]", "a.yaml:8:12: `from:` is missing [missing-key]"),
        ("from: 1, all: [type: task]", "a.yaml:8:12: `to:` is missing [missing-key]"),
        ("from: [], to: 2", "'from' must not be empty [wrong-value]"),
        ("form: 1, from: 1, to: 2", "a.yaml:8:29: unknown key 'form'; did you mean 'from'? [unknown-key]"),
        ("from: 1, to: 2, after: 4 hours", "'after' must be one clock and its length, such as {unanswered: 4 business_hours}; clocks: unanswered, unassigned, in_tier, in_status, open_for, since_created, since_updated"),
        ("from: 1, to: 2, after: {unanswerd: 4 hours}", "'after' must be one clock and its length"),
        ("from: 1, to: 2, after: {in_tier: 1 day, in_status: 1 day}", "'after' must be one clock and its length"),
        ("from: 1, to: 2, after: {in_tier: 2 weeks}", f"a.yaml:8:62: 'in_tier' must be a whole number above 0 and a unit, such as 4 business_hours; {UNITS}"),
        ("from: 1, to: 2, after: {in_tier: 0 hours}", UNITS),
        ("from: 1, to: 2, after: {in_tier: 1.5 hours}", UNITS),
        ("from: 1, to: 2, after: {in_tier: 4}", UNITS),
        ("from: 1, to: 2, warn_at: 100%", "'warn_at' must be a share of the clock below 100%, such as 75%"),
        ("from: 1, to: 2, warn_at: soon", "'warn_at' must be a share of the clock below 100%, such as 75%"),
        ("from: 1, to: 2, even_if_held: sure", "'even_if_held' must be true or false"),
        ("from: 1, to: external, remind_after: soon", UNITS),
        ("from: 1, to: 2, keep_assignee_as: cc", "'keep_assignee_as' must be one of follower"),
        ("from: 1, to: 2, then: {grup: x}", "unknown key 'grup'; did you mean 'group'?"),
        ("from: 1, to: 2, then: {notify: []}", "'notify' must be text"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("block", ["escalate", "deescalate"])
def test_a_fault_in_a_move_is_told_with_its_remedy(body: str, told: str, block: str) -> None:
    """Each kind of fault has its message, at its line and column."""
    found = message(f"{block}: [{{id: up, why: w, {body}}}]")
    if block == "deescalate":
        told = told.partition(": ")[2] if told.startswith("a.yaml") else told
    assert told in found


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("require: [{id: it, why: w, fields: [Weight]}]", "`before_tier:` is missing [missing-key]"),
        ("require: [{id: it, why: w, before_tier: 2, field: x}]", "did you mean 'fields'?"),
        ("require: [{id: it, why: w, before_tier: 2, then: {tier: 1}}]", "unknown key 'then'"),
        ("require: [{id: it, why: w, before_tier: 2, unless: []}]", "'unless' must not be empty"),
        ("require: [{id: it, why: w, before_tier: 2, unless: [big]}]", "no condition 'big' under `conditions:`"),
        ("require: [{id: it, why: w, before_tier: 2, missing: {tags: x}}]", "unknown key 'tags'"),
        ("require: [{id: it, why: w, before_tier: 2, missing: {add_tags: A B}}]", "'A B' cannot be a tag"),
        ("require: [{id: rest, why: w, before_tier: 2, fields: [Weight]}]", "the id 'rest' is already at"),
        ("escalate: [{id: rest, why: w, from: 1, to: 2, all: [type: task]}]", "the id 'rest' is already at"),
        ("deescalate: [{id: rest, why: w, from: 2, to: 1, all: [type: task]}]", "the id 'rest' is already at"),
        ("manual_override: 24 hours", "'manual_override' must be a block of keys"),
        ("manual_override: {}", "a.yaml:8:18: `respect_for:` is missing [missing-key]"),
        ("manual_override: {respect: 1 day}", "unknown key 'respect'; did you mean 'respect_for'?"),
        ("manual_override: {respect_for: ever}", UNITS),
        ("move_limit: {per: 7 days}", "`at_most:` is missing"),
        ("move_limit: {at_most: 0, per: 7 days}", "a.yaml:8:23: 'at_most' must be a whole number from 1 [wrong-value]"),
        ("move_limit: {at_most: 2000, per: 7 days}", "'at_most' must be a whole number up to 1000"),
        ("move_limit: {at_most: 1.5, per: 7 days}", "'at_most' must be a whole number"),
        ("move_limit: {at_most: 3, per: week}", UNITS),
        ("move_limit: {at_most: 3, per: 7 days, then: {tier: 1}}", "unknown key 'tier'; known here: add_tags, notify"),
        ("vendor: {name: x}", "unknown key 'name'; known here: tag, view"),
        ("vendor: {tag: Two Words}", "cannot be a tag"),
    ],
)  # fmt: skip
def test_a_fault_in_another_block_is_told_with_its_remedy(block: str, told: str) -> None:
    """Gates, the limit, the respect for people and the vendor say what they need as plainly."""
    found, problems = parse(HEAD + block + "\n" + TAIL)
    assert found is None
    assert any(told in str(problem) for problem in problems), list(map(str, problems))


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        ("{reply: 1 day}", "unknown key 'reply'; did you mean 'first_reply'?"),
        ("{first_reply: soon}", UNITS),
        ("{first_reply: {urgnt: 1 day}}", "'urgnt' must be one of none, low, normal, high, urgent or else"),
        ("{first_reply: {urgent: soon}}", UNITS),
        ("{first_reply: {}}", "'first_reply' must not be empty"),
        ("2 days", "'targets' must be a block of keys"),
    ],
)
def test_a_fault_in_targets_is_told_with_its_remedy(targets: str, told: str) -> None:
    """Unknown promises and priorities, and lengths that are none."""
    head = HEAD.replace("name: Frontline", f"name: Frontline, targets: {targets}")
    assert told in message("", head=head)


@pytest.mark.parametrize("key", ["from: 1", "to: 2", "after: {in_tier: 1 day}", "unless: [type: task]"])
def test_keys_of_moves_and_gates_belong_to_these_alone(key: str) -> None:
    """A rule of assign that waits or comes from a tier is a slip."""
    found, problems = parse(HEAD + TAIL.replace("why: Somebody takes it", f"why: w, {key}"))
    assert found is None
    assert "unknown key" in str(problems[0])
