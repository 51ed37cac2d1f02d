"""What a rule's outcome asks of a ticket, less what a person has chosen otherwise, and the note that goes along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from zdsync.facts import Facts
from zdsync.model import FieldId, FieldValue
from zdsync.rules.compiled import CompiledRule, CompiledRules
from zdsync.rules.model import Rule, Tier
from zdsync.tiers.model import Decision, Target
from zdsync.tiers.moves import Step, clock_told
from zdsync.tiers.notes import handover_note, how_long, vendor_note
from zdsync.tiers.state import is_sensitive


def assignment(facts: Facts, rules: CompiledRules, winner: CompiledRule) -> Target:
    """What an assign rule asks for."""
    tier = winner.tier
    assert tier is not None, "compiling refuses an assign rule without a known tier"
    return _fields(facts, winner, _destination(facts, rules, winner.rule, tier))


def moved(facts: Facts, rules: CompiledRules, step: Step) -> Target:
    """What an escalation or de-escalation asks for.

    Tags that the rule removes go also where a person has set them: they are the request that the move answers.
    """
    removed = step.rule.then.remove_tags
    if step.tier is not None:
        return _fields(facts, step.compiled, _destination(facts, rules, step.rule, step.tier))._replace(
            tier=step.tier,
            remove_tags=removed,
            is_handed_over=True,
            keeps_assignee_as_follower=step.rule.then.keep_assignee_as == "follower",
        )
    clock = clock_told(step.reading) if step.reading is not None else ""
    here = rules.rules.tier(facts.tier or "")
    assert here is not None, "only a ticket that is in a tier goes to a vendor"
    return _fields(facts, step.compiled)._replace(
        status="hold",
        add_tags=(*unless_removed(facts, step.rule.then.add_tags), rules.rules.vendor.tag),
        remove_tags=removed,
        note=vendor_note(facts, step.rule, here, group_name(facts, rules, here), clock=clock),
        is_told_in_place=True,
    )


def handover(facts: Facts, rules: CompiledRules, decision: Decision) -> str:
    """The note for whoever gets the ticket by this decision, whose target is handed over."""
    tier, rule = decision.target.tier, decision.rule
    assert tier is not None, "only a place is handed over to"
    assert rule is not None, "only a rule hands over"
    return handover_note(
        facts,
        rule,
        tier,
        decision.target.group or group_name(facts, rules, tier),
        _known(facts, rules, tier),
        before=_before(facts, rules, tier),
        clock=clock_told(decision.reading) if decision.reading is not None else "",
    )


def _fields(facts: Facts, rule: CompiledRule, group: str | None = None) -> Target:
    """Fields and tags of a rule's outcome but what people have chosen otherwise, and where the ticket is handed over to."""
    target: Target | None = rule.made.get(group)
    if target is None:
        target = rule.made[group] = _outcome(rule, group)
    if is_untouched(facts):
        return target
    return target._replace(
        priority=unless_chosen(facts, "priority", target.priority),
        type=unless_chosen(facts, "type", target.type),
        status=unless_chosen(facts, "status", target.status),
        set_fields=unchosen_fields(facts, target.set_fields),
        add_tags=unless_removed(facts, target.add_tags),
        remove_tags=unless_added(facts, target.remove_tags),
    )


def _outcome(rule: CompiledRule, group: str | None) -> Target:
    """What the rule asks of a ticket for which no person has chosen anything."""
    then = rule.rule.then
    return Target(
        tier=rule.tier,
        group=group,
        priority=then.priority,
        type=then.type,
        status=then.status,
        set_fields=rule.set_fields,
        add_tags=then.add_tags,
        remove_tags=then.remove_tags,
        is_handed_over=rule.tier is not None,
        keeps_assignee_as_follower=rule.tier is not None and then.keep_assignee_as == "follower",
    )


def labels(
    facts: Facts, rules: Iterable[CompiledRule]
) -> tuple[tuple[str, ...], tuple[str, ...], Mapping[FieldId, FieldValue]]:
    """The tags that these rules add, those they take away, and the fields they set, but what people have chosen otherwise.

    Of two values for a field the first stands.
    """
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    fields: Mapping[FieldId, FieldValue] = {}
    for rule in rules:
        added = union(added, rule.rule.then.add_tags)
        removed = union(removed, rule.rule.then.remove_tags)
        fields = {**rule.set_fields, **fields} if fields else rule.set_fields
    if is_untouched(facts):
        return added, removed, fields
    return unless_removed(facts, added), unless_added(facts, removed), unchosen_fields(facts, fields)


def union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Both, each tag once."""
    if not first or not second:
        return first or second
    return first + tuple(tag for tag in second if tag not in first)


def _destination(facts: Facts, rules: CompiledRules, rule: Rule, tier: Tier) -> str | None:
    """The group to move to; None to stay: private data stays with whichever sensitive group has it."""
    if rule.then.private_only and is_sensitive(facts.current.group_id, rules):
        return None
    return rule.then.group or (None if is_home(facts, rules, tier) else tier.group)


def is_home(facts: Facts, rules: CompiledRules, tier: Tier) -> bool:
    """Whether the ticket sits in one of the tier's groups."""
    group = facts.current.group_id
    return group is not None and tier.key in rules.ladder.tiers_of_group.get(group, ())


def group_name(facts: Facts, rules: CompiledRules, tier: Tier) -> str:
    """The name of the tier's group that the ticket is in, else the tier's default."""
    here = facts.current.group_id
    return next((name for name in tier.groups if rules.group_ids.get(name.casefold()) == here), tier.group)


def _known(facts: Facts, rules: CompiledRules, tier: Tier) -> tuple[tuple[str, str], ...]:
    """What is known of the ticket, and of what the gates before the tier ask for."""
    ticket = facts.ticket
    pairs = (("priority", ticket.priority), ("type", ticket.type), ("channel", ticket.channel or None))
    told = [(name, value) for name, value in pairs if value]
    for gate in rules.require:
        if gate.rule.before_tier == tier.key:
            told += (pair for pair in gate.collected(facts) if pair not in told)
    return tuple(told)


def _before(facts: Facts, rules: CompiledRules, tier: Tier) -> str:
    """Who had the ticket and how long, in the business time of the tier it leaves; empty for its first placing."""
    here = rules.rules.tier(facts.tier or "")
    if here is None or here == tier or facts.journey.governed_since is None:
        return ""
    calendar = rules.ladder.calendar(here.key)
    stayed = calendar.elapsed(facts.journey.stays[-1].entered_at, facts.now)
    time = how_long(stayed) + (" of business time" if not calendar.is_always else "")
    agent = facts.staff.get(facts.current.assignee_id) if facts.current.assignee_id is not None else None
    return f"tier {here.key} ({here.name}) had it for {time}, {agent.name if agent and agent.name else 'nobody assigned'}"


def is_untouched(facts: Facts) -> bool:
    """Whether no person has chosen any field or tag of the ticket."""
    return not facts.person_fields and not facts.person_tags


def unless_chosen(facts: Facts, field: str, value: str | None) -> str | None:
    return None if field in facts.person_fields else value


def unchosen_fields(facts: Facts, fields: Mapping[FieldId, FieldValue]) -> Mapping[FieldId, FieldValue]:
    return {id: value for id, value in fields.items() if str(id) not in facts.person_fields}


def unless_removed(facts: Facts, tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(tag for tag in tags if facts.person_tags.get(tag) is not False) if tags else ()


def unless_added(facts: Facts, tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(tag for tag in tags if facts.person_tags.get(tag) is not True) if tags else ()
