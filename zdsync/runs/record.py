"""Record: a mirrored ticket becomes a test case that expects what the rules make of it now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from zdsync.account import Account
from zdsync.detect import TextFilter
from zdsync.errors import Rejected
from zdsync.model import TicketId
from zdsync.ports.clock import Clock
from zdsync.ports.mirror import Mirror
from zdsync.rules.cases import Expectation, parse_cases
from zdsync.rules.external import join
from zdsync.rules.model import RuleSet
from zdsync.rules.record import Recorder
from zdsync.rules.yaml_text import to_yaml
from zdsync.runs.plan import make_judge
from zdsync.runs.rule_tests import outcome, run_cases

_EXPECTED = ("verdict", "rule", "tier", "group", "priority", "labels", "held", "no_change")
_TELLING = ("verdict", "rule", "tier", "group", "labels")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A test file's text; `differences` name what comes out otherwise than for the ticket itself."""

    text: str
    differences: tuple[str, ...]


def record(mirror: Mirror, rules: RuleSet, clock: Clock, ticket_id: TicketId, *, tag_prefix: str) -> Recorded:
    """The ticket as a case that passes as it stands; raises Rejected when the mirror does not know it."""
    found = next(iter(mirror.read_cases({ticket_id})), None)
    if found is None:
        raise Rejected(
            f"ticket {ticket_id} is not in the mirror", status=404, hint="pull first, or check the number"
        )
    now = clock.now()
    held = tuple(hold for hold in found.holds if hold.is_in_force(now, rules.digest))
    case = replace(join(found, rules.external), holds=held)
    judge = make_judge(mirror, rules, now, tag_prefix=tag_prefix)
    real = outcome(judge.judge(case, even_if_settling=True), judge)
    document = Recorder(case, judge.account, rules, now).document()
    played = _play(document, rules, judge.account, clock, tag_prefix)
    expect = {name: _plain(getattr(played, name)) for name in _EXPECTED}
    document["expect"] = {name: value for name, value in expect.items() if value not in ("", "none")}
    different = tuple(name for name in _TELLING if getattr(real, name) != getattr(played, name))
    return Recorded(to_yaml({"cases": [document]}), different)


def _play(
    document: Mapping[str, Any], rules: RuleSet, account: Account, clock: Clock, tag_prefix: str
) -> Expectation:
    """What the rules make of the case as it is written."""
    asked = {"cases": [{**document, "expect": {"no_change": True}}]}
    cases, problems = parse_cases([("recorded", to_yaml(asked))])
    assert not problems, problems
    (result,) = run_cases(
        rules,
        cases,
        account,
        tag_prefix=tag_prefix,
        text_filter=TextFilter("masked"),
        now=clock.now(),
    )
    return result.after


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, str) and re.fullmatch(r"0|[1-9]\d{0,8}", value) else value
