"""The language's own sample: it loads, checks clean, and decides as it reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.unit.rules.build import ACCOUNT
from zdsync.account import Account, Group
from zdsync.detect import TextFilter
from zdsync.model import GroupId
from zdsync.rules.cases import parse_cases
from zdsync.rules.compile import compile_rules
from zdsync.rules.lint import lint
from zdsync.rules.parse import parse_files
from zdsync.runs.rule_tests import run_cases

SAMPLE = """
version: 1
owner: support-ops
manual_override: {respect_for: 24 business_hours}
move_limit: {at_most: 3, per: 7 days, then: {add_tags: [stuck], notify: support-leads}}
own_tags: [stuck, sensitive, vip, needs_info, churn_risk, fix_released]
sensitive_groups: [Privacy desk]
calendars:
  uk:     {timezone: Europe/London, open: {mon-fri: 09:00-17:30}, holidays: [2026-12-25, 2026-12-28]}
  always: {timezone: UTC, open: {mon-sun: 00:00-24:00}}
lists:
  refund_words: [refund, chargeback, overcharged]
  outage_words: [outage, error 500, data loss]
tiers:
  0: {name: Self-service, group: Help bot,    view: Tier 0 - deflected, scope: Answers a bot or an article can give}
  1: {name: Frontline,    group: Frontline,   view: Tier 1 - queue, calendar: uk, targets: {first_reply: 2 business_hours}}
  2: {name: Specialists,  group: Specialists, view: Tier 2 - queue, calendar: uk, targets: {first_reply: 4 business_hours, in_tier: 2 business_days}}
  3: {name: Experts,      group: Engineering, view: Tier 3 - queue, calendar: always}
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
require:
  - id: bug-basics
    why: Specialists cannot start without these
    before_tier: 2
    all: [{type: incident}]
    fields: [steps_to_reproduce, error_message, app_version]
    unless: [{tags: {includes: [vip, sensitive]}}]
    missing: {add_tags: [needs_info], macro: Ask for bug details}
escalate:
  - {id: t0-unsolved, why: Self-service did not answer, from: 0, to: 1, after: {unanswered: 30 minutes}}
  - {id: agent-asks, why: An agent asked for it, from: 1, to: 2, even_if_held: true, all: [{tags: {includes: [escalate_please]}}]}
  - {id: t1-no-reply, why: Nobody answered in time, from: 1, to: 2, after: {unanswered: 4 business_hours}, warn_at: 75%}
  - {id: t2-too-long, why: Specialists had it two days, from: 2, to: 3, after: {in_tier: 2 business_days}, keep_assignee_as: follower}
  - {id: bad-rating, why: Unhappy and reopened, from: 1, to: 2, all: [{satisfaction: bad}, {reopens: {at_least: 2}}, {status: {is_not: [pending, hold]}}]}
deescalate:
  - {id: fix-shipped, why: Fix is live; confirm with the customer, from: 3, to: 1, all: [{tags: {includes: [fix_released]}}], then: {remove_tags: [fix_released]}}
  - {id: quiet-t2, why: Waiting on the customer, from: 2, to: 1, all: [{status: pending}], after: {in_status: 5 business_days}}
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
  - name: A gate asks before the tier, for what is not known
    ticket: {type: incident, subject: Refund, steps_to_reproduce: Click}
    expect: {verdict: gated, tier: 1, tags: [needs_info], note: Ask for bug details}
  - name: Unless one of its exceptions holds
    ticket: {type: incident, subject: Refund, tags: [vip]}
    expect: {verdict: assigned, rule: billing, tier: 2}
  - name: Four business hours reach over the night
    ticket: {tier: 1, created_at: 2026-01-05T15:30:00Z}
    at: 2026-01-06T11:00:00Z
    expect: {verdict: escalated, rule: t1-no-reply, tier: 2}
  - name: A minute before, nothing happens
    ticket: {tier: 1, created_at: 2026-01-05T15:30:00Z}
    at: 2026-01-06T10:59:00Z
    expect: {tier: 1, no_change: true}
  - name: A fix brings the ticket back down
    ticket: {tier: 3}
    history:
      - {who: agent, after: 2 hours, changes: {add_tags: [fix_released]}}
    expect: {verdict: deescalated, rule: fix-shipped, tier: 1}
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
