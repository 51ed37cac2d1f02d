"""Missing objects: the list of missing users becomes one of users, organizations and groups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zdsync.mirror.columns import BigId

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "zdsync_missing",
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("table_name", "id"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO zdsync_missing SELECT 'users', user_id FROM zdsync_missing_users")
    op.drop_table("zdsync_missing_users")
    op.execute(
        "INSERT INTO zdsync_missing SELECT DISTINCT 'users', -1 FROM ticket_events WHERE updater_id = -1"
    )
    for table, column in (("organizations", "organization_id"), ("groups", "group_id")):
        op.execute(
            f"INSERT INTO zdsync_missing SELECT DISTINCT '{table}', {column} FROM tickets"  # noqa: S608 - names from here
            f" WHERE {column} NOT IN (SELECT id FROM {table})"
        )
