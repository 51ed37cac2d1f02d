"""zdsync's own tables: the account, checkpoints, runs, decisions, the journal, calendars and every rule text used."""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text
from sqlalchemy import text as sql

from zdsync.mirror.base import METADATA, partial_index
from zdsync.mirror.columns import BigId, json, moment, number, text

zdsync_account = Table(
    "zdsync_account",
    METADATA,
    Column("account", Text, primary_key=True, comment="Base address of the Zendesk account"),
    moment("bound_at", "When this database began to mirror it", required=True),
    comment="The one account that this database mirrors",
)

zdsync_checkpoints = Table(
    "zdsync_checkpoints",
    METADATA,
    Column("stream", Text, primary_key=True, comment="Stream, by the table it fills"),
    text("cursor", "Where the next request continues, Zendesk's own token; null for plain lists"),
    moment("complete_until", "Server time up to which the mirror of the stream is complete"),
    moment("pulled_at", "When the latest page was recorded"),
    moment("listed_at", "Server time of the latest whole list"),
    moment("skipped_at", "When the account last refused the stream"),
    text("skipped", "Why the account does not allow the stream; empty when it does", required=True),
    comment="How far each stream has come; written together with the rows of its page",
)

zdsync_missing = Table(
    "zdsync_missing",
    METADATA,
    Column(
        "table_name",
        Text,
        nullable=False,
        comment="Table that lacks it: users, organizations, groups; ticket_events for a ticket whose beginning is lacking, "
        "ticket_comments for one whose comments are out of date",
    ),
    Column(
        "id", BigId, nullable=False, comment="Id of what is missing; of the ticket for events and comments"
    ),
    PrimaryKeyConstraint("table_name", "id"),
    comment="What tickets, comments and events name and the mirror has still to ask for",
    sqlite_with_rowid=False,
)

zdsync_wide_columns = Table(
    "zdsync_wide_columns",
    METADATA,
    Column("view_name", Text, nullable=False, comment="tickets_wide, users_wide or organizations_wide"),
    Column("field", Text, nullable=False, comment="Custom field: its id (tickets) or its key"),
    number("position", "Place among the view's custom fields, in the order of first sight", required=True),
    text("column_name", "Its column, named from the first title seen; never changes", required=True),
    text("title", "Title when it was first seen", required=True),
    text("type", "Kind of field when it was first seen; the column's type follows it", required=True),
    PrimaryKeyConstraint("view_name", "field"),
    comment="Columns of the wide views",
)

zdsync_runs = Table(
    "zdsync_runs",
    METADATA,
    Column("id", Text, primary_key=True, comment="Run id"),
    text("command", "Command", required=True),
    text("account", "Account it ran against", required=True),
    moment("started_at", "When it started", required=True),
    moment("ended_at", "When it ended; null while it runs, or when it was killed"),
    number("exit_code", "Exit code"),
    text("message", "How it ended, in words", required=True),
    json("figures", "Counts by name (JSON object)"),
    text("rules_digest", "Rules it decided by (zdsync_rulesets.digest)"),
    number("unsolved", "Unsolved tickets it found; null for a dry run, and for commands that decide nothing"),
    number("user_id", "User it wrote as (users.id); null when it wrote nothing"),
    Index("zdsync_runs_started", "started_at"),
    comment="One row per execution of a command that changes the mirror or the account",
)

zdsync_decisions = Table(
    "zdsync_decisions",
    METADATA,
    Column("id", BigId, primary_key=True, autoincrement=True, comment="Rising number"),
    number("ticket_id", "Ticket (tickets.id)", required=True),
    text("run_id", "Run (zdsync_runs.id)", required=True),
    moment("decided_at", "When it was decided", required=True),
    text("outcome", "What became of the ticket, such as assigned or followed", required=True),
    text("rule", "Rule that spoke; empty when none did", required=True),
    text("tier", "Tier; null for none"),
    text("rules_digest", "Rules it was decided by (zdsync_rulesets.digest)", required=True),
    text("reason", "Why, in words", required=True),
    Index("zdsync_decisions_ticket", "ticket_id", "id"),
    Index("zdsync_decisions_run", "run_id"),
    comment="One row whenever a ticket's decision differs from the one before",
)

zdsync_changes = Table(
    "zdsync_changes",
    METADATA,
    Column("id", BigId, primary_key=True, autoincrement=True, comment="Rising number"),
    Column("key", Text, nullable=False, unique=True, comment="Mark of the change in Zendesk's audit"),
    text("run_id", "Run (zdsync_runs.id)", required=True),
    text("object", "ticket, group or view", required=True),
    number("object_id", "Id of the object; null until it is created"),
    text("name", "Name of a group or view", required=True),
    Column(
        "kind",
        Text,
        nullable=False,
        server_default="",
        comment="Kind of a ticket's change, such as assigned or escalated; empty for other objects",
    ),
    text("rule", "Rule behind the change", required=True),
    text("reason", "Why, in words", required=True),
    json("before", "What changes, as it was (JSON object)", required=True),
    json("after", "What changes, as it was to be (JSON object)", required=True),
    text(
        "outcome",
        "intended, sent, applied, conflict, rejected, skipped, unknown or not_applied",
        required=True,
    ),
    moment("intended_at", "When it was written down, before Zendesk was asked", required=True),
    text("note_digest", "Digest of the internal note that came with it"),
    moment("updated_stamp", "The ticket's updated_at that the change was decided on"),
    text("job_id", "Zendesk's job that carried it"),
    text("detail", "Zendesk's word for a refusal", required=True),
    moment("settled_at", "When the outcome was known"),
    Column(
        "notify",
        Text,
        nullable=False,
        server_default="",
        comment="Who is told through the webhook once it is applied; empty for nobody",
    ),
    moment("told_at", "When they were told"),
    Index("zdsync_changes_run", "run_id"),
    Index("zdsync_changes_object", "object", "object_id"),
    Index("zdsync_changes_outcome", "outcome"),
    partial_index("zdsync_changes_untold", "id", where=sql("notify <> '' AND told_at IS NULL")),
    comment="The journal: every change intended, and what became of it",
)

zdsync_holds = Table(
    "zdsync_holds",
    METADATA,
    Column("id", BigId, primary_key=True, autoincrement=True, comment="Rising number"),
    number("ticket_id", "Ticket (tickets.id)", required=True),
    text("reason", "undo or manual", required=True),
    moment("since", "When it was set", required=True),
    moment("until", "When it ends by itself; null for never"),
    text("rules_digest", "Rules it lasts with (zdsync_rulesets.digest); null for whatever the rules"),
    text(
        "run_id",
        "Undo that set it (zdsync_runs.id); it counts once that run's change of the ticket is applied",
    ),
    moment("ended_at", "When it was released or replaced; null while it stands"),
    Index("zdsync_holds_ticket", "ticket_id"),
    Index("zdsync_holds_run", "run_id"),
    comment="Tickets that rules leave alone for a while",
)

zdsync_objects = Table(
    "zdsync_objects",
    METADATA,
    Column("object", Text, nullable=False, comment="group or view"),
    Column(
        "key", Text, nullable=False, comment="Name of the group in the rules, case folded; tier of the view"
    ),
    number("object_id", "Id in Zendesk (groups.id, views.id)", required=True),
    PrimaryKeyConstraint("object", "key"),
    comment="Which of the account's groups and views the rules mean, so that a renamed one is found again",
    sqlite_with_rowid=False,
)

calendar_open = Table(
    "calendar_open",
    METADATA,
    Column("calendar", Text, nullable=False, comment="Calendar, by the name that the rules have for it"),
    moment("opens_at", "From when it is open", required=True),
    moment("closes_at", "When it closes, the moment itself not included", required=True),
    PrimaryKeyConstraint("calendar", "opens_at"),
    comment="One row per open interval of a calendar in use; they neither touch nor overlap. Business time between two "
    "moments is the sum of what lies between them",
    sqlite_with_rowid=False,
)

zdsync_calendars = Table(
    "zdsync_calendars",
    METADATA,
    Column("calendar", Text, primary_key=True, comment="Calendar (calendar_open.calendar)"),
    json(
        "hours",
        "Its versions: zone, open spans as minutes from Monday 00:00, holidays (JSON list)",
        required=True,
    ),
    moment("covered_from", "From when calendar_open has its hours: before the oldest ticket", required=True),
    moment("covered_until", "Up to when: over a year after they were written", required=True),
    comment="Calendars whose hours calendar_open holds, and what they were made of",
)

zdsync_rulesets = Table(
    "zdsync_rulesets",
    METADATA,
    Column("digest", Text, primary_key=True, comment="Digest of the rule files"),
    text("text", "The rule files", required=True),
    moment("first_used_at", "When they were first used", required=True),
    comment="Every rule text ever used",
)
