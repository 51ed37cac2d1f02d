"""From facts and rules to exactly one outcome: ignore, private data, people's choices, assignment; then labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from zdsync.facts import Facts
from zdsync.model import FieldId, FieldValue, HoldReason
from zdsync.rules.compile import CompiledRule, CompiledRules
from zdsync.rules.evaluate import all_matches, is_live, is_on
from zdsync.rules.model import Rule, Tier
from zdsync.tiers.model import Decision, Target, Verdict
from zdsync.tiers.notes import handover_note
from zdsync.tiers.state import is_sensitive, settle


def decide(facts: Facts, rules: CompiledRules, today: date) -> Decision:
    """One outcome for one ticket from one snapshot; the effects of rules never feed the same pass.

    Order: finished, settling, `ignore`, a `private_only` rule of `assign`, a hold, a person's hand on the ticket,
    `assign`; then `annotate` adds labels to whatever was decided, but to a held ticket.
    """
    ticket = facts.current
    if not ticket.is_unsolved:
        return Decision(ticket.id, Verdict.FINISHED, f"the ticket is {ticket.status}")
    if facts.is_settling:
        return Decision(ticket.id, Verdict.SETTLING, "its latest events are not mirrored yet")
    ignored, _ = _winner(rules.ignore, facts, today)
    if ignored is not None:
        return Decision(ticket.id, Verdict.IGNORED, ignored.rule.why, rule=ignored.rule)
    placed = _place(facts, rules, today)
    return placed if placed.verdict is Verdict.HELD else _with_labels(placed, facts, rules, today)


def _place(facts: Facts, rules: CompiledRules, today: date) -> Decision:
    private, _ = _winner([rule for rule in rules.assign if rule.rule.then.private_only], facts, today)
    held = _hold_reason(facts, rules) if private is None else None
    if held is not None:
        return Decision(facts.current.id, Verdict.HELD, held)
    if private is None and facts.touch is not None:
        settled = settle(facts, rules)
        return Decision(facts.current.id, settled.verdict, settled.reason, settled.target)
    winner, shadow = (private, ()) if private is not None else _winner(rules.assign, facts, today)
    if winner is None:
        return Decision(facts.current.id, Verdict.UNPLACED, "no live rule of assign matches", shadow=shadow)
    target = _assignment(facts, rules, winner)
    return Decision(facts.current.id, Verdict.ASSIGNED, winner.rule.why, target, winner.rule, shadow=shadow)


def _hold_reason(facts: Facts, rules: CompiledRules) -> str | None:
    """Why the ticket is held now; None when no hold is in force."""
    hold = next((hold for hold in facts.holds if hold.is_in_force(facts.now, rules.rules.digest)), None)
    if hold is None:
        return None
    who = f"undone by run {hold.run_id}" if hold.reason is HoldReason.UNDO else "held by hand"
    end = "a release" if hold.until is None else f"{hold.until:%Y-%m-%d %H:%M} UTC"
    return f"{who}; left alone until {'the rules change or ' * (hold.rules_digest is not None)}{end}"


def _winner(
    rules: Sequence[CompiledRule], facts: Facts, today: date
) -> tuple[CompiledRule | None, tuple[Rule, ...]]:
    """The first live rule that matches, and the ones before it that match but are not live for this ticket."""
    shadow: list[Rule] = []
    for rule in rules:
        if not rule.matches(facts):
            continue
        if is_live(rule.rule, facts.current.id, today):
            return rule, tuple(shadow)
        if is_on(rule.rule, today):
            shadow.append(rule.rule)
    return None, tuple(shadow)


def _assignment(facts: Facts, rules: CompiledRules, winner: CompiledRule) -> Target:
    """What an assign rule asks for, less what a person has chosen otherwise."""
    then = winner.rule.then
    tier = rules.rules.tier(then.tier) if then.tier is not None else None
    assert tier is not None, "compiling refuses an assign rule without a known tier"
    group = _destination(facts, rules, winner.rule, tier)
    note = handover_note(facts, winner.rule, tier, group or _group_name(facts, rules, tier), _known(facts))
    return Target(
        tier=tier,
        group=group,
        priority=_unless_chosen(facts, "priority", then.priority),
        type=_unless_chosen(facts, "type", then.type),
        status=_unless_chosen(facts, "status", then.status),
        set_fields=_unchosen_fields(facts, winner),
        add_tags=_unless_removed(facts, then.add_tags),
        remove_tags=_unless_added(facts, then.remove_tags),
        note=note,
    )


def _destination(facts: Facts, rules: CompiledRules, rule: Rule, tier: Tier) -> str | None:
    """The group to move to; None to stay: private data stays with whichever sensitive group has it."""
    if rule.then.private_only and is_sensitive(facts.current.group_id, rules):
        return None
    return rule.then.group or (None if _is_home(facts, rules, tier) else tier.group)


def _is_home(facts: Facts, rules: CompiledRules, tier: Tier) -> bool:
    group = facts.current.group_id
    return group is not None and tier in rules.tiers_of_group.get(group, ())


def _group_name(facts: Facts, rules: CompiledRules, tier: Tier) -> str:
    """The name of the tier's group that the ticket is in, else the tier's default."""
    here = facts.current.group_id
    return next((name for name in tier.groups if rules.group_ids.get(name.casefold()) == here), tier.group)


def _known(facts: Facts) -> tuple[tuple[str, str], ...]:
    ticket = facts.ticket
    pairs = (("priority", ticket.priority), ("type", ticket.type), ("channel", ticket.channel or None))
    return tuple((name, value) for name, value in pairs if value)


def _with_labels(decision: Decision, facts: Facts, rules: CompiledRules, today: date) -> Decision:
    matched = [
        rule for rule in all_matches(rules.annotate, facts) if is_live(rule.rule, facts.current.id, today)
    ]
    if not matched:
        return decision
    target = decision.target
    for rule in matched:
        labels = _labels_of(rule, facts)
        target = replace(
            target,
            add_tags=_union(target.add_tags, labels.add_tags),
            remove_tags=_union(target.remove_tags, labels.remove_tags),
            set_fields={**labels.set_fields, **target.set_fields},
        )
    return replace(decision, target=target, labels=tuple(rule.rule for rule in matched))


def _labels_of(rule: CompiledRule, facts: Facts) -> Target:
    """The labels a rule adds, less what a person has chosen otherwise."""
    then = rule.rule.then
    return Target(
        set_fields=_unchosen_fields(facts, rule),
        add_tags=_unless_removed(facts, then.add_tags),
        remove_tags=_unless_added(facts, then.remove_tags),
    )


def _unless_chosen(facts: Facts, field: str, value: str | None) -> str | None:
    return None if field in facts.person_fields else value


def _unchosen_fields(facts: Facts, rule: CompiledRule) -> dict[FieldId, FieldValue]:
    return {id: value for id, value in rule.set_fields.items() if str(id) not in facts.person_fields}


def _unless_removed(facts: Facts, tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(tag for tag in tags if facts.person_tags.get(tag) is not False)


def _unless_added(facts: Facts, tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(tag for tag in tags if facts.person_tags.get(tag) is not True)


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return first + tuple(tag for tag in second if tag not in first)
