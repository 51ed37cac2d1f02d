"""Decisions: one outcome per ticket, people first, and the change that follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.build import (
    ACCOUNT,
    AGENT,
    ENGINEERING,
    FRONTLINE,
    HELP_BOT,
    MARKETING,
    NOW,
    SPECIALISTS,
    WORKER,
    case,
    created,
    event,
    moment,
    ticket,
)
from zdsync.facts import derive
from zdsync.model import Case, Finding, GroupId, Hold, HoldReason, TicketId
from zdsync.plan.account import diff_account
from zdsync.plan.diff import diff_ticket
from zdsync.plan.model import GroupChange, TicketChange, ViewChange
from zdsync.rules.compile import compile_rules
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.model import Action, Mode, Rule, RuleSet, Tier
from zdsync.rules.parse import parse_files
from zdsync.tiers.decide import decide
from zdsync.tiers.model import Decision, Verdict

OURS = "run-1:1"

RULES = """
version: 1
own_tags: [vip, sensitive, churn_risk]
sensitive_groups: [Privacy desk]
tiers:
  0: {name: Self-service, group: Help bot}
  1: {name: Frontline, group: Frontline, view: Tier 1 - queue}
  2: {name: Specialists, group: Specialists}
  3: {name: Experts, group: Engineering}
ignore:
  - {id: newsletters, why: Bulk mail is no request, all: [{subject: {starts_with: Newsletter}}]}
assign:
  - id: private
    why: Card data never stays in a public queue
    any: [{text: {detects: [payment_card]}}]
    then: {tier: 2, group: Privacy desk, private_only: true, add_tags: [sensitive]}
  - id: trial
    why: Only watched so far
    mode: shadow
    all: [{text: {contains: outage}}]
    then: {tier: 0}
  - id: outage
    why: An incident needs engineering at once
    all: [{text: {contains: outage}}]
    then: {tier: 3, priority: urgent, type: incident, add_tags: [vip]}
  - {id: everything-else, why: Frontline takes what no rule claims, then: {tier: 1}}
annotate:
  - {id: churn-risk, why: Talks of leaving, all: [{text: {contains: cancel}}], then: {add_tags: [churn_risk]}}
"""

PRIVACY_DESK = GroupId(77)


@pytest.fixture(scope="module")
def rules() -> CompiledRules:
    parsed, problems = parse_files([("rules.yaml", RULES)])
    assert parsed is not None, problems
    return compile_rules(parsed, ACCOUNT, tag_prefix="tier_", today=NOW.date())


def judge(rules: CompiledRules, given: Case) -> tuple[Decision, TicketChange | None]:
    facts = derive(given, moment(), rules.ladder)
    decision = decide(facts, rules, NOW.date())
    return decision, diff_ticket(facts, decision, rules, ACCOUNT)


@pytest.mark.parametrize("status", ["solved", "closed", "deleted"])
def test_finished_tickets_are_not_judged(rules: CompiledRules, status: str) -> None:
    """Solved, closed and deleted tickets are left as they are."""
    decision, change = judge(rules, case(ticket=ticket(status=status)))
    assert (decision.verdict, change) == (Verdict.FINISHED, None)


def test_settling_tickets_wait(rules: CompiledRules) -> None:
    """A ticket newer than its mirrored events is counted, not decided."""
    decision, change = judge(rules, case(ticket=ticket(updated_at=moment(-0.5))))
    assert (decision.verdict, change) == (Verdict.SETTLING, None)


def test_ignored_tickets_are_never_written(rules: CompiledRules) -> None:
    """An ignore rule comes before everything, labels included."""
    decision, change = judge(rules, case(ticket=ticket(subject="Newsletter: cancel anytime")))
    assert (decision.verdict, decision.rule_id, change) == (Verdict.IGNORED, "newsletters", None)


def test_an_untouched_ticket_is_assigned(rules: CompiledRules) -> None:
    """First live match wins: tier tag, group, fields and tags in one change with a private note."""
    given = case(
        ticket=ticket(subject="Total outage", tags={"foreign"}, group_id=FRONTLINE, assignee_id=AGENT)
    )
    decision, change = judge(rules, given)
    assert (decision.verdict, decision.rule_id) == (Verdict.ASSIGNED, "outage")
    assert [rule.id for rule in decision.shadow] == ["trial"]
    assert change is not None
    assert change.tags == ("foreign", "tier_3", "vip")
    assert change.add_tags == ("tier_3", "vip")
    assert change.remove_tags == ()
    assert change.group is not None
    assert change.group.id == ENGINEERING
    assert change.assignee_before == AGENT
    assert {diff.field: diff.after for diff in change.fields} == {"priority": "urgent", "type": "incident"}
    assert change.note is not None
    assert "An incident needs engineering at once (rule outage)" in change.note
    assert "Total outage" in change.note


def test_a_member_of_the_new_group_keeps_the_ticket(rules: CompiledRules) -> None:
    """An assignee who belongs to the new group is not cleared."""
    facts = derive(case(ticket=ticket(subject="outage", assignee_id=AGENT)), moment(), rules.ladder)
    account = type(ACCOUNT)(groups=ACCOUNT.groups, members={ENGINEERING: frozenset({AGENT})})
    change = diff_ticket(facts, decide(facts, rules, NOW.date()), rules, account)
    assert change is not None
    assert change.assignee_before is None


def test_rules_that_are_off_are_neither_live_nor_in_shadow() -> None:
    """Without a live rule left a ticket is listed, not tagged; a rule past its day or disabled is not even in shadow."""
    rules = (
        Rule("ended", "Why", then=Action(tier="0"), until=NOW.date() - timedelta(days=1)),
        Rule("off", "Why", then=Action(tier="0"), enabled=False),
        Rule("watched", "Why", then=Action(tier="1"), mode=Mode.SHADOW),
    )
    tiers = (Tier("0", "Bot", "Help bot", ("Help bot",)), Tier("1", "Front", "Frontline", ("Frontline",)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zdsync.rules.compile.find_faults", lambda *_args, **_kwargs: ())
        bound = compile_rules(RuleSet(tiers, rules), ACCOUNT, tag_prefix="tier_", today=NOW.date())
    decision, change = judge(bound, case())
    assert (decision.verdict, change) == (Verdict.UNPLACED, None)
    assert [rule.id for rule in decision.shadow] == ["watched"]


def test_no_pointless_move(rules: CompiledRules) -> None:
    """A ticket that is already where it belongs, tagged so, is left alone."""
    assert judge(rules, case(ticket=ticket(group_id=FRONTLINE, tags={"tier_1"})))[1] is None


def test_a_rule_change_moves_untouched_tickets(rules: CompiledRules) -> None:
    """What zdsync assigned, and nobody touched, follows the rules: old tier tag out, new one in."""
    history = (created(), event(WORKER, ("tags", ("tier_3",), ()), ("group_id", ENGINEERING), key=OURS))
    _, change = judge(rules, case(*history, ticket=ticket(group_id=ENGINEERING, tags={"tier_3"})))
    assert change is not None
    assert (change.add_tags, change.remove_tags) == (("tier_1",), ("tier_3",))
    assert change.group is not None
    assert change.group.id == FRONTLINE


def test_the_same_note_is_never_written_twice(rules: CompiledRules) -> None:
    """A note that stands on the ticket already does not come again with a repeated move."""
    _, first = judge(rules, case(ticket=ticket(subject="outage")))
    assert first is not None
    assert first.note_digest is not None
    _, again = judge(
        rules, case(ticket=ticket(subject="outage"), notes_written=frozenset({first.note_digest}))
    )
    assert again is not None
    assert again.note is None


def test_adoption_only_tags(rules: CompiledRules) -> None:
    """A ticket in a person's hands gets its group's tier tag: no move, no note, no field."""
    decision, change = judge(
        rules,
        case(created(), event(AGENT, reply="Hi"), ticket=ticket(subject="outage", group_id=SPECIALISTS)),
    )
    assert decision.verdict is Verdict.ADOPTED
    assert change is not None
    assert change.add_tags == ("tier_2",)
    assert (change.group, change.fields, change.note) == (None, (), None)


@pytest.mark.parametrize("group", [None, MARKETING])
def test_groups_of_no_tier_are_left_to_people(rules: CompiledRules, group: GroupId | None) -> None:
    """A touched ticket outside the ladder is listed, never tagged or moved."""
    decision, change = judge(rules, case(created(), event(AGENT, reply="Hi"), ticket=ticket(group_id=group)))
    assert (decision.verdict, change) == (Verdict.UNPLACED, None)


def test_a_persons_move_leads(rules: CompiledRules) -> None:
    """A person moves the group: the tag follows, and no rule takes it back."""
    history = (
        created(("group_id", FRONTLINE)),
        event(WORKER, ("tags", ("tier_1",), ()), key=OURS, at=-40),
        event(AGENT, ("group_id", ENGINEERING, FRONTLINE), at=-35),
    )
    decision, change = judge(rules, case(*history, ticket=ticket(group_id=ENGINEERING, tags={"tier_1"})))
    assert decision.verdict is Verdict.FOLLOWED
    assert change is not None
    assert (change.add_tags, change.remove_tags, change.group) == (("tier_3",), ("tier_1",), None)


def test_a_persons_tag_leads(rules: CompiledRules) -> None:
    """A person swaps the tier tag: the group follows."""
    history = (
        created(("group_id", FRONTLINE)),
        event(WORKER, ("tags", ("tier_1",), ()), key=OURS, at=-40),
        event(AGENT, ("tags", ("tier_2",), ("tier_1",)), at=-35),
    )
    decision, change = judge(rules, case(*history, ticket=ticket(group_id=FRONTLINE, tags={"tier_2"})))
    assert decision.verdict is Verdict.FOLLOWED
    assert change is not None
    assert change.group is not None
    assert change.group.id == SPECIALISTS
    assert change.note is None


def test_of_two_tier_tags_the_newest_stands(rules: CompiledRules) -> None:
    """Two tier tags: the one added last stays, the other goes, and the group follows a person's tag."""
    history = (
        created(("group_id", FRONTLINE), ("tags", ("tier_1",))),
        event(AGENT, ("tags", ("tier_3",), ()), reply="Engineering, please", at=-35),
    )
    _, change = judge(rules, case(*history, ticket=ticket(group_id=FRONTLINE, tags={"tier_1", "tier_3"})))
    assert change is not None
    assert change.tags == ("tier_3",)
    assert change.group is not None
    assert change.group.id == ENGINEERING


def test_a_triggers_move_is_repaired(rules: CompiledRules) -> None:
    """When no person moved a touched ticket, the tag is brought to the group it is in."""
    history = (
        created(("tags", ("tier_1",))),
        event(AGENT, reply="Hi", at=-40),
        event(None, ("group_id", SPECIALISTS), rel="trigger", at=-35),
    )
    decision, change = judge(rules, case(*history, ticket=ticket(group_id=SPECIALISTS, tags={"tier_1"})))
    assert decision.verdict is Verdict.REPAIRED
    assert change is not None
    assert change.tags == ("tier_2",)


def test_a_tag_that_people_keep_removing_stays_away(rules: CompiledRules) -> None:
    """Repaired once, then left to people."""
    history = (
        created(("group_id", HELP_BOT)),
        event(AGENT, reply="Hi", at=-45),
        event(WORKER, ("tags", ("tier_0",), ()), key=OURS, at=-40),
        event(AGENT, ("tags", (), ("tier_0",)), at=-39),
    )
    decision, change = judge(rules, case(*history, ticket=ticket(group_id=HELP_BOT)))
    assert (decision.verdict, change is None) == (Verdict.ADOPTED, False)
    again = (
        *history,
        event(WORKER, ("tags", ("tier_0",), ()), key="run-2:1", at=-38),
        event(AGENT, ("tags", (), ("tier_0",)), at=-37),
    )
    decision, change = judge(rules, case(*again, ticket=ticket(group_id=HELP_BOT)))
    assert (decision.verdict, change) == (Verdict.UNPLACED, None)


def card(where: Case) -> Case:
    return type(where)(
        ticket=where.ticket,
        requester=where.requester,
        events=where.events,
        staff=where.staff,
        events_until=where.events_until,
        findings=(Finding(TicketId(1), None, "payment_card", 1, is_public=True),),
    )


def test_private_data_overrides_a_persons_hand(rules: CompiledRules) -> None:
    """A private_only rule moves even a touched ticket, into a group that the plan creates."""
    given = card(
        case(created(), event(AGENT, reply="Hi"), ticket=ticket(group_id=FRONTLINE, tags={"tier_1"}))
    )
    decision, change = judge(rules, given)
    assert (decision.verdict, decision.rule_id) == (Verdict.ASSIGNED, "private")
    assert change is not None
    assert change.group is not None
    assert (change.group.name, change.group.id) == ("Privacy desk", None)
    assert change.tags == ("sensitive", "tier_2")


def held(given: Case, **values: Any) -> Case:
    hold = Hold(TicketId(1), HoldReason.MANUAL, moment(-5))
    return replace(given, holds=(replace(hold, **values),))


UNDO = {"reason": HoldReason.UNDO, "run_id": "run-7", "rules_digest": "the present"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "held by hand; left alone until a release"),
        ({"until": moment(1)}, "held by hand; left alone until 2026-11-20 12:01 UTC"),
        (UNDO, "undone by run run-7; left alone until the rules change or a release"),
    ],
)
def test_held_tickets_are_left_alone(rules: CompiledRules, values: dict[str, Any], reason: str) -> None:
    """A hold comes before people's choices, the rules and their labels, and says why."""
    digest = rules.rules.digest
    values = {**values, "rules_digest": digest} if "rules_digest" in values else values
    for history in ((created(),), (created(), event(AGENT, ("group_id", ENGINEERING)))):
        given = case(*history, ticket=ticket(subject="outage, I will cancel"))
        decision, change = judge(rules, held(given, **values))
        assert (decision.verdict, decision.reason, change) == (Verdict.HELD, reason, None)


@pytest.mark.parametrize("values", [{"until": moment()}, {**UNDO, "rules_digest": "older"}])
def test_a_hold_ends(rules: CompiledRules, values: dict[str, Any]) -> None:
    """When its time is over, or the rules are others, the ticket is decided as if it had never been held."""
    given = case(ticket=ticket(subject="outage"))
    assert judge(rules, held(given, **values)) == judge(rules, given)


def test_private_data_and_ignoring_override_a_hold(rules: CompiledRules) -> None:
    """Private data leaves an open queue though the ticket is held; an ignored ticket stays ignored."""
    decision, _ = judge(rules, held(card(case(ticket=ticket(group_id=FRONTLINE)))))
    assert (decision.verdict, decision.rule_id) == (Verdict.ASSIGNED, "private")
    decision, _ = judge(rules, held(case(ticket=ticket(subject="Newsletter"))))
    assert decision.verdict is Verdict.IGNORED


def test_labels_come_on_top(rules: CompiledRules) -> None:
    """Annotate rules add labels whatever was decided, unless a person removed them."""
    text = "I will cancel"
    _, change = judge(rules, case(ticket=ticket(description=text)))
    assert change is not None
    assert change.add_tags == ("churn_risk", "tier_1")
    removed = (created(), event(AGENT, ("tags", (), ("churn_risk",))))
    _, change = judge(rules, case(*removed, ticket=ticket(description=text)))
    assert change is not None
    assert change.add_tags == ("tier_1",)


def test_what_a_person_chose_is_never_rewritten(rules: CompiledRules) -> None:
    """A type that a person set stays, though the rule names another."""
    history = (created(), event(AGENT, ("type", "question", None)))
    _, change = judge(rules, case(*history, ticket=ticket(subject="outage", type="question")))
    assert change is not None
    assert [diff.field for diff in change.fields] == ["priority"]


def test_account_objects(rules: CompiledRules) -> None:
    """Missing groups come first, then one view per tier under its own or a made title."""
    changes = diff_account(ACCOUNT, rules).changes
    assert [change.name for change in changes if isinstance(change, GroupChange)] == ["Privacy desk"]
    views = [change for change in changes if isinstance(change, ViewChange)]
    assert [view.title for view in views] == [
        "Tier 0 - Self-service",
        "Tier 1 - queue",
        "Tier 2 - Specialists",
        "Tier 3 - Experts",
    ]
    assert views[1].tag == "tier_1"
