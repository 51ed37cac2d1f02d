"""Record ids ordered by the second they last changed, as the incremental exports read them."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable


class TimeIndex:
    """An ordered list of (second, id) with one living entry per id.

    An entry whose id has moved on stays until half the list is stale; readers step over it.
    """

    __slots__ = ("_entries", "_stale", "_stamps")

    def __init__(self) -> None:
        self._entries: list[tuple[int, int]] = []
        self._stamps: dict[int, int] = {}
        self._stale = 0

    def __len__(self) -> int:
        return len(self._stamps)

    def fill(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Replace everything by (second, id) pairs in any order."""
        self._entries = sorted(pairs)
        self._stamps = {ident: stamp for stamp, ident in self._entries}
        self._stale = 0

    def touch(self, ident: int, stamp: int) -> None:
        """Move `ident` to `stamp`."""
        before = self._stamps.get(ident)
        if before == stamp:
            return
        if before is not None:
            self._stale += 1
        self._stamps[ident] = stamp
        insort(self._entries, (stamp, ident))
        if self._stale > 1000 and self._stale * 2 > len(self._entries):
            self.fill([(second, known) for known, second in self._stamps.items()])

    def drop(self, ident: int) -> None:
        if self._stamps.pop(ident, None) is not None:
            self._stale += 1

    def page(
        self, after: tuple[int, int], until: int, limit: int, hidden: frozenset[int] = frozenset()
    ) -> tuple[list[tuple[int, int]], bool]:
        """Up to `limit` living entries beyond `after` and not younger than `until`, and whether more follow.

        `hidden` names ids to leave out.
        """
        stamps, entries = self._stamps, self._entries
        rows: list[tuple[int, int]] = []
        end = bisect_right(entries, (until, 1 << 62))
        for position in range(bisect_right(entries, after), end):
            entry = entries[position]
            if stamps.get(entry[1]) != entry[0] or entry[1] in hidden:
                continue
            if len(rows) == limit:
                return rows, True
            rows.append(entry)
        return rows, False
