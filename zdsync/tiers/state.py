"""The tier a ticket is in, told by its tier tag and its group, and what to do when the two disagree."""

from __future__ import annotations

from dataclasses import dataclass

from zdsync.facts import Facts
from zdsync.model import GroupId
from zdsync.rules.compiled import CompiledRules
from zdsync.rules.model import Tier
from zdsync.tiers.model import Target, Verdict


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a ticket that a person has in hand is brought in order: the verdict, its target and the reason."""

    verdict: Verdict
    target: Target
    reason: str


def tier_tags(tags: frozenset[str], prefix: str) -> tuple[str, ...]:
    """Every tag of ours that claims a tier, known or not, sorted."""
    return tuple(sorted(tag for tag in tags if tag.startswith(prefix)))


def settle(facts: Facts, rules: CompiledRules) -> Settlement:
    """Bring tag and group of a touched ticket together, changing as little as can be.

    The tag says the tier. A person's latest choice, of group or of tag, leads and the other follows; of two tags
    the newest stands; without any tag the group's tier is adopted. A group of no tier is a person's business.
    """
    here = _tiers_here(facts, rules)
    tier = _tagged_tier(facts, rules)
    if tier is None:
        return _adopt(facts, rules, here)
    if _is_in_order(facts, rules, tier):
        return _keep_only(facts, rules, tier)
    if _person_chose_tag_last(facts, rules, tier):
        reason = f"a person chose tier {tier.key}; the group follows"
        return Settlement(Verdict.FOLLOWED, Target(tier=tier, group=tier.group), reason)
    if not here:
        return Settlement(Verdict.UNPLACED, Target(tier=tier), _outside(facts))
    by_person = facts.group_chosen_at is not None
    verdict = Verdict.FOLLOWED if by_person else Verdict.REPAIRED
    who = "a person moved it" if by_person else "it was moved"
    reason = f"{who} to a group of tier {here[0].key}; the tag follows"
    return Settlement(verdict, Target(tier=here[0]), reason)


def _tiers_here(facts: Facts, rules: CompiledRules) -> tuple[Tier, ...]:
    group = facts.current.group_id
    return rules.tiers_of_group.get(group, ()) if group is not None else ()


def _tagged_tier(facts: Facts, rules: CompiledRules) -> Tier | None:
    """The tier that the ticket's tags claim: the newest claim stands, then the group's own tier, then the first."""
    by_tag = {rules.tier_tag(tier): tier for tier in rules.rules.tiers}
    claimed = [by_tag[tag] for tag in tier_tags(facts.current.tags, rules.tag_prefix) if tag in by_tag]
    if len(claimed) < 2:
        return claimed[0] if claimed else None
    here = _tiers_here(facts, rules)

    def weight(tier: Tier) -> tuple[float, bool]:
        added = facts.tag_added_at.get(rules.tier_tag(tier))
        return (added.timestamp() if added else 0.0, tier in here)

    return max(claimed, key=weight)


def _adopt(facts: Facts, rules: CompiledRules, here: tuple[Tier, ...]) -> Settlement:
    if not here:
        return Settlement(Verdict.UNPLACED, Target(), _outside(facts))
    tier = here[0]
    tag = rules.tier_tag(tier)
    if facts.person_tags.get(tag) is False and facts.own_tag_adds.get(tag, 0) > 1:
        return Settlement(
            Verdict.UNPLACED, Target(), f"people removed the tag {tag} twice; left as they want it"
        )
    how = facts.touch.how if facts.touch else "has it"
    return Settlement(
        Verdict.ADOPTED, Target(tier=tier), f"a person {how}; its group belongs to tier {tier.key}"
    )


def _is_in_order(facts: Facts, rules: CompiledRules, tier: Tier) -> bool:
    if tier in _tiers_here(facts, rules):
        return True
    return is_sensitive(facts.current.group_id, rules)


def is_sensitive(group_id: GroupId | None, rules: CompiledRules) -> bool:
    """Whether this is one of the groups that may hold private data."""
    names = rules.rules.sensitive_groups
    return group_id is not None and any(rules.group_ids.get(name.casefold()) == group_id for name in names)


def _keep_only(facts: Facts, rules: CompiledRules, tier: Tier) -> Settlement:
    if len(tier_tags(facts.current.tags, rules.tag_prefix)) > 1:
        reason = f"several tier tags; {rules.tier_tag(tier)} is the newest and stands"
        return Settlement(Verdict.REPAIRED, Target(tier=tier), reason)
    who = f"a person {facts.touch.how}" if facts.touch else "zdsync has moved it on"
    return Settlement(Verdict.KEPT, Target(tier=tier), f"{who}; tier {tier.key} stays")


def _person_chose_tag_last(facts: Facts, rules: CompiledRules, tier: Tier) -> bool:
    tag = rules.tier_tag(tier)
    if not facts.person_tags.get(tag):
        return False
    return facts.group_chosen_at is None or facts.tag_added_at[tag] >= facts.group_chosen_at


def _outside(facts: Facts) -> str:
    return "in no group" if facts.current.group_id is None else "in a group of no tier"
