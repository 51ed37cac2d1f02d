"""Loops: moves that lead a ticket round in a circle are found where nothing would stop it, and only there."""

from __future__ import annotations

import pytest

from tests.unit.rules.build import rules
from zdsync.rules.findings import Check
from zdsync.rules.lint import lint

LADDER = """
version: 1
own_tags: [a, b, up, down]
sensitive_groups: [Desk]
tiers:
  1: {name: One, group: G1}
  2: {name: Two, group: G2, groups: [G2b]}
  3: {name: Three, group: G3}
  4: {name: Four, group: G4}
assign:
  - {id: x, why: w, all: [type: task], then: {tier: 2}}
  - {id: y, why: w, all: [type: incident], then: {tier: 3}}
  - {id: z, why: w, all: [type: problem], then: {tier: 4}}
  - {id: rest, why: w, then: {tier: 1}}
"""


def told(up: list[str], down: list[str], more: str = "") -> list[str]:
    """Messages about loops of moves with these bodies: u0, u1 … lead up, d0, d1 … down."""
    text = LADDER + more
    for block, bodies in (("escalate", up), ("deescalate", down)):
        text += f"{block}:\n"
        text += "".join(
            f"  - {{id: {block[0].replace('e', 'u')}{n}, why: w, {body}}}\n" for n, body in enumerate(bodies)
        )
    return [problem.message for problem in lint(rules(text)) if problem.id == Check.MOVE_LOOP]


UP, DOWN = "from: 1, to: 2, all: [priority: high]", "from: 2, to: 1, all: [status: open]"


def test_two_moves_that_can_hold_together_are_a_loop() -> None:
    """Told once, at the first of them, with the way and the remedy."""
    (message,) = told([UP], [DOWN])
    assert message == (
        "a ticket could go round for ever by 'u0' (1 → 2), 'd0' (2 → 1): no clock is between them, and nothing that "
        "they ask changes; give one `after`, or let it take away the tag it asks for"
    )


@pytest.mark.parametrize(
    ("up", "down"),
    [
        (f"{UP}, after: {{in_tier: 1 hour}}", DOWN),
        (UP, f"{DOWN}, after: {{in_status: 1 day}}"),
        (UP, "from: 2, to: 1, all: [priority: low]"),
        (UP, f"{DOWN}, mode: shadow"),
        (f"{UP}, enabled: false", DOWN),
        (UP, f"{DOWN}, then: {{priority: low}}"),
        (f"{UP}, then: {{status: pending}}", DOWN),
        (UP, f"{DOWN}, then: {{status: solved}}"),
        ("from: 1, to: 2, all: [tags: {includes: a}]", f"{DOWN}, then: {{remove_tags: [a]}}"),
        ("from: 1, to: 2, all: [tags: {includes: [a]}], then: {remove_tags: [a]}", DOWN),
        ("from: 1, to: 2, all: [tags: {excludes: a}], then: {add_tags: [a]}", DOWN),
        (UP, "from: 2, to: 1, all: [tags: {excludes: a}], then: {add_tags: [a]}"),
        ("from: 1, to: 2, all: [moves: {less_than: 3}]", DOWN),
        ("from: 1, to: 2, all: [moves: 0]", DOWN),
        (UP, "from: 2, to: 1, all: [group_stations: {at_most: 4}]"),
        ("from: 1, to: 2, all: [previous_tier: none]", DOWN),
        ("from: 1, to: 2, all: [previous_tier: 3]", DOWN),
        ("from: 1, to: 2, all: [group: G7]", DOWN),
        (UP, "from: 2, to: 1, all: [group: G7]"),
        ("from: 1, to: 2, all: [area: x]", f"{DOWN}, then: {{set_fields: {{Area: y}}}}"),
        ("from: 1, to: external, all: [priority: high]", DOWN),
        ("from: 1, to: 3, all: [priority: high]", DOWN),
        ("from: 1, to: 2, all: [tags: {includes: a}]", "from: 2, to: 1, all: [tags: {excludes: [a, c]}]"),
        ("from: 1, to: 2, all: [tags: {includes: [a, c]}]", "from: 2, to: 1, all: [tags: {excludes: c}], then: {remove_tags: [a]}"),
    ],
)  # fmt: skip
def test_what_comes_to_rest_is_no_loop(up: str, down: str) -> None:
    """A clock, a contradiction, a rule that takes away what it or the other asks for, a bound on moves, a way elsewhere."""
    assert told([up], [down]) == []


@pytest.mark.parametrize(
    ("up", "down"),
    [
        (UP, "from: 2, to: previous, all: [status: open]"),
        ("from: 1, to: 2, all: [moves: {at_least: 2}]", DOWN),
        ("from: 1, to: 2, all: [previous_tier: 2]", DOWN),
        ("from: 1, to: 2, all: [group: G1]", DOWN),
        (f"{UP}, then: {{group: G2b}}", "from: 2, to: 1, all: [group: G2b]"),
        (f"{UP}, then: {{group: Desk}}", DOWN),
        (f"{UP}, mode: 10%", DOWN),
        (f"{UP}, then: {{status: pending}}", "from: 2, to: 1, all: [status: pending]"),
        # What one puts on, the other takes off: each finds what it asks for.
        (
            "from: 1, to: 2, all: [tags: {excludes: a}], then: {add_tags: [a]}",
            "from: 2, to: 1, all: [tags: {includes: a}], then: {remove_tags: [a]}",
        ),
        ("from: 1, to: 2, all: [tags: {includes: [a, c]}]", "from: 2, to: 1, all: [status: open], then: {remove_tags: [a]}"),
        ("from: 1, to: 2, all: [tags: {includes: [a, c]}]", "from: 2, to: 1, all: [tags: {excludes: c}], then: {add_tags: [a]}"),
        ("from: 1, to: 2, all: [tags: present]", "from: 2, to: 1, all: [tags: {includes_all: [b, c]}], then: {add_tags: [b]}"),
        ("from: 1, to: 2, any: [priority: low, priority: high]", "from: 2, to: 1, all: [priority: {at_least: high}]"),
        ("from: [1, 3], to: 4, all: [priority: high]", "from: 4, to: 1, all: [type: task]"),
    ],
)  # fmt: skip
def test_what_can_go_round_is_a_loop(up: str, down: str) -> None:
    """Also by the way back, by one of several conditions, and where the two rules feed each other."""
    assert len(told([up], [down])) == 1


def test_longer_circles_are_found_and_shorter_ones_told_first() -> None:
    """Three moves round; the long circle is not told again where a short one is part of it."""
    way = ["from: 1, to: 2, all: [priority: high]", "from: 2, to: 3, all: [priority: high]"]
    (message,) = told(way, ["from: 3, to: 1, all: [priority: high]"])
    assert "'u0' (1 → 2), 'u1' (2 → 3), 'd0' (3 → 1)" in message
    short = told(way, ["from: 3, to: 1, all: [priority: high]", "from: 2, to: 1, all: [priority: high]"])
    assert len(short) == 2
    assert told(way, ["from: 3, to: 1, all: [priority: low]"]) == []


def test_the_way_back_leads_where_the_ticket_came_from() -> None:
    """By way of another tier it is another way."""
    way = ["from: 1, to: 2, all: [priority: high]", "from: 2, to: 3, all: [priority: high]"]
    (message,) = told(way, ["from: 3, to: previous, all: [priority: high]"])
    assert "'u1' (2 → 3), 'd0' (3 → 2)" in message


def test_nothing_is_claimed_of_what_is_too_wide_to_look_at() -> None:
    """Too many alternatives of one rule, or of all together."""
    areas = ", ".join(f"area: a{number}" for number in range(9))
    orders = ", ".join(f"order_id: o{number}" for number in range(9))
    more = f"conditions: {{a: {{any: [{areas}]}}, b: {{any: [{orders}]}}}}\n"
    assert told(["from: 1, to: 2, all: [a, b]"], [DOWN], more) == []
    many = ", ".join(f"area: a{number}" for number in range(40))
    other = ", ".join(f"area: b{number}" for number in range(40))
    assert told([f"from: 1, to: 2, any: [{many}]"], [f"from: 2, to: 1, any: [{other}]"]) == []


def test_a_ladder_full_of_moves_is_looked_at_in_bounded_time() -> None:
    """Every tier leads to every other one: twenty of the shortest loops are told."""
    ladder = LADDER.replace("  4:", "".join(f"  t{n}: {{name: T, group: T{n}}}\n" for n in range(9)) + "  4:")
    keys = [tier.key for tier in rules(ladder).tiers]
    up = [
        f"from: {one}, to: {other}, all: [priority: high]"
        for place, one in enumerate(keys)
        for other in keys[place + 1 :]
    ]
    down = [
        f"from: {other}, to: {one}, all: [priority: high]"
        for place, one in enumerate(keys)
        for other in keys[place + 1 :]
    ]
    text = ladder
    for block, bodies in (("escalate", up), ("deescalate", down)):
        text += f"{block}:\n" + "".join(
            f"  - {{id: {block}{n}, why: w, {body}}}\n" for n, body in enumerate(bodies)
        )
    found = [problem for problem in lint(rules(text)) if problem.id == Check.MOVE_LOOP]
    assert len(found) == 20
    assert all(problem.message.count(" → ") == 2 for problem in found)
