"""The hand-over note a moved ticket carries: what the customer wants, what is known, which rule and why."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from zdsync.facts import Facts
from zdsync.rules.model import Rule, Tier

_BEFORE = "Before: "
_PLACEHOLDER = re.compile(r"\{([a-z_.]+)\}")


def handover_note(
    facts: Facts,
    rule: Rule,
    tier: Tier,
    group: str,
    known: tuple[tuple[str, str], ...],
    *,
    before: str = "",
    clock: str = "",
) -> str:
    """The note for a move to `tier` and `group`; the same facts give the same text, so that it is never written twice.

    `known` are collected fields as (title, value), `before` says who had it and how long, `clock` which clock came
    and when. A rule's own note comes first.
    """
    lines = [f"Tier {tier.key} ({tier.name}), group {group}"]
    if rule.then.note:
        lines.insert(0, fill(rule.then.note, facts, rule, tier, group, clock=clock))
    lines.append(f"Why: {rule.why} (rule {rule.id})")
    if clock:
        lines.append(f"Clock: {clock}")
    if before:
        lines.append(f"{_BEFORE}{before}")
    if facts.ticket.subject:
        lines.append(f"The customer writes: {_one_line(facts.ticket.subject)}")
    details = [f"{title}: {value}" for title, value in known]
    if facts.organization and facts.organization.name:
        details.insert(0, f"organization: {facts.organization.name}")
    if details:
        lines.append("Known: " + "; ".join(details))
    lines.append("Left by zdsync; move the ticket or change its group and it will be left to you.")
    return "\n".join(lines)


def vendor_note(facts: Facts, rule: Rule, tier: Tier, group: str, *, clock: str = "") -> str:
    """The note for a ticket that waits for a vendor now, and stays in its tier meanwhile."""
    lines = [f"With a vendor, on hold in tier {tier.key} ({tier.name})"]
    if rule.then.note:
        lines.insert(0, fill(rule.then.note, facts, rule, tier, group, clock=clock))
    lines.append(f"Why: {rule.why} (rule {rule.id})")
    if clock:
        lines.append(f"Clock: {clock}")
    if facts.ticket.subject:
        lines.append(f"The customer writes: {_one_line(facts.ticket.subject)}")
    lines.append("Left by zdsync; set it to open once the vendor has answered.")
    return "\n".join(lines)


def reminder_note(rule: Rule, at: datetime, since: datetime) -> str:
    """The note that a vendor has not answered; each reminder has a moment, and so a text, of its own."""
    return (
        f"Still with a vendor: on hold since {since:%Y-%m-%d %H:%M} UTC, to be reminded {at:%Y-%m-%d %H:%M} UTC\n"
        f"Why: {rule.why} (rule {rule.id})\n"
        "Left by zdsync; ask the vendor, or set the ticket to open."
    )


def how_long(seconds: int) -> str:
    """A length in words, to the minute: 3 min, 4 h 10 min, 2 d 3 h."""
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def fill(
    template: str, facts: Facts, rule: Rule, tier: Tier, group: str, *, clock: str = "", missing: str = ""
) -> str:
    """The template with its placeholders replaced; an unknown one stays as written."""
    ticket = facts.ticket
    values: dict[str, object] = {
        "ticket.id": ticket.id,
        "ticket.subject": _one_line(ticket.subject),
        "ticket.status": ticket.status,
        "ticket.priority": ticket.priority or "none",
        "ticket.type": ticket.type or "none",
        "ticket.channel": ticket.channel,
        "requester.name": facts.requester.name if facts.requester else "",
        "organization.name": facts.organization.name if facts.organization else "",
        "rule.id": rule.id,
        "rule.why": rule.why,
        "tier.key": tier.key,
        "tier.name": tier.name,
        "group": group,
        "clock": clock,
        "missing": missing,
    }
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), template)


def note_digest(ticket_id: int, note: str) -> str:
    """Tells whether this note was left on this ticket before; how long somebody had it makes it no other note."""
    told = "\n".join(line for line in note.splitlines() if not line.startswith(_BEFORE))
    return hashlib.sha256(f"{ticket_id}\n{told}".encode(errors="replace")).hexdigest()[:32]


def was_noted(facts: Facts, note: str) -> bool:
    """Whether we have left this note on the ticket before."""
    return note_digest(facts.current.id, note) in facts.notes_written


def _one_line(text: str) -> str:
    short = " ".join(text.split())
    return short if len(short) <= 120 else f"{short[:119]}…"
