"""Text folded for comparing: whole words without case, in any language, so that matching is a substring search."""

from __future__ import annotations

import re
import unicodedata

_WORDS = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"  # scripts written without spaces: a word each
    r"|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def fold(text: str) -> str:
    """The words of `text`, case folded, one space between and around them: `" error 500 "`; `" "` when there are none.

    A phrase stands in a text as whole words exactly when `fold(phrase) in fold(text)`.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return f" {' '.join(_WORDS.findall(text.casefold()))} "
