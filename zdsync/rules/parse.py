"""Rule files as text become a RuleSet, or every fault in them with its line; the room of YAML and pydantic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from zdsync.errors import Problem
from zdsync.rules.assemble import assemble, read_mode
from zdsync.rules.findings import Check, nearest, problem, quoted
from zdsync.rules.model import Position, RuleSet
from zdsync.rules.reader import Kind, Reader, StoppedError, Token, decode
from zdsync.rules.tree import Path, Tree
from zdsync.rules.unsupported import strip_unsupported

_FROM_FILES = " from the rule files"
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_KINDS = {
    yaml.DocumentStartEvent: Kind.DOCUMENT,
    yaml.MappingStartEvent: Kind.MAPPING,
    yaml.SequenceStartEvent: Kind.SEQUENCE,
    yaml.ScalarEvent: Kind.SCALAR,
    yaml.AliasEvent: Kind.ALIAS,
    yaml.MappingEndEvent: Kind.END,
    yaml.SequenceEndEvent: Kind.END,
}


def parse_files(files: Sequence[tuple[str, str | bytes]]) -> tuple[RuleSet | None, tuple[Problem, ...]]:
    """The rule set that these files (name, content) make together, or None and every problem found.

    Files are read in the order given; a top-level key may be in one file only. Time and memory are bounded by
    the size of the input, which may not pass 1 MB a file.
    """
    problems: list[Problem] = []
    tree = Tree()
    sources = []
    for name, content in files:
        text = decode(name, content, problems)
        if text is not None:
            sources.append((name, text))
            _merge(tree, name, text, problems)
    tree.values[()] = Position(files[0][0] if files else "", 1, 1)
    is_whole = not problems
    strip_unsupported(tree, problems)
    document = _check_shape(tree, problems)
    rules = assemble(tree, document, tuple(sources), problems)
    told = problems if is_whole else [fault for fault in problems if not _may_be_elsewhere(fault)]
    return rules, tuple(sorted(set(told)))


def _may_be_elsewhere(fault: Problem) -> bool:
    """Whether what is missed may stand in a part that could not be read."""
    return fault.id == Check.UNKNOWN_NAME or fault.message.endswith(_FROM_FILES)


# YAML: a text becomes tokens with their places.


def _merge(tree: Tree, name: str, text: str, problems: list[Problem]) -> None:
    try:
        Reader(name, tree, problems).read(_tokens(text))
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        at = Position(name, mark.line + 1, mark.column + 1) if mark else Position(name, 1, 1)
        problems.append(problem(Check.BROKEN_YAML, at, _in_words(err)))
    except StoppedError:
        pass


def _tokens(text: str) -> Iterator[Token]:
    events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
    for event in events:
        kind = _KINDS.get(type(event))
        if kind is None:
            continue
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        has_anchor = bool(getattr(event, "anchor", None))
        has_tag = getattr(event, "tag", None) not in (None, "!")
        if kind is Kind.SCALAR:
            yield Token(kind, line, column, event.value, event.implicit[0], has_anchor, has_tag)
        else:
            yield Token(kind, line, column, has_anchor=has_anchor, has_tag=has_tag)


def _in_words(err: yaml.MarkedYAMLError) -> str:
    found = err.problem or "this is not YAML"
    if "\\t" in found or "tab" in found:
        return "a tab cannot indent YAML; use spaces"
    return f"this is not YAML: {found}" + (f" ({err.context})" if err.context else "")


# Shape: which keys there are and what kind of value each takes.


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _mode(value: object) -> object:
    if read_mode(str(value)) is None:
        message = "must be live, shadow, or a share such as 10%"
        raise ValueError(message)
    return str(value)


def _day(value: object) -> object:
    try:
        return date.fromisoformat(str(value))
    except ValueError as err:
        message = "must be a date such as 2026-12-31"
        raise ValueError(message) from err


def _tag(value: str) -> str:
    if value != value.casefold() or re.search(r"[\s,\"]", value):
        message = f"'{value}' cannot be a tag: tags are lower case without spaces"
        raise ValueError(message)
    return value


def _scalars(value: object) -> object:
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, str | int | float | bool) for item in items):
        message = "must be a value or a list of values"
        raise ValueError(message)
    return items


def _settings(value: object) -> object:
    if not isinstance(value, dict) or not value:
        message = "must be a block such as {Field title: value}"
        raise ValueError(message)
    for item in value.values():
        _scalars(item)
    return value


def _named(value: object) -> object:
    return {"all": value} if isinstance(value, list) else value


Text = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=10_000)]
Texts = Annotated[list[Text], BeforeValidator(_as_list)]
Tag = Annotated[Text, AfterValidator(_tag)]
Tags = Annotated[list[Tag], BeforeValidator(_as_list)]
Conditions = Annotated[list[Any], Field(min_length=1)]
Scalars = Annotated[Any, BeforeValidator(_scalars)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ActionShape(_Shape):
    """`then:` of a rule."""

    tier: Text | None = None
    group: Text | None = None
    priority: Literal["low", "normal", "high", "urgent"] | None = None
    type: Literal["question", "incident", "problem", "task"] | None = None
    status: Text | None = None
    add_tags: Tags = []
    remove_tags: Tags = []
    set_fields: Annotated[Any, BeforeValidator(_settings)] = {}
    note: Text | None = None
    private_only: bool = False


class IgnoreShape(_Shape):
    """A rule of `ignore`."""

    id: Annotated[Text, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    why: Text
    all: Conditions = []
    any: Conditions = []
    owner: Text = ""
    mode: Annotated[str, BeforeValidator(_mode)] = "live"
    enabled: bool = True
    until: Annotated[date | None, BeforeValidator(_day)] = None


class RuleShape(IgnoreShape):
    """A rule of `assign` or `annotate`."""

    then: ActionShape


class TierShape(_Shape):
    """A rung under `tiers:`."""

    name: Text
    group: Text
    groups: Texts = []
    view: Text | None = None
    scope: Text = ""


class NamedShape(_Shape):
    """A named condition."""

    all: Conditions = []
    any: Conditions = []


class RulesShape(_Shape):
    """All rule files together."""

    version: Literal[1]
    owner: Text = ""
    own_tags: Tags = []
    sensitive_groups: Texts = []
    lists: dict[str, Scalars] = {}
    conditions: dict[str, Annotated[NamedShape, BeforeValidator(_named)]] = {}
    tiers: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")], TierShape], Field(min_length=1)
    ]
    ignore: list[IgnoreShape] = []
    assign: Annotated[list[RuleShape], Field(min_length=1)]
    annotate: list[RuleShape] = []


def _check_shape(tree: Tree, problems: list[Problem]) -> dict[str, Any] | None:
    """The document with defaults filled in, or None when its shape is wrong."""
    try:
        return RulesShape.model_validate(tree.root).model_dump()
    except ValidationError as err:
        problems.extend(_told(tree, dict(fault)) for fault in err.errors(include_url=False))
        return None


def _told(tree: Tree, fault: dict[str, Any]) -> Problem:
    path: Path = tuple(part for part in fault["loc"] if part != "[key]")
    key = str(path[-1]) if path else ""
    match fault["type"]:
        case "extra_forbidden":
            known = _keys_at(path[:-1])
            hint = nearest(key, known) or f"; known here: {quoted(known)}"
            return problem(Check.UNKNOWN_KEY, tree.where_key(path), f"unknown key '{key[:80]}'{hint}")
        case "missing":
            place = "" if path[:-1] else _FROM_FILES
            return problem(Check.MISSING_KEY, tree.where(path[:-1]), f"`{key}:` is missing{place}")
        case _:
            field = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
            return problem(Check.WRONG_VALUE, tree.where(path), f"'{field[:80]}' {_rule_for(fault)}")


def _keys_at(path: Path) -> tuple[str, ...]:
    """The keys that the block at `path` knows."""
    match path:
        case ():
            shape: type[BaseModel] = RulesShape
        case (*_, "then"):
            shape = ActionShape
        case ("tiers", _):
            shape = TierShape
        case ("conditions", _):
            shape = NamedShape
        case ("ignore", _):
            shape = IgnoreShape
        case _:
            shape = RuleShape
    return tuple(shape.model_fields)


_MUST = {
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long",
    "list_type": "must be a list",
    "too_short": "must not be empty",
    "dict_type": "must be a block of keys",
    "model_type": "must be a block of keys",
    "model_attributes_type": "must be a block of keys",
    "bool_type": "must be true or false",
}


def _rule_for(fault: dict[str, Any]) -> str:
    match fault["type"]:
        case "literal_error":
            return f"must be one of {fault['ctx']['expected'].replace(chr(39), '')}"
        case "value_error":
            return str(fault["ctx"]["error"])
        case "string_pattern_mismatch":
            return "may hold letters, digits, `-`, `_` and `.` only (a tier's key: a-z, 0-9 and `_`)"
        case kind:
            return _MUST.get(kind, "has a value of the wrong kind")
