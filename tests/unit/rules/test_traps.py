"""Files full of traps: each gives located errors, in little time and little memory, and hides no fault of its neighbours."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path
from random import Random

import pytest

from tests.unit.rules.build import ACCOUNT, FULL, HEAD, TODAY, rules
from zdsync.errors import RuleError
from zdsync.rules.compile import compile_rules
from zdsync.rules.load import load_rules
from zdsync.rules.reader import MAX_BYTES

MOST_SECONDS = 5
NOISE = Random(7).randbytes(200_000)
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
)
TRAPS: dict[str, tuple[bytes, str]] = {
    "ten megabytes": (b"# " + b"x" * 10_000_000, "1:1: the file is larger than 1 MB; split it [unreadable]"),
    "a disk image": (b"\x00" * 10_000_000, "1:1: the file is larger than 1 MB; split it [unreadable]"),
    "noise": (NOISE, "this is not UTF-8 text; save the file as UTF-8 [unreadable]"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + NOISE[:1000], "1:1: this is not UTF-8 text"),
    "zero bytes": (b"owner: a\nx: \x00\x00", "2:4: the character U+0000 cannot stand in a text file"),
    "utf-16": ("owner: a\n".encode("utf-16"), "1:1: this is not UTF-8 text"),
    "deep lists": (b"x: " + b"[" * 400_000, "too deep or too large to be a rule file [broken-yaml]"),
    "deep blocks": (
        b"".join(b" " * n + b"a:\n" for n in range(1, 1_200)),
        "too deep or too large to be a rule file [broken-yaml]",
    ),
    "an anchor bomb": (BOMB.encode(), "1:4: anchors and aliases are not used; name a list under `lists:`"),
    "an anchor in itself": (b"a: &a [*a]\n", "1:8: anchors and aliases are not used"),
    "merge keys": (b"x: &d {a: 1}\ny: {<<: *d}\n", "2:9: anchors and aliases are not used"),
    "python objects": (b"x: !!python/object/apply:os.system [ls]\n", "1:4: YAML tags (`!"),
    "a tab": (b"owner: a\n\tx: 1\n", "2:1: a tab cannot indent YAML; use spaces [broken-yaml]"),
    "a key twice": (b"own_tags: [a]\nown_tags: [b]\n", "2:1: 'own_tags' is already at"),
    "a megabyte of one word": (b"owner: " + b"a" * 900_000, "1:8: 'owner' is too long [wrong-value]"),
    "very many keys": (
        b"".join(b"k%d: 1\n" % n for n in range(40_000)),
        "unknown key 'k0'",
    ),
    "a megabyte of pattern": (
        b"ignore: [{id: i, why: w, all: [subject: {matches: '" + b"(a+)+" * 150_000 + b"'}]}]\n",
        "a pattern may have 1000 characters",
    ),
    "very many bad conditions": (
        b"ignore: [{id: i, why: w, all: ["
        + b"".join(b"{a: {b%d: 1}}, " % n for n in range(20_000))
        + b"x]}]\n",
        "unknown operator 'b0'",
    ),
    "very many unknown names": (
        b"ignore: [{id: i, why: w, all: [" + b"".join(b"n%d, " % n for n in range(20_000)) + b"x]}]\n",
        "no condition 'n0' under `conditions:`",
    ),
    "a megabyte of unclosed quotes": (b"owner: '" + b"x\n" * 400_000, "this is not YAML"),
    "a hundred thousand documents": (b"---\n" * 100_000, "2:1: a second document in one file"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_a_located_error(tmp_path: Path, name: str) -> None:
    """Beside a sound file and one with a fault of its own: both places are told, nothing else is believed."""
    content, told = TRAPS[name]
    (tmp_path / "a.yaml").write_text(HEAD + FULL)
    (tmp_path / "m.yaml").write_bytes(content)
    (tmp_path / "z.yaml").write_text("tier_field: Tier\nasign: []\n")
    begun = time.process_time()
    with pytest.raises(RuleError) as raised:
        load_rules(tmp_path)
    assert time.process_time() - begun < MOST_SECONDS
    messages = [str(problem).removeprefix(f"{tmp_path}/") for problem in raised.value.problems]
    assert any(told in message and message.startswith("m.yaml:") for message in messages), messages[:5]
    assert any(message.startswith("z.yaml:2:1: unknown key 'asign'") for message in messages), messages[-3:]
    assert all(len(message) < 1_000 for message in messages)


def test_words_that_other_readers_of_yaml_would_turn() -> None:
    """`no`, `on`, `12:30`, `007`, `1e5`, dates and versions stay what was written; none of them is an error."""
    words = [
        "no",
        "on",
        "off",
        "12:30",
        "007",
        "1e5",
        "0x1F",
        "0o17",
        "1_000",
        "2.10",
        "2026-01-05",
        "~x",
        ".inf",
    ]
    found = rules(f"{HEAD}lists: {{words: [{', '.join(words)}]}}\n{FULL}")
    assert found.lists["words"] == tuple(words)


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("ten megabytes", 4 * MAX_BYTES),
        ("an anchor bomb", 3 * MAX_BYTES),
        ("deep lists", 20 * MAX_BYTES),
        ("very many keys", 80 * MAX_BYTES),
    ],
)
def test_memory_is_bounded_by_the_size_of_the_file(tmp_path: Path, name: str, most: int) -> None:
    """Of ten megabytes one is looked at, of a bomb nothing is blown up."""
    (tmp_path / "m.yaml").write_bytes(TRAPS[name][0])
    tracemalloc.start()
    try:
        with pytest.raises(RuleError):
            load_rules(tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most


def test_fields_that_no_account_has_are_told_in_little_time(tmp_path: Path) -> None:
    """Thousands of them; a search for the nearest name only for the first."""
    asked = ", ".join(f"{{f{number}: 1}}" for number in range(6_000))
    (tmp_path / "a.yaml").write_text(f"{HEAD}ignore: [{{id: i, why: w, all: [{asked}]}}]\n{FULL}")
    begun = time.process_time()
    with pytest.raises(RuleError):
        compile_rules(load_rules(tmp_path), ACCOUNT, tag_prefix="tier_", today=TODAY)
    assert time.process_time() - begun < MOST_SECONDS
