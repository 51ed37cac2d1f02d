"""The rules of the simulated quarter, as a rule file; `quarter_model` says the same in its own words."""

RULES = """
version: 1
own_tags: [stuck, needs_info, rma, fix_released, escalate_please]
manual_override: {respect_for: 8 business_hours}
move_limit: {at_most: 3, per: 7 days, then: {add_tags: [stuck]}}
vendor: {tag: with_vendor}
calendars:
  london:
    timezone: Europe/London
    open: {mon-fri: 09:00-17:30}
    holidays: [2026-12-25, 2026-12-28, 2027-01-01]
  new_york:
    timezone: America/New_York
    open: {mon-sat: [08:00-12:00, 13:00-18:00]}
    holidays: [2026-11-26, 2026-12-25]
tiers:
  0: {name: Self-service, group: Help bot}
  1: {name: Frontline, group: Frontline, calendar: london}
  2: {name: Specialists, group: Specialists, calendar: london}
  3: {name: Experts, group: Engineering, calendar: new_york}
assign:
  - {id: urgent, why: It burns, all: [{priority: urgent}], then: {tier: 3}}
  - {id: money, why: It costs, all: [{priority: high}], then: {tier: 2}}
  - {id: known, why: The help centre knows, all: [{subject: {contains_phrase: [password reset]}}], then: {tier: 0}}
  - {id: rest, why: Frontline takes the rest, then: {tier: 1}}
require:
  - id: basics
    why: Specialists need to know
    before_tier: 2
    all: [{type: incident}]
    fields: [error_message]
    missing: {add_tags: [needs_info]}
escalate:
  - {id: unsolved, why: No answer, from: 0, to: 1, after: {unanswered: 30 minutes}}
  - id: asked
    why: An agent asked
    from: 1
    to: 2
    even_if_held: true
    all: [{tags: {includes: [escalate_please]}}]
    then: {remove_tags: [escalate_please]}
  - {id: no-reply, why: Nobody answered, from: 1, to: 2, after: {unanswered: 4 business_hours}, warn_at: 75%}
  - id: bad-rating
    why: Unhappy and reopened
    from: [1, 2]
    to: 3
    all: [{satisfaction: bad}, {reopens: {at_least: 1}}, {status: {is_not: [pending, hold]}}]
  - id: vendor
    why: The vendor repairs it
    from: [2, 3]
    to: external
    all: [{tags: {includes: [rma]}}]
    remind_after: 1 business_days
    then: {remove_tags: [rma]}
  - {id: supplier, why: The supplier knows, from: 3, to: external, all: [{priority: low}], after: {in_tier: 1 business_days}}
  - {id: too-long, why: Two days are enough, from: 2, to: 3, after: {in_tier: 2 business_days}}
deescalate:
  - {id: fixed, why: It is live, from: 3, to: 1, all: [{tags: {includes: [fix_released]}}], then: {remove_tags: [fix_released]}}
  - {id: quiet, why: Waiting on the customer, from: 2, to: 1, all: [{status: pending}], after: {in_status: 2 business_days}}
  - {id: asleep, why: Nobody does anything, from: 3, to: previous, after: {since_updated: 5 days}}
"""
