"""The rest of the account: rules that run by themselves, service levels, schedules, tags, ratings and metric events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zdsync.mirror.columns import BigId, Json, Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("zdsync_checkpoints", sa.Column("skipped_at", Moment))
    _create_automations()
    _create_kept_versions()
    _create_macros()
    _create_satisfaction_ratings()
    _create_schedule_holidays()
    _create_schedules()
    _create_sla_policies()
    _create_tags()
    _create_ticket_metric_events()
    _create_triggers()


def _index_deleted(name: str) -> None:
    gone = sa.text("deleted_at IS NOT NULL")
    op.create_index(f"{name}_deleted", name, ["deleted_at"], sqlite_where=gone, postgresql_where=gone)


def _create_automations() -> None:
    op.create_table(
        "automations",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("position", BigId),
        sa.Column("active", sa.Boolean),
        sa.Column("default", sa.Boolean),
        sa.Column("conditions", Json),
        sa.Column("actions", Json),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _index_deleted("automations")


def _create_kept_versions() -> None:
    op.create_table(
        "kept_versions",
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("valid_from", Moment, nullable=False),
        sa.Column("valid_until", Moment),
        sa.Column("raw", Json, nullable=False),
        sa.PrimaryKeyConstraint("table_name", "id", "valid_from"),
    )


def _create_macros() -> None:
    op.create_table(
        "macros",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("position", BigId),
        sa.Column("active", sa.Boolean),
        sa.Column("default", sa.Boolean),
        sa.Column("actions", Json),
        sa.Column("restriction", Json),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _index_deleted("macros")


def _create_satisfaction_ratings() -> None:
    op.create_table(
        "satisfaction_ratings",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("ticket_id", BigId),
        sa.Column("requester_id", BigId),
        sa.Column("assignee_id", BigId),
        sa.Column("group_id", BigId),
        sa.Column("score", sa.Text),
        sa.Column("comment", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("reason_id", BigId),
        sa.Column("reason_code", BigId),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _index_deleted("satisfaction_ratings")
    op.create_index("satisfaction_ratings_ticket", "satisfaction_ratings", ["ticket_id"])
    op.create_index("satisfaction_ratings_updated", "satisfaction_ratings", ["updated_at"])


def _create_schedule_holidays() -> None:
    op.create_table(
        "schedule_holidays",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("schedule_id", BigId),
        sa.Column("name", sa.Text),
        sa.Column("start_date", sa.Text),
        sa.Column("end_date", sa.Text),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _index_deleted("schedule_holidays")
    op.create_index("schedule_holidays_schedule", "schedule_holidays", ["schedule_id"])


def _create_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("time_zone", sa.Text),
        sa.Column("intervals", Json),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _index_deleted("schedules")


def _create_sla_policies() -> None:
    op.create_table(
        "sla_policies",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("position", BigId),
        sa.Column("filter", Json),
        sa.Column("policy_metrics", Json),
        sa.Column("metric_settings", Json),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _index_deleted("sla_policies")


def _create_tags() -> None:
    op.create_table(
        "tags",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("count", BigId),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    _index_deleted("tags")


def _create_ticket_metric_events() -> None:
    op.create_table(
        "ticket_metric_events",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BigId),
        sa.Column("metric", sa.Text),
        sa.Column("instance_id", BigId),
        sa.Column("type", sa.Text),
        sa.Column("time", Moment),
        sa.Column("deleted", sa.Boolean),
        sa.Column("status_calendar", BigId),
        sa.Column("status_business", BigId),
        sa.Column("sla", Json),
        sa.Column("group_sla", Json),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _index_deleted("ticket_metric_events")
    op.create_index("ticket_metric_events_ticket", "ticket_metric_events", ["ticket_id", "time"])
    op.create_index("ticket_metric_events_time", "ticket_metric_events", ["time"])


def _create_triggers() -> None:
    op.create_table(
        "triggers",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("position", BigId),
        sa.Column("active", sa.Boolean),
        sa.Column("default", sa.Boolean),
        sa.Column("category_id", BigId),
        sa.Column("conditions", Json),
        sa.Column("actions", Json),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _index_deleted("triggers")
