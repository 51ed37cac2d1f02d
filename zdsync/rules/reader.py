"""The text of one rule file into the tree, refusing what rule files do without: anchors, tags, deep nesting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, NoReturn

from zdsync.errors import Problem
from zdsync.rules.findings import Check, problem
from zdsync.rules.model import Position
from zdsync.rules.tree import Path, Tree, Value, scalar

MAX_BYTES = 1_000_000
_MAX_DEPTH = 20
_MAX_VALUES = 100_000
MOST_PROBLEMS = 100
"""How many faults of one file are told."""
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class Kind(Enum):
    """What a token begins or is."""

    DOCUMENT = "document"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    SCALAR = "scalar"
    ALIAS = "alias"
    END = "end"


class Token(NamedTuple):
    """One step through a YAML text; lines and columns count from 1.

    `is_plain` is true for a scalar without quotes, `has_anchor` and `has_tag` for what is written before a value.
    """

    kind: Kind
    line: int
    column: int
    text: str = ""
    is_plain: bool = False
    has_anchor: bool = False
    has_tag: bool = False


class StoppedError(Exception):
    """Reading this file any further makes no sense; the problem is recorded."""


def decode(name: str, content: str | bytes, problems: list[Problem]) -> str | None:
    """The content as text; None, with a located problem, when it is too large or no text."""
    if len(content) > MAX_BYTES:
        start = Position(name, 1, 1)
        problems.append(problem(Check.UNREADABLE, start, "the file is larger than 1 MB; split it"))
        return None
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")
    except UnicodeDecodeError as err:
        at = _after(name, err.object[: err.start].decode("utf-8", "replace"))
        problems.append(problem(Check.UNREADABLE, at, "this is not UTF-8 text; save the file as UTF-8"))
        return None
    strange = _NOT_TEXT.search(text)
    if strange:
        at = _after(name, text[: strange.start()])
        what = f"U+{ord(strange.group()):04X}"
        problems.append(problem(Check.UNREADABLE, at, f"the character {what} cannot stand in a text file"))
        return None
    return text


def _after(name: str, text: str) -> Position:
    return Position(name, text.count("\n") + 1, len(text) - text.rfind("\n"))


class Reader:
    """Builds one file's part of `tree` from its tokens. `read` may raise StoppedError."""

    def __init__(self, name: str, tree: Tree, problems: list[Problem]) -> None:
        self._name = name
        self._tree = tree
        self._problems = problems
        self._values = 0
        self._found = 0

    def read(self, tokens: Iterator[Token]) -> None:
        for number, document in enumerate(tokens):
            if number:
                self._stop(document, Check.BROKEN_YAML, "a second document in one file; remove the `---`")
            self._root(next(tokens), tokens)

    def _root(self, token: Token, tokens: Iterator[Token]) -> None:
        self._refuse_marks(token)
        if token.kind is Kind.MAPPING:
            self._mapping(tokens, (), self._tree.root, 0)
        elif token.kind is not Kind.SCALAR or token.text:
            self._stop(token, Check.WRONG_VALUE, "a rule file begins with keys such as `version: 1`")

    def _value(self, token: Token, tokens: Iterator[Token], path: Path, depth: int) -> Value:
        self._tree.values[path] = Position(self._name, token.line, token.column)
        self._values += 1
        if self._values > _MAX_VALUES or depth > _MAX_DEPTH:
            self._stop(token, Check.BROKEN_YAML, "too deep or too large to be a rule file")
        self._refuse_marks(token)
        match token.kind:
            case Kind.MAPPING:
                return self._mapping(tokens, path, {}, depth + 1)
            case Kind.SEQUENCE:
                return self._sequence(tokens, path, depth + 1)
            case Kind.SCALAR:
                return scalar(token.text) if token.is_plain else token.text
        return None

    def _sequence(self, tokens: Iterator[Token], path: Path, depth: int) -> list[Value]:
        items: list[Value] = []
        while (token := next(tokens)).kind is not Kind.END:
            items.append(self._value(token, tokens, (*path, len(items)), depth))
        return items

    def _mapping(
        self, tokens: Iterator[Token], path: Path, into: dict[str, Value], depth: int
    ) -> dict[str, Value]:
        while (token := next(tokens)).kind is not Kind.END:
            if token.kind is not Kind.SCALAR:
                self._stop(token, Check.BROKEN_YAML, "a key must be a word")
            self._refuse_marks(token)
            inner = (*path, token.text)
            first = self._tree.keys.get(inner) if token.text in into else None
            if first:
                where = f"{first.file}:{first.line}"
                self._add(token, Check.DUPLICATE_KEY, f"'{token.text[:80]}' is already at {where}")
                self._pass_over(tokens)
                continue
            self._tree.keys[inner] = Position(self._name, token.line, token.column)
            into[token.text] = self._value(next(tokens), tokens, inner, depth)
        return into

    def _pass_over(self, tokens: Iterator[Token]) -> None:
        """Read a value that has no place in the tree, so that faults inside it are still told."""
        spare = Reader(self._name, Tree(), self._problems)
        spare._values = self._values
        spare._value(next(tokens), tokens, (), 0)
        self._values = spare._values

    def _refuse_marks(self, token: Token) -> None:
        if token.has_anchor or token.kind is Kind.ALIAS:
            message = "anchors and aliases are not used; name a list under `lists:`"
            self._add(token, Check.BROKEN_YAML, message)
        if token.has_tag:
            self._add(token, Check.BROKEN_YAML, "YAML tags (`!…`) are not used")

    def _add(self, token: Token, check: Check, message: str) -> None:
        self._problems.append(problem(check, Position(self._name, token.line, token.column), message))
        self._found += 1
        if self._found >= MOST_PROBLEMS:
            raise StoppedError

    def _stop(self, token: Token, check: Check, message: str) -> NoReturn:
        self._add(token, check, message)
        raise StoppedError
