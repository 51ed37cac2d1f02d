"""Compiling: faults of the set as a whole, and names that become ids."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.unit.rules.build import (
    ACCOUNT,
    AREA,
    BUILD_DAY,
    COLOURS,
    CONSENT,
    ENGINEERING,
    FRONTLINE,
    FULL,
    HEAD,
    ORDER,
    PRIVACY,
    SPECIALISTS,
    VERSION,
    WEIGHT,
    compiled,
    told,
)
from zdsync.account import Group
from zdsync.errors import RuleError
from zdsync.model import GroupId


def assign(then: str, *, before: str = "", more: str = "") -> list[str]:
    """Messages about a set whose first rule does `then`."""
    first = f"  - {{id: it, why: w, all: [replies: 5], then: {{{then}}}}}\n"
    return told(f"{HEAD}{before}" + FULL.replace("assign:\n", "assign:\n" + first) + more)


def annotate(then: str) -> list[str]:
    return told(HEAD + FULL + f"annotate:\n  - {{id: it, why: w, all: [replies: 5], then: {{{then}}}}}\n")


def test_a_sound_set_has_no_problems() -> None:
    """The builders' own set, which the other tests disturb, is clean."""
    assert told(HEAD + FULL) == []
    assert assign("tier: 2, group: Engineering, status: open, note: 'Hello {rule.why}'") == []
    assert annotate("add_tags: [calm], set_fields: {Weight: 2}") == []


@pytest.mark.parametrize(
    ("then", "message"),
    [
        ("tier: 9", "no tier '9'; tiers: 1, 2 [unknown-name]"),
        ("priority: high", "'it' must say which tier: `then: {tier: …}` [missing-key]"),
        ("tier: 1, group: Engineering", "group 'Engineering' is not one of tier 1, nor sensitive; it may be Frontline, Privacy desk [group-outside-tier]"),
        ("tier: 2, group: Enginering", "did you mean 'Engineering'? [group-outside-tier]"),
        ("tier: 2, private_only: true", "'it' is private_only, but 'Specialists' is not one of `sensitive_groups` [private-to-open-group]"),
        ("tier: 2, status: closed", "rules never close a ticket: closing cannot be taken back; use solved [closed-status]"),
        ("tier: 2, status: new", "status cannot be set to 'new'"),
        ("tier: 2, status: sovled", "status cannot be set to 'sovled'; did you mean 'solved'? [wrong-value]"),
        ("tier: 2, add_tags: [vpi]", "the tag 'vpi' is not in own_tags; did you mean 'vip'? [tag-not-owned]"),
        ("tier: 2, remove_tags: [foreign]", "the tag 'foreign' is not in own_tags; list it there if zdsync may add and remove it [tag-not-owned]"),
        ("tier: 2, add_tags: [tier_2]", "tier tags such as 'tier_2' are set through `tier:` alone [tag-not-owned]"),
        ("tier: 2, add_tags: [vip], remove_tags: [vip]", "'it' both adds and removes vip [wrong-value]"),
        ("tier: 2, note: '{rule.wy}'", "a note knows no '{rule.wy}'; did you mean 'rule.why'? [unknown-name]"),
        ("tier: 2, set_fields: {Wieght: 2}", "no custom ticket field 'Wieght' to set; did you mean 'Weight'? [unknown-field]"),
        ("tier: 2, set_fields: {Area: biling}", "set_fields: 'Area' has no option 'biling'; did you mean 'Billing'? [wrong-value]"),
        ("tier: 2, set_fields: {Consent: yes}", "set_fields: 'Consent' is a checkbox: true or false [wrong-value]"),
        ("tier: 2, set_fields: {Weight: heavy}", "set_fields: 'Weight' is a number [wrong-value]"),
        ("tier: 2, set_fields: {Build day: soon}", "set_fields: 'Build day' is a date such as 2026-12-31 [wrong-value]"),
        ("tier: 2, set_fields: {Weight: [1, 2]}", "set_fields: 'Weight' takes one value, not a list [wrong-value]"),
        ("tier: 2, set_fields: {Link: 5}", "set_fields: 'Link' is of type lookup, which rules cannot set [wrong-value]"),
    ],
)  # fmt: skip
def test_an_outcome_that_cannot_be_carried_out_is_told(then: str, message: str) -> None:
    """Unknown tiers and fields, groups outside the tier, tags that are not ours, a closed status."""
    found = assign(then)
    assert len(found) == 1, found
    assert message in found[0]
    assert found[0].startswith("a.yaml:10:")


@pytest.mark.parametrize(
    "then", ["tier: 2", "group: Engineering", "priority: high", "status: solved", "note: Hello"]
)
def test_a_label_never_decides(then: str) -> None:
    """An annotate rule may add labels; a tier, group, priority, type, status or note belongs in assign."""
    found = annotate(f"add_tags: [calm], {then}")
    assert len(found) == 1, found
    assert "annotate adds labels and never decides" in found[0]
    assert found[0].endswith("[annotate-moves]")


def test_a_label_that_does_nothing_is_told() -> None:
    """An annotate rule without tags and fields has no meaning."""
    assert "'it' does nothing; give it add_tags, remove_tags, set_fields" in annotate("")[0]


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (
            "all: [priority: low], ",
            "the last rule of assign must take every ticket, but 'rest' has conditions",
        ),
        ("mode: shadow, ", "the catch-all 'rest' must be on for every ticket: no mode, enabled or until"),
        ("mode: 50%, ", "the catch-all 'rest' must be on for every ticket"),
        ("enabled: false, ", "the catch-all 'rest' must be on for every ticket"),
        ("until: 2030-01-01, ", "the catch-all 'rest' must be on for every ticket"),
    ],
)
def test_a_catch_all_is_mandatory(last: str, message: str) -> None:
    """The last rule of assign takes every ticket, always."""
    found = told(HEAD + FULL.replace("why: Somebody takes it, ", f"why: w, {last}"))
    assert any(message in line and line.endswith("[no-catch-all]") for line in found), found


def test_a_catch_all_must_be_last() -> None:
    """A rule without conditions before others hides them; not if it is only a shadow or over."""
    early = FULL.replace("all: [priority: urgent, status: new], ", "")
    assert any(line.endswith("[catch-all-not-last]") for line in told(HEAD + early))
    shadow = early.replace("id: urgent, ", "id: urgent, mode: shadow, ")
    assert not any(line.endswith("[catch-all-not-last]") for line in told(HEAD + shadow))
    over = early.replace("id: urgent, ", "id: urgent, until: 2026-01-01, ")
    assert not any("[catch-all-not-last]" in line for line in told(HEAD + over, today=date(2026, 1, 2)))
    assert any("[catch-all-not-last]" in line for line in told(HEAD + over, today=date(2026, 1, 1)))


def test_own_tags_leave_the_prefix_to_tiers() -> None:
    """A label that looks like a tier tag would be taken for one."""
    found = told(HEAD.replace("calm", "tier_calm") + FULL)
    assert (
        "own_tags: 'tier_calm' begins with 'tier_', which tier tags alone may do [tag-not-owned]" in found[0]
    )


def test_two_tiers_cannot_share_a_view() -> None:
    """A view is one tier's queue."""
    shared = HEAD.replace("name: Frontline,", "name: Frontline, view: Queue,").replace(
        "name: Specialists,", "name: Specialists, view: queue,"
    )
    assert "tiers 1 and 2 share the view 'queue' [wrong-value]" in told(shared + FULL)[0]


@pytest.mark.parametrize("key", ["external", "previous", "none"])
def test_a_tier_s_key_is_no_word_of_the_language(key: str) -> None:
    """`to: external` would be a vendor, `tier: none` a ticket without a tier."""
    found = told(HEAD.replace("  2:", f"  {key}:") + FULL.replace("tier: 2", f"tier: {key}"))
    assert any(f"'{key}' cannot be a tier's key" in line and line.startswith("a.yaml:7:") for line in found)


def test_every_problem_comes_at_once_in_file_order() -> None:
    """Faults of rules, conditions and names are raised together, not one by one."""
    text = HEAD + FULL.replace("tier: 2", "tier: 7, add_tags: [x]").replace("urgent, status", "hgih, status")
    with pytest.raises(RuleError) as caught:
        compiled(text.replace("priority: hgih", "brand: Nobody"))
    assert [problem.id for problem in caught.value.problems] == [
        "unknown-name",
        "unknown-name",
        "tag-not-owned",
    ]
    assert caught.value.exit_code == 2


def test_fields_to_set_become_ids_and_values() -> None:
    """Titles become ids; options are named by label or tag; values take the field's own type."""
    fields = "{area: Account Access, App version: 2.10, Weight: 2, Build day: 2026-01-02, consent: true, Colours: [red, Dark Blue], Order ID: 007}"
    text = HEAD + FULL.replace("then: {tier: 2}", f"then: {{tier: 2, set_fields: {fields}}}")
    expected: dict[Any, Any] = {
        AREA: "account_access",
        VERSION: "2.10",
        WEIGHT: 2,
        BUILD_DAY: "2026-01-02",
        CONSENT: True,
        COLOURS: ("red", "dark_blue"),
        ORDER: "007",
    }
    assert compiled(text).assign[0].set_fields == expected
    assert compiled(text, account=None).assign[0].set_fields == {}


def test_groups_become_ids_and_know_their_tiers() -> None:
    """Names are compared without case; a deleted or missing group has no id yet."""
    account = replace(
        ACCOUNT,
        groups=(
            Group(FRONTLINE, "FRONTLINE"),
            *ACCOUNT.groups[1:3],
            Group(GroupId(20), "Privacy desk", is_deleted=True),
        ),
    )
    found = compiled(HEAD + FULL, account=account)
    assert found.group_ids["frontline"] == FRONTLINE
    assert "privacy desk" not in found.group_ids
    assert {id: [tier.key for tier in tiers] for id, tiers in found.tiers_of_group.items()} == {
        FRONTLINE: ["1"],
        SPECIALISTS: ["2"],
        ENGINEERING: ["2"],
    }
    assert compiled(HEAD + FULL).group_ids["privacy desk"] == PRIVACY
    assert found.tier_tag(found.rules.tiers[1]) == "tier_2"
    assert compiled(HEAD + FULL, account=None).group_ids == {}
