"""Laws of the core under random rules and random histories: fixpoint, one tier tag, foreign tags untouched."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import event as hypothesis_event
from hypothesis import strategies as st

from tests.build import (
    ACCOUNT,
    AGENT,
    BOT,
    CUSTOMER,
    ENGINEERING,
    FRONTLINE,
    HELP_BOT,
    MARKETING,
    NOW,
    SPECIALISTS,
    STAFF,
    WORKER,
    moment,
)
from zdsync.account import Account, Group, TicketField
from zdsync.facts import derive
from zdsync.model import (
    Case,
    Comment,
    Event,
    FieldChange,
    FieldId,
    Finding,
    GroupId,
    OwnChange,
    Ticket,
    TicketId,
    UserId,
)
from zdsync.plan.contest import contested
from zdsync.plan.diff import diff_ticket
from zdsync.plan.model import TicketChange
from zdsync.rules.compile import compile_rules
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.model import Action, Condition, Operator, Rule, RuleSet, Tier
from zdsync.tiers.decide import decide
from zdsync.tiers.model import Verdict

PRIVACY_DESK = GroupId(6)
TEXT_FIELD = FieldId(700)
LAW_ACCOUNT = Account(
    groups=(*ACCOUNT.groups, Group(PRIVACY_DESK, "Privacy desk")),
    ticket_fields=(TicketField(TEXT_FIELD, "Product", "text"),),
    staff=STAFF,
)
TIERS = (
    Tier("0", "Self-service", "Help bot", ("Help bot",)),
    Tier("1", "Frontline", "Frontline", ("Frontline",)),
    Tier("2", "Specialists", "Specialists", ("Specialists",)),
    Tier("3", "Experts", "Engineering", ("Engineering",)),
)
OWN_TAGS = ("vip", "hot", "sensitive")
FOREIGN_TAGS = ("billing", "sample", "über")
TIER_TAGS = ("tier_0", "tier_1", "tier_2", "tier_3", "tier_9")
GROUPS = (HELP_BOT, FRONTLINE, SPECIALISTS, ENGINEERING, MARKETING, PRIVACY_DESK)
WORDS = ("outage", "refund", "cancel")

_own = st.lists(st.sampled_from(OWN_TAGS), unique=True, max_size=2).map(tuple)
_priority = st.sampled_from(["low", "normal", "high", "urgent"])
_type = st.sampled_from(["question", "incident", "problem"])
_product = st.sampled_from(["anvil", "rocket"])


def _conditions() -> st.SearchStrategy[Condition]:
    some = {
        "priority": (_priority, [Operator.IS, Operator.IS_NOT, Operator.AT_LEAST]),
        "type": (_type, [Operator.IS, Operator.IS_NOT]),
        "status": (st.sampled_from(["new", "open", "pending"]), [Operator.IS, Operator.IS_NOT]),
        "tags": (st.sampled_from([*OWN_TAGS, *FOREIGN_TAGS]), [Operator.INCLUDES, Operator.EXCLUDES]),
        "text": (st.sampled_from(WORDS), [Operator.CONTAINS, Operator.EXCLUDES_WORDS]),
        "product": (_product, [Operator.IS, Operator.IS_NOT]),
        "group": (
            st.sampled_from(["Frontline", "Specialists", "Engineering"]),
            [Operator.IS, Operator.IS_NOT],
        ),
    }
    return st.one_of(
        *(
            st.builds(
                Condition, field=st.just(name), operator=st.sampled_from(operators), values=st.tuples(values)
            )
            for name, (values, operators) in some.items()
        )
    )


_all = st.lists(_conditions(), min_size=1, max_size=3).map(tuple)
_product_values = st.dictionaries(st.just("Product"), _product, max_size=1)
_assign_actions = st.builds(
    Action,
    tier=st.sampled_from("0123"),
    priority=st.none() | _priority,
    type=st.none() | _type,
    status=st.none() | st.sampled_from(["open", "pending"]),
    add_tags=_own,
    remove_tags=_own,
    set_fields=_product_values,
) | st.builds(
    Action,
    tier=st.just("2"),
    group=st.just("Privacy desk"),
    private_only=st.just(value=True),
    add_tags=st.just(("sensitive",)),
)
_label_actions = st.builds(Action, add_tags=_own, remove_tags=_own)


@st.composite
def rule_sets(draw: st.DrawFn) -> CompiledRules:
    """Any rules, self-referring ones included, bound to the account."""

    def block(name: str, actions: st.SearchStrategy[Action], most: int) -> tuple[Rule, ...]:
        count = draw(st.integers(0, most))
        return tuple(Rule(f"{name}-{n}", "Because", all=draw(_all), then=draw(actions)) for n in range(count))

    catch_all = Rule("rest", "All the rest", then=Action(tier=draw(st.sampled_from("01"))))
    rules = RuleSet(
        tiers=TIERS,
        ignore=block("ignore", st.just(Action()), 1),
        assign=(*block("assign", _assign_actions, 4), catch_all),
        annotate=block("annotate", _label_actions, 3),
        own_tags=OWN_TAGS,
        sensitive_groups=("Privacy desk",),
        digest="d",
    )
    return compile_leniently(rules)


def compile_leniently(rules: RuleSet) -> CompiledRules:
    """Bind rules that the static checks might refuse (they may contradict themselves): the laws hold for those too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zdsync.rules.compile.find_faults", lambda *_args, **_kwargs: ())
        return compile_rules(rules, LAW_ACCOUNT, tag_prefix="tier_", today=NOW.date())


_authors = st.sampled_from([CUSTOMER, AGENT, AGENT, BOT, None])
_any_tags = st.lists(st.sampled_from([*OWN_TAGS, *FOREIGN_TAGS, *TIER_TAGS]), unique=True, max_size=3)


class World:
    """One ticket and its history, changed the way Zendesk changes it; what zdsync writes is journaled."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.own_changes: dict[str, OwnChange] = {}
        self.events: list[Event] = [
            Event(1, ticket.id, ticket.created_at, CUSTOMER, is_create=True, changes=_initial(ticket))
        ]

    def now(self) -> datetime:
        """When the next event happens."""
        return moment(-500 + len(self.events))

    def write(
        self, author: UserId | None, *, key: str | None = None, rel: str | None = None, reply: str | None = None,
        add: tuple[str, ...] = (), remove: tuple[str, ...] = (), **fields: Any,
    ) -> None:  # fmt: skip
        at = self.now()
        changes = [
            FieldChange(name, value, _read(self.ticket, name))
            for name, value in fields.items()
            if _read(self.ticket, name) != value
        ]
        added = tuple(tag for tag in add if tag not in self.ticket.tags)
        removed = tuple(tag for tag in remove if tag in self.ticket.tags)
        if added or removed:
            changes.append(FieldChange("tags", added, removed))
            self.ticket = replace(self.ticket, tags=(self.ticket.tags - set(removed)) | set(added))
        for name, value in fields.items():
            self.ticket = _with(self.ticket, name, value)
        comments = (Comment(len(self.events), at, author, is_public=True, body=reply),) if reply else ()
        self.ticket = replace(self.ticket, updated_at=at)
        self.events.append(
            Event(
                len(self.events) + 1, self.ticket.id, at, author, key=key, rel=rel,
                changes=tuple(changes), comments=comments,
            )
        )  # fmt: skip

    def apply(self, change: TicketChange) -> None:
        fields: dict[str, Any] = {
            diff.field.removeprefix("custom_fields."): diff.after for diff in change.fields
        }
        if change.group is not None:
            fields["group_id"] = change.group.id
        if change.assignee_before is not None:
            fields["assignee_id"] = None
        key = f"run:{len(self.events)}"
        self.write(WORKER, key=key, add=change.add_tags, remove=change.remove_tags, **fields)
        self.own_changes[key] = OwnChange(change.kind, change.rule, change.reason)

    def case(self, findings: tuple[Finding, ...] = ()) -> Case:
        return Case(
            self.ticket,
            events=tuple(self.events),
            staff=STAFF,
            events_until=moment(-1),
            findings=findings,
            own_changes=dict(self.own_changes),
        )


def _initial(ticket: Ticket) -> tuple[FieldChange, ...]:
    values = [FieldChange(name, _read(ticket, name)) for name in ("group_id", "priority", "type", "status")]
    return (*values, FieldChange("tags", tuple(sorted(ticket.tags)), ()))


def _read(ticket: Ticket, name: str) -> Any:
    return ticket.custom_fields.get(FieldId(int(name))) if name.isdigit() else getattr(ticket, name)


def _with(ticket: Ticket, name: str, value: Any) -> Ticket:
    if name.isdigit():
        return replace(ticket, custom_fields={**ticket.custom_fields, FieldId(int(name)): value})
    return replace(ticket, **{name: value})


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A ticket that customers, agents, bots, triggers and we ourselves have worked on."""
    world = World(
        Ticket(
            TicketId(1),
            moment(-600),
            moment(-600),
            draw(st.sampled_from(["new", "open", "pending"])),
            subject=draw(st.sampled_from(["Help", *WORDS])),
            priority=draw(st.none() | _priority),
            type=draw(st.none() | _type),
            tags=frozenset(draw(_any_tags)),
            group_id=draw(st.none() | st.sampled_from(GROUPS)),
            requester_id=CUSTOMER,
        )
    )
    for _ in range(draw(st.integers(0, 5))):
        author = draw(_authors)
        rel = draw(st.sampled_from([None, None, "trigger"])) if author != CUSTOMER else None
        fields: dict[str, Any] = {}
        if author != CUSTOMER:
            fields = draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "group_id": st.none() | st.sampled_from(GROUPS),
                        "priority": _priority,
                        "type": _type,
                        "assignee_id": st.just(AGENT),
                        str(TEXT_FIELD): _product,
                    },
                )
            )
        key = draw(st.sampled_from([None, None, "run-0:1"])) if author == AGENT else None
        tags = (tuple(draw(_any_tags)), tuple(draw(_any_tags))) if author != CUSTOMER else ((), ())
        reply = draw(st.sampled_from([None, "Any news of the refund?"]))
        world.write(
            author, key=key, rel=rel, reply=None if key else reply, add=tags[0], remove=tags[1], **fields
        )
    return world


def judge(
    world: World, rules: CompiledRules, findings: tuple[Finding, ...] = ()
) -> tuple[Verdict, TicketChange | None]:
    facts = derive(world.case(findings), moment(), rules.ladder)
    decision = decide(facts, rules, NOW.date())
    return decision.verdict, diff_ticket(facts, decision, rules, LAW_ACCOUNT)


@given(worlds(), rule_sets())
def test_fixpoint(world: World, rules: CompiledRules) -> None:
    """Applying a decision and deciding again yields no change, whatever the rules say."""
    verdict, change = judge(world, rules)
    hypothesis_event(verdict.value)
    if change is not None:
        world.apply(change)
        again, rest = judge(world, rules)
        assert rest is None, (verdict, again, change, rest)


@given(worlds(), rule_sets())
def test_exactly_one_tier_tag(world: World, rules: CompiledRules) -> None:
    """After its change a placed ticket carries exactly one tier tag, of a known tier."""
    verdict, change = judge(world, rules)
    if change is not None:
        world.apply(change)
    if verdict in {Verdict.ASSIGNED, Verdict.ADOPTED, Verdict.FOLLOWED, Verdict.REPAIRED, Verdict.KEPT}:
        claims = [tag for tag in world.ticket.tags if tag.startswith("tier_")]
        assert len(claims) == 1
        assert claims[0] != "tier_9"


@given(worlds(), rule_sets())
def test_foreign_tags_untouched(world: World, rules: CompiledRules) -> None:
    """No change adds or removes a tag that is not our own."""
    _, change = judge(world, rules)
    if change is not None:
        touched = {*change.add_tags, *change.remove_tags}
        assert all(tag in OWN_TAGS or tag.startswith("tier_") for tag in touched)
        assert set(change.tags) == (world.ticket.tags | set(change.add_tags)) - set(change.remove_tags)


@given(worlds(), rule_sets(), st.sampled_from(GROUPS))
def test_people_win(world: World, rules: CompiledRules, group: GroupId) -> None:
    """A ticket that a person has just moved is not moved again, but for private data."""
    assume(world.ticket.group_id != group)
    world.write(AGENT, group_id=group)
    _, change = judge(world, rules)
    if change is not None and change.group is not None:
        assert change.group.id == PRIVACY_DESK


class Opponent:
    """A trigger of the account that answers each of our updates, in the same audit or a few minutes later."""

    def __init__(self, world: World, *, at_once: bool) -> None:
        self.world = world
        self.at_once = at_once

    def answer(self, change: TicketChange) -> None:
        """Set back every field and tag that we have just written."""
        ours = self.world.events[-1]
        back = [FieldChange(each.field, each.previous, each.value) for each in ours.changes]
        ticket = self.world.ticket
        for each in back:
            if each.field == "tags":
                tags = (ticket.tags - set(each.previous or ())) | set(each.value or ())  # type: ignore[arg-type]
                ticket = replace(ticket, tags=frozenset(tags))
            else:
                ticket = _with(ticket, each.field, each.value)
        if self.at_once:
            self.world.events[-1] = replace(ours, rule_changes=tuple(back))
        else:
            at = ours.created_at + timedelta(seconds=30)
            event = Event(len(self.world.events) + 1, ticket.id, at, None, rel="trigger", changes=tuple(back))
            self.world.events.append(event)
            ticket = replace(ticket, updated_at=at)
        self.world.ticket = ticket


@given(worlds(), rule_sets(), st.booleans())
def test_no_endless_ping_pong(world: World, rules: CompiledRules, at_once: bool) -> None:
    """A trigger that sets everything back makes us give way after a few attempts, whatever rules and history say."""
    opponent = Opponent(world, at_once=at_once)
    written = 0
    for _ in range(12):
        facts = derive(world.case(), moment(), rules.ladder)
        decision = decide(facts, rules, NOW.date())
        change = diff_ticket(facts, decision, rules, LAW_ACCOUNT)
        if change is None or contested(facts, change):
            break
        world.apply(change)
        opponent.answer(change)
        written += 1
    hypothesis_event(f"{written} writes")
    assert written <= 6
