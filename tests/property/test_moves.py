"""Laws of moves under random rules and lives: fixpoint, one tier, people first, the limit, no loop, due = all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import event as hypothesis_event
from hypothesis import strategies as st

from tests.build import AGENT
from tests.property.lives import Life, happen, happenings, lives, moving_rules, settle
from tests.property.test_laws import FOREIGN_TAGS, GROUPS
from zdsync.model import GroupId, HoldReason
from zdsync.plan.model import TicketChange
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.model import EXTERNAL
from zdsync.tiers.clocks import after_length
from zdsync.tiers.due import ComingMove, outlook
from zdsync.tiers.model import Decision, Verdict

Deeds = list[tuple[dict[str, Any], int]]
_deeds = st.lists(st.tuples(happenings(), st.integers(1, 3000)), max_size=6)


def _is_move(decision: Decision) -> bool:
    is_onward = decision.verdict in {Verdict.ESCALATED, Verdict.DEESCALATED}
    return is_onward and decision.rule is not None and getattr(decision.rule, "to", "") != EXTERNAL


def live(life: Life, rules: CompiledRules, deeds: Deeds, seen: Callable[[Decision], None]) -> None:
    """Let things happen, with a run of ours after each."""
    for deed, minutes in deeds:
        happen(life, deed, minutes)
        for decision, _ in settle(life, rules):
            seen(decision)


@settings(deadline=None)
@given(lives(), moving_rules(), _deeds, st.none() | st.sampled_from(HoldReason))
def test_fixpoint(life: Life, rules: CompiledRules, deeds: Deeds, held: HoldReason | None) -> None:
    """Right after one update of ours nothing is left to do, nor a second later unless something falls due in it."""
    if held is not None:
        life.hold(life.time + timedelta(days=1), held)
    for deed, minutes in [*deeds, ({"author": AGENT}, 1)]:
        happen(life, deed, minutes)
        first, change = life.judge(rules)
        hypothesis_event(f"{first.verdict.value}: {'nothing' if change is None else change.kind}")
        if change is not None:
            life.apply(change)
        for _ in range(2):
            then, rest = life.judge(rules)
            assert rest is None, (first, change, then, rest)
            due = outlook(life.facts(rules), rules).due_at
            if due is not None and due <= life.time + timedelta(seconds=1):
                break
            life.time += timedelta(seconds=1)


@settings(deadline=None)
@given(lives(), moving_rules(), _deeds)
def test_no_escalation_loop(life: Life, rules: CompiledRules, deeds: Deeds) -> None:
    """With time standing still a ticket is moved on once at most."""
    for deed, minutes in deeds:
        happen(life, deed, minutes)
        assert sum(_is_move(decision) for decision, _ in settle(life, rules)) <= 1


@settings(deadline=None)
@given(lives(), moving_rules(), _deeds)
def test_exactly_one_tier(life: Life, rules: CompiledRules, deeds: Deeds) -> None:
    """A ticket that we have placed or moved carries the tag of the tier it is in and no other; foreign tags stay."""

    def look(decision: Decision) -> None:
        claims = [tag for tag in life.ticket.tags if tag.startswith("tier_")]
        if decision.target.tier is not None:
            assert len(claims) == 1

    foreign = FOREIGN_TAGS[0]
    life.write(AGENT, add=(foreign,))
    for deed, minutes in deeds:
        happen(life, deed, minutes)
        for _ in range(4):
            decision, change = life.judge(rules)
            if change is None:
                break
            life.apply(change)
            look(decision)
            tier = decision.target.tier
            if tier is not None and decision.verdict is not Verdict.LIMITED:
                assert life.facts(rules).tier == tier.key, (decision.verdict, decision.reason)
        assert foreign in life.ticket.tags


@settings(deadline=None)
@given(lives(), moving_rules(), _deeds, st.sampled_from(GROUPS), st.floats(0, 1))
def test_people_win(life: Life, rules: CompiledRules, deeds: Deeds, group: GroupId, part: float) -> None:
    """A person's move to another tier stands for as long as it is respected, but for private data and later requests."""
    live(life, rules, deeds, lambda _: None)
    tiers = rules.ladder.tiers_of_group.get(group, ())
    before = life.facts(rules).tier
    assume(tiers and before is not None and before not in tiers)
    assume(life.ticket.status != "solved" and life.ticket.group_id != group)
    life.time += timedelta(minutes=1)
    life.write(AGENT, group_id=group)
    moved_at = life.time
    until = after_length(rules.rules.manual_override, life.time, rules.ladder.calendar(tiers[0]))
    for moment in (life.time, life.time + part * (min(until, life.time + timedelta(days=9)) - life.time)):
        life.time = moment
        for decision, change in settle(life, rules) if moment < until else ():
            is_asked = decision.rule is not None and getattr(decision.rule, "even_if_held", False)
            if decision.rule_id == "private" or (is_asked and moment > moved_at):
                return
            hypothesis_event(decision.verdict.value)
            assert change.tier in {None, tiers[0]}
            assert change.group is None


@settings(deadline=None)
@given(lives(), moving_rules(), _deeds, st.sampled_from(HoldReason))
def test_holds_bind(life: Life, rules: CompiledRules, deeds: Deeds, reason: HoldReason) -> None:
    """A held ticket is not changed, but for private data, and by explicit request under a lead's hold."""
    life.hold(None, reason)

    def look(decision: Decision) -> None:
        is_asked = decision.rule is not None and getattr(decision.rule, "even_if_held", False)
        is_gate = decision.verdict in {Verdict.GATED, Verdict.LIMITED}
        allowed = reason is HoldReason.MANUAL and (is_asked or is_gate)
        assert decision.rule_id == "private" or allowed, decision

    live(life, rules, deeds, look)


@settings(deadline=None)
@given(lives(), moving_rules(), _deeds)
def test_the_move_limit_is_never_exceeded_by_us(life: Life, rules: CompiledRules, deeds: Deeds) -> None:
    """Whenever we move a ticket on, fewer moves than the limit lie within its time, whoever made them."""
    limit = rules.rules.move_limit
    assume(limit is not None)
    assert limit is not None
    for deed, minutes in deeds:
        happen(life, deed, minutes)
        for _ in range(4):
            lately = life.time - timedelta(days=limit.per.amount)
            moves = [one for one in life.facts(rules).journey.moves if one.at > lately]
            decision, change = life.judge(rules)
            if change is None:
                break
            if _is_move(decision):
                assert len(moves) < limit.at_most
            life.apply(change)


def _told(decision: Decision, change: TicketChange | None) -> tuple[Verdict, str, TicketChange | None]:
    return decision.verdict, decision.rule_id, change


_steps = st.sampled_from(["second", "minute", "hour", "due", "before", "after", "deed", "deed"])


@settings(deadline=None)
@given(lives(), moving_rules(), st.lists(st.tuples(_steps, happenings(), st.integers(1, 3000)), max_size=25))
def test_due_is_all(life: Life, rules: CompiledRules, steps: list[tuple[str, dict[str, Any], int]]) -> None:
    """Deciding only what changed or fell due gives the decisions, and warnings, that deciding all would give."""
    seen_events = -1
    kept: tuple[Verdict, str, TicketChange | None] | None = None
    warned: tuple[ComingMove, ...] = ()
    due: datetime | None = life.time
    for step, deed, minutes in steps:
        if step == "deed":
            happen(life, deed, minutes)
        elif due is not None and due > life.time and step in {"due", "before", "after"}:
            life.time = due + timedelta(seconds={"due": 0, "before": -1, "after": 1}[step])
        else:
            life.time += timedelta(seconds={"second": 1, "minute": 60}.get(step, 60 * minutes))
        decision, change = life.judge(rules)
        ahead = outlook(life.facts(rules), rules)
        is_due = kept is None or len(life.events) != seen_events or (due is not None and due <= life.time)
        if is_due:
            kept, due, warned = _told(decision, change), ahead.due_at, ahead.warnings
            hypothesis_event(f"decided: {decision.verdict.value}")
        assert _told(decision, change) == kept
        assert ahead.warnings == warned
        seen_events = len(life.events)
        if change is not None:
            life.apply(change)


@settings(deadline=None)
@given(lives(), moving_rules())
def test_looking_more_often_changes_nothing(life: Life, rules: CompiledRules) -> None:
    """Left to itself, a ticket makes the same moves at the same moments whether we look at each due moment or also between."""
    twin = Life(life.ticket)
    for name in ("events", "time", "own_changes", "notes"):
        kept = getattr(life, name)
        setattr(twin, name, kept.copy() if hasattr(kept, "copy") else kept)
    end = life.time + timedelta(days=6)

    def run(one: Life, every: timedelta) -> list[tuple[Any, str, str]]:
        told: list[tuple[Any, str, str]] = []
        while one.time < end and len(told) < 40:
            told += [(one.time, made.verdict.value, made.rule_id) for made, _ in settle(one, rules)]
            due = outlook(one.facts(rules), rules).due_at
            one.time = min(due or end, one.time + every)
        return told

    assert run(life, timedelta(days=9))[:40] == run(twin, timedelta(hours=7))[:40]
