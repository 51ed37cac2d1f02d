"""The views that the rules ask for: one per tier, and those of tickets with a vendor and of tickets that fall through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zdsync.rules.compiled import CompiledRules
from zdsync.rules.model import Tier

VENDOR, CRACKS = ":vendor", ":cracks"
"""Keys of the views that belong to no tier; no tier's key holds a colon."""


@dataclass(frozen=True, slots=True)
class OwnView:
    """One view as the rules want it: unsolved tickets with one of the tags of `tag`, and one of `conditions_any` if any.

    `key` is what it is known by, `asker` who asks for it, `remedy` what to change when its title cannot be had.
    """

    key: str
    title: str
    tag: str
    groups: tuple[str, ...]
    asker: str
    remedy: str
    conditions_any: tuple[tuple[str, str, str], ...] = ()


def own_views(rules: CompiledRules) -> tuple[OwnView, ...]:
    """In the order in which they stand; those of no tier are for the groups of all."""
    return (*(_of_tier(tier, rules) for tier in rules.rules.tiers), *_of_no_tier(rules))


def _of_tier(tier: Tier, rules: CompiledRules) -> OwnView:
    title = tier.view or f"Tier {tier.key} - {tier.name}"
    remedy = "give the tier another `view:`"
    return OwnView(tier.key, title, rules.tier_tag(tier), tier.groups, f"tier {tier.key}", remedy)


def _of_no_tier(rules: CompiledRules) -> Iterator[OwnView]:
    vendor, cracks = rules.rules.vendor, rules.rules.cracks_view
    groups = tuple({name.casefold(): name for tier in rules.rules.tiers for name in tier.groups}.values())
    if vendor.view is not None:
        yield OwnView(VENDOR, vendor.view, vendor.tag, groups, "vendor", "give `vendor:` another `view:`")
    if cracks is not None:
        tier_tags = " ".join(rules.tier_tag(tier) for tier in rules.rules.tiers)
        some = [("current_tags", "not_includes", tier_tags), ("group_id", "is", "")]
        some += [("assignee_id", "is", "")] * cracks.unassigned
        remedy = "give `cracks_view:` another title"
        yield OwnView(CRACKS, cracks.title, "", groups, "cracks_view", remedy, tuple(some))
