"""Text folded for comparing: whole words without case, in any language, so that matching is a substring search."""

from __future__ import annotations

import re
import unicodedata

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
_SIGNS = re.compile(f"[{_ALONE}]+")
_WORDS = re.compile(rf"[\w{_MARKS}{_ALONE}]+")
_ASCII = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}
_LATIN = bytes(code if chr(code).isalnum() or chr(code) == "_" else 32 for code in range(256))
"""The letters and digits of western European languages, all else a space: a third of the cost of a pattern."""


def fold(text: str) -> str:
    """The words of `text`, case folded, one space between and around them: `" error 500 "`; `" "` when there are none.

    A phrase stands in a text as whole words exactly when `fold(phrase) in fold(text)`.
    """
    if text.isascii():
        words = text.casefold().translate(_ASCII).split()
    else:
        words = _words(unicodedata.normalize("NFC", text).casefold())
    return f" {' '.join(words)} " if words else " "


def _words(text: str) -> list[str]:
    latin = text.encode("latin-1", "replace")  # a question mark for every other letter
    if latin.count(b"?") == text.count("?"):
        return latin.translate(_LATIN).decode("latin-1").split()
    return _WORDS.findall(_SIGNS.sub(_apart, text))


def _apart(signs: re.Match[str]) -> str:
    return f" {' '.join(signs.group())} "
