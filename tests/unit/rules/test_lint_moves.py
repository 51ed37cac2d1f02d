"""Lint of the ladder: tiers without a way in or out, moves that never act, idle gates; and no false alarm."""

from __future__ import annotations

import pytest

from tests.unit.rules.build import HEAD, rules
from zdsync.rules.lint import lint

LADDER = HEAD.replace(
    "  2: {name: Specialists, group: Specialists, groups: [Engineering]}\n",
    "  2: {name: Specialists, group: Specialists}\n  3: {name: Experts, group: Engineering}\n",
)
ALL = """
assign:
  - {id: urgent, why: w, all: [priority: urgent], then: {tier: 3}}
  - {id: task, why: w, all: [type: task], then: {tier: 2}}
  - {id: rest, why: w, then: {tier: 1}}
"""
REST = "assign: [{id: rest, why: w, then: {tier: 1}}]\n"


def found(text: str) -> list[tuple[str, int]]:
    """(id, line) of every finding."""
    return [(problem.id, problem.line) for problem in lint(rules(text))]


def ids(text: str) -> list[str]:
    return [id for id, _ in found(text)]


CLOCK = "after: {in_tier: 1 day}"


@pytest.mark.parametrize(
    "moves",
    [
        f"escalate: [{{id: a, why: w, from: 1, to: 2, {CLOCK}}}, {{id: b, why: w, from: 2, to: 3, {CLOCK}}}]",
        f"""
escalate: [{{id: a, why: w, from: [1, 2], to: 3, {CLOCK}}}]
deescalate: [{{id: b, why: w, from: 3, to: 2, {CLOCK}}}]
""",
        f"""
escalate: [{{id: a, why: w, from: 1, to: 3, {CLOCK}}}]
deescalate: [{{id: b, why: w, from: [2, 3], to: previous, {CLOCK}}}]
""",
    ],
)
def test_moves_bring_tickets_into_tiers(moves: str) -> None:
    """A tier that only an escalation, a de-escalation or a way back leads to is entered."""
    assert found(LADDER + REST + moves) == []


def test_a_tier_that_no_move_enters_either_is_found() -> None:
    """A rule that is off or in shadow leads nowhere, and a vendor is no tier."""
    off = f"escalate: [{{id: a, why: w, from: 1, to: 2, {CLOCK}, %s}}, {{id: b, why: w, from: [1, 2], to: 3, {CLOCK}}}]"
    for key in ("enabled: false", "mode: shadow"):
        assert found(LADDER + REST + off % key) == [("unreachable-tier", 7)], key
    assert found(LADDER + REST + off % "mode: 10%") == []
    outside = f"escalate: [{{id: a, why: w, from: [1, 2], to: external, {CLOCK}}}]"
    assert ids(LADDER + REST + outside) == [
        "stuck-tier",
        "unreachable-tier",
        "stuck-tier",
        "unreachable-tier",
    ]


def test_a_tier_below_the_top_that_no_rule_leaves_is_found() -> None:
    """Only once there is a live escalation; a de-escalation is a way out too, a vendor and a shadow are none."""
    up = f"escalate: [{{id: a, why: w, from: 1, to: 2, {CLOCK}}}]\n"
    assert found(LADDER + ALL) == []
    assert found(LADDER + ALL + up) == [("stuck-tier", 7)]
    assert found(LADDER + ALL + up.replace(CLOCK, f"{CLOCK}, mode: shadow")) == []
    assert found(LADDER + ALL + f"deescalate: [{{id: b, why: w, from: 3, to: 1, {CLOCK}}}]") == []
    assert found(LADDER + ALL + up + f"deescalate: [{{id: b, why: w, from: 2, to: 1, {CLOCK}}}]") == []
    vendor = f"escalate: [{{id: a, why: w, from: 1, to: 2, {CLOCK}}}, {{id: b, why: w, from: 2, to: external, {CLOCK}}}]"
    assert ids(LADDER + ALL + vendor) == ["stuck-tier"]


def test_a_gate_before_a_tier_that_nothing_enters_is_idle() -> None:
    """It is told with the tier; one whose tier is entered is fine."""
    gate = "require: [{id: g, why: w, before_tier: %s, fields: [Weight]}]\n"
    assert found(LADDER + ALL + gate % 2) == []
    one = LADDER.replace("  3: {name: Experts, group: Engineering}\n", "")
    assert found(one + REST + gate % 2) == [("unreachable-tier", 7), ("idle-gate", 9)]
    assert ids(one + REST + gate % 7) == ["unreachable-tier"]


def moves(*bodies: str, block: str = "escalate", more: str = "") -> list[str]:
    """Findings about moves with these bodies, but for tiers that nothing leaves."""
    text = "".join(f"  - {{id: m{number}, why: w, {body}}}\n" for number, body in enumerate(bodies))
    return [id for id in ids(f"{LADDER}{ALL}{more}{block}:\n{text}") if id not in ("stuck-tier", "move-loop")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f"from: 1, to: 2, {CLOCK}", f"from: 1, to: 3, {CLOCK}, all: [type: task]"),
        (f"from: [1, 2], to: 3, {CLOCK}", f"from: 1, to: 2, {CLOCK}, all: [type: task]"),
        ("from: 1, to: 2, all: [type: task]", "from: 1, to: 3, all: [type: task, priority: high]"),
        ("from: 1, to: 2, after: {in_tier: 2 hours}", "from: 1, to: 3, after: {in_tier: 180 minutes}"),
        (
            "from: 1, to: 2, after: {in_tier: 60 business_minutes}",
            "from: 1, to: 3, after: {in_tier: 1 business_hour}",
        ),
        (
            "from: 1, to: 2, after: {in_tier: 1 business_day}",
            "from: 1, to: 3, after: {in_tier: 2 business_days}",
        ),
        (f"from: 1, to: 2, even_if_held: true, {CLOCK}", f"from: 1, to: 3, {CLOCK}"),
        (f"from: 1, to: 2, even_if_held: true, {CLOCK}", f"from: 1, to: 3, even_if_held: true, {CLOCK}"),
        (f"from: 1, to: 2, {CLOCK}", f"from: 1, to: external, {CLOCK}"),
    ],
)
def test_a_move_that_an_earlier_one_always_forestalls_is_hidden(first: str, second: str) -> None:
    """The same tiers or more, the same tickets or more, no later."""
    assert moves(first, second) == ["hidden-rule"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f"from: 1, to: 2, {CLOCK}", f"from: [1, 2], to: 3, {CLOCK}"),
        (f"from: 1, to: 2, {CLOCK}, all: [type: task]", f"from: 1, to: 3, {CLOCK}"),
        (f"from: 1, to: 2, all: [type: task], {CLOCK}", "from: 1, to: 3, all: [type: task]"),
        ("from: 1, to: 2, all: [type: task]", f"from: 1, to: 3, all: [type: task], {CLOCK}"),
        ("from: 1, to: 2, after: {in_tier: 2 hours}", "from: 1, to: 3, after: {in_tier: 1 hour}"),
        ("from: 1, to: 2, after: {in_tier: 1 hour}", "from: 1, to: 3, after: {in_status: 2 hours}"),
        ("from: 1, to: 2, after: {in_tier: 1 hour}", "from: 1, to: 3, after: {in_tier: 1 business_hour}"),
        (
            "from: 1, to: 2, after: {in_tier: 1 business_hour}",
            "from: 1, to: 3, after: {in_tier: 1 business_day}",
        ),
        (f"from: 1, to: 2, {CLOCK}", f"from: 1, to: 3, even_if_held: true, {CLOCK}"),
        (f"from: 1, to: 2, mode: shadow, {CLOCK}", f"from: 1, to: 3, {CLOCK}"),
        (f"from: 1, to: 2, mode: 20%, {CLOCK}", f"from: 1, to: 3, {CLOCK}"),
        (f"from: 1, to: 2, until: 2030-01-01, {CLOCK}", f"from: 1, to: 3, {CLOCK}"),
        (f"from: 1, to: 2, enabled: false, {CLOCK}", f"from: 1, to: 3, {CLOCK}"),
        (f"from: 1, to: 2, {CLOCK}", f"from: 1, to: 3, enabled: false, {CLOCK}"),
        (f"from: 1, to: external, {CLOCK}", f"from: 1, to: 3, {CLOCK}"),
        ("from: 1, to: 2, all: [type: task]", "from: 1, to: 3, all: [tier: 2]"),
    ],
)
def test_a_move_that_can_still_act_is_left_alone(first: str, second: str) -> None:
    """Fewer tiers, fewer tickets, a later or another clock, a rule that is not always on; or it can never match at all."""
    assert "hidden-rule" not in moves(first, second)


@pytest.mark.parametrize(
    ("third", "is_hidden"),
    [
        ("from: 1, to: 2, after: {unanswered: 4 hours}, all: [type: task]", True),
        ("from: 1, to: 2, after: {unanswered: 1 hours}, all: [type: task]", False),
        ("from: 1, to: 2, after: {unanswered: 4 hours}, even_if_held: true, all: [type: task]", False),
        ("from: [1, 2], to: 3, after: {unanswered: 4 hours}, all: [type: task]", False),
    ],
)
def test_moves_hide_another_one_together(third: str, is_hidden: bool) -> None:
    """Between them they take every ticket of its tier, none of them later, and past no fewer holds."""
    low = "from: 1, to: 2, after: {unanswered: 2 hours}, all: [priority: {at_most: normal}]"
    high = "from: 1, to: 2, after: {unanswered: 3 hours}, all: [priority: {at_least: high}]"
    assert ("hidden-rule" in moves(low, high, third)) is is_hidden


def test_the_way_back_may_be_missing() -> None:
    """A rule to the previous tier passes where there is none, so it hides none but its like."""
    assert moves(f"from: 3, to: previous, {CLOCK}", f"from: 3, to: 1, {CLOCK}", block="deescalate") == []
    like = (
        f"from: 3, to: previous, {CLOCK}",
        f"from: 3, to: previous, {CLOCK}, all: [type: task], then: {{priority: low}}",
    )
    assert moves(*like, block="deescalate") == ["hidden-rule"]


def test_escalations_and_ignored_tickets_hide_de_escalations() -> None:
    """`ignore` comes before all, `escalate` before `deescalate`."""
    ignore = "ignore: [{id: i, why: w, all: [type: task]}]\n"
    assert "hidden-rule" in moves(f"from: 1, to: 2, {CLOCK}, all: [type: task, priority: low]", more=ignore)
    up = f"escalate: [{{id: up, why: w, from: [1, 2], to: 3, {CLOCK}}}]\n"
    assert moves(f"from: 2, to: 1, {CLOCK}, all: [type: task]", block="deescalate", more=up) == [
        "hidden-rule"
    ]


def test_a_move_too_wide_to_write_out_is_left_alone() -> None:
    """With more alternatives than can be looked at nothing is claimed."""
    areas = ", ".join(f"area: a{number}" for number in range(9))
    orders = ", ".join(f"order_id: o{number}" for number in range(9))
    more = f"conditions: {{a: {{any: [{areas}]}}, b: {{any: [{orders}]}}}}\n"
    wide = "from: 1, to: 2, all: [a, b]"
    assert moves(wide, f"{wide}, {CLOCK}", more=more) == []


@pytest.mark.parametrize(
    ("body", "is_impossible"),
    [
        ("from: 1, to: 2, all: [tier: 2]", True),
        ("from: [1, 2], to: 3, all: [tier: {is_not: [1, 2]}]", True),
        ("from: 1, to: 2, all: [status: open, status: pending]", True),
        ("from: [1, 2], to: 3, all: [tier: 2]", False),
        (f"from: 1, to: 2, any: [type: task, status: pending], {CLOCK}", False),
    ],
)
def test_a_move_that_can_never_match_is_told(body: str, is_impossible: bool) -> None:
    """Also when its conditions contradict the tiers that it leads from."""
    assert ("impossible-condition" in moves(body)) is is_impossible


def test_conditions_of_gates_are_looked_at_too() -> None:
    """Contradictions, also alone in `unless`."""
    gate = "require: [{id: g, why: w, before_tier: 2, fields: [Weight], %s}]\n"
    assert ids(LADDER + ALL + gate % "all: [type: task, type: incident]") == ["impossible-condition"]
    assert ids(LADDER + ALL + gate % "unless: [replies: {less_than: 0}]") == ["impossible-condition"]
    assert ids(LADDER + ALL + gate % "unless: [type: task, type: incident]") == []


def test_neighbouring_moves_with_one_outcome_are_a_warning() -> None:
    """Same tiers, same clock, same outcome; a different clock or block is none."""
    same = "from: 1, to: 2, all: [type: task]", "from: 1, to: 2, all: [priority: high]"
    assert moves(*same) == ["same-outcome"]
    assert moves(same[0], f"{same[1]}, {CLOCK}") == []
    assert moves(same[0], f"{same[1]}, then: {{priority: high}}") == []


def test_labels_must_not_fight_moves_and_gates() -> None:
    """A label may not write what a move writes, nor touch the tag of a gate."""
    up = f"escalate: [{{id: a, why: w, from: [1, 2], to: 3, {CLOCK}, then: {{add_tags: [vip], set_fields: {{Weight: 1}}}}}}]\n"
    gate = "require: [{id: g, why: w, before_tier: 2, fields: [Weight], missing: {add_tags: [calm]}}]\n"
    label = "annotate: [{id: it, why: w, all: [replies: 5], then: {%s}}]\n"
    for then in ("remove_tags: [vip]", "set_fields: {weight: 2}", "add_tags: [calm]", "remove_tags: [calm]"):
        assert ids(LADDER + ALL + up + gate + label % then) == ["annotate-overwrites"], then
    assert ids(LADDER + ALL + up + gate + label % "add_tags: [vip]") == []
