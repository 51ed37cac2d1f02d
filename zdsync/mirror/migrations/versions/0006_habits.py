"""Habits: with each run the unsolved tickets it saw and the user it wrote as, for the guard of later runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zdsync.mirror.columns import BigId

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("zdsync_runs", sa.Column("unsolved", BigId))
    op.add_column("zdsync_runs", sa.Column("user_id", BigId))
