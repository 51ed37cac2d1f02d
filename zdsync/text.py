"""Text folded for comparing: whole words without case, in any language, so that matching is a substring search."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

_ALONE = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Japanese, Chinese
    "\u2600-\u27bf\U0001f300-\U0001faff"  # signs and emoji
)
"""Signs of scripts that put no space between words, and pictures: a word each, so that any run of them can be found."""
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06ed"
    "\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0980-\u0983\u09bc-\u09cd\u0a3c-\u0a4d\u0abc-\u0acd"
    "\u0b3c-\u0b4d\u0bbe-\u0bcd\u0c3e-\u0c4d\u0cbc-\u0ccd\u0d3b-\u0d4d\u0dca-\u0ddf"
)
"""Vowel signs and accents that stand on a letter: part of its word."""
_MOST_KNOWN = 10_000
"""So many signs of all the world's are remembered, more than any text but a hostile one has."""


@cache
def _kinds() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds a sign that is a word, and one that belongs to a word; made for the first foreign sign alone."""
    return re.compile(f"[{_ALONE}]"), re.compile(rf"[\w{_MARKS}]")


class _Spacing(dict[int, int | str]):
    """What becomes of each sign, by its code: a letter stays, a sign that is a word stands apart, all else is a space."""

    def __missing__(self, code: int) -> int | str:
        sign, (alone, letter) = chr(code), _kinds()
        known = f" {sign} " if alone.match(sign) else code if letter.match(sign) else " "
        if len(self) < _MOST_KNOWN:
            self[code] = known
        return known


_SPACING = _Spacing()


def _lower_and_spaced(encoding: str) -> bytes:
    """What becomes of each byte: a lower letter, or a space."""
    return bytes(
        ord(sign.lower().encode(encoding)) if sign.isalnum() or sign == "_" else ord(" ")
        for sign in bytes(range(256)).decode(encoding, "replace")
    )


_WESTERN = "latin-1"
"""The letters of western European languages, a byte each: an eighth of the cost."""
_TYPESET = "cp1252"
"""The same letters at the same places, a few more, and the quotes and dashes that people's devices set: a third of it."""
_MORE_SIGNS = frozenset(bytes(range(0x80, 0xA0)).decode(_TYPESET, "ignore"))
"""What only the second one has."""
_LOWER_AND_SPACED = {encoding: _lower_and_spaced(encoding) for encoding in (_WESTERN, _TYPESET)}
_PLAIN = _LOWER_AND_SPACED[_WESTERN]
_SHARP_S = "ß".encode(_WESTERN)
_MICRO = "µ".encode(_WESTERN)
"""Folds to a Greek letter, which is no byte."""


def fold(text: str) -> str:
    """The words of `text`, case folded, one space between and around them: `" error 500 "`; `" "` when there are none.

    A phrase stands in a text as whole words exactly when `fold(phrase) in fold(text)`.
    """
    return joined(fold_words(text))


def fold_words(text: str) -> list[str]:
    """The words of `text`, case folded, in their order."""
    if text.isascii():
        return text.encode("ascii").translate(_PLAIN).decode("ascii").split()
    words = _western_words(text)
    return _words(text) if words is None else words


def joined(words: Sequence[str]) -> str:
    """Folded words as one folded text."""
    return f" {' '.join(words)} " if words else " "


def _western_words(text: str) -> list[str] | None:
    """The words of a text without any other sign; None if it has one."""
    encoding = _WESTERN
    try:
        signs = text.encode(_WESTERN)
    except UnicodeEncodeError as err:
        if text[err.start] not in _MORE_SIGNS:
            return None
        encoding = _TYPESET
        try:
            signs = text.encode(_TYPESET)
        except UnicodeEncodeError:
            return None
    if _MICRO in signs:
        return None
    return signs.translate(_LOWER_AND_SPACED[encoding]).replace(_SHARP_S, b"ss").decode(encoding).split()


def _words(text: str) -> list[str]:
    return unicodedata.normalize("NFC", text).casefold().translate(_SPACING).split()
