"""Rules against one account: names become ids, conditions become predicates; unknown names fail here, before any write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter, itemgetter

from zdsync.errors import Problem, RuleError
from zdsync.facts import Facts
from zdsync.model import Account, FieldId, FieldValue, GroupId
from zdsync.rules.fields import Field, misfits
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.model import AnyCondition, Condition, NamedCondition, Operator, Rule, RuleSet, Tier
from zdsync.rules.predicates import Predicate, conjunction, disjunction, found_words, predicate
from zdsync.rules.settings import set_fields
from zdsync.rules.soundness import find_faults
from zdsync.rules.vocabulary import Vocabulary, plain

_MOST_HINTS = 100
"""So many faults are told with the nearest name, which takes a search each."""
_NO_WORDS: Callable[[Facts], tuple[str, ...]] = lambda _: ()  # noqa: E731 - a constant function


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A condition with its predicate; `actual` reads the value it looks at, for explanations.

    `found` tells which of the condition's words stand in the text. A named condition has its parts in `all` and `any`.
    `price` ranks what asking costs: matching asks the cheap ones first, which changes no answer.
    """

    condition: AnyCondition
    holds: Predicate
    actual: Callable[[Facts], object]
    found: Callable[[Facts], tuple[str, ...]] = _NO_WORDS
    all: tuple[CompiledCondition, ...] = ()
    any: tuple[CompiledCondition, ...] = ()
    price: int = 0


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to be asked; `matches` answers, `all` and `any` allow it to be traced."""

    rule: Rule
    matches: Predicate
    all: tuple[CompiledCondition, ...]
    any: tuple[CompiledCondition, ...]
    set_fields: Mapping[FieldId, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """A rule set bound to an account. Group names are case folded; a group that is yet to be created has no id."""

    rules: RuleSet
    ignore: tuple[CompiledRule, ...]
    assign: tuple[CompiledRule, ...]
    annotate: tuple[CompiledRule, ...]
    group_ids: Mapping[str, GroupId]
    tiers_of_group: Mapping[GroupId, tuple[Tier, ...]]
    tag_prefix: str

    def tier_tag(self, tier: Tier) -> str:
        return f"{self.tag_prefix}{tier.key}"


def compile_rules(rules: RuleSet, account: Account | None, *, tag_prefix: str, today: date) -> CompiledRules:
    """Bind `rules` to `account`; raises RuleError with every problem.

    Without an account the names of custom fields, groups and the like are not checked, and a condition on a field
    that only an account can know reads it as missing. Groups that tiers and `sensitive_groups` name may be new:
    a plan creates them; one that was renamed is followed by its id. `today` tells which rules are past their `until`.
    """
    groups = (*(name for tier in rules.tiers for name in tier.groups), *rules.sensitive_groups)
    account = account.calling(groups) if account else None
    binder = _Binder(Vocabulary(account, groups, rules.external), is_offline=account is None)
    bound = {
        block: tuple(binder.rule(rule) for rule in block_rules)
        for block, block_rules in (
            ("ignore", rules.ignore),
            ("assign", rules.assign),
            ("annotate", rules.annotate),
        )
    }
    for named in rules.conditions.values():
        binder.condition(named)
    problems = (*find_faults(rules, tag_prefix=tag_prefix, today=today), *binder.problems)
    if problems:
        raise RuleError(tuple(sorted(set(problems))))
    ids = {g.name.casefold(): g.id for g in account.groups if not g.is_deleted} if account else {}
    return CompiledRules(
        rules=rules,
        ignore=bound["ignore"],
        assign=bound["assign"],
        annotate=bound["annotate"],
        group_ids=ids,
        tiers_of_group=_tiers_of_group(rules.tiers, ids),
        tag_prefix=tag_prefix,
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

    def __init__(self, vocabulary: Vocabulary, *, is_offline: bool) -> None:
        self.problems: list[Problem] = []
        self._vocabulary = vocabulary
        self._is_offline = is_offline
        self._named: dict[str, CompiledCondition] = {}

    def rule(self, rule: Rule) -> CompiledRule:
        everything, either = self._conditions(rule.all), self._conditions(rule.any)
        fields, problems = set_fields(rule.then, self._vocabulary, is_offline=self._is_offline)
        self.problems.extend(problems)
        return CompiledRule(rule, _all_and_any(everything, either), everything, either, fields)

    def condition(self, condition: AnyCondition) -> CompiledCondition:
        if isinstance(condition, NamedCondition):
            return self._named_condition(condition)
        field = self._field(condition)
        faults = misfits(field, condition) if field else ()
        for check, message in faults:
            self.problems.append(problem(check, condition.at, message))
        if field is None or faults:
            return CompiledCondition(condition, lambda _: False, lambda _: None)
        holds, finder = predicate(field, condition), _finder(field, condition)
        return CompiledCondition(condition, holds, field.show, finder, price=_price(field, condition))

    def _named_condition(self, named: NamedCondition) -> CompiledCondition:
        known = self._named.get(named.name)
        if known is None:
            everything, either = self._conditions(named.all), self._conditions(named.any)
            holds = _all_and_any(everything, either)
            price = sum(part.price for part in (*everything, *either))
            known = CompiledCondition(named, holds, holds, _NO_WORDS, everything, either, price)
            self._named[named.name] = known
        return known

    def _conditions(self, conditions: Sequence[AnyCondition]) -> tuple[CompiledCondition, ...]:
        return tuple(self.condition(condition) for condition in conditions)

    def _field(self, condition: Condition) -> Field | None:
        name = condition.field
        found = self._vocabulary.find(name)
        if found is not None:
            return found
        if self._vocabulary.is_ambiguous(name):
            message = f"several ticket fields are called '{name[:80]}'; use the field's key or id"
        else:
            hint = self._hint(name) if len(self.problems) < _MOST_HINTS else ""
            message = f"unknown field '{name[:80]}'{hint}"
        self.problems.append(problem(Check.UNKNOWN_FIELD, condition.at, message))
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


def _all_and_any(everything: Sequence[CompiledCondition], either: Sequence[CompiledCondition]) -> Predicate:
    parts = [(one.price, one.holds) for one in everything]
    if either:
        cheap_first = sorted(either, key=_price_of)
        parts.append((sum(map(_price_of, either)), disjunction([one.holds for one in cheap_first])))
    return conjunction([holds for _, holds in sorted(parts, key=itemgetter(0))])


_price_of: Callable[[CompiledCondition], int] = attrgetter("price")
