"""Test cases: read with located problems, staged as the mirror would have the ticket, decided as runs decide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.rules.build import ACCOUNT, ENGINEERING, FRONTLINE, HEAD, NOW, SPECIALISTS, TODAY, rules
from zdsync.account import Account
from zdsync.detect import TextFilter
from zdsync.errors import RuleError
from zdsync.facts import Facts, derive
from zdsync.rules.cases import RuleCase, parse_cases
from zdsync.rules.compile import compile_rules
from zdsync.rules.make_case import CaseMaker
from zdsync.rules.model import RuleSet
from zdsync.rules.stand_in import account_for_cases
from zdsync.runs.rule_tests import CaseResult, run_cases

ASSIGN = """
annotate:
  - {id: calmed, why: It is calm, all: [tags: {includes: [quiet]}], then: {add_tags: [calm]}}
assign:
  - {id: private, why: Cards, all: [text: {detects: payment_card}], then: {tier: 2, group: Privacy desk, private_only: true}}
  - {id: money, why: Billing, all: [area: billing], then: {tier: 2, priority: high, note: "For {group}"}}
  - {id: slow, why: Often moved, all: [group_stations: {at_least: 2}], then: {tier: 2}}
  - {id: rest, why: Somebody takes it, then: {tier: 1}}
"""
RULES = rules(HEAD + ASSIGN)
LADDER = compile_rules(RULES, ACCOUNT, tag_prefix="tier_", today=TODAY).ladder


def cases(text: str) -> tuple[RuleCase, ...]:
    found, problems = parse_cases([("t.yaml", text)])
    assert problems == ()
    return found


def case(body: str) -> RuleCase:
    """One case that expects something which is not looked at."""
    (found,) = cases(f"cases:\n  - {{name: it, expect: {{no_change: true}}, {body}}}\n")
    return found


def facts(body: str, *, account: Account | None = ACCOUNT) -> Facts:
    """What rules see of a case."""
    one = case(body)
    known = account_for_cases(account, RULES, [one])
    maker = CaseMaker(known, RULES, TextFilter("masked"), tag_prefix="tier_")
    staged = maker.make(one)
    assert maker.problems == []
    return derive(staged.case, staged.now, LADDER)


def told(text: str, *, account: Account | None = ACCOUNT) -> list[str]:
    """Every problem on the way from the text to decided cases."""
    found, problems = parse_cases([("t.yaml", text)])
    if problems:
        return list(map(str, problems))
    with pytest.raises(RuleError) as caught:
        run(found, account=account)
    return list(map(str, caught.value.problems))


def run(
    found: tuple[RuleCase, ...], *, rule_set: RuleSet = RULES, account: Account | None = ACCOUNT
) -> tuple[CaseResult, ...]:
    given: dict[str, Any] = {"tag_prefix": "tier_", "text_filter": TextFilter("masked"), "now": NOW}
    return run_cases(rule_set, found, account, **given)


def result(body: str, *, account: Account | None = ACCOUNT) -> CaseResult:
    (found,) = run(cases(f"cases:\n  - {{name: it, {body}}}\n"), account=account)
    return found


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("exptc: {tier: 1}\n    expect: {tier: 1}", "t.yaml:3:5: unknown key 'exptc'; did you mean 'expect'? [unknown-key]"),
        ("expect: {teir: 1}", "t.yaml:3:14: unknown key 'teir'; did you mean 'tier'? [unknown-key]"),
        ("expect: {}", "t.yaml:3:5: 'x' expects nothing; say what must be so [missing-key]"),
        ("expect: {verdict: moved}", "there is no verdict 'moved'; there are finished, ignored, held"),
        ("expect: {no_change: maybe}", "'no_change' must be true or false"),
        ("expect: {tier: 1}\n    at: noon", "t.yaml:4:9: 'at' must be a time such as 2026-01-05T09:30:00Z"),
        ("expect: {tier: 1}\n    ticket: word", "'ticket' must be a block of keys"),
        ("expect: {tier: 1}\n    ticket: {tags: [[x]]}", "'ticket' must be a value or a list of values"),
        ("expect: {tier: 1}\n    hold: {untl: 2026-01-05}", "unknown key 'untl'; did you mean 'until'?"),
        ("expect: {tier: 1}\n    history: [{who: nobody}]", "t.yaml:4:21: 'who' must be one of customer, agent"),
        ("expect: {tier: 1}\n    history: [{who: us, wen: 1}]", "unknown key 'wen'; known here: who, at, after"),
        ("expect: {tier: 1}\n    history: [{who: us, after: soon}]", "must be a span such as 5 minutes"),
        ("expect: {tier: 1}\n  - name: x\n    expect: {tier: 1}", "the name 'x' is already at t.yaml:2"),
        # What only the names can tell
        ("expect: {rule: mony}", "t.yaml:3:14: there is no rule 'mony'; did you mean 'money'? [unknown-name]"),
        ("expect: {tier: 7}", "there is no tier '7'; there are 1, 2"),
        ("expect: {labels: [money]}", "there is no label 'money'; there are calmed"),
        ("expect: {tier: 1}\n    ticket: {group: Fronline}", "'Fronline' is no group in the account; did you mean"),
        ("expect: {tier: 1}\n    ticket: {priority: hi}", "'hi' is no priority"),
        ("expect: {tier: 1}\n    ticket: {replies: 3}", "'replies' cannot be set: it is counted"),
        ("expect: {tier: 1}\n    ticket: {text: 3}", "'text' cannot be set: write subject, description"),
        ("expect: {tier: 1}\n    ticket: {tier: 7}", "t.yaml:4:14: no tier '7'; tiers: 1, 2 [unknown-name]"),
        ("expect: {tier: 1}\n    history: [{who: us, changes: {tier: two}}]", "t.yaml:4:35: no tier 'two'; tiers: 1, 2"),
        ("expect: {tier: 1}\n    ticket: {moves: 3}", "'moves' cannot be set: it follows from `at:` and what happened"),
        ("expect: {tier: 1}\n    ticket: {sla.breached: maybe}", "t.yaml:4:14: 'sla.breached' is true or false"),
        ("expect: {tier: 1}\n    history: [{who: us, changes: {sla.breached: true}}]", "write it under `ticket:`"),
        ("expect: {tier: 1}\n    ticket: {organization.plan: x}", "write it under `organization:`"),
        ("expect: {tier: 1}\n    ticket: {Aera: x}", "t.yaml:4:14: unknown field 'Aera'; did you mean 'Area'?"),
        ("expect: {tier: 1}\n    ticket: {Area: purple}", "'purple' is no Area in the account"),
        ("expect: {tier: 1}\n    ticket: {Consent: 'true'}", "'Consent' is a checkbox: true or false"),
        ("expect: {tier: 1}\n    ticket: {Link: 12}", "'Link' is of type lookup"),
        ("expect: {tier: 1}\n    requester: {seet: x}", "unknown field 'seet' of the requester; did you mean 'seat'"),
        ("expect: {tier: 1}\n    organization: {plan: gold}", "'plan' has no option 'gold'"),
        ("expect: {tier: 1}\n    findings: [credit_card]", "no detector 'credit_card'; did you mean 'payment_card'"),
        ("expect: {tier: 1}\n    history: [{who: us, changes: {tags: x}}]", "write `add_tags:` or `remove_tags:`"),
        ("expect: {tier: 1}\n    history: [{who: us, attachments: 2}]", "attachments come with a `reply:`"),
        (
            "expect: {tier: 1}\n    ticket: {created_at: 2026-01-05}\n    history: [{who: us, at: 2026-01-04}]",
            "t.yaml:5:25: it happened before the entry above it",
        ),
        (
            "expect: {tier: 1}\n    at: 2026-01-05\n    history: [{who: us, at: 2026-01-06}]",
            "t.yaml:4:5: the ticket is decided before its history is over",
        ),
    ],
)  # fmt: skip
def test_a_wrong_case_says_where_and_how_to_mend_it(line: str, message: str) -> None:
    """Shape, values and names: each fault is located, with the nearest known word."""
    found = told(f"cases:\n  - name: x\n    {line}\n")
    assert len(found) == 1
    assert message in found[0]


def test_broken_files_are_located_too() -> None:
    """The reader is that of rule files: YAML faults and missing cases have their place."""
    assert told("cases: [\n")[0].startswith("t.yaml:2:1: this is not YAML")
    assert told("cases: []") == ["t.yaml:1:8: 'cases' must not be empty [wrong-value]"]
    assert "`cases:` is missing" in told("# nothing")[0]
    assert (
        "unknown key 'case'; did you mean 'cases'?"
        in told("cases: [{name: x, expect: {tier: 1}}]\ncase: 1")[0]
    )
    assert "not UTF-8" in str(parse_cases([("t.yaml", b"\xff")])[1][0])


def test_the_ticket_is_as_it_was_opened_and_the_history_changes_it() -> None:
    """Names become ids, every change knows the value before it, and our own writes can be thought away."""
    found = facts(
        "ticket: {id: 7, group: Frontline, priority: low, Area: Billing, tags: [a, b], due_at: 2026-02-01},"
        "history: [{who: us, changes: {priority: high, group: Specialists, remove_tags: b, add_tags: c}}]"
    )
    assert found.current.id == 7
    assert found.current.group_id == SPECIALISTS
    assert found.current.priority == "high"
    assert found.current.tags == {"a", "c"}
    assert found.ticket.group_id == FRONTLINE
    assert found.ticket.priority == "low"
    assert found.ticket.tags == {"a", "b"}
    assert found.ticket.due_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert list(found.ticket.custom_fields.values()) == ["billing"]
    assert not facts("ticket: {tags: a}, history: [{who: us, changes: {add_tags: a}}]").own_tag_adds


def test_a_ticket_can_be_in_a_tier_since_a_moment() -> None:
    """`tier` under `ticket` is our own placing when it was opened: the tag, and the tier's group unless one is told."""
    found = facts("ticket: {tier: 1, created_at: 2026-01-05T09:00:00Z}, at: 2026-01-05T14:00:00Z")
    assert (found.tier, found.previous_tier, found.moves) == ("1", None, 0)
    assert (found.current.group_id, *found.current.tags) == (FRONTLINE, "tier_1")
    assert found.touch is None
    assert found.ticket.tags == frozenset()
    entered = found.journey.entered_at()
    assert entered is not None
    assert found.now - entered == timedelta(hours=5)
    told = facts("ticket: {tier: 2, group: Engineering, tags: [tier_1]}")
    assert (told.tier, told.current.group_id, *told.current.tags) == ("2", ENGINEERING, "tier_2")
    assert facts("ticket: {tier: none}").tier is None
    assert facts("ticket: {tier: 1}, whole_history: false").current.tags == {"tier_1"}


def test_a_ticket_can_be_moved_to_another_tier() -> None:
    """`tier` under `changes`: the tags change places, and the group goes along unless it is told or suits already."""
    found = facts(
        "ticket: {tier: 1}, history: [{who: us, after: 1 hour, changes: {tier: 2}}, {who: agent, after: 1 day, changes: {tier: 1}}]"
    )
    assert [(move.origin, move.to, move.by.value) for move in found.journey.moves] == [
        ("1", "2", "zdsync"),
        ("2", "1", "person"),
    ]
    assert (found.current.group_id, *found.current.tags) == (FRONTLINE, "tier_1")
    stays = facts("ticket: {group: Engineering}, history: [{who: us, changes: {tier: 2}}]")
    assert stays.current.group_id == ENGINEERING
    told = facts(
        "ticket: {tier: 1}, history: [{who: us, changes: {tier: 2, group: Engineering, add_tags: [calm]}}]"
    )
    assert (told.current.group_id, *sorted(told.current.tags)) == (ENGINEERING, "calm", "tier_2")
    gone = facts("ticket: {tier: 1}, history: [{who: agent, changes: {tier: null}}]")
    assert (gone.current.tags, gone.current.group_id) == (frozenset(), FRONTLINE)


def test_a_breach_is_stated() -> None:
    """What Zendesk counts by itself is said of the ticket; it is unknown otherwise."""
    answers = [
        facts(f"ticket: {{{given}}}").sla_breached
        for given in ("sla.breached: true", "sla.breached: false", "id: 3")
    ]
    assert answers == [True, False, None]


def test_who_did_it_matters() -> None:
    """An agent is a person; a customer, a bot, a trigger and zdsync are not."""
    for who in ("customer", "bot", "trigger", "us"):
        found = facts(f"history: [{{who: {who}, reply: Yes, changes: {{group: Frontline}}}}]")
        assert (found.touch, found.replies) == (None, 0), who
    assert facts("history: [{who: agent, reply: Yes}]").replies == 1
    touched = facts("opened_by: agent, ticket: {group: Frontline}")
    assert touched.touch is not None
    assert "before the mirrored history" in str(facts("whole_history: false").touch)


def test_reopenings_stations_and_attachments_are_counted_from_the_history() -> None:
    """What rules count is counted from what the case says happened."""
    found = facts(
        "ticket: {group: Frontline, assignee: Ada Lovelace}, history: ["
        "{who: customer, reply: Hi, attachments: 2}, {who: trigger, changes: {status: solved, group: Specialists}},"
        "{who: customer, note: '', changes: {status: open, assignee: none}}]".replace("note: '', ", "")
    )
    assert (found.attachments, found.group_stations, found.reopens) == (2, 2, 1)
    assert found.current.assignee_id is None
    assert found.assignee_stations == 1


def test_time_runs_from_the_opening_through_the_history_to_the_decision() -> None:
    """`after` counts from the entry before; what is not said fits around what is."""
    found = facts("at: 2026-03-02T12:00:00Z, history: [{who: agent, after: 2 hours, reply: Yes}]")
    assert found.now == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert found.touch is not None
    assert found.touch.at == found.current.created_at + timedelta(hours=2) == found.current.updated_at
    assert found.touch.at <= found.now
    late = facts("ticket: {created_at: 2026-03-02T12:00:00Z}, history: [{who: us, after: 1 day, note: Hm}]")
    assert late.current.updated_at == datetime(2026, 3, 3, 12, tzinfo=UTC)
    assert late.now > late.current.updated_at
    assert facts("ticket: {updated_at: 2026-01-05T09:30:00Z}").ticket.updated_at.minute == 30


def test_texts_are_searched_and_masked_as_when_they_are_pulled() -> None:
    """Detectors see the whole text, rules the masked one; a finding can also be stated."""
    found = facts(
        "ticket: {subject: 4111 1111 1111 1111, App version: me@example.com},"
        "history: [{who: customer, reply: call +44 20 7946 0958}]"
    )
    assert found.ticket.subject == "[card]"
    assert found.public_comments[-1] == "call [phone]"
    assert found.detected == {"payment_card", "phone", "email"}
    assert facts("findings: [iban]").detected == {"iban"}


def test_requester_and_organization_have_their_own_fields() -> None:
    """Custom ones by key or title, options by label."""
    found = facts(
        "requester: {email: cy@shop.example, language: de, tags: [loud], Seat: 12a, external_id: 77},"
        "organization: {name: Shop, domain: shop.example, tags: [big], external_id: 7, Monthly revenue: 5000, plan: Pro}"
    )
    assert found.requester is not None
    assert (found.requester.email, found.requester.locale) == ("cy@shop.example", "de")
    assert found.requester.tags == {"loud"}
    assert found.requester.external_id == "77"
    assert found.requester.fields == {"seat": "12a"}
    assert found.organization is not None
    assert found.organization.domains == ("shop.example",)
    assert found.organization.fields == {"mrr": 5000, "plan": "pro"}
    assert facts("requester: {seat: null}").organization is None


def test_every_expectation_can_fail_and_says_what_came_out_instead() -> None:
    """One line per expectation that was not met, with the value that the decision gave."""
    found = result(
        "ticket: {Area: billing, group: Frontline}, expect: {verdict: ignored, tier: 1, rule: rest, group: Frontline,"
        "priority: low, type: task, status: open, tags: [calm, tier_2], labels: [calmed], note: Dear customer,"
        "held: by hand, no_change: true}"
    )
    assert [f"{one.what}: {one.expected} / {one.got}" for one in found.mismatches][:-3] == [
        "verdict: ignored / assigned",
        "tier: 1 / 2",
        "rule: rest / money",
        "group: Frontline / Specialists",
        "priority: low / high",
        "type: task / none",
        "status: open / new",
        "tags: calm / tier_2",
        "labels: calmed / none",
    ]
    note, held, change = found.mismatches[-3:]
    assert note.got.startswith("“For Specialists")
    assert (held.got, change.got) == ("no held", "a change")
    assert [trace.rule.id for trace in found.traces] == ["private", "money", "rest"]


@pytest.mark.parametrize(
    "body",
    [
        "ticket: {Area: billing}, expect: {rule: money, tier: 2, priority: high, note: For Specialists, no_change: false}",
        "ticket: {tags: [quiet]}, expect: {labels: [calmed], tags: [calm]}",
        "hold: {until: 2027-01-01}, expect: {held: held by hand, verdict: held}",
        "hold: {until: 2026-01-05}, expect: {rule: rest}",
        "ticket: {status: solved}, expect: {verdict: finished, rule: none, tier: none}",
        "ticket: {subject: 4111111111111111}, expect: {rule: private, group: privacy desk}",
    ],
)
@pytest.mark.parametrize("account", [ACCOUNT, None])
def test_what_is_so_is_not_complained_about(body: str, account: Account | None) -> None:
    """With the mirrored account and without one the same cases pass."""
    assert result(body, account=account).mismatches == ()


def test_without_an_account_fields_are_of_the_kind_that_rules_need() -> None:
    """A number, a date, a text, a checkbox, several options, one option: told from operators and values."""
    imagined = rules(
        HEAD
        + """
own_tags: [vip, calm]
ignore:
  - id: all-kinds
    why: Each field once
    all:
      - seats: {at_least: 5}
      - renewal: {less_than: 2026-06-01}
      - error_text: {contains: timeout}
      - beta: true
      - modules: {includes: [sync]}
      - area: billing
      - organization.plan: [pro, 7]
      - requester.level: {at_least: 1.5}
      - brand: Acme
      - form: Default
      - custom_status: Waiting
      - assignee: ada@acme.example
      - group: Nobody's
assign: [{id: rest, why: Somebody takes it, then: {tier: 1, set_fields: {Region: EMEA}}}]
""".replace("own_tags: [vip, calm]\n", "")
    )
    found = cases(
        """
cases:
  - name: all of them
    ticket:
      seats: 5
      renewal: 2026-05-31
      error_text: A timeout it was
      beta: true
      modules: [sync, mail]
      area: Billing
      brand: Acme
      form: Default
      custom_status: Waiting
      assignee: ada@acme.example
      group: Nobody's
    organization: {plan: 7}
    requester: {level: 2}
    expect: {rule: all-kinds}
  - name: none of them
    ticket: {area: null, priority: none}
    expect: {rule: rest, tier: 1, no_change: false}
"""
    )
    assert [one.mismatches for one in run(found, rule_set=imagined, account=None)] == [(), ()]
