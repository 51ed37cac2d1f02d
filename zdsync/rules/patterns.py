"""Patterns for `matches`, by RE2 alone: linear in the text, whatever the pattern; the room of RE2."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

EXTRA = "re2"
"""What to install for `matches`: `pip install zdsync-worker[re2]`."""

_LONGEST = 1_000
_MOST_MEMORY = 8 << 20
"""Bytes that one pattern may take, compiled and at work."""


class PatternError(Exception):
    """The pattern cannot be used; the text tells why."""


class MissingRE2Error(PatternError):
    """RE2 is not installed, or another package stands under its name."""


@lru_cache(maxsize=1_000)
def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Whether a text has the pattern somewhere, whatever the case of its letters; raises PatternError."""
    re2 = _re2()
    if len(pattern) > _LONGEST:
        raise PatternError(f"a pattern may have {_LONGEST} characters")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    try:
        compiled = re2.compile(pattern, options=options)
    except (re2.error, UnicodeEncodeError) as err:
        raise PatternError(f"RE2 does not take this pattern: {_in_words(err)}") from err

    def is_found(text: str) -> bool:
        try:
            return compiled.search(text) is not None
        except UnicodeEncodeError:  # half a character pair, which only a test or a foreign writer can bring
            return compiled.search(text.encode("utf-8", "replace").decode()) is not None

    return is_found


def _re2() -> Any:
    """RE2's own binding. Two other packages have had its import name: Facebook's `re2` and `pyre2`."""
    try:
        import re2 as found
    except ImportError as err:
        raise MissingRE2Error(_remedy("RE2, which is not installed")) from err
    if not hasattr(getattr(found, "Options", None), "max_mem") or not hasattr(found, "Set"):
        raise MissingRE2Error(_remedy("google-re2, but another package stands under the name re2"))
    return found


def _remedy(needed: str) -> str:
    return f"'matches' needs {needed}; `pip install zdsync-worker[{EXTRA}]`"


def _in_words(err: Exception) -> str:
    told = err.args[0] if err.args else err
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
