"""Side-loaded objects, which come with every page that names them: those that say nothing new are left out."""

from __future__ import annotations

from typing import Any

import orjson

_LISTS = ("users", "organizations", "groups")
_MOST = 50_000
"""Objects of a kind remembered at a time, some 6 MB; then it begins anew."""


class Sideloads:
    """What one export has told of the people and groups beside its own rows, as a digest each.

    The pages of an export are recorded one after the other and nothing comes in between, so what a page repeats of an
    earlier one is in the mirror. In a first mirror that is most people on most pages.
    """

    def __init__(self) -> None:
        self._told: dict[str, dict[int, int]] = {name: {} for name in _LISTS}

    def leave_out_repeated(self, body: dict[str, Any]) -> None:
        """Take out of an answer what an earlier one held word for word; what has changed since stays."""
        for name, told in self._told.items():
            if len(told) > _MOST:
                told.clear()
            found = body.get(name)
            if isinstance(found, list):
                body[name] = [item for item in found if _is_news(told, item)]


def _is_news(told: dict[int, int], item: Any) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("id"), int):
        return True  # whoever makes rows of it refuses it
    try:
        digest = hash(orjson.dumps(item))
    except orjson.JSONEncodeError:
        return True  # a number beyond 64 bits
    is_news = told.get(item["id"]) != digest
    told[item["id"]] = digest
    return is_news
