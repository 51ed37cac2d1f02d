"""Holds: tickets that rules leave alone for a while."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zdsync.mirror.columns import BigId, Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "zdsync_holds",
        sa.Column("id", BigId, nullable=False, autoincrement=True),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("until", Moment),
        sa.Column("rules_digest", sa.Text),
        sa.Column("run_id", sa.Text),
        sa.Column("ended_at", Moment),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("zdsync_holds_ticket", "zdsync_holds", ["ticket_id"])
    op.create_index("zdsync_holds_run", "zdsync_holds", ["run_id"])
