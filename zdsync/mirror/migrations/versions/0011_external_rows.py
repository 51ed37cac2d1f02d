"""External rows: the rows of other tables by which a ticket was decided, so that a changed one decides it anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("zdsync_due", sa.Column("external", sa.Text, nullable=False, server_default=""))
