"""How many tickets a second the pure core judges, measured inside one process; prints one JSON document.

Every unsolved ticket of a mirror counts as it was when it came in, so that rules decide and not a person's hand.
Usage: rates.py DATABASE_URL RULES ROUNDS
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

from zdsync.account import Account
from zdsync.facts import Facts, derive
from zdsync.mirror.store import open_mirror
from zdsync.model import Case
from zdsync.rules.compile import compile_rules
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.evaluate import first_match_with_steps
from zdsync.rules.load import load_rules
from zdsync.schedule import SystemClock
from zdsync.tiers.decide import decide

AT_A_TIME = 100
"""Facts derived before they are decided."""
AT_LEAST = 20_000
"""Tickets judged in a round; fewer would be over too soon to be timed."""


def newborn(case: Case) -> Case:
    """The case when the ticket came in: its first update is all that happened."""
    return replace(case, events=case.events[:1], events_until=datetime.max.replace(tzinfo=UTC))


def read(url: str) -> tuple[Account, list[Case]]:
    with open_mirror(url, clock=SystemClock(), read_only=True) as mirror:
        cases = [newborn(case) for case in mirror.read_cases()]
        return mirror.read_account(), cases * (AT_LEAST // max(1, len(cases)) + 1)


def rate(
    rounds: int, cases: list[Case], derived: Callable[[Case], Facts], ask: Callable[[Facts], object]
) -> float:
    """Tickets a second, the median of the rounds; nobody has asked the facts yet.

    They are derived a few tickets before they are decided, so that, as in a run, they are still in the processor's reach.
    """
    rates = []
    gc.disable()
    for _ in range(rounds):
        spent = 0.0
        for start in range(0, len(cases), AT_A_TIME):
            facts = [derived(case) for case in cases[start : start + AT_A_TIME]]
            began = time.process_time()
            for one in facts:
                ask(one)
            spent += time.process_time() - began
        rates.append(len(cases) / spent)
    gc.enable()
    return median(rates)


def measure(cases: list[Case], rules: CompiledRules, rounds: int, now: datetime) -> dict[str, float]:
    today: date = now.date()

    def derived(case: Case) -> Facts:
        return derive(case, now, rules.ladder)

    def traced(one: Facts) -> None:
        decide(one, rules, today)
        first_match_with_steps(rules.assign, one, today)

    return {
        "rules": len(rules.ignore) + len(rules.assign) + len(rules.annotate),
        "plain": rate(rounds, cases, derived, lambda one: decide(one, rules, today)),
        "traced": rate(rounds, cases, derived, traced),
    }


def main(url: str, folder: str, rounds: str) -> None:
    account, cases = read(url)
    now = SystemClock().now()
    rules = compile_rules(load_rules(Path(folder)), account, tag_prefix="tier_", today=now.date())
    print(json.dumps(measure(cases, rules, int(rounds), now)))


if __name__ == "__main__":
    main(*sys.argv[1:])
