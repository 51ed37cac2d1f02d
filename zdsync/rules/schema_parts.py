"""Pieces that editors' schemas are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zdsync.rules.model import RuleSet

Schema = dict[str, Any]


def known(words: Iterable[str]) -> Schema:
    """One of the words, as written or in lower case."""
    given = list(words)
    return {"enum": list(dict.fromkeys([*given, *(word.casefold() for word in given)]))}


def suggested(words: Iterable[str]) -> Schema:
    """One of the words, or another that is yet to exist."""
    given = list(words)
    return {"anyOf": [known(given), {"type": "string"}]} if given else {"type": "string"}


def one_or_more(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}


def tier_key(rules: RuleSet, *more: str) -> Schema:
    """A tier of the set, as text or as the number that it looks like, or one of `more`."""
    keys = [tier.key for tier in rules.tiers]
    return {"enum": [*keys, *(int(key) for key in keys if key.isdigit()), *more]}


def own_tag(rules: RuleSet) -> Schema:
    """Tags that rules may add and remove."""
    return one_or_more(known((*rules.own_tags, rules.vendor.tag)))
