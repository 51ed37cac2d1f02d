"""The commands on rule files, as an admin types them, without an account or mirror."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from tests.e2e.conftest import RULES, Ended
from zdsync.cli.main import main

Run = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped rules."""
    shutil.copytree(RULES, tmp_path / "rules")
    return tmp_path / "rules"


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command beside the rule folder, where nothing was ever mirrored."""
    monkeypatch.chdir(folder.parent)

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["zdsync", *words])
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
        return Ended(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    return run


def test_the_shipped_cases_pass_offline(run: Run) -> None:
    """No account, no mirror, no settings: exit 0."""
    ended = run("rules", "test")
    assert ended.code == 0, ended
    assert ended.out.endswith("cases, all passed\n")


def test_a_case_that_fails_says_what_and_why(run: Run, folder: Path) -> None:
    """Expected, got, and the explanation; exit 5, in words and as JSON."""
    (folder / "tests" / "more.yaml").write_text(
        "cases:\n  - name: A refund is no bug\n    ticket: {subject: Refund please}\n"
        "    expect: {rule: bug-with-details, tier: 3}\n"
    )
    ended = run("rules", "test")
    assert ended.code == 5
    assert ended.out.splitlines() == [
        "rules/tests/more.yaml:2: failed: A refund is no bug",
        "  tier: expected 3, got 2",
        "  rule: expected bug-with-details, got billing",
        "  assigned: Money questions need access that frontline does not have",
        "    billing matches: Money questions need access that frontline does not have",
        "    Looked at priority: it is none, as the rule wants.",
        "    Looked for words in text: “refund” stands there.",
        "    bug-with-details does not match.",
        "    Looked at area: it is empty, the rule wants technical.",
        "  change: +tier_2, group none → Specialists, note",
        "",
        "41 cases, 1 failed",
    ]
    document = run("rules", "test", "--json").document
    assert (document["cases"], document["failed"]) == (41, 1)
    (failed,) = [one for one in document["results"] if not one["passed"]]
    assert failed["mismatches"][0] == {"what": "tier", "expected": "3", "got": "2"}
    assert json.dumps(failed["explanation"]).count("billing") == 1


def test_a_wrong_case_file_is_a_located_error(run: Run, folder: Path) -> None:
    """Exit 2, with the place and the remedy, and nothing decided."""
    (folder / "tests" / "more.yaml").write_text("cases:\n  - name: x\n    expect: {teir: 1}\n")
    ended = run("rules", "test")
    assert ended.code == 2
    assert "rules/tests/more.yaml:3:14: unknown key 'teir'; did you mean 'tier'?" in ended.err
    assert ended.out == ""


def test_fmt_tidies_once_and_check_only_tells(run: Run, folder: Path) -> None:
    """`--check` exits 5 and writes nothing; afterwards all is in order, and wrong rules are not touched."""
    assert run("rules", "fmt", "--check").code == 0
    path = folder / "10-ignore.yaml"
    tidy = path.read_text()
    untidy = tidy.replace("{includes: [bulk_mail]}", "{includes: ['bulk_mail']} # by hand")
    path.write_text(untidy)
    told = run("rules", "fmt", "--check")
    assert (told.code, told.out) == (5, "rules/10-ignore.yaml: would change\n")
    assert path.read_text() == untidy
    assert run("rules", "fmt").out == "rules/10-ignore.yaml: changed\n"
    assert path.read_text() == tidy.replace("[bulk_mail]}", "[bulk_mail]} # by hand")
    assert run("rules", "fmt").out == "rules: in order\n"
    path.write_text(tidy.replace("ignore:", "ignroe:"))
    assert run("rules", "fmt").code == 2


def test_docs_writes_a_page_per_tier_and_one_for_the_browser(run: Run, folder: Path) -> None:
    """Without a folder everything goes to stdout; a second time the same bytes."""
    assert run("rules", "docs").out.startswith("# Tier 0: Self-service\n")
    assert run("rules", "docs", "--out", "pages").code == 0
    pages = {path.name: path.read_bytes() for path in sorted(Path("pages").iterdir())}
    assert list(pages) == [
        "ignored.md",
        "labels.md",
        "moves.md",
        *(f"tier-{n}.md" for n in range(4)),
        "tiers.html",
    ]
    run("rules", "docs", "--out", "pages")
    assert {path.name: path.read_bytes() for path in sorted(Path("pages").iterdir())} == pages


def test_schema_is_one_json_document_whatever_state_the_rules_are_in(run: Run, folder: Path) -> None:
    """Editors want it while a file is half written; then the rules' own names are missing, and that is told."""
    assert "$refund_words" in run("rules", "schema").out
    (folder / "20-assign.yaml").write_text("assign: [")
    broken = run("rules", "schema")
    assert broken.code == 0
    assert "$schema" in broken.document
    assert "the rules have faults" in broken.err


def test_export_tells_what_a_trigger_could_do(run: Run, folder: Path) -> None:
    """One line per rule with its exactness; the triggers and views themselves as JSON."""
    lines = run("rules", "export").out.splitlines()
    assert (
        "ignore     spam: worker only because 'bulk-mail' before it is for the worker and may take its tickets"
        in lines
    )
    (folder / "10-ignore.yaml").write_text(
        "ignore:\n  - {id: spam, why: Spam, all: [tags: {includes: [spam]}]}\n"
    )
    document = run("rules", "export", "--json").document
    assert document["rules"][0]["exactness"] == "exact"
    assert document["rules"][0]["triggers"][0]["active"] is False
    assert document["views"][1]["title"] == "Tier 1 - queue"
    assert {"field": "current_tags", "operator": "includes", "value": "tier_1"} in document["views"][1]["all"]
