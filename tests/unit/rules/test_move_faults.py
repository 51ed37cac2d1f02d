"""Moves, gates and the limit as a whole: where they lead, what they do, which tags they touch."""

from __future__ import annotations

import pytest

from tests.unit.rules.build import ACCOUNT, HEAD, told
from zdsync.rules.outcomes import NOTE_PLACEHOLDERS

LADDER = HEAD.replace(
    "  2: {name: Specialists, group: Specialists, groups: [Engineering]}\n",
    "  2: {name: Specialists, group: Specialists, groups: [Engineering]}\n  3: {name: Experts, group: Engineering}\n",
)
REST = """
assign:
  - {id: task, why: w, all: [type: task], then: {tier: 2}}
  - {id: burning, why: w, all: [priority: urgent], then: {tier: 3}}
  - {id: rest, why: Somebody takes it, then: {tier: 1}}
escalate:
  - {id: up, why: w, from: [1, 2], to: 3, after: {in_tier: 1 day}}
"""


def of_move(body: str, block: str = "escalate") -> list[str]:
    """Messages about one more move with this body."""
    move = f"  - {{id: it, why: w, {body}}}\n"
    return told(LADDER + REST + move if block == "escalate" else f"{LADDER}{REST}{block}:\n{move}")


def of_gate(body: str) -> list[str]:
    return told(f"{LADDER}{REST}require:\n  - {{id: it, why: w, {body}}}\n")


@pytest.mark.parametrize(
    ("block", "body"),
    [
        ("escalate", "from: 1, to: 2, all: [type: task], then: {group: Engineering, note: 'For {group}'}"),
        ("escalate", "from: 1, to: 2, after: {unassigned: 1 hour}, then: {note: 'Since {clock}'}"),
        (
            "escalate",
            "from: 2, to: external, all: [type: task], then: {status: hold, add_tags: [with_vendor]}",
        ),
        (
            "escalate",
            "from: 1, to: 2, all: [type: task], then: {group: Privacy desk, keep_assignee_as: follower}",
        ),
        (
            "deescalate",
            "from: [2, 3], to: 1, after: {in_status: 1 day}, then: {remove_tags: [vip], notify: leads}",
        ),
        ("deescalate", "from: 3, to: previous, after: {in_status: 1 day}, then: {set_fields: {Weight: 2}}"),
    ],
)
def test_a_sound_move_has_no_problems(block: str, body: str) -> None:
    """Groups of the tier, notes that name the clock, a vendor's mark, the way back."""
    assert of_move(body, block) == []


@pytest.mark.parametrize(
    ("block", "body", "message"),
    [
        ("escalate", "from: 0, to: 2, all: [type: task]", "no tier '0'; tiers: 1, 2, 3 [unknown-name]"),
        ("escalate", "from: 1, to: 4, all: [type: task]", "no tier '4'; tiers: 1, 2, 3 [unknown-name]"),
        ("escalate", "from: 1, to: extrenal, all: [type: task]", "no tier 'extrenal'; tiers: 1, 2, 3 [unknown-name]"),
        ("escalate", "from: 2, to: 1, all: [type: task]", "'it' is under escalate and leads down, from tier 2 to 1; move it to deescalate [wrong-way]"),
        ("deescalate", "from: 1, to: 2, all: [type: task]", "'it' is under deescalate and leads up, from tier 1 to 2; move it to escalate [wrong-way]"),
        ("escalate", "from: [1, 2], to: 2, all: [type: task]", "'it' leads from tier 2 to itself [wrong-way]"),
        ("deescalate", "from: 2, to: 2, all: [type: task]", "'it' leads from tier 2 to itself [wrong-way]"),
        ("escalate", "from: 2, to: previous, all: [type: task]", "'it': `to: previous` is for deescalate, not for escalate [wrong-way]"),
        ("deescalate", "from: 2, to: external, all: [type: task]", "'it': `to: external` is for escalate, not for deescalate [wrong-way]"),
        ("escalate", "from: [1, 2], to: 3", "'it' would take every ticket out of tier 1 and 2 at once; give it conditions or `after` [missing-key]"),
        ("escalate", "from: 1, to: 2, all: [type: task], warn_at: 75%", "`warn_at` is a share of a clock; give the rule `after` [missing-key]"),
        ("escalate", "from: 1, to: 2, all: [type: task], remind_after: 1 day", "`remind_after` reminds of a vendor and needs `to: external` [wrong-value]"),
        ("escalate", "from: 1, to: 2, all: [type: task], then: {tier: 2}", "'it' leads to `to: 2`; a move has no `tier:` beside it [move-outcome]"),
        ("escalate", "from: 1, to: 2, all: [type: task], then: {group: Privacy desk, private_only: true}", "'it': `private_only` belongs in assign, where it is asked before all else [move-outcome]"),
        ("escalate", "from: 1, to: external, all: [type: task], then: {group: Engineering}", "'it' names a group, but a ticket that goes to a vendor stays in its tier and group [move-outcome]"),
        ("escalate", "from: 1, to: external, all: [type: task], then: {status: pending}", "'it' sets the status pending, but a ticket that goes to a vendor is on hold [move-outcome]"),
        ("deescalate", "from: 2, to: previous, all: [type: task], then: {group: Frontline}", "'it' names a group, but the tier it was in before is not known here, so neither is its group [move-outcome]"),
        ("escalate", "from: 1, to: 2, all: [type: task], then: {group: Frontline}", "group 'Frontline' is not one of tier 2, nor sensitive; it may be Specialists, Engineering, Privacy desk [group-outside-tier]"),
        ("escalate", "from: 1, to: 2, all: [type: task], then: {status: closed}", "rules never close a ticket"),
        ("escalate", "from: 1, to: 2, all: [type: task], then: {note: 'Since {clock}'}", "a note knows no '{clock}'"),
        ("escalate", "from: 1, to: 2, after: {in_tier: 1 hour}, then: {note: '{missing}'}", "a note knows no '{missing}'"),
        ("escalate", "from: 1, to: 2, all: [type: task], then: {add_tags: [vpi]}", "the tag 'vpi' is not in own_tags; did you mean 'vip'? [tag-not-owned]"),
        ("deescalate", "from: 2, to: 1, all: [type: task], then: {remove_tags: [foreign]}", "the tag 'foreign' is not in own_tags"),
        ("escalate", "from: 1, to: 2, all: [type: task], then: {add_tags: [tier_2]}", "tier tags such as 'tier_2' are set through"),
        ("escalate", "from: 1, to: 2, all: [type: task], then: {set_fields: {Wieght: 2}}", "no custom ticket field 'Wieght' to set"),
    ],
)  # fmt: skip
def test_a_move_that_cannot_be_made_is_told(block: str, body: str, message: str) -> None:
    """Where it leads, why it would move anything, and what it would do: each fault once, at its line."""
    found = [line for line in of_move(body, block) if "[move-loop]" not in line]
    assert len(found) == 1, found
    assert message in found[0]
    assert found[0].startswith(f"a.yaml:{16 if block == 'escalate' else 17}:")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("before_tier: 4, fields: [Weight]", "a.yaml:17:22: no tier '4'; tiers: 1, 2, 3 [unknown-name]"),
        ("before_tier: 2, all: [type: task]", "a.yaml:17:5: 'it' asks for nothing; give it `fields`, `attachment: true` or `detects` [missing-key]"),
        ("before_tier: 2, detects: [credit_card]", "a.yaml:17:38: no detector 'credit_card'; did you mean 'payment_card'?; there are payment_card, iban, email, phone [unknown-name]"),
        ("before_tier: 2, fields: [Weight], missing: {add_tags: [foreign]}", "a.yaml:17:56: the tag 'foreign' is not in own_tags"),
        ("before_tier: 2, fields: [Weight], missing: {add_tags: [tier_1]}", "tier tags such as 'tier_1' are set through"),
        ("before_tier: 2, fields: [Weight], missing: {note: 'Ask for {mising}'}", "a note knows no '{mising}'; did you mean 'missing'? [unknown-name]"),
        ("before_tier: 2, fields: [Weight], missing: {note: 'Since {clock}'}", "a note knows no '{clock}'"),
    ],
)  # fmt: skip
def test_a_gate_that_cannot_work_is_told(body: str, message: str) -> None:
    """Before no tier, asking for nothing or for what nobody finds, with foreign tags."""
    found = of_gate(body)
    assert len(found) == 1, found
    assert message in found[0]


@pytest.mark.parametrize("name", ["missing", *sorted(NOTE_PLACEHOLDERS)])
def test_the_note_of_a_gate_may_name_what_is_missing(name: str) -> None:
    """And all that other notes may name."""
    assert (
        of_gate(f"before_tier: 2, fields: [Weight], missing: {{note: 'Ask: {{{name}}}', add_tags: [calm]}}")
        == []
    )


def test_the_limit_touches_own_tags_alone() -> None:
    """Told where the limit stands; the vendor's mark is ours too."""
    limit = "move_limit: {at_most: 3, per: 7 days, then: {add_tags: [%s]}}\n"
    assert told(LADDER + REST + limit % "calm, with_vendor") == []
    (found,) = told(LADDER + REST + limit % "stuck")
    assert (
        found
        == "a.yaml:16:1: the tag 'stuck' is not in own_tags; list it there if zdsync may add and remove it [tag-not-owned]"
    )


def test_the_vendor_has_a_tag_and_a_view_of_its_own() -> None:
    """Neither a tier's tag nor a tier's view."""
    (found,) = told(LADDER + REST + "vendor: {tag: tier_vendor}\n")
    assert "vendor: 'tier_vendor' begins with 'tier_', which tier tags alone may do [tag-not-owned]" in found
    shared = LADDER.replace("name: Experts,", "name: Experts, view: Outside,")
    (found,) = told(shared + REST + "vendor: {view: outside}\n")
    assert "tier 3 and the vendor share the view 'Outside' [wrong-value]" in found
    assert told(shared + REST + "vendor: {view: Elsewhere}\n", account=ACCOUNT) == []


@pytest.mark.parametrize("key", ["notify: leads", "keep_assignee_as: follower"])
def test_a_label_moves_nobody_and_tells_nobody(key: str) -> None:
    """Both belong to decisions."""
    label = f"annotate: [{{id: it, why: w, all: [replies: 5], then: {{add_tags: [calm], {key}}}}}]\n"
    (found,) = told(LADDER + REST + label)
    assert found.endswith("[annotate-moves]")
