"""Targets: what a rule's outcome asks of a ticket, less what a person has chosen otherwise."""

from __future__ import annotations

import pytest

from tests.build import (
    AGENT,
    ENGINEERING,
    FRONTLINE,
    NOW,
    SPECIALISTS,
    WORKER,
    case,
    created,
    event,
    moment,
    ticket,
)
from tests.unit.tiers.build import (
    OFFICE,
    PRIVACY_DESK,
    PRODUCT,
    TIERS,
    VERSION,
    bound,
    gate,
    judge,
    move,
    ours,
    placed,
    standing,
    stirred,
    where,
)
from zdsync.facts import Facts, derive
from zdsync.model import Case, Event, GroupId, Organization, OrganizationId
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.model import Action, Rule, Tier
from zdsync.tiers.model import Target
from zdsync.tiers.targets import assignment, group_name, is_home, labels

DESK = Tier("4", "Desk", "Desk A", ("Desk A", "Frontline"))


def first(rules: CompiledRules, given: Case) -> tuple[Facts, Target]:
    """What the first rule of assign asks for."""
    facts = derive(given, NOW, rules.ladder)
    return facts, assignment(facts, rules, rules.assign[0])


def assign(**then: object) -> CompiledRules:
    return bound(assign=(Rule("one", "One", then=Action(**{"tier": "2", **then})),), own_tags=("hot", "vip"))  # type: ignore[arg-type]


class TestAssignment:
    def test_everything_a_rule_names(self) -> None:
        """Tier, its default group, fields, tags and the follower."""
        rules = assign(
            priority="high",
            type="problem",
            status="open",
            add_tags=("hot",),
            remove_tags=("vip",),
            set_fields={"Product": "anvil"},
            keep_assignee_as="follower",
        )
        _, target = first(rules, case())
        assert target.tier == TIERS[2]
        assert (target.group, target.priority, target.type, target.status) == (
            "Specialists",
            "high",
            "problem",
            "open",
        )
        assert (target.add_tags, target.remove_tags) == (("hot",), ("vip",))
        assert target.set_fields == {PRODUCT: "anvil"}
        assert target.keeps_assignee_as_follower

    @pytest.mark.parametrize(
        ("deed", "left"),
        [
            (event(AGENT, ("priority", "low", None)), {"priority": None}),
            (event(AGENT, ("type", "task", None)), {"type": None}),
            (event(AGENT, (str(PRODUCT), "rocket", None)), {"set_fields": {}}),
            (event(AGENT, ("tags", (), ("hot",))), {"add_tags": ()}),
            (event(AGENT, ("tags", ("vip",), ())), {"remove_tags": ()}),
        ],
    )
    def test_what_a_person_chose_is_left(self, deed: Event, left: dict[str, object]) -> None:
        """Field by field and tag by tag."""
        rules = assign(
            priority="high",
            type="problem",
            add_tags=("hot",),
            remove_tags=("vip",),
            set_fields={"Product": "anvil"},
        )
        _, target = first(rules, case(created(), deed))
        for name, value in left.items():
            assert getattr(target, name) == value

    def test_labels(self) -> None:
        """Tags and fields only, with the same respect."""
        rules = bound(
            annotate=(
                Rule(
                    "l",
                    "L",
                    then=Action(add_tags=("hot", "vip"), remove_tags=("hot",), set_fields={"Product": "x"}),
                ),
            ),
            own_tags=("hot", "vip"),
        )
        facts = derive(case(created(), event(AGENT, ("tags", ("hot",), ("vip",)))), NOW, rules.ladder)
        assert labels(facts, rules.annotate) == (("hot",), (), {PRODUCT: "x"})


class TestGroups:
    def test_a_ticket_in_one_of_the_tiers_groups_stays_there(self) -> None:
        """Any of `groups:` will do; the note names the one it is in, else the default."""
        rules = bound()
        at_home = derive(case(ticket=ticket(group_id=SPECIALISTS)), NOW, rules.ladder)
        away = derive(case(ticket=ticket(group_id=None)), NOW, rules.ladder)
        assert is_home(at_home, rules, TIERS[2])
        assert not is_home(at_home, rules, TIERS[1])
        assert not is_home(away, rules, TIERS[2])
        facts = derive(case(ticket=ticket(group_id=FRONTLINE)), NOW, rules.ladder)
        assert (group_name(facts, rules, DESK), group_name(away, rules, DESK)) == ("Frontline", "Desk A")

    @pytest.mark.parametrize(("group", "goes_to"), [(FRONTLINE, "Privacy desk"), (PRIVACY_DESK, None)])
    def test_private_data_stays_with_whoever_may_hold_it(self, group: GroupId, goes_to: str | None) -> None:
        """And leaves every open group."""
        rules = assign(group="Privacy desk", private_only=True)
        assert first(rules, case(ticket=ticket(group_id=group)))[1].group == goes_to

    def test_a_rules_own_group_wins_over_home(self) -> None:
        """It is named for a reason."""
        rules = assign(tier="2", group="Engineering")
        assert first(rules, case(ticket=ticket(group_id=SPECIALISTS)))[1].group == "Engineering"


class TestHandOver:
    def test_what_is_known_goes_along(self) -> None:
        """Organization, fields of the ticket, and what the gates before the tier ask for; each once."""
        rules = bound(
            escalate=(move("up", "1", "2"),),
            require=(
                gate("one", "2", "Product"),
                gate("two", "2", "Product", "Version"),
                gate("three", "3", "Version"),
            ),
        )
        given = placed(
            "1",
            FRONTLINE,
            ticket=standing(
                "1",
                FRONTLINE,
                priority="high",
                type="problem",
                channel="web",
                custom_fields={PRODUCT: "anvil", VERSION: "2"},
            ),
            organization=Organization(OrganizationId(5), "Acme"),
        )
        _, change = judge(rules, given)
        assert change is not None
        assert change.note is not None
        known = "Known: organization: Acme; priority: high; type: problem; channel: web; Product: anvil; Version: 2"
        assert known in change.note.splitlines()

    def test_who_had_it_how_long_in_whose_time(self) -> None:
        """Business time where the tier it leaves has a calendar; the time of the present stay."""
        rules = bound(escalate=(move("up", "2", "3"),), calendars={"2": OFFICE})
        moved = ours(("tags", ("tier_2",), ("tier_1",)), ("group_id", SPECIALISTS), at=-240)
        _, change = judge(
            rules,
            placed("1", FRONTLINE, moved, stirred(-30), ticket=standing("2", SPECIALISTS, assignee_id=AGENT)),
        )
        assert change is not None
        assert change.note is not None
        assert "Before: tier 2 (Specialists) had it for 3 h of business time, Ada" in change.note
        plain = bound(escalate=(move("up", "2", "3"),))
        _, change = judge(
            plain, placed("1", FRONTLINE, moved, stirred(-30), ticket=standing("2", SPECIALISTS))
        )
        assert change is not None
        assert change.note is not None
        assert "Before: tier 2 (Specialists) had it for 4 h, nobody assigned" in change.note

    def test_a_ticket_that_stays_in_its_tier_leaves_nobody(self) -> None:
        """Private data that changes only its group has no hours to tell."""
        rules = bound(
            assign=(
                Rule(
                    "private",
                    "Private",
                    all=where("priority", "high"),
                    then=Action(tier="1", group="Privacy desk", private_only=True),
                ),
            )
        )
        _, change = judge(rules, placed("1", FRONTLINE, ticket=standing("1", FRONTLINE, priority="high")))
        assert change is not None
        assert change.note is not None
        assert "Before:" not in change.note


def test_a_move_of_ours_is_told_by_its_stay() -> None:
    """The stay that ends is the latest one, not the first in that tier."""
    rules = bound(escalate=(move("up", "1", "2"),))
    away = event(None, ("group_id", ENGINEERING), ("tags", ("tier_3",), ("tier_1",)), rel="trigger", at=-300)
    back = event(WORKER, ("group_id", FRONTLINE), ("tags", ("tier_1",), ("tier_3",)), rel="trigger", at=-20)
    _, change = judge(rules, placed("1", FRONTLINE, away, back, stirred(-10)))
    assert change is not None
    assert change.note is not None
    assert "had it for 20 min" in change.note
    assert moment(-20) < NOW
