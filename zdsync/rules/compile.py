"""Rules against one account: names become ids, conditions become predicates; unknown names fail here, before any write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from zdsync.account import Account
from zdsync.errors import Problem, RuleError
from zdsync.facts import Facts
from zdsync.journey import Ladder
from zdsync.model import GroupId
from zdsync.rules.calendars import CalendarBook
from zdsync.rules.clues import clue
from zdsync.rules.compiled import (
    CompiledCondition,
    CompiledGate,
    CompiledMove,
    CompiledRule,
    CompiledRules,
    Shortlist,
    all_and_any,
    no_words,
)
from zdsync.rules.fields import Field, misfits
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.gates import collected_of, missing_of, things_asked
from zdsync.rules.model import (
    AnyCondition,
    Condition,
    GateRule,
    MoveRule,
    NamedCondition,
    Operator,
    Position,
    Rule,
    RuleSet,
    Tier,
)
from zdsync.rules.predicates import (
    found_words,
    predicate,
    within,
)
from zdsync.rules.settings import set_fields
from zdsync.rules.shortlist import shortlister
from zdsync.rules.soundness import find_faults
from zdsync.rules.vocabulary import Vocabulary, plain

_MOST_HINTS = 100
"""So many faults are told with the nearest name, which takes a search each."""
_WAY = frozenset({"tier", "previous_tier", "moves", "group_stations", "in_business_hours"})


def compile_rules(rules: RuleSet, account: Account | None, *, tag_prefix: str, today: date) -> CompiledRules:
    """Bind `rules` to `account`; raises RuleError with every problem.

    Without an account the names of custom fields, groups and the like are not checked, and a condition on a field
    that only an account can know reads it as missing. Groups that tiers and `sensitive_groups` name may be new:
    a plan creates them; one that was renamed is followed by its id. Without an account its schedules are taken on
    trust, and are always open. `today` tells which rules are past their `until`.
    """
    groups = (*(name for tier in rules.tiers for name in tier.groups), *rules.sensitive_groups)
    account = account.calling(groups) if account else None
    problems: list[Problem] = []
    book = CalendarBook(rules, account, problems)
    vocabulary = Vocabulary(account, groups, [tier.key for tier in rules.tiers], rules.external)
    binder = _Binder(rules, vocabulary, book, problems, is_offline=account is None)
    bound = {
        block: tuple(binder.rule(rule) for rule in block_rules)
        for block, block_rules in (
            ("ignore", rules.ignore),
            ("assign", rules.assign),
            ("annotate", rules.annotate),
        )
    }
    gates = tuple(binder.gate(rule) for rule in rules.require)
    escalate, deescalate = (
        tuple(binder.move(rule) for rule in moves) for moves in (rules.escalate, rules.deescalate)
    )
    for named in rules.conditions.values():
        binder.condition(named)
    problems += find_faults(rules, tag_prefix=tag_prefix, today=today)
    if problems:
        raise RuleError(tuple(sorted(set(problems))))
    ids = {g.name.casefold(): g.id for g in account.groups if not g.is_deleted} if account else {}
    tiers_of_group = _tiers_of_group(rules.tiers, ids)
    private = tuple(rule for rule in bound["assign"] if rule.rule.then.private_only)
    return CompiledRules(
        rules=rules,
        ignore=bound["ignore"],
        assign=bound["assign"],
        private=private,
        annotate=bound["annotate"],
        require=gates,
        escalate=escalate,
        deescalate=deescalate,
        group_ids=ids,
        tiers_of_group=tiers_of_group,
        tag_prefix=tag_prefix,
        asks_business_hours=any(
            plain(one.field) == "in_business_hours" for one in rules.written_conditions()
        ),
        asks_way=any(plain(one.field) in _WAY for one in rules.written_conditions()),
        ladder=Ladder(
            tag_prefix=tag_prefix,
            keys=tuple(tier.key for tier in rules.tiers),
            tiers_of_group={
                group: tuple(tier.key for tier in tiers) for group, tiers in tiers_of_group.items()
            },
            sensitive=frozenset(
                ids[name.casefold()] for name in rules.sensitive_groups if name.casefold() in ids
            ),
            calendars={
                tier.key: book.calendars[tier.calendar] for tier in rules.tiers if tier.calendar is not None
            },
        ),
        shortlist=shortlister(Shortlist(bound["ignore"], private, bound["assign"], bound["annotate"])),
        calendars=book.calendars,
    )


def _tiers_of_group(tiers: Sequence[Tier], ids: Mapping[str, GroupId]) -> dict[GroupId, tuple[Tier, ...]]:
    """The tiers each group belongs to, in the order of the ladder on the page."""
    found: dict[GroupId, tuple[Tier, ...]] = {}
    for tier in tiers:
        for name in tier.groups:
            id = ids.get(name.casefold())
            if id is not None and tier not in found.get(id, ()):
                found[id] = (*found.get(id, ()), tier)
    return found


class _Binder:
    """Compiles rules with one vocabulary, gathering problems; what has a problem never matches."""

    def __init__(
        self,
        rules: RuleSet,
        vocabulary: Vocabulary,
        book: CalendarBook,
        problems: list[Problem],
        *,
        is_offline: bool,
    ) -> None:
        self._rules = rules
        self._problems = problems
        self._book = book
        self._vocabulary = vocabulary
        self._is_offline = is_offline
        self._named: dict[str, CompiledCondition] = {}

    def rule(self, rule: Rule) -> CompiledRule:
        everything, either = self._conditions(rule.all), self._conditions(rule.any)
        fields, problems = set_fields(rule.then, self._vocabulary, is_offline=self._is_offline)
        self._problems.extend(problems)
        tier = self._rules.tier(rule.then.tier) if rule.then.tier is not None else None
        return CompiledRule(rule, all_and_any(everything, either), everything, either, fields, tier)

    def move(self, rule: MoveRule) -> CompiledMove:
        one = self.rule(rule)
        return CompiledMove(rule, one.matches, one.all, one.any, one.set_fields)

    def gate(self, rule: GateRule) -> CompiledGate:
        one = self.rule(rule)
        at = rule.marks.get("fields", rule.at)
        fields = [field for name in rule.fields if (field := self._field(name, at)) is not None]
        asked = things_asked(rule, fields)
        return CompiledGate(
            rule,
            one.matches,
            one.all,
            one.any,
            unless=self._conditions(rule.unless),
            missing=missing_of(asked),
            collected=collected_of(asked),
        )

    def condition(self, condition: AnyCondition) -> CompiledCondition:
        if isinstance(condition, NamedCondition):
            return self._named_condition(condition)
        field = self._field(condition.field, condition.at)
        faults = misfits(field, condition) if field else ()
        for check, message in faults:
            self._problems.append(problem(check, condition.at, message))
        if field is None or faults:
            return CompiledCondition(condition, lambda _: False, lambda _: None)
        if condition.operator is Operator.WITHIN:
            calendars = [self._book.find(str(name), condition.at) for name in condition.values]
            return CompiledCondition(condition, within(field, calendars), field.show, price=1)
        return CompiledCondition(
            condition,
            predicate(field, condition),
            field.show,
            _finder(field, condition),
            price=_price(field, condition),
            clue=clue(field, condition),
        )

    def _named_condition(self, named: NamedCondition) -> CompiledCondition:
        known = self._named.get(named.name)
        if known is None:
            everything, either = self._conditions(named.all), self._conditions(named.any)
            holds = all_and_any(everything, either)
            price = sum(part.price for part in (*everything, *either))
            known = CompiledCondition(named, holds, holds, no_words, everything, either, price)
            self._named[named.name] = known
        return known

    def _conditions(self, conditions: Sequence[AnyCondition]) -> tuple[CompiledCondition, ...]:
        return tuple(self.condition(condition) for condition in conditions)

    def _field(self, name: str, at: Position) -> Field | None:
        found = self._vocabulary.find(name)
        if found is not None:
            return found
        if self._vocabulary.is_ambiguous(name):
            message = f"several ticket fields are called '{name[:80]}'; use the field's key or id"
        else:
            hint = self._hint(name) if len(self._problems) < _MOST_HINTS else ""
            message = f"unknown field '{name[:80]}'{hint}"
        self._problems.append(problem(Check.UNKNOWN_FIELD, at, message))
        return None

    def _hint(self, name: str) -> str:
        """The nearest field, or else some of the same record or table."""
        names = self._vocabulary.names()
        record, dot, _ = plain(name).partition(".")
        alike = [known for known in names if known.startswith(f"{record}.")] if dot else []
        return nearest(name, names) or (f"; known: {quoted(alike[:12])}" if alike else "")


def _finder(field: Field, condition: Condition) -> Callable[[Facts], tuple[str, ...]]:
    return lambda facts: found_words(field, condition, facts)


def _price(field: Field, condition: Condition) -> int:
    """One for a value that is there, more for each word to look for in a text."""
    is_search = field.words is not None and condition.operator is not Operator.DETECTS
    return 10 + len(condition.values) if is_search else 1
