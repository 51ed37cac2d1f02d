"""The two list dialects: cursor pages and offset pages, each with its limits."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import total_ordering
from itertools import islice
from typing import Any, TypeVar

import orjson

from zdsync.sandbox.answers import Json, bad_paging
from zdsync.sandbox.call import Call

Row = TypeVar("Row")
MAX_PAGE = 100
MAX_OFFSET_ROWS = 10_000


@total_ordering
@dataclass(frozen=True, slots=True)
class Down:
    """A sort key turned round: what is greater comes first."""

    value: Any

    def __lt__(self, other: Down) -> bool:
        return bool(other.value < self.value)


def is_by_cursor(call: Call) -> bool:
    """Whether a request asks for cursor pages."""
    return any(name in call.args for name in ("page[size]", "page[after]", "page[before]"))


def paginate(
    call: Call,
    name: str,
    rows: Sequence[Row],
    show: Callable[[Row], Any],
    *,
    key: Callable[[Row], Any] = lambda row: row["id"],  # type: ignore[index]
    cursor_only: bool = False,
    offset_only: bool = False,
    max_page: int = MAX_PAGE,
    stamp: int | None = None,
) -> tuple[Json, Sequence[Row]]:
    """A page of `rows`, which are in ascending order of `key`: the body and the rows on it.

    `page[size]` asks for cursor pages, anything else for offset pages; some lists know one kind only.
    `key` must differ between any two rows; `Down` turns an order round. `stamp` is written into cursors.

    Source: developer.zendesk.com, "Pagination".
    """
    if cursor_only or (is_by_cursor(call) and not offset_only):
        return _cursor_page(call, name, rows, show, key, max_page, stamp)
    return _offset_page(call, name, rows, show, max_page)


def _encode(value: Any, stamp: int | None) -> str:
    if isinstance(value, Down):
        value = value.value
    return base64.b64encode(orjson.dumps({"o": "id", "v": value, "t": stamp})).decode()


def _decode(text: str, like: Callable[[Row], Any], rows: Sequence[Row]) -> Any:
    """The key behind a cursor, in the form that `like` gives keys."""
    try:
        value = orjson.loads(base64.b64decode(text, validate=True))["v"]
    except (binascii.Error, orjson.JSONDecodeError, KeyError, TypeError) as err:
        raise bad_paging("InvalidPaginationParameter", "page[after] is not valid") from err
    value = tuple(value) if isinstance(value, list) else value
    sample: Any = like(rows[0]) if rows else None
    turned = isinstance(sample, Down)
    if rows and type(value) is not type(sample.value if turned else sample):
        raise bad_paging("InvalidPaginationParameter", "page[after] is of another order")
    return Down(value) if turned else value


def position_after(call: Call) -> tuple[int, int] | None:
    """What `page[after]` holds, for lists ordered by (second, id)."""
    text = call.arg("page[after]")
    if not text:
        return None
    found: tuple[int, int] = _decode(text, lambda _row: (0, 0), [None])
    return found


def from_cursor(
    call: Call,
    rows: Sequence[Row],
    keep: Callable[[Row], bool],
    key: Callable[[Row], Any],
    *,
    cursor_only: bool = False,
) -> list[Row]:
    """The kept rows that one page needs, so that a long list is not gone through for each of its pages.

    From the cursor on, and one more than the page holds; all of them for offset pages and on the way back.
    """
    if call.arg("page[before]") or not (cursor_only or is_by_cursor(call)):
        return [row for row in rows if keep(row)]
    after = call.arg("page[after]")
    start = bisect_right(rows, _decode(after, key, rows), key=key) if after else 0
    wanted = (rows[position] for position in range(start, len(rows)) if keep(rows[position]))
    return list(islice(wanted, _size(call, "page[size]", MAX_PAGE) + 1))


def _size(call: Call, name: str, max_page: int) -> int:
    size = call.integer(name, max_page)
    if name == "page[size]" and not 1 <= size <= max_page:
        raise bad_paging("InvalidPaginationParameter", f"page[size] must be between 1 and {max_page}")
    return max(1, min(size, max_page))


def _cursor_page(
    call: Call,
    name: str,
    rows: Sequence[Row],
    show: Callable[[Row], Any],
    key: Callable[[Row], Any],
    max_page: int,
    stamp: int | None,
) -> tuple[Json, Sequence[Row]]:
    size = _size(call, "page[size]", max_page)
    after, before = call.arg("page[after]"), call.arg("page[before]")
    if before and not after:
        end = bisect_left(rows, _decode(before, key, rows), key=key)
        start = max(0, end - size)
        more = start > 0
    else:
        start = bisect_right(rows, _decode(after, key, rows), key=key) if after else 0
        end = start + size
        more = end < len(rows)
    page = rows[start:end]
    meta: Json = {"has_more": more}
    links: Json = {"prev": None, "next": None}
    if page:
        # An empty page has no cursors at all: seen by the estuary connector.
        meta |= {"after_cursor": _encode(key(page[-1]), stamp), "before_cursor": _encode(key(page[0]), stamp)}
        # Both links stand on every page that has rows, the last one too: only `has_more` tells the end.
        bare = {"page[after]": None, "page[before]": None, "page[size]": size}
        links["next"] = call.again(bare | {"page[after]": meta["after_cursor"]})
        links["prev"] = call.again(bare | {"page[before]": meta["before_cursor"]})
    return {name: [show(row) for row in page], "meta": meta, "links": links}, page


def _offset_page(
    call: Call, name: str, rows: Sequence[Row], show: Callable[[Row], Any], max_page: int
) -> tuple[Json, Sequence[Row]]:
    size = _size(call, "per_page", max_page)
    number = max(1, call.integer("page", 1))
    if number * size > MAX_OFFSET_ROWS:
        raise bad_paging("InvalidPaginationDepth", "Number of pages requested exceeds the limit")
    start = (number - 1) * size
    page = rows[start : start + size]
    more = start + size < len(rows)
    body: Json = {
        name: [show(row) for row in page],
        "next_page": call.again({"page": number + 1}) if more else None,
        "previous_page": call.again({"page": number - 1}) if number > 1 else None,
        "count": len(rows),
    }
    return body, page
