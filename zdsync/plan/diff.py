"""From what is to what should be: one change per ticket, foreign tags untouched, nothing that would change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from zdsync.account import Account
from zdsync.facts import Facts
from zdsync.model import STATUS_ORDER, Ticket, UserId
from zdsync.plan.model import LABELLED, FieldDiff, GroupRef, TicketChange
from zdsync.rules.compiled import CompiledRules
from zdsync.tiers.model import Decision, Target, Verdict
from zdsync.tiers.moves import clock_told
from zdsync.tiers.notes import note_digest
from zdsync.tiers.state import tier_tags
from zdsync.tiers.targets import handover


def diff_ticket(
    facts: Facts, decision: Decision, rules: CompiledRules, account: Account
) -> TicketChange | None:
    """The one update that brings a ticket to its decision's target; None when nothing differs.

    A note goes along only with a move, and never twice. Tags outside our own are copied, never judged.
    """
    ticket, target = facts.current, decision.target
    tags = _tags_after(ticket, target, rules)
    group = _group_after(ticket, target, rules)
    fields = tuple(_field_diffs(ticket, target))
    moves = group is not None or (target.tier is not None and rules.tier_tag(target.tier) not in ticket.tags)
    is_told = moves or target.is_told_in_place
    note, digest = _note(facts, decision, rules) if is_told else (None, None)
    if tags == ticket.tags and group is None and not fields and note is None:
        return None
    leaving = _leaving(ticket, group, account)
    return TicketChange(
        ticket_id=ticket.id,
        updated_stamp=ticket.updated_at,
        kind=decision.verdict.value if is_told else LABELLED,
        rule=decision.rule_id
        if is_told
        else ", ".join(rule.id for rule in decision.labels) or decision.rule_id,
        reason=decision.reason,
        tier=target.tier.key if target.tier else None,
        fields=fields,
        group=group,
        group_before=_group_before(ticket, account) if group else None,
        assignee_before=leaving,
        follower=leaving if target.keeps_assignee_as_follower else None,
        clock=clock_told(decision.reading) if is_told and decision.reading else "",
        notify=decision.notify if is_told and decision.verdict is not Verdict.LIMITED else (),
        add_tags=tuple(sorted(tags - ticket.tags)),
        remove_tags=tuple(sorted(ticket.tags - tags)),
        tags=tuple(sorted(tags)),
        note=note,
        note_digest=digest,
    )


def _note(facts: Facts, decision: Decision, rules: CompiledRules) -> tuple[str | None, str | None]:
    """The note to leave and its digest; nothing when it stands there already, or nobody hands the ticket over.

    A new ticket that only the catch-all claims was in nobody's hands, and there is nothing to tell.
    """
    target, rule, ticket = decision.target, decision.rule, facts.current
    is_first_place = ticket.group_id is None or not tier_tags(ticket.tags, rules.tag_prefix)
    says_nothing = rule is not None and rule.is_catch_all and is_first_place
    is_handed_over = target.is_handed_over and not says_nothing
    note = handover(facts, rules, decision) if is_handed_over else target.note
    if note is None or (says_nothing and not target.is_told_in_place):
        return None, None
    digest = note_digest(ticket.id, note)
    return (None, None) if digest in facts.notes_written else (note, digest)


def _tags_after(ticket: Ticket, target: Target, rules: CompiledRules) -> frozenset[str]:
    """Exactly one tier tag when a tier is meant; labels added and removed, but never a tier tag among them."""
    prefix = rules.tag_prefix
    added = {tag for tag in target.add_tags if not tag.startswith(prefix)}
    removed = {tag for tag in target.remove_tags if not tag.startswith(prefix)}
    after = (ticket.tags | added) - removed
    if target.tier is None:
        return after
    return frozenset(tag for tag in after if not tag.startswith(prefix)) | {rules.tier_tag(target.tier)}


def _group_after(ticket: Ticket, target: Target, rules: CompiledRules) -> GroupRef | None:
    """Where the ticket moves; None when it stays."""
    if target.group is None:
        return None
    id = rules.group_ids.get(target.group.casefold())
    return None if id is not None and id == ticket.group_id else GroupRef(target.group, id)


def _group_before(ticket: Ticket, account: Account) -> GroupRef | None:
    if ticket.group_id is None:
        return None
    group = account.group(ticket.group_id)
    return GroupRef(group.name if group else f"group {ticket.group_id}", ticket.group_id)


def _leaving(ticket: Ticket, group: GroupRef | None, account: Account) -> UserId | None:
    """The assignee who cannot keep the ticket in its new group: Zendesk wants a member of it."""
    if group is None or ticket.assignee_id is None:
        return None
    members = account.members.get(group.id, frozenset()) if group.id is not None else frozenset()
    return None if ticket.assignee_id in members else ticket.assignee_id


def _field_diffs(ticket: Ticket, target: Target) -> Iterator[FieldDiff]:
    if target.priority is not None and target.priority != ticket.priority:
        yield FieldDiff("priority", ticket.priority, target.priority)
    if target.type is not None and target.type != ticket.type:
        yield FieldDiff("type", ticket.type, target.type)
    if target.status is not None and _can_become(ticket.status, target.status):
        yield FieldDiff("status", ticket.status, target.status)
    for id, value in sorted(target.set_fields.items()):
        before = ticket.custom_fields.get(id)
        if before != value:
            yield FieldDiff(f"custom_fields.{id}", before, value)


def _can_become(status: str, wanted: str) -> bool:
    """A ticket never goes back to new. Source: Zendesk help, "About the standard ticket statuses"."""
    return wanted not in {status, "new"} and wanted in STATUS_ORDER
