"""The rule folder on disk: name order, and a located error for whatever cannot be read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.rules.build import FULL, HEAD
from zdsync.errors import RuleError
from zdsync.rules.load import load_rules


def refused(folder: Path) -> list[str]:
    with pytest.raises(RuleError) as caught:
        load_rules(folder)
    return [str(problem).replace(str(folder), "rules") for problem in caught.value.problems]


def test_files_are_read_in_name_order_and_sub_folders_are_not(tmp_path: Path) -> None:
    """Every `*.yaml` directly in the folder belongs to the set; `tests/` and hidden files do not."""
    (tmp_path / "20-assign.yaml").write_text(FULL)
    (tmp_path / "00-tiers.yaml").write_text(HEAD)
    (tmp_path / ".hidden.yaml").write_text("nonsense: [")
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "some.yaml").write_text("ticket: {}")
    found = load_rules(tmp_path)
    assert [Path(name).name for name, _ in found.sources] == ["00-tiers.yaml", "20-assign.yaml"]
    assert found.assign[0].at.file == str(tmp_path / "20-assign.yaml")


def test_a_missing_or_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    """The message names the folder and the remedy."""
    missing = tmp_path / "none"
    assert refused(missing) == [
        "rules:1:1: there is no such folder; `zdsync init` writes starter rules, ZDSYNC_RULES names the folder [unreadable]"
    ]
    assert refused(tmp_path) == ["rules:1:1: no rule file (*.yaml) is in this folder [unreadable]"]
    (tmp_path / "file").write_text("x")
    assert "cannot be read: Not a directory" in refused(tmp_path / "file")[0]


def test_a_file_of_another_ending_is_not_left_out_silently(tmp_path: Path) -> None:
    """`.yml` and `.YAML` look like rule files to people, so they are refused."""
    (tmp_path / "00-tiers.yaml").write_text(HEAD + FULL)
    (tmp_path / "10-ignore.yml").write_text("ignore: []")
    assert refused(tmp_path) == [
        "rules/10-ignore.yml:1:1: rule files end in .yaml; rename it or it would be left out [unreadable]"
    ]


def test_files_that_cannot_be_read_are_located(tmp_path: Path) -> None:
    """A folder named like a file, too large a file and one in another encoding each have their message."""
    (tmp_path / "00-tiers.yaml").write_text(HEAD + FULL)
    (tmp_path / "10.yaml").mkdir()
    (tmp_path / "20.yaml").write_bytes(b"x" * 10_000_000)
    (tmp_path / "30.yaml").write_bytes("owner: Müller".encode("utf-16"))
    assert refused(tmp_path) == [
        "rules/10.yaml:1:1: cannot be read: Is a directory [unreadable]",
        "rules/20.yaml:1:1: the file is larger than 1 MB; split it [unreadable]",
        "rules/30.yaml:1:1: this is not UTF-8 text; save the file as UTF-8 [unreadable]",
    ]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    """The system's own words say why."""
    path = tmp_path / "00-tiers.yaml"
    path.write_text(HEAD + FULL)
    path.chmod(0)
    assert "cannot be read: Permission denied" in refused(tmp_path)[0]


def test_pydantic_and_yaml_load_only_with_rules() -> None:
    """Importing the loader and all that compiles rules leaves the heavy libraries alone."""
    code = (
        "import sys, zdsync.rules.load, zdsync.rules.compile, zdsync.rules.evaluate, zdsync.rules.lint;"
        "sys.exit('pydantic' in sys.modules or 'yaml' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
