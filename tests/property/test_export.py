"""Exported triggers, run as Zendesk runs them, decide what the rules decide wherever they are said to be exact."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rules import test_oracle as oracle
from tests.unit.rules.build import ACCOUNT, HEAD, TODAY, compiled, rules
from zdsync.account import Account, Named
from zdsync.facts import Facts
from zdsync.rules.compile import compile_rules
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.evaluate import all_matches, first_match
from zdsync.rules.export import ASSIGNED, IGNORED, Export, export_rules
from zdsync.rules.model import Action, AnyCondition, Mode, NamedCondition, Rule
from zdsync.sandbox.conditions import Asked, holds

NATIVE = ("Area", "channel", "group", "priority", "status", "tags", "type")
NATIVE_CONDITIONS: st.SearchStrategy[AnyCondition] = st.sampled_from(NATIVE).flatmap(oracle.conditions)
ANY_CONDITION = st.integers(0, 40).flatmap(lambda n: NATIVE_CONDITIONS if n else oracle.conditions())
NAMED = st.builds(
    NamedCondition, st.uuids().map(str), st.lists(ANY_CONDITION, min_size=1, max_size=2).map(tuple)
)
LISTS = st.lists(ANY_CONDITION | NAMED, max_size=2).map(tuple)
LABELS = st.sampled_from(
    [Action(add_tags=("calm",)), Action(remove_tags=("vip",)), Action(set_fields={"Area": "billing"})]
)
OUTCOMES = st.sampled_from(
    [Action(tier="1"), Action(tier="1", priority="high"), Action(tier="2", group="Engineering")]
)


@st.composite
def rule_sets(draw: st.DrawFn) -> CompiledRules:
    def block(name: str, outcome: st.SearchStrategy[Action], most: int) -> tuple[Rule, ...]:
        count = draw(st.integers(0, most))
        return tuple(
            Rule(f"{name}{n}", "why", draw(LISTS), draw(LISTS), draw(outcome), mode=draw(MODES))
            for n in range(count)
        )

    assign = (*block("assign", OUTCOMES, 4), Rule("rest", "why", then=Action(tier="1")))
    plain = rules(HEAD + "assign: [{id: rest, why: y, then: {tier: 1}}]")
    # A rule without conditions is the last one of assign, or one that nobody would write
    given = {
        "ignore": block("ignore", st.just(Action()), 2),
        "annotate": block("annotate", LABELS, 2),
    }
    found: dict[str, Any] = {
        name: tuple(rule for rule in block if not rule.is_catch_all) for name, block in given.items()
    }
    assign = (*(rule for rule in assign[:-1] if not rule.is_catch_all), assign[-1])
    return compile_rules(replace(plain, assign=assign, **found), ACCOUNT, tag_prefix="tier_", today=TODAY)


MODES = st.sampled_from([*[Mode.LIVE] * 9, Mode.SHADOW])


def fired(exports: tuple[Export, ...], facts: Facts) -> set[str]:
    """The rules whose triggers fire, one after another, when a customer opens this ticket."""
    ticket = facts.ticket
    names = ("status", "priority", "type", "group_id", "assignee_id", "brand_id", "custom_status_id")
    values = {**{name: getattr(ticket, name) for name in names}, "ticket_form_id": ticket.form_id}
    world = SimpleNamespace(users={1: SimpleNamespace(role="end-user")})
    state = {
        "tags": tuple(ticket.tags),
        "fields": {int(id): value for id, value in ticket.custom_fields.items()},
    }
    found = set()
    for export in exports:
        for trigger in (one.as_json() for one in export.triggers):
            asked = Asked(
                cast(Any, world),
                cast(Any, SimpleNamespace(channel=ticket.channel)),
                values,
                **cast(dict[str, Any], state),
                is_create=True,
                actor_id=1,
            )
            if holds(asked, trigger["conditions"]):
                found.add(export.rule.id)
                for action in trigger["actions"]:
                    act(state, values, action["field"], action["value"])
    return found


def act(state: dict[str, Any], values: dict[str, Any], field: str, value: str) -> None:
    if field == "current_tags":
        state["tags"] = (*state["tags"], *value.split())
    elif field == "remove_tags":
        state["tags"] = tuple(tag for tag in state["tags"] if tag not in value.split())
    elif field.startswith("custom_fields_"):
        state["fields"][int(field.removeprefix("custom_fields_"))] = value
    else:
        values[field] = value


@settings(max_examples=200, deadline=None)
@given(rule_sets(), st.lists(oracle.tickets(), min_size=1, max_size=6))
def test_what_is_said_to_be_exact_is(known: CompiledRules, subjects: list[Facts]) -> None:
    """For every rule with triggers they fire exactly when the rule wins or labels, and for no other ticket."""
    exports = export_rules(known, ACCOUNT, TODAY)
    exact = {export.rule.id for export in exports if not export.reason}
    assert all(bool(export.triggers) is not bool(export.reason) for export in exports)
    for subject in subjects:
        acts: set[str] = set()
        ignored = first_match(known.ignore, subject, TODAY)
        if subject.ticket.is_unsolved and ignored is not None:
            acts = {ignored.rule.id}
        elif subject.ticket.is_unsolved:
            winner = first_match(known.assign, subject, TODAY)
            live = (one for one in all_matches(known.annotate, subject) if one.rule.mode is Mode.LIVE)
            acts = {one.rule.id for one in live} | ({winner.rule.id} if winner else set())
        found = fired(exports, subject)
        ignoring = {rule.rule.id for rule in known.ignore}
        assert found - ignoring == (acts & exact) - ignoring
        assert not found & ignoring or acts & ignoring


def exported(text: str, account: Account | None = ACCOUNT, today: date = TODAY) -> dict[str, Export]:
    found = export_rules(compiled(HEAD + text, account=account), account, today)
    return {export.rule.id: export for export in found}


TAIL = "  - {id: rest, why: Else, then: {tier: 1}}\n"


def test_a_rule_becomes_a_trigger_with_guard_tags() -> None:
    """Conditions, actions and guards as Zendesk writes them; not active until somebody has read it."""
    found = exported(
        """
assign:
  - id: burning
    why: It burns
    all: [priority: {at_least: high}, tags: {excludes: [calm]}, Area: Billing, group: none]
    then: {tier: 2, group: Engineering, type: incident, add_tags: [vip], set_fields: {Consent: true}}
"""
        + TAIL
    )
    assert found["burning"].exactness == "exact"
    (trigger,) = found["burning"].triggers
    assert trigger.as_json() == {
        "title": "zdsync burning",
        "description": "It burns",
        "active": False,
        "conditions": {
            "all": [
                {"field": "update_type", "operator": "is", "value": "Create"},
                {"field": "role", "operator": "is", "value": "end_user"},
                {"field": "status", "operator": "less_than", "value": "solved"},
                {"field": "current_tags", "operator": "not_includes", "value": f"{IGNORED} {ASSIGNED}"},
                {"field": "priority", "operator": "greater_than", "value": "normal"},
                {"field": "current_tags", "operator": "not_includes", "value": "calm"},
                {"field": "custom_fields_101", "operator": "is", "value": "billing"},
                {"field": "group_id", "operator": "is", "value": ""},
            ],
            "any": [],
        },
        "actions": [
            {"field": "group_id", "value": "13"},
            {"field": "current_tags", "value": f"vip tier_2 {ASSIGNED}"},
            {"field": "remove_tags", "value": "tier_1"},
            {"field": "type", "value": "incident"},
            {"field": "custom_fields_108", "value": "true"},
        ],
    }
    assert found["rest"].exactness == "exact"


@pytest.mark.parametrize(
    ("rule", "exactness"),
    [
        ("all: [priority: [low, high], channel: [web, email]]", "exact as 4 triggers"),
        ("any: [priority: low, type: {is_not: [task, none]}]", "exact as 2 triggers"),
        ("all: [tags: {includes_all: [a, b]}, brand: Acme, form: Default, custom_status: 51]", "exact"),
        ("all: [status: {at_most: closed}, priority: {at_least: none}, status: {at_least: open}]", "exact"),
        ("all: [priority: {at_least: low}, status: {greater_than: new}, status: {at_most: open}]", "exact"),
        ("all: [Consent: true, Area: present, assignee: none]", "exact"),
        ("all: [subject: {contains: x}]", "a trigger cannot ask for subject as the rule does"),
        ("all: [organization.plan: pro]", "a trigger cannot ask for organization.plan as the rule does"),
        ("all: [Consent: false]", "a trigger cannot ask for Consent as the rule does"),
        ("all: [Area: {includes: [billing]}]", "a trigger cannot ask for Area as the rule does"),
        ("all: [priority: {less_than: high}]", "Zendesk does not say how an empty priority compares"),
        ("all: [priority: present]", "a trigger cannot ask whether there is a priority"),
        ("all: [tags: present]", "a trigger cannot ask whether there are tags at all"),
        ("all: [tags: {includes: [VIP]}]", "tags are written in lower case"),
        ("all: [channel: carrier_pigeon]", "the number of the channel 'carrier_pigeon' is not known"),
        ("all: [assignee: Ada Lovelace]", "people answer to several names"),
        ("mode: shadow, all: [type: task]", "it is not in force for every ticket and without end"),
        ("until: 2027-01-01, all: [type: task]", "it is not in force for every ticket and without end"),
        ("all: [priority: [low, high, urgent], type: [task, problem], channel: [web, email, api]]", "more than 16"),
        (f"all: [{', '.join(f'c{n}' for n in range(7))}]", "more than 16 triggers"),
    ],
)  # fmt: skip
def test_each_rule_says_how_exact_its_export_is(rule: str, exactness: str) -> None:
    """Exact, exact as several triggers, or for the worker only and why; the reason passes on to what is below."""
    named = "".join(f"  c{n}: {{any: [type: task, type: problem]}}\n" for n in range(7))
    text = f"conditions:\n{named}assign:\n  - {{id: it, why: y, {rule}, then: {{tier: 1}}}}\n{TAIL}"
    found = exported(text)
    assert exactness in found["it"].exactness
    if found["it"].reason and "mode" not in rule:
        assert "'it' before it is for the worker" in found["rest"].exactness
        assert found["it"].exactness.startswith("worker only because ")


def test_rules_that_share_no_ticket_do_not_stand_in_each_other_s_way() -> None:
    """Where conditions contradict each other the order does not matter; a rule switched off never does."""
    found = exported(
        """
assign:
  - {id: words, why: y, all: [type: task, text: {contains: x}], then: {tier: 1}}
  - {id: off, why: y, enabled: false, all: [text: {contains: x}], then: {tier: 1}}
  - {id: apart, why: y, all: [type: problem], then: {tier: 1}}
  - {id: many, why: y, all: [type: question], then: {tier: 2}}
  - {id: cards, why: y, all: [type: incident], then: {tier: 2, group: Privacy desk, private_only: true}}
"""
        + TAIL
    )
    assert found["apart"].exactness == "exact"
    assert "a ticket that is in one of tier 2's groups stays in it" in found["many"].reason
    assert "private data" in found["cards"].reason


def test_labels_stand_before_decisions_and_must_not_be_seen_by_them() -> None:
    """A rule that asks for a label which a trigger before it writes would see it too early."""
    found = exported(
        """
ignore:
  - {id: spam, why: y, all: [tags: {includes: [spam]}]}
annotate:
  - {id: calm, why: y, all: [type: task], then: {add_tags: [calm]}}
  - {id: sees, why: y, all: [tags: {includes: [calm]}], then: {add_tags: [vip]}}
  - {id: field, why: y, all: [type: problem], then: {set_fields: {Area: billing}}}
  - {id: both, why: y, all: [type: problem], then: {remove_tags: [vip], set_fields: {Colours: [red]}}}
assign:
  - {id: asks, why: y, all: [Area: billing], then: {tier: 1}}
"""
        + TAIL
    )
    assert list(found) == ["spam", "calm", "sees", "field", "both", "asks", "rest"]
    assert found["spam"].triggers[0].actions == (("current_tags", IGNORED),)
    assert "what the trigger of 'calm' has just written" in found["sees"].reason
    assert "what the trigger of 'field' has just written" in found["asks"].reason
    assert "several options" in found["both"].reason
    assert found["field"].triggers[0].actions == (("custom_fields_101", "billing"),)


def test_gates_and_moves_are_the_worker_s() -> None:
    """Each says why; a rule whose tier has a gate is not exact, unless the gate stands before other tickets or is off."""
    text = """
require:
  - {id: gate, why: y, before_tier: 2, all: [type: incident], fields: [Weight]}
  - {id: off, why: y, enabled: false, before_tier: 1, fields: [Weight]}
assign:
  - {id: burning, why: y, all: [type: incident], then: {tier: 2}}
  - {id: task, why: y, all: [type: task], then: {tier: 2, group: Engineering}}
  - {id: told, why: y, all: [type: problem], then: {tier: 1, notify: leads}}
  - {id: rest, why: y, then: {tier: 1}}
escalate: [{id: up, why: y, from: 1, to: 2, after: {in_tier: 1 day}}]
deescalate: [{id: down, why: y, from: 2, to: 1, all: [status: pending]}]
"""
    found = exported(text)
    assert found["burning"].reason == "the gate 'gate' stands before tier 2"
    assert found["task"].exactness == "exact"
    assert found["told"].reason.startswith("a trigger can neither alert")
    assert found["gate"].reason == "a trigger cannot make a move wait"
    assert found["up"].reason.startswith("automations run once an hour")
    assert found["down"].reason.startswith("triggers know neither where a ticket came from")
    assert [export.block for export in found.values()][-4:] == [
        "require",
        "require",
        "escalate",
        "deescalate",
    ]


def test_a_name_that_is_there_twice_is_not_guessed_at() -> None:
    """Two brands of one name: the rule means both, and a trigger could name one."""
    twice = replace(ACCOUNT, brands=(*ACCOUNT.brands, Named(33, "Acme")))
    found = exported("ignore: [{id: it, why: y, all: [brand: Acme]}]\nassign:\n" + TAIL, account=twice)
    assert found["it"].reason == "the brand 'acme' is not in the account exactly once"


def test_without_a_mirror_ids_are_missing_and_that_is_said() -> None:
    """Nothing is guessed: no id, no trigger."""
    text = "ignore: [{id: it, why: y, all: [%s]}]\nassign:\n" + TAIL
    reason = "the id of the brand 'acme' is not known without a mirror"
    assert exported(text % "brand: Acme", account=None)["it"].reason == reason
    assert "a mirror would tell" in exported(text % "Area: billing", account=None)["it"].reason
    alone = exported("assign:\n" + TAIL, account=None)
    assert "the id of the group 'Frontline' is not known yet" in alone["rest"].reason
    field = "annotate:\n  - {id: l, why: y, all: [type: task], then: {set_fields: {Area: x}}}\nassign:\n"
    assert "ids of the fields" in exported(field + TAIL, account=None)["l"].reason
