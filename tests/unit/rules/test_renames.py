"""Names of before: still meant, told where they stand, and written anew without touching anything else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.rules.build import ACCOUNT, AREA, FRONTLINE, NOW, TODAY, VERSION, facts, rules
from zdsync.account import Account, FieldOption, Group, Named
from zdsync.model import GroupId
from zdsync.rules.compile import compile_rules
from zdsync.rules.evaluate import all_matches
from zdsync.rules.renames import find_renames, meant_ids, rename_all, rename_problems
from zdsync.runs.agenda import epoch_of
from zdsync.runs.check import check_rules
from zdsync.runs.layout import rename_in_rules

TEXT = """version: 1
sensitive_groups: [Privacy desk]
lists:
  areas: [Invoices, technical]  # by label and by tag
  words: [Invoices]
tiers:
  1: {name: First, group: Frontline}
  2: {name: Second, group: Specialists, groups: ["Engineering"]}
ignore:
  - id: fields
    why: Because
    all:
      - area: billing
      - area: {is: [Invoices, 'Account Access']}  # twice
      - area: $areas
      - subject: {contains: $words}
  - id: things
    why: Because
    any: [{brand: Acme}, {form: Default}, {group: frontline}, {custom_status: waiting for parts}, {101: billing}]
  - id: same
    why: Because
    any:
      - {field: priority, operator: is, value: high}
      - app_version: Invoices
      - named
conditions:
  named: [{area: billing}]
assign:
  - id: set
    why: Because
    all: [type: incident]
    then: {tier: 2, group: Engineering, set_fields: {Area: Invoices}}
  - {id: rest, why: Else, then: {tier: 1}}
"""


def option(number: int, value: str, label: str) -> FieldOption:
    return FieldOption(value, label, number)


def with_area(account: Account, title: str, *options: FieldOption) -> Account:
    fields = (replace(f, title=title, options=options) if f.id == AREA else f for f in account.ticket_fields)
    return replace(account, ticket_fields=tuple(fields))


BEFORE = with_area(
    ACCOUNT,
    "Area",
    option(1, "billing", "Invoices"),
    option(2, "technical", "Technical"),
    option(3, "account_access", "Account access"),
)
AFTER = replace(
    with_area(
        ACCOUNT,
        "Contact reason",
        option(1, "billing", "Money: bills"),
        option(2, "tech", "Technical"),
        option(3, "access", "Log in"),
    ),
    groups=tuple(
        replace(group, name={"Frontline": "Care", "Engineering": "R&D"}.get(group.name, group.name))
        for group in ACCOUNT.groups
    ),
    brands=(Named(31, "Zenith"), Named(32, "Acme Labs")),
    forms=(Named(41, "Request"),),
    custom_statuses=(Named(51, "Parts: on order"),),
)
WANTED = (
    TEXT.replace("Frontline}", "Care}")
    .replace('"Engineering"', "R&D")
    .replace("group: Engineering", "group: R&D")
    .replace("[Invoices, technical]  #", '["Money: bills", technical]  #')
    .replace("- area: billing", "- Contact reason: billing")
    .replace("- area: {is: [Invoices, 'Account Access']}", '- Contact reason: {is: ["Money: bills", Log in]}')
    .replace("- area: $areas", "- Contact reason: $areas")
    .replace("brand: Acme", "brand: Zenith")
    .replace("form: Default", "form: Request")
    .replace("group: frontline", "group: Care")
    .replace("custom_status: waiting for parts", 'custom_status: "Parts: on order"')
    .replace("[{area: billing}]", "[{Contact reason: billing}]")
    .replace("{Area: Invoices}", '{Contact reason: "Money: bills"}')
)


@pytest.fixture(scope="module")
def account() -> Account:
    """The account after everything was renamed, with what was known from before."""
    known = meant_ids(rules(TEXT), BEFORE)
    tiers = {("group", "frontline"): int(FRONTLINE), ("group", "engineering"): 13}
    return replace(AFTER, known={**known, **tiers})


LADDER_TEXT = """version: 1
tiers:
  1: {name: First, group: Frontline}
  2: {name: Second, group: Specialists}
assign: [{id: rest, why: Else, then: {tier: 1}}]
require:
  - {id: basics, why: Because, before_tier: 2, fields: [app_version, Area], unless: [brand: Acme]}
escalate:
  - {id: up, why: Because, from: 1, to: 2, all: [form: Default], then: {set_fields: {area: Invoices}}}
"""


def test_gates_and_moves_name_things_too() -> None:
    """The fields that a gate asks for, what opens it, and what moves ask and set; all of it is meant, told and rewritten."""
    known = meant_ids(rules(LADDER_TEXT), BEFORE)
    assert known == {
        ("brand", "acme"): 31,
        ("form", "default"): 41,
        ("field", "area"): AREA,
        ("field", "app_version"): VERSION,
        ("option", "101:invoices"): 1,
    }
    after = replace(AFTER, known={**known, ("group", "frontline"): int(FRONTLINE)})
    read = rules(LADDER_TEXT)
    (gate,) = compile_rules(read, after, tag_prefix="tier_", today=TODAY).require
    assert gate.missing(facts(custom_fields={AREA: "billing"})) == ("App version",)
    ((_, renames),) = find_renames(read, after)
    assert rename_all(LADDER_TEXT, renames) == LADDER_TEXT.replace("group: Frontline", "group: Care").replace(
        ", Area]", ", Contact reason]"
    ).replace("brand: Acme", "brand: Zenith").replace("form: Default", "form: Request").replace(
        "{area: Invoices}", '{Contact reason: "Money: bills"}'
    )


def test_names_of_before_decide_all_anew_once() -> None:
    """What a run has only learned to remember changes nothing; a name that has gone and is still meant does."""

    def epoch(account: Account) -> str:
        return epoch_of(account, compile_rules(rules(TEXT), account, tag_prefix="tier_", today=TODAY), TODAY)

    known = meant_ids(rules(TEXT), BEFORE)
    assert epoch(replace(BEFORE, known=known)) == epoch(BEFORE)
    groups = {("group", "frontline"): int(FRONTLINE), ("group", "engineering"): 13}
    renamed = replace(AFTER, known={**known, **groups})
    assert epoch(renamed) != epoch(replace(renamed, known={**known, **groups, ("brand", "acme"): 32}))


def test_what_is_remembered() -> None:
    """Things, fields and options that conditions and outcomes name, by the id they have."""
    assert meant_ids(rules(TEXT), BEFORE) == {
        ("brand", "acme"): 31,
        ("form", "default"): 41,
        ("group", "frontline"): 11,
        ("custom_status", "waiting for parts"): 51,
        ("field", "area"): AREA,
        ("field", "app_version"): VERSION,
        ("option", "101:billing"): 1,
        ("option", "101:invoices"): 1,
        ("option", "101:technical"): 2,
        ("option", "101:account access"): 3,
    }
    assert not [key for key in meant_ids(rules(TEXT), ACCOUNT) if key[0] == "option"]


def test_names_of_before_are_still_meant(account: Account) -> None:
    """Conditions hold and outcomes are written as if nothing had been renamed."""
    bound = compile_rules(rules(TEXT), account, tag_prefix="tier_", today=TODAY)
    chosen = facts(custom_fields={AREA: "billing"}, subject="Invoices")
    assert [one.rule.id for one in all_matches(bound.ignore, chosen)] == ["fields", "things", "same"]
    for given in ({"brand_id": 31}, {"form_id": 41}, {"group_id": FRONTLINE}, {"custom_status_id": 51}):
        assert [one.rule.id for one in all_matches(bound.ignore, facts(**given))] == ["things"]
    assert bound.assign[0].set_fields == {AREA: "billing"}
    assert bound.ignore[0].all[0].actual(chosen) == "Money: bills"


def test_each_name_is_told_and_rewritten_where_it_stands(account: Account) -> None:
    """Names of fields, of their values also in lists, of groups anywhere; comments and everything else stay."""
    read = rules(TEXT)
    ((file, renames),) = find_renames(read, account)
    assert file == "a.yaml"
    text = rename_all(TEXT, renames)
    assert text == WANTED
    told = [str(one) for one in rename_problems(read, account)]
    assert len(told) == len(renames) == 16
    assert told[0].startswith(
        "a.yaml:4:11: the option of 'Contact reason' 'Invoices' is called 'Money: bills' by now"
    )
    assert told[0].endswith("[renamed]")
    again = rules(text)
    assert list(rename_problems(again, account)) == []
    compile_rules(again, replace(account, known={}), tag_prefix="tier_", today=TODAY)


def test_a_name_that_something_else_bears_now_means_that(account: Account) -> None:
    """Whoever gives a former name to another thing wants rules to mean it; and what is gone is gone."""
    taken = replace(
        account,
        brands=(Named(31, "Zenith"), Named(33, "ACME")),
        groups=(*account.groups, Group(GroupId(77), "Frontline")),
        forms=(),
    )
    told = {each.old for _, renames in find_renames(rules(TEXT), taken) for each in renames}
    assert not {"Acme", "Frontline", "frontline", "Default"} & told
    assert "waiting for parts" in told


def test_a_field_of_zendesks_own_is_never_a_name_of_before(account: Account) -> None:
    """A custom field that was called Status once does not take its place."""
    known = {**account.known, ("field", "status"): int(VERSION)}
    text = TEXT.replace("- app_version: Billing", "- app_version: x")
    bound = compile_rules(
        rules(text.replace("{field: priority", "{field: status").replace("value: high", "value: open")),
        replace(account, known=known),
        tag_prefix="tier_",
        today=TODAY,
    )
    assert "same" in [one.rule.id for one in all_matches(bound.ignore, facts(status="open"))]


def test_nothing_renamed(account: Account) -> None:
    """No finding, and no file is even looked through."""
    known = replace(BEFORE, known=account.known)
    assert find_renames(rules(TEXT), known) == ()


def test_check_and_fmt(account: Account, tmp_path: Path) -> None:
    """`rules check` warns; `rules fmt --renamed` would write the one file at fault."""
    (tmp_path / "a.yaml").write_text(TEXT.partition("conditions:")[0])
    (tmp_path / "b.yaml").write_text("conditions:" + TEXT.partition("conditions:")[2])
    found = check_rules(tmp_path, account, tag_prefix="tier_", keeps_text=True, now=NOW)
    assert {one.id for one in found if one.is_warning} >= {"renamed"}
    assert not [one for one in found if one.id.startswith("unknown")]
    laid = rename_in_rules(tmp_path, account)
    assert [Path(one.file).name for one in laid] == ["a.yaml", "b.yaml"]
    assert "[Contact reason: billing]" in laid[1].text or "{Contact reason: billing}" in laid[1].text
