"""Rules as native Zendesk triggers, where a trigger can say exactly the same; else why only the worker can.

A trigger is exact for what it sees: a ticket in the moment in which a customer opens it. What changes later, and what
people do, is the worker's. First match needs guard tags, since Zendesk runs every trigger whose conditions hold.

Source: developer.zendesk.com, "Conditions reference"; Help Center, "Ticket trigger conditions and actions reference"
(read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

from zdsync.account import Account
from zdsync.model import PRIORITY_ORDER, STATUS_ORDER, FieldId
from zdsync.rules.compiled import CompiledRule, CompiledRules
from zdsync.rules.evaluate import is_on
from zdsync.rules.fields import fold_name
from zdsync.rules.logic import branches, is_impossible
from zdsync.rules.model import Condition, Operator, Rule
from zdsync.rules.soundness import is_steady
from zdsync.rules.triples import CHANNELS
from zdsync.rules.vocabulary import Vocabulary, built_in, plain

IGNORED, ASSIGNED = "zd_guard_ignored", "zd_guard_assigned"
"""Tags by which a trigger tells those after it that the ticket is left alone, or has its tier."""
_MOST_TRIGGERS = 16
Triple = tuple[str, str, str]
"""A condition or action: field, operator, value."""
_OPENING: tuple[Triple, ...] = (
    ("update_type", "is", "Create"),
    ("role", "is", "end_user"),
    ("status", "less_than", "solved"),
)
_ID_FIELDS: Mapping[str, str] = {
    "group": "group_id",
    "assignee": "assignee_id",
    "brand": "brand_id",
    "form": "ticket_form_id",
    "custom_status": "custom_status_id",
}
_EQUALITY = frozenset({Operator.IS, Operator.IS_NOT})
_PRESENCE = frozenset({Operator.PRESENT, Operator.NOT_PRESENT})


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger to be made by hand, in the order in which they are listed."""

    title: str
    description: str
    all: tuple[Triple, ...]
    actions: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """As the API and Zendesk's own export have it."""
        rows = [{"field": f, "operator": o, "value": v} for f, o, v in self.all]
        return {
            "title": self.title,
            "description": self.description,
            "active": False,
            "conditions": {"all": rows, "any": []},
            "actions": [{"field": field, "value": value} for field, value in self.actions],
        }


@dataclass(frozen=True, slots=True)
class Export:
    """What became of one rule: its triggers, or the reason why there are none."""

    rule: Rule
    block: str
    triggers: tuple[Trigger, ...] = ()
    reason: str = ""

    @property
    def exactness(self) -> str:
        if self.reason:
            return f"worker only because {self.reason}"
        return "exact" if len(self.triggers) == 1 else f"exact as {len(self.triggers)} triggers"


class _NoTriggerError(Exception):
    """A trigger could not say this; the text is the reason."""


def export_rules(compiled: CompiledRules, account: Account | None, today: date) -> tuple[Export, ...]:
    """Every rule in the order in which its triggers must stand: `ignore`, `annotate`, then `assign` as it is asked.

    Gates and moves follow; they are for the worker alone. A rule below one that only the worker can decide is exact only where no ticket could match both.
    """
    exporter = _Exporter(compiled, account, today)
    private_first = sorted(compiled.assign, key=lambda one: not one.rule.then.private_only)
    for block, rules in (
        ("ignore", compiled.ignore),
        ("annotate", compiled.annotate),
        ("assign", private_first),
    ):
        for rule in rules:
            exporter.add(block, rule)
    return (*exporter.exports, *_for_the_worker(compiled))


def _for_the_worker(compiled: CompiledRules) -> Iterator[Export]:
    """Gates and moves, each with the reason why nothing native says the same."""
    for gate in compiled.require:
        yield Export(gate.rule, "require", reason="a trigger cannot make a move wait")
    for block, moves in (("escalate", compiled.escalate), ("deescalate", compiled.deescalate)):
        for move in moves:
            yield Export(move.rule, block, reason=_AUTOMATION if move.rule.after else _TRIGGER)


_AUTOMATION = (
    "automations run once an hour, count whole hours, and know no tier's calendar, hold, gate or limit"
)
_TRIGGER = "triggers know neither where a ticket came from nor holds, gates and the limit of moves"


class _Exporter:
    """Exports rules one after another, remembering those before them that have no trigger."""

    def __init__(self, compiled: CompiledRules, account: Account | None, today: date) -> None:
        self.exports: list[Export] = []
        self._compiled = compiled
        self._account = account
        self._vocabulary = Vocabulary(account)
        self._today = today

    def add(self, block: str, compiled: CompiledRule) -> None:
        rule = compiled.rule
        try:
            self._check(rule)
            conditions = self._alternatives(rule)
            actions = tuple(self._actions(block, compiled))
            triggers = tuple(
                Trigger(
                    title=f"zdsync {rule.id}" + (f" ({number})" if len(conditions) > 1 else ""),
                    description=rule.why,
                    all=(*_OPENING, *_guards(block), *alternative),
                    actions=actions,
                )
                for number, alternative in enumerate(conditions, 1)
            )
            self.exports.append(Export(rule, block, triggers))
        except _NoTriggerError as err:
            self.exports.append(Export(rule, block, (), str(err)))

    def _check(self, rule: Rule) -> None:
        """That the rule acts on every ticket, and that no rule before it gets in its way."""
        if not is_steady(rule, self._today) or rule.until is not None:
            raise _NoTriggerError("it is not in force for every ticket and without end")
        if rule.then.private_only:
            raise _NoTriggerError("private data is kept in its group whatever people do later")
        if rule.then.notify or rule.then.keep_assignee_as:
            raise _NoTriggerError(
                "a trigger can neither alert through the webhook nor make an assignee follow"
            )
        self._check_gates(rule)
        reads = self._reads(rule)
        for earlier in self.exports:
            if earlier.block == "annotate":
                if not earlier.reason and self._writes(earlier.rule) & reads:
                    raise _NoTriggerError(
                        f"it would see what the trigger of '{earlier.rule.id}' has just written"
                    )
            elif earlier.reason and is_on(earlier.rule, self._today) and not _are_apart(earlier.rule, rule):
                raise _NoTriggerError(
                    f"'{earlier.rule.id}' before it is for the worker and may take its tickets"
                )

    def _check_gates(self, rule: Rule) -> None:
        """That no gate could keep a ticket of the rule out of its tier."""
        for gate in (one.rule for one in self._compiled.require):
            is_before = gate.before_tier == rule.then.tier and is_on(gate, self._today)
            if is_before and not _are_apart(gate, rule):
                raise _NoTriggerError(f"the gate '{gate.id}' stands before tier {gate.before_tier}")

    def _reads(self, rule: Rule) -> frozenset[str]:
        """What the rule asks about: fields by name, and each tag that it asks for."""
        found = set()
        for condition in (one for branch in branches(rule) or () for one in branch):
            is_tags = plain(condition.field) == "tags"
            found |= (
                {f"tag {word}" for word in _folded(condition)} if is_tags else {self._called(condition.field)}
            )
        return frozenset(found)

    def _writes(self, rule: Rule) -> frozenset[str]:
        then = rule.then
        tags = {f"tag {tag}" for tag in (*then.add_tags, *then.remove_tags)}
        return frozenset({*tags, *map(self._called, then.set_fields)})

    def _called(self, field: str) -> str:
        custom = self._vocabulary.find_settable(field)
        return str(int(custom.id)) if custom else plain(field)

    # Conditions

    def _alternatives(self, rule: Rule) -> tuple[tuple[Triple, ...], ...]:
        """The rule as conditions that must all hold; one set for each trigger it takes."""
        alternatives = branches(rule)
        if alternatives is None:
            raise _NoTriggerError(f"it would take more than {_MOST_TRIGGERS} triggers")
        found: list[tuple[Triple, ...]] = []
        for branch in alternatives:
            choices = [self._choices(condition) for condition in branch]
            for chosen in product(*choices):
                found.append(tuple(dict.fromkeys(triple for triples in chosen for triple in triples)))
                if len(found) > _MOST_TRIGGERS:
                    raise _NoTriggerError(f"it would take more than {_MOST_TRIGGERS} triggers")
        return tuple(dict.fromkeys(found))

    def _choices(self, condition: Condition) -> tuple[tuple[Triple, ...], ...]:
        """Alternatives, each a set of Zendesk's conditions that must all hold."""
        name, operator = plain(condition.field), condition.operator
        match name:
            case "tags":
                return _tags(condition)
            case "status" | "priority":
                return _ranked(name, condition)
            case "type" if operator in _EQUALITY:
                return _either("type", operator, [_empty_as_blank(v) for v in _folded(condition)])
            case "channel" if operator in _EQUALITY:
                return _either("via_id", operator, [_channel(word) for word in _folded(condition)])
            case _ if name in _ID_FIELDS and operator in _EQUALITY:
                ids = [self._id(name, value) for value in _folded(condition)]
                return _either(_ID_FIELDS[name], operator, ids)
        return self._custom(condition)

    def _custom(self, condition: Condition) -> tuple[tuple[Triple, ...], ...]:
        field = self._vocabulary.find_settable(condition.field)
        operator = condition.operator
        if field is not None and field.type == "tagger":
            name = f"custom_fields_{int(field.id)}"
            if operator in _PRESENCE:
                return (((name, operator.value, ""),),)
            wanted = set(_folded(condition))
            tags = [o.value for o in field.options if {fold_name(o.value), fold_name(o.label)} & wanted]
            if operator in _EQUALITY and tags:
                return _either(name, operator, tags)
        is_tick = operator is Operator.IS and _folded(condition) == ("true",)
        if field is not None and field.type == "checkbox" and is_tick:
            return (((f"custom_fields_{int(field.id)}", "is", "true"),),)
        is_unknown = self._account is None and built_in(condition.field) is None
        hint = "; a mirror would tell what field it is" if is_unknown else ""
        raise _NoTriggerError(f"a trigger cannot ask for {condition.field} as the rule does{hint}")

    def _id(self, name: str, value: str) -> str:
        """The id of what the account calls so; empty for none."""
        if value == "none":
            return ""
        if self._account is None:
            raise _NoTriggerError(f"the id of the {name} '{value}' is not known without a mirror")
        if name == "assignee":
            raise _NoTriggerError("people answer to several names")
        things: Mapping[str, Sequence[Any]] = {
            "group": [group for group in self._account.groups if not group.is_deleted],
            "brand": self._account.brands,
            "form": self._account.forms,
            "custom_status": self._account.custom_statuses,
        }
        ids = [thing.id for thing in things[name] if value in {fold_name(thing.name), str(thing.id)}]
        if len(ids) != 1:
            raise _NoTriggerError(f"the {name} '{value}' is not in the account exactly once")
        return str(ids[0])

    # Actions

    def _actions(self, block: str, compiled: CompiledRule) -> Iterator[tuple[str, str]]:
        if block == "ignore":
            yield "current_tags", IGNORED
            return
        then = compiled.rule.then
        added = [*then.add_tags]
        if block == "assign":
            added += [self._tier_tag(then.tier), ASSIGNED]
            yield "group_id", self._group(compiled.rule)
        if added:
            yield "current_tags", " ".join(added)
        removed = [*then.remove_tags, *(self._other_tiers(then.tier) if block == "assign" else ())]
        if removed:
            yield "remove_tags", " ".join(removed)
        for name in ("priority", "type", "status"):
            if value := getattr(then, name):
                yield name, value
        if then.set_fields and self._account is None:
            raise _NoTriggerError("the ids of the fields it sets are not known without a mirror")
        yield from self._settings(compiled.set_fields)

    def _settings(self, fields: Mapping[FieldId, Any]) -> Iterator[tuple[str, str]]:
        for id, value in fields.items():
            if isinstance(value, tuple):
                raise _NoTriggerError("a trigger cannot set a field of several options as the rule does")
            yield f"custom_fields_{int(id)}", str(value).lower() if isinstance(value, bool) else str(value)

    def _tier_tag(self, key: str | None) -> str:
        return f"{self._compiled.tag_prefix}{key}"

    def _other_tiers(self, key: str | None) -> list[str]:
        return [self._tier_tag(tier.key) for tier in self._compiled.rules.tiers if tier.key != key]

    def _group(self, rule: Rule) -> str:
        tier = self._compiled.rules.tier(rule.then.tier or "")
        assert tier is not None, "compiling refuses an assign rule without a known tier"
        if rule.then.group is None and len(tier.groups) > 1:
            raise _NoTriggerError(f"a ticket that is in one of tier {tier.key}'s groups stays in it")
        id = self._compiled.group_ids.get((rule.then.group or tier.group).casefold())
        if id is None:
            raise _NoTriggerError(f"the id of the group '{rule.then.group or tier.group}' is not known yet")
        return str(int(id))


def _guards(block: str) -> tuple[Triple, ...]:
    words = {"ignore": "", "annotate": IGNORED, "assign": f"{IGNORED} {ASSIGNED}"}[block]
    return (("current_tags", "not_includes", words),) if words else ()


def _are_apart(one: Rule, other: Rule) -> bool:
    """Whether surely no ticket matches both."""
    first, second = branches(one), branches(other)
    if first is None or second is None:
        return False
    return all(is_impossible((*a, *b)) for a in first for b in second)


def _folded(condition: Condition) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fold_name(value) for value in condition.values))


def _either(field: str, operator: Operator, values: Sequence[str]) -> tuple[tuple[Triple, ...], ...]:
    """One of the values, or none of them."""
    triples = [(field, operator.value, value) for value in values]
    return (tuple(triples),) if operator is Operator.IS_NOT else tuple((triple,) for triple in triples)


def _tags(condition: Condition) -> tuple[tuple[Triple, ...], ...]:
    words = [str(value) for value in condition.values]
    if any(word != word.casefold() for word in words):
        raise _NoTriggerError("tags are written in lower case")
    match condition.operator:
        case Operator.INCLUDES:
            return ((("current_tags", "includes", " ".join(words)),),)
        case Operator.EXCLUDES:
            return ((("current_tags", "not_includes", " ".join(words)),),)
        case Operator.INCLUDES_ALL:
            return (tuple(("current_tags", "includes", word) for word in words),)
    raise _NoTriggerError("a trigger cannot ask whether there are tags at all")


def _ranked(name: str, condition: Condition) -> tuple[tuple[Triple, ...], ...]:
    order = [*(STATUS_ORDER if name == "status" else PRIORITY_ORDER)]
    operator, words = condition.operator, _folded(condition)
    if operator in _EQUALITY:
        return _either(name, operator, [_empty_as_blank(word) for word in words])
    if operator in _PRESENCE:
        raise _NoTriggerError(f"a trigger cannot ask whether there is a {name}")
    rank = order.index(words[0])
    if operator in (Operator.AT_MOST, Operator.LESS_THAN) and name == "priority":
        raise _NoTriggerError("Zendesk does not say how an empty priority compares")
    match operator:
        case Operator.LESS_THAN:
            return (((name, "less_than", words[0]),),)
        case Operator.AT_MOST:
            return (((name, "less_than", order[rank + 1]),),) if rank + 1 < len(order) else ((),)
        case Operator.AT_LEAST if rank == 0:
            return ((),)
        case Operator.AT_LEAST:
            rank -= 1
    above = "" if order[rank] == "none" else order[rank]
    return (((name, "greater_than", above),),) if above else ((("priority", "is_not", ""),),)


def _empty_as_blank(word: str) -> str:
    return "" if word == "none" else word


def _channel(word: str) -> str:
    for id, name in CHANNELS.items():
        if name == word and id.isdigit():
            return id
    raise _NoTriggerError(f"the number of the channel '{word}' is not known")
