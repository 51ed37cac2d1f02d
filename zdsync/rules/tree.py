"""A rule file as a tree of plain values that remembers where each key and value stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zdsync.rules.model import NOWHERE, Position, Scalar

Path = tuple[str | int, ...]
Value = Scalar | None | list["Value"] | dict[str, "Value"]

_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,11})\.[0-9]{1,6}")


def scalar(text: str) -> Scalar | None:
    """An unquoted YAML 1.2 scalar as null, true, false, a number, or else the text itself.

    A number that would not be written back as it stands (`007`, `2.10`, `1e5`, `0x1F`) stays text, so that ids and
    versions keep every character. `no`, `on` and `12:30` are text.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text) and str(float(text)) == text:
        return float(text)
    return text


@dataclass(frozen=True, slots=True)
class Tree:
    """The merged document of all rule files and the positions in it.

    `keys` has where a key is written, `values` where its value begins.
    """

    root: dict[str, Value] = field(default_factory=dict)
    keys: dict[Path, Position] = field(default_factory=dict)
    values: dict[Path, Position] = field(default_factory=dict)

    def where(self, path: Sequence[str | int]) -> Position:
        """Where the value at `path` begins, or the nearest thing around it."""
        for length in range(len(path), 0, -1):
            found = self.values.get(tuple(path[:length]))
            if found is not None:
                return found
        return self.values.get((), NOWHERE)

    def where_key(self, path: Sequence[str | int]) -> Position:
        """Where the key at the end of `path` is written."""
        return self.keys.get(tuple(path)) or self.where(path)
