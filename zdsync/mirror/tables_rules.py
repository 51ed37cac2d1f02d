"""Tables of what runs by itself in the account: triggers, automations, macros, SLA policies, schedules; and tags in use."""

from __future__ import annotations

from sqlalchemy import Column, PrimaryKeyConstraint, Table, Text

from zdsync.mirror.base import METADATA, active, created, mirrored, position, title, updated, url
from zdsync.mirror.columns import BigId, flag, json, key, moment, number, text

triggers = mirrored(
    "triggers",
    "One row per trigger: a rule that Zendesk runs at every update of a ticket",
    key("id", "Trigger id"),
    url(),
    title(),
    text("description", "Description"),
    position(),
    active(),
    flag("default", "Whether Zendesk made it"),
    number("category_id", "Category of triggers"),
    json("conditions", "Conditions (JSON object of all and any)"),
    json("actions", "Actions (JSON list of field and value)"),
    created(),
    updated(),
)

automations = mirrored(
    "automations",
    "One row per automation: a rule that Zendesk runs every hour",
    key("id", "Automation id"),
    url(),
    title(),
    position(),
    active(),
    flag("default", "Whether Zendesk made it"),
    json("conditions", "Conditions (JSON object of all and any)"),
    json("actions", "Actions (JSON list of field and value)"),
    created(),
    updated(),
)

macros = mirrored(
    "macros",
    "One row per macro: an answer that agents apply",
    key("id", "Macro id"),
    url(),
    title(),
    text("description", "Description"),
    position(),
    active(),
    flag("default", "Whether Zendesk made it"),
    json("actions", "Actions (JSON list of field and value)"),
    json("restriction", "Who may use it (JSON object); null: every agent"),
    created(),
    updated(),
)

sla_policies = mirrored(
    "sla_policies",
    "One row per SLA policy as it is now; earlier states are in kept_versions",
    key("id", "Policy id"),
    url(),
    title(),
    text("description", "Description"),
    position(),
    json("filter", "Tickets it applies to (JSON object of all and any)"),
    json("policy_metrics", "Targets by priority and metric, minutes (JSON list)"),
    json("metric_settings", "Settings of the metrics (JSON object)"),
    created(),
    updated(),
)

schedules = mirrored(
    "schedules",
    "One row per business-hours schedule as it is now; earlier states are in kept_versions",
    key("id", "Schedule id"),
    url(),
    text("name", "Name"),
    text("time_zone", "Time zone, Zendesk's name"),
    json(
        "intervals",
        "Open hours (JSON list of start_time and end_time, minutes since Sunday 00:00 local time)",
    ),
    created(),
    updated(),
)

schedule_holidays = mirrored(
    "schedule_holidays",
    "One row per holiday of a schedule",
    key("id", "Holiday id"),
    number("schedule_id", "Schedule (schedules.id)"),
    text("name", "Name"),
    text("start_date", "First day, YYYY-MM-DD, local"),
    text("end_date", "Last day, YYYY-MM-DD, local"),
    indexes={"schedule": "schedule_id"},
)

tags = mirrored(
    "tags",
    "One row per tag among the thousand most used of the last sixty days; ticket_tags has every tag of every ticket",
    Column("name", Text, primary_key=True, comment="Tag"),
    number("count", "How often it is used, Zendesk's own count"),
)

kept_versions = Table(
    "kept_versions",
    METADATA,
    Column("table_name", Text, nullable=False, comment="sla_policies, schedules or schedule_holidays"),
    Column("id", BigId, nullable=False, comment="Id of the object"),
    moment(
        "valid_from", "Since when it was so: its updated_at, else when that was first seen", required=True
    ),
    moment("valid_until", "When the next state began or the object was missed; null while it holds"),
    json("raw", "The object as the API sent it then (JSON)", required=True),
    PrimaryKeyConstraint("table_name", "id", "valid_from"),
    comment="One row per state that an SLA policy, a schedule or a holiday has been seen in",
)
