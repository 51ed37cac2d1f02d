"""Insight: targets of tiers, signs of neglect, what people are told; views of moves and of what falls through the cracks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zdsync.mirror.columns import BigId, Moment

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "tier_targets",
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("position", BigId, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("priority", sa.Text),
        sa.Column("promised", sa.Text, nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("due_at", Moment),
        sa.Column("ended_at", Moment),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("calendar", sa.Text, nullable=False),
        sa.Column("minutes", BigId),
        sa.PrimaryKeyConstraint("ticket_id", "kind", "position"),
        sqlite_with_rowid=False,
    )
    _partial_index("tier_targets_open", "tier_targets", "due_at", "ended_at IS NULL")
    op.create_table(
        "zdsync_notices",
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("audience", sa.Text),
        sa.Column("told_at", Moment),
        sa.PrimaryKeyConstraint("ticket_id", "kind", "rule"),
        sqlite_with_rowid=False,
    )
    _partial_index("zdsync_notices_untold", "zdsync_notices", "ticket_id", "told_at IS NULL")
    for name in ("waiting_since", "unassigned_since", "status_since", "touched_at"):
        op.add_column("zdsync_due", sa.Column(name, Moment))
    op.add_column("zdsync_due", sa.Column("unknown_clock", sa.Text, nullable=False, server_default=""))
    op.add_column("zdsync_changes", sa.Column("notify", sa.Text, nullable=False, server_default=""))
    op.add_column("zdsync_changes", sa.Column("told_at", Moment))
    _partial_index("zdsync_changes_untold", "zdsync_changes", "id", "notify <> '' AND told_at IS NULL")


def _partial_index(name: str, table: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
