"""A YAML text becomes tokens with their places, and the tokens a tree; the room of YAML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from zdsync.errors import Problem
from zdsync.rules.findings import Check, problem
from zdsync.rules.model import Position
from zdsync.rules.reader import Kind, Reader, StoppedError, Token
from zdsync.rules.tree import Tree

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


def read_into(tree: Tree, name: str, text: str, problems: list[Problem]) -> None:
    """Add what stands in `text` to the tree; faults go to `problems`."""
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


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where its text stands, from `start` up to `end`; comments around it are not part of it.

    A mapping has keys and values in turn in `inner`, a sequence its items. `style` is a scalar's quote or block sign.
    """

    kind: Kind
    start: int
    end: int
    column: int
    text: str = ""
    style: str = ""
    is_flow: bool = False
    inner: tuple[Node, ...] = ()

    @property
    def pairs(self) -> tuple[tuple[Node, Node], ...]:
        return tuple(zip(self.inner[::2], self.inner[1::2], strict=True))


def read_nodes(text: str) -> Node | None:
    """The text's one document as nodes; None when it is empty. The text must be one that `read_into` accepts."""
    found = yaml.compose(text, Loader=yaml.BaseLoader)
    return _node(found) if found is not None else None


def _node(found: Any) -> Node:
    start, end, column = found.start_mark.index, found.end_mark.index, found.start_mark.column
    if isinstance(found, yaml.ScalarNode):
        return Node(Kind.SCALAR, start, end, column, found.value, found.style or "")
    is_mapping = isinstance(found, yaml.MappingNode)
    values = [part for pair in found.value for part in pair] if is_mapping else found.value
    inner = tuple(_node(value) for value in values)
    is_flow = bool(found.flow_style)
    last = end if is_flow or not inner else inner[-1].end
    return Node(
        Kind.MAPPING if is_mapping else Kind.SEQUENCE, start, last, column, is_flow=is_flow, inner=inner
    )


class _Writer(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:str", text, "|" if "\n" in text else None)


_Writer.add_representer(str, _text)


def to_yaml(document: object) -> str:
    """Plain values as YAML text that reads back the same; keys in the order given, texts of any language as they are."""
    return str(yaml.dump(document, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=110))
