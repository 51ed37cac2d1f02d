"""Words for values that need reading: how far a rule is in force."""

from __future__ import annotations

import re
from fractions import Fraction

from zdsync.rules.model import Mode

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%")


def read_mode(text: str) -> tuple[Mode, Fraction] | None:
    """`live`, `shadow` or a share such as `10%` (live for that part of tickets); None when it is none of them."""
    if text in set(Mode):
        return Mode(text), Fraction(1)
    number = _SHARE.fullmatch(text)
    share = Fraction(number[1]) / 100 if number else Fraction(0)
    return (Mode.LIVE, share) if 0 < share <= 1 else None
