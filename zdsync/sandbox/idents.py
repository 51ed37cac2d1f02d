"""The two kinds of text ids newer resources have, made from this account's numbers."""

from __future__ import annotations

from uuid import NAMESPACE_OID, uuid5

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(number: int, at: int) -> str:
    """A 26-letter id that sorts by time: `at` in seconds, then `number`."""
    value, letters = (at * 1000 << 80) | (number & (1 << 80) - 1), []
    for _ in range(26):
        value, digit = divmod(value, 32)
        letters.append(_CROCKFORD[digit])
    return "".join(reversed(letters))


def uuid_of(number: int) -> str:
    return str(uuid5(NAMESPACE_OID, str(number)))
