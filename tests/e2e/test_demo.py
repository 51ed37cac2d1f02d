"""The demo shows what it promises, on an account that nobody has to have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from zdsync.cli.main import zdsync


def test_a_day_at_a_made_up_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One adoption, one escalation by its clock, one gate, one de-escalation, one person's move that is respected."""
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(zdsync, ["demo", "--tickets", "150"], standalone_mode=False)
    assert ended.exception is None, ended.output
    shown = re.findall(r"^Ticket \d+, (an?) ([\w'-]+ ?\w*)", ended.output, re.MULTILINE)
    assert [words for _, words in shown] == [
        "adoption",
        "escalation",
        "gate",
        "de-escalation",
        "person's word",
    ]
    said = ended.output
    for told in (
        "adopted: a person",
        "escalated: Self-service did not answer (rule answer-did-not-help)",
        "Clock: unanswered for 30 minutes, reached ",
        "gated: it waits before tier 2 until this is known: App version, Steps to reproduce",
        "deescalated: The fix is live",
        "followed: a person moved it to a group of tier 1; the tag follows",
        "a person moved it from tier 2 to tier 1; left to them until ",
    ):
        assert told in said
    assert said.count("Nothing to change.") == 2
