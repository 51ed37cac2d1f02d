"""The language's own sample, as far as its blocks are rules and labels: it loads, checks clean, and decides as it reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.unit.rules.build import ACCOUNT
from zdsync.detect import TextFilter
from zdsync.model import Account, Group, GroupId
from zdsync.rules.cases import parse_cases
from zdsync.rules.compile import compile_rules
from zdsync.rules.lint import lint
from zdsync.rules.parse import parse_files
from zdsync.runs.rule_tests import run_cases

SAMPLE = """
version: 1
owner: support-ops
own_tags: [sensitive, vip, churn_risk]
sensitive_groups: [Privacy desk]
lists:
  refund_words: [refund, chargeback, overcharged]
  outage_words: [outage, error 500, data loss]
tiers:
  0: {name: Self-service, group: Help bot,    view: Tier 0 - deflected, scope: Answers a bot or an article can give}
  1: {name: Frontline,    group: Frontline,   view: Tier 1 - queue}
  2: {name: Specialists,  group: Specialists, view: Tier 2 - queue}
  3: {name: Experts,      group: Engineering, view: Tier 3 - queue}
ignore:
  - {id: newsletters, why: Bulk mail is not a request, all: [{subject: {starts_with: [Newsletter, Out of office]}}]}
assign:
  - id: sensitive-data
    why: Card, account or health data never stays in a public channel
    any:
      - text: {detects: [payment_card, iban]}
      - tags: {includes: [pii, phi]}
    then: {tier: 2, group: Privacy desk, private_only: true, add_tags: [sensitive]}
  - id: vip-enterprise
    owner: account-management
    why: Enterprise customers go straight to the experts
    all:
      - organization.plan: enterprise
      - organization.mrr: {at_least: 1000}
    then: {tier: 3, priority: high, add_tags: [vip]}
  - id: outage
    why: An incident that stops customers needs engineering at once
    all: [{type: incident}, {text: {contains: $outage_words}}]
    then: {tier: 3, priority: urgent}
  - id: billing
    why: Money questions need access that frontline does not have
    all: [{priority: {is_not: low}}]
    any: [{area: billing}, {text: {contains: $refund_words}}]
    then: {tier: 2}
  - id: known-answer
    why: The help centre answers this
    all:
      - text: {contains_phrase: [password reset, opening hours, track my order]}
      - organization.plan: [free, starter]
    then: {tier: 0}
  - {id: everything-else, why: Frontline takes what no rule claims, then: {tier: 1}}
annotate:
  - {id: churn-risk, why: Talks of leaving, all: [{text: {contains: [cancel, competitor]}}], then: {add_tags: [churn_risk]}}
"""
CASES = """
cases:
  - name: A card number is found before it is masked, and no word search sees it
    ticket: {subject: "My card 4111 1111 1111 1111 was charged"}
    expect: {rule: sensitive-data, tier: 2, group: Privacy desk, tags: [sensitive, tier_2]}
  - name: What was found at pull time counts, though the text no longer shows it
    ticket: {subject: It was charged}
    findings: [iban]
    expect: {rule: sensitive-data}
  - name: Health data by tag
    ticket: {subject: My results, tags: [phi]}
    expect: {rule: sensitive-data}
  - name: Both conditions of all must hold
    organization: {plan: enterprise, mrr: 999.5}
    expect: {rule: everything-else}
  - name: Enterprise
    organization: {plan: Enterprise, mrr: 1000}
    expect: {rule: vip-enterprise, tier: 3, priority: high}
  - name: Whole words without case, in the order on the page
    ticket: {type: incident, subject: "ERROR 500: refund me"}
    expect: {rule: outage, priority: urgent}
  - name: A part of a word is no word
    ticket: {subject: outages refunding}
    expect: {rule: everything-else}
  - name: A missing priority is not low
    ticket: {description: CHARGEBACK!}
    expect: {rule: billing}
  - name: Low is
    ticket: {description: CHARGEBACK!, priority: low}
    expect: {rule: everything-else}
  - name: A list means any of them
    ticket: {subject: Password reset}
    organization: {plan: starter}
    expect: {rule: known-answer, tier: 0}
  - name: A missing value makes a positive operator false
    ticket: {subject: Password reset}
    expect: {rule: everything-else}
  - name: Labels are added to whatever was decided
    ticket: {subject: "I cancel: refund"}
    expect: {rule: billing, labels: [churn-risk], tags: [churn_risk, tier_2]}
  - name: Ignored tickets are neither judged nor labelled
    ticket: {subject: "Newsletter: cancel now"}
    expect: {verdict: ignored, rule: newsletters, labels: [], no_change: true}
  - name: A rule sees the ticket as it would be without us
    ticket: {subject: Refund}
    history:
      - {who: us, after: 1 minute, changes: {add_tags: [tier_2], group: Specialists, priority: low}}
    expect: {rule: billing}
"""


@pytest.mark.parametrize(
    "account", [None, replace(ACCOUNT, groups=(*ACCOUNT.groups, Group(GroupId(10), "Help bot")))]
)
def test_the_sample_is_clean_and_its_cases_pass(account: Account | None) -> None:
    """Offline and against an account; nothing that lint could say."""
    rules, problems = parse_files([("sample.yaml", SAMPLE)])
    cases, faults = parse_cases([("cases.yaml", CASES)])
    assert rules is not None
    assert (problems, faults, lint(rules)) == ((), (), ())
    now = datetime(2026, 11, 20, tzinfo=UTC)
    compile_rules(rules, account, tag_prefix="tier_", today=now.date())
    results = run_cases(rules, cases, account, tag_prefix="tier_", text_filter=TextFilter("masked"), now=now)
    assert [(one.case.name, one.mismatches) for one in results if one.mismatches] == []
