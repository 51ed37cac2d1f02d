"""Tag spelling, and the ticket fields that are tags under another name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from zdsync.sandbox import unverified
from zdsync.sandbox.answers import invalid
from zdsync.sandbox.world import World

_DROPPED = re.compile(r"[!\"#$%&'()*,;<=>?@\[\\\]^`{|}~]")


def normalise(tags: Iterable[Any] | str | None) -> tuple[str, ...]:
    """Tags as Zendesk stores them: lower case, split at spaces, most punctuation dropped, sorted, unique.

    Raises a 422 when one or all are too long.
    """
    parts = [tags] if isinstance(tags, str) else [str(tag) for tag in tags or ()]
    found = {_DROPPED.sub("", word) for part in parts for word in part.replace(",", " ").lower().split()}
    found.discard("")
    if any(len(tag) > unverified.TAG_LIMIT for tag in found):
        raise invalid("tags", "Tags: one is too long", "TooLong")
    if sum(map(len, found)) + len(found) > unverified.TAGS_LIMIT:
        raise invalid("tags", "Tags: are too long", "TooLong")
    return tuple(sorted(found))


def moved(have: tuple[str, ...], method: str, given: Iterable[Any] | str | None) -> tuple[str, ...]:
    """Tags after a call of a tags endpoint: POST sets, PUT adds, DELETE removes, GET leaves them."""
    named = normalise(given)
    if method == "POST":
        return named
    if method == "PUT":
        return normalise((*have, *named))
    if method == "DELETE":
        return tuple(tag for tag in have if tag not in named)
    return have


def tags_of_field(row: dict[str, Any], value: Any) -> frozenset[str]:
    """The tags that a field's value puts on the ticket."""
    kind = row["type"]
    if kind == "tagger":
        return frozenset() if value is None else frozenset({value})
    if kind == "multiselect":
        return frozenset(value or ())
    if kind == "checkbox" and row.get("tag"):
        return frozenset({row["tag"]}) if value else frozenset()
    return frozenset()


def set_fields_from_tags(
    world: World, before: dict[int, Any], old: frozenset[str], new: frozenset[str]
) -> dict[int, Any]:
    """Field values after tags moved from `old` to `new` (developer.zendesk.com, Ticket Fields).

    A removed option tag empties its field, an added one sets it.
    """
    fields = dict(before)
    tag_fields = world.tag_fields
    for tag in sorted(old - new):
        if tag not in tag_fields:
            continue
        ident, kind = tag_fields[tag]
        if kind == "multiselect":
            left = tuple(value for value in fields.get(ident, ()) if value != tag)
            fields[ident] = left
        elif kind == "checkbox":
            fields[ident] = False
        elif fields.get(ident) == tag:
            fields[ident] = None
    for tag in sorted(new - old):
        if tag not in tag_fields:
            continue
        ident, kind = tag_fields[tag]
        if kind == "multiselect":
            fields[ident] = tuple(sorted({*fields.get(ident, ()), tag}))
        elif kind == "checkbox":
            fields[ident] = True
        else:
            fields[ident] = tag
    return {ident: value for ident, value in fields.items() if value not in (None, (), False, "")}
