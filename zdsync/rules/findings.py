"""The ids of everything that can be wrong in rule files; each has a page of its name under docs/checks."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import StrEnum

from zdsync.errors import Problem
from zdsync.rules.model import Position


class Check(StrEnum):
    """What a problem is about; the value is the id that a message ends with."""

    UNREADABLE = "unreadable"
    BROKEN_YAML = "broken-yaml"
    DUPLICATE_KEY = "duplicate-key"
    UNKNOWN_KEY = "unknown-key"
    MISSING_KEY = "missing-key"
    WRONG_VALUE = "wrong-value"
    UNSUPPORTED = "unsupported"
    UNKNOWN_OPERATOR = "unknown-operator"
    UNKNOWN_FIELD = "unknown-field"
    UNKNOWN_NAME = "unknown-name"
    OPERATOR_MISFIT = "operator-misfit"
    NO_EQUAL = "no-equal"
    DUPLICATE_ID = "duplicate-id"
    NO_CATCH_ALL = "no-catch-all"
    CATCH_ALL_NOT_LAST = "catch-all-not-last"
    TAG_NOT_OWNED = "tag-not-owned"
    GROUP_OUTSIDE_TIER = "group-outside-tier"
    ANNOTATE_MOVES = "annotate-moves"
    ANNOTATE_OVERWRITES = "annotate-overwrites"
    PRIVATE_TO_OPEN_GROUP = "private-to-open-group"
    CLOSED_STATUS = "closed-status"
    UNREACHABLE_TIER = "unreachable-tier"
    STUCK_TIER = "stuck-tier"
    WRONG_WAY = "wrong-way"
    MOVE_OUTCOME = "move-outcome"
    MOVE_LOOP = "move-loop"
    IDLE_GATE = "idle-gate"
    IMPOSSIBLE_CONDITION = "impossible-condition"
    HIDDEN_RULE = "hidden-rule"
    TEXT_NOT_KEPT = "text-not-kept"
    SAME_OUTCOME = "same-outcome"
    UNUSED_LIST = "unused-list"
    UNUSED_CONDITION = "unused-condition"
    NOT_SEEN = "not-seen"
    ORDER_MATTERS = "order-matters"
    NATIVE_CONFLICT = "native-conflict"
    RENAMED = "renamed"


def problem(check: Check, at: Position, message: str, *, is_warning: bool = False) -> Problem:
    """A located problem with the id of its check."""
    return Problem(at.file, at.line, at.column, message, check.value, is_warning)


def nearest(word: str, known: Iterable[str]) -> str:
    """`"; did you mean 'x'?"` for the known word most like `word`, ignoring case; empty when none is alike."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(word[:80].casefold(), by_folded, n=1, cutoff=0.6)
    return f"; did you mean '{by_folded[close[0]]}'?" if close else ""


def quoted(words: Iterable[object]) -> str:
    """The words in order, separated by commas, for messages."""
    return ", ".join(str(word) for word in words)
