"""Tables of tickets and what happened to them: tags, events, comments, metrics, findings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, PrimaryKeyConstraint, Table, Text

from zdsync.mirror.base import (
    METADATA,
    PRUNABLE,
    PRUNED,
    UNSOLVED_ALIVE,
    created,
    mirrored,
    partial_index,
    updated,
    url,
)
from zdsync.mirror.columns import BigId, flag, json, key, moment, number, text

tickets = mirrored(
    "tickets",
    "One row per ticket, in its latest mirrored state",
    key("id", "Ticket id"),
    url(),
    text("external_id", "Id in another system"),
    created(),
    updated(),
    number(
        "generated_timestamp", "Epoch second of the latest change, also by the system; null outside exports"
    ),
    text("type", "question, incident, problem or task"),
    text("subject", "Subject"),
    text("raw_subject", "Subject before dynamic content"),
    text("description", "First comment, as plain text"),
    text("priority", "low, normal, high, urgent or null"),
    text("status", "new, open, pending, hold, solved, closed or deleted"),
    text("recipient", "Address the ticket was sent to"),
    number("requester_id", "Who asks (users.id)"),
    number("submitter_id", "Who created the ticket (users.id)"),
    number("assignee_id", "Agent in charge (users.id)"),
    number("organization_id", "The requester's organization (organizations.id)"),
    number("group_id", "Group in charge (groups.id)"),
    number("brand_id", "Brand (brands.id)"),
    number("ticket_form_id", "Form (ticket_forms.id)"),
    number("custom_status_id", "Exact status (custom_statuses.id)"),
    number("problem_id", "The problem this incident belongs to (tickets.id)"),
    flag("has_incidents", "Whether incidents are linked to this problem"),
    flag("is_public", "Whether any comment is public"),
    moment("due_at", "Due date of a task"),
    text("via_channel", "Channel the ticket came through"),
    text("via_source_rel", "Machinery behind the channel, such as trigger or follow_up"),
    text("satisfaction_score", "Latest rating: good, bad, offered, unoffered"),
    flag("from_messaging_channel", "Whether it began in messaging"),
    json("tags", "Tags (JSON list); one row each in ticket_tags"),
    json("custom_fields", "Custom fields (JSON list of id and value)"),
    indexes={
        "updated": "updated_at",
        "created": "created_at",
        "status": "status group_id",
        "group": "group_id status",
        "assignee": "assignee_id status",
        "requester": "requester_id",
        "organization": "organization_id",
    },
)
partial_index("tickets_unsolved", tickets.c.id, where=UNSOLVED_ALIVE)
partial_index("tickets_prunable", tickets.c.updated_at, where=PRUNABLE)
partial_index("tickets_pruned", tickets.c.id, where=PRUNED)

ticket_tags = Table(
    "ticket_tags",
    METADATA,
    Column("ticket_id", BigId, nullable=False, comment="Ticket (tickets.id)"),
    Column("tag", Text, nullable=False, comment="Tag"),
    PrimaryKeyConstraint("ticket_id", "tag"),
    Index("ticket_tags_tag", "tag", "ticket_id"),
    comment="One row per tag that a living ticket carries now",
    sqlite_with_rowid=False,
)

ticket_events = mirrored(
    "ticket_events",
    "One row per audit: one update of one ticket by one author",
    key("id", "Audit id"),
    number("ticket_id", "Ticket (tickets.id)"),
    created(),
    number("timestamp", "Epoch second of the update"),
    number("updater_id", "Who made the update (users.id; -1 is the system)"),
    text("via_channel", "Channel of the update"),
    text("via_rel", "Machinery behind the whole update, such as trigger; null when made directly"),
    text("zdsync_key", "Key of the update in zdsync_changes; null when it was not zdsync's"),
    flag("is_create", "Whether the update created the ticket"),
    json(
        "changes",
        "Fields changed (JSON list of field, value, previous, rel, rule_id); one row each in "
        "ticket_field_changes",
    ),
    indexes={"ticket": "ticket_id created_at", "created": "created_at"},
)

ticket_comments = mirrored(
    "ticket_comments",
    "One row per comment, public or internal",
    key("id", "Comment id"),
    number("ticket_id", "Ticket (tickets.id)"),
    number("audit_id", "The update it came with (ticket_events.id)"),
    created(),
    number("author_id", "Author (users.id; -1 is the system)"),
    flag("public", "Whether the customer can see it"),
    text("body", "Text as Markdown"),
    text("html_body", "Text as HTML"),
    text("plain_body", "Text without formatting"),
    json("attachments", "Files attached (JSON list)"),
    text("via_channel", "Channel it came through"),
    indexes={
        "ticket": "ticket_id created_at",
        "audit": "audit_id",
        "author": "author_id created_at",
    },
)


def _minutes(name: str, what: str) -> tuple[Column[Any], Column[Any]]:
    return (
        number(f"{name}_in_minutes_calendar", f"{what}, calendar minutes"),
        number(f"{name}_in_minutes_business", f"{what}, minutes inside business hours"),
    )


ticket_metrics = mirrored(
    "ticket_metrics",
    "One row per ticket: Zendesk's own measures of it",
    key("id", "Metric id"),
    number("ticket_id", "Ticket (tickets.id)"),
    created(),
    updated(),
    number("group_stations", "Groups the ticket has been in"),
    number("assignee_stations", "Assignees it has had"),
    number("reopens", "Times it was reopened"),
    number("replies", "Public replies by agents"),
    moment("assignee_updated_at", "When the assignee last updated it"),
    moment("requester_updated_at", "When the requester last updated it"),
    moment("status_updated_at", "When the status last changed"),
    moment("initially_assigned_at", "When it was first assigned"),
    moment("assigned_at", "When it was last assigned"),
    moment("solved_at", "When it was last solved"),
    moment("latest_comment_added_at", "When the latest comment came"),
    moment("custom_status_updated_at", "When the exact status last changed"),
    *_minutes("reply_time", "From creation to the first public reply"),
    *_minutes("first_resolution_time", "From creation to the first solving"),
    *_minutes("full_resolution_time", "From creation to the last solving"),
    *_minutes("agent_wait_time", "Time the agent waited for the requester (pending)"),
    *_minutes("requester_wait_time", "Time the requester waited (new, open, hold)"),
    *_minutes("on_hold_time", "Time on hold"),
    indexes={"ticket": "ticket_id", "solved": "solved_at"},
)

ticket_metric_events = mirrored(
    "ticket_metric_events",
    "One row per step of one of Zendesk's own clocks on a ticket",
    key("id", "Event id"),
    number("ticket_id", "Ticket (tickets.id)"),
    text("metric", "Clock, such as reply_time, requester_wait_time or agent_work_time"),
    number("instance_id", "Which run of this clock on the ticket, from 1; 0 for the beginning of measuring"),
    text("type", "What happened: measure, activate, pause, fulfill, apply_sla, breach or update_status"),
    moment("time", "When it happened; a breach may lie ahead"),
    flag("deleted", "Whether the breach was taken back and does not count"),
    number("status_calendar", "Time on this clock so far, calendar minutes (update_status only)"),
    number(
        "status_business", "Time on this clock so far, minutes inside business hours (update_status only)"
    ),
    json("sla", "Target and policy applied (JSON object; apply_sla only)"),
    json("group_sla", "Target and policy applied to the group (JSON object; apply_group_sla only)"),
    indexes={"ticket": "ticket_id time", "time": "time"},
)

satisfaction_ratings = mirrored(
    "satisfaction_ratings",
    "One row per satisfaction rating offered or given",
    key("id", "Rating id"),
    url(),
    number("ticket_id", "Ticket (tickets.id)"),
    number("requester_id", "Who was asked (users.id)"),
    number("assignee_id", "Agent in charge then (users.id)"),
    number("group_id", "Group in charge then (groups.id)"),
    text("score", "offered, unoffered, good or bad"),
    text("comment", "What the requester added"),
    text("reason", "Reason chosen for a bad rating"),
    number("reason_id", "Reason id"),
    number("reason_code", "Reason code"),
    created(),
    updated(),
    indexes={"ticket": "ticket_id", "updated": "updated_at"},
)

text_findings = Table(
    "text_findings",
    METADATA,
    Column("ticket_id", BigId, nullable=False, comment="Ticket (tickets.id)"),
    Column(
        "comment_id", BigId, nullable=False, comment="Comment (ticket_comments.id); 0: the ticket's own texts"
    ),
    Column("detector", Text, nullable=False, comment="Name of the detector that found something"),
    Column("version", Integer, nullable=False, comment="Version of the detector"),
    Column("is_public", Boolean, nullable=False, comment="Whether the text is public"),
    Column("count", Integer, nullable=False, comment="How often it was found"),
    PrimaryKeyConstraint("ticket_id", "comment_id", "detector"),
    comment="What detectors found in texts before masking; never the text",
    sqlite_with_rowid=False,
)
