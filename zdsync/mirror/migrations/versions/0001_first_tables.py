"""The first tables: Zendesk's objects, what happened to tickets, and zdsync's own records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zdsync.mirror.columns import BigId, Json, Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_brands()
    _create_custom_statuses()
    _create_group_memberships()
    _create_groups()
    _create_organization_fields()
    _create_organizations()
    _create_text_findings()
    _create_ticket_comments()
    _create_ticket_events()
    _create_ticket_field_options()
    _create_ticket_fields()
    _create_ticket_forms()
    _create_ticket_metrics()
    _create_ticket_tags()
    _create_tickets()
    _create_user_fields()
    _create_users()
    _create_views()
    _create_zdsync_account()
    _create_zdsync_changes()
    _create_zdsync_checkpoints()
    _create_zdsync_decisions()
    _create_zdsync_missing_users()
    _create_zdsync_rulesets()
    _create_zdsync_runs()


def _create_brands() -> None:
    op.create_table(
        "brands",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("subdomain", sa.Text),
        sa.Column("brand_url", sa.Text),
        sa.Column("active", sa.Boolean),
        sa.Column("default", sa.Boolean),
        sa.Column("is_deleted", sa.Boolean),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "brands_deleted",
        "brands",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )


def _create_custom_statuses() -> None:
    op.create_table(
        "custom_statuses",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("status_category", sa.Text),
        sa.Column("agent_label", sa.Text),
        sa.Column("end_user_label", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("active", sa.Boolean),
        sa.Column("default", sa.Boolean),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "custom_statuses_deleted",
        "custom_statuses",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )


def _create_group_memberships() -> None:
    op.create_table(
        "group_memberships",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("user_id", BigId),
        sa.Column("group_id", BigId),
        sa.Column("default", sa.Boolean),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "group_memberships_deleted",
        "group_memberships",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("group_memberships_group", "group_memberships", ["group_id"])
    op.create_index("group_memberships_user", "group_memberships", ["user_id"])


def _create_groups() -> None:
    op.create_table(
        "groups",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("default", sa.Boolean),
        sa.Column("is_public", sa.Boolean),
        sa.Column("deleted", sa.Boolean),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "groups_deleted",
        "groups",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )


def _create_organization_fields() -> None:
    op.create_table(
        "organization_fields",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("key", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("type", sa.Text),
        sa.Column("active", sa.Boolean),
        sa.Column("position", BigId),
        sa.Column("custom_field_options", Json),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "organization_fields_deleted",
        "organization_fields",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )


def _create_organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("external_id", sa.Text),
        sa.Column("domain_names", Json),
        sa.Column("tags", Json),
        sa.Column("organization_fields", Json),
        sa.Column("group_id", BigId),
        sa.Column("details", sa.Text),
        sa.Column("notes", sa.Text),
        sa.Column("shared_tickets", sa.Boolean),
        sa.Column("shared_comments", sa.Boolean),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "organizations_deleted",
        "organizations",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("organizations_name", "organizations", ["name"])


def _create_text_findings() -> None:
    op.create_table(
        "text_findings",
        sa.Column("ticket_id", BigId, nullable=False, autoincrement=False),
        sa.Column("comment_id", BigId, nullable=False, autoincrement=False),
        sa.Column("detector", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "comment_id", "detector"),
        sqlite_with_rowid=False,
    )


def _create_ticket_comments() -> None:
    op.create_table(
        "ticket_comments",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BigId),
        sa.Column("audit_id", BigId),
        sa.Column("created_at", Moment),
        sa.Column("author_id", BigId),
        sa.Column("public", sa.Boolean),
        sa.Column("body", sa.Text),
        sa.Column("html_body", sa.Text),
        sa.Column("plain_body", sa.Text),
        sa.Column("attachments", Json),
        sa.Column("via_channel", sa.Text),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ticket_comments_audit", "ticket_comments", ["audit_id"])
    op.create_index("ticket_comments_author", "ticket_comments", ["author_id", "created_at"])
    op.create_index(
        "ticket_comments_deleted",
        "ticket_comments",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("ticket_comments_ticket", "ticket_comments", ["ticket_id", "created_at"])


def _create_ticket_events() -> None:
    op.create_table(
        "ticket_events",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BigId),
        sa.Column("created_at", Moment),
        sa.Column("timestamp", BigId),
        sa.Column("updater_id", BigId),
        sa.Column("via_channel", sa.Text),
        sa.Column("via_rel", sa.Text),
        sa.Column("zdsync_key", sa.Text),
        sa.Column("is_create", sa.Boolean),
        sa.Column("changes", Json),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ticket_events_created", "ticket_events", ["created_at"])
    op.create_index(
        "ticket_events_deleted",
        "ticket_events",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("ticket_events_ticket", "ticket_events", ["ticket_id", "created_at"])


def _create_ticket_field_options() -> None:
    op.create_table(
        "ticket_field_options",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("ticket_field_id", BigId),
        sa.Column("name", sa.Text),
        sa.Column("raw_name", sa.Text),
        sa.Column("value", sa.Text),
        sa.Column("position", BigId),
        sa.Column("default", sa.Boolean),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ticket_field_options_deleted",
        "ticket_field_options",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("ticket_field_options_field", "ticket_field_options", ["ticket_field_id"])


def _create_ticket_fields() -> None:
    op.create_table(
        "ticket_fields",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("raw_title", sa.Text),
        sa.Column("type", sa.Text),
        sa.Column("key", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("position", BigId),
        sa.Column("active", sa.Boolean),
        sa.Column("required", sa.Boolean),
        sa.Column("removable", sa.Boolean),
        sa.Column("tag", sa.Text),
        sa.Column("sub_type_id", BigId),
        sa.Column("regexp_for_validation", sa.Text),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ticket_fields_deleted",
        "ticket_fields",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )


def _create_ticket_forms() -> None:
    op.create_table(
        "ticket_forms",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("display_name", sa.Text),
        sa.Column("position", BigId),
        sa.Column("active", sa.Boolean),
        sa.Column("default", sa.Boolean),
        sa.Column("end_user_visible", sa.Boolean),
        sa.Column("ticket_field_ids", Json),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ticket_forms_deleted",
        "ticket_forms",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )


def _create_ticket_metrics() -> None:
    op.create_table(
        "ticket_metrics",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("ticket_id", BigId),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("group_stations", BigId),
        sa.Column("assignee_stations", BigId),
        sa.Column("reopens", BigId),
        sa.Column("replies", BigId),
        sa.Column("assignee_updated_at", Moment),
        sa.Column("requester_updated_at", Moment),
        sa.Column("status_updated_at", Moment),
        sa.Column("initially_assigned_at", Moment),
        sa.Column("assigned_at", Moment),
        sa.Column("solved_at", Moment),
        sa.Column("latest_comment_added_at", Moment),
        sa.Column("custom_status_updated_at", Moment),
        sa.Column("reply_time_in_minutes_calendar", BigId),
        sa.Column("reply_time_in_minutes_business", BigId),
        sa.Column("first_resolution_time_in_minutes_calendar", BigId),
        sa.Column("first_resolution_time_in_minutes_business", BigId),
        sa.Column("full_resolution_time_in_minutes_calendar", BigId),
        sa.Column("full_resolution_time_in_minutes_business", BigId),
        sa.Column("agent_wait_time_in_minutes_calendar", BigId),
        sa.Column("agent_wait_time_in_minutes_business", BigId),
        sa.Column("requester_wait_time_in_minutes_calendar", BigId),
        sa.Column("requester_wait_time_in_minutes_business", BigId),
        sa.Column("on_hold_time_in_minutes_calendar", BigId),
        sa.Column("on_hold_time_in_minutes_business", BigId),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ticket_metrics_deleted",
        "ticket_metrics",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("ticket_metrics_solved", "ticket_metrics", ["solved_at"])
    op.create_index("ticket_metrics_ticket", "ticket_metrics", ["ticket_id"])


def _create_ticket_tags() -> None:
    op.create_table(
        "ticket_tags",
        sa.Column("ticket_id", BigId, nullable=False, autoincrement=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "tag"),
        sqlite_with_rowid=False,
    )
    op.create_index("ticket_tags_tag", "ticket_tags", ["tag", "ticket_id"])


def _create_tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("external_id", sa.Text),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("generated_timestamp", BigId),
        sa.Column("type", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("raw_subject", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("priority", sa.Text),
        sa.Column("status", sa.Text),
        sa.Column("recipient", sa.Text),
        sa.Column("requester_id", BigId),
        sa.Column("submitter_id", BigId),
        sa.Column("assignee_id", BigId),
        sa.Column("organization_id", BigId),
        sa.Column("group_id", BigId),
        sa.Column("brand_id", BigId),
        sa.Column("ticket_form_id", BigId),
        sa.Column("custom_status_id", BigId),
        sa.Column("problem_id", BigId),
        sa.Column("has_incidents", sa.Boolean),
        sa.Column("is_public", sa.Boolean),
        sa.Column("due_at", Moment),
        sa.Column("via_channel", sa.Text),
        sa.Column("via_source_rel", sa.Text),
        sa.Column("satisfaction_score", sa.Text),
        sa.Column("from_messaging_channel", sa.Boolean),
        sa.Column("tags", Json),
        sa.Column("custom_fields", Json),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("tickets_assignee", "tickets", ["assignee_id", "status"])
    op.create_index("tickets_created", "tickets", ["created_at"])
    op.create_index(
        "tickets_deleted",
        "tickets",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("tickets_group", "tickets", ["group_id", "status"])
    op.create_index("tickets_organization", "tickets", ["organization_id"])
    op.create_index("tickets_requester", "tickets", ["requester_id"])
    op.create_index("tickets_status", "tickets", ["status", "group_id"])
    op.create_index(
        "tickets_unsolved",
        "tickets",
        ["id"],
        sqlite_where=sa.text("status IN ('new', 'open', 'pending', 'hold') AND deleted_at IS NULL"),
        postgresql_where=sa.text("status IN ('new', 'open', 'pending', 'hold') AND deleted_at IS NULL"),
    )
    op.create_index("tickets_updated", "tickets", ["updated_at"])


def _create_user_fields() -> None:
    op.create_table(
        "user_fields",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("key", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("type", sa.Text),
        sa.Column("active", sa.Boolean),
        sa.Column("position", BigId),
        sa.Column("custom_field_options", Json),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "user_fields_deleted",
        "user_fields",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("role", sa.Text),
        sa.Column("role_type", BigId),
        sa.Column("custom_role_id", BigId),
        sa.Column("organization_id", BigId),
        sa.Column("default_group_id", BigId),
        sa.Column("active", sa.Boolean),
        sa.Column("suspended", sa.Boolean),
        sa.Column("verified", sa.Boolean),
        sa.Column("shared", sa.Boolean),
        sa.Column("time_zone", sa.Text),
        sa.Column("iana_time_zone", sa.Text),
        sa.Column("locale", sa.Text),
        sa.Column("locale_id", BigId),
        sa.Column("phone", sa.Text),
        sa.Column("external_id", sa.Text),
        sa.Column("alias", sa.Text),
        sa.Column("details", sa.Text),
        sa.Column("notes", sa.Text),
        sa.Column("ticket_restriction", sa.Text),
        sa.Column("tags", Json),
        sa.Column("user_fields", Json),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("last_login_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "users_deleted",
        "users",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("users_email", "users", ["email"])
    op.create_index("users_organization", "users", ["organization_id"])
    op.create_index("users_role", "users", ["role"])


def _create_views() -> None:
    op.create_table(
        "views",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("position", BigId),
        sa.Column("active", sa.Boolean),
        sa.Column("default", sa.Boolean),
        sa.Column("conditions", Json),
        sa.Column("execution", Json),
        sa.Column("restriction", Json),
        sa.Column("created_at", Moment),
        sa.Column("updated_at", Moment),
        sa.Column("raw", Json),
        sa.Column("synced_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "views_deleted",
        "views",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )


def _create_zdsync_account() -> None:
    op.create_table(
        "zdsync_account",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("bound_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )


def _create_zdsync_changes() -> None:
    op.create_table(
        "zdsync_changes",
        sa.Column("id", BigId, nullable=False, autoincrement=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("object_id", BigId),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("before", Json, nullable=False),
        sa.Column("after", Json, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("intended_at", Moment, nullable=False),
        sa.Column("note_digest", sa.Text),
        sa.Column("updated_stamp", Moment),
        sa.Column("job_id", sa.Text),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("settled_at", Moment),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("zdsync_changes_object", "zdsync_changes", ["object", "object_id"])
    op.create_index("zdsync_changes_outcome", "zdsync_changes", ["outcome"])
    op.create_index("zdsync_changes_run", "zdsync_changes", ["run_id"])


def _create_zdsync_checkpoints() -> None:
    op.create_table(
        "zdsync_checkpoints",
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text),
        sa.Column("complete_until", Moment),
        sa.Column("pulled_at", Moment),
        sa.Column("listed_at", Moment),
        sa.Column("skipped", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("stream"),
    )


def _create_zdsync_decisions() -> None:
    op.create_table(
        "zdsync_decisions",
        sa.Column("id", BigId, nullable=False, autoincrement=True),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("decided_at", Moment, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("tier", sa.Text),
        sa.Column("rules_digest", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("zdsync_decisions_run", "zdsync_decisions", ["run_id"])
    op.create_index("zdsync_decisions_ticket", "zdsync_decisions", ["ticket_id", "id"])


def _create_zdsync_missing_users() -> None:
    op.create_table(
        "zdsync_missing_users",
        sa.Column("user_id", BigId, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("user_id"),
    )


def _create_zdsync_rulesets() -> None:
    op.create_table(
        "zdsync_rulesets",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("first_used_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )


def _create_zdsync_runs() -> None:
    op.create_table(
        "zdsync_runs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("exit_code", BigId),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("figures", Json),
        sa.Column("rules_digest", sa.Text),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("zdsync_runs_started", "zdsync_runs", ["started_at"])
