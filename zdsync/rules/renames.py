"""What rules call by a name of before: which ids the names of a rule set mean, and where a name has to be changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zdsync.account import Account
from zdsync.errors import Problem
from zdsync.model import FieldId
from zdsync.rules.fields import fold_name
from zdsync.rules.findings import Check, problem
from zdsync.rules.former import THINGS, former_fields, former_options, former_things, things_of
from zdsync.rules.layout import conditions_of, leaves_of, rules_of, spelled_word, under
from zdsync.rules.model import Position, RuleSet
from zdsync.rules.reader import Kind
from zdsync.rules.vocabulary import Vocabulary, plain
from zdsync.rules.yaml_text import Node, read_nodes


def meant_ids(rules: RuleSet, account: Account) -> dict[tuple[str, str], int]:
    """The ids of what conditions, gates and `set_fields` name, by kind and name, as `Account.known` keeps them."""
    found: dict[tuple[str, str], int] = {}
    vocabulary = Vocabulary(account)
    ids = {kind: {fold_name(name): id for id, name in things_of(account, kind).items()} for kind in THINGS}
    for name, values in _asked(rules):
        words = {fold_name(value) for value in values}
        if (kind := plain(name)) in ids:
            found |= {(kind, word): id for word, id in ids[kind].items() if word in words}
            continue
        field = vocabulary.find_settable(name)
        if field is not None and not name.isdecimal():
            found["field", plain(name)] = int(field.id)
        for option in field.options if field is not None else ():
            for word in words & {fold_name(option.value), fold_name(option.label)}:
                if field is not None and option.id is not None:
                    found["option", f"{int(field.id)}:{word}"] = option.id
    return found


def _asked(rules: RuleSet) -> Iterator[tuple[str, tuple[object, ...]]]:
    for condition in rules.written_conditions():
        yield condition.field, condition.values
    for gate in rules.require:
        yield from ((name, ()) for name in gate.fields)
    for rule in rules.rules:
        for name, value in rule.then.set_fields.items():
            yield name, value if isinstance(value, tuple) else (value,)


@dataclass(frozen=True, slots=True)
class Rename:
    """A name in a rule file, from `start` up to `end`, that is `new` by now."""

    at: Position
    start: int
    end: int
    what: str
    old: str
    new: str


def rename_problems(rules: RuleSet, account: Account) -> Iterator[Problem]:
    """A warning for each name of before, where it stands."""
    for _, renames in find_renames(rules, account):
        for each in renames:
            message = f"the {each.what} '{each.old}' is called '{each.new}' by now; it is still meant, and `zdsync rules fmt --renamed` writes the new name"
            yield problem(Check.RENAMED, each.at, message, is_warning=True)


def rename_all(text: str, renames: tuple[Rename, ...]) -> str:
    """The text with the names of now."""
    for each in sorted(renames, key=lambda one: one.start, reverse=True):
        text = text[: each.start] + spelled_word(each.new) + text[each.end :]
    return text


def find_renames(rules: RuleSet, account: Account) -> tuple[tuple[str, tuple[Rename, ...]], ...]:
    """For each rule file its names of before, in the order in which they stand."""
    finder = _Finder(account)
    if not finder.knows_any:
        return ()
    roots = [(name, text, root) for name, text in rules.sources if (root := read_nodes(text)) is not None]
    named = [[*finder.find(root)] for _, _, root in roots]
    return tuple(
        (name, _located(name, text, [*found, *finder.in_lists(root)]))
        for found, (name, text, root) in zip(named, roots, strict=True)
    )


_Found = tuple[Node, str, str]
"""A scalar, what it names, and the name of now."""


def _located(file: str, text: str, found: list[_Found]) -> tuple[Rename, ...]:
    renames = []
    for node, what, new in sorted(found, key=lambda one: one[0].start):
        line = text.count("\n", 0, node.start) + 1
        at = Position(file, line, node.column + 1)
        renames.append(Rename(at, node.start, node.end, what, node.text, new))
    return tuple(renames)


class _Finder:
    """Walks rule files; remembers which lists hold names of which kind, since these stand elsewhere."""

    def __init__(self, account: Account) -> None:
        self._vocabulary = Vocabulary(account)
        self._fields = former_fields(account, plain)
        self._titles = {field.id: field.title for field in account.ticket_fields}
        self._options: dict[FieldId, tuple[str, Mapping[str, str]]] = {
            field.id: (
                f"option of '{field.title}'",
                {name: option.label for name, option in former_options(account, field).items()},
            )
            for field in account.ticket_fields
        }
        self._things: dict[str, tuple[str, Mapping[str, str]]] = {
            kind: (
                kind.replace("_", " "),
                {name: things_of(account, kind)[id] for name, id in former.items()},
            )
            for kind, former in former_things(account).items()
        }
        self._lists: dict[str, tuple[str, Mapping[str, str]]] = {}

    @property
    def knows_any(self) -> bool:
        """Whether anything was renamed at all."""
        kinds = (*self._things.values(), *self._options.values())
        return bool(self._fields) or any(names for _, names in kinds)

    def find(self, root: Node) -> Iterator[_Found]:
        for condition in conditions_of(root):
            if len(condition.pairs) == 1:
                ((key, spec),) = condition.pairs
                yield from self._field(key)
                yield from self._values(key, spec)
        for rule in rules_of(root):
            yield from self._parts(rule)
        for _, tier in under(root, "tiers"):
            for key, value in tier.pairs:
                if key.text in {"group", "groups"}:
                    yield from self._renamed(value, *self._things["group"])
        for key, value in root.pairs:
            if key.text == "sensitive_groups":
                yield from self._renamed(value, *self._things["group"])

    def in_lists(self, root: Node) -> Iterator[_Found]:
        """Names in lists that conditions found before refer to."""
        for key, value in under(root, "lists"):
            if key.text in self._lists:
                yield from self._renamed(value, *self._lists[key.text])

    def _parts(self, rule: Node) -> Iterator[_Found]:
        """What the rule names besides its conditions: in its outcome, and in the fields that a gate asks for."""
        for key, value in rule.pairs:
            if key.text == "then":
                yield from self._outcome(value)
            elif key.text == "fields":
                for name in leaves_of(value):
                    yield from self._field(name)

    def _outcome(self, then: Node) -> Iterator[_Found]:
        for key, value in then.pairs:
            if key.text == "group":
                yield from self._renamed(value, *self._things["group"])
            for name, wanted in value.pairs if key.text == "set_fields" else ():
                yield from self._field(name)
                yield from self._values(name, wanted)

    def _field(self, key: Node) -> Iterator[_Found]:
        id = self._fields.get(plain(key.text))
        if id is not None:
            yield key, "field", self._titles[id]

    def _values(self, key: Node, spec: Node) -> Iterator[_Found]:
        what, names = self._names_of(key.text)
        if names:
            given = [value for _, value in spec.pairs] if spec.kind is Kind.MAPPING else [spec]
            for value in given:
                yield from self._renamed(value, what, names)

    def _names_of(self, name: str) -> tuple[str, Mapping[str, str]]:
        """What a field's values are called, and those that are called otherwise by now."""
        if plain(name) in self._things:
            return self._things[plain(name)]
        field = self._vocabulary.find_settable(name)
        return self._options[field.id] if field else ("", {})

    def _renamed(self, value: Node, what: str, names: Mapping[str, str]) -> Iterator[_Found]:
        for leaf in leaves_of(value):
            if leaf.text.startswith("$"):
                self._lists.setdefault(leaf.text[1:], (what, names))
            elif (new := names.get(fold_name(leaf.text))) is not None:
                yield leaf, what, new
