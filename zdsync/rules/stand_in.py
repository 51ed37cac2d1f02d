"""An account as far as rules and cases name it, for deciding tickets that nobody has mirrored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from zdsync.account import Account, FieldOption, Group, Named, RecordField, TicketField
from zdsync.model import FieldId, GroupId, User, UserId
from zdsync.rules.calendars import open_schedule, schedule_names
from zdsync.rules.cases import Given, RuleCase
from zdsync.rules.fields import COMPARISONS, fold_name, to_number
from zdsync.rules.model import Operator, RuleSet
from zdsync.rules.tree import Value
from zdsync.rules.vocabulary import built_in, plain

_FIRST_ID = 8_000_000_000_000_000
"""Above every id that Zendesk has given so far, below what JSON numbers hold exactly."""
_OF_TEXT = frozenset(
    {
        Operator.CONTAINS,
        Operator.CONTAINS_PHRASE,
        Operator.EXCLUDES_WORDS,
        Operator.STARTS_WITH,
        Operator.MATCHES,
    }
)
_OF_MANY = frozenset({Operator.INCLUDES, Operator.EXCLUDES, Operator.INCLUDES_ALL})
TAG_CHANGES = ("add_tags", "remove_tags")
"""What `changes:` of a case calls steps of tags, as `then:` of a rule does."""

Asks = Mapping[str, Sequence[tuple[Operator, tuple[Value, ...]]]]
"""By field: how rules ask for it, and the values that rules and cases have for it."""


def account_for_cases(account: Account | None, rules: RuleSet, cases: Sequence[RuleCase]) -> Account:
    """The mirrored account with the groups that a plan would create; without one, whatever rules and cases name.

    A field that only an account could describe is taken for what the operators on it need: a text, a number, a date,
    a checkbox, several options, or else one option. A ticket field's title is its name in words: `app_version` is
    called App version.
    """
    ids = count(_FIRST_ID)
    asks = _asks(rules, cases)
    known = account if account is not None else _imagined(asks, schedule_names(rules), ids)
    wanted = (*(name for tier in rules.tiers for name in tier.groups), *rules.sensitive_groups)
    named = () if account is not None else _values(asks, "group")
    missing: dict[str, str] = {}
    for name in (*wanted, *named):
        if known.group_named(name) is None and fold_name(name) != "none":
            missing.setdefault(name.casefold(), name)
    new = (Group(GroupId(next(ids)), name) for name in missing.values())
    return replace(known, groups=(*known.groups, *new))


def _asks(rules: RuleSet, cases: Iterable[RuleCase]) -> Asks:
    asks: defaultdict[str, list[tuple[Operator, tuple[Value, ...]]]] = defaultdict(list)
    for condition in rules.written_conditions():
        asks[plain(condition.field)].append((condition.operator, condition.values))
    for gate in rules.require:
        for name in gate.fields:
            asks[plain(name)].append((Operator.PRESENT, ()))
    for name, value in _given(rules, cases):
        values = tuple(value) if isinstance(value, list | tuple) else (value,)
        operator = Operator.INCLUDES if isinstance(value, list | tuple) else Operator.IS
        asks[plain(name)].append((operator, tuple(one for one in values if one is not None)))
    return asks


def _given(rules: RuleSet, cases: Iterable[RuleCase]) -> Iterator[tuple[str, object]]:
    for rule in rules.rules:
        yield from rule.then.set_fields.items()
    for case in cases:
        yield from case.ticket.items()
        for event in case.history:
            yield from ((name, value) for name, value in event.changes.items() if name not in TAG_CHANGES)
        yield from _of_record("requester", case.requester)
        yield from _of_record("organization", case.organization)


def _of_record(record: str, given: Given) -> Iterator[tuple[str, object]]:
    for name, value in given.items():
        yield f"{record}.{name}", value


def _imagined(asks: Asks, schedules: Iterable[str], ids: Iterator[int]) -> Account:
    fields: list[TicketField] = []
    records: dict[str, list[RecordField]] = {"requester": [], "organization": []}
    for name in asks:
        record, dot, key = name.partition(".")
        if built_in(name) is not None or (dot and record not in records):
            continue
        type, options = _described(asks[name])
        if dot:
            records[record].append(RecordField(key, key, type, options))
        else:
            title = name.replace("_", " ").capitalize()
            fields.append(TicketField(FieldId(next(ids)), title, type, options=options))
    return Account(
        ticket_fields=tuple(fields),
        user_fields=tuple(records["requester"]),
        organization_fields=tuple(records["organization"]),
        brands=tuple(Named(next(ids), name) for name in _values(asks, "brand")),
        forms=tuple(Named(next(ids), name) for name in _values(asks, "form")),
        schedules=tuple(open_schedule(next(ids), name) for name in schedules),
        custom_statuses=tuple(Named(next(ids), name) for name in _values(asks, "custom_status")),
        staff={
            user.id: user
            for user in (
                User(UserId(next(ids)), name, email=name, role="agent") for name in _values(asks, "assignee")
            )
        },
    )


def _values(asks: Asks, field: str) -> tuple[str, ...]:
    """Every value that is asked or given for a field, each once; `none` is no value."""
    found = {fold_name(value): str(value) for _, values in asks.get(field, ()) for value in values}
    found.pop("none", None)
    return tuple(found.values())


def _described(asked: Sequence[tuple[Operator, tuple[Value, ...]]]) -> tuple[str, tuple[FieldOption, ...]]:
    """The type that a field must have for all of this to make sense, and its options."""
    operators = {operator for operator, _ in asked}
    values = [value for _, many in asked for value in many]
    if operators & _OF_TEXT:
        return "text", ()
    if operators & COMPARISONS:
        return ("decimal" if all(to_number(value) is not None for value in values) else "date"), ()
    if values and all(isinstance(value, bool) for value in values):
        return "checkbox", ()
    options = {fold_name(value): FieldOption(str(value), str(value)) for value in values}
    return ("multiselect" if operators & _OF_MANY else "tagger"), tuple(options.values())
