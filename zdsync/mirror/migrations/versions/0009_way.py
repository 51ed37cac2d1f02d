"""Way: stays of tickets in tiers, when tickets fall due, and which were touched since they were decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zdsync.mirror.columns import BigId, Moment

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "tier_stays",
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("position", BigId, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("rank", BigId),
        sa.Column("entered_at", Moment, nullable=False),
        sa.Column("left_at", Moment),
        sa.Column("entered_by", sa.Text, nullable=False),
        sa.Column("entered_by_id", BigId),
        sa.Column("through", sa.Text, nullable=False),
        sa.Column("zdsync_key", sa.Text),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("calendar", sa.Text, nullable=False),
        sa.Column("business_minutes", BigId),
        sa.PrimaryKeyConstraint("ticket_id", "position"),
        sqlite_with_rowid=False,
    )
    op.create_index("tier_stays_tier", "tier_stays", ["tier", "entered_at"])
    op.create_index("tier_stays_entered", "tier_stays", ["entered_at"])
    op.create_table(
        "zdsync_due",
        sa.Column("ticket_id", BigId, primary_key=True, autoincrement=False),
        sa.Column("due_at", Moment),
        sa.Column("decided_at", Moment, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("next_rule", sa.Text),
        sa.Column("next_move_at", Moment),
    )
    op.create_index("zdsync_due_at", "zdsync_due", ["due_at"])
    coming = sa.text("next_move_at IS NOT NULL")
    op.create_index(
        "zdsync_due_next", "zdsync_due", ["next_move_at"], sqlite_where=coming, postgresql_where=coming
    )
    op.create_table(
        "zdsync_touched",
        sa.Column("ticket_id", BigId, primary_key=True, autoincrement=False),
        sa.Column("times", BigId, nullable=False),
    )
    op.create_table(
        "zdsync_state",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.add_column("zdsync_changes", sa.Column("kind", sa.Text, nullable=False, server_default=""))
