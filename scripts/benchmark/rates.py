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

from zdsync.facts import Facts, derive
from zdsync.mirror.store import open_mirror
from zdsync.model import Account, Case
from zdsync.rules.compile import compile_rules
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.evaluate import first_match_with_steps
from zdsync.rules.load import load_rules
from zdsync.schedule import SystemClock
from zdsync.tiers.decide import decide

AT_LEAST = 20_000
"""Tickets judged in a round; fewer would be over too soon to be timed."""


def newborn(case: Case) -> Case:
    """The case when the ticket came in: its first update is all that happened."""
    return replace(case, events=case.events[:1], events_until=datetime.max.replace(tzinfo=UTC))


def read(url: str) -> tuple[Account, list[Case]]:
    with open_mirror(url, clock=SystemClock(), read_only=True) as mirror:
        cases = [newborn(case) for case in mirror.read_cases()]
        return mirror.read_account(), cases * (AT_LEAST // max(1, len(cases)) + 1)


def rate(rounds: int, make: Callable[[], list[Facts]], ask: Callable[[Facts], object]) -> float:
    """Tickets a second, the median of the rounds; each begins with facts that nobody has asked yet."""
    rates = []
    for _ in range(rounds):
        facts = make()
        gc.collect()
        gc.disable()
        count = len(facts)
        began = time.process_time()
        while facts:
            ask(facts.pop())  # let go when it is decided, as in a run
        rates.append(count / (time.process_time() - began))
        gc.enable()
    return median(rates)


def measure(cases: list[Case], rules: CompiledRules, rounds: int, now: datetime) -> dict[str, float]:
    today: date = now.date()

    def facts() -> list[Facts]:
        return [derive(case, now, rules.ladder) for case in cases]

    def traced(one: Facts) -> None:
        decide(one, rules, today)
        first_match_with_steps(rules.assign, one, today)

    return {
        "rules": len(rules.ignore) + len(rules.assign) + len(rules.annotate),
        "plain": rate(rounds, facts, lambda one: decide(one, rules, today)),
        "traced": rate(rounds, facts, traced),
    }


def main(url: str, folder: str, rounds: str) -> None:
    account, cases = read(url)
    now = SystemClock().now()
    rules = compile_rules(load_rules(Path(folder)), account, tag_prefix="tier_", today=now.date())
    print(json.dumps(measure(cases, rules, int(rounds), now)))


if __name__ == "__main__":
    main(*sys.argv[1:])
