"""A hundred thousand random pairs of rule set and ticket: the compiled rules answer as the naive reading does."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

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
from tests.unit.rules.test_oracle import DAYS, FIELDS, ONE_VALUE, PATTERNS, PIECES, TAGS
from zdsync.facts import Facts
from zdsync.model import User, UserId
from zdsync.rules.compile import compile_rules
from zdsync.rules.evaluate import all_matches, first_match
from zdsync.rules.model import AnyCondition, Condition, NamedCondition, Operator, Rule

SEED = int(os.environ.get("ZDSYNC_TEST_SEED", "20261125"))
CONDITIONS, TICKETS, SETS = 600, 250, 400
YES_OR_NO = (True, False)
HUGE = 60_000
"""Pieces of the longest texts: some three hundred thousand characters."""


def condition(chance: Random) -> Condition:
    field = chance.choice(sorted(FIELDS))
    if field == "text" and chance.random() < 0.3:
        return Condition(field, Operator.DETECTS, ("iban",))
    if field in reference.TEXTS and chance.random() < 0.2:
        return Condition(field, Operator.MATCHES, (chance.choice(PATTERNS),))
    operators, values = FIELDS[field]
    operator = chance.choice(operators)
    if operator in {"present", "not_present"}:
        return Condition(field, Operator(operator))
    count = 1 if operator in ONE_VALUE else chance.randint(1, 3)
    return Condition(field, Operator(operator), tuple(chance.choice(values) for _ in range(count)))


def text(chance: Random) -> str:
    """Often nothing or a few words in any language, now and then a book."""
    count = HUGE if chance.random() < 0.005 else chance.choice([0, 0, 1, 2, 5, 30])
    return "".join(chance.choice(PIECES) for _ in range(count))


def some(chance: Random, values: list[Any]) -> frozenset[Any]:
    return frozenset(value for value in values if chance.random() < 0.4)


def moment(chance: Random) -> datetime:
    return datetime(2025, 12, 31, tzinfo=UTC) + timedelta(minutes=chance.randint(0, 4_000))


def ticket(chance: Random) -> Facts:
    def pick(*values: Any) -> Any:
        return chance.choice([None, *values])

    custom = {
        AREA: pick("billing", "account_access", ""),
        COLOURS: pick((), ("red",), ("dark_blue", "red")),
        VERSION: pick("", "refund", text(chance)),
        WEIGHT: pick(0, 1, 1.5, "2.5", "heavy", *YES_OR_NO),
        CONSENT: pick(*YES_OR_NO),
        BUILD_DAY: pick(*DAYS),
    }
    company = organization(
        name=text(chance),
        tags=some(chance, TAGS),
        plan=pick("free", "enterprise"),
        mrr=pick(0, 999.5, 1000, "1000.00"),
    )
    people = [User(UserId(1)), *(User(UserId(1), locale=code) for code in ("en", "en-US", "de"))]
    return facts(
        status=chance.choice(reference.STATUSES),
        priority=pick(*reference.PRIORITIES[1:]),
        type=pick("incident", "question"),
        channel=chance.choice(["", "web", "email", "api"]),
        group_id=pick(FRONTLINE, ENGINEERING),
        satisfaction=pick("good", "good_with_comment", "bad", "offered"),
        tags=some(chance, TAGS),
        subject=text(chance),
        description=text(chance),
        created_at=moment(chance),
        due_at=pick(moment(chance)),
        custom_fields={
            id: value for id, value in custom.items() if value is not None or chance.random() < 0.5
        },
        comment=text(chance),
        public_comments=tuple(text(chance) for _ in range(chance.choice([0, 0, 1, 2]))),
        replies=chance.randint(0, 3),
        reopens=chance.randint(0, 3),
        detected=some(chance, ["iban", "email"]),
        requester=pick(*people),
        organization=pick(company),
    )


def rule_set(chance: Random, pool: list[Condition], number: int) -> tuple[Rule, ...]:
    def several(most: int) -> tuple[AnyCondition, ...]:
        return tuple(one(most > 1) for _ in range(chance.randint(0, most)))

    def one(may_be_named: bool) -> AnyCondition:
        if may_be_named and chance.random() < 0.2:
            named = several(1) or (chance.choice(pool),)
            return NamedCondition(f"n{number} {chance.random()}", named, several(1))
        return chance.choice(pool)

    return tuple(Rule(f"r{index}", "why", several(2), several(2)) for index in range(chance.randint(1, 4)))


def test_a_hundred_thousand_pairs() -> None:
    """Matches, also of the shortlist, and first match of each rule set for each ticket, of conditions and tickets of every kind."""
    chance = Random(SEED)
    pool = [condition(chance) for _ in range(CONDITIONS)]
    subjects = [ticket(chance) for _ in range(TICKETS)]
    answers = {
        one: frozenset(n for n, s in enumerate(subjects) if reference.holds(one, s)) for one in set(pool)
    }
    every = frozenset(range(TICKETS))

    def holding(one: AnyCondition) -> frozenset[int]:
        return both(one.all, one.any) if isinstance(one, NamedCondition) else answers[one]

    def both(everything: tuple[AnyCondition, ...], either: tuple[AnyCondition, ...]) -> frozenset[int]:
        found = every.intersection(*map(holding, everything))
        return found & frozenset().union(*map(holding, either)) if either else found

    plain = rules(HEAD + TAIL)
    pairs = 0
    for number in range(SETS):
        asked = rule_set(chance, pool, number)
        bound = compile_rules(replace(plain, ignore=asked), ACCOUNT, tag_prefix="tier_", today=TODAY)
        expected = [both(rule.all, rule.any) for rule in asked]
        for index, subject in enumerate(subjects):
            wanted = [rule for rule, numbers in zip(asked, expected, strict=True) if index in numbers]
            for asked_of in (bound.ignore, bound.shortlist(subject).ignore):
                assert [found.rule for found in all_matches(asked_of, subject)] == wanted, (
                    SEED,
                    number,
                    index,
                )
            first = first_match(bound.ignore, subject, TODAY)
            assert (first.rule if first else None) == (wanted[0] if wanted else None), (SEED, number, index)
            pairs += 1
    assert pairs == 100_000
