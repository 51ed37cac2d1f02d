"""From facts and rules to exactly one outcome: ignore, private data, holds, people's choices, moves, assignment; labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from zdsync.actors import Actor
from zdsync.facts import Facts
from zdsync.journey import Basis, Stay
from zdsync.model import HoldReason
from zdsync.rules.compiled import CompiledRule, CompiledRules, Shortlist
from zdsync.rules.evaluate import is_live, is_on
from zdsync.rules.model import Rule, Tier
from zdsync.tiers import holds
from zdsync.tiers.gates import Closed, closed_gates, gate_note, gate_tags, tags_of_closed
from zdsync.tiers.model import Decision, Target, Verdict
from zdsync.tiers.moves import Step, has_been_moved, is_back_from_vendor, next_step, reminders
from zdsync.tiers.notes import reminder_note, was_noted
from zdsync.tiers.sight import unplaced
from zdsync.tiers.state import Settlement, settle
from zdsync.tiers.targets import assignment, is_home, labels, moved, union, unless_chosen, unless_removed

_MOVED_ON = frozenset({Verdict.ESCALATED, Verdict.DEESCALATED})


def decide(facts: Facts, rules: CompiledRules, today: date) -> Decision:
    """One outcome for one ticket from one snapshot; the effects of rules never feed the same pass.

    Order: finished, settling, `ignore`, a `private_only` rule of `assign`, a hold, bringing tag and group in order
    after people, the respect for their move, `escalate`, `deescalate`, `assign`. What would move the ticket is then
    asked for the move limit and the gates. Last, `annotate` adds labels to whatever was decided, but to a held ticket.
    Once the outcome is written nothing is left to do at that moment, whatever the rules say.
    """
    ticket = facts.current
    if not ticket.is_unsolved:
        return Decision(ticket.id, Verdict.FINISHED, f"the ticket is {ticket.status}")
    if facts.is_settling:
        return Decision(ticket.id, Verdict.SETTLING, "its latest events are not mirrored yet")
    left = rules.shortlist(facts)
    here = facts, left
    ignored, _ = _winner(left.ignore, facts, today)
    if ignored is not None:
        return Decision(ticket.id, Verdict.IGNORED, ignored.rule.why, rule=ignored.rule)
    placed = _place(facts, rules, today, _see(unplaced(facts, rules), rules, here))
    if placed.verdict is Verdict.HELD:
        return placed
    return _without_old_marks(_with_labels(placed, facts, rules, today, here), facts, rules, today)


_Seen = tuple[Facts, Shortlist]
"""A ticket as some rules see it, and what its values leave of them."""


def _see(facts: Facts, rules: CompiledRules, before: _Seen) -> _Seen:
    """Looks again only at a ticket that is seen in another way than before."""
    return before if facts is before[0] else (facts, rules.shortlist(facts))


def _place(facts: Facts, rules: CompiledRules, today: date, seen: _Seen) -> Decision:
    as_seen, left = seen
    private, _ = _winner(left.private, as_seen, today)
    if private is not None:
        return _assigned(facts, rules, private, ())
    hold = holds.hold_in_force(facts, rules)
    if hold is not None:
        wait = holds.told(hold)
        is_undone = hold.reason is HoldReason.UNDO
        forced = None if is_undone else _move(facts, rules, today, only_forced=True)
        return forced or Decision(facts.current.id, Verdict.HELD, wait.reason)
    if facts.touch is not None or has_been_moved(facts):
        return _settled(facts, rules, today)
    onward = _move(facts, rules, today)
    if onward is None:
        return _assign(facts, rules, today, seen)
    is_sent = onward.verdict in _MOVED_ON and onward.target.tier is None
    return _in_order(onward, settle(facts, rules)) if is_sent else onward


def _settled(facts: Facts, rules: CompiledRules, today: date) -> Decision:
    """A ticket that people have in hand or that was moved on: brought in order, and moved on when its time has come.

    One update does both, or a second run would follow from the first. What a repair brings to another tier begins
    there anew, so nothing can be due yet; a ticket in a group of no tier is people's.
    """
    settled = settle(facts, rules)
    if settled.verdict is Verdict.REPAIRED and facts.repaired_at is not None:
        reason = f"{settled.reason}: a second time since it was repaired; left alone until a person chooses"
        return Decision(facts.current.id, Verdict.HELD, reason, notify=("",))
    is_there = settled.target.tier is not None and settled.target.tier.key == facts.tier
    if settled.verdict is Verdict.UNPLACED or not is_there:
        return _of(facts, settled)
    wait = holds.respect(facts, rules)
    if wait is not None:
        onward = _move(facts, rules, today, only_forced=True)
    else:
        onward = _move(facts, rules, today) or _reminded(facts, rules)
    if onward is not None:
        return _in_order(onward, settled)
    if wait is not None and settled.verdict is Verdict.KEPT:
        return Decision(facts.current.id, Verdict.RESPECTED, wait.reason, settled.target)
    return _of(facts, settled)


def _in_order(onward: Decision, settled: Settlement) -> Decision:
    """What is due, with the ticket brought in order by the same update where it stays in its tier.

    A repair is told as one unless the ticket moves on: so the journal knows that it was made.
    """
    if settled.verdict is Verdict.KEPT:
        return onward
    base, target = settled.target, onward.target
    if target.tier is None or target.tier == base.tier:
        target = target._replace(tier=base.tier, group=target.group or base.group)
    decision = onward._replace(target=target)
    if settled.verdict is not Verdict.REPAIRED or onward.verdict in _MOVED_ON:
        return decision
    notify = () if onward.verdict is Verdict.LIMITED else onward.notify
    reason = f"{settled.reason}; {onward.reason}"
    return decision._replace(verdict=Verdict.REPAIRED, reason=reason, notify=notify)


def _of(facts: Facts, settled: Settlement) -> Decision:
    return Decision(facts.current.id, settled.verdict, settled.reason, settled.target)


# Assignment


def _winner(
    rules: Sequence[CompiledRule], facts: Facts, today: date
) -> tuple[CompiledRule | None, tuple[Rule, ...]]:
    """The first live rule that matches, and the ones before it that match but are not live for this ticket."""
    if not rules:
        return None, ()
    shadow: list[Rule] = []
    for rule in rules:
        if not rule.matches(facts):
            continue
        if is_live(rule.rule, facts.current.id, today):
            return rule, tuple(shadow)
        if is_on(rule.rule, today):
            shadow.append(rule.rule)
    return None, tuple(shadow)


def _assign(facts: Facts, rules: CompiledRules, today: date, seen: _Seen) -> Decision:
    as_seen, left = seen
    winner, shadow = _winner(left.assign, as_seen, today)
    if winner is None:
        return Decision(facts.current.id, Verdict.UNPLACED, "no live rule of assign matches", shadow=shadow)
    decision = _assigned(facts, rules, winner, shadow)
    tier = winner.tier
    assert tier is not None, "an assignment names its tier"
    if tier.key == facts.tier:
        return decision
    if rules.require:
        place = rules.rules.tier(facts.tier or "") or _catch_all_tier(rules)
        closed = closed_gates(as_seen, rules, tier, today) if place != tier else ()
        gated = _gated(facts, rules, closed, tier, place)
        if gated is not None:
            return gated
    limited = _limited(facts, rules) if facts.tier is not None else None
    return limited or decision


def _assigned(facts: Facts, rules: CompiledRules, winner: CompiledRule, shadow: tuple[Rule, ...]) -> Decision:
    return Decision(
        facts.current.id,
        Verdict.ASSIGNED,
        winner.rule.why,
        assignment(facts, rules, winner),
        winner.rule,
        shadow=shadow,
        notify=_notify(winner.rule),
    )


def _notify(rule: Rule) -> tuple[str, ...]:
    return (rule.then.notify,) if rule.then.notify else ()


def _catch_all_tier(rules: CompiledRules) -> Tier:
    """Where a new ticket waits that may not enter its tier yet."""
    tier = rules.assign[-1].tier
    assert tier is not None, "compiling refuses a catch-all without a known tier"
    return tier


# Moves


def _move(facts: Facts, rules: CompiledRules, today: date, *, only_forced: bool = False) -> Decision | None:
    """The escalation or de-escalation that is due, or what keeps it back; None when none is due."""
    step, shadow = next_step(facts, rules, today, only_forced=only_forced)
    if step is None:
        return None
    if step.tier is not None:
        closed = closed_gates(facts, rules, step.tier, today, step.reading)
        kept_back = _limited(facts, rules) or _gated(facts, rules, closed, step.tier, None)
        if kept_back is not None:
            return kept_back
    return Decision(
        facts.current.id,
        Verdict.DEESCALATED if _is_down(rules, step) else Verdict.ESCALATED,
        step.rule.why,
        moved(facts, rules, step),
        step.rule,
        shadow=shadow,
        reading=step.reading,
        notify=_notify(step.rule),
    )


def _is_down(rules: CompiledRules, step: Step) -> bool:
    return any(step.compiled is one for one in rules.deescalate)


def _limited(facts: Facts, rules: CompiledRules) -> Decision | None:
    wait = holds.move_limit(facts, rules)
    limit = rules.rules.move_limit
    if wait is None or limit is None:
        return None
    add = unless_removed(facts, limit.add_tags)
    return Decision(
        facts.current.id,
        Verdict.LIMITED,
        wait.reason,
        Target(tier=rules.rules.tier(facts.tier or ""), add_tags=add),
        notify=(limit.notify,) if limit.notify else (),
    )


def _gated(
    facts: Facts, rules: CompiledRules, closed: tuple[Closed, ...], tier: Tier, place: Tier | None
) -> Decision | None:
    """The gates that keep the ticket out of `tier`, if any is closed; it waits in `place`, None for where it is."""
    if not closed:
        return None
    tags = unless_removed(
        facts, tuple(dict.fromkeys(tag for gate in closed for tag in gate.rule.missing_tags))
    )
    note = gate_note(facts, closed, tier)
    asks = any(gate.rule.asks_by for gate in closed)
    is_asked = facts.current.tags.issuperset(tags) if tags else was_noted(facts, note)
    missing = ", ".join(dict.fromkeys(name for gate in closed for name in gate.missing))
    target = Target(
        tier=place or rules.rules.tier(facts.tier or ""),
        group=None if place is None or is_home(facts, rules, place) else place.group,
        status=unless_chosen(facts, "status", "pending") if asks and not is_asked else None,
        add_tags=tags,
        note=note,
        is_told_in_place=True,
    )
    reason = f"it waits before tier {tier.key} until this is known: {missing}"
    return Decision(facts.current.id, Verdict.GATED, reason, target, closed[0].rule)


def _reminded(facts: Facts, rules: CompiledRules) -> Decision | None:
    """The latest reminder of a vendor that is due and was not left yet."""
    found = reminders(facts, rules)
    if found is None or found.latest is None:
        return None
    target = Target(note=reminder_note(found.rule, found.latest, found.since), is_told_in_place=True)
    reason = f"it has waited for a vendor since {found.since:%Y-%m-%d %H:%M} UTC"
    return Decision(
        facts.current.id, Verdict.REMINDED, reason, target, found.rule, notify=_notify(found.rule)
    )


# Labels


def _with_labels(
    decision: Decision, facts: Facts, rules: CompiledRules, today: date, here: _Seen
) -> Decision:
    """The labels of the ticket where the decision brings it, or the next run would have to add them."""
    if rules.annotate and rules.asks_way:
        here = _see(_where_it_goes(facts, rules, decision), rules, here)
    as_seen, left = here
    matched = [
        rule
        for rule in left.annotate
        if rule.matches(as_seen) and is_live(rule.rule, facts.current.id, today)
    ]
    if not matched:
        return decision
    target = decision.target
    add_tags, remove_tags, set_fields = labels(facts, matched)
    target = target._replace(
        add_tags=union(target.add_tags, add_tags),
        remove_tags=union(target.remove_tags, remove_tags),
        set_fields={**set_fields, **target.set_fields} if set_fields else target.set_fields,
    )
    return decision._replace(target=target, labels=tuple([rule.rule for rule in matched]))


def _where_it_goes(facts: Facts, rules: CompiledRules, decision: Decision) -> Facts:
    """The facts once the decision is written, as far as its tier and group tell them."""
    tier, group = decision.target.tier, decision.target.group
    id = rules.group_ids.get(group.casefold()) if group is not None else None
    is_regrouped = group is not None and (id is None or id != facts.current.group_id)
    stations = facts.group_stations + is_regrouped
    if tier is None or tier.key == facts.tier:
        return replace(facts, group_stations=stations) if is_regrouped else facts
    stay = Stay(tier.key, facts.now, None, Actor.ZDSYNC, Basis.TAG)
    return replace(
        facts,
        group_stations=stations,
        journey=replace(facts.journey, stays=(*facts.journey.stays, stay)),
        in_business_hours=rules.ladder.calendar(tier.key).is_open(facts.now),
    )


def _without_old_marks(decision: Decision, facts: Facts, rules: CompiledRules, today: date) -> Decision:
    """Take away what we have set while something lasted that is over: a closed gate, a vendor's turn."""
    if not facts.tags_by_us:
        return decision
    marks = gate_tags(rules) | ({rules.rules.vendor.tag} if is_back_from_vendor(facts, rules) else set())
    old = (marks & facts.tags_by_us & facts.current.tags) - set(decision.target.add_tags)
    old -= tags_of_closed(facts, rules, today) if old and not _leads_on(decision, facts) else set()
    if not old:
        return decision
    removed = union(decision.target.remove_tags, tuple(sorted(old)))
    return decision._replace(target=decision.target._replace(remove_tags=removed))


def _leads_on(decision: Decision, facts: Facts) -> bool:
    """Whether the ticket goes to another tier now."""
    return decision.target.tier is not None and decision.target.tier.key != facts.tier
