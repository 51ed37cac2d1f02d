"""Rule files as text: every fault located, all at once, in bounded time; what is sound becomes a RuleSet."""

from __future__ import annotations

import time
from datetime import date
from fractions import Fraction

import pytest

from tests.unit.rules.build import HEAD, TAIL, parse, rules
from zdsync.rules.assemble import digest_of
from zdsync.rules.model import Condition, CracksView, Mode, NamedCondition, Operator
from zdsync.rules.parse import parse_files


def messages(*texts: str) -> list[str]:
    found, problems = parse(*texts)
    assert found is None
    return [str(problem) for problem in problems]


def only(*texts: str) -> str:
    found = messages(*texts)
    assert len(found) == 1, found
    return found[0]


def test_a_whole_set_becomes_dataclasses() -> None:
    """Every key of a rule arrives where it belongs; defaults fill the rest."""
    found = rules(
        HEAD
        + "owner: support-ops\ntier_field: Support tier\nlists: {words: [a, b c]}\nconditions: {big: {any: [priority: high]}}\n",
        """
assign:
  - id: first
    why: Because
    owner: somebody
    mode: 12.5%
    until: 2027-01-31
    all: [big, {text: {contains: $words}}]
    any:
      - tags: {includes: [x, y]}
      - due_at: present
    then: {tier: 2, group: Engineering, priority: high, add_tags: vip, set_fields: {Weight: 3}, private_only: true}
  - {id: rest, why: Else, enabled: false, mode: shadow, then: {tier: 1}}
""",
    )
    first, rest = found.assign
    big = NamedCondition("big", any=(Condition("priority", Operator.IS, ("high",)),))
    assert first.all == (big, Condition("text", Operator.CONTAINS, ("a", "b c")))
    assert first.any == (
        Condition("tags", Operator.INCLUDES, ("x", "y")),
        Condition("due_at", Operator.PRESENT),
    )
    assert (first.mode, first.share, first.until) == (Mode.LIVE, Fraction(1, 8), date(2027, 1, 31))
    assert (first.owner, rest.owner) == ("somebody", "support-ops")
    assert (first.then.tier, first.then.group, first.then.add_tags) == ("2", "Engineering", ("vip",))
    assert first.then.set_fields == {"Weight": 3}
    assert first.then.private_only
    assert (rest.mode, rest.enabled, rest.is_catch_all) == (Mode.SHADOW, False, True)
    assert [(tier.key, tier.groups) for tier in found.tiers] == [
        ("1", ("Frontline",)),
        ("2", ("Specialists", "Engineering")),
    ]
    assert (str(first.at.file), first.at.line, first.at.column) == ("b.yaml", 3, 5)
    assert found.own_tags == ("vip", "calm", "sensitive")
    assert found.tier_field == "Support tier"


def test_order_on_the_page_is_order_in_the_set() -> None:
    """Rules keep the order in which they are written."""
    body = "".join(f"  - {{id: r{n}, why: w, all: [replies: {n}], then: {{tier: 1}}}}\n" for n in range(20))
    found = rules(HEAD + "assign:\n" + body + TAIL.partition("\n")[2])
    assert [rule.id for rule in found.assign] == [*(f"r{n}" for n in range(20)), "rest"]


def test_the_digest_tells_texts_apart_and_ignores_the_folder() -> None:
    """Same names and texts give the same digest wherever the folder lies; any change of either another one."""
    assert digest_of((("x/a.yaml", "t"),)) == digest_of((("/y/a.yaml", "t"),))
    different = {
        digest_of(files)
        for files in (
            (("a.yaml", "t"),),
            (("b.yaml", "t"),),
            (("a.yaml", "u"),),
            (("a.yaml", "t"), ("b.yaml", "")),
        )
    }
    assert len(different) == 4
    assert rules(HEAD, TAIL).digest == digest_of((("a.yaml", HEAD), ("b.yaml", TAIL)))
    assert rules(HEAD, TAIL).sources == (("a.yaml", HEAD), ("b.yaml", TAIL))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("007", "007"),
        ("2.10", "2.10"),
        ("1e5", "1e5"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("2026-01-05", "2026-01-05"),
        ("5", 5),
        ("-5", -5),
        ("2.5", 2.5),
        ("true", True),
        ('"5"', "5"),
        ("'true'", "true"),
        (".nan", ".nan"),
        ("360033549136", 360033549136),
        ("12345678901234567890123", "12345678901234567890123"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, value: object) -> None:
    """`no` is a word, `12:30` a string, ids and versions keep every character."""
    found = rules(f"{HEAD}ignore:\n  - {{id: i, why: w, all: [{{order_id: {written}}}]}}\n{TAIL}")
    condition = found.ignore[0].all[0]
    assert isinstance(condition, Condition)
    assert condition.values == (value,)
    assert type(condition.values[0]) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2\n", "a.yaml:2:1: this is not YAML"),
        ("version: 1\n\ttiers: {}\n", "a.yaml:2:1: a tab cannot indent YAML; use spaces [broken-yaml]"),
        ("version: 1\n---\nversion: 1\n", "a.yaml:2:1: a second document in one file"),
        ("- 1\n", "a.yaml:1:1: a rule file begins with keys such as `version: 1` [wrong-value]"),
        ("? [a]\n: 1\n", "a.yaml:1:3: a key must be a word [broken-yaml]"),
        ("version: \x00\n", "a.yaml:1:10: the character U+0000 cannot stand in a text file [unreadable]"),
        ("version: \ud800\n", "a.yaml:1:10: the character U+D800 cannot stand in a text file [unreadable]"),
        ("x" * 1_000_001, "a.yaml:1:1: the file is larger than 1 MB; split it [unreadable]"),
        ("a: " + "[" * 1_000, "a.yaml:1:25: too deep or too large to be a rule file [broken-yaml]"),
        ("a: " + "{b: " * 100_000, "a.yaml:1:88: too deep or too large to be a rule file [broken-yaml]"),
        ("a: [" + "1, " * 300_000 + "]", "too deep or too large to be a rule file [broken-yaml]"),
    ],
)
def test_a_file_that_is_no_rule_file_says_where(text: str, message: str) -> None:
    """What cannot be read as YAML of our kind is told once, with its place, in little time."""
    begun = time.process_time()
    found = messages(text)
    assert time.process_time() - begun < 3
    assert any(message in line for line in found), found


def test_bytes_that_are_no_utf_8_are_located() -> None:
    """The first wrong byte is told by line and column; a byte order mark is fine."""
    _, problems = parse_files([("a.yaml", b"version: 1\nowner: M\xfcller\n")])
    assert "a.yaml:2:9: this is not UTF-8 text; save the file as UTF-8 [unreadable]" in map(str, problems)
    assert parse_files([("a.yaml", b"\xef\xbb\xbf" + (HEAD + TAIL).encode())])[0] is not None


def test_one_broken_file_does_not_hide_faults_of_another() -> None:
    """All problems of all files come at once, in file order."""
    found = messages(
        "version: 1\nverison: 1\n", "tiers: [\n", HEAD.replace("version: 1", "") + TAIL + "asign: []\n"
    )
    assert found == [
        "a.yaml:2:1: unknown key 'verison'; did you mean 'version'? [unknown-key]",
        "b.yaml:2:1: this is not YAML: did not find expected node content (while parsing a flow node) [broken-yaml]",
        "c.yaml:10:1: unknown key 'asign'; did you mean 'assign'? [unknown-key]",
    ]


def test_a_key_may_be_in_one_file_only_and_once() -> None:
    """A second `tiers:` in another file, or a second `why:` in one rule, names the first."""
    assert (
        only(HEAD + TAIL, "owner: me\nversion: 1\n")
        == "b.yaml:2:1: 'version' is already at a.yaml:2 [duplicate-key]"
    )
    doubled = HEAD + TAIL.replace("why:", "why: Because, why:")
    assert only(doubled).endswith("'why' is already at a.yaml:9 [duplicate-key]")


def test_an_anchor_bomb_is_refused_before_it_grows() -> None:
    """Anchors and aliases are refused where they stand; nothing is expanded."""
    bomb = "lists:\n  a: &a [x, x]\n" + "".join(
        f"  {chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    found = messages(HEAD + bomb + TAIL)
    assert "a.yaml:9:6: anchors and aliases are not used; name a list under `lists:` [broken-yaml]" in found
    assert len(found) <= 200


def test_faults_beyond_a_hundred_in_one_file_are_not_told() -> None:
    """A file that is wrong from end to end ends the list of its own faults, not that of other files."""
    found = messages(HEAD + TAIL + "owner: a\n" * 500, "nonsense: 1\n")
    assert len([line for line in found if line.endswith("[duplicate-key]")]) == 100
    assert any(line.startswith("b.yaml:1:1: unknown key 'nonsense'") for line in found)


def test_conditions_are_named_inside_each_other_ten_deep_at_most() -> None:
    """A chain of names longer than that is told, whatever the order on the page."""
    chain = "".join(f"  c{number}: [c{number + 1}]\n" for number in range(12)) + "  c12: [priority: low]\n"
    assert any(
        "named inside each other more than 10 deep" in line
        for line in messages(HEAD + TAIL + "conditions:\n" + chain)
    )


def test_a_file_may_be_empty() -> None:
    """A comment alone, or nothing, adds nothing to the set."""
    found = rules("# to come\n", HEAD, "---\n", TAIL, "")
    assert (len(found.tiers), len(found.assign)) == (2, 1)


def test_yaml_tags_are_refused() -> None:
    """`!!python/…` and its kin have no meaning here."""
    assert "YAML tags (`!…`) are not used" in only(HEAD + 'owner: !!python/name:os.system "x"\n' + TAIL)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "{id: i, why: w, all: [priority: {atleast: low}]}",
            "a.yaml:9:38: unknown operator 'atleast'; did you mean 'at_least'? [unknown-operator]",
        ),
        ("{id: i, why: w, al: [priority: low]}", "unknown key 'al'; did you mean 'all'? [unknown-key]"),
        ("{id: i, all: [priority: low]}", "a.yaml:9:5: `why:` is missing [missing-key]"),
        ("{id: i, why: w, all: []}", "'all' must not be empty [wrong-value]"),
        ("{id: i, why: w, all: {priority: low}}", "'all' must be a list [wrong-value]"),
        ("{id: i, why: w, then: {tier: 1}}", "unknown key 'then'"),
        ("{id: 'a b', why: w}", "'id' may hold letters, digits"),
        ("{id: i, why: ''}", "'why' must not be empty [wrong-value]"),
        ("{id: i, why: [w]}", "'why' must be text [wrong-value]"),
        ("{id: i, why: w, mode: 0%}", "'mode' must be live, shadow, or a share such as 10% [wrong-value]"),
        ("{id: i, why: w, mode: 101%}", "'mode' must be live, shadow, or a share such as 10% [wrong-value]"),
        ("{id: i, why: w, until: tomorrow}", "'until' must be a date such as 2026-12-31 [wrong-value]"),
        ("{id: i, why: w, enabled: no}", "'enabled' must be true or false [wrong-value]"),
        ("{id: i, why: w, all: [5]}", "a condition is `field: value`"),
        (
            "{id: i, why: w, all: [{priority: low, type: task}]}",
            "write each on a line of its own: - priority, - type",
        ),
        ("{id: i, why: w, all: [replies: {at_least: 1, at_most: 2}]}", "one operator to a condition"),
        ("{id: i, why: w, all: [priority: ]}", "no value; to ask for an empty field write `not_present`"),
        (
            "{id: i, why: w, all: [tags: {includes: []}]}",
            "the list is empty, so the condition could never hold",
        ),
        (
            "{id: i, why: w, all: [tags: {includes: [[a]]}]}",
            "a value must be a word, a number, or a list of them",
        ),
        (
            "{id: i, why: w, all: [text: {contains: $wrods}]}",
            "no list 'wrods' under `lists:`; did you mean 'words'?",
        ),
        ("{id: i, why: w, all: [bgi]}", "no condition 'bgi' under `conditions:`; did you mean 'big'?"),
        (
            "{id: i, why: w, all: [any: [priority: low]]}",
            "`any` cannot stand inside a list; name it under `conditions:`",
        ),
        ("{id: i, why: w, all: [due_at: {present: maybe}]}", "'present' takes true, false, or nothing"),
        ("{id: rest, why: w, all: [priority: low]}", "the id 'rest' is already at a.yaml:9 [duplicate-id]"),
    ],
)
def test_a_fault_in_a_rule_is_told_with_its_remedy(body: str, message: str) -> None:
    """Each kind of fault has its message, at its line and column."""
    found = messages(
        HEAD + f"ignore:\n  - {body}\n" + TAIL + "lists: {words: [a]}\nconditions: {big: [priority: high]}\n"
    )
    assert len(found) == 1, found
    assert message in found[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + TAIL + "ignore: [5]\n", "a.yaml:10:10: 'ignore' must be a block of keys"),
        (HEAD + TAIL + "ignore: [{why: w}]\n", "a.yaml:10:10: `id:` is missing [missing-key]"),
        (HEAD + TAIL + "ignore: {id: a, why: w}\n", "a.yaml:10:9: 'ignore' must be a list [wrong-value]"),
        (HEAD + TAIL + "annotate: [{id: a, why: w, then: {tag: x}, mood: y}]\n", "unknown key 'mood'"),
        (HEAD + TAIL + "tires: {}\n", "unknown key 'tires'; did you mean 'tiers'? [unknown-key]"),
        (
            HEAD.replace("name: Frontline", "nmae: Frontline") + TAIL,
            "unknown key 'nmae'; did you mean 'name'?",
        ),
        (HEAD + TAIL + "conditions: {a: {al: [priority: low]}}", "unknown key 'al'; did you mean 'all'?"),
        (HEAD.replace("tiers:", "tiers: &t") + TAIL, "anchors and aliases are not used"),
        (HEAD.replace("owner", "x") + "? &k owner\n: me\n" + TAIL, "anchors and aliases are not used"),
        (HEAD.replace("version: 1", "version: 2") + TAIL, "'version' must be one of 1"),
        (HEAD.replace("version: 1\n", "") + TAIL, "`version:` is missing from the rule files [missing-key]"),
        (HEAD, "`assign:` is missing from the rule files [missing-key]"),
        (HEAD.replace("name: Frontline, ", "") + TAIL, "a.yaml:6:6: `name:` is missing [missing-key]"),
        (HEAD.replace("  1:", "  Tier 1:") + TAIL, "a.yaml:6:"),
        ("version: 1\ntiers: {1: word}\n" + TAIL, "a.yaml:2:12: '1' must be a block of keys [wrong-value]"),
        (HEAD.replace("vip", "Very Important") + TAIL, "'Very Important' cannot be a tag"),
        (
            HEAD + TAIL.replace("tier: 1", "tier: 1, priority: hihg"),
            "must be one of low, normal, high or urgent",
        ),
        (HEAD + TAIL.replace("tier: 1", "teir: 1"), "unknown key 'teir'; did you mean 'tier'? [unknown-key]"),
        (HEAD + TAIL.replace("tier: 1", "tier: 1, set_fields: [a]"), "'set_fields' must be a block such as"),
        (HEAD + TAIL + "lists: {a: [[b]]}", "'a' must be a value or a list of values"),
        (HEAD + TAIL + "conditions: {a: {}}", "the condition 'a' needs `all:` or `any:`"),
        (HEAD + TAIL + "conditions: {a: [b], b: [a]}", "the conditions go round in a circle: a → b → a"),
    ],
)
def test_a_fault_in_a_block_is_told_with_its_remedy(text: str, message: str) -> None:
    """Blocks other than rules say what they need as plainly."""
    found = messages(text)
    assert any(message in line for line in found), found


def test_named_conditions_cannot_be_made_to_explode() -> None:
    """A name that stands for millions of conditions is refused, not written out."""
    names = "".join(f"  c{n}: [c{n - 1}, c{n - 1}, c{n - 1}, c{n - 1}, c{n - 1}]\n" for n in range(1, 9))
    found = messages(HEAD + TAIL + "conditions:\n  c0: [priority: low, status: open]\n" + names)
    assert any("has over 2000 conditions" in line for line in found)


def test_a_megabyte_of_pattern_is_refused_quickly() -> None:
    """A huge `matches` costs no more than reading it."""
    begun = time.process_time()
    text = HEAD + "ignore: [{id: i, why: w, all: [subject: {matches: '" + "(a+)+" * 150_000 + "'}]}]\n" + TAIL
    assert "a pattern may have 1000 characters" in only(text)
    assert time.process_time() - begun < 3


def test_views_of_no_tier() -> None:
    """Titles may be left out, tags of the vendor may not; a block without anything in it asks for the view as it is."""
    found = rules(HEAD + "cracks_view: {}\n", TAIL)
    assert found.cracks_view == CracksView("Falls through the cracks")
    found = rules(HEAD + "cracks_view: {title: Lost, unassigned: true}\n", TAIL)
    assert found.cracks_view == CracksView("Lost", unassigned=True)
    assert "did you mean 'title'" in only(HEAD + "cracks_view: {titel: Lost}\n", TAIL)
