"""Names of the custom fields' columns in the wide views; the views themselves are made anew after every migration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zdsync.mirror.columns import BigId

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "zdsync_wide_columns",
        sa.Column("view_name", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("position", BigId, nullable=False),
        sa.Column("column_name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("view_name", "field"),
    )
