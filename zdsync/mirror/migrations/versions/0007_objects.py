"""Objects: the groups and views that the rules mean, by id."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zdsync.mirror.columns import BigId

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "zdsync_objects",
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("object_id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("object", "key"),
        sqlite_with_rowid=False,
    )
