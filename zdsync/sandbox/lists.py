"""The two list dialects: cursor pages and offset pages, each with its limits."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson

from zdsync.sandbox.answers import Json, bad_paging
from zdsync.sandbox.call import Call

Row = TypeVar("Row")
MAX_PAGE = 100
MAX_OFFSET_ROWS = 10_000


def paginate(
    call: Call,
    name: str,
    rows: Sequence[Row],
    show: Callable[[Row], Any],
    *,
    key: Callable[[Row], Any] = lambda row: row["id"],  # type: ignore[index]
    cursor_only: bool = False,
    max_page: int = MAX_PAGE,
) -> tuple[Json, Sequence[Row]]:
    """A page of `rows`, which are in ascending order of `key`: the body and the rows on it.

    `page[size]` asks for cursor pages, anything else for offset pages
    (developer.zendesk.com, "Pagination").
    """
    if "page[size]" in call.args or "page[after]" in call.args or cursor_only:
        return _cursor_page(call, name, rows, show, key, max_page)
    return _offset_page(call, name, rows, show, max_page)


def _encode(value: Any) -> str:
    return base64.b64encode(orjson.dumps({"o": "id", "v": value})).decode()


def _decode(text: str) -> Any:
    try:
        value = orjson.loads(base64.b64decode(text, validate=True))["v"]
    except (binascii.Error, orjson.JSONDecodeError, KeyError, TypeError) as err:
        raise bad_paging("InvalidPaginationParameter", "page[after] is not valid") from err
    return tuple(value) if isinstance(value, list) else value


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
) -> tuple[Json, Sequence[Row]]:
    size = _size(call, "page[size]", max_page)
    after, before = call.arg("page[after]"), call.arg("page[before]")
    start = 0
    if after:
        start = bisect_right(rows, _decode(after), key=key)
    elif before:
        start = max(0, bisect_left(rows, _decode(before), key=key) - size)
    page = rows[start : start + size]
    more = start + size < len(rows)
    meta: Json = {"has_more": more}
    links: Json = {"prev": None, "next": None}
    if page:
        # An empty page has no cursors at all: seen by the estuary connector.
        meta |= {"after_cursor": _encode(key(page[-1])), "before_cursor": _encode(key(page[0]))}
        rest = {k: v for k, v in call.args.items() if k not in ("page[after]", "page[before]", "page[size]")}
        path = f"{call.path}.json"
        if more:
            links["next"] = call.url(
                path, **{**rest, "page[after]": meta["after_cursor"], "page[size]": size}
            )
        if start:
            links["prev"] = call.url(
                path, **{**rest, "page[before]": meta["before_cursor"], "page[size]": size}
            )
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
    rest = {key: value for key, value in call.args.items() if key != "page"}
    path = f"{call.path}.json"
    more = start + size < len(rows)
    body: Json = {
        name: [show(row) for row in page],
        "next_page": call.url(path, **{**rest, "page": number + 1}) if more else None,
        "previous_page": call.url(path, **{**rest, "page": number - 1}) if number > 1 else None,
        "count": len(rows),
    }
    return body, page
