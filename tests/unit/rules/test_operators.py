"""Fields and operators: what each condition means, on facts with and without the value."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.rules.build import (
    ACCOUNT,
    AGENT,
    AREA,
    BUILD_DAY,
    COLOURS,
    CONSENT,
    ENGINEERING,
    FRONTLINE,
    LINK,
    ORDER,
    STEPS,
    VERSION,
    WEIGHT,
    facts,
    holds,
    organization,
    rule,
    told_of,
)
from zdsync.account import TicketField
from zdsync.model import FieldId, User, UserId

CY = User(
    UserId(9),
    "Cy Twombly",
    email="Cy@Mail.Example",
    role="end-user",
    locale="en-US",
    tags=frozenset({"beta"}),
    fields={"seat": "12A"},
)
BIG = organization(
    name="Big Co",
    external_id="B-1",
    domains=("big.example", "Big.example.org"),
    tags=frozenset({"strategic"}),
    plan="enterprise",
    mrr="1500.50",
)


def custom(**values: Any) -> dict[str, Any]:
    names = {
        "area": AREA,
        "version": VERSION,
        "steps": STEPS,
        "order": ORDER,
        "weight": WEIGHT,
        "day": BUILD_DAY,
        "consent": CONSENT,
        "colours": COLOURS,
        "link": LINK,
    }
    return {"custom_fields": {names[name]: value for name, value in values.items()}}


@pytest.mark.parametrize(
    ("condition", "given", "expected"),
    [
        # plain value means is, a list any of
        ("status: open", {}, True),
        ("status: [pending, open]", {}, True),
        ("status: {is_not: [pending, open]}", {}, False),
        # order of status and priority
        ("status: {less_than: solved}", {"status": "hold"}, True),
        ("status: {less_than: hold}", {"status": "hold"}, False),
        ("status: {at_most: hold}", {"status": "hold"}, True),
        ("status: {greater_than: new}", {"status": "open"}, True),
        ("status: {at_least: solved}", {"status": "closed"}, True),
        ("priority: {at_least: high}", {"priority": "urgent"}, True),
        ("priority: {at_least: high}", {"priority": "normal"}, False),
        ("priority: {less_than: low}", {"priority": None}, True),
        ("priority: none", {"priority": None}, True),
        ("priority: present", {"priority": None}, False),
        ("priority: {is_not: low}", {"priority": None}, True),
        ("priority: {present: false}", {"priority": None}, True),
        ("priority: HIGH", {"priority": "high"}, True),
        # type
        ("type: none", {}, True),
        ("type: [incident, problem]", {"type": "problem"}, True),
        ("type: {is_not: task}", {}, True),
        ("type: not_present", {}, True),
        # names of the account
        ("group: frontline", {"group_id": FRONTLINE}, True),
        ("group: Frontline", {"group_id": ENGINEERING}, False),
        ("group: 11", {"group_id": FRONTLINE}, True),
        ("group: none", {}, True),
        ("group: not_present", {}, True),
        ("group: present", {"group_id": FRONTLINE}, True),
        ("group: {is_not: Frontline}", {}, True),
        ("brand: Acme Labs", {"brand_id": 32}, True),
        ("brand: Acme Labs", {"brand_id": 31}, False),
        ("form: Default", {"form_id": 41}, True),
        ("custom_status: Waiting for parts", {"custom_status_id": 51}, True),
        ("assignee: ada lovelace", {"assignee_id": AGENT.id}, True),
        ("assignee: ada@acme.example", {"assignee_id": AGENT.id}, True),
        ("assignee: none", {}, True),
        ("assignee: none", {"assignee_id": UserId(999)}, False),
        ("assignee: present", {"assignee_id": UserId(999)}, True),
        ("requester: cy@mail.example", {"requester": CY}, True),
        ("requester: Cy Twombly", {"requester": CY}, True),
        ("requester: none", {}, True),
        ("organization: big co", {"organization": BIG}, True),
        ("organization: none", {}, True),
        ("organization: {is_not: Big Co}", {}, True),
        # requester and organization
        ("requester.email: cy@mail.example", {"requester": CY}, True),
        ("requester.domain: mail.example", {"requester": CY}, True),
        ("requester.name: {contains: twombly}", {"requester": CY}, True),
        ("requester.role: end-user", {"requester": CY}, True),
        ("requester.tags: {includes: beta}", {"requester": CY}, True),
        ("requester.tags: {excludes: beta}", {}, True),
        ("requester.seat: 12a", {"requester": CY}, True),
        ("requester.seat: present", {"requester": User(UserId(8))}, False),
        ("language: en", {"requester": CY}, True),
        ("language: en-US", {"requester": CY}, True),
        ("language: e", {"requester": CY}, False),
        ("language: en-GB", {"requester": CY}, False),
        ("requester.locale: {is_not: de}", {}, True),
        ("organization.name: Big Co", {"organization": BIG}, True),
        ("organization.domain: BIG.example.org", {"organization": BIG}, True),
        ("organization.external_id: B-1", {"organization": BIG}, True),
        ("organization.tags: {includes: [strategic, x]}", {"organization": BIG}, True),
        ("organization.plan: Enterprise", {"organization": BIG}, True),
        ("organization.Plan: [pro, enterprise]", {"organization": BIG}, True),
        ("organization.plan: {is_not: free}", {}, True),
        ("organization.mrr: {at_least: 1000}", {"organization": BIG}, True),
        ("organization.monthly revenue: {less_than: 1500.5}", {"organization": BIG}, False),
        ("organization.mrr: {at_least: 0}", {"organization": organization(mrr=None)}, False),
        ("organization.mrr: {is_not: 5}", {}, True),
        # channel, recipient, satisfaction
        ("channel: [web, email]", {"channel": "email"}, True),
        ("recipient: help@acme.example", {"recipient": "Help@acme.example"}, True),
        ("recipient: present", {}, False),
        ("satisfaction: good", {"satisfaction": "good_with_comment"}, True),
        ("satisfaction: good_with_comment", {"satisfaction": "good"}, False),
        ("satisfaction: bad", {"satisfaction": "offered"}, False),
        ("satisfaction: {is_not: bad}", {}, True),
        # tags
        ("tags: {includes: [vip, x]}", {"tags": ["vip"]}, True),
        ("tags: {includes: VIP}", {"tags": ["vip"]}, True),
        ("tags: {includes_all: [vip, x]}", {"tags": ["vip"]}, False),
        ("tags: {includes_all: [vip, x]}", {"tags": ["vip", "x", "y"]}, True),
        ("tags: {excludes: [vip, x]}", {"tags": ["vip"]}, False),
        ("tags: {excludes: [vip, x]}", {}, True),
        ("tags: present", {}, False),
        ("tags: not_present", {}, True),
        # text
        ("subject: {contains: [refund, error 500]}", {"subject": "Re: ERROR 500!"}, True),
        ("subject: {contains: refund}", {"subject": "non-refundable"}, False),
        ("subject: {contains_phrase: out of office}", {"subject": "I am out  of\noffice"}, True),
        ("subject: {excludes_words: refund}", {"subject": ""}, True),
        ("subject: {excludes_words: refund}", {"subject": "refund"}, False),
        ("subject: {starts_with: [newsletter, out of office]}", {"subject": "  Out Of Office: x"}, True),
        ("subject: {starts_with: office}", {"subject": "Out of office"}, False),
        ("subject: {starts_with: é}", {"subject": "e\u0301te"}, True),
        ("subject: Help", {"subject": "help"}, True),
        ("subject: {is_not: help}", {"subject": ""}, True),
        ("subject: present", {"subject": "  "}, False),
        ("description: {contains: 返金}", {"description": "返金してください"}, True),
        ("description: {contains: 😡}", {"description": "why 😡"}, True),
        ("comment: {contains: cancel}", {"comment": "I cancel"}, True),
        ("comment: {contains: cancel}", {"description": "I cancel"}, False),
        ("text: {contains: cancel}", {"public_comments": ("hello", "I cancel")}, True),
        ("text: {contains: cancel}", {"comment": "I cancel"}, False),
        ("text: {detects: [iban, payment_card]}", {"detected": frozenset({"iban"})}, True),
        ("text: {detects: email}", {"detected": frozenset({"iban"})}, False),
        # numbers
        ("replies: 0", {}, True),
        ("replies: {at_most: 2}", {"replies": 3}, False),
        ("reopens: {greater_than: 1}", {"reopens": 2}, True),
        ("group_stations: [1, 3]", {"group_stations": 3}, True),
        ("assignee_stations: {less_than: '2'}", {"assignee_stations": 1}, True),
        ("attachments: present", {"attachments": 0}, False),
        ("attachments: present", {"attachments": 1}, True),
        # dates
        ("created_at: 2026-11-20", {}, True),
        ("created_at: {less_than: 2026-11-20}", {}, False),
        ("created_at: {at_most: 2026-11-20}", {}, True),
        ("created_at: {greater_than: 2026-11-20}", {}, False),
        ("created_at: {at_least: 2026-11-20}", {}, True),
        ("created_at: {greater_than: '2026-11-20T11:59:59Z'}", {}, True),
        ("created_at: {less_than: '2026-11-20T14:00:00+02:00'}", {}, False),
        ("updated_at: {is_not: [2026-11-19, 2026-11-21]}", {}, True),
        ("due_at: not_present", {}, True),
        ("build_day: {at_least: 2026-01-31}", {"custom_fields": {BUILD_DAY: datetime(2026, 1, 31)}}, True),  # noqa: DTZ001
        ("due_at: {less_than: 2027-01-01}", {}, False),
        ("due_at: {is_not: 2027-01-01}", {}, True),
        ("due_at: {less_than: 2027-01-01}", {"due_at": datetime(2026, 12, 31, 23, tzinfo=UTC)}, True),
        # custom fields by title, key, id, whatever the case
        ("area: billing", custom(area="billing"), True),
        ("Area: Account Access", custom(area="account_access"), True),
        ("area: {is_not: billing}", custom(area=None), True),
        ("area: present", custom(area=""), False),
        ("area: {includes: [billing, technical]}", custom(area="technical"), True),
        ("101: billing", custom(area="billing"), True),
        ("app_version: '2.10'", custom(version="2.10"), True),
        ("app_version: 2.10", custom(version="2.1"), False),
        ("App Version: {starts_with: 2.}", custom(version="2.10"), True),
        ("steps_to_reproduce: present", custom(steps=" \n"), False),
        ("order_id: 007", custom(order="007"), True),
        ("order_id: 007", custom(order="7"), False),
        ("weight: {at_least: 2}", custom(weight="2.50"), True),
        ("weight: 2.5", custom(weight=2.5), True),
        ("weight: {less_than: 100}", custom(weight=None), False),
        ("weight: {less_than: 100}", custom(weight="heavy"), False),
        ("weight: {less_than: 100}", custom(weight=True), False),
        ("build_day: {less_than: 2026-02-01}", custom(day="2026-01-31"), True),
        ("build_day: 2026-01-31", custom(day="2026-01-31"), True),
        ("build_day: present", custom(day="nonsense"), False),
        ("consent: true", custom(consent=True), True),
        ("consent: false", custom(consent=False), True),
        ("consent: false", custom(consent=None), False),
        ("consent: {is_not: true}", custom(consent=None), True),
        ("colours: {includes: Dark Blue}", custom(colours=("dark_blue", "red")), True),
        ("colours: {includes_all: [red, dark_blue]}", custom(colours=("dark_blue", "red")), True),
        ("colours: {excludes: green}", custom(colours=()), True),
        ("colours: not_present", custom(colours=None), True),
        ("link: 123", custom(link="123"), True),
    ],
)
def test_a_condition_means_what_its_words_say(condition: str, given: dict[str, Any], expected: bool) -> None:
    """Positive operators fail on a missing value, negative ones hold; names are compared without case."""
    assert holds(condition, facts(**given)) is expected


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("priorty: high", "a.yaml:12:11: unknown field 'priorty'; did you mean 'priority'? [unknown-field]"),
        ("app versoin: 1", "unknown field 'app versoin'; did you mean 'App version'?"),
        ("organization.plna: pro", "unknown field 'organization.plna'; did you mean 'organization.plan'?"),
        ("area: biling", "'biling' is no Area in the account; did you mean 'Billing'? [unknown-name]"),
        (
            "group: Frontlin",
            "'Frontlin' is no group in the account; did you mean 'Frontline'? [unknown-name]",
        ),
        ("group: Gone", "'Gone' is no group in the account"),
        ("brand: Akme", "'Akme' is no brand in the account; did you mean 'Acme'?"),
        ("form: Defualt", "'Defualt' is no form in the account; did you mean 'Default'?"),
        ("custom_status: Waiting", "'Waiting' is no custom_status in the account"),
        ("assignee: Ada Lovelac", "'Ada Lovelac' is no assignee in the account [unknown-name]"),
        ("organization.plan: gold", "'gold' is no organization.plan in the account"),
        ("status: opne", "'opne' is no status; did you mean 'open'? [wrong-value]"),
        ("priority: {at_least: [low, high]}", "'at_least' takes one value, not a list [wrong-value]"),
        ("priority: {contains: low}", "cannot be asked with 'contains'; it takes is, is_not,"),
        ("tags: vip", "write `tags: {includes: …}`) [operator-misfit]"),
        ("tags: {includes: two words}", "a tag has no spaces"),
        ("type: incidnet", "'incidnet' is no type; did you mean 'incident'?"),
        ("satisfaction: great", "'great' is no satisfaction"),
        ("replies: many", "'replies' is a number; 'many' is not [wrong-value]"),
        (
            "created_at: yesterday",
            "'created_at' is a date such as 2026-12-31; 'yesterday' is not [wrong-value]",
        ),
        ("subject: {contains: '!!!'}", "'!!!' has no letter or digit to look for [wrong-value]"),
        ("subject: {detects: iban}", "write `text: {detects: ['iban']}` [operator-misfit]"),
        ("text: {detects: ibna}", "no detector 'ibna'; did you mean 'iban'?"),
        ("consent: yes", "'yes' is no Consent; known: true, false [wrong-value]"),
        ("weight: heavy", "'Weight' is a number; 'heavy' is not"),
        ("colours: red", "write `Colours: {includes: …}`) [operator-misfit]"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_told_with_its_place(condition: str, message: str) -> None:
    """Unknown names, operators that do not fit, values of the wrong kind: one message each, with the nearest word."""
    found = told_of(condition)
    assert len(found) == 1, found
    assert message in found[0]
    assert found[0].startswith("a.yaml:12:11: ")


def test_without_an_account_names_are_not_checked_and_custom_fields_read_as_missing() -> None:
    """The offline check knows Zendesk's own fields only, and judges them as strictly."""
    assert told_of("area: anything", account=None) == []
    assert told_of("group: Anything", account=None) == []
    assert len(told_of("replies: many", account=None)) == 1
    about = facts(**custom(area="billing"))
    assert not holds("area: billing", about, account=None)
    assert holds("area: {is_not: billing}", about, account=None)


def test_groups_that_a_plan_creates_may_be_named() -> None:
    """A group of a tier or of sensitive_groups may be new; nothing is in it yet."""
    account = replace(ACCOUNT, groups=())
    assert not holds("group: Privacy desk", facts(group_id=FRONTLINE), account=account)
    assert holds("group: {is_not: Privacy desk}", facts(group_id=FRONTLINE), account=account)


def test_all_and_any_together() -> None:
    """Every condition of `all` and, if there are any, one of `any` must hold."""
    body = "all: [status: open, replies: 0]\nany: [priority: high, type: task]"
    asked = rule(body)
    assert asked.matches(facts(priority="high"))
    assert asked.matches(facts(type="task"))
    assert not asked.matches(facts())
    assert not asked.matches(facts(priority="high", replies=1))
    only_any = rule("any: [priority: high, type: task]")
    assert only_any.matches(facts(type="task"))
    assert not only_any.matches(facts())


def test_lists_and_named_conditions_stand_for_their_contents() -> None:
    """`$name` is spliced into a list; a named condition holds when its own `all` and `any` do."""
    extra = "lists: {bad: [refund, chargeback]}\nconditions: {angry: {all: [status: open], any: [priority: high, low_rating]}, low_rating: [satisfaction: bad]}"
    assert holds("text: {contains: [other, $bad]}", facts(subject="a chargeback"), extra=extra)
    assert holds("angry", facts(satisfaction="bad"), extra=extra)
    assert not holds("angry", facts(), extra=extra)
    assert holds("subject: $100", facts(subject="$100"), extra=extra)


def test_a_title_that_two_fields_share_must_be_told_apart() -> None:
    """An ambiguous title is an error that asks for the key or id; the id works."""
    twin = TicketField(FieldId(200), "APP_version", "text")
    account = replace(ACCOUNT, ticket_fields=(*ACCOUNT.ticket_fields, twin))
    assert "several ticket fields are called 'app version'" in told_of("app version: 1", account=account)[0]
    assert holds("200: x", facts(custom_fields={200: "x"}), account=account)


def test_answers_are_remembered_by_value_and_not_for_ever() -> None:
    """Thousands of values in turn, and values that are equal without being the same, get each its own answer."""
    asked = rule("all: [{channel: [c7, c1999]}]")
    for _ in range(2):
        found = [number for number in range(2_000) if asked.matches(facts(channel=f"c{number}"))]
        assert found == [7, 1999]
    strange = rule("all: [{Area: {includes: [billing]}}]")
    for value, answer in (
        ("billing", True),
        (("billing", "x"), True),
        (True, False),
        (1, False),
        (None, False),
    ):
        assert strange.matches(facts(custom_fields={AREA: value})) is answer
