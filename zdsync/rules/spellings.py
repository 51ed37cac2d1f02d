"""Values that are spelled in words: how far a rule is in force, shares, lengths of time."""

from __future__ import annotations

import re
from fractions import Fraction

from zdsync.rules.lengths import Length, Unit
from zdsync.rules.model import Mode

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%")
_LENGTH = re.compile(r"([0-9]{1,5}) ([a-z_]+)")


def read_mode(text: str) -> tuple[Mode, Fraction] | None:
    """`live`, `shadow` or a share such as `10%` (live for that part of tickets); None when it is none of them."""
    if text in set(Mode):
        return Mode(text), Fraction(1)
    share = read_share(text)
    return (Mode.LIVE, share) if share else None


def read_share(text: str) -> Fraction | None:
    """A share above 0 and up to all, such as `75%`; None when it is none."""
    number = _SHARE.fullmatch(text)
    share = Fraction(number[1]) / 100 if number else Fraction(0)
    return share if 0 < share <= 1 else None


def read_length(text: str) -> Length | None:
    """A whole number above 0 and a unit (for one also without its s), such as `4 business_hours`; None when it is none."""
    found = _LENGTH.fullmatch(text)
    if found is None or not int(found[1]):
        return None
    amount, word = int(found[1]), found[2]
    units = {unit.value: unit for unit in Unit}
    unit = units.get(word) or (units.get(f"{word}s") if amount == 1 else None)
    return Length(amount, unit) if unit else None
