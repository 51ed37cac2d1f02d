"""Rule sets with moves, gates and calendars, bound to the test account; no rule file in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.build import ACCOUNT, NOW, WORKER, case, created, event, moment, ticket
from zdsync.account import Account, Group, TicketField
from zdsync.calendars import DAY, Calendar, Week
from zdsync.facts import derive
from zdsync.model import Case, Event, FieldChange, FieldId, GroupId, OwnChange, Ticket, UserId
from zdsync.plan.diff import diff_ticket
from zdsync.plan.model import TicketChange
from zdsync.rules.compile import compile_rules
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.lengths import Clock, Length, Unit
from zdsync.rules.model import Action, After, Condition, GateRule, MoveRule, Operator, Rule, RuleSet, Tier
from zdsync.tiers.decide import decide
from zdsync.tiers.model import Decision

PRIVACY_DESK = GroupId(77)
PRODUCT, VERSION = FieldId(700), FieldId(701)
TIERED = replace(
    ACCOUNT,
    groups=(*ACCOUNT.groups, Group(PRIVACY_DESK, "Privacy desk")),
    ticket_fields=(TicketField(PRODUCT, "Product", "text"), TicketField(VERSION, "Version", "text")),
)
TIERS = (
    Tier("0", "Self-service", "Help bot", ("Help bot",)),
    Tier("1", "Frontline", "Frontline", ("Frontline",)),
    Tier("2", "Specialists", "Specialists", ("Specialists",)),
    Tier("3", "Experts", "Engineering", ("Engineering",)),
)
OFFICE = Calendar(
    "uk", (Week("Europe/London", tuple((day * DAY + 9 * 60, day * DAY + 17 * 60 + 30) for day in range(5))),)
)
"""09:00-17:30 on weekdays in London; NOW is a Friday noon in winter there."""

CATCH_ALL = Rule("rest", "Frontline takes the rest", then=Action(tier="1"))


def hours(amount: int) -> Length:
    return Length(amount, Unit.HOURS)


def business_hours(amount: int) -> Length:
    return Length(amount, Unit.BUSINESS_HOURS)


def business_days(amount: int) -> Length:
    return Length(amount, Unit.BUSINESS_DAYS)


def after(clock: Clock, length: Length) -> After:
    return After(clock, length)


def where(name: str, *values: str, operator: Operator = Operator.IS) -> tuple[Condition, ...]:
    """One condition, as the `all` of a rule; of tags: that they include the value."""
    return (Condition(name, Operator.INCLUDES if name == "tags" else operator, values),)


def move(id: str, origin: str, to: str, **given: Any) -> MoveRule:
    return MoveRule(id, f"Because of {id}", origins=tuple(origin), to=to, **given)


def gate(id: str, before: str, *fields: str, **given: Any) -> GateRule:
    return GateRule(id, f"Because of {id}", before_tier=before, fields=fields, **given)


def bound(
    *,
    assign: Sequence[Rule] = (),
    calendars: Mapping[str, Calendar] | None = None,
    account: Account = TIERED,
    **given: Any,
) -> CompiledRules:
    """A rule set bound to the account, ending in a catch-all of tier 1; `calendars` by the tier's key."""
    rules = RuleSet(TIERS, (*assign, CATCH_ALL), **{"sensitive_groups": ("Privacy desk",), **given})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zdsync.rules.compile.find_faults", lambda *_args, **_kwargs: ())
        compiled = compile_rules(rules, account, tag_prefix="tier_", today=NOW.date())
    return replace(compiled, ladder=replace(compiled.ladder, calendars=calendars or {}))


def judge(rules: CompiledRules, given: Case, now: datetime = NOW) -> tuple[Decision, TicketChange | None]:
    """The decision and the change of one ticket at a moment."""
    facts = derive(given, now, rules.ladder)
    decision = decide(facts, rules, now.date())
    return decision, diff_ticket(facts, decision, rules, TIERED)


# Histories

OURS = "run-1:1"


def placed(
    tier: str,
    group: GroupId,
    *later: Event,
    at: float = -600,
    ticket: Ticket | None = None,
    own: Mapping[str, OwnChange] | None = None,
    **given: Any,
) -> Case:
    """A ticket that a customer opened ten hours ago, that zdsync placed in a tier at once, and what came later.

    A trigger of the account does something to it after the placing, so that rules without a clock may act.
    `ticket` is how it stands now; unless given it stands as it was placed.
    """
    tag = f"tier_{tier}"
    history = (
        created(("status", "new"), at=at),
        event(WORKER, ("tags", (tag,), ()), ("group_id", group), key=OURS, at=at),
        stirred(at),
        *later,
    )
    now = replace(ticket if ticket is not None else standing(tier, group), created_at=moment(at))
    changes = {OURS: OwnChange("assigned", "rest", "Frontline takes the rest"), **(own or {})}
    return case(*history, ticket=now, own_changes=changes, **given)


def stirred(at: float) -> Event:
    """A trigger of the account does something that moves nothing: rules without a clock may act on it."""
    return event(None, ("ticket_form_id", 1), rel="trigger", at=at)


def standing(tier: str, group: GroupId, *tags: str, **given: Any) -> Ticket:
    """A ticket in a tier, with further tags."""
    return ticket(tags={f"tier_{tier}", *tags}, group_id=group, **given)


def written(given: Case, change: TicketChange, at: float = 0, key: str = "run-9:1") -> Case:
    """The case once a change is written, as the mirror has it a moment later."""
    fields = {one.field.removeprefix("custom_fields."): (one.after, one.before) for one in change.fields}
    if change.group is not None:
        before = change.group_before.id if change.group_before is not None else None
        fields["group_id"] = (change.group.id, before)
    changes = [FieldChange(name, *values) for name, values in fields.items()]
    if change.add_tags or change.remove_tags:
        changes.append(FieldChange("tags", change.add_tags, change.remove_tags))
    own = replace(ours(at=at, key=key, note=change.note), changes=tuple(changes), id=len(given.events) + 1)
    plain = {name: values[0] for name, values in fields.items() if not name.isdigit()}
    custom = {int(name): values[0] for name, values in fields.items() if name.isdigit()}
    now: Any = {**plain, "custom_fields": {**given.ticket.custom_fields, **custom}}
    return replace(
        given,
        events=(*given.events, own),
        ticket=replace(given.ticket, tags=frozenset(change.tags), **now),
        own_changes={**given.own_changes, key: OwnChange(change.kind, change.rule, change.reason)},
        notes_written=given.notes_written | ({change.note_digest} if change.note_digest else set()),
    )


def ours(*changes: Any, at: float, key: str = "run-2:1", **given: Any) -> Event:
    """An update of ours."""
    author: UserId = WORKER
    return event(author, *changes, key=key, at=at, **given)
