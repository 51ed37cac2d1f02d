"""Tables from beside Zendesk: their columns are fields, their faults are located, a ticket gets its row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.rules.build import (
    ACCOUNT,
    FULL,
    HEAD,
    NOW,
    TODAY,
    compiled,
    facts,
    organization,
    parse,
    rules,
)
from zdsync.account import Account
from zdsync.detect import TextFilter
from zdsync.errors import Problem, RuleError
from zdsync.facts import derive
from zdsync.model import Case, ExternalRow, Organization, Ticket, TicketId, User, UserId
from zdsync.ports.mirror import QueryFault
from zdsync.rules.cases import parse_cases
from zdsync.rules.compile import compile_rules
from zdsync.rules.evaluate import all_matches, trace
from zdsync.rules.explain import explain_trace
from zdsync.rules.external import join
from zdsync.rules.load import load_rules
from zdsync.rules.model import RuleSet
from zdsync.rules.schema import editor_schema
from zdsync.rules.vocabulary import Vocabulary
from zdsync.runs.check import check_rules
from zdsync.runs.external import try_tables, with_tables
from zdsync.runs.rule_tests import run_cases

CRM = """
external:
  crm:
    file: crm.csv
    key: organization.external_id
    column: Account
    columns: {mrr: number, renews_on: date, active: checkbox, segments: tags}
"""
ASKING = """
ignore:
  - {id: plan, why: Plan, all: [crm.plan: Enterprise]}
  - {id: rich, why: Rich, all: [crm.mrr: {at_least: 1000}]}
  - {id: soon, why: Soon, all: [crm.renews_on: {less_than: 2026-12-01}]}
  - {id: active, why: Active, all: [crm.active: true]}
  - {id: press, why: Press, all: [crm.segments: {includes: [press]}]}
  - {id: unknown, why: Unknown, all: [crm.plan: not_present]}
"""
TABLE = """Account,Plan,MRR,Renews on,active,segments,owner
a-1,enterprise,1200.50,2026-11-30,yes,"press, launch",Ada
A-2,free,,,no,,
,orphan,1,,,,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(HEAD + CRM + ASKING + FULL)
    (tmp_path / "crm.csv").write_text(TABLE)
    return tmp_path


def write(folder: Path, table: str | bytes, name: str = "crm.csv") -> None:
    (folder / name).write_bytes(table if isinstance(table, bytes) else table.encode())


def problems(folder: Path, account: Account | None = None) -> list[str]:
    """What `rules check` says, with the folder's name left out."""
    found = check_rules(folder, account, tag_prefix="tier_", keeps_text=True, now=NOW)
    return [str(one).replace(f"{folder}/", "") for one in found]


def case(company: Organization | None = None, requester: User | None = None) -> Case:
    ticket = Ticket(TicketId(1), NOW, NOW, "open")
    return Case(ticket, requester=requester, organization=company)


def matching(read: RuleSet, about: Case) -> list[str]:
    bound = compile_rules(read, ACCOUNT, tag_prefix="tier_", today=TODAY)
    told = derive(join(about, read.external), NOW, bound.ladder)
    return [one.rule.id for one in all_matches(bound.ignore, told)]


def test_columns_are_fields_of_the_ticket(folder: Path) -> None:
    """The row is found by the key without regard to case; each column is compared as its type says."""
    read = with_tables(load_rules(folder), None)
    assert matching(read, case(organization(external_id="A-1"))) == [
        "plan",
        "rich",
        "soon",
        "active",
        "press",
    ]
    assert matching(read, case(organization(external_id="a-2"))) == []


@pytest.mark.parametrize("company", [None, organization(), organization(external_id="a-9")])
def test_without_a_row_every_column_is_missing(folder: Path, company: Organization | None) -> None:
    """No company, no key, or no row with it: positive operators are false, negative ones true."""
    assert matching(with_tables(load_rules(folder), None), case(company)) == ["unknown"]


@pytest.mark.parametrize(
    ("key", "about"),
    [
        ("organization.external_id", case(organization(external_id="acme.example"))),
        ("organization.name", case(organization(name="Acme.Example"))),
        ("organization.domain", case(organization(domains=("other.example", "acme.example")))),
        ("requester.email", case(requester=User(UserId(1), email="ACME.example"))),
    ],
)
def test_each_key(folder: Path, key: str, about: Case) -> None:
    """Of several domains the first that has a row; the column is called like the key unless `column:` says otherwise."""
    block = f"external: {{crm: {{file: crm.csv, key: {key}}}}}\n"
    asking = "ignore: [{id: plan, why: Plan, all: [crm.plan: pro]}]\n"
    (folder / "rules.yaml").write_text(HEAD + block + asking + FULL)
    write(folder, f"{key.rpartition('.')[2]},plan\nacme.example,pro\n")
    read = with_tables(load_rules(folder), None)
    assert matching(read, about) == ["plan"]
    assert matching(read, case()) == []


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_files_as_spreadsheets_write_them(folder: Path, between: str) -> None:
    """A byte order mark, Windows line ends, semicolons or tabs, quotes over several lines, empty lines."""
    cells = [["Account", "Plan", "MRR", "renews_on", "active", "segments"]]
    cells += [["a-1", '"Enter""prise\nof ; and ,"', "5", "", "", ""], ["a-2", "enterprise", "7", "", "", ""]]
    text = "\r\n\r\n".join(between.join(row) for row in cells)
    write(folder, b"\xef\xbb\xbf" + text.encode())
    read = with_tables(load_rules(folder), None)
    table = read.external[0].table
    assert table is not None
    assert table.rows["a-1"][:2] == ('Enter"prise\nof ; and ,', 5)
    assert matching(read, case(organization(external_id="a-2"))) == ["plan"]


def test_only_what_rules_ask_for_is_kept(folder: Path) -> None:
    """A column that no condition names takes no memory, and changes no digest; equal texts are one object."""
    read = with_tables(load_rules(folder), None)
    table = read.external[0].table
    assert table is not None
    assert table.kept == ("plan", "mrr", "renews_on", "active", "segments")
    assert set(table.rows) == {"a-1", "a-2"}
    company = case(organization(external_id="a-1"))
    before = join(company, read.external).external["crm"]
    write(folder, TABLE.replace("Ada", "Grace"))
    assert join(company, with_tables(load_rules(folder), None).external).external["crm"] == before
    write(folder, TABLE.replace("1200.50", "1200.51"))
    after = join(company, with_tables(load_rules(folder), None).external).external["crm"]
    assert after.digest != before.digest


def test_gates_ask_for_columns_too(folder: Path) -> None:
    """What a gate lets a ticket in by is read, and missing without a row."""
    text = (
        HEAD
        + CRM
        + FULL
        + "require: [{id: g, why: G, before_tier: 2, fields: [crm.plan], unless: [crm.active: true]}]\n"
    )
    (folder / "rules.yaml").write_text(text)
    found = with_tables(load_rules(folder), None)
    (table,) = found.external
    assert table.table is not None
    assert set(table.table.kept) == {"plan", "active"}
    (gate,) = compile_rules(found, ACCOUNT, tag_prefix="tier_", today=TODAY).require
    assert gate.missing(facts()) == ("crm's plan",)
    assert gate.missing(facts(external={"crm": ExternalRow({"plan": "pro"}, "x")})) == ()


def test_a_table_nobody_asks_for_is_not_read(folder: Path) -> None:
    """Its file need not even exist."""
    (folder / "rules.yaml").write_text(HEAD + CRM + FULL)
    (folder / "crm.csv").unlink()
    assert problems(folder) == []


FAULTS = [
    ("", "rules.yaml:10:3: 'crm' has no rows"),
    ("Acount,plan,mrr,renews_on,active,segments\n", "'crm' has no column 'Account'; did you mean 'Acount'?"),
    ("Account,plan,renews_on,active,segments\na,b,,,\n", "rules.yaml:14:5: 'crm' has no column 'mrr'"),
    (
        "Account,plan,mrr,renews_on,active,segments\n",
        "rules.yaml:10:3: 'crm' has no rows; a table that is suddenly empty",
    ),
    (TABLE + "a-1,x,1,,,,\n", "crm.csv:5:1: the key 'a-1' of 'crm' is already at"),
    (TABLE + "a-3,x\n", "crm.csv:5:1: the row has 2 cells, the header 7 [wrong-value]"),
    (TABLE + "a-3,x,n/a,,,,\n", "crm.csv:5:1: 'crm.mrr' is a number; 'n/a' is not [wrong-value]"),
    (TABLE + "a-3,x,1,soon,,,\n", "crm.csv:5:1: 'crm.renews_on' is a date such as 2026-12-31; 'soon' is not"),
    (
        TABLE + "a-3,x,1,,maybe,,\n",
        "crm.csv:5:1: 'crm.active' is a checkbox: true or false, yes or no, 1 or 0; 'maybe' is not",
    ),
    (
        TABLE.encode() + b"a-3,caf\xe9,1,,,,\n",
        "crm.csv:5:1: this is not UTF-8 text; save the file as UTF-8 [unreadable]",
    ),
    ((TABLE).encode("utf-16"), "crm.csv:1:1: this is not UTF-8 text"),
    (TABLE + 'a-3,"x" y,1,,,,\n', "crm.csv:5:1: this is no CSV"),
    (
        TABLE + "a-3," + "x" * 1_000_001 + "\n",
        "crm.csv:5:1: this is no CSV: a line is longer than 1,000,000 bytes",
    ),
    (
        TABLE + "a-3," + "x" * 200_000 + ",1,,,,\n",
        "crm.csv:5:1: this is no CSV: field larger than field limit",
    ),
]


@pytest.mark.parametrize(("table", "told"), FAULTS)
def test_a_faulty_table_is_a_located_error(folder: Path, table: str | bytes, told: str) -> None:
    """The file and line at fault, or the entry in the rules; nothing is decided with half a table."""
    write(folder, table)
    (message,) = problems(folder)
    assert told in message
    with pytest.raises(RuleError, match=r"."):
        with_tables(load_rules(folder), None)


def test_faults_are_told_together_but_not_without_end(folder: Path) -> None:
    """A thousand bad lines are twenty problems."""
    write(folder, TABLE + "".join(f"b-{n},x,y,,,,\n" for n in range(1000)))
    assert len(problems(folder)) == 20


def test_a_missing_file(folder: Path) -> None:
    """It is told where the rules name it."""
    (folder / "crm.csv").unlink()
    assert problems(folder) == [
        "rules.yaml:11:5: crm.csv cannot be read: No such file or directory [unreadable]"
    ]


def test_a_table_has_bounds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many rows are refused where they begin to be too many."""
    monkeypatch.setattr("zdsync.rules.external.MOST_ROWS", 2)
    write(folder, TABLE + "a-3,,,,,,\n")
    assert problems(folder) == ["crm.csv:5:1: the table has more than 2 rows [unreadable]"]


def test_unknown_columns_are_found_offline(folder: Path) -> None:
    """With and without an account, with the nearest name; a table that cannot be read is no reason to doubt names."""
    text = (folder / "rules.yaml").read_text().replace("crm.plan: Enterprise", "crm.paln: Enterprise")
    (folder / "rules.yaml").write_text(text.replace("crm.active: true", "crm: true"))
    for account in (None, ACCOUNT):
        assert [one.partition(" ")[2] for one in problems(folder, account)] == [
            "unknown field 'crm.paln'; did you mean 'crm.plan'? [unknown-field]",
            "unknown field 'crm'; did you mean 'crm.mrr'? [unknown-field]",
        ]


def test_operators_must_suit_the_column(folder: Path) -> None:
    """A column that is not declared is text: comparing it is an error that says so."""
    text = (folder / "rules.yaml").read_text().replace("{mrr: number, ", "{")
    (folder / "rules.yaml").write_text(text)
    (message,) = problems(folder)
    assert "'crm.mrr' is text and cannot be asked with 'at_least'" in message


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("{crm: {key: organization.name}}", "'crm' needs either `file:` or `query:`"),
        ("{crm: {key: organization.name, file: a.csv, query: SELECT 1}}", "'crm' needs either"),
        (
            "{crm: {key: organization.name, file: a.csv, database: CRM_DATABASE_URL}}",
            "'crm' has a `database:`",
        ),
        ("{crm: {file: a.csv}}", "`key:` is missing"),
        ("{crm: {key: organization.nam, file: a.csv}}", "'key' must be one of organization.external_id"),
        (
            "{crm: {key: organization.name, file: /etc/passwd}}",
            "'file' must name a file that ends in .csv or .tsv",
        ),
        (
            "{crm: {key: organization.name, query: q, database: HOME}}",
            "'database' must name a setting such as",
        ),
        (
            "{crm: {key: organization.name, file: a.csv, colums: {}}}",
            "unknown key 'colums'; did you mean 'columns'?",
        ),
        ("{crm: {key: organization.name, file: a.csv, columns: {a: money}}}", "'a' must be one of text"),
        (
            "{requester: {key: organization.name, file: a.csv}}",
            "'requester' cannot be the name of an external table",
        ),
        ("{C R M: {key: organization.name, file: a.csv}}", "'C R M' may hold letters"),
    ],
)
def test_a_faulty_entry_is_a_located_error(block: str, told: str) -> None:
    """Which keys there are, what they hold, and what the table may be called."""
    _, found = parse(HEAD + f"external: {block}\n" + FULL)
    assert [one for one in map(str, found) if told in one and one.startswith("a.yaml:8:")]


# Databases

QUERY = """
external:
  erp: {query: SELECT name FROM customers, key: organization.name, database: ERP_DATABASE_URL, columns: {active: checkbox}}
ignore:
  - {id: active, why: Active, all: [erp.active: true]}
"""


class Answers:
    """The port `Queries`, from rows in memory."""

    def __init__(self, *rows: Sequence[Any], fault: str = "") -> None:
        self.rows = rows
        self.fault = fault
        self.asked: list[tuple[str, str]] = []

    def read(self, query: str, setting: str) -> Iterator[Sequence[Any]]:
        self.asked.append((query, setting))
        if self.fault:
            raise QueryFault(self.fault)
        yield from self.rows


def test_a_query_is_a_table() -> None:
    """Its values are read as a file's cells are; null is empty."""
    queries = Answers(("name", "active"), ("Acme", True), ("Gone", 0), (None, True), ("Else", None))
    read = with_tables(rules(HEAD + QUERY + FULL), queries)
    assert queries.asked == [("SELECT name FROM customers", "ERP_DATABASE_URL")]
    assert matching(read, case(organization(name="Acme"))) == ["active"]
    assert matching(read, case(organization(name="Gone"))) == []
    assert matching(read, case(organization(name="Else"))) == []


def test_a_query_that_fails_is_told_where_it_stands() -> None:
    """The database's own words; problems of rows too."""
    for queries, told in (
        (
            Answers(fault="no such table: customers"),
            "'erp' cannot be read: no such table: customers [unreadable]",
        ),
        (Answers(("name", "active"), ("a", "x")), "'erp.active' is a checkbox"),
        (
            Answers(("name", "active"), ("a", True), ("A", True)),
            "the key 'a' of 'erp' is already at a.yaml:10",
        ),
    ):
        with pytest.raises(RuleError) as raised:
            with_tables(rules(HEAD + QUERY + FULL), queries)
        (problem,) = raised.value.problems
        assert str(problem).startswith("a.yaml:10:9: ")
        assert told in str(problem)


def test_offline_a_query_is_taken_on_trust() -> None:
    """No database is asked; its columns are whatever rules ask for, and missing."""
    read = with_tables(rules(HEAD + QUERY + FULL), None)
    assert matching(read, case(organization(name="Acme"))) == []


# Where rows are shown and given


def test_explained_as_any_field(folder: Path) -> None:
    """The value of the row, and what the rule wants."""
    read = with_tables(load_rules(folder), None)
    bound = compile_rules(read, ACCOUNT, tag_prefix="tier_", today=TODAY)
    about = facts(external=join(case(organization(external_id="a-2")), read.external).external)
    lines = [line for one in bound.ignore for line in explain_trace(trace(one, about))]
    assert "Looked at crm's plan: it is free, the rule wants Enterprise." in lines
    assert "Looked at crm's mrr: it is empty, the rule wants 1000 or more." in lines
    assert "Looked at crm's segments: it is empty, the rule wants press among them." in lines


def test_editors_complete_columns(folder: Path) -> None:
    """Every column of a table that can be read; declared ones of the rest."""
    read = try_tables(load_rules(folder))
    properties = editor_schema(read, ACCOUNT)["$defs"]["Condition"]["anyOf"][1]["properties"]
    assert {"crm.plan", "crm.mrr", "crm.owner"} <= set(properties)
    assert "at_least" in str(properties["crm.mrr"])
    (folder / "crm.csv").unlink()
    assert "crm.mrr" in Vocabulary(None, external=try_tables(load_rules(folder)).external).names()


def test_a_case_that_has_rows_keeps_them(folder: Path) -> None:
    """What a test case gives is not looked up once more."""
    read = with_tables(load_rules(folder), None)
    given = {"crm": ExternalRow({"plan": "pro"}, "x")}
    about = replace(case(organization(external_id="a-1")), external=given)
    assert join(about, read.external).external == given


CASES = """
cases:
  - name: Enterprise by the table
    external: {crm: {plan: ENTERPRISE, mrr: 10, active: true, segments: [press, launch]}}
    expect: {verdict: ignored, rule: plan}
  - name: Nothing given
    external: {crm: {plan: free, mrr: null}}
    expect: {rule: rest}
"""


def test_cases_give_rows(folder: Path) -> None:
    """By table and column, without any file."""
    (folder / "crm.csv").unlink()
    cases, found = parse_cases([("c.yaml", CASES)])
    assert found == ()
    known = load_rules(folder)
    results = run_cases(known, cases, None, tag_prefix="tier_", text_filter=TextFilter("masked"), now=NOW)
    assert [result.mismatches for result in results] == [(), ()]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            "{crn: {plan: x}}",
            "no table 'crn' under `external:` of the rules; did you mean 'crm'? [unknown-name]",
        ),
        ("{crm: {paln: x}}", "no rule asks for 'crm.paln'; did you mean 'plan'? [unknown-field]"),
        ("{crm: {mrr: much}}", "'crm.mrr' is a number; 'much' is not [wrong-value]"),
    ],
)
def test_a_case_with_a_row_that_cannot_be(folder: Path, given: str, told: str) -> None:
    """Slips in cases are located errors, since such a case would prove nothing."""
    text = f"cases:\n  - name: it\n    external: {given}\n    expect: {{rule: rest}}\n"
    cases, _ = parse_cases([("c.yaml", text)])
    with pytest.raises(RuleError) as raised:
        run_cases(
            load_rules(folder), cases, None, tag_prefix="tier_", text_filter=TextFilter("masked"), now=NOW
        )
    (problem,) = raised.value.problems
    assert isinstance(problem, Problem)
    assert (problem.line, told in str(problem)) == (3, True)


def test_offline_without_a_table_nothing_matches_what_is_positive() -> None:
    """A rule on a table that was never read is sound and matches nothing."""
    text = HEAD + CRM + ASKING + FULL
    assert [one.rule.id for one in all_matches(compiled(text, account=None).ignore, facts())] == ["unknown"]
