"""Random rule sets with moves, gates, limits and vendors, and tickets that live through days under them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.build import AGENT, BOT, CUSTOMER, NOW, STAFF, WORKER
from tests.property.test_laws import (
    GROUPS,
    LAW_ACCOUNT,
    TEXT_FIELD,
    TIERS,
    World,
    compile_leniently,
)
from tests.unit.tiers.build import OFFICE
from zdsync.facts import Facts, derive
from zdsync.model import Case, Hold, HoldReason, Ticket, TicketId, UserId
from zdsync.plan.diff import diff_ticket
from zdsync.plan.model import TicketChange
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.lengths import Clock, Length, Unit
from zdsync.rules.model import (
    Action,
    After,
    AnyCondition,
    Condition,
    GateRule,
    MoveLimit,
    MoveRule,
    Operator,
    Rule,
    RuleSet,
    Vendor,
)
from zdsync.tiers.decide import decide
from zdsync.tiers.model import Decision

KEYS = "0123"
MARKS = ("ask", "rma", "needs_info", "stuck", "with_vendor", "hot", "churn", "late")
START = NOW - timedelta(days=10)

_lengths = st.builds(Length, st.integers(1, 40), st.just(Unit.HOURS)) | st.builds(
    Length,
    st.integers(1, 3),
    st.sampled_from([Unit.DAYS, Unit.BUSINESS_DAYS, Unit.BUSINESS_HOURS]),
)
_reminders = st.builds(Length, st.integers(4, 40), st.sampled_from([Unit.HOURS, Unit.BUSINESS_HOURS]))
_conditions: st.SearchStrategy[AnyCondition] = st.one_of(
    st.builds(
        Condition,
        st.just("status"),
        st.sampled_from([Operator.IS, Operator.IS_NOT]),
        st.tuples(st.sampled_from(["open", "pending", "hold"])),
    ),
    st.builds(
        Condition,
        st.just("tags"),
        st.sampled_from([Operator.INCLUDES, Operator.EXCLUDES]),
        st.tuples(st.sampled_from(MARKS)),
    ),
    st.builds(Condition, st.just("priority"), st.just(Operator.IS_NOT), st.just(("low",))),
    st.builds(Condition, st.just("in_business_hours"), st.just(Operator.IS), st.tuples(st.booleans())),
    st.builds(
        Condition,
        st.just("group"),
        st.sampled_from([Operator.IS, Operator.IS_NOT]),
        st.tuples(st.sampled_from(["Frontline", "Specialists"])),
    ),
    st.builds(
        Condition, st.just("assignee"), st.sampled_from([Operator.PRESENT, Operator.NOT_PRESENT]), st.just(())
    ),
    st.builds(Condition, st.just("group_stations"), st.just(Operator.AT_LEAST), st.tuples(st.integers(1, 4))),
)
_of_the_way: st.SearchStrategy[AnyCondition] = st.one_of(
    st.builds(
        Condition,
        st.just("tier"),
        st.sampled_from([Operator.IS, Operator.IS_NOT]),
        st.tuples(st.sampled_from(KEYS)),
    ),
    st.builds(Condition, st.just("previous_tier"), st.just(Operator.IS), st.tuples(st.sampled_from(KEYS))),
    st.builds(Condition, st.just("moves"), st.just(Operator.AT_LEAST), st.tuples(st.integers(1, 3))),
)
"""What a label may ask, and our own placing and moving answers."""
_all = st.lists(_conditions, max_size=1).map(tuple)


def _asks(tag: str) -> tuple[AnyCondition, ...]:
    return (Condition("tags", Operator.INCLUDES, (tag,)),)


@st.composite
def _moves(draw: st.DrawFn, block: str, number: int) -> MoveRule:
    """A rule that leads up or down: by a clock, or at once for a tag that it takes away."""
    origin = draw(st.sampled_from(KEYS[:-1] if block == "escalate" else KEYS[1:]))
    if block == "escalate":
        to = draw(st.sampled_from([*KEYS[KEYS.index(origin) + 1 :], "external"]))
    else:
        to = draw(st.sampled_from([*KEYS[: KEYS.index(origin)], "previous"]))
    tag = "rma" if to == "external" else "ask"
    is_asked = draw(st.booleans())
    return MoveRule(
        f"{block}-{number}",
        "Because",
        all=_asks(tag) if is_asked else draw(_all),
        then=Action(remove_tags=(tag,)) if is_asked else Action(),
        origins=tuple({origin, draw(st.sampled_from(KEYS))} - {to}) if to != "previous" else (origin,),
        to=to,
        after=None if is_asked else After(draw(st.sampled_from(Clock)), draw(_lengths)),
        warn_at=draw(st.none() | st.sampled_from([Fraction(1, 2), Fraction(3, 4)])),
        even_if_held=draw(st.sampled_from([False, False, True])),
        remind_after=draw(st.none() | _reminders) if to == "external" else None,
    )


@st.composite
def _gates(draw: st.DrawFn, number: int) -> GateRule:
    return GateRule(
        f"gate-{number}",
        "Because",
        all=draw(_all),
        before_tier=draw(st.sampled_from(KEYS)),
        fields=("Product",),
        unless=draw(_all),
        missing_tags=("needs_info",),
        asks_by=draw(st.sampled_from(["", "Ask"])),
    )


@st.composite
def _labels(draw: st.DrawFn, number: int) -> Rule:
    """A label that no other rule writes the other way, as the checks demand."""
    return Rule(
        f"label-{number}",
        "Because",
        all=tuple(draw(st.lists(_conditions | _of_the_way, min_size=1, max_size=2))),
        then=Action(
            add_tags=(draw(st.sampled_from(["churn", "late", "hot"])),),
            set_fields=draw(st.sampled_from([{}, {"Product": "rocket"}])),
        ),
    )


@st.composite
def moving_rules(draw: st.DrawFn) -> CompiledRules:
    """Any rules that move tickets on; what acts at once takes away what it asks for, as the checks demand."""

    def some(block: str) -> tuple[MoveRule, ...]:
        return tuple(draw(_moves(block, number)) for number in range(draw(st.integers(0, 3))))

    urgent = Rule(
        "urgent",
        "Urgent",
        all=(Condition("priority", Operator.IS, ("urgent",)),),
        then=Action(tier=draw(st.sampled_from(KEYS)), add_tags=("hot",)),
    )
    private = Rule(
        "private",
        "Private",
        all=(Condition("type", Operator.IS, ("problem",)),),
        then=Action(tier="2", group="Privacy desk", private_only=True),
    )
    rest = Rule("rest", "The rest", then=Action(tier=draw(st.sampled_from("01"))))
    limit = st.builds(
        MoveLimit,
        st.integers(1, 3),
        st.builds(Length, st.integers(1, 3), st.just(Unit.DAYS)),
        add_tags=st.sampled_from([(), ("stuck",)]),
    )
    rules = RuleSet(
        tiers=TIERS,
        assign=(*draw(st.sampled_from([(), (urgent,), (private, urgent)])), rest),
        require=tuple(draw(_gates(number)) for number in range(draw(st.integers(0, 2)))),
        annotate=tuple(draw(_labels(number)) for number in range(draw(st.integers(0, 2)))),
        escalate=some("escalate"),
        deescalate=some("deescalate"),
        manual_override=draw(_lengths),
        move_limit=draw(st.none() | limit),
        vendor=Vendor("with_vendor"),
        own_tags=MARKS,
        sensitive_groups=("Privacy desk",),
        digest="d",
    )
    compiled = compile_leniently(rules)
    calendars = dict.fromkeys(draw(st.sets(st.sampled_from(KEYS))), OFFICE)
    return replace(compiled, ladder=replace(compiled.ladder, calendars=calendars))


class Life(World):
    """A ticket in time: its clock only goes on, and what zdsync writes is journaled."""

    def __init__(self, ticket: Ticket) -> None:
        super().__init__(ticket)
        self.time = ticket.created_at
        self.notes: set[str] = set()
        self.holds: list[Hold] = []

    def now(self) -> datetime:
        return self.time

    def write(self, author: UserId | None, **given: Any) -> None:
        """As Zendesk does it: an answer of the customer reopens, unless the same update sets a status."""
        is_waiting = self.ticket.status in {"pending", "hold", "solved"}
        if author == CUSTOMER and given.get("reply") and is_waiting:
            given.setdefault("status", "open")
        super().write(author, **given)

    def apply(self, change: TicketChange) -> None:
        super().apply(change)
        if change.note_digest is not None:
            self.notes.add(change.note_digest)

    def hold(self, until: datetime | None, reason: HoldReason = HoldReason.MANUAL) -> None:
        self.holds.append(Hold(self.ticket.id, reason, self.time, until))

    def case(self, findings: tuple[Any, ...] = ()) -> Case:
        return Case(
            self.ticket,
            events=tuple(self.events),
            staff=STAFF,
            events_until=self.time + timedelta(days=1),
            notes_written=frozenset(self.notes),
            holds=tuple(self.holds),
            own_changes=dict(self.own_changes),
            findings=findings,
        )

    def facts(self, rules: CompiledRules) -> Facts:
        return derive(self.case(), self.time, rules.ladder)

    def judge(self, rules: CompiledRules) -> tuple[Decision, TicketChange | None]:
        facts = self.facts(rules)
        decision = decide(facts, rules, self.time.date())
        return decision, diff_ticket(facts, decision, rules, LAW_ACCOUNT)


_marks = st.lists(st.sampled_from([*MARKS, "tier_1", "tier_3"]), unique=True, max_size=2).map(tuple)
_fields = st.fixed_dictionaries(
    {},
    optional={
        "group_id": st.sampled_from(GROUPS),
        "status": st.sampled_from(["open", "pending", "hold", "solved"]),
        "priority": st.sampled_from(["low", "urgent"]),
        "assignee_id": st.sampled_from([AGENT, None]),
        "type": st.sampled_from(["question", "problem"]),
        str(TEXT_FIELD): st.sampled_from(["anvil", None]),
    },
)


@st.composite
def happenings(draw: st.DrawFn) -> dict[str, Any]:
    """Something that somebody does to a ticket."""
    author = draw(st.sampled_from([CUSTOMER, CUSTOMER, AGENT, AGENT, AGENT, BOT, None]))
    reply = draw(st.sampled_from([None, "Well?"])) if author is not None else None
    if author == CUSTOMER:
        return {"author": author, "reply": reply or "Well?"}
    rel = draw(st.sampled_from([None, "trigger"])) if author in {AGENT, None} else None
    return {
        "author": author,
        "rel": rel,
        "reply": None if rel else reply,
        "add": draw(_marks),
        "remove": draw(_marks),
        **draw(_fields),
    }


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A ticket ten days old, on which others have worked for a while."""
    life = Life(
        Ticket(
            TicketId(1),
            START,
            START,
            "new",
            subject="Help",
            priority=draw(st.sampled_from([None, "low", "urgent"])),
            group_id=draw(st.none() | st.sampled_from(GROUPS)),
            requester_id=CUSTOMER,
        )
    )
    life.events[0] = replace(life.events[0], comments=())
    for _ in range(draw(st.integers(0, 3))):
        happen(life, draw(happenings()), draw(st.integers(1, 2000)))
    return life


def happen(life: Life, deed: dict[str, Any], minutes: float) -> None:
    """Let it be done so many minutes later."""
    life.time += timedelta(minutes=minutes)
    author: UserId | None = deed["author"]
    life.write(author, **{name: value for name, value in deed.items() if name != "author"})


def settle(life: Life, rules: CompiledRules, most: int = 8) -> list[tuple[Decision, TicketChange]]:
    """Decide and write again and again at one moment until nothing changes."""
    made: list[tuple[Decision, TicketChange]] = []
    for _ in range(most):
        decision, change = life.judge(rules)
        if change is None:
            break
        made.append((decision, change))
        life.apply(change)
    return made


__all__ = ["WORKER", "Life", "happen", "happenings", "lives", "moving_rules", "settle"]
