"""Tables of a ticket's way through the tiers, and of when it is to be decided anew."""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text
from sqlalchemy import text as sql

from zdsync.mirror.base import METADATA, partial_index
from zdsync.mirror.columns import BigId, key, moment, number, text

tier_stays = Table(
    "tier_stays",
    METADATA,
    Column("ticket_id", BigId, nullable=False, comment="Ticket (tickets.id)"),
    number("position", "Place among the ticket's stays, from 0", required=True),
    text("tier", "Tier, by its key in the rules", required=True),
    number("rank", "The tier's place on the ladder, 0 the lowest; null when the rules have it no more"),
    moment("entered_at", "When the ticket came into the tier", required=True),
    moment("left_at", "When it left the tier or was solved; null while it is there"),
    text("entered_by", "Whose doing: person, customer, bot, rule, zdsync or system", required=True),
    number("entered_by_id", "Author of the update that brought it there (users.id)"),
    text("through", "Machinery behind it: trigger, automation; empty when done directly", required=True),
    text("zdsync_key", "Key of the update in zdsync_changes; null when it was not zdsync's"),
    text("rule", "Rule of zdsync that brought it there; empty for none", required=True),
    text("why", "That rule's reason, in words; empty for none", required=True),
    text(
        "basis",
        "What told the tier: tag, its tier tag; group, its group before zdsync had tagged it",
        required=True,
    ),
    text("calendar", "Calendar whose open time counts; empty for round the clock", required=True),
    number("business_minutes", "Open minutes of the stay, in the tier's calendar; null while it lasts"),
    PrimaryKeyConstraint("ticket_id", "position"),
    Index("tier_stays_tier", "tier", "entered_at"),
    Index("tier_stays_entered", "entered_at"),
    comment="One row per unbroken stay of a ticket in a tier; tickets merged into others and deleted ones are left out",
    sqlite_with_rowid=False,
)

zdsync_due = Table(
    "zdsync_due",
    METADATA,
    key("ticket_id", "Ticket (tickets.id)"),
    moment(
        "due_at",
        "When to decide it anew though nothing happens to it: a clock, a hold's end; at once while it is to be changed; null: never",
    ),
    moment("decided_at", "When it was last decided", required=True),
    text("outcome", "What was decided, as in zdsync_decisions", required=True),
    text("rule", "Rule that spoke; empty when none did", required=True),
    text("reason", "Why, in words", required=True),
    text("next_rule", "Rule whose clock is over its warn_at; null for none"),
    moment("next_move_at", "When that rule will move it"),
    text(
        "external",
        "Digest of its rows in the rules' external tables, as it was decided by them; empty for none",
        required=True,
    ),
    moment("waiting_since", "Oldest public comment of a customer that no person has answered publicly"),
    moment("unassigned_since", "Since when nobody is assigned; null while somebody is"),
    moment("status_since", "Since when it has its status"),
    moment("touched_at", "When anybody but zdsync last did anything to it"),
    Column(
        "unknown_clock",
        Text,
        nullable=False,
        server_default="",
        comment="Why nobody can know who waits for whom: history or transcript is not read; empty when it is known",
    ),
    Index("zdsync_due_at", "due_at"),
    Index("zdsync_due_outcome", "outcome"),
    partial_index("zdsync_due_next", "next_move_at", where=sql("next_move_at IS NOT NULL")),
    comment="One row per unsolved ticket: what was decided, and when to decide anew although nothing happens to it",
)

tier_targets = Table(
    "tier_targets",
    METADATA,
    Column("ticket_id", BigId, nullable=False, comment="Ticket (tickets.id)"),
    Column("kind", Text, nullable=False, comment="What was promised: first_reply, in_tier or solve"),
    number("position", "Stay in whose tier it was promised (tier_stays.position)", required=True),
    text("tier", "Tier whose target it is, by its key in the rules", required=True),
    text("priority", "The ticket's priority, by which the target was chosen; null for none"),
    text("promised", "Within which time, such as 4 business hours", required=True),
    moment("started_at", "From when it counts", required=True),
    moment("due_at", "When its time is or would have been over; null where it stands still before that"),
    moment("ended_at", "When it was done: replied to, left, solved; null while it is not"),
    text("state", "due, met or missed, as of the latest run that looked at it", required=True),
    text("calendar", "Calendar whose open time counts; empty for round the clock", required=True),
    number("minutes", "Minutes that counted until it was done; null while it is not"),
    PrimaryKeyConstraint("ticket_id", "kind", "position"),
    partial_index("tier_targets_open", "due_at", where=sql("ended_at IS NULL")),
    comment="One row per target of a tier and ticket (in_tier: per stay), kept, missed or still due",
    sqlite_with_rowid=False,
)

zdsync_notices = Table(
    "zdsync_notices",
    METADATA,
    Column("ticket_id", BigId, nullable=False, comment="Ticket (tickets.id)"),
    Column("kind", Text, nullable=False, comment="limited, contradicted, private or warning"),
    Column("rule", Text, nullable=False, comment="Rule it is about; empty for none"),
    text("audience", "Who is to be told, as the rules name them; empty for whoever reads the webhook"),
    moment("told_at", "When they were told; null until then"),
    PrimaryKeyConstraint("ticket_id", "kind", "rule"),
    partial_index("zdsync_notices_untold", "ticket_id", where=sql("told_at IS NULL")),
    comment="What people are told of tickets through the webhook, once, as long as it lasts",
    sqlite_with_rowid=False,
)

zdsync_touched = Table(
    "zdsync_touched",
    METADATA,
    key("ticket_id", "Ticket (tickets.id)"),
    number("times", "How often it was touched since it was last decided", required=True),
    comment="Tickets to which something has happened since they were last decided",
)

zdsync_state = Table(
    "zdsync_state",
    METADATA,
    Column("name", Text, primary_key=True, comment="What it is about"),
    text("value", "What it is", required=True),
    comment="What zdsync remembers from run to run: by which rules and which account all tickets were decided",
    sqlite_with_rowid=False,
)
