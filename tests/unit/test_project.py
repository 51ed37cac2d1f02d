"""The project's papers agree with the code: settings are explained everywhere, scripts run, words stay at home."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from zdsync.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def own_files() -> list[Path]:
    """Every file of the checkout but for tools' own folders, whose names begin with a dot or underscores."""
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name == ".ci" or name.strip("._") == name]
        found += [Path(folder, name) for name in names]
    return found


def test_the_readme_lists_every_setting() -> None:
    """The settings table holds each setting once, in order, with its default and meaning."""
    rows = re.findall(r"^\| `(Z[A-Z_]+)` \| (.*?) \| (.*) \|$", read("README.md"), re.MULTILINE)
    assert rows == [
        (setting.name, f"`{setting.default}`" if setting.default else "–", setting.meaning)
        for setting in SETTINGS
    ]


def test_the_example_file_explains_every_setting() -> None:
    """`.env.example` names each setting once with its default, each under a comment, and nothing else."""
    lines = read(".env.example").splitlines()
    written = dict(re.findall(r"^#?(Z[A-Z_]+)=(.*)$", "\n".join(lines), re.MULTILINE))
    assert written == {setting.name: setting.default for setting in SETTINGS}
    for paragraph in read(".env.example").split("\n\n"):
        assert paragraph.startswith("# "), paragraph
    assert all(len(line) <= 120 for line in lines)


def test_the_example_file_is_a_good_settings_file(tmp_path: Path) -> None:
    """Copied as it stands with every line switched on, it is read without a fault and gives the defaults."""
    from datetime import UTC, datetime

    from zdsync.config import load_settings

    path = tmp_path / ".env"
    path.write_text(re.sub(r"^#(Z[A-Z_]+=)", r"\1", read(".env.example"), flags=re.MULTILINE), "utf-8")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    settings = load_settings(path, {}, now=now, needs_account=False)
    assert [line.value for line in settings.describe()] == [
        setting.default or "(not set)" for setting in SETTINGS
    ]


@pytest.mark.parametrize("name", ["bench", "bootstrap", "check", "demo", "lock", "test"])
def test_scripts_are_executable_and_say_what_they_do(name: str) -> None:
    """Each script runs by its name from anywhere and opens with a sentence."""
    path = ROOT / "scripts" / name
    lines = path.read_text("utf-8").splitlines()
    assert os.access(path, os.X_OK)
    assert lines[0] in ("#!/bin/sh", "#!/usr/bin/env bash")
    assert lines[1].startswith("# ")
    assert any(line.startswith("set -eu") for line in lines)


def test_the_build_machine_runs_the_same_scripts() -> None:
    """What must pass is said once, in scripts/."""
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert re.findall(r"^scripts/(\w+)$", read(".ci/run"), re.MULTILINE) == ["check", "test"]


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_are_pinned_hashed_and_know_no_address(name: str) -> None:
    """Every requirement has an exact version and hashes; no index, no path."""
    text = read(name)
    assert "://" not in text
    assert not re.search(r"^(-|\.|/)", text, re.MULTILINE)
    for requirement in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[a-z0-9.-]+(\[[a-z,]+\])?==\S+", requirement)
        assert "--hash=sha256:" in requirement


def test_the_run_time_lock_is_part_of_the_development_lock() -> None:
    """Tests run on the very versions that are installed."""
    pins = [set(re.findall(r"^(\S+==\S+)", read(name), re.MULTILINE)) for name in LOCKS]
    assert pins[0] < pins[1]


def test_the_changelog_has_the_agreed_form() -> None:
    """Versions newest first with dates, groups of the known kinds, nothing else as a heading."""
    headings = [line for line in read("CHANGELOG.md").splitlines() if line.startswith("#")]
    assert headings[:2] == ["# Changelog", "## [Unreleased]"]
    kinds = "Added|Changed|Deprecated|Removed|Fixed|Security"
    version = r"## \[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}"
    assert all(re.fullmatch(rf"### ({kinds})|{version}", line) for line in headings[2:])


def test_each_decision_is_a_page_of_the_same_form() -> None:
    """ADRs are numbered without gaps and hold context, decision, consequences, and what would change our mind."""
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text("utf-8")
        assert re.match(rf"# {int(page.name[:4])}\. ", text)
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
            "What would change our mind",
        ]


def test_links_between_the_papers_lead_somewhere() -> None:
    """Every relative link of a Markdown file names a file that is there."""
    for page in (ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_nothing_leans_on_another_folder() -> None:
    """No file names a folder beside the checkout or a path of one machine."""
    words = ["../" + "shared", "/work" + "/", "/home" + "/", "/ro" + "ot/"]
    for path in own_files():
        if path.suffix in (".db", ".png", ".gz", ".pyc") or path.name.startswith(".coverage"):
            continue
        text = path.read_text("utf-8", errors="ignore")
        assert not [word for word in words if word in text], path


def test_every_module_opens_with_a_sentence() -> None:
    """The first line of each module says what it is; `__init__.py` stays empty."""
    for path in (ROOT / "zdsync").rglob("*.py"):
        text = path.read_text("utf-8")
        assert (text == "") if path.name == "__init__.py" else text.startswith('"""'), path


def test_a_reader_of_the_mirror_loads_nothing_of_the_network() -> None:
    """The room that readers start from brings neither requests nor zenpy along."""
    code = "import sys, zdsync.wiring; print(*{'zenpy', 'requests', 'urllib3'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("\n", "", 0)


def test_heavy_libraries_wait_for_the_command_that_needs_them() -> None:
    """Settings, log and schedule load without the scheduler, the database, zenpy or pydantic."""
    code = (
        "import sys, zdsync.config, zdsync.log, zdsync.schedule\n"
        "heavy = {'apscheduler', 'sqlalchemy', 'zenpy', 'pydantic', 'yaml', 'rich', 'requests'}\n"
        "print(*heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("\n", "", 0)
