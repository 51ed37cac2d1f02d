"""The compiled closures against the naive interpreter, on random rules and random tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rules import reference
from tests.unit.rules.build import (
    ACCOUNT,
    AREA,
    BUILD_DAY,
    COLOURS,
    CONSENT,
    ENGINEERING,
    FRONTLINE,
    HEAD,
    TAIL,
    TODAY,
    VERSION,
    WEIGHT,
    facts,
    organization,
    rules,
)
from zdsync.facts import Facts
from zdsync.model import User, UserId
from zdsync.rules.compile import compile_rules
from zdsync.rules.evaluate import all_matches, first_match, first_match_with_steps, trace
from zdsync.rules.logic import implies, is_impossible
from zdsync.rules.model import AnyCondition, Condition, NamedCondition, Operator, Rule

WORDS = [
    "refund",
    "Error 500",
    "data",
    "返金",
    "返",
    "😡",
    "straße",
    "STRASSE",
    "café",
    "cafe\u0301",
    "a_b",
    "é",
]
PIECES = [*WORDS, "refunds", "5001", " ", "\n", ".", "-", "x", "お願い", "😡😡", ""]
TAGS = ["vip", "calm", "x"]
PATTERNS = ["^refund", "error [0-9]+", "d.?ta", "[^a-z ]x", "(a|b)_", "\\s", "\\S"]
DAYS = ["2026-01-01", "2026-01-02", "2026-06-30"]
SETS = ["is", "is_not", "present", "not_present"]
ORDERED = [*SETS, "less_than", "at_most", "greater_than", "at_least"]
TEXTS = [*SETS, "contains", "contains_phrase", "excludes_words", "starts_with"]
MANY = ["includes", "excludes", "includes_all", "present", "not_present"]
FIELDS: dict[str, tuple[list[str], list[Any]]] = {
    "status": (ORDERED, reference.STATUSES),
    "priority": (ORDERED, reference.PRIORITIES),
    "type": (SETS, ["none", "incident", "question"]),
    "channel": (SETS, ["web", "email"]),
    "group": (SETS, ["Frontline", "engineering", "none"]),
    "satisfaction": (SETS, ["good", "bad", "good_with_comment"]),
    "language": (SETS, ["en", "de", "en-US"]),
    "tags": (MANY, TAGS),
    "organization.tags": (MANY, TAGS),
    "Colours": (MANY, ["red", "dark_blue", "Dark Blue"]),
    **dict.fromkeys(sorted(reference.TEXTS), (TEXTS, WORDS)),
    "created_at": (ORDERED, DAYS),
    "due_at": (ORDERED, DAYS),
    "Build day": (ORDERED, DAYS),
    "replies": (ORDERED, [0, 1, 2]),
    "reopens": (ORDERED, [0, 1, "2"]),
    "Weight": (ORDERED, [0, 1.5, "2.50"]),
    "organization.mrr": (ORDERED, [0, 1000]),
    "organization.plan": (SETS, ["free", "Enterprise"]),
    "Area": (SETS, ["billing", "Account Access"]),
    "Consent": (SETS, [True, False]),
}
ONE_VALUE = {"less_than", "at_most", "greater_than", "at_least"}


@st.composite
def conditions(draw: st.DrawFn, given: str = "") -> Condition:
    field = given or draw(st.sampled_from(sorted(FIELDS)))
    if field == "text" and draw(st.booleans()):
        return Condition(field, Operator.DETECTS, ("iban",))
    if field in reference.TEXTS and draw(st.integers(0, 4)) == 0:
        return Condition(field, Operator.MATCHES, (draw(st.sampled_from(PATTERNS)),))
    operators, values = FIELDS[field]
    operator = draw(st.sampled_from(operators))
    if operator in ("present", "not_present"):
        return Condition(field, Operator(operator))
    most = 1 if operator in ONE_VALUE else 3
    chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=most))
    return Condition(field, Operator(operator), tuple(chosen))


LEAVES: st.SearchStrategy[AnyCondition] = conditions()
NAMED: st.SearchStrategy[AnyCondition] = st.builds(
    NamedCondition,
    st.uuids().map(str),
    st.lists(LEAVES, min_size=1, max_size=2).map(tuple),
    st.lists(LEAVES, max_size=2).map(tuple),
)
LISTS = st.lists(LEAVES | NAMED, max_size=3).map(tuple)
RULES = st.lists(st.builds(Rule, st.uuids().map(str), st.just("why"), LISTS, LISTS), min_size=1, max_size=4)
TEXT = st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | st.text(
    alphabet=st.sampled_from("aé ß.\n😡返1_"), max_size=8
)
MOMENTS = st.datetimes(datetime(2025, 12, 31), datetime(2026, 1, 3), timezones=st.just(UTC))  # noqa: DTZ001


def _maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


BOOLEANS = st.none() | st.booleans()


@st.composite
def about_one_field(draw: st.DrawFn) -> tuple[tuple[Condition, ...], Condition]:
    """A few conditions on one field and one more on it."""
    field = draw(st.sampled_from(sorted(FIELDS)))
    one = conditions(field)
    return tuple(draw(st.lists(one, min_size=1, max_size=2))), draw(one)


@st.composite
def tickets(draw: st.DrawFn) -> Facts:
    fields = {
        AREA: draw(_maybe("billing", "account_access", "")),
        COLOURS: draw(_maybe((), ("red",), ("dark_blue", "red"))),
        VERSION: draw(_maybe("", "refund") | TEXT),
        WEIGHT: draw(_maybe(0, 1, 1.5, "2.5", "heavy") | BOOLEANS),
        CONSENT: draw(BOOLEANS),
        BUILD_DAY: draw(_maybe(*DAYS)),
    }
    company = organization(
        name=draw(TEXT),
        tags=draw(st.frozensets(st.sampled_from(TAGS))),
        plan=draw(_maybe("free", "enterprise")),
        mrr=draw(_maybe(0, 999.5, 1000, "1000.00")),
    )
    return facts(
        status=draw(st.sampled_from(reference.STATUSES)),
        priority=draw(_maybe(*reference.PRIORITIES[1:])),
        type=draw(_maybe("incident", "question")),
        channel=draw(st.sampled_from(["", "web", "email", "api"])),
        group_id=draw(_maybe(FRONTLINE, ENGINEERING)),
        satisfaction=draw(_maybe("good", "good_with_comment", "bad", "offered")),
        tags=draw(st.frozensets(st.sampled_from(TAGS))),
        subject=draw(TEXT),
        description=draw(TEXT),
        created_at=draw(MOMENTS),
        due_at=draw(st.none() | MOMENTS),
        custom_fields={id: value for id, value in fields.items() if value is not None or draw(st.booleans())},
        comment=draw(TEXT),
        public_comments=tuple(draw(st.lists(TEXT, max_size=2))),
        replies=draw(st.integers(0, 3)),
        reopens=draw(st.integers(0, 3)),
        detected=draw(st.frozensets(st.sampled_from(["iban", "email"]))),
        requester=draw(
            _maybe(User(UserId(1)), *(User(UserId(1), locale=code) for code in ("en", "en-US", "de")))
        ),
        organization=draw(st.none() | st.just(company)),
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(LEAVES, min_size=30, max_size=30), tickets())
def test_each_condition_answers_as_the_description_does(asked: list[AnyCondition], subject: Facts) -> None:
    """Every kind of field with every operator, alone."""
    plain = rules(HEAD + TAIL)
    alone = tuple(Rule(str(number), "why", all=(one,)) for number, one in enumerate(asked))
    compiled = compile_rules(replace(plain, ignore=alone), ACCOUNT, tag_prefix="tier_", today=TODAY)
    for rule, one in zip(compiled.ignore, asked, strict=True):
        assert rule.matches(subject) is reference.holds(one, subject), one


@settings(max_examples=60, deadline=None)
@given(RULES, st.lists(tickets(), min_size=1, max_size=4))
def test_compiled_rules_answer_as_the_description_does(asked: list[Rule], subjects: list[Facts]) -> None:
    """Matches, first match, steps and traces agree with the naive reading of the same rules."""
    plain = rules(HEAD + TAIL)
    compiled = compile_rules(replace(plain, ignore=tuple(asked)), ACCOUNT, tag_prefix="tier_", today=TODAY)
    for subject in subjects:
        expected = [rule for rule in asked if reference.rule_matches(rule, subject)]
        assert [found.rule for found in all_matches(compiled.ignore, subject)] == expected
        first = first_match(compiled.ignore, subject, TODAY)
        assert (first.rule if first else None) == (expected[0] if expected else None)
        winner, steps = first_match_with_steps(compiled.ignore, subject, TODAY)
        assert winner is first
        assert len(steps) == (asked.index(expected[0]) if expected else len(asked))
        for rule in compiled.ignore:
            told = trace(rule, subject)
            assert told.matches == (rule.rule in expected)
            assert [one.holds for one in told.all] == [reference.holds(one, subject) for one in rule.rule.all]
            assert [one.holds for one in told.any] == [reference.holds(one, subject) for one in rule.rule.any]


@settings(max_examples=60, deadline=None)
@given(st.lists(about_one_field(), min_size=20, max_size=20), st.lists(tickets(), min_size=1, max_size=3))
def test_what_lint_concludes_is_true_of_every_ticket(
    asked: list[tuple[tuple[Condition, ...], Condition]], subjects: list[Facts]
) -> None:
    """Where conditions are said to clash none matches; where they are said to imply another it holds."""
    for branch, wanted in asked:
        for subject in subjects:
            if not all(reference.holds(one, subject) for one in branch):
                continue
            assert not is_impossible(branch), branch
            assert not implies(branch, wanted) or reference.holds(wanted, subject), (branch, wanted)
