"""External tables on the command line: from a file and from the mirror itself, in check, plan, explain and record."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import House

RULES = """
version: 1
tiers:
  1: {name: Frontline, group: Frontline}
  2: {name: Specialists, group: Specialists}
external:
  crm: {file: crm.csv, key: organization.name, columns: {mrr: number}}
  mail:
    query: SELECT email, role FROM users WHERE email IS NOT NULL
    key: requester.email
  erp: {query: SELECT 1 AS name, database: ERP_DATABASE_URL, key: organization.name}
assign:
  - {id: rich, why: Rich, all: [crm.mrr: {at_least: 1}], then: {tier: 2}}
  - {id: known, why: Known, all: [mail.role: [end-user]], then: {tier: 1}}
  - {id: rest, why: Else, then: {tier: 1}}
"""


def test_tables_from_a_file_and_from_the_mirror(house: House, tmp_path: Path) -> None:
    """Checked offline but for the database; with a mirror all of it, and each command decides by the same rows."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "all.yaml").write_text(RULES)
    (folder / "crm.csv").write_text("name,mrr\nNobody,5\n")
    house.settings["ZDSYNC_RULES"] = str(folder)
    house.ok("rules", "check")
    house.ok("pull")
    company = house.ok(
        "query",
        "--json",
        "SELECT o.name, max(t.id) AS id FROM tickets t JOIN organizations o ON o.id = t.organization_id "
        "WHERE t.status IN ('new', 'open') GROUP BY o.name ORDER BY o.name LIMIT 1",
    ).document[0]
    (folder / "crm.csv").write_text(f'name,mrr\n"{company["name"]}",5\n')
    ticket = str(company["id"])
    assert "rich matches: Rich" in house.ok("explain", ticket, "--rule", "rich").out
    assert (
        "Looked at mail's role: it is end-user, as the rule wants."
        in house.ok("explain", ticket, "--rule", "known").out
    )
    assert house.run("rules", "check").code == 0
    recorded = house.ok("rules", "record", ticket).out
    assert "external:\n    crm:\n      mrr: 5" in recorded
    (folder / "tests").mkdir()
    (folder / "tests" / "one.yaml").write_text(recorded)
    house.ok("rules", "test")
    house.ok("plan")

    (folder / "crm.csv").write_text("name,mrr\nNobody,much\n")
    for words in (["plan"], ["explain", ticket], ["rules", "check"]):
        ended = house.run(*words)
        assert ended.code == 2, ended
        assert "crm.csv:2:1: 'crm.mrr' is a number; 'much' is not" in ended.out + ended.err
    (folder / "crm.csv").write_text("name,mrr\nNobody,5\n")
    (folder / "all.yaml").write_text(RULES.replace("mail.role: [end-user]", "erp.x: present"))
    ended = house.run("plan")
    assert (ended.code, "ERP_DATABASE_URL, which is not set" in ended.err) == (2, True)
    ended = house.run("rules", "check", ERP_DATABASE_URL=house.database_url)
    assert "unknown field 'erp.x'" in ended.out
