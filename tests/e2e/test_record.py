"""Tickets recorded as test cases: they pass as they stand, with and without the account, and name nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.build import ACCOUNT, AGENT, CUSTOMER, OTHER_AGENT, STAFF, case, created, event, moment, ticket
from tests.e2e.conftest import House as Commands
from tests.house import House
from zdsync.account import Account, FieldOption, Named, TicketField
from zdsync.detect import TextFilter
from zdsync.model import (
    Case,
    FieldId,
    Finding,
    Hold,
    HoldReason,
    Organization,
    OrganizationId,
    TicketId,
    User,
    UserId,
)
from zdsync.rules.cases import parse_cases
from zdsync.rules.parse import parse_files
from zdsync.rules.record import Recorder
from zdsync.rules.unname import Unnamer
from zdsync.rules.yaml_text import to_yaml
from zdsync.runs.cycle import Workplace, run_cycle
from zdsync.runs.record import record
from zdsync.runs.rule_tests import CaseResult, run_cases


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """An account whose tickets have passed through two cycles, some of them settled by us."""
    house = House(f"sqlite:///{tmp_path_factory.mktemp('record')}/mirror.db", tickets=400, seed=9)
    found = house.place()
    run_cycle(found)
    house.advance(300)
    run_cycle(found)
    yield found
    house.close()


def played(place: Workplace, text: str, account: Account | None) -> CaseResult:
    cases, problems = parse_cases([("recorded.yaml", text)])
    assert problems == ()
    given: dict[str, Any] = {"tag_prefix": "tier_", "text_filter": TextFilter("masked")}
    (found,) = run_cases(place.rules(), cases, account, now=place.clock.now(), **given)
    return found


def test_every_recorded_ticket_passes_as_it_stands(place: Workplace) -> None:
    """As rule tests decide it, in the account and without it; and as the ticket itself is decided."""
    rules, account = place.rules(), place.mirror.read_account()
    for known in place.mirror.read_cases():
        found = record(place.mirror, rules, place.clock, known.ticket.id, tag_prefix="tier_")
        assert found.differences == (), known.ticket.id
        assert played(place, found.text, account).mismatches == ()
        assert played(place, found.text, None).mismatches == (), found.text


def test_a_recorded_ticket_names_nobody(place: Workplace) -> None:
    """No name, address or company of the people around it, in whatever text or field."""
    rules = place.rules()
    for known in place.mirror.read_cases():
        text = record(place.mirror, rules, place.clock, known.ticket.id, tag_prefix="tier_").text
        assert known.requester is not None
        people = [known.requester.name, known.requester.email or ""]
        authors = [known.staff[e.author_id] for e in known.events if e.author_id in known.staff]  # type: ignore[index]
        people += [author.name for author in authors if "bot" not in author.tags]
        company = known.organization.name if known.organization else ""
        for word in filter(None, people):
            assert not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE), known.ticket.id
        assert not company or f"name: {company}" not in text


RULES = """
version: 1
own_tags: [vip]
tiers:
  1: {name: Frontline, group: Frontline}
  2: {name: Specialists, group: Specialists}
assign:
  - {id: ours, why: A partner, all: [requester.domain: partner.example], then: {tier: 2}}
  - {id: ada, why: Ada has it, all: [assignee: Ada, organization.name: Northwind], then: {tier: 2}}
  - {id: again, why: Came back, all: [reopens: {at_least: 1}, requester.role: end-user], then: {tier: 2}}
  - {id: late, why: Due, any: [due_at: present, brand: Acme, language: en, organization.domain: north.example], then: {tier: 2}}
  - {id: fields, why: Fields, any: [modules: {includes: [mail]}, memo: {contains: me}], then: {tier: 2, set_fields: {Done: true}}}
  - {id: known, why: Known, any: [organization.external_id: N1, organization.tags: {includes: [a]}], then: {tier: 2}}
  - {id: partner, why: Known, any: [requester.external_id: C-7, sla.breached: true], then: {tier: 2}}
  - {id: rest, why: Else, then: {tier: 1}}
require:
  - {id: order, why: We need it, before_tier: 2, fields: [order_number]}
"""


FIELDS = (
    TicketField(FieldId(70), "Modules", "multiselect", options=(FieldOption("mail", "Mail"),)),
    TicketField(FieldId(71), "Memo", "textarea"),
    TicketField(FieldId(72), "Done", "checkbox"),
    TicketField(FieldId(73), "Order number", "regexp"),
)
BRANDED = replace(ACCOUNT, ticket_fields=FIELDS, brands=(Named(31, "Acme"), Named(32, "Other")))


def document(known: Case) -> dict[str, Any]:
    rules, _ = parse_files([("rules.yaml", RULES)])
    assert rules is not None
    return Recorder(known, BRANDED, rules, moment()).document()


def test_the_history_is_told_from_the_opening_on() -> None:
    """The ticket as it was opened, what triggers did at once, then every entry; holds and findings come along."""
    known = case(
        replace(created(("group_id", 2)), rule_changes=event(None, ("priority", "high")).changes),
        event(AGENT, ("group_id", 3, 2), ("tags", ("a",), ("b",)), at=-40, reply="I am Ada", note="Look"),
        event(CUSTOMER, ("status", "open", "solved"), at=-30, reply="Thanks Ada"),
        event(AGENT, ("group_id", 77, 3), at=-20),
        ticket=ticket(group_id=2, priority="high", tags=["a"], assignee_id=AGENT),
        findings=(Finding(TicketId(1), None, "iban", 1, is_public=True),),
        holds=(Hold(TicketId(1), HoldReason.MANUAL, moment(-5), until=moment(60)),),
    )
    found = document(known)
    assert found["ticket"]["tags"] == ["b"]
    assert found["ticket"]["assignee"] == "Ada"
    assert found["ticket"]["group"] == "Frontline"
    assert "priority" not in found["ticket"]
    assert [entry["who"] for entry in found["history"]] == ["trigger", "agent", "agent", "customer", "agent"]
    assert found["history"][1]["changes"] == {"group": "Specialists", "remove_tags": ["b"], "add_tags": ["a"]}
    assert found["history"][3]["reply"] == "Thanks Agent"
    assert found["history"][4]["changes"] == {"group": "Frontline"}
    assert found["findings"] == ["iban"]
    assert found["hold"] == {"until": "2026-11-20T13:00:00Z"}
    _, problems = parse_cases([("t.yaml", to_yaml({"cases": [{**found, "expect": {"no_change": True}}]}))])
    assert problems == ()


def test_fields_are_told_by_the_names_and_words_of_the_rules() -> None:
    """Several options as a list, a text without names, a brand by name; two comments of one entry are two entries."""
    twice = event(OTHER_AGENT, at=-20, reply="One", note="Two")
    more = replace(twice, comments=(*twice.comments, replace(twice.comments[0], body="", attachments=3)))
    known = case(
        created(("72", True)),
        more,
        event(OTHER_AGENT, ("assignee_id", None, 4711), ("71", "Ask Cy", None), at=-10),
        ticket=ticket(brand_id=31, due_at=moment(60), custom_fields={70: ("mail",), 71: "Ask Cy", 72: True}),
    )
    found = document(known)
    assert found["ticket"]["modules"] == ["mail"]
    assert found["ticket"]["brand"] == "Acme"
    assert found["ticket"]["due_at"] == "2026-11-20T13:00:00Z"
    assert found["ticket"]["Done"] is True
    assert [(one.get("reply"), one.get("note"), one.get("attachments")) for one in found["history"][:-1]] == [
        ("One", None, None),
        (None, "Two", None),
        ("-", None, 3),
    ]
    assert found["history"][-1]["changes"] == {"assignee": None, "memo": "Ask Customer"}


def test_who_opened_it_and_what_rules_did_is_told() -> None:
    """An agent who opened it, a system that wrote; a group that is gone is left out."""
    by_system = event(None, ("status", "open", "new"), at=-20)
    found = document(case(created(author=AGENT), by_system, ticket=ticket(group_id=77)))
    assert found["opened_by"] == "agent"
    assert [entry["who"] for entry in found["history"]] == ["trigger"]
    assert "group" not in found["ticket"]


def test_what_gates_ask_for_and_breaches_are_told() -> None:
    """A field that only a gate names; a breach, also one that did not happen; nothing where it is not known."""
    known = document(case(created(), ticket=ticket(custom_fields={73: "A1"}), sla_breached=False))
    assert known["ticket"]["order_number"] == "A1"
    assert known["ticket"]["sla.breached"] is False
    assert "sla.breached" not in document(case(created()))["ticket"]


def test_names_are_found_in_any_script() -> None:
    """Whole words in any case; in scripts without spaces anywhere; a short part of a name is left alone."""
    people = {
        UserId(4): User(UserId(4), "王伟", role="agent"),
        UserId(5): User(UserId(5), "Bo Li", role="agent"),
    }
    known = case(event(UserId(4), note="x"), event(UserId(5), note="x"), staff=people)
    unname = Unnamer(known)
    assert unname("王伟先生 and BO LI, also Bo; Bolivia, CY@example.com, cy") == (
        "Agent先生 and Agent, also Bo; Bolivia, [email], Customer"
    )
    assert Unnamer(replace(known, events=(), requester=None))("Cy wrote") == "Cy wrote"


def test_what_rules_name_stays_and_nothing_else() -> None:
    """A partner's domain, a named company, a colleague whom a rule names; never a local part."""
    company = Organization(
        OrganizationId(5), "Northwind", "N1", ("north.example", "n.example"), frozenset({"a"})
    )
    user = User(CUSTOMER, "Cy Li", "cy.li@partner.example", "end-user", locale="en-US", external_id="C-7")
    known = case(event(AGENT, at=-9, note="x"), requester=user, organization=company, has_whole_history=False)
    found = document(known)
    assert found["requester"] == {
        "email": "customer@partner.example",
        "role": "end-user",
        "language": "en-US",
        "external_id": "C-7",
    }
    assert found["organization"] == {
        "name": "Northwind",
        "domain": ["north.example"],
        "external_id": "N1",
        "tags": ["a"],
    }
    assert found["whole_history"] is False
    other = replace(user, email="cy@home.example", external_id="C-8")
    stranger = document(case(requester=other, organization=None))
    assert stranger["requester"]["external_id"] == "customer"
    assert stranger["requester"]["email"] == "customer@example.com"
    assert "requester" not in document(case(requester=None, staff=STAFF))


def test_the_command_writes_a_new_file_and_only_a_new_one(house: Commands) -> None:
    """`rules record` on stdout or into a file that `rules test` then passes."""
    house.ok("pull")
    id = max(row.id for row in house.sandbox.world.tickets.values() if row.status == "open")
    text = house.ok("rules", "record", str(id)).out
    assert text.startswith("cases:\n- name: Ticket ")
    house.ok("rules", "record", str(id), "--out", "case.yaml")
    assert house.run("rules", "record", str(id), "--out", "case.yaml").code == 2
    missing = house.run("rules", "record", "999999")
    assert missing.code == 3
    assert "is not in the mirror" in missing.err
    assert house.ok("rules", "test").out.endswith("all passed\n")
